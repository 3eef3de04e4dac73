"""My week: what is booked, and how much of the prescribed care that is.

A week is the program's own: it begins on the weekday that the policy names, at midnight of the program's zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from iop_portal.markup import zone_place
from iop_portal.people.models import Program, User
from scheduling.booking import enrolments_of
from scheduling.care import WEEK, Care, care_of, first_day
from scheduling.commitments import Busy, busy_times
from scheduling.finding import EVENING, local_midnight, want_of
from scheduling.models import Attendance, Booking, Facilitation, Room, marked
from scheduling.models.joining import EARLY
from scheduling.telling import Told
from therapy.models import ClinicalPolicy, Modality

# In hours. On some days the clock skips one.
LONG, WHOLE_DAY = 5, 23


# To the client, in words that blame nobody.
BECAME: dict[str, str | Promise] = {
    Attendance.State.PRESENT: _("You were there"),
    Attendance.State.LATE: _("You were there, a little later"),
    Attendance.State.LEFT_EARLY: _("You were there, and left earlier"),
    Attendance.State.EXCUSED: _("Excused"),
    Attendance.State.MISSED: _("Missed"),
    Attendance.State.CANCELLED: _("Cancelled by us"),
    Attendance.State.OPEN: _("Not recorded yet"),
}


@dataclass(frozen=True)
class Block(Told):
    """One booking as it stands in the week."""

    booking: Booking
    begins: datetime
    ends: datetime
    now: datetime

    @property
    def over(self) -> bool:
        return self.ends <= self.now

    @property
    def running(self) -> bool:
        return self.begins <= self.now < self.ends

    @property
    def can_be_cancelled(self) -> bool:
        return self.booking.occupies and self.now < self.begins

    @property
    def can_be_moved(self) -> bool:
        """What was arranged together with a family is moved together with it."""
        return self.can_be_cancelled and want_of(self.modality) is not None

    @property
    def opens_at(self) -> datetime:
        """From when on one can join."""
        return self.begins - EARLY

    @property
    def can_be_joined(self) -> bool:
        return self.booking.occupies and self.opens_at <= self.now < self.ends

    @property
    def attended(self) -> str | None:
        """What is recorded of it, None while nothing is."""
        return self.booking.attended if self.booking.occupies else None

    @property
    def there(self) -> bool:
        return self.attended in Attendance.CAME

    @property
    def recorded(self) -> str:
        """The same for colleagues: present, missed…"""
        return capfirst(str(Attendance.State(self.attended or Attendance.State.OPEN).label))

    @property
    def became(self) -> str:
        """What became of a session that is over, or of which somebody has said it already; else nothing."""
        if not self.booking.occupies:
            return str(BECAME[Attendance.State.CANCELLED])
        if self.attended:
            return str(BECAME[self.attended])
        return str(BECAME[Attendance.State.OPEN]) if self.over else ""

    @property
    def leaders(self) -> list[User]:
        return [one.clinician for one in self.booking.session.facilitations.all()]

    @property
    def modality(self) -> Modality:
        return self.booking.session.modality

    @property
    def room(self) -> Room | None:
        return self.booking.session.room

    @property
    def video(self) -> bool:
        return self.booking.session.video

    @property
    def program(self) -> Program:
        return self.booking.session.program


@dataclass(frozen=True)
class OwnTime:
    """What a person keeps free on one day, from midnight to midnight of their own clock at most."""

    word: str
    begins: datetime
    ends: datetime

    @property
    def hours(self) -> float:
        return (self.ends - self.begins) / timedelta(hours=1)

    @property
    def long(self) -> bool:
        return self.hours >= LONG

    @property
    def whole_day(self) -> bool:
        return self.hours >= WHOLE_DAY


@dataclass(frozen=True)
class WeekDay:
    on: date
    daytime: Sequence[Block | OwnTime]
    evening: Sequence[Block | OwnTime]
    today: bool
    bookable: bool


@dataclass(frozen=True)
class Week:
    begins: date
    days: Sequence[WeekDay]
    care: Care | None
    programs: Sequence[Program]

    @property
    def last_day(self) -> date:
        return self.begins + timedelta(days=6)

    @property
    def before(self) -> date:
        return self.begins - WEEK

    @property
    def after(self) -> date:
        return self.begins + WEEK

    def care_with(self, modality: Modality, begins: datetime, ends: datetime) -> Care | None:
        """What the care would be with one more session."""
        if self.care is None or not modality.counts:
            return self.care
        on = timezone.localdate(begins, ZoneInfo(modality.program.zone))
        minutes = round((ends - begins).total_seconds() / 60)
        return replace(self.care, ahead=self.care.ahead + minutes, days=self.care.days | {on})


def week_of(person: User, *, day: date | None, now: datetime, without: Booking | None = None) -> Week:
    """The program's week around a day (None: today) of the person's own calendar. Four queries, however full it is.

    `without` is a booking that would be given up.
    """
    mine = ZoneInfo(person.zone)
    enrolled = enrolments_of(person)
    enrolment, policy = enrolled[0] if enrolled else (None, ClinicalPolicy())
    today = now.astimezone(mine).date()
    begins = first_day(day or today, policy.week_starts_on)
    bookings = _bookings(person, begins, {person.zone, enrolment.program.zone if enrolment else person.zone})
    bookings = [booking for booking in bookings if booking != without]
    blocks = [block_of(booking, now=now) for booking in bookings]
    days = [begins + timedelta(days=number) for number in range(7)]
    return Week(
        begins,
        [
            _day(on, [block for block in blocks if block.begins.astimezone(mine).date() == on], today, mine)
            for on in days
        ],
        care_of(enrolment, begins, bookings, now=now) if enrolment else None,
        [one.program for one, _policy in enrolled],
    )


def with_own_times(week: Week, *, person: User) -> Week:
    """The same week with what the person keeps free. As many queries as `busy_times`."""
    edges = [local_midnight(day.on, person.zone) for day in week.days] + [local_midnight(week.after, person.zone)]
    kept = busy_times(person, begin=edges[0], end=edges[-1])
    return replace(
        week, days=[_kept_on(day, kept, *edge) for day, edge in zip(week.days, pairwise(edges), strict=True)]
    )


def _kept_on(day: WeekDay, kept: Iterable[Busy], begin: datetime, end: datetime) -> WeekDay:
    found = [
        OwnTime(one.word, max(one.begins, begin), min(one.ends, end))
        for one in kept
        if one.begins < end and begin < one.ends
    ]
    evening = [one for one in found if one.begins.astimezone(begin.tzinfo).hour >= EVENING]
    return replace(
        day,
        daytime=sorted([*day.daytime, *(one for one in found if one not in evening)], key=_begins),
        evening=sorted([*day.evening, *evening], key=_begins),
    )


def _begins(one: Block | OwnTime) -> datetime:
    return one.begins


def block_of(booking: Booking, *, now: datetime) -> Block:
    return Block(booking, booking.starts_at, booking.ends_at, now)


def next_two(person: User, *, now: datetime) -> list[Block]:
    """The session that comes next, or runs now, and the one after it."""
    return _coming(Booking.objects.live().filter(person=person), now=now)


def next_together(relative: User, *, now: datetime) -> Block | None:
    """What a relative is booked into next, if they may know of it."""
    permitted = Booking.objects.live().filter(person=relative).permitted_to(relative, now)
    return next(iter(_coming(permitted, now=now)), None)


def _coming(bookings: QuerySet[Booking], *, now: datetime) -> list[Block]:
    """The first two."""
    return [block_of(booking, now=now) for booking in with_sessions(bookings.filter(during__endswith__gt=now))[:2]]


def coming(person: User, *, programs: QuerySet[Any], now: datetime, most: int) -> list[Block]:
    """What is booked next in these programs (or their keys), one that runs now included. Two queries."""
    booked = Booking.objects.live().filter(person=person, session__program__in=programs, during__endswith__gt=now)
    return [block_of(booking, now=now) for booking in with_sessions(booked)[:most]]


def lately(person: User, *, programs: QuerySet[Any], now: datetime, most: int) -> list[Block]:
    """What has begun in these programs (or their keys), the latest first. Two queries."""
    begun = Booking.objects.live().filter(person=person, session__program__in=programs, during__startswith__lte=now)
    return [block_of(booking, now=now) for booking in with_sessions(begun).order_by("-during", "-pk")[:most]]


def another_zone(person: User, programs: Iterable[Program]) -> str:
    """The name of the person's own zone, where a program goes by another clock; else nothing."""
    if all(program.zone == person.zone for program in programs):
        return ""
    return zone_place(person.zone)


def _bookings(person: User, begins: date, zones: set[str]) -> list[Booking]:
    """Live ones, and those that the program had to cancel, of a week in any of these zones."""
    edges = [(local_midnight(begins, zone), local_midnight(begins + WEEK, zone)) for zone in zones]
    shown = Q(occupies=True) | Q(state=Booking.State.CANCELLED_BY_PROGRAM)
    return list(
        with_sessions(
            Booking.objects.filter(
                shown,
                person=person,
                during__startswith__gte=min(begin for begin, _end in edges),
                during__startswith__lt=max(end for _begin, end in edges),
            )
        )
    )


def with_sessions(bookings: QuerySet[Booking]) -> QuerySet[Booking]:
    """With all that a page says about a booking: two queries."""
    leaders = Prefetch("session__facilitations", Facilitation.objects.select_related("clinician"))
    whole = ("session__modality", "session__room", "session__program", "moved_from")
    return marked(bookings).select_related(*whole).prefetch_related(leaders)


def _day(on: date, blocks: Sequence[Block], today: date, zone: ZoneInfo) -> WeekDay:
    def early(block: Block) -> bool:
        return block.begins.astimezone(zone).hour < EVENING

    return WeekDay(
        on=on,
        daytime=[block for block in blocks if early(block)],
        evening=[block for block in blocks if not early(block)],
        today=on == today,
        bookable=on >= today,
    )
