"""How appointments reach a person's own calendar."""

from __future__ import annotations

import hashlib
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import Enrolment, RoleHeld, User
from iop_portal.people.roles import Role


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def works_of(person: User | OuterRef) -> models.QuerySet[RoleHeld]:
    """The roles by which somebody leads sessions."""
    return RoleHeld.objects.in_force().filter(user=person, role=Role.CLINICIAN)


class CalendarDeliveryQuerySet(models.QuerySet["CalendarDelivery"]):
    def told(self) -> Self:
        """With their person, and whether that is somebody who leads sessions, or a client's relative."""
        enrolled = Enrolment.objects.filter(client=OuterRef("person"))
        return self.select_related("person").annotate(
            of_staff=Exists(works_of(OuterRef("person"))), of_relative=~Exists(enrolled)
        )

    def opened_by(self, token: str) -> Self:
        return self.told().filter(token_hash=hash_of(token), person__is_active=True)


class CalendarDelivery(models.Model):
    """Somebody's own calendar reads their appointments from a secret address, or gets each by mail as an invitation.

    Both at once would show every appointment twice. Of the address only the hash of its secret is kept: it is shown
    once, and a new one ends the old.
    """

    class Way(models.TextChoices):
        FEED = "feed", _("My calendar reads them from a secret address")
        MAIL = "mail", _("Each comes by mail, as an invitation")

    person = models.OneToOneField(User, models.CASCADE, related_name="calendar_delivery")
    way = models.CharField(_("how they get there"), max_length=4, choices=Way, default=Way.FEED)
    token_hash = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001  unique, or there is none
    # Whoever else sees that calendar, and the company that keeps it, read this too: so little unless it is wished.
    tells_more = models.BooleanField(_("what each calendar entry says"), default=False)
    made_at = models.DateTimeField()
    last_read_at = models.DateTimeField(null=True)

    # Annotated by `told`.
    of_staff: bool
    of_relative: bool

    objects = models.Manager.from_queryset(CalendarDeliveryQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_calendar_feed_keeps_a_hash_alone",
                condition=models.Q(token_hash__regex=r"^[0-9a-f]{64}$"),  # noqa: S106  a pattern
            ),
            models.CheckConstraint(
                name="a_calendar_feed_alone_has_an_address",
                condition=models.Q(way="feed", token_hash__isnull=False)
                | models.Q(way="mail", token_hash=None, last_read_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"Calendar delivery #{self.pk}"
