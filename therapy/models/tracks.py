"""Tracks, and what is prescribed to an enrolment."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import Enrolment, Program, User, plain_line
from iop_portal.sealing import SealedTextField


class PartOfDay(models.TextChoices):
    MORNING = "morning", _("Morning, before noon")
    AFTERNOON = "afternoon", _("Afternoon, noon to 5 pm")
    EVENING = "evening", _("Evening, from 5 pm")


def amount_in_words(hours: int, days: int) -> str:
    """9 hours on 3 days a week"""
    return gettext("%(hours)s on %(days)s a week") % {
        "hours": ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours},
        "days": ngettext("%(count)d day", "%(count)d days", days) % {"count": days},
    }


class TrackQuerySet(models.QuerySet["Track"]):
    def run_by(self, user: User) -> Self:
        """Tracks of the programs that an admin configures."""
        return self.filter(program__in=Program.objects.run_by(user))


class Track(models.Model):
    """A way through the program that fits a kind of life: mornings, days, evenings."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="tracks")
    name = models.CharField(_("name"), max_length=60, validators=[plain_line])
    part_of_day = models.CharField(_("part of day"), max_length=10, choices=PartOfDay)
    about = models.TextField(_("for whom it is"), blank=True)
    in_use = models.BooleanField(_("in use"), default=True)

    objects = models.Manager.from_queryset(TrackQuerySet)()

    class Meta:
        ordering = ("name", "pk")
        constraints = [
            models.UniqueConstraint("program", Lower("name"), name="tracks_of_a_program_have_names_of_their_own"),
            models.CheckConstraint(name="a_track_has_a_part_of_day", condition=Q(part_of_day__in=PartOfDay.values)),
        ]

    def __str__(self) -> str:
        return self.name


class PrescriptionQuerySet(models.QuerySet["Prescription"]):
    def current(self) -> Self:
        return self.filter(until=None)


class Prescription(models.Model):
    """What is prescribed to an enrolment from a day on. A change is a new row; the one before it ends."""

    class Phase(models.TextChoices):
        ORIENTATION = "orientation", pgettext_lazy("phase", "Start")
        CORE = "core", pgettext_lazy("phase", "Core")
        STEP_DOWN = "step_down", pgettext_lazy("phase", "Step-down")
        CONTINUING = "continuing", pgettext_lazy("phase", "Continuing care")

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="prescriptions")
    track = models.ForeignKey(Track, models.PROTECT, related_name="+")
    phase = models.CharField(max_length=12, choices=Phase)
    hours = models.PositiveSmallIntegerField(_("hours a week"))
    days = models.PositiveSmallIntegerField(_("days a week"))
    since = models.DateField()
    until = models.DateField(null=True, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    # Why it is another than before, as the client reads it.
    reason = SealedTextField(blank=True, default="", db_default="")
    # When its client first had it before them.
    seen_at = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(PrescriptionQuerySet)()

    class Meta:
        ordering = ("-since", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment"], condition=Q(until=None), name="one_prescription_holds_for_an_enrolment"
            ),
            models.CheckConstraint(
                name="a_prescription_ends_after_it_begins", condition=Q(until=None) | Q(until__gte=F("since"))
            ),
            models.CheckConstraint(name="0_to_40_hours_are_prescribed", condition=Q(hours__lte=40)),
            models.CheckConstraint(name="0_to_7_days_are_prescribed", condition=Q(days__lte=7)),
            models.CheckConstraint(
                name="a_prescription_has_a_phase",
                condition=Q(phase__in=["orientation", "core", "step_down", "continuing"]),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="a_change_of_phase_says_why",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition("NEW.reason = ''"),
                func="""
                    IF NEW.phase <> (
                        SELECT p.phase FROM therapy_prescription p WHERE p.enrolment_id = NEW.enrolment_id
                        ORDER BY p.since DESC, p.id DESC LIMIT 1
                    ) THEN
                        RAISE EXCEPTION 'another phase without a reason'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_change_of_phase_says_why';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"Prescription #{self.pk}"

    @property
    def amount(self) -> str:
        return amount_in_words(self.hours, self.days)
