"""Follow-ups: a human act is owed, by somebody, by a time, for a reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import DurationField, Exists, ExpressionWrapper, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from iop_portal.followups.kinds import Kind, registry
from iop_portal.people.models import CareTeam, Enrolment, Program, RoleHeld, User
from iop_portal.people.roles import STAFF_ROLES, Role
from iop_portal.people.seeing import kept_apart, places_on_care_teams, programs_of

# How long "I take it on" holds once something is due, counted from then or from the end of a snooze.
TAKEN_ON_HOLDS = timedelta(days=1)


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def open(self) -> FollowUpQuerySet:
        return self.filter(resolved_at=None)

    def pressing(self, now: datetime) -> FollowUpQuerySet:
        """Open ones, without those snoozed for later."""
        return self.open().filter(Q(snoozed_until=None) | Q(snoozed_until__lte=now))

    def waiting_for(self, user: User, now: datetime | None = None) -> FollowUpQuerySet:
        """Open ones that a person owns and may see, without those snoozed for later."""
        return self.pressing(now or timezone.now()).visible_to(user).filter(owner=user)

    def visible_to(self, user: User) -> FollowUpQuerySet:
        """Acts of care: the client's care team, an admin whom one has come to, and a clinician who has one because
        they are on duty. Acts of the office: the program's admins, and whoever owns one."""
        run = programs_of(user, Role.ADMIN)
        on_duty = Q(owner=user, on_duty=True, program__in=programs_of(user, Role.CLINICIAN))
        apart = kept_apart("owner", "client")
        # In the program that owes it: another's acts would tell that the client is there too.
        cared_for = places_on_care_teams(user).filter(
            enrolment__client=OuterRef("client"), enrolment__program=OuterRef("program")
        )
        return self.filter(
            Q(Exists(cared_for))
            | (Q(owner=user, program__in=run) | on_duty) & ~Q(apart)
            | Q(client=None, program__in=run)
            | Q(client=None, owner=user)
        )

    def told_to(self, client: User) -> FollowUpQuerySet:
        """What a client reads of the acts that are owed to them: those of kinds that are told, whoever has them."""
        told = [name for name, kind in registry.items() if kind.to_client]
        return self.filter(client=client, kind__in=told)

    def unattended(self, now: datetime, *, every: timedelta) -> FollowUpQuerySet:
        """Open ones that should go on to somebody else, unless they did so less than `every` ago. One that goes on
        `within` a time of its own does so each time that it has passed, and is held by nobody for longer."""
        settled = _before(now, TAKEN_ON_HOLDS)
        taken_on = Q(acknowledged_at__gt=settled) | Q(snoozed_until__gt=settled)
        late = Q(due_at__lte=now) & ~taken_on
        moved = Q(escalated_at__gt=_before(now, every))
        return self.open().filter(late | Q(_owner_is_gone())).exclude(moved)


def _before(now: datetime, usually: timedelta) -> Any:
    """So long ago: by the row's own time, or else as usual."""
    length = Coalesce("within", Value(usually, DurationField()))
    return ExpressionWrapper(Value(now, models.DateTimeField()) - length, models.DateTimeField())


def _owner_is_gone() -> Q:
    """The owner may not sign in, has no part any more in what the follow-up is about, or is kept apart from them."""
    held = RoleHeld.objects.in_force().filter(user=OuterRef("owner"), program=OuterRef("program"))
    on_team = CareTeam.objects.filter(
        clinician=OuterRef("owner"),
        until=None,
        enrolment__client=OuterRef("client"),
        enrolment__program=OuterRef("program"),
        enrolment__state__in=Enrolment.LIVE,
    )
    sees_to_care = Q(Exists(held.filter(role=Role.ADMIN))) | (Q(Exists(on_team)) | Q(on_duty=True)) & Q(
        Exists(held.filter(role=Role.CLINICIAN))
    )
    sees_to_office = Q(Exists(held.filter(role__in=STAFF_ROLES)))
    return (
        Q(owner__is_active=False)
        | Q(client__isnull=False) & (~sees_to_care | Q(kept_apart("owner", "client")))
        | Q(client__isnull=True) & ~sees_to_office
    )


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
    escalations = models.PositiveSmallIntegerField(default=0)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    outcome = models.TextField(blank=True)
    # How often it goes on, and for how long saying "I have it" holds it, where that is not as usual.
    within = models.DurationField(null=True)
    # Its owner has it because they are on duty, and need not be on the care team.
    on_duty = models.BooleanField(default=False, db_default=False)

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
                name="what_is_urgent_goes_on_within_a_minute_to_a_day",
                condition=Q(within=None) | Q(within__gte=timedelta(minutes=1), within__lte=timedelta(days=1)),
            ),
            models.CheckConstraint(
                name="what_is_urgent_is_not_put_off", condition=Q(within=None) | Q(snoozed_until=None)
            ),
            models.CheckConstraint(
                name="an_escalation_says_from_whom",
                condition=Q(escalated_at=None, escalated_from=None)
                | Q(escalated_at__isnull=False, escalated_from__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"

    @property
    def words(self) -> Kind | None:
        """None for a kind that a later version took away."""
        return registry.get(self.kind)

    @property
    def title(self) -> str | Promise:
        return self.words.title if self.words else _("Something to do")

    @property
    def why(self) -> str | Promise:
        return self.words.why if self.words else ""

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    @property
    def taken_on(self) -> bool:
        return self.acknowledged_at is not None

    @property
    def urgent(self) -> bool:
        return self.within is not None

    @property
    def minutes(self) -> int:
        """After how many an urgent one goes on."""
        return int(self.within.total_seconds() // 60) if self.within else 0


class Heartbeat(models.Model):
    """When a watch last ran. Readiness depends on it: an alarm that died in silence is the worst kind."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
