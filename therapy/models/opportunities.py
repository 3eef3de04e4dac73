"""Work, training, volunteering and education that a program knows of, and who would like to know more."""

from __future__ import annotations

from datetime import date
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from iop_portal.audit.models import AppendOnly
from iop_portal.people.models import Enrolment, Program, RoleHeld, User, plain_line
from iop_portal.people.roles import STAFF_ROLES
from iop_portal.people.seeing import places_on_care_teams
from iop_portal.sealing import SealedTextField


class OpportunityQuerySet(models.QuerySet["Opportunity"]):
    def posted_in(self, user: User) -> Self:
        """Of the programs in which one works, closed ones too."""
        held = RoleHeld.objects.in_force().filter(user=user, role__in=STAFF_ROLES)
        return self.filter(program__in=held.values("program"))

    def visible_to(self, user: User) -> Self:
        """For who is in the program what is open there; and what one has shown interest in, whatever became of it."""
        admitted = Enrolment.objects.filter(client=user, state=Enrolment.State.ADMITTED)
        mine = Interest.objects.filter(opportunity=OuterRef("pk"), enrolment__client=user)
        return self.filter(Q(closed_at=None, program__in=admitted.values("program")) | Exists(mine))

    def open_on(self, day: date) -> Self:
        return self.filter(Q(until=None) | Q(until__gte=day), closed_at=None)


class Opportunity(models.Model):
    """One that staff have posted. `place` is an employer or a school; nothing of any client ever goes there."""

    class Kind(models.TextChoices):
        JOB = "job", _("Work")
        TRAINING = "training", _("Training")
        VOLUNTEERING = "volunteering", _("Volunteering")
        EDUCATION = "education", _("School and study")

    program = models.ForeignKey(Program, models.PROTECT, related_name="opportunities")
    kind = models.CharField(_("what it is"), max_length=12, choices=Kind)
    title = models.CharField(_("title"), max_length=100, validators=[plain_line])
    place = models.CharField(_("employer or place"), max_length=120, validators=[plain_line])
    about = models.TextField(_("what one does there"))
    fits = models.TextField(_("how it fits beside treatment"), blank=True)
    help = models.TextField(_("how we help"), blank=True)
    until = models.DateField(_("by when"), null=True, blank=True)
    posted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    posted_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(OpportunityQuerySet)()

    class Meta:
        ordering = ("-posted_at", "-pk")
        verbose_name_plural = "opportunities"
        constraints = [
            models.CheckConstraint(
                name="an_opportunity_is_of_a_known_kind",
                condition=Q(kind__in=["job", "training", "volunteering", "education"]),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class InterestQuerySet(models.QuerySet["Interest"]):
    def visible_to(self, user: User) -> Self:
        """One's own, and that of the enrolments on whose care team one is. The office counts them and reads none."""
        return self.filter(Q(enrolment__client=user) | Q(enrolment__in=places_on_care_teams(user).values("enrolment")))

    def live(self) -> Self:
        return self.filter(taken_back_at=None)


class Interest(models.Model):
    """Somebody would like to know more. What they wrote is for their care team; it can be taken back."""

    opportunity = models.ForeignKey(Opportunity, models.PROTECT, related_name="interests")
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="interests")
    words = SealedTextField(blank=True)
    shown_at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(InterestQuerySet)()

    class Meta:
        ordering = ("-shown_at", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["opportunity", "enrolment"],
                condition=Q(taken_back_at=None),
                name="interest_is_shown_once",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="interest_is_in_what_is_open",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    PERFORM FROM therapy_opportunity o
                    JOIN people_enrolment e ON e.program_id = o.program_id
                    WHERE o.id = NEW.opportunity_id AND o.closed_at IS NULL
                      AND e.id = NEW.enrolment_id AND e.state = 'admitted';
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'closed, or not for them'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'interest_is_in_what_is_open';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="interest_is_only_taken_back",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'DELETE' OR OLD.taken_back_at IS NOT NULL
                       OR (OLD.opportunity_id, OLD.enrolment_id, OLD.words, OLD.shown_at)
                          IS DISTINCT FROM (NEW.opportunity_id, NEW.enrolment_id, NEW.words, NEW.shown_at)
                    THEN
                        RAISE EXCEPTION 'interest is only taken back'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'interest_is_only_taken_back';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Interest #{self.pk}"

    @property
    def live(self) -> bool:
        return self.taken_back_at is None

    @property
    def last(self) -> Step | None:
        return max(self.steps.all(), key=lambda step: step.number, default=None)


class Step(AppendOnly):
    """What came of an interest, one step after another. None of them is an end, and none is a verdict."""

    class State(models.TextChoices):
        TALKED = "talked", pgettext_lazy("interest", "We spoke about it")
        APPLIED = "applied", pgettext_lazy("interest", "Applied")
        INTERVIEW = "interview", pgettext_lazy("interest", "An interview, or a day to look at it")
        STARTED = "started", pgettext_lazy("interest", "Started")
        NOT_NOW = "not_now", pgettext_lazy("interest", "Not this time")

    interest = models.ForeignKey(Interest, models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=9, choices=State)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        ordering = ("interest", "number")
        constraints = [
            models.UniqueConstraint(fields=["interest", "number"], name="steps_of_an_interest_follow_one_another"),
            models.CheckConstraint(
                name="a_step_is_a_known_one",
                condition=Q(state__in=["talked", "applied", "interview", "started", "not_now"]),
            ),
        ]
        triggers = [
            *AppendOnly.Meta.triggers,
            pgtrigger.Trigger(
                name="steps_are_of_live_interest",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    PERFORM FROM therapy_interest i WHERE i.id = NEW.interest_id AND i.taken_back_at IS NULL
                    FOR NO KEY UPDATE;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'the interest was taken back'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'steps_are_of_live_interest';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Step #{self.pk}"
