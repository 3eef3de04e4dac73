"""The lines of those who wait for a place, as far as booking and cancelling touch them."""

from __future__ import annotations

from datetime import datetime

from iop_portal.audit import trail
from iop_portal.notices import outbox
from iop_portal.people.models import Enrolment, User
from scheduling.models import Booking, Session, Waiting


def end_wait(entry: Waiting, state: Waiting.State, *, by: User | None, now: datetime, verb: str) -> None:
    """Inside a write that holds the session: this person waits there no more, and is not told of an offer any more."""
    entry.state, entry.ended_at, entry.ended_by = state, now, by
    entry.save(update_fields=["state", "ended_at", "ended_by", "booking"])
    outbox.withdraw(about=entry, now=now)
    trail.record(verb, entry, client=entry.person, by=by, at=now)


def take_up(key: int, made: Booking, *, by: User, now: datetime) -> None:
    """Who waited has a place now, whether one was offered to them or the line was empty before them."""
    entry = Waiting.objects.select_for_update(of=("self",)).select_related("person").get(pk=key)
    entry.booking = made
    end_wait(entry, Waiting.State.ACCEPTED, by=by, now=now, verb="waiting.accepted")


def leave_lines_of(enrolment: Enrolment, *, by: User | None, now: datetime) -> None:
    """Inside the write that ends an enrolment: who has left the program waits for nothing in it."""
    waits = Waiting.objects.live().filter(person=enrolment.client_id, session__program=enrolment.program_id)
    sessions = Session.objects.filter(pk__in=waits.values("session")).order_by("pk")
    list(sessions.select_for_update(no_key=True, of=("self",)))
    for entry in waits.select_for_update(of=("self",)).select_related("person").order_by("pk"):
        end_wait(entry, Waiting.State.WITHDRAWN, by=by, now=now, verb="waiting.closed")


def close_line(session: Session, *, by: User | None, now: datetime) -> None:
    """Inside the write that cancels a session: there is nothing to wait for any more."""
    rows = Waiting.objects.live().filter(session=session).select_for_update(of=("self",))
    for entry in rows.select_related("person").order_by("pk"):
        end_wait(entry, Waiting.State.WITHDRAWN, by=by, now=now, verb="waiting.closed")
