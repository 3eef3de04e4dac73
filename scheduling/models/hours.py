"""Where care happens, and when clinicians work."""

from __future__ import annotations

from typing import Any, Self

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, OuterRef, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import Program, User, plain_line
from scheduling.models.contending import only
from therapy.models import Modality


class RoomQuerySet(models.QuerySet["Room"]):
    def run_by(self, user: User) -> RoomQuerySet:
        """Rooms of the programs that an admin configures."""
        return self.filter(program__in=Program.objects.run_by(user))


class Room(models.Model):
    """A place where sessions are held."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="rooms")
    name = models.CharField(_("name"), max_length=60, validators=[plain_line])
    seats = models.PositiveSmallIntegerField(_("seats"))
    directions = models.CharField(_("how to find it"), max_length=200, blank=True, validators=[plain_line])
    step_free = models.BooleanField(_("can be reached without steps"), default=False)
    in_use = models.BooleanField(_("in use"), default=True)

    objects = models.Manager.from_queryset(RoomQuerySet)()

    class Meta:
        ordering = ("name", "pk")
        constraints = [
            models.UniqueConstraint("program", Lower("name"), name="rooms_of_a_program_have_names_of_their_own"),
            models.CheckConstraint(name="a_room_has_1_to_500_seats", condition=Q(seats__range=(1, 500))),
        ]

    def __str__(self) -> str:
        return self.name


class HoursQuerySet(models.QuerySet[Any]):
    def told(self) -> Self:
        """With the room and with what they are kept for, in the same query."""
        kept = self.model.only_for.through.objects.filter(**{str(self.model._meta.model_name): OuterRef("pk")})
        in_order = kept.order_by("modality__name", "modality")
        return self.select_related("room").annotate(
            way_keys=ArraySubquery(in_order.values("modality")),
            way_names=ArraySubquery(in_order.values("modality__name")),
        )


class Hours(models.Model):
    """When and where a clinician works: in a room, by video, or either, as the client likes.

    Hours that are kept `only_for` some modalities cannot be booked for others.
    """

    begins = models.TimeField(_("from"))
    ends = models.TimeField(_("until"))
    room = models.ForeignKey(Room, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("room"))
    video = models.BooleanField(_("also by video"), default=True)
    only_for = models.ManyToManyField(Modality, related_name="+", blank=True, verbose_name=_("only for"))

    # Annotated by `told`.
    way_keys: list[int]
    way_names: list[str]

    objects = models.Manager.from_queryset(HoursQuerySet)()

    class Meta:
        abstract = True


class WeeklyHours(Hours):
    """On a weekday, in wall-clock time of the program: 18:00 stays 18:00 all year."""

    clinician = models.ForeignKey(User, models.CASCADE, related_name="weekly_hours")
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    weekday = models.PositiveSmallIntegerField(
        _("weekday"),
        choices=[
            (0, _("Monday")),
            (1, _("Tuesday")),
            (2, _("Wednesday")),
            (3, _("Thursday")),
            (4, _("Friday")),
            (5, _("Saturday")),
            (6, _("Sunday")),
        ],
    )

    class Meta:
        ordering = ("weekday", "begins", "pk")
        constraints = [
            models.CheckConstraint(name="working_hours_end_after_they_begin", condition=Q(ends__gt=F("begins"))),
            models.CheckConstraint(name="working_hours_are_on_a_weekday", condition=Q(weekday__range=(0, 6))),
            models.CheckConstraint(name="working_hours_are_somewhere", condition=Q(room__isnull=False) | Q(video=True)),
            models.UniqueConstraint(
                fields=["clinician", "program", "weekday", "begins"], name="working_hours_begin_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Weekly hours #{self.pk}"


class DayException(models.Model):
    """A day on which a clinician's weekly hours do not hold. Without hours of its own it is a day off."""

    clinician = models.ForeignKey(User, models.CASCADE, related_name="+")
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    on = models.DateField(_("day"))

    class Meta:
        ordering = ("on", "pk")
        constraints = [
            models.UniqueConstraint(fields=["clinician", "program", "on"], name="one_exception_per_clinician_and_day"),
        ]

    def __str__(self) -> str:
        return f"Exception #{self.pk}"


class OtherHours(Hours):
    """The hours of one exceptional day, instead of the weekly ones. Whose and when is the exception's."""

    exception = models.ForeignKey(DayException, models.CASCADE, related_name="hours")

    class Meta:
        ordering = ("begins", "pk")
        constraints = [
            models.CheckConstraint(name="other_hours_end_after_they_begin", condition=Q(ends__gt=F("begins"))),
            models.CheckConstraint(name="other_hours_are_somewhere", condition=Q(room__isnull=False) | Q(video=True)),
        ]

    def __str__(self) -> str:
        return f"Other hours #{self.pk}"


class TimeOffQuerySet(models.QuerySet["TimeOff"]):
    def standing(self) -> Self:
        return self.filter(ended_at=None)

    def visible_to(self, user: User) -> Self:
        """One's own, and that of whoever works in the programs that one runs."""
        return self.filter(Q(clinician=user) | Q(program__in=Program.objects.run_by(user)))


class TimeOff(models.Model):
    """A clinician is away from a program. It is a fact, without its reason; taking it back is another."""

    clinician = models.ForeignKey(User, models.PROTECT, related_name="+")
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    during = DateTimeRangeField()
    noted_at = models.DateTimeField()
    noted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = models.Manager.from_queryset(TimeOffQuerySet)()

    class Meta:
        ordering = ("during", "pk")
        constraints = [
            models.CheckConstraint(
                name="time_off_begins_and_ends",
                condition=Q(during__startswith__isnull=False, during__endswith__isnull=False),
            ),
            models.CheckConstraint(
                name="time_off_is_taken_back_by_somebody",
                condition=Q(ended_at=None, ended_by=None)
                | Q(ended_at__gte=F("noted_at"), ended_at__isnull=False, ended_by__isnull=False),
            ),
            ExclusionConstraint(
                name="one_time_off_at_a_time",
                expressions=[
                    (only("clinician"), RangeOperators.OVERLAPS),
                    (only("program"), RangeOperators.OVERLAPS),
                    ("during", RangeOperators.OVERLAPS),
                ],
                condition=Q(ended_at=None),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="time_off_is_taken_back_once_and_never_rewritten",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'UPDATE' AND OLD.ended_at IS NULL
                       AND (OLD.clinician_id, OLD.program_id, OLD.during, OLD.noted_at, OLD.noted_by_id)
                         = (NEW.clinician_id, NEW.program_id, NEW.during, NEW.noted_at, NEW.noted_by_id)
                    THEN
                        RETURN NEW;
                    END IF;
                    RAISE EXCEPTION 'time off is only ever noted and taken back'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'time_off_is_taken_back_once_and_never_rewritten';
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Time off #{self.pk}"
