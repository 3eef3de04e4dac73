"""The timetable of a program's week, by clinician or by room: what is held, where, by whom, and how full it is.

It names nobody who is booked, so every clinician and admin of the program may read it, and it may hang on a wall. Days
and times are by the program's clock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from psycopg2.extras import DateTimeTZRange

from iop_portal.markup import hours
from iop_portal.people.models import Program, RoleHeld, User
from iop_portal.people.roles import Role
from scheduling.booking import held_policy
from scheduling.care import WEEK, first_day
from scheduling.finding import local_midnight
from scheduling.models import Booking, Facilitation, Room, Session, TimeOff
from scheduling.telling import together
from scheduling.time_off import on_day
from therapy.models import Format, Modality, Track

WEEKEND = (5, 6)


class Side(StrEnum):
    """What each line of the timetable is about."""

    CLINICIAN = "clinician"
    ROOM = "room"


@dataclass(frozen=True)
class Wish:
    """What to show: keys of a clinician, a room, a track and a modality, None for all of them."""

    by: Side = Side.CLINICIAN
    clinician: int | None = None
    room: int | None = None
    track: int | None = None
    way: int | None = None

    @property
    def narrowed(self) -> bool:
        return bool(self.clinician or self.room or self.track or self.way)


@dataclass(frozen=True, slots=True)
class Entry:
    """A session on a line. What it is leads those who lead it to its roster."""

    when: SafeString
    what: SafeString
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of a line. `away` says from when until when, where it is not the whole day."""

    on: date
    label: str
    entries: Sequence[Entry]
    away: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    own: bool
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Names:
    """Whom, where and what one can ask for: also whoever leads something in this week without working here any more."""

    people: dict[int, User]
    rooms: dict[int, Room]
    tracks: dict[int, Track]
    ways: dict[int, Modality]


@dataclass(frozen=True)
class Timetable:
    program: Program
    begins: date
    days: Sequence[date]
    lines: Sequence[Line]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.program.zone)

    @property
    def last_day(self) -> date:
        return self.begins + WEEK - timedelta(days=1)

    @property
    def before(self) -> date:
        return self.begins - WEEK

    @property
    def after(self) -> date:
        return self.begins + WEEK

    @property
    def empty(self) -> bool:
        return not any(cell.entries or cell.away for line in self.lines for cell in line.cells)


@dataclass(frozen=True, slots=True)
class _Held:
    """A row of the database."""

    session_id: int
    begins: datetime
    ends: datetime
    title: str
    format: str
    room: int | None
    video: bool
    capacity: int
    taken: int
    leaders: list[int]


def week_of(program: Program, day: date | None, *, now: datetime) -> date:
    """On which day the program's week around a day begins; around today where none is given."""
    today = now.astimezone(ZoneInfo(program.zone)).date()
    return first_day(day or today, held_policy(program).week_starts_on)


def names_in(program: Program, begins: date) -> Names:
    """Four queries."""
    works = RoleHeld.objects.filter(program=program, role=Role.CLINICIAN, user__is_active=True)
    leads = Facilitation.objects.filter(session__in=_sessions_in(program, begins))
    # One or the other, told apart by the database row by row, would be asked of everybody that there is.
    keys = works.values("user").union(leads.order_by().values("clinician"))
    people = User.objects.filter(pk__in=keys).only("preferred_name", "surname")
    held = _sessions_in(program, begins).filter(room=OuterRef("pk"))
    rooms = Room.objects.filter(Q(in_use=True) | Exists(held), program=program)
    tracks = Track.objects.filter(in_use=True, program=program).only("name")
    ways = Modality.objects.filter(in_use=True, program=program).only("name")
    return Names(
        {one.pk: one for one in people},
        {one.pk: one for one in rooms},
        {one.pk: one for one in tracks},
        {one.pk: one for one in ways},
    )


def timetable_of(program: Program, begins: date, wish: Wish, names: Names, *, reader: User) -> Timetable:
    """Two queries, however much is held; one by room."""
    found = _held(program, begins, wish)
    zone = ZoneInfo(program.zone)
    days = _days(begins, {each.begins.astimezone(zone).weekday() for each in found})
    telling, said = _Telling(zone, names, reader), {day: date_format(day, "D j M") for day in days}
    if wish.by == Side.ROOM:
        lines = telling.by_room(found, said)
    else:
        lines = telling.by_clinician(found, said, wish, away=_away(program, days))
    if wish.narrowed:
        lines = [line for line in lines if any(cell.entries or cell.away for cell in line.cells)]
    return Timetable(program, begins, days, lines)


def _days(begins: date, used: set[int]) -> list[date]:
    """A week, without the days of a weekend on which nothing is held."""
    week = [begins + timedelta(days=number) for number in range(7)]
    return [day for day in week if day.weekday() not in WEEKEND or day.weekday() in used]


def _sessions_in(program: Program, begins: date) -> Any:
    return Session.objects.filter(
        program=program,
        live=True,
        during__startswith__gte=local_midnight(begins, program.zone),
        during__startswith__lt=local_midnight(begins + WEEK, program.zone),
    )


def _held(program: Program, begins: date, wish: Wish) -> list[_Held]:
    found = _sessions_in(program, begins)
    if wish.room:
        found = found.filter(room=wish.room)
    if wish.track:
        found = found.filter(series__track_series__track=wish.track)
    if wish.way:
        found = found.filter(modality=wish.way)
    led = Facilitation.objects.filter(session=OuterRef("pk"))
    if wish.clinician:
        found = found.filter(Exists(led.filter(clinician=wish.clinician)))
    seats = Booking.objects.live().filter(session=OuterRef("pk"), takes_seat=True).order_by().values("session")
    rows = found.annotate(
        taken=Coalesce(Subquery(seats.annotate(n=Count("pk")).values("n")), 0),
        led=ArraySubquery(led.order_by("pk").values("clinician")),
    ).values_list(
        "pk",
        "during__startswith",
        "during__endswith",
        "modality__name",
        "modality__format",
        "room",
        "video",
        "capacity",
        "taken",
        "led",
    )
    return [_Held(*row) for row in rows.order_by("during", "pk")]


def _away(program: Program, days: Sequence[date]) -> dict[tuple[int, date], list[str]]:
    """What is said about each clinician who is away on a day. One query."""
    end = days[-1] + timedelta(days=1)
    week = DateTimeTZRange(local_midnight(days[0], program.zone), local_midnight(end, program.zone), "[)")
    told: defaultdict[tuple[int, date], list[str]] = defaultdict(list)
    for one in TimeOff.objects.standing().filter(program=program, during__overlap=week):
        for day in days:
            if words := on_day(one.during, day, program.zone):
                told[one.clinician_id, day].append(words)
    return told


class _Telling:
    """Puts sessions into words. Many are held at the same hours: each is written once."""

    def __init__(self, zone: ZoneInfo, names: Names, reader: User) -> None:
        self.zone = zone
        self.names = names
        self.reader = reader
        self.clocks: dict[tuple[time, time], SafeString] = {}
        self.titles: dict[str, SafeString] = {}

    def by_clinician(
        self,
        found: Iterable[_Held],
        days: Mapping[date, str],
        wish: Wish,
        *,
        away: Mapping[tuple[int, date], Sequence[str]],
    ) -> list[Line]:
        told: defaultdict[int, defaultdict[date, list[Entry]]] = defaultdict(lambda: defaultdict(list))
        for held in found:
            for leader in held.leaders:
                told[leader][self._day(held)].append(self._entry(held, self._beside(held, leader)))
        own_first = sorted(self.names.people.items(), key=lambda one: one[0] != self.reader.pk)
        return [
            Line(
                person.full_name,
                key == self.reader.pk,
                [Cell(day, said, told[key].get(day, ()), away.get((key, day), ())) for day, said in days.items()],
            )
            for key, person in own_first
            if wish.clinician in (None, key)
        ]

    def by_room(self, found: Iterable[_Held], days: Mapping[date, str]) -> list[Line]:
        told: defaultdict[int | None, defaultdict[date, list[Entry]]] = defaultdict(lambda: defaultdict(list))
        for held in found:
            told[held.room][self._day(held)].append(self._entry(held, self._leaders(held)))
        return [
            *(_line(room.name, told[key], days) for key, room in self.names.rooms.items()),
            _line(pgettext("where", "By video"), told[None], days),
        ]

    def _day(self, held: _Held) -> date:
        return held.begins.astimezone(self.zone).date()

    def _entry(self, held: _Held, first: str) -> Entry:
        text = [first]
        if held.room and held.video:
            text.append(_("also by video"))
        if held.format != Format.INDIVIDUAL:
            # Kept on one line.
            words = _("%(taken)d of %(seats)d") % {"taken": held.taken, "seats": held.capacity}
            text.append(words.replace(" ", "\xa0"))
        return Entry(when=self._clock(held), what=self._what(held), text="\xa0· ".join(filter(None, text)))

    def _what(self, held: _Held) -> SafeString:
        if self.reader.pk in held.leaders:
            roster = reverse("scheduling:roster", args=[held.session_id])
            return format_html('<a href="{}">{}</a>', roster, held.title)
        if held.title not in self.titles:
            self.titles[held.title] = format_html("<b>{}</b>", held.title)
        return self.titles[held.title]

    def _beside(self, held: _Held, leader: int) -> str:
        """Where, and with whom."""
        place = self.names.rooms[held.room].name if held.room else pgettext("where", "by video")
        others = together([self.names.people[key].preferred_name for key in held.leaders if key != leader])
        return _("%(place)s, with %(names)s") % {"place": place, "names": others} if others else place

    def _leaders(self, held: _Held) -> str:
        """Initials where it is one to one: a plan on a door says no more than that somebody is in."""
        people = [self.names.people[key] for key in held.leaders]
        if held.format == Format.INDIVIDUAL:
            return ", ".join(initials(person) for person in people)
        return together([person.preferred_name for person in people])

    def _clock(self, held: _Held) -> SafeString:
        ends = (held.begins.astimezone(self.zone).time(), held.ends.astimezone(self.zone).time())
        if ends not in self.clocks:
            self.clocks[ends] = hours(*ends)
        return self.clocks[ends]


def initials(person: User) -> str:
    """A. O."""
    return " ".join(f"{part[0].upper()}." for part in (person.preferred_name, person.surname) if part)


def _line(name: str, told: Mapping[date, Sequence[Entry]], days: Mapping[date, str]) -> Line:
    return Line(name, False, [Cell(day, said, told.get(day, ())) for day, said in days.items()])
