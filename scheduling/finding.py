"""Finding a time: what a person could book, and what they should know about each time before they choose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Prefetch, Q

from iop_portal.people.models import Enrolment, User
from scheduling.booking import bookable_by, clinicians_for, kept_apart_from
from scheduling.models import Booking, Facilitation, Room, Session
from scheduling.openings import Start, openings, starts
from therapy.models import Format, Modality, PartOfDay
from therapy.prescribing import policy_of


class Want(StrEnum):
    """What would help? The first question of booking."""

    GROUP = "group"
    COUNSELLOR = "counsellor"
    WORKSHOP = "workshop"


FORMATS = {
    Want.GROUP: (Format.GROUP, Format.MULTIFAMILY),
    Want.COUNSELLOR: (Format.INDIVIDUAL,),
    Want.WORKSHOP: (Format.WORKSHOP,),
}
NOON, EVENING = 12, 17


@dataclass(frozen=True)
class SeatTime:
    """A listed session, as somebody choosing sees it. Where two are kept apart it has no seat left, like a full one."""

    session: Session
    seats_left: int
    leaders: tuple[User, ...]
    booked: bool
    clashes: bool

    @property
    def begins(self) -> datetime:
        return self.session.starts_at

    @property
    def ends(self) -> datetime:
        return self.session.ends_at


@dataclass(frozen=True)
class HourTime:
    """An hour that a counsellor could still give."""

    begins: datetime
    ends: datetime
    clinician: User
    room: Room | None


def modalities_for(person: User, want: Want) -> list[Modality]:
    """What a person may book of one kind, in the programs that they are in."""
    allowed = Q(pk__in=[])
    for enrolment in Enrolment.objects.live().filter(client=person):
        offered = Q(program=enrolment.program_id)
        if enrolment.state == Enrolment.State.REFERRED:
            offered &= Q(for_applicants=True)
        allowed |= offered
    return list(Modality.objects.filter(allowed, in_use=True, format__in=FORMATS[want]).select_related("program"))


def seat_times(
    person: User,
    modalities: Iterable[Modality],
    *,
    begin: datetime,
    end: datetime,
    now: datetime,
    part_of_day: str = "",
    video_only: bool = False,
) -> list[SeatTime]:
    """Listed sessions between two aware datetimes, in order. The number of queries depends on nothing."""
    found = (
        bookable_by(person, now=now)
        .filter(modality__in=list(modalities), during__startswith__gte=begin, during__startswith__lt=end)
        .annotate(taken=Count("bookings", filter=Q(bookings__occupies=True, bookings__takes_seat=True)))
        .select_related("modality", "room", "program")
        .prefetch_related(
            Prefetch("facilitations", Facilitation.objects.select_related("clinician")),
            Prefetch("bookings", Booking.objects.live(), to_attr="live_bookings"),
        )
        .order_by("during", "pk")
    )
    if video_only:
        found = found.filter(video=True)
    mine = list(Booking.objects.live().filter(person=person).values_list("session", "during"))
    apart = kept_apart_from(person)
    return [
        _seat_time(session, mine=mine, apart=apart)
        for session in found
        if fits_part_of_day(session.starts_at, part_of_day, person.zone)
    ]


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
    video_only: bool = False,
) -> list[HourTime]:
    """Times with a counsellor, in order, without those at which the person has something booked.

    Where a counsellor is free both in a room and by video at one time, both are offered.
    """
    givers = {giver.user_id: giver.user for giver in clinicians_for(person, modality, on=begin)}
    if clinician is not None:
        givers = {key: user for key, user in givers.items() if key == clinician.pk}
    free = openings(
        list(givers), program=modality.program, policy=policy_of(modality.program), begin=begin, end=end, now=now
    )
    rooms = Room.objects.in_bulk({opening.room_id for opening in free if opening.room_id})
    busy = list(Booking.objects.live().filter(person=person).values_list("during", flat=True))
    offered = sorted(starts(free, minutes=minutes, zone=modality.program.zone), key=_by_time)
    return [
        HourTime(start.begins, start.ends, givers[start.clinician_id], rooms.get(start.room_id or 0))
        for start in offered
        if not (video_only and start.room_id)
        and fits_part_of_day(start.begins, part_of_day, person.zone)
        and not any(_overlaps(during, start.begins, start.ends) for during in busy)
    ]


def _by_time(start: Start) -> tuple[datetime, int, int]:
    return start.begins, start.clinician_id, start.room_id or 0


def fits_part_of_day(moment: datetime, part: str, zone: str) -> bool:
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


def week_from(day: date, zone: str) -> tuple[datetime, datetime]:
    """Seven days of a person's own calendar, as aware datetimes."""
    return local_midnight(day, zone), local_midnight(day + timedelta(days=7), zone)


def _overlaps(during: Any, begins: datetime, ends: datetime) -> bool:
    return bool(during.lower < ends and begins < during.upper)


def _seat_time(session: Session, *, mine: Sequence[tuple[int, object]], apart: set[int]) -> SeatTime:
    leaders = tuple(one.clinician for one in session.facilitations.all())
    live = session.live_bookings  # type: ignore[attr-defined]
    taken = session.taken  # type: ignore[attr-defined]
    meets = any(one.person_id in apart for one in live) or any(leader.pk in apart for leader in leaders)
    booked = any(key == session.pk for key, _during in mine)
    clashes = not booked and any(_overlaps(during, session.starts_at, session.ends_at) for _key, during in mine)
    return SeatTime(
        session=session,
        seats_left=0 if meets and not booked else max(0, session.capacity - taken),
        leaders=leaders,
        booked=booked,
        clashes=clashes,
    )
