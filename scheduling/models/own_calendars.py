"""A person's own calendar: when they are busy by it, and nothing else of what it holds."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import User
from iop_portal.sealing import SealedTextField
from scheduling.models.commitments import Commitment

MOST_CALENDARS = 3


class OwnCalendarQuerySet(models.QuerySet["OwnCalendar"]):
    def due(self, now: datetime) -> Self:
        """Those whose address is to be read again."""
        return self.filter(next_try_at__lte=now, person__is_active=True).order_by("next_try_at", "pk")


class OwnCalendar(models.Model):
    """Read once from a file, or again and again from an address, as long as the person wants it.

    The address opens all of their calendar to whoever has it, so it lies here sealed. Where it could not be read for
    too long it is forgotten, and so are the times that nobody can be sure of any more.
    """

    class Trouble(models.TextChoices):
        """Why it could not be read: of the file itself, or on the way to it."""

        NOT_A_CALENDAR = "not_a_calendar", _("What is there is not a calendar.")
        TOO_LARGE = "too_large", _("It is larger than 1 MB.")
        TOO_MANY = "too_many", _("It holds too many entries.")
        TOO_OFTEN = "too_often", _("An entry in it repeats more than a few times a day.")
        TOO_LONG = "too_long", _("It takes too long to read.")
        BROKEN = "broken", _("Something in it is not written as calendars write it.")
        NOT_AN_ADDRESS = "not_an_address", _("This is not an address of a calendar.")
        NOT_SECURE = "not_secure", _("The address begins with http://, so others could read along.")
        WITH_PASSWORD = "with_password", _("The address holds a name or a password.")
        FORBIDDEN = "forbidden", _("The address does not lead to a public place on the internet.")
        UNKNOWN_HOST = "unknown_host", _("There is nothing at this address.")
        NO_ANSWER = "no_answer", _("It did not answer in time.")
        CERTIFICATE = "certificate", _("It could not prove that it is who it says.")
        REFUSED = "refused", _("It does not let us read the calendar.")
        REDIRECTED = "redirected", _("It sends us from one address to the next.")

    person = models.ForeignKey(User, models.CASCADE, related_name="own_calendars")
    place = models.PositiveSmallIntegerField()
    kind = models.CharField(_("what it mostly holds"), max_length=7, choices=Commitment.Kind)
    whole_days = models.BooleanField(_("whole days count as well"), default=False)
    address = SealedTextField(null=True)
    added_at = models.DateTimeField()
    # Until when its times were unfolded, at the last reading.
    read_at = models.DateTimeField(null=True)
    read_until = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    trouble = models.CharField(max_length=14, choices=Trouble, blank=True)
    given_up_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(OwnCalendarQuerySet)()

    class Meta:
        ordering = ("place",)
        constraints = [
            models.UniqueConstraint(fields=["person", "place"], name="own_calendars_have_places_of_their_own"),
            models.CheckConstraint(name="three_own_calendars_at_most", condition=Q(place__range=(1, MOST_CALENDARS))),
            models.CheckConstraint(
                name="an_own_calendar_is_read_again_where_it_has_an_address",
                condition=Q(address=None, next_try_at=None) | Q(address__isnull=False, next_try_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_calendar_given_up_keeps_no_address", condition=Q(given_up_at=None) | Q(address=None)
            ),
        ]
        indexes = [models.Index("next_try_at", name="own_calendars_to_read")]

    def __str__(self) -> str:
        return f"Own calendar #{self.pk}"

    @property
    def from_file(self) -> bool:
        return self.address is None and self.given_up_at is None


class BusyTime(models.Model):
    """From–until, out of a person's own calendar."""

    calendar = models.ForeignKey(OwnCalendar, models.CASCADE, related_name="busy_times")
    during = DateTimeRangeField()

    class Meta:
        ordering = ("during", "pk")
        constraints = [
            models.CheckConstraint(
                name="a_busy_time_has_a_beginning_and_an_end",
                condition=Q(during__startswith__isnull=False, during__endswith__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Busy time #{self.pk}"
