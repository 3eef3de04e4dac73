"""What a person keeps free: their work, their school, whom they look after."""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.dates import WEEKDAYS
from django.utils.text import get_text_list
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import User, plain_line

DAYS = list(range(7))


class Commitment(models.Model):
    """Time that is not to be disturbed: on some weekdays, or once (no weekdays). Nobody but the person sees it.

    It is wall-clock time where the person lives: 9:00 stays 9:00 all year, and after a move it is 9:00 there. What
    ends before it begins ends on the next day.
    """

    class Kind(models.TextChoices):
        WORK = "work", _("Work")
        SCHOOL = "school", _("School or training")
        CARE = "care", _("Looking after someone")
        FAITH = "faith", _("Faith")
        MEETING = "meeting", _("A meeting or a group")
        OTHER = "other", _("Something else")

    person = models.ForeignKey(User, models.CASCADE, related_name="commitments")
    kind = models.CharField(_("what it is"), max_length=7, choices=Kind)
    name = models.CharField(_("in your own words"), max_length=40, blank=True, validators=[plain_line])
    weekdays = ArrayField(models.PositiveSmallIntegerField(choices=list(WEEKDAYS.items())), default=list, blank=True)
    begins = models.TimeField(_("from"))
    ends = models.TimeField(_("until"))
    since = models.DateField(_("first day"))
    until = models.DateField(_("last day"), null=True, blank=True)

    class Meta:
        ordering = ("since", "begins", "pk")
        constraints = [
            models.CheckConstraint(name="a_commitment_takes_some_time", condition=~Q(begins=F("ends"))),
            models.CheckConstraint(name="commitments_are_on_weekdays", condition=Q(weekdays__contained_by=DAYS)),
            models.CheckConstraint(
                name="a_commitment_of_one_day_has_one",
                condition=~Q(weekdays=[]) | Q(until__isnull=False, until=F("since")),
            ),
            models.CheckConstraint(
                name="commitments_end_after_they_begin", condition=Q(until=None) | Q(until__gte=F("since"))
            ),
        ]
        indexes = [models.Index("person", "until", name="commitments_of_a_person")]

    def __str__(self) -> str:
        return f"Commitment #{self.pk}"

    @property
    def weekly(self) -> bool:
        return bool(self.weekdays)

    @property
    def on_weekdays(self) -> str:
        """Monday, Tuesday and Friday"""
        if len(self.weekdays) == len(DAYS):
            return str(_("every day"))
        return get_text_list([str(WEEKDAYS[day]) for day in sorted(self.weekdays)], str(_("and")))

    def falls_on(self, day: date) -> bool:
        """Whether it begins on a day of the person's own calendar."""
        if day < self.since or (self.until is not None and day > self.until):
            return False
        return not self.weekdays or day.weekday() in self.weekdays
