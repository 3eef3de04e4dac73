"""What each phase of a program is for, how much care it usually has, and by what one knows that the next may come."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from iop_portal.audit.models import AppendOnly
from iop_portal.people.models import Program, User, plain_line
from iop_portal.people.seeing import places_on_care_teams
from therapy.models.care_plans import Side
from therapy.models.tracks import Prescription, amount_in_words


class PhaseGuide(models.Model):
    """What a program says of one phase. Clients read it; the amount is where a clinician begins, never a rule."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="phase_guides")
    phase = models.CharField(max_length=12, choices=Prescription.Phase)
    what_for = models.TextField(_("what it is for"))
    hours = models.PositiveSmallIntegerField(_("usual hours a week"))
    days = models.PositiveSmallIntegerField(_("usual days a week"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "phase"], name="a_program_has_one_guide_for_each_phase"),
            models.CheckConstraint(
                name="a_guide_is_of_a_phase", condition=Q(phase__in=["orientation", "core", "step_down", "continuing"])
            ),
            models.CheckConstraint(name="a_guide_says_what_its_phase_is_for", condition=~Q(what_for="")),
            models.CheckConstraint(name="a_phase_usually_has_0_to_40_hours", condition=Q(hours__lte=40)),
            models.CheckConstraint(name="a_phase_usually_has_0_to_7_days", condition=Q(days__lte=7)),
        ]

    def __str__(self) -> str:
        return f"Guide to a phase #{self.pk}"

    @property
    def amount(self) -> str:
        return amount_in_words(self.hours, self.days)


class Criterion(models.Model):
    """One sentence by which a client and their care team know that the next phase may come.

    It is never reworded: what somebody said about it would then be about something else. Another wording is another
    row, and this one goes out of use. `place` is its place in the list.
    """

    guide = models.ForeignKey(PhaseGuide, models.PROTECT, related_name="criteria")
    text = models.CharField(max_length=200, validators=[plain_line])
    place = models.PositiveSmallIntegerField()
    in_use = models.BooleanField(default=True)

    class Meta:
        ordering = ("guide", "place", "pk")
        constraints = [
            models.UniqueConstraint("guide", Lower("text"), name="a_guide_says_each_criterion_once"),
            models.UniqueConstraint(
                fields=["guide", "place"], condition=Q(in_use=True), name="criteria_have_places_of_their_own"
            ),
            models.CheckConstraint(name="a_criterion_says_something", condition=~Q(text="")),
            models.CheckConstraint(name="a_guide_has_8_criteria_at_most", condition=Q(place__range=(1, 8))),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="criteria_are_never_reworded",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'DELETE' OR (OLD.guide_id, OLD.text) IS DISTINCT FROM (NEW.guide_id, NEW.text) THEN
                        RAISE EXCEPTION 'another wording is another criterion'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'criteria_are_never_reworded';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"Criterion #{self.pk}"


class CriterionSaidQuerySet(models.QuerySet["CriterionSaid"]):
    def visible_to(self, user: User) -> Self:
        """The client's and their care team's. Breaking the glass does not open it: no emergency turns on it."""
        theirs = places_on_care_teams(user).values("enrolment")
        return self.filter(Q(prescription__enrolment__client=user) | Q(prescription__enrolment__in=theirs))


class CriterionSaid(AppendOnly):
    """A client, or somebody of their care team, said whether they see a criterion as met. The newest of a side counts.

    It hangs on what was prescribed then: whoever comes back to a phase later begins its list anew.
    """

    prescription = models.ForeignKey(Prescription, models.PROTECT, related_name="said")
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="said")
    side = models.CharField(max_length=9, choices=Side)
    met = models.BooleanField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = models.Manager.from_queryset(CriterionSaidQuerySet)()

    class Meta(AppendOnly.Meta):
        ordering = ("-at", "-pk")
        indexes = [models.Index(fields=["prescription", "criterion"], name="criteria_said")]
        constraints = [
            models.CheckConstraint(name="two_sides_say_of_criteria", condition=Q(side__in=["client", "clinician"])),
        ]
        triggers = [
            *AppendOnly.Meta.triggers,
            pgtrigger.Trigger(
                name="criteria_are_said_of_the_phase_by_both_sides",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("planned", "therapy_prescription"), ("held", "people_enrolment")],
                func="""
                    SELECT * INTO planned FROM therapy_prescription p WHERE p.id = NEW.prescription_id FOR SHARE;
                    SELECT * INTO held FROM people_enrolment e WHERE e.id = planned.enrolment_id;
                    IF planned.until IS NOT NULL OR held.state <> 'admitted' OR NOT EXISTS (
                        SELECT 1 FROM therapy_criterion c JOIN therapy_phaseguide g ON g.id = c.guide_id
                        WHERE c.id = NEW.criterion_id AND c.in_use
                        AND g.phase = planned.phase AND g.program_id = held.program_id)
                    THEN
                        RAISE EXCEPTION 'of another phase'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'criteria_are_of_the_phase_somebody_is_in';
                    ELSIF (NEW.side = 'client') <> (NEW.by_id = held.client_id)
                       OR NEW.side = 'clinician' AND NOT EXISTS (
                          SELECT 1 FROM people_careteam t WHERE t.enrolment_id = held.id
                          AND t.clinician_id = NEW.by_id AND t.until IS NULL)
                    THEN
                        RAISE EXCEPTION 'not theirs to say'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'criteria_are_for_the_client_and_their_team';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"What was said of a criterion #{self.pk}"
