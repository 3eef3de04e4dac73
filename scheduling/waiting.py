"""Waiting for a place in a full session: in line, with a place offered to one after the other.

A place that is offered is taken for everybody else, by the database too. What is free and whom it is offered to is
found from the state alone, every few seconds: nothing depends on anybody having told that a place became free, and
what runs twice or at once changes nothing more.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.notices import outbox
from iop_portal.notices.quiet import after_waking
from iop_portal.people.models import User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.booking import AlreadyBooked, book_seat, bookings_of, cancel_booking, held_policy, offered
from scheduling.lines import end_wait
from scheduling.models import Booking, Facilitation, Session, Waiting
from scheduling.seats import seat_in

log = logging.getLogger(__name__)

# Nobody comes in less: then the line is closed.
CLOSES_BEFORE = timedelta(minutes=30)
SHOWN_FOR = timedelta(days=7)
MOST_PER_RUN = 500


class PlaceIsFree(Refused):
    message = _("There is a place: you can book it.")


class AlreadyWaiting(Refused):
    message = _("You wait for a place there already.")
    constraint = "one_waits_once_for_a_session"


class WaitsNoMore(Refused):
    message = _("You do not wait for this place any more.")


class OfferGone(Refused):
    message = _("This place is not kept for you any more. You can wait for another one.")


class LineClosed(Refused):
    message = _("This begins so soon that waiting for a place would come to nothing. Choose another time.")


class OtherThanShown(Refused):
    message = _("What you have booked at that time has changed. Look at it again, and decide.")


# ── In line ───────────────────────────────────────────────────────────────────────────────────────────────────


@write
def join_line(session: Session, *, person: User, by: User, now: datetime) -> Waiting:
    """Keys are given under the session's lock, so that their order is that of joining, whatever the clocks say."""
    session = Session.objects.select_for_update(no_key=True, of=("self",)).get(pk=session.pk)
    seat = offered(seat_in(session, person=person, now=now))
    if seat.booked:
        raise AlreadyBooked
    if seat.mine:
        raise AlreadyWaiting
    if seat.left:
        raise PlaceIsFree
    if session.starts_at - now <= CLOSES_BEFORE:
        raise LineClosed
    entry = Waiting.objects.create(session=session, person=person, joined_at=now)
    trail.record("waiting.joined", entry, client=person, by=by, at=now)
    return entry


@write
def leave_line(entry: Waiting, *, by: User, now: datetime) -> Waiting:
    """Wait no more, or let an offered place go to the next."""
    locked = _lock(entry)
    if locked.state == Waiting.State.WAITING:
        end_wait(locked, Waiting.State.WITHDRAWN, by=by, now=now, verb="waiting.left")
    elif locked.state == Waiting.State.OFFERED:
        end_wait(locked, Waiting.State.DECLINED, by=by, now=now, verb="waiting.declined")
    else:
        raise WaitsNoMore
    return locked


@write
def accept_offer(entry: Waiting, *, instead_of: Sequence[Booking] = (), by: User, now: datetime) -> Booking:
    """Book the place that is kept. What overlaps it is given up for it if the person saw all of it, or nothing is."""
    if instead_of:
        sessions = {entry.session_id, *(held.session_id for held in instead_of)}
        list(Session.objects.filter(pk__in=sessions).select_for_update(no_key=True).order_by("pk"))
    locked = _lock(entry)
    if not locked.stands(now):
        raise OfferGone
    if instead_of and set(overlapping(locked)) != set(instead_of):
        raise OtherThanShown
    for held in instead_of:
        cancel_booking(held, by=by, now=now)
    return book_seat(locked.session, person=locked.person, by=by, now=now)


def overlapping(entry: Waiting) -> QuerySet[Booking]:
    """What else the person has booked over the time of the place."""
    return bookings_of(entry.person).filter(during__overlap=entry.session.during).exclude(session=entry.session_id)


def _lock(entry: Waiting) -> Waiting:
    session = Session.objects.select_for_update(no_key=True).get(pk=entry.session_id)
    locked = Waiting.objects.select_for_update(of=("self",)).select_related("person").get(pk=entry.pk)
    locked.session = session
    return locked


# ── Offering ──────────────────────────────────────────────────────────────────────────────────────────────────


def offer_free_places(*, now: datetime) -> int:
    """End what is over, and offer what is free to whoever is next: how many offers that made.

    Each line by itself: one that fails is logged, tried again at the next run, and keeps no other back.
    """
    for key in list(_over(now).values_list("pk", flat=True)[:MOST_PER_RUN]):
        _each(_end_if_over, key, now=now)
    return sum(_each(_offer, key, now=now) for key in list(_with_a_free_place(now)[:MOST_PER_RUN]))


def _each(act, key: int, *, now: datetime) -> int:  # type: ignore[no-untyped-def]
    try:
        return int(act(key, now=now))
    except (DatabaseError, Refused) as error:
        log.error("line not served", extra={"facts": {"key": key, "failure": type(error).__name__}})
        return 0


def _over(now: datetime) -> QuerySet[Waiting]:
    """Offers that ran out, lines that are closed, and whoever waits for what they have or what does not take place."""
    begins = Q(session__during__startswith__lte=now + CLOSES_BEFORE)
    ran_out = Q(state=Waiting.State.OFFERED) & (Q(expires_at__lte=now) | Q(session__during__startswith__lte=now))
    closed = Q(state=Waiting.State.WAITING) & begins
    has_it = Exists(Booking.objects.live().filter(session=OuterRef("session"), person=OuterRef("person")))
    return Waiting.objects.live().filter(ran_out | closed | Q(session__live=False) | has_it).order_by("pk")


@write
def _end_if_over(key: int, *, now: datetime) -> int:
    entry = _lock(Waiting.objects.get(pk=key))
    if not _over(now).filter(pk=key).exists():
        return 0
    has_it = Booking.objects.live().filter(session=entry.session, person=entry.person).exists()
    if has_it or not entry.session.live:
        end_wait(entry, Waiting.State.WITHDRAWN, by=None, now=now, verb="waiting.closed")
    else:
        end_wait(entry, Waiting.State.LAPSED, by=None, now=now, verb="waiting.lapsed")
        outbox.queue("place_not_had", to=entry.person, client=entry.person, about=entry, now=now)
    return 1


def _with_a_free_place(now: datetime) -> QuerySet[Session, int]:
    """Sessions in which somebody waits and a seat is free, by key."""
    lines = Waiting.objects.in_line().filter(session=OuterRef("pk"))
    upcoming = Session.objects.filter(Exists(lines), live=True, during__startswith__gt=now + CLOSES_BEFORE)
    taken = _count(Booking.objects.live().filter(takes_seat=True)) + _count(Waiting.objects.offered())
    return upcoming.alias(taken=taken).filter(capacity__gt=F("taken")).order_by("pk").values_list("pk", flat=True)


def _count(rows: QuerySet) -> Coalesce:  # type: ignore[type-arg]
    counted = rows.filter(session=OuterRef("pk")).order_by().values("session").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


@write
def _offer(key: int, *, now: datetime) -> int:
    """Offer the free seats of one session to those who are first and can take one.

    Somebody who would meet a person that they are kept apart from is passed over without a word. Whoever has come to
    a place in another way, or to whom the session is not open any more, waits no longer.
    """
    whole = ("program__policy", "modality")
    session = Session.objects.select_for_update(no_key=True, of=("self",)).select_related(*whole).get(pk=key)
    until = stands_until(session, now=now)
    free = session.capacity - _taken(session)
    made = 0
    for entry in Waiting.objects.in_line().filter(session=session).select_related("person"):
        if made >= free or not session.live or until <= now:
            break
        entry.session = session
        seat = seat_in(session, person=entry.person, now=now)
        if seat is None or seat.booked:
            end_wait(entry, Waiting.State.WITHDRAWN, by=None, now=now, verb="waiting.closed")
        elif not seat.meets:
            _offer_to(entry, until=until, now=now)
            made += 1
    return made


def _offer_to(entry: Waiting, *, until: datetime, now: datetime) -> None:
    entry.state, entry.offered_at, entry.expires_at = Waiting.State.OFFERED, now, until
    entry.save(update_fields=["state", "offered_at", "expires_at"])
    trail.record("waiting.offered", entry, client=entry.person, at=now)
    outbox.queue("place_offered", to=entry.person, client=entry.person, about=entry, now=now)


def stands_until(session: Session, *, now: datetime) -> datetime:
    """The quiet hours of the program do not count, and who takes it has to be able to come."""
    policy = held_policy(session.program)
    ends = after_waking(session.program, since=now, length=policy.offer_stands)
    return min(ends, session.starts_at - CLOSES_BEFORE)


def _taken(session: Session) -> int:
    booked = Booking.objects.live().filter(session=session, takes_seat=True).count()
    return booked + Waiting.objects.offered().filter(session=session).count()


# ── What is seen of it ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Line:
    """How many wait for a place in a session, how many have one offered, and what became of the others."""

    waiting: int
    offered: int
    accepted: int
    declined: int
    lapsed: int

    @property
    def anybody(self) -> bool:
        return any((self.waiting, self.offered, self.accepted, self.declined, self.lapsed))


def line_of(session: Session) -> Line:
    found = dict(Waiting.objects.filter(session=session).order_by().values_list("state").annotate(n=Count("pk")))
    return Line(*(found.get(state, 0) for state in ("waiting", "offered", "accepted", "declined", "lapsed")))


def own_waits(person: User) -> QuerySet[Waiting]:
    """With all that a page says about each, and how many are before them in line: two queries."""
    leaders = Prefetch("session__facilitations", Facilitation.objects.select_related("clinician"))
    whole = ("person", "session__modality", "session__room", "session__program")
    return Waiting.objects.placed().filter(person=person).select_related(*whole).prefetch_related(leaders)


def waits_shown(person: User, *, now: datetime) -> list[Waiting]:
    """Those that are live, and what became of the others, for a week after the session."""
    shown = own_waits(person).filter(session__during__startswith__gt=now - SHOWN_FOR)
    return list(shown.order_by("session__during", "pk"))


def offers_to(person: User, *, now: datetime) -> list[Waiting]:
    """Places that are kept for somebody now, the one that runs out first before the others."""
    return list(own_waits(person).filter(state=Waiting.State.OFFERED, expires_at__gt=now).order_by("expires_at"))
