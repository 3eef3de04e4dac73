"""Changing a session with everybody in it: it is cancelled, or moved. Who is booked keeps their place and hears of it.

Locks are taken in the order session, room, clinician, person, several of a kind by their keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, prefetch_related_objects
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from psycopg2.extras import DateTimeTZRange

from iop_portal.audit import trail
from iop_portal.markup import day_clock
from iop_portal.notices import outbox
from iop_portal.people.models import Apart, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.leading import check_leaders
from scheduling.lines import close_line
from scheduling.models import Booking, CalendarDelivery, Facilitation, Room, Session, TimeOff
from scheduling.reminders import withdraw_reminders

SHORTEST, LONGEST = timedelta(minutes=5), timedelta(hours=8)
# Those that compare times wait until all that moves together has moved.
NOBODY_IN_TWO_PLACES = (
    "a_room_holds_one_session_at_a_time",
    "a_clinician_is_in_one_session_at_a_time",
    "a_person_is_in_one_place_at_a_time",
)


class SessionCancelled(Refused):
    message = _("This session has been cancelled already.")


class SessionHasBegun(Refused):
    message = _("This session has begun, so it stays as it is.")


class TimeHasPassed(Refused):
    message = _("This time has passed. Choose one that is still ahead.")
    status = 400


class OddLength(Refused):
    message = _("A session lasts from 5 minutes to 8 hours.")
    constraint = "a_session_lasts_from_5_minutes_to_8_hours"
    status = 400


class SessionNowhere(Refused):
    message = _("Choose a room, or say that it is by video, or both.")
    constraint = "a_session_is_somewhere"
    status = 400


class RoomNotInUse(Refused):
    message = _("Choose a room of this program that is in use.")
    status = 400


class RoomBusy(Refused):
    message = _("%(room)s is taken on %(when)s. Choose another time or another room.")


class LeaderBusy(Refused):
    message = _("%(name)s leads something else on %(when)s. Choose another time or somebody else.")


class LeaderAway(Refused):
    message = _("%(name)s is away on %(when)s. Choose another time or somebody else.")


class SeatsTaken(Refused):
    message = _("More people than that are booked already. Choose more places.")
    constraint = "capacity_holds_who_is_booked"


class LeaderKeptApart(Refused):
    message = _("Somebody who is booked does not meet one of these leaders here. Choose somebody else.")


class PeopleBusy(Refused):
    """Nobody's place is given away unasked, and nobody's other appointment is told."""

    def __str__(self) -> str:
        count = int(str(self.words["count"]))
        return ngettext(
            "%(count)d place is taken by somebody who has something else booked at the new time. "
            "Choose another time, or say that this place is given back.",
            "%(count)d places are taken by people who have something else booked at the new time. "
            "Choose another time, or say that these places are given back.",
            count,
        ) % {"count": count}


@dataclass(frozen=True)
class Setting:
    """When and where a session is, who leads it and for how many."""

    during: DateTimeTZRange
    room: Room | None
    video: bool
    leaders: tuple[User, ...]
    capacity: int


@dataclass(frozen=True)
class Changed:
    """How many sessions differ from before, how many bookings moved with them, and how many were given back."""

    sessions: int = 0
    moved: int = 0
    given_back: int = 0

    def __add__(self, other: Changed) -> Changed:
        return Changed(self.sessions + other.sessions, self.moved + other.moved, self.given_back + other.given_back)


# Who leads, for as many sessions as there are in two queries.
LEADERS = Prefetch("facilitations", Facilitation.objects.select_related("clinician"))


def setting_of(session: Session) -> Setting:
    prefetch_related_objects([session], LEADERS)
    leaders = tuple(each.clinician for each in session.facilitations.all())
    return Setting(session.during, session.room, session.video, leaders, session.capacity)


# ── Cancelling ────────────────────────────────────────────────────────────────────────────────────────────────


@write
def cancel_session(session: Session, *, by: User | None, now: datetime, told: bool = True) -> Session:
    """It does not take place. Whoever is booked hears of it, unless they are told in another way."""
    (locked,) = _lock([session], now=now)
    bookings = _live_bookings([locked])
    _give_back(bookings, by=by, now=now, told=told)
    close_line(locked, by=by, now=now)
    locked.state, locked.live = Session.State.CANCELLED, False
    locked.save(update_fields=["state", "live"])
    trail.record("session.cancelled", locked, by=by, at=now, facts={"booked": len(bookings)})
    return locked


@write
def release(bookings: QuerySet[Booking], *, by: User | None, now: datetime) -> int:
    """Give back somebody's places ahead for them: how many. An hour that was made for them alone is cancelled too.

    Who is told is the caller's to see to, save for those whose calendar lives on mail: it would keep the entries.
    What is booked while the sessions are being locked is not among them.
    """
    keys = list(bookings.values_list("session", flat=True))
    rows = Session.objects.filter(pk__in=keys).select_for_update(of=("self",))
    sessions = {each.pk: each for each in rows.order_by("pk")}
    held = bookings.filter(session__in=list(sessions)).select_for_update(of=("self",))
    found = list(held.select_related("person").order_by("pk"))
    by_mail = set(
        CalendarDelivery.objects.filter(
            person__in={each.person_id for each in found}, way=CalendarDelivery.Way.MAIL
        ).values_list("person", flat=True)
    )
    _give_back([each for each in found if each.person_id in by_mail], by=by, now=now, told=True)
    _give_back([each for each in found if each.person_id not in by_mail], by=by, now=now, told=False)
    alone = [sessions[each.session_id] for each in found if sessions[each.session_id].for_one_alone]
    for session in alone:
        session.state, session.live = Session.State.CANCELLED, False
        session.save(update_fields=["state", "live"])
    return len(found)


def _give_back(bookings: Sequence[Booking], *, by: User | None, now: datetime, told: bool) -> None:
    """By the program, which never counts against anybody."""
    Booking.objects.filter(pk__in=[each.pk for each in bookings]).update(
        state=Booking.State.CANCELLED_BY_PROGRAM, occupies=False, cancelled_at=now, cancelled_by=by
    )
    withdraw_reminders(bookings, now=now)
    for booking in bookings:
        outbox.withdraw(about=booking, now=now)
        trail.record("booking.cancelled_by_program", booking, client=booking.person, by=by, at=now)
        if told:
            outbox.queue("booking_cancelled", to=booking.person, client=booking.person, about=booking, now=now)


# ── Moving ────────────────────────────────────────────────────────────────────────────────────────────────────


@write
def move_session(
    session: Session,
    *,
    during: DateTimeTZRange | None = None,
    room: Room | None = None,
    video: bool = False,
    leaders: Iterable[User] | None = None,
    give_back: bool = False,
    by: User,
    now: datetime,
) -> Changed:
    """Another time, another place (a room, by video, or both; neither: where it was) or other leaders.

    People keep their places. Where somebody has something else then, the move is refused, unless their places are
    given back.
    """
    session = Session.objects.select_related("room").get(pk=session.pk)
    wanted = setting_of(session)
    if during is not None:
        wanted = replace(wanted, during=during)
    if room is not None or video:
        wanted = replace(wanted, room=room, video=video)
    if leaders is not None:
        wanted = replace(wanted, leaders=tuple(leaders))
    return move_sessions({session: wanted}, give_back=give_back, by=by, now=now)


@write
def move_sessions(wanted: Mapping[Session, Setting], *, give_back: bool = False, by: User, now: datetime) -> Changed:
    """Several at once, all or none: they may take one another's times and rooms. The last says why not."""
    before = {locked: setting_of(locked) for locked in _lock(wanted, now=now)}
    moves = {session: wanted[session] for session, held in before.items() if wanted[session] != held}
    for session, setting in moves.items():
        _check(session, before[session], setting, now=now)
    bookings = _lock_everybody(moves)
    _check_apart(moves, bookings)
    _check_away(moves, before)
    with connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS {', '.join(NOBODY_IN_TWO_PLACES)} DEFERRED")
    for session, setting in moves.items():
        _apply(session, before[session], setting)
    given_back = _see_to_clashes(list(moves), bookings, give_back=give_back, by=by, now=now)
    with connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS {', '.join(NOBODY_IN_TWO_PLACES)} IMMEDIATE")
    stay = [each for each in bookings if each not in given_back]
    told = [each for each in stay if _is_news(each.session, before[each.session], moves[each.session])]
    withdraw_reminders(told, now=now)
    for booking in told:
        session = booking.session
        verb = "booking.moved" if _is_elsewhere(before[session], moves[session]) else "booking.handed_over"
        entry = trail.record(verb, booking, client=booking.person, by=by, at=now)
        outbox.queue("session_moved", to=booking.person, client=booking.person, about=entry, now=now)
    for session, setting in moves.items():
        facts = {"fields": ", ".join(_differences(before[session], setting))}
        trail.record("session.moved", session, by=by, at=now, facts=facts)
    return Changed(len(moves), len(told), len(given_back))


def _lock(sessions: Iterable[Session], *, now: datetime) -> list[Session]:
    rows = Session.objects.filter(pk__in=[each.pk for each in sessions]).select_for_update(of=("self",))
    locked = list(rows.select_related("program", "room").prefetch_related(LEADERS).order_by("pk"))
    for session in locked:
        if not session.live:
            raise SessionCancelled
        if session.starts_at <= now:
            raise SessionHasBegun
    return locked


def _check(session: Session, held: Setting, wanted: Setting, *, now: datetime) -> None:
    """What does not depend on what else there is."""
    begins, ends = wanted.during.lower, wanted.during.upper
    assert begins
    assert ends
    if begins <= now:
        raise TimeHasPassed
    if not SHORTEST <= ends - begins <= LONGEST:
        raise OddLength
    if wanted.room is None and not wanted.video:
        raise SessionNowhere
    if wanted.room and not (wanted.room.program_id == session.program_id and wanted.room.in_use):
        raise RoomNotInUse
    if (wanted.during, set(wanted.leaders)) != (held.during, set(held.leaders)):
        zone = ZoneInfo(session.program.zone)
        check_leaders(wanted.leaders, program=session.program, on=begins.astimezone(zone).date())


def _lock_everybody(moves: Mapping[Session, Setting]) -> list[Booking]:
    """Rooms, clinicians and persons: who is booked cannot change any more. Their bookings."""
    rooms = {setting.room.pk for setting in moves.values() if setting.room}
    list(Room.objects.filter(pk__in=rooms).select_for_update(no_key=True).order_by("pk"))
    leaders = {leader.pk for setting in moves.values() for leader in setting.leaders}
    list(User.objects.filter(pk__in=leaders).select_for_update(no_key=True).order_by("pk"))
    bookings = _live_bookings(moves)
    people = {booking.person_id for booking in bookings}
    list(User.objects.filter(pk__in=people).select_for_update(no_key=True).order_by("pk"))
    return bookings


def _live_bookings(sessions: Iterable[Session]) -> list[Booking]:
    by_key = {session.pk: session for session in sessions}
    rows = Booking.objects.live().filter(session__in=by_key).select_for_update(of=("self",))
    found = list(rows.select_related("person").order_by("pk"))
    for booking in found:
        booking.session = by_key[booking.session_id]
    return found


def _check_apart(moves: Mapping[Session, Setting], bookings: Iterable[Booking]) -> None:
    meet = {(each.person_id, leader.pk) for each in bookings for leader in moves[each.session].leaders}
    people, leaders = {person for person, _leader in meet}, {leader for _person, leader in meet}
    pairs = Apart.objects.live().filter(Q(one__in=people, other__in=leaders) | Q(other__in=people, one__in=leaders))
    if any({(one, other), (other, one)} & meet for one, other in pairs.values_list("one", "other")):
        raise LeaderKeptApart


def _check_away(moves: Mapping[Session, Setting], before: Mapping[Session, Setting]) -> None:
    """Under the lock of the clinicians nobody notes time off meanwhile. Who stays where they were is asked nothing."""
    for session, wanted in moves.items():
        held = before[session]
        new = [one for one in wanted.leaders if wanted.during != held.during or one not in held.leaders]
        away = TimeOff.objects.standing().filter(program=session.program_id, clinician__in=new)
        if hit := away.filter(during__overlap=wanted.during).select_related("clinician").first():
            raise LeaderAway(name=hit.clinician.full_name, when=day_clock(wanted.during.lower))


def _apply(session: Session, held: Setting, wanted: Setting) -> None:
    """Facilitations and bookings follow the session's time by their foreign keys: who leads it no more goes first."""
    session.facilitations.exclude(clinician__in=wanted.leaders).delete()
    session.during, session.room, session.video = wanted.during, wanted.room, wanted.video
    session.capacity = wanted.capacity
    session.save(update_fields=["during", "room", "video", "capacity"])
    for leader in wanted.leaders:
        if leader not in held.leaders:
            Facilitation.objects.create(session=session, clinician=leader, during=session.during)


def _see_to_clashes(
    moved: Sequence[Session], bookings: Sequence[Booking], *, give_back: bool, by: User, now: datetime
) -> list[Booking]:
    """Asked after the move and before the database does, which could not say who or what: who gave a place back."""
    room = _doubled(Session.objects.filter(pk__in=[each.pk for each in moved], live=True), Session, "room")
    if taken := room.select_related("room").first():
        raise RoomBusy(room=taken.room, when=day_clock(taken.starts_at))
    led = _doubled(Facilitation.objects.filter(session__in=moved, live=True), Facilitation, "clinician")
    if busy := led.select_related("clinician").first():
        raise LeaderBusy(name=busy.clinician.full_name, when=day_clock(busy.during.lower))
    booked = Booking.objects.live()
    clashing = set(_doubled(booked.filter(session__in=moved), Booking, "person").values_list("pk", flat=True))
    released = [each for each in bookings if each.pk in clashing]
    if released and not give_back:
        raise PeopleBusy(count=len(released))
    _give_back(released, by=by, now=now, told=True)
    return released


def _doubled(rows: QuerySet[Any], model: Any, key: str) -> QuerySet[Any]:
    """Those of the rows over whose time there is another one of the same room, clinician or person."""
    live = {"occupies": True} if model is Booking else {"live": True}
    same = model.objects.filter(**{key: OuterRef(key)}, during__overlap=OuterRef("during"), **live)
    return rows.filter(Exists(same.exclude(pk=OuterRef("pk"))))


def _is_news(session: Session, held: Setting, wanted: Setting) -> bool:
    """Whether those who come have to know. Who leads a group stands on the page; one client’s hour is with somebody."""
    return _is_elsewhere(held, wanted) or (not session.listed and set(held.leaders) != set(wanted.leaders))


def _is_elsewhere(held: Setting, wanted: Setting) -> bool:
    return (held.during, held.room, held.video) != (wanted.during, wanted.room, wanted.video)


def _differences(held: Setting, wanted: Setting) -> list[str]:
    return [name for name in ("during", "room", "video", "leaders", "capacity") if _differ(name, held, wanted)]


def _differ(name: str, held: Setting, wanted: Setting) -> bool:
    return bool(getattr(held, name) != getattr(wanted, name))
