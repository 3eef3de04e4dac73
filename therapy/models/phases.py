"""What each phase of a program is for, how much care it usually has, and by what one knows that the next may come."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import Program, plain_line
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
