"""What changed in what is prescribed to somebody: they are told of it, and find it on their first page until they look.

Where sessions were booked or given back for it, the mail about those is enough: nobody gets two for one change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from iop_portal.audit import trail
from iop_portal.notices import outbox
from iop_portal.notices.channels import Channel
from iop_portal.notices.told import read_of
from iop_portal.people.models import Enrolment, User
from iop_portal.writes import write
from therapy.models import Prescription

CHANGED = "care_changed"


@dataclass(frozen=True)
class Change:
    """What holds now, and whether it is another phase than before or only another amount."""

    now: Prescription
    another_phase: bool


def tell_of_change(made: Prescription, *, by_mail: bool, now: datetime) -> None:
    """Called by the write that changed it. What they look at before it goes out is owed no more."""
    client = made.enrolment.client
    channels = {Channel.MAIL, Channel.PORTAL} if by_mail else {Channel.PORTAL}
    outbox.queue(CHANGED, to=client, client=client, about=made, channels=channels, now=now)


def still_owed(made: Prescription) -> bool:
    return made.until is None and made.seen_at is None and made.enrolment.state == Enrolment.State.ADMITTED


def changes_unseen_by(client: User) -> list[Change]:
    """Of what holds for them now, and was something else before. Two queries at most."""
    found = list(_unseen_by(client).select_related("track"))
    before = {each.enrolment_id: each.phase for each in _ended_of(found)}
    return [Change(each, another_phase=before[each.enrolment_id] != each.phase) for each in found]


def is_unseen(every: Sequence[Prescription]) -> bool:
    """By all that was prescribed to one enrolment, newest first."""
    return len(every) > 1 and every[0].until is None and every[0].seen_at is None


@write
def see_changes(client: User, *, now: datetime) -> None:
    """They have the page before them on which it stands. Told once, it is told no more."""
    seen = list(_unseen_by(client).select_for_update(of=("self",)))
    for made in seen:
        made.seen_at = now
        made.save(update_fields=["seen_at"])
        trail.record("care.change_seen", made, client=client, by=client, at=now)
    if seen:
        read_of(client, CHANGED, now=now)


def _unseen_by(client: User) -> QuerySet[Prescription]:
    before = Prescription.objects.filter(enrolment=OuterRef("enrolment")).exclude(until=None)
    return Prescription.objects.current().filter(
        Exists(before), enrolment__client=client, enrolment__state=Enrolment.State.ADMITTED, seen_at=None
    )


def _ended_of(found: list[Prescription]) -> QuerySet[Prescription]:
    """For each of these enrolments what held before, the last one last."""
    ended = Prescription.objects.filter(enrolment__in=[each.enrolment_id for each in found]).exclude(until=None)
    return ended.order_by("since", "pk")
