"""How appointments reach a person's own calendar."""

from __future__ import annotations

import hashlib
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import RoleHeld, User
from iop_portal.people.roles import Role


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def works_of(person: User | OuterRef) -> models.QuerySet[RoleHeld]:
    """The roles by which somebody leads sessions."""
    return RoleHeld.objects.filter(user=person, role=Role.CLINICIAN)


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    def told(self) -> Self:
        """With their person, and whether that is somebody who leads sessions."""
        return self.select_related("person").annotate(of_staff=Exists(works_of(OuterRef("person"))))

    def opened_by(self, token: str) -> Self:
        return self.told().filter(token_hash=hash_of(token), person__is_active=True)


class CalendarFeed(models.Model):
    """A secret address from which somebody's own calendar reads their appointments.

    Only the hash of the secret is kept: the address is shown once, and a new one ends the old.
    """

    person = models.OneToOneField(User, models.CASCADE, related_name="calendar_feed")
    token_hash = models.CharField(max_length=64, unique=True)
    # Whoever else sees that calendar, and the company that keeps it, read this too: so little unless it is wished.
    tells_more = models.BooleanField(_("what each calendar entry says"), default=False)
    made_at = models.DateTimeField()
    last_read_at = models.DateTimeField(null=True)

    # Annotated by `told`.
    of_staff: bool

    objects = models.Manager.from_queryset(CalendarFeedQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_calendar_feed_keeps_a_hash_alone",
                condition=models.Q(token_hash__regex=r"^[0-9a-f]{64}$"),  # noqa: S106  a pattern
            ),
        ]

    def __str__(self) -> str:
        return f"Calendar feed #{self.pk}"
