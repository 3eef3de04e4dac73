"""Joining: what somebody finds at the door of a session, and how they say that they are there.

The door is open from a quarter of an hour before until the end. By video we ask first where the person is, as
telehealth has to each time: help has to find them, and whoever leads has to be licensed there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.markup import clock, day_clock
from iop_portal.people.models import User
from iop_portal.people.roles import ENROLLED_ROLES
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.models import Arrival, Attendance, Booking, Session, VideoRoom, Whereabouts
from scheduling.models.joining import EARLY
from scheduling.models.sessions import BookingQuerySet
from scheduling.week import Block, block_of
from therapy import agreements
from therapy.agreements import SignFirst
from therapy.models import IN_COMPANY, Agreement

# How long after a session it is still known where people were, so that it can be written into the record.
WHEREABOUTS_KEPT = timedelta(hours=24)


class NotExpected(Refused):
    message = _("You are not booked here any more.")
    constraint = "arrivals_are_of_live_bookings_at_their_time"


class TooEarlyToJoin(Refused):
    message = _("You can join from %(time)s on.")

    @classmethod
    def until(cls, moment: datetime, *, now: datetime) -> Self:
        """With the day, unless it is today."""
        today = timezone.localdate(moment) == timezone.localdate(now)
        return cls(time=clock(moment) if today else day_clock(moment))


class SessionIsOver(Refused):
    message = _("This session is over.")


class NotByVideo(Refused):
    message = _("This session is not held by video.")
    constraint = "video_rooms_are_of_live_sessions_by_video"


class NotInARoom(Refused):
    message = _("This session is held by video alone.")


@dataclass(frozen=True)
class Said:
    """What somebody says about where they are."""

    place: str
    state: str
    phone: str
    in_private: bool


class Stage(StrEnum):
    """What there is to do at the door."""

    GONE = "gone"
    OVER = "over"
    EARLY = "early"
    SIGN = "sign"
    FIND = "find"
    HERE = "here"
    ASK = "ask"
    WAIT = "wait"
    OPEN = "open"


@dataclass(frozen=True)
class Door:
    """`address` is known only where the room is open, and to those only who have said where they are."""

    entry: Block
    stage: Stage
    arrival: Arrival | None
    address: str = ""
    # What waits to be signed: by video the agreement about it before all else, in a group the one about that as well.
    to_sign: tuple[Agreement, ...] = ()

    @property
    def whereabouts(self) -> Whereabouts | None:
        return getattr(self.arrival, "whereabouts", None)

    @property
    def opens_at(self) -> datetime:
        return self.entry.begins - EARLY

    @property
    def soon(self) -> bool:
        """So near that it is worth looking again by itself."""
        return self.opens_at - self.entry.now < timedelta(minutes=30)

    @property
    def asks_again(self) -> bool:
        """Whether the page changes by itself. A form that somebody fills in stays as it is."""
        return self.stage in (Stage.WAIT, Stage.OPEN) or (self.stage == Stage.EARLY and self.soon)


def own_bookings(person: User, *, now: datetime) -> BookingQuerySet:
    """Of a relative those alone of which they may know."""
    own: BookingQuerySet = Booking.objects.filter(person=person)
    return own if person.roles & set(ENROLLED_ROLES.values()) else own.permitted_to(person, now)


def may_know(booking: Booking, now: datetime | None = None) -> bool:
    """Whether its person may still be told of it."""
    return own_bookings(booking.person, now=now or timezone.now()).filter(pk=booking.pk).exists()


def with_arrivals(bookings: QuerySet[Booking]) -> QuerySet[Booking]:
    return bookings.select_related("arrival__whereabouts")


def door_of(booking: Booking, *, now: datetime, by_video: bool = False, again: bool = False) -> Door:
    """For a booking `with_sessions` and `with_arrivals`. `by_video` is a wish where there is a room as well; `again`
    asks anew where somebody is who has said it already. One query at most."""
    entry, session = block_of(booking, now=now), booking.session
    found = getattr(booking, "arrival", None)
    arrival = found if found and found.is_of(entry.begins) else None
    if not booking.occupies:
        return Door(entry, Stage.GONE, arrival)
    if entry.over:
        return Door(entry, Stage.OVER, arrival)
    if now < entry.begins - EARLY:
        return Door(entry, Stage.EARLY, arrival)
    video = session.video and (session.room_id is None or by_video or bool(arrival and arrival.by_video))
    if not video:
        here = arrival is not None
        return Door(
            entry, Stage.HERE if here else Stage.FIND, arrival, to_sign=() if here else _to_sign(booking, video=False)
        )
    if again or arrival is None or not arrival.by_video or not hasattr(arrival, "whereabouts"):
        to_sign = _to_sign(booking, video=True)
        stops = any(each.kind == Agreement.Kind.TELEHEALTH for each in to_sign)
        return Door(entry, Stage.SIGN if stops else Stage.ASK, arrival, to_sign=to_sign)
    room = VideoRoom.objects.open().filter(session=session).first()
    return Door(entry, Stage.OPEN if room else Stage.WAIT, arrival, room.address if room else "")


def _to_sign(booking: Booking, *, video: bool) -> tuple[Agreement, ...]:
    """Of what concerns this session, the agreement about video first. One query."""
    session = booking.session
    kinds = {Agreement.Kind.TELEHEALTH} if video else set()
    if session.modality.format in IN_COMPANY:
        kinds.add(Agreement.Kind.GROUP)
    owed = agreements.owed_by(booking.person, program=session.program).filter(kind__in=kinds) if kinds else ()
    return tuple(sorted(owed, key=lambda each: each.kind != Agreement.Kind.TELEHEALTH))


@write
def come_to_room(booking: Booking, *, by: User, now: datetime) -> Arrival:
    """I am here."""
    held = _expected(booking, now=now)
    if held.session.room_id is None:
        raise NotInARoom
    return _arrived(held, by_video=False, by=by, now=now)


@write
def come_by_video(booking: Booking, said: Said, *, by: User, now: datetime) -> Arrival:
    """At the door of the video call, having said where one is. Saying it again replaces what was said."""
    held = _expected(booking, now=now)
    if not held.session.video:
        raise NotByVideo
    if agreements.owed_by(held.person, program=held.session.program).filter(kind=Agreement.Kind.TELEHEALTH).exists():
        raise SignFirst
    arrival = _arrived(held, by_video=True, by=by, now=now)
    Whereabouts.objects.update_or_create(
        arrival=arrival,
        defaults={
            "place": said.place,
            "state": said.state,
            "phone": said.phone,
            "in_private": said.in_private,
            "told_at": now,
        },
    )
    return arrival


@write
def let_in(arrival: Arrival, *, by: User, now: datetime) -> None:
    """The address of the call is shown to them, for the first time."""
    # Clocks of two servers differ a little.
    if Arrival.objects.filter(pk=arrival.pk, by_video=True, joined_at=None).update(joined_at=Greatest(now, F("at"))):
        trail.record("arrival.joined", arrival, client=by, by=by, at=now)


def _expected(booking: Booking, *, now: datetime) -> Booking:
    """The booking under its lock: whoever cancels or moves it meanwhile waits."""
    held = Booking.objects.select_for_update(of=("self",), no_key=True).select_related("session", "person")
    locked = held.get(pk=booking.pk)
    if not locked.occupies:
        raise NotExpected
    if now >= locked.ends_at:
        raise SessionIsOver
    if now < locked.starts_at - EARLY:
        raise TooEarlyToJoin.until(locked.starts_at - EARLY, now=now)
    return locked


def _arrived(booking: Booking, *, by_video: bool, by: User, now: datetime) -> Arrival:
    before = Arrival.objects.filter(booking=booking).first()
    if before and before.is_of(booking.starts_at) and before.by_video == by_video:
        return before
    came = before.at if before and before.is_of(booking.starts_at) else now
    arrival, _made = Arrival.objects.update_or_create(
        booking=booking, defaults={"at": came, "by_video": by_video, "joined_at": None}
    )
    if not by_video:
        Whereabouts.objects.filter(arrival=arrival).delete()
    verb = "arrival.by_video" if by_video else "arrival.in_room"
    trail.record(verb, arrival, client=booking.person, by=by, at=now)
    return arrival


# ── For those who lead ────────────────────────────────────────────────────────────────────────────────────────


def arrivals_in(session: Session) -> Sequence[Arrival]:
    """Of everybody who is booked, with `booking.person`, and `in_private` where they said it. One query."""
    return list(Arrival.objects.expected_at(session).with_people())


@dataclass(frozen=True)
class Answer:
    """What an arrival says of who came, for whoever leads to confirm. Nothing is recorded by it."""

    state: str
    minutes: int
    by_video: bool


def answer_of(arrival: Arrival | None, booking: Booking, *, grace: int) -> Answer | None:
    """Present, or late past the program's `grace` (minutes), from when somebody was at the door: whoever waited for
    the room to be opened was not late. Nothing of who only waits, or came before the session moved."""
    if arrival is None or not arrival.is_of(booking.starts_at) or (arrival.by_video and arrival.joined_at is None):
        return None
    whole, late = booking.ends_at - booking.starts_at, max(timedelta(0), arrival.at - booking.starts_at)
    if late <= timedelta(minutes=grace):
        return Answer(Attendance.State.PRESENT, _in_minutes(whole), arrival.by_video)
    return Answer(Attendance.State.LATE, max(1, _in_minutes(whole - late)), arrival.by_video)


def _in_minutes(length: timedelta) -> int:
    return round(length.total_seconds() / 60)


@write
def read_whereabouts(booking: Booking, *, by: User, now: datetime) -> Whereabouts | None:
    """Where somebody is, with a trace. Nothing where they have not said it for this session."""
    found = Whereabouts.objects.filter(arrival__booking=booking).select_related("arrival").first()
    if found is None or not found.arrival.is_of(booking.starts_at):
        return None
    trail.record("whereabouts.read", booking, client=booking.person, by=by, at=now)
    return found


def tidy_whereabouts(*, now: datetime) -> int:
    """Throw away where people were in sessions that are over for a day, or were cancelled: how many that were."""
    long_over = Q(arrival__booking__during__endswith__lt=now - WHEREABOUTS_KEPT)
    told_long_ago = Q(told_at__lt=now - WHEREABOUTS_KEPT, arrival__booking__occupies=False)
    removed, _of_what = Whereabouts.objects.filter(long_over | told_long_ago).delete()
    return removed
