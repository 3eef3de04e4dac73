"""What somebody is reminded of, what they answered, and the links by which they answer."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import Program, User
from scheduling.models.feeds import hash_of
from scheduling.models.sessions import Booking

LATE_BY = (10, 20, 30)


class Reminder(models.Model):
    """A booking at one time. A session that moves makes another: what was said of the old time holds for that alone.

    Reminders are owed about it, so that "once per subject" means once for each time.
    """

    class Answer(models.TextChoices):
        COMES = "comes", _("comes")
        LATE = "late", _("comes late")

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="reminders")
    begins = models.DateTimeField()
    answer = models.CharField(max_length=5, choices=Answer, blank=True)
    late_by = models.PositiveSmallIntegerField(_("minutes late"), null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("begins", "pk")
        constraints = [
            models.UniqueConstraint(fields=["booking", "begins"], name="one_reminder_of_a_booking_at_a_time"),
            models.CheckConstraint(
                name="an_answer_is_whole",
                condition=Q(answer="", late_by=None, answered_at=None)
                | Q(answer="comes", late_by=None, answered_at__isnull=False)
                | Q(answer="late", late_by__isnull=False, late_by__in=LATE_BY, answered_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Reminder #{self.pk}"

    @property
    def holds(self) -> bool:
        """Whether the booking still stands, at this time."""
        return self.booking.occupies and self.booking.starts_at == self.begins

    @property
    def program(self) -> Program:
        """Whose neutral name the messages about it carry."""
        return self.booking.session.program


class AnswerLinkQuerySet(models.QuerySet["AnswerLink"]):
    def opened_by(self, token: str, *, now: datetime) -> Self:
        """Not used, not too old, and the booking still stands at that time."""
        return self.filter(
            token_hash=hash_of(token),
            used_at=None,
            expires_at__gt=now,
            reminder__booking__occupies=True,
            reminder__booking__during__startswith=models.F("reminder__begins"),
            person__is_active=True,
        )


class AnswerLink(models.Model):
    """Lets whoever holds it give one answer, once, without signing in. Only the hash of its token is kept."""

    class Purpose(models.TextChoices):
        COME = "come", _("say that they come")
        CANCEL = "cancel", _("cancel")
        LATE = "late", _("say that they will be late")

    reminder = models.ForeignKey(Reminder, models.CASCADE, related_name="links")
    person = models.ForeignKey(User, models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=6, choices=Purpose)
    token_hash = models.CharField(max_length=64, unique=True)
    minted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(AnswerLinkQuerySet)()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="answer_links_by_end")]
        constraints = [
            models.CheckConstraint(
                name="an_answer_link_keeps_a_hash_alone",
                condition=Q(token_hash__regex=r"^[0-9a-f]{64}$"),  # noqa: S106  a pattern
            ),
            models.CheckConstraint(
                name="an_answer_link_has_one_purpose", condition=Q(purpose__in=["come", "cancel", "late"])
            ),
            models.CheckConstraint(
                name="an_answer_link_ends_after_it_begins", condition=Q(expires_at__gt=models.F("minted_at"))
            ),
        ]

    def __str__(self) -> str:
        return f"Answer link #{self.pk}"
