"""Series: weekly patterns that are made into sessions ahead of time, and the days on which nothing is held."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import Program, User, plain_line
from scheduling.models.contending import only
from scheduling.models.hours import Room
from therapy.models import Modality, Prescription, Track

WEEKDAYS = range(7)


class SeriesQuerySet(models.QuerySet["Series"]):
    def run_by(self, user: User) -> Self:
        """Series of the programs that an admin configures."""
        return self.filter(program__in=Program.objects.run_by(user))

    def held_from(self, day: date) -> Self:
        """Those that have an occurrence on that day or later, as far as their dates say."""
        return self.filter(Q(until=None) | Q(until__gte=day))


class Series(models.Model):
    """A group or workshop on the same weekdays, at the same time by the wall clock of its zone, all year.

    One that is `listed` is open: whoever is in the program may book single sessions of it. Others are closed: their
    people come by their track. `until` is the last day, `minimum` how many should be booked.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="series")
    modality = models.ForeignKey(Modality, models.PROTECT, related_name="+", verbose_name=_("what it is"))
    weekdays = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("days"))
    at = models.TimeField(_("begins at"))
    zone = models.CharField(_("time zone"), max_length=64)
    minutes = models.PositiveSmallIntegerField(_("length, in minutes"))
    room = models.ForeignKey(Room, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("room"))
    video = models.BooleanField(_("by video"), default=False)
    leaders = models.ManyToManyField(User, related_name="+", verbose_name=_("who leads"))
    capacity = models.PositiveSmallIntegerField(_("places"))
    minimum = models.PositiveSmallIntegerField(_("fewest people"), default=2)
    listed = models.BooleanField(_("open to everybody in the program"), default=True)
    begins_on = models.DateField(_("first day"))
    until = models.DateField(_("last day"), null=True, blank=True)

    objects = models.Manager.from_queryset(SeriesQuerySet)()

    class Meta:
        ordering = ("at", "pk")
        verbose_name_plural = "series"
        constraints = [
            models.CheckConstraint(
                name="a_series_is_on_weekdays",
                condition=Q(weekdays__len__gte=1) & Q(weekdays__contained_by=list(WEEKDAYS)),
            ),
            models.CheckConstraint(
                name="a_series_lasts_from_5_minutes_to_8_hours", condition=Q(minutes__range=(5, 480))
            ),
            models.CheckConstraint(name="a_series_is_somewhere", condition=Q(room__isnull=False) | Q(video=True)),
            models.CheckConstraint(name="a_series_has_1_to_500_seats", condition=Q(capacity__range=(1, 500))),
            models.CheckConstraint(
                name="a_series_is_held_for_no_more_than_it_has_seats",
                condition=Q(minimum__gte=1, minimum__lte=F("capacity")),
            ),
            # The day before the first is how one looks that was ended before it began.
            models.CheckConstraint(
                name="a_series_ends_after_it_begins",
                condition=Q(until=None) | Q(until__gte=F("begins_on") - timedelta(days=1)),
            ),
        ]

    def __str__(self) -> str:
        return f"Series #{self.pk}"


class Skipped(models.Model):
    """An occurrence that could not be made, and why. It is tried again every night until somebody leaves it out."""

    class Why(models.TextChoices):
        ROOM = "room", _("The room is taken or out of use")
        LEADER = "leader", _("Somebody who leads is busy")
        AWAY = "away", _("Somebody who leads is away")
        CREDENTIAL = "credential", _("A credential ends before")
        LEFT = "left", _("Somebody who leads does not work here any more")

    series = models.ForeignKey(Series, models.CASCADE, related_name="skipped")
    occurrence = models.DateField()
    why = models.CharField(max_length=10, choices=Why)
    clinician = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    since = models.DateTimeField()
    left_out = models.BooleanField(default=False)

    class Meta:
        ordering = ("occurrence", "pk")
        constraints = [
            models.UniqueConstraint(
                fields=["series", "occurrence"],
                name="an_occurrence_is_skipped_once",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(
                name="a_skipped_occurrence_says_why",
                condition=Q(why="room", clinician=None)
                | Q(why__in=["leader", "away", "credential", "left"], clinician__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Skipped #{self.pk}"


class ClosureQuerySet(models.QuerySet["Closure"]):
    def run_by(self, user: User) -> Self:
        """Closures of the programs that an admin configures."""
        return self.filter(program__in=Program.objects.run_by(user))


class Closure(models.Model):
    """Days on which the program is closed, the first and the last one included."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="closures")
    begins_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    why = models.CharField(_("why"), max_length=80, validators=[plain_line])

    objects = models.Manager.from_queryset(ClosureQuerySet)()

    class Meta:
        ordering = ("begins_on", "pk")
        constraints = [
            models.CheckConstraint(name="a_closure_ends_after_it_begins", condition=Q(ends_on__gte=F("begins_on"))),
            ExclusionConstraint(
                name="closures_of_a_program_do_not_overlap",
                expressions=[
                    (only("program"), RangeOperators.OVERLAPS),
                    (
                        Func(
                            F("begins_on"),
                            F("ends_on"),
                            Value("[]"),
                            function="daterange",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"Closure #{self.pk}"


class TrackSeries(models.Model):
    """A track has a series, for those who are in one of these phases: they are booked into it without asking."""

    track = models.ForeignKey(Track, models.CASCADE, related_name="track_series")
    series = models.ForeignKey(Series, models.CASCADE, related_name="track_series")
    phases = ArrayField(models.CharField(max_length=12, choices=Prescription.Phase))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["track", "series"], name="a_track_has_a_series_once"),
            models.CheckConstraint(
                name="a_track_has_a_series_in_known_phases",
                condition=Q(phases__len__gte=1) & Q(phases__contained_by=list(Prescription.Phase.values)),
            ),
        ]

    def __str__(self) -> str:
        return f"Series of a track #{self.pk}"
