"""Messages owed. A row says what is owed to whom about what; never the text, never a secret."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from iop_portal.notices.channels import Channel


class NoticeQuerySet(models.QuerySet["Notice"]):
    def owed(self) -> NoticeQuerySet:
        return self.filter(state=Notice.State.OWED)

    def dead(self) -> NoticeQuerySet:
        return self.filter(state=Notice.State.DEAD)

    def by(self, channel: Channel) -> NoticeQuerySet:
        return self.filter(channel=channel)

    def unread(self) -> NoticeQuerySet:
        """Of what is told in the portal."""
        return self.by(Channel.PORTAL).filter(state=Notice.State.SENT, read_at=None)

    def due(self, now: datetime) -> NoticeQuerySet:
        """Owed, their time has come, and they do not rest after a try that failed.

        Those never tried come first, the oldest of them before all: one that fails stands in nobody's way.
        """
        rested = Q(resting_until=None) | Q(resting_until__lte=now)
        fresh_first = F("resting_until").asc(nulls_first=True)
        return self.owed().filter(rested, not_before__lte=now).order_by(fresh_first, "not_before", "pk")


class Notice(models.Model):
    """One owed message. Promise 5: it is owed once per (person, kind, subject, lead time, channel),
    whatever runs twice.
    """

    class State(models.TextChoices):
        OWED = "owed", "owed"
        SENT = "sent", "sent"
        WITHDRAWN = "withdrawn", "withdrawn"
        UNWANTED = "unwanted", "unwanted"
        DEAD = "dead", "dead"

    kind = models.CharField(max_length=60)
    # Nobody where the recipient has no account yet; the kind then finds the address in `about`.
    to = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="notices")
    client = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    about_type = models.CharField(max_length=60)
    about_id = models.BigIntegerField()
    lead = models.DurationField(default=timedelta(0))
    channel = models.CharField(max_length=6, choices=Channel, default=Channel.MAIL, db_default=Channel.MAIL)
    owed_at = models.DateTimeField()
    not_before = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.OWED)
    attempts = models.PositiveSmallIntegerField(default=0)
    # After a try, the time of the next one. `not_before` never changes: lateness is counted from it.
    resting_until = models.DateTimeField(null=True)
    # The class of the last error, such as SMTPServerDisconnected: its message may repeat an address.
    last_error = models.CharField(max_length=80, blank=True)
    ended_at = models.DateTimeField(null=True)
    # Set where somebody has read it in the portal.
    read_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(NoticeQuerySet)()

    class Meta:
        ordering = ("not_before", "pk")
        constraints = [
            models.UniqueConstraint(
                fields=["to", "kind", "about_type", "about_id", "lead", "channel"],
                nulls_distinct=False,
                name="a_notice_is_owed_once",
            ),
            models.CheckConstraint(
                name="a_notice_has_ended_unless_owed",
                condition=Q(state="owed", ended_at=None) | (~Q(state="owed") & Q(ended_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="notice_state_is_known",
                condition=Q(state__in=["owed", "sent", "withdrawn", "unwanted", "dead"]),
            ),
            models.CheckConstraint(name="notice_channel_is_known", condition=Q(channel__in=["mail", "text", "portal"])),
            models.CheckConstraint(
                name="only_what_was_told_in_the_portal_is_read",
                condition=Q(read_at=None) | Q(channel="portal", state="sent"),
            ),
        ]
        indexes = [
            models.Index(fields=["not_before"], condition=Q(state="owed"), name="notices_owed_now"),
            models.Index(fields=["ended_at"], condition=Q(state="dead"), name="notices_dead"),
            models.Index(fields=["about_type", "about_id"], name="notices_by_subject"),
            models.Index(fields=["to"], condition=Q(channel="portal", read_at=None), name="notices_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"
