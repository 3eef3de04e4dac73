"""Who is on call when."""

from __future__ import annotations

from datetime import time
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import Program, User

DAY = 24 * 60


class DutyQuerySet(models.QuerySet["Duty"]):
    def run_by(self, user: User) -> Self:
        """Of the programs that an admin configures."""
        return self.filter(program__in=Program.objects.run_by(user))


def _minutes() -> Func:
    return Func(F("begins"), F("ends"), function="int4range", output_field=IntegerRangeField())


def _alone(field: str) -> Func:
    """A key as a range of one number, which spares the extension btree_gist."""
    return Func(F(field), F(field), Value("[]"), function="int8range", output_field=IntegerRangeField())


class Duty(models.Model):
    """Somebody on call from one minute of a day to another, by the clock on the wall of the program.

    On each `weekday`, or on one `day` alone: what is said of a day replaces all that is said of its weekday. There,
    nobody from 0 to 24 is a day on which nobody is on call. A night is two: until midnight, and from it.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="duties")
    clinician = models.ForeignKey(User, models.PROTECT, null=True, related_name="duties")
    weekday = models.PositiveSmallIntegerField(_("weekday"), null=True, choices=list(WEEKDAYS.items()))
    day = models.DateField(_("day"), null=True)
    begins = models.PositiveSmallIntegerField(_("from"))
    ends = models.PositiveSmallIntegerField(_("until"))

    objects = models.Manager.from_queryset(DutyQuerySet)()

    class Meta:
        ordering = ("weekday", "day", "begins", "pk")
        constraints = [
            models.CheckConstraint(
                name="a_duty_is_weekly_or_of_one_day",
                condition=Q(weekday__isnull=False, weekday__range=(0, 6), day=None)
                | Q(weekday=None, day__isnull=False),
            ),
            models.CheckConstraint(
                name="a_duty_ends_after_it_begins", condition=Q(begins__gte=0, ends__gt=F("begins"), ends__lte=DAY)
            ),
            models.CheckConstraint(
                name="only_of_a_whole_day_nobody_is_on_call",
                condition=Q(clinician__isnull=False) | Q(clinician=None, day__isnull=False, begins=0, ends=DAY),
            ),
            ExclusionConstraint(
                name="one_on_call_each_weekday",
                expressions=[
                    (_alone("program"), RangeOperators.OVERLAPS),
                    (_alone("weekday"), RangeOperators.OVERLAPS),
                    (_minutes(), RangeOperators.OVERLAPS),
                ],
                condition=Q(day=None),
            ),
            ExclusionConstraint(
                name="one_on_call_each_day",
                expressions=[
                    (_alone("program"), RangeOperators.OVERLAPS),
                    (
                        Func(F("day"), F("day"), Value("[]"), function="daterange", output_field=IntegerRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                    (_minutes(), RangeOperators.OVERLAPS),
                ],
                condition=Q(weekday=None),
            ),
        ]

    def __str__(self) -> str:
        return f"Duty #{self.pk}"

    @property
    def from_time(self) -> time:
        return time(self.begins // 60, self.begins % 60)

    @property
    def until_time(self) -> time:
        """Midnight at the end of a day is 0:00."""
        return time(self.ends % DAY // 60, self.ends % 60)

    @property
    def weekday_name(self) -> str:
        return str(WEEKDAYS[self.weekday]) if self.weekday is not None else ""
