"""Finding a time: what a person could book, and what they should know about each time before they choose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Q

from iop_portal.people.models import CareTeam, Enrolment, Program, User
from scheduling.booking import enrolments_of, held_policy
from scheduling.givers import givers_of
from scheduling.models import Booking, Facilitation, Room, Session
from scheduling.openings import Start, openings, starts
from scheduling.seats import Seat, seats_between
from scheduling.telling import Told
from therapy.models import Format, Modality, PartOfDay


class Want(StrEnum):
    """What would help? The first question of booking."""

    GROUP = "group"
    COUNSELLOR = "counsellor"
    WORKSHOP = "workshop"


class Where(StrEnum):
    ANYWHERE = ""
    ROOM = "room"
    VIDEO = "video"


FORMATS = {
    Want.GROUP: (Format.GROUP, Format.MULTIFAMILY),
    Want.COUNSELLOR: (Format.INDIVIDUAL,),
    Want.WORKSHOP: (Format.WORKSHOP,),
}
NOON, EVENING = 12, 17
SHOWN = timedelta(days=7)
ALTERNATIVES = 3


@dataclass(frozen=True)
class SeatTime(Told):
    """A listed session, as somebody choosing sees it. Where two are kept apart it has no seat left, like a full one."""

    session: Session
    seats_left: int
    leaders: tuple[User, ...]
    booked: bool
    clashes: bool
    # How many wait for a place, the person's own entry in that line, and whether a place is kept for them.
    waiting: int = 0
    mine: int | None = None
    kept: bool = False

    @property
    def begins(self) -> datetime:
        return self.session.starts_at

    @property
    def ends(self) -> datetime:
        return self.session.ends_at

    @property
    def free(self) -> bool:
        return self.seats_left > 0 and not self.booked and not self.clashes

    @property
    def full(self) -> bool:
        return not (self.seats_left or self.booked or self.mine)

    @property
    def modality(self) -> Modality:
        return self.session.modality

    @property
    def program(self) -> Program:
        return self.session.program

    @property
    def room(self) -> Room | None:
        return self.session.room

    @property
    def video(self) -> bool:
        return self.session.video


@dataclass(frozen=True)
class HourTime(Told):
    """An hour that a counsellor could still give."""

    modality: Modality
    begins: datetime
    ends: datetime
    clinician: User
    room: Room | None

    @property
    def leaders(self) -> tuple[User, ...]:
        return (self.clinician,)

    @property
    def program(self) -> Program:
        return self.modality.program

    @property
    def video(self) -> bool:
        return self.room is None


Time = TypeVar("Time", SeatTime, HourTime)


@dataclass(frozen=True)
class Day:
    """What there is on one day of a person's own calendar."""

    on: date
    times: Sequence[SeatTime | HourTime]


def want_of(modality: Modality) -> Want | None:
    """None where it is not booked by clients: family sessions are arranged with the family."""
    return next((want for want, formats in FORMATS.items() if modality.format in formats), None)


def bookable_modalities(person: User) -> list[Modality]:
    """Everything that a person may book, in the programs that they are in."""
    allowed = Q(pk__in=[])
    for enrolment, _policy in enrolments_of(person):
        offered = Q(program=enrolment.program_id)
        if enrolment.state == Enrolment.State.REFERRED:
            offered &= Q(for_applicants=True)
        allowed |= offered
    return list(Modality.objects.filter(allowed, in_use=True).select_related("program__policy"))


def modalities_for(person: User, want: Want) -> list[Modality]:
    return [modality for modality in bookable_modalities(person) if modality.format in FORMATS[want]]


@dataclass(frozen=True)
class Givers:
    """Who gives a modality: the person's primary counsellor (if it is one of them) first, then their care team."""

    people: tuple[User, ...]
    primary: User | None

    def by_key(self, key: int | None) -> User | None:
        return next((one for one in self.people if one.pk == key), None)


def givers_for(person: User, modality: Modality, *, now: datetime) -> Givers:
    team = CareTeam.objects.filter(
        enrolment__client=person,
        enrolment__program=modality.program_id,
        enrolment__state__in=Enrolment.LIVE,
        until=None,
    )
    parts = dict(team.values_list("clinician", "part"))
    order: list[str | None] = [CareTeam.Part.PRIMARY, CareTeam.Part.MEMBER, None]
    people = sorted(
        givers_of(modality, person=person, on=now),
        key=lambda giver: order.index(parts.get(giver.pk)),
    )
    primary = next((one for one in people if parts.get(one.pk) == CareTeam.Part.PRIMARY), None)
    return Givers(tuple(people), primary)


# ── Seats ─────────────────────────────────────────────────────────────────────────────────────────────────────


def seat_times(
    person: User,
    modalities: Iterable[Modality],
    *,
    begin: datetime,
    end: datetime,
    now: datetime,
    part_of_day: str = "",
    video_only: bool = False,
    instead_of: Booking | None = None,
) -> list[SeatTime]:
    """Listed sessions between two aware datetimes, in order. The number of queries depends on nothing.

    `instead_of` is a booking that would be given up: it clashes with nothing.
    """
    found = seats_between(
        person, modalities, begin=begin, end=end, video_only=video_only, now=now, instead_of=instead_of
    )
    return _with_sessions(seat for seat in found if fits_part_of_day(seat.begins, part_of_day, person.zone))


def seat_time(seat: Seat) -> SeatTime:
    """A seat with all that is told about its session."""
    return _with_sessions([seat])[0]


def nearest_seats(
    person: User, session: Session, *, now: datetime, instead_of: Booking | None = None
) -> list[SeatTime]:
    """Free places of the same kind that are nearest to a time that could not be had."""
    begin, end = _around(session.starts_at, now)
    times = seat_times(person, [session.modality], begin=begin, end=end, now=now, instead_of=instead_of)
    return _nearest((time for time in times if time.free), session.starts_at)


def _with_sessions(found: Iterable[Seat]) -> list[SeatTime]:
    seats = {seat.session_id: seat for seat in found}
    sessions = (
        Session.objects.filter(pk__in=seats)
        .select_related("modality", "room", "program")
        .prefetch_related(Prefetch("facilitations", Facilitation.objects.select_related("clinician")))
    )
    return [_seat_time(seats[session.pk], session) for session in sessions]


def _seat_time(seat: Seat, session: Session) -> SeatTime:
    return SeatTime(
        session=session,
        seats_left=seat.left,
        leaders=tuple(one.clinician for one in session.facilitations.all()),
        booked=seat.booked,
        clashes=seat.clash is not None and not seat.booked,
        waiting=seat.waiting,
        mine=seat.mine,
        kept=seat.kept,
    )


def told_session(session: Session) -> SeatTime:
    """A session that comes with its leaders, room and program, told as the times are."""
    leaders = tuple(one.clinician for one in session.facilitations.all())
    return SeatTime(session, seats_left=0, leaders=leaders, booked=False, clashes=False)


# ── Hours ─────────────────────────────────────────────────────────────────────────────────────────────────────


def hour_times(
    person: User,
    modality: Modality,
    *,
    minutes: int,
    begin: datetime,
    end: datetime,
    now: datetime,
    clinician: User | None = None,
    part_of_day: str = "",
    where: str = Where.ANYWHERE,
    instead_of: Booking | None = None,
) -> list[HourTime]:
    """Times with a counsellor, in order, without those at which the person has something booked.

    Where a counsellor is free both in a room and by video at one time, both are there. `instead_of` is a booking
    that would be given up: its own time is free.
    """
    program = modality.program
    given = givers_of(modality, person=person, on=begin, only=clinician)
    givers = {giver.pk: giver for giver in given}
    free = openings(
        list(givers),
        modality=modality,
        policy=held_policy(program),
        begin=begin,
        end=end,
        now=now,
        person=person,
        besides=instead_of.session if instead_of else None,
    )
    rooms = Room.objects.in_bulk({opening.room_id for opening in free if opening.room_id})
    there = ZoneInfo(program.zone)
    own = instead_of.starts_at if instead_of else None
    return [
        HourTime(modality, start.begins, start.ends, givers[start.clinician_id], rooms.get(start.room_id or 0))
        for start in sorted(starts(free, minutes=minutes, zone=program.zone), key=_by_time)
        if _fits_place(start, where)
        and start.begins != own
        and start.begins.astimezone(there).date() <= given[givers[start.clinician_id]]
        and fits_part_of_day(start.begins, part_of_day, person.zone)
    ]


def nearest_hours(
    person: User,
    modality: Modality,
    *,
    minutes: int,
    at: datetime,
    clinician: User | None,
    now: datetime,
    instead_of: Booking | None = None,
) -> list[HourTime]:
    """Free times nearest to one that could not be had: with the same counsellor, or else with anybody."""
    begin, end = _around(at, now)
    for whom in (clinician, None) if clinician else (None,):
        times = hour_times(
            person, modality, minutes=minutes, begin=begin, end=end, now=now, clinician=whom, instead_of=instead_of
        )
        if times:
            return _nearest(one_each(times), at)
    return []


def one_each(times: Iterable[HourTime], *, first: User | None = None) -> list[HourTime]:
    """One choice for each time: with whom one would like best, in a room rather than by video."""

    def rank(time: HourTime) -> tuple[bool, bool, int]:
        return first is None or time.clinician.pk != first.pk, time.video, time.clinician.pk

    return [min(same, key=rank) for _begins, same in groupby(times, key=lambda time: time.begins)]


def _fits_place(start: Start, where: str) -> bool:
    return where == Where.ANYWHERE or (where == Where.VIDEO) == (start.room_id is None)


def _by_time(start: Start) -> tuple[datetime, int, int]:
    return start.begins, start.clinician_id, start.room_id or 0


# ── Days ──────────────────────────────────────────────────────────────────────────────────────────────────────


def by_day(times: Iterable[SeatTime | HourTime], zone: str) -> list[Day]:
    def day_of(time: SeatTime | HourTime) -> date:
        return time.begins.astimezone(ZoneInfo(zone)).date()

    return [Day(on, tuple(same)) for on, same in groupby(times, key=day_of)]


def fits_part_of_day(moment: datetime, part: str, zone: str) -> bool:
    if not part:
        return True
    hour = moment.astimezone(ZoneInfo(zone)).hour
    if part == PartOfDay.MORNING:
        return hour < NOON
    if part == PartOfDay.AFTERNOON:
        return NOON <= hour < EVENING
    if part == PartOfDay.EVENING:
        return hour >= EVENING
    return True


def local_midnight(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))


def _around(at: datetime, now: datetime) -> tuple[datetime, datetime]:
    """Two weeks around a time, as far as they are ahead."""
    return max(now, at - timedelta(days=7)), at + timedelta(days=7)


def _nearest(times: Iterable[Time], at: datetime) -> list[Time]:
    nearest_first = sorted(times, key=lambda time: abs(time.begins - at))
    return sorted(nearest_first[:ALTERNATIVES], key=lambda time: time.begins)
