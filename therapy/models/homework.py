"""Skills that a program teaches, and what somebody takes home to practise."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from iop_portal.people.models import Enrolment, Program, User, plain_line
from iop_portal.people.seeing import places_on_care_teams
from iop_portal.sealing import SealedTextField
from therapy.models.catalogue import programs_of
from therapy.models.library import LibraryText
from therapy.practices import practices


class SkillQuerySet(models.QuerySet["Skill"]):
    def visible_to(self, user: User) -> Self:
        """What the programs one belongs to teach at present."""
        return self.filter(program__in=programs_of(user), in_use=True)

    def run_by(self, user: User) -> Self:
        return self.filter(program__in=Program.objects.run_by(user))


class Skill(models.Model):
    """One thing to practise, told so that it can be done with nobody else there."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="skills")
    name = models.CharField(_("name"), max_length=80, validators=[plain_line])
    in_short = models.CharField(_("in one sentence"), max_length=160, validators=[plain_line])
    how = models.TextField(_("how it is done"))
    minutes = models.PositiveSmallIntegerField(_("minutes it takes"), default=5)
    in_use = models.BooleanField(_("in use"), default=True)

    objects = models.Manager.from_queryset(SkillQuerySet)()

    class Meta:
        ordering = ("name", "pk")
        constraints = [
            models.UniqueConstraint("program", Lower("name"), name="skills_of_a_program_have_names_of_their_own"),
            models.CheckConstraint(name="a_skill_takes_1_to_120_minutes", condition=Q(minutes__range=(1, 120))),
        ]

    def __str__(self) -> str:
        return self.name


class HomeworkQuerySet(models.QuerySet["Homework"]):
    def visible_to(self, user: User) -> Self:
        """One's own, and that of the enrolments on whose care team one is."""
        return self.filter(Q(enrolment__client=user) | Q(enrolment__in=places_on_care_teams(user).values("enrolment")))

    def open(self) -> Self:
        return self.filter(state=Homework.State.OPEN)


class Homework(models.Model):
    """Something to practise or to read: given by a clinician, or picked by the client, for whom `given_by` is empty.

    It is one of a skill, a mindfulness practice by its code, and a text of the library.
    `reflection` is the client's; their care team reads it only where `shared` says so.
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("homework", "to practise")
        DONE = "done", pgettext_lazy("homework", "practised")
        NOT_NOW = "not_now", pgettext_lazy("homework", "not this time")

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="homework")
    skill = models.ForeignKey(Skill, models.PROTECT, null=True, related_name="+")
    practice = models.CharField(max_length=20, blank=True)
    text = models.ForeignKey(LibraryText, models.PROTECT, null=True, related_name="+")
    given_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    begun_at = models.DateTimeField()
    due_on = models.DateField(null=True)
    words = SealedTextField(blank=True)
    state = models.CharField(max_length=7, choices=State, default=State.OPEN)
    ended_at = models.DateTimeField(null=True)
    reflection = SealedTextField(blank=True)
    shared = models.BooleanField(default=False)

    objects = models.Manager.from_queryset(HomeworkQuerySet)()

    class Meta:
        ordering = ("-begun_at", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "skill"], condition=Q(state="open"), name="a_skill_is_open_once_for_somebody"
            ),
            models.UniqueConstraint(
                fields=["enrolment", "practice"],
                condition=Q(state="open") & ~Q(practice=""),
                name="a_practice_is_open_once_for_somebody",
            ),
            models.UniqueConstraint(
                fields=["enrolment", "text"],
                condition=Q(state="open", text__isnull=False),
                name="a_text_is_open_once_for_somebody",
            ),
            models.CheckConstraint(
                name="homework_is_one_thing",
                condition=Q(skill__isnull=False, practice="", text=None)
                | (Q(skill=None, text=None) & ~Q(practice=""))
                | Q(skill=None, practice="", text__isnull=False),
            ),
            models.CheckConstraint(
                name="homework_is_open_or_has_ended",
                condition=Q(state="open", ended_at=None) | Q(state__in=["done", "not_now"], ended_at__isnull=False),
            ),
            models.CheckConstraint(name="what_is_shared_was_practised", condition=Q(shared=False) | Q(state="done")),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="homework_is_for_who_is_admitted",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    PERFORM 1 FROM people_enrolment e WHERE e.id = NEW.enrolment_id AND e.state = 'admitted';
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'not admitted'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'homework_is_for_who_is_admitted';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="homework_stays_as_it_was_given",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'DELETE' OR OLD.state <> 'open' AND NEW.state <> OLD.state
                       OR (OLD.enrolment_id, OLD.skill_id, OLD.practice, OLD.text_id, OLD.given_by_id, OLD.begun_at,
                           OLD.due_on, OLD.words)
                          IS DISTINCT FROM
                          (NEW.enrolment_id, NEW.skill_id, NEW.practice, NEW.text_id, NEW.given_by_id, NEW.begun_at,
                           NEW.due_on, NEW.words)
                    THEN
                        RAISE EXCEPTION 'what was given stays as it was'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'homework_stays_as_it_was_given';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Homework #{self.pk}"

    @property
    def name(self) -> str:
        """Of what is practised or read. A practice that is no longer bundled has none."""
        if self.skill:
            return self.skill.name
        if self.text:
            return self.text.title
        return practices()[self.practice].title if self.practice in practices() else str(_("A practice"))

    @property
    def in_short(self) -> str:
        if self.skill:
            return self.skill.in_short
        if self.text:
            return self.text.in_short
        return practices()[self.practice].does if self.practice in practices() else ""

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN
