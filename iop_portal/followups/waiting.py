"""What waits for somebody, as the pages show it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models.query import QuerySet
from django.utils.functional import Promise

from iop_portal.addresses import address_of
from iop_portal.followups.models import FollowUp
from iop_portal.people.models import User
from iop_portal.prepared import among, prepared

LATELY = timedelta(days=14)
MOST_DONE = 20


@dataclass(frozen=True)
class Waiting:
    """One row: what, about whom, by when, and where it is done."""

    follow_up: FollowUp
    title: str | Promise
    why: str | Promise
    who: str
    late: bool
    url: str
    done_elsewhere: bool

    @property
    def pk(self) -> int:
        return self.follow_up.pk

    # Until when it was put off, while that lies ahead.
    snoozed_until: datetime | None = None

    @property
    def presses(self) -> bool:
        """Late, or of a kind that cannot wait."""
        return self.late or (self.follow_up.is_open and self.follow_up.urgent)


@dataclass(frozen=True)
class Mine:
    """Everything on one's own page."""

    open: list[Waiting]
    snoozed: list[Waiting]
    done: list[Waiting]

    @property
    def count(self) -> int:
        return len(self.open) + len(self.snoozed) + len(self.done)


def needs_you(user: User, *, now: datetime) -> list[Waiting]:
    """What waits for a person now, the most urgent first. One query, however many."""
    return [row(follow_up, now=now) for follow_up in _waiting_for(user.pk, now)]


@prepared(int, datetime)
def _waiting_for(user: int, now: datetime) -> QuerySet[FollowUp]:
    return _whole(FollowUp.objects.waiting_for(User(pk=user), now))


def open_about(clients: list[int], *, now: datetime) -> dict[tuple[int | None, int], list[Waiting]]:
    """Open ones by client and program, whoever owns them. Acts of care are their care team's to see. One query."""
    found: defaultdict[tuple[int | None, int], list[Waiting]] = defaultdict(list)
    for follow_up in _open_about(clients):
        found[follow_up.client_id, follow_up.program_id].append(row(follow_up, now=now))
    return found


@prepared(list)
def _open_about(clients: list[int]) -> QuerySet[FollowUp]:
    return _whole(FollowUp.objects.open().filter(client__in=among(clients)))


def mine(user: User, *, now: datetime) -> Mine:
    """What waits, what was put off, and what one did in the last two weeks."""
    own = FollowUp.objects.visible_to(user)
    snoozed = own.open().filter(owner=user, snoozed_until__gt=now).order_by("snoozed_until", "pk")
    done = own.filter(resolved_by=user, resolved_at__gt=now - LATELY).order_by("-resolved_at", "-pk")[:MOST_DONE]
    return Mine(
        open=needs_you(user, now=now),
        snoozed=_rows(snoozed, now=now),
        done=_rows(done, now=now),
    )


def row(follow_up: FollowUp, *, now: datetime) -> Waiting:
    words = follow_up.words
    elsewhere, later = bool(words and words.page), follow_up.snoozed_until
    return Waiting(
        follow_up=follow_up,
        title=follow_up.title,
        why=follow_up.why,
        who=follow_up.client.short_name if follow_up.client else "",
        late=follow_up.is_open and follow_up.due_at <= now,
        url=address_of(words.page)(follow_up.about_id)
        if words and elsewhere
        else address_of("followups:one")(follow_up.pk),
        done_elsewhere=elsewhere,
        snoozed_until=later if follow_up.is_open and later and later > now else None,
    )


def _rows(follow_ups: QuerySet[FollowUp], *, now: datetime) -> list[Waiting]:
    return [row(follow_up, now=now) for follow_up in _whole(follow_ups)]


def _whole(follow_ups: QuerySet[FollowUp]) -> QuerySet[FollowUp]:
    """With the names that a row says."""
    names = [f"{who}__{name}" for who in ("client", "escalated_from") for name in ("preferred_name", "surname")]
    fields = [field.attname for field in FollowUp._meta.concrete_fields]
    return follow_ups.select_related("client", "escalated_from").only(*fields, *names)
