"""Follow-ups: a human act is owed, by somebody, by a time, for a reason."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from iop_portal.people.models import Program, User


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def open(self) -> FollowUpQuerySet:
        return self.filter(resolved_at=None)

    def waiting_for(self, user: User, now: datetime | None = None) -> FollowUpQuerySet:
        """Open ones that a person owns, without those snoozed for later."""
        now = now or timezone.now()
        return self.open().filter(Q(snoozed_until=None) | Q(snoozed_until__lte=now), owner=user)

    def visible_to(self, user: User) -> FollowUpQuerySet:
        """One's own, and those about clients whose record is open to one."""
        return self.filter(Q(owner=user) | Q(client__in=User.objects.caseload_of(user)))


class FollowUp(models.Model):
    """`kind` finds its words in `followups.kinds`; `about` is what it concerns. Escalation changes the owner."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=60)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="follow_ups")
    client = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    about_type = models.CharField(max_length=60)
    about_id = models.BigIntegerField()
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    snoozed_until = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    escalated_from = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    outcome = models.TextField(blank=True)

    objects = models.Manager.from_queryset(FollowUpQuerySet)()

    class Meta:
        ordering = ("due_at", "pk")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "about_type", "about_id"],
                condition=Q(resolved_at=None),
                name="one_open_follow_up_per_subject",
            ),
            models.CheckConstraint(
                name="a_follow_up_is_resolved_by_somebody_with_an_outcome",
                condition=Q(resolved_at=None, resolved_by=None, outcome="")
                | Q(resolved_at__isnull=False, resolved_by__isnull=False) & ~Q(outcome=""),
            ),
            models.CheckConstraint(
                name="a_follow_up_is_acknowledged_by_somebody",
                condition=Q(acknowledged_at=None, acknowledged_by=None)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
            ),
            models.CheckConstraint(
                name="an_escalation_says_from_whom",
                condition=Q(escalated_at=None, escalated_from=None)
                | Q(escalated_at__isnull=False, escalated_from__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class Heartbeat(models.Model):
    """When a watch last ran. Readiness depends on it: an alarm that died in silence is the worst kind."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
