"""How people want to be reached, and what a program presumes of those who have not said."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from iop_portal.notices.channels import Channel, Topic
from iop_portal.people.models import Program, User

# Minutes before an appointment. A whole day is a day by the clock on the wall, whatever the clocks do meanwhile.
LEADS = (30, 60, 120, 240, 24 * 60, 2 * 24 * 60, 7 * 24 * 60)
MOST_LEADS = 3


def lead_in_words(minutes: int) -> str:
    if minutes % (24 * 60) == 0:
        return ngettext("%(n)d day before", "%(n)d days before", minutes // (24 * 60)) % {"n": minutes // (24 * 60)}
    if minutes % 60 == 0:
        return ngettext("%(n)d hour before", "%(n)d hours before", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d minute before", "%(n)d minutes before", minutes) % {"n": minutes}


def by_mail() -> list[str]:
    return [Channel.MAIL.value]


def a_day_and_two_hours() -> list[int]:
    return [24 * 60, 120]


class Wishes(models.Model):
    """By which channels about what, and how long before an appointment."""

    appointments_by = ArrayField(
        models.CharField(max_length=6, choices=Channel), verbose_name=Topic.APPOINTMENTS.label, default=by_mail
    )
    reminders_by = ArrayField(
        models.CharField(max_length=6, choices=Channel), verbose_name=Topic.REMINDERS.label, default=by_mail
    )
    leads = ArrayField(
        models.PositiveIntegerField(), verbose_name=_("how long before"), default=a_day_and_two_hours, blank=True
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(class)s_wishes_channels_that_there_are",
                condition=Q(appointments_by__contained_by=Channel.values, reminders_by__contained_by=Channel.values),
            ),
            models.CheckConstraint(
                name="%(class)s_wishes_at_most_three_of_the_leads",
                condition=Q(leads__contained_by=list(LEADS), leads__len__lte=MOST_LEADS),
            ),
        ]

    def by(self, topic: Topic) -> frozenset[Channel]:
        wished = self.reminders_by if topic == Topic.REMINDERS else self.appointments_by
        return frozenset(Channel(each) for each in wished)

    @property
    def leads_before(self) -> list[timedelta]:
        return [timedelta(minutes=each) for each in self.leads]


class ReachDefault(Wishes):
    """What holds in a program for everybody who has not said otherwise. Texts need an opt-in in any case."""

    program = models.OneToOneField(Program, models.PROTECT, related_name="reach_default")

    def __str__(self) -> str:
        return f"Reach default #{self.pk}"


class Reach(Wishes):
    """What one person said. Their own quiet hours go by their own clock, else the program's hold, by its own."""

    person = models.OneToOneField(User, models.CASCADE, related_name="reach")
    quiet_from = models.TimeField(_("no messages from"), null=True, blank=True)
    quiet_until = models.TimeField(_("no messages until"), null=True, blank=True)
    tells_place = models.BooleanField(_("what a message says"), default=False)

    class Meta(Wishes.Meta):
        constraints = [
            *Wishes.Meta.constraints,
            models.CheckConstraint(
                name="own_quiet_hours_are_whole_and_have_a_length",
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until")),
            ),
        ]

    def __str__(self) -> str:
        return f"Reach #{self.pk}"
