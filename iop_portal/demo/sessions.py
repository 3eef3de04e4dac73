"""When the story's care happens: the timetable of each program, who comes, and the personas' own bookings.

Sixteen weeks back and eight ahead, made in bulk under the same constraints. What the personas have before them was
booked through the same functions as in life.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from psycopg2.extras import DateTimeTZRange

from iop_portal.demo.background import Ago
from iop_portal.people.models import Apart, CareTeam, Enrolment, Program, User
from scheduling.assigning import assign
from scheduling.booking import book_hour, book_seat, new_reference
from scheduling.changing import cancel_session, move_session
from scheduling.closing import close_program
from scheduling.hours import Stretch, except_day, set_weekly_hours
from scheduling.leading import valid_until
from scheduling.making import AHEAD, make_sessions, occurrences
from scheduling.models import Booking, Facilitation, Room, Series, Session, TrackSeries
from scheduling.moving import move_to_seat
from scheduling.openings import openings, starts
from scheduling.time_off import Away, hits, hits_version, take_time_off
from therapy.models import Modality, Prescription
from therapy.prescribing import policy_of

WEEKS_BACK = 16
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = range(5)
MORNINGS = (MONDAY, WEDNESDAY, FRIDAY)
DAYS = (TUESDAY, THURSDAY, FRIDAY)
EVENINGS = (MONDAY, TUESDAY, THURSDAY)
FULL = (Prescription.Phase.ORIENTATION.value, Prescription.Phase.CORE.value)
LESS = (Prescription.Phase.STEP_DOWN.value,)
# How many people a group should have.
MINIMUM = 3
MINDFULNESS = "Mindfulness for urges"
COUNSELLING = "One-to-one counselling"
# How many weeks ahead most people have booked, this one included.
BOOKED_AHEAD = 2


@dataclass(frozen=True)
class Group:
    """A line of the timetable. `room` is empty where it is held by video alone, `track` where it is for all."""

    track: str
    weekdays: tuple[int, ...]
    at: time
    minutes: int
    name: str
    leaders: tuple[str, ...]
    room: str = ""
    video: bool = False


@dataclass(frozen=True)
class Worked:
    """Weekly hours of a clinician, the same on several days."""

    clinician: str
    weekdays: tuple[int, ...]
    begins: time
    ends: time
    room: str
    video: bool = True
    only_for: tuple[str, ...] = ()


RIVERBEND = (
    Group("Morning", MORNINGS, time(9), 90, "Process group", ("lena",), "Room 2"),
    Group("Morning", MORNINGS, time(9), 90, "Art group", ("yuki.tanaka",), "Garden room"),
    Group("Morning", MORNINGS, time(10, 45), 90, "Thoughts and actions", ("lena",), "Room 2"),
    Group("Morning", MORNINGS, time(10, 45), 90, "Staying on course", ("tom.beckett",), "Garden room"),
    Group("Day", DAYS, time(13), 90, "Skills group", ("amara",), "Room 2"),
    Group("Day", DAYS, time(13), 90, "Process group", ("grace.holloway",), "Garden room"),
    Group("Day", DAYS, time(14, 45), 90, "Staying on course", ("daniel.reyes",), "Room 2"),
    Group("Day", DAYS, time(14, 45), 60, "How recovery works", ("priya.nair",), "Garden room", video=True),
    Group("Evening", EVENINGS, time(17, 30), 90, "Skills group", ("amara",), "Room 2"),
    Group("Evening", EVENINGS, time(17, 30), 90, "Process group", ("tom.beckett", "grace.holloway"), "Garden room"),
    Group("Evening", (MONDAY, THURSDAY), time(19, 15), 90, "Staying on course", ("daniel.reyes",), "Room 2"),
    Group("Evening", (TUESDAY,), time(19, 15), 45, MINDFULNESS, ("tom.beckett",), "Garden room", video=True),
    Group("Evening", (MONDAY, THURSDAY), time(19, 15), 45, MINDFULNESS, ("tom.beckett",), "Garden room", video=True),
    Group("", (WEDNESDAY,), time(17), 60, "Back to work", ("daniel.reyes",), "Room 1"),
    Group("", (WEDNESDAY,), time(17, 30), 90, "Saying what you need", ("tom.beckett",), "Room 2"),
    Group("", (WEDNESDAY,), time(18, 15), 60, "Sleep and rest", ("priya.nair",), "Garden room"),
    Group("", (FRIDAY,), time(17), 60, "Time and free evenings", ("daniel.reyes",), video=True),
    Group("", (WEDNESDAY,), time(19, 30), 90, "Families together", ("grace.holloway",), "Garden room"),
)
RIVERBEND_HOURS = (
    Worked("amara", (MONDAY, WEDNESDAY, THURSDAY), time(12), time(20), "Room 1"),
    Worked("amara", (TUESDAY,), time(9), time(19), "Room 1"),
    Worked("amara", (FRIDAY,), time(9), time(15), "Room 1"),
    Worked("lena", (MONDAY, TUESDAY, WEDNESDAY, FRIDAY), time(8, 30), time(16), "Room 3"),
    Worked("grace.holloway", (TUESDAY, THURSDAY, FRIDAY), time(10), time(17), "Room 3"),
    Worked("grace.holloway", (WEDNESDAY,), time(13), time(21), "Room 3"),
    Worked("daniel.reyes", (MONDAY, WEDNESDAY, THURSDAY), time(12), time(21), "Room 1", video=False),
    Worked("daniel.reyes", (TUESDAY, FRIDAY), time(11), time(18), "Room 1"),
    Worked("priya.nair", (MONDAY, TUESDAY, THURSDAY), time(9), time(17), "Room 3"),
    Worked("priya.nair", (WEDNESDAY,), time(9), time(17), "Room 3", only_for=("First conversation",)),
    Worked("tom.beckett", (MONDAY, TUESDAY, WEDNESDAY, THURSDAY), time(12), time(20), "Room 1"),
    Worked("tom.beckett", (FRIDAY,), time(9), time(15), "Room 1"),
    Worked("yuki.tanaka", (MONDAY, WEDNESDAY, FRIDAY), time(9), time(17), "Garden room", video=False),
)
JUNIPER = (
    Group("Morning", MORNINGS, time(9), 90, "Process group", ("miguel.santos",), "North room"),
    Group("Morning", MORNINGS, time(10, 45), 90, "Staying on course", ("carol.jensen",), "North room"),
    Group("Day", DAYS, time(13), 90, "Skills group", ("carol.jensen",), "North room"),
    Group("Day", DAYS, time(14, 45), 60, "How recovery works", ("ruth.abramson",), "South room", video=True),
    Group("Evening", EVENINGS, time(17, 30), 90, "Skills group", ("carol.jensen",), "South room"),
    Group("Evening", EVENINGS, time(19, 15), 45, MINDFULNESS, ("miguel.santos",), "South room"),
    Group("", (WEDNESDAY,), time(18), 60, "Sleep and rest", ("miguel.santos",), "North room"),
)
JUNIPER_HOURS = (
    Worked("carol.jensen", (MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY), time(9), time(19), "South room"),
    Worked("miguel.santos", (MONDAY, TUESDAY, WEDNESDAY, THURSDAY), time(10), time(19), "North room"),
    Worked("ruth.abramson", (TUESDAY, THURSDAY, FRIDAY), time(10), time(17), "South room", video=False),
)


def tell_sessions(
    program: Program, timetable: tuple[Group, ...], worked: tuple[Worked, ...], *, by: User, ago: Ago, now: datetime
) -> None:
    """Called once everybody is there and care is prescribed."""
    told = _Timetable.of(program, now=now)
    _hours(program, worked, told, ago=ago, now=now)
    _close(told, by=by, ago=ago)
    told.hold(timetable)
    _tracks(told)
    _personas(told, ago=ago)
    _everybody_else(told)
    _late_changes(told, by=by, now=now)
    if "grace.holloway" in told.staff:
        _time_off(told, told.staff["grace.holloway"], ago=ago)


@dataclass
class _Timetable:
    """What is held so far, kept in mind so that nobody is sent to two places."""

    program: Program
    now: datetime
    rooms: Mapping[str, Room]
    offered: Mapping[str, Modality]
    staff: dict[str, User]
    closed: set[date] = field(default_factory=set)
    series: dict[Group, Series] = field(default_factory=dict)
    at_once: defaultdict[str, defaultdict[datetime, list[Session]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    busy: defaultdict[tuple[date, str, int], list[tuple[datetime, datetime]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    @classmethod
    def of(cls, program: Program, *, now: datetime) -> _Timetable:
        return cls(
            program,
            now,
            rooms={room.name: room for room in program.rooms.filter(in_use=True)},
            offered={way.name: way for way in program.modalities.all()},
            staff={user.email.partition("@")[0]: user for user in User.objects.clinicians_of(program)},
        )

    @property
    def monday(self) -> date:
        here = self.day_of(self.now)
        return here - timedelta(days=here.weekday())

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.program.zone)).date()

    def at(self, day: date, moment: time, minutes: int) -> DateTimeTZRange:
        begins = datetime.combine(day, moment, ZoneInfo(self.program.zone)).astimezone(UTC)
        return DateTimeTZRange(begins, begins + timedelta(minutes=minutes), "[)")

    def free(self, during: DateTimeTZRange, *who: tuple[str, int]) -> bool:
        """Nothing is held over midnight, so a day's times are all that could overlap."""
        begins, ends = _ends_of(during)
        day = self.day_of(begins)
        return not any(taken[0] < ends and begins < taken[1] for one in who for taken in self.busy[(day, *one)])

    def take(self, during: DateTimeTZRange, *who: tuple[str, int]) -> None:
        ends = _ends_of(during)
        for one in who:
            self.busy[(self.day_of(ends[0]), *one)].append(ends)

    def hold(self, timetable: tuple[Group, ...]) -> None:
        """The groups and workshops of all weeks, each line of the timetable a series."""
        last = self.day_of(self.now) + AHEAD
        valid = valid_until(self.staff.values())
        held = []
        for group in timetable:
            series = self.series[group] = self._series(group)
            until = min([last, *(valid[self.staff[slug].pk] for slug in group.leaders)])
            days = occurrences(series, first=series.begins_on, last=until)
            held += [(group, self._session(group, series, day)) for day in days if day not in self.closed]
        held.sort(key=lambda one: one[1].starts_at)
        Session.objects.bulk_create(session for _group, session in held)
        led = [(session, self.staff[slug]) for group, session in held for slug in group.leaders]
        _lead(led)
        for session, leader in led:
            self.take(session.during, ("clinician", leader.pk))
        for group, session in held:
            if group.track:
                self.at_once[group.track][session.starts_at].append(session)
        # What the bulk has left out, since a credential ends, is missed as it would be in life.
        for series in self.series.values():
            make_sessions(series, now=self.now)

    def _series(self, group: Group) -> Series:
        modality, room = self.offered[group.name], self.rooms.get(group.room)
        series = Series.objects.create(
            program=self.program,
            modality=modality,
            weekdays=list(group.weekdays),
            at=group.at,
            zone=self.program.zone,
            minutes=group.minutes,
            room=room,
            video=group.video,
            capacity=min(modality.clinical_cap, room.seats if room else modality.clinical_cap),
            minimum=MINIMUM,
            begins_on=self.monday - timedelta(weeks=WEEKS_BACK),
        )
        series.leaders.set(self.staff[slug] for slug in group.leaders)
        return series

    def _session(self, group: Group, series: Series, day: date) -> Session:
        during = self.at(day, group.at, group.minutes)
        if series.room:
            self.take(during, ("room", series.room.pk))
        return Session(
            program=self.program,
            modality=series.modality,
            during=during,
            room=series.room,
            video=series.video,
            capacity=series.capacity,
            series=series,
            occurrence=day,
        )


def _ends_of(during: DateTimeTZRange) -> tuple[datetime, datetime]:
    assert during.lower
    assert during.upper
    return during.lower, during.upper


def _lead(led: list[tuple[Session, User]]) -> None:
    Facilitation.objects.bulk_create(
        Facilitation(session=session, clinician=leader, during=session.during) for session, leader in led
    )


# ── Hours ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _hours(program: Program, worked: tuple[Worked, ...], told: _Timetable, *, ago: Ago, now: datetime) -> None:
    for line in worked:
        clinician = told.staff[line.clinician]
        kept = tuple(told.offered[name] for name in line.only_for)
        stretch = Stretch(line.begins, line.ends, told.rooms[line.room], video=line.video, only_for=kept)
        for weekday in line.weekdays:
            set_weekly_hours(
                clinician, program=program, weekday=weekday, stretches=[stretch], by=clinician, now=ago(290)
            )
    first = told.staff[worked[0].clinician]
    free, short = told.monday + timedelta(days=18), told.monday + timedelta(days=23)
    except_day(first, program=program, on=free, stretches=[], by=first, now=ago(9))
    room = told.rooms[worked[0].room]
    except_day(first, program=program, on=short, stretches=[Stretch(time(13), time(17), room)], by=first, now=ago(9))


# ── What the office says ──────────────────────────────────────────────────────────────────────────────────────


def _close(told: _Timetable, *, by: User, ago: Ago) -> None:
    """A day for the staff alone, five weeks ahead."""
    day = told.monday + timedelta(weeks=5, days=FRIDAY)
    close_program(told.program, begins_on=day, ends_on=day, why="Staff day", by=by, now=ago(30))
    told.closed.add(day)


def _tracks(told: _Timetable) -> None:
    """Whoever steps down comes to the first group of a day alone."""
    for track in told.program.tracks.filter(in_use=True):
        mine = {group: series for group, series in told.series.items() if group.track == track.name}
        first = min(group.at for group in mine)
        TrackSeries.objects.bulk_create(
            TrackSeries(track=track, series=series, phases=[*FULL, *(LESS if group.at == first else ())])
            for group, series in mine.items()
        )


def _late_changes(told: _Timetable, *, by: User, now: datetime) -> None:
    """One workshop was moved by an hour, and one is cancelled: each by itself."""
    ahead = Session.objects.upcoming(now + timedelta(days=3)).filter(series__in=told.series.values(), listed=True)
    lone = ahead.filter(series__track_series=None).order_by("during")
    if moved := lone.filter(modality__name="Sleep and rest").first():
        later = DateTimeTZRange(moved.starts_at + timedelta(minutes=15), moved.ends_at + timedelta(minutes=15), "[)")
        move_session(moved, during=later, by=by, now=now)
    if dropped := lone.filter(modality__name="Saying what you need").first():
        cancel_session(dropped, by=by, now=now)


def _time_off(told: _Timetable, clinician: User, *, ago: Ago) -> None:
    """Two days in the week after next. What she leads with somebody goes on without her."""
    first = told.monday + timedelta(days=14 + TUESDAY)
    during, noted = Away(first, first + timedelta(days=1)).during(told.program.zone), ago(2)
    found = hits(clinician, program=told.program, during=during, now=noted)
    take_time_off(
        clinician,
        program=told.program,
        during=during,
        kept=[each.session.pk for each in found if each.beside],
        seen=hits_version(found),
        by=clinician,
        now=noted,
    )


# ── Personas ──────────────────────────────────────────────────────────────────────────────────────────────────


def _personas(told: _Timetable, *, ago: Ago) -> None:
    """Their track has booked their groups. Maya has yet to choose her hour with Amara, Theo has his."""
    people = User.objects.filter(email__in=("maya@portal.test", "theo@portal.test"), enrolments__program=told.program)
    amara = told.staff.get("amara")
    for person in people.order_by("pk"):
        enrolment = person.enrolments.select_related("program", "client").get(program=told.program)
        for booking in assign(enrolment, by=amara, now=ago(1)):
            told.take(booking.during, ("person", person.pk))
    for maya in people.filter(email="maya@portal.test"):
        _moved(told, maya)
    for theo in people.filter(email="theo@portal.test"):
        _first_hour(told, theo, told.staff["amara"], ago=ago)


def _moved(told: _Timetable, client: User) -> None:
    """Last Thursday evening did not suit her, so she came on Friday afternoon instead."""
    thursday = told.monday + timedelta(days=THURSDAY, weeks=-1)
    groups = Session.objects.filter(program=told.program, modality__name="Staying on course")
    evening = groups.get(during=told.at(thursday, time(19, 15), 90))
    instead = groups.get(during=told.at(thursday + timedelta(days=1), time(14, 45), 90))
    begins = evening.starts_at
    held = book_seat(evening, person=client, by=client, now=begins - timedelta(days=6))
    move_to_seat(held, instead, by=client, now=begins - timedelta(days=2))
    for session in (evening, instead):
        told.take(session.during, ("person", client.pk))


def _first_hour(told: _Timetable, client: User, counsellor: User, *, ago: Ago) -> None:
    booked = ago(1)
    free = openings(
        [counsellor],
        modality=told.offered[COUNSELLING],
        policy=policy_of(told.program),
        begin=told.now + timedelta(hours=1),
        end=told.now + timedelta(days=7),
        now=booked,
    )
    for start in starts((each for each in free if each.room_id is None), minutes=50, zone=told.program.zone):
        during = DateTimeTZRange(start.begins, start.ends, "[)")
        if told.free(during, ("person", client.pk)):
            way = told.offered[COUNSELLING]
            book_hour(
                way,
                clinician=counsellor,
                begins=start.begins,
                minutes=50,
                room=None,
                person=client,
                by=counsellor,
                now=booked,
            )
            told.take(during, ("person", client.pk), ("clinician", counsellor.pk))
            return


# ── Everybody else, and the past ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Client:
    enrolment: Enrolment
    track: str
    phase: str
    # Of two groups at one time, half of the people go to each.
    side: int

    @property
    def user(self) -> User:
        return self.enrolment.client

    def there_on(self, day: date) -> bool:
        begun = self.enrolment.admitted_on
        return (
            begun is not None
            and begun <= day
            and not (self.enrolment.discharged_on and self.enrolment.discharged_on <= day)
        )


def _client(enrolment: Enrolment) -> _Client:
    prescribed = Prescription.objects.filter(enrolment=enrolment).select_related("track").first()
    side = 0 if enrolment.client.email.startswith(("maya@", "theo@")) else enrolment.pk
    track, phase = (prescribed.track.name, prescribed.phase) if prescribed else ("", "")
    return _Client(enrolment, track, phase, side)


def _own_groups(told: _Timetable, client: _Client) -> Iterator[Session]:
    """The groups of a client's track while they are here: one at a time, left or right of each pair."""
    for begins, sessions in told.at_once[client.track].items():
        day = told.day_of(begins)
        if client.there_on(day):
            yield sessions[client.side % len(sessions)]


def _everybody_else(told: _Timetable) -> None:
    enrolments = Enrolment.objects.filter(program=told.program, admitted_on__isnull=False).select_related("client")
    clients = [_client(enrolment) for enrolment in enrolments.order_by("pk")]
    made = list(_seats(told, clients)) + list(_individual_hours(told, clients))
    Booking.objects.bulk_create(made, batch_size=2000)


def _seats(told: _Timetable, clients: list[_Client]) -> Iterator[Booking]:
    there: defaultdict[int, set[int]] = defaultdict(set)
    for booked, person in Booking.objects.filter(session__program=told.program).values_list("session", "person"):
        there[booked].add(person)
    apart = _apart()
    links = TrackSeries.objects.filter(track__program=told.program).values_list("series", "phases")
    phases: dict[int | None, set[str]] = {series: set(each) for series, each in links}
    for client in clients:
        persona = client.side == 0
        for at, session in enumerate(_own_groups(told, client)):
            if session.starts_at > told.now and (persona or client.phase not in phases[session.series_id]):
                continue
            full = len(there[session.pk]) >= session.capacity
            free = told.free(session.during, ("person", client.user.pk))
            if full or not free or there[session.pk] & apart[client.user.pk]:
                continue
            booking = _booking(told, session, client, given_up=not persona and (at + client.enrolment.pk) % 17 == 0)
            booking.assigned, booking.booked_by = True, None
            if booking.occupies:
                there[session.pk].add(client.user.pk)
                told.take(session.during, ("person", client.user.pk))
            yield booking


def _individual_hours(told: _Timetable, clients: list[_Client]) -> Iterator[Booking]:
    """A weekly hour with one's own counsellor, in the past and ahead; Maya has yet to choose this week's."""
    counsellors = {
        place.enrolment_id: place.clinician
        for place in CareTeam.objects.filter(enrolment__program=told.program, part=CareTeam.Part.PRIMARY)
        .select_related("clinician")
        .prefetch_related("clinician__weekly_hours__room")
        .order_by("pk")
    }
    found: list[tuple[Session, User, _Client]] = []
    for client in clients:
        counsellor = counsellors.get(client.enrolment.pk)
        last = -1 if client.side == 0 else BOOKED_AHEAD - 1
        for week in range(-WEEKS_BACK, last + 1) if counsellor else ():
            monday = told.monday + timedelta(weeks=week)
            session = _hour(told, client, counsellor, monday) if counsellor else None
            if session and counsellor:
                found.append((session, counsellor, client))
    Session.objects.bulk_create(session for session, _counsellor, _client in found)
    _lead([(session, counsellor) for session, counsellor, _client in found])
    for session, _counsellor, client in found:
        yield _booking(told, session, client, given_up=False)


def _hour(told: _Timetable, client: _Client, counsellor: User, monday: date) -> Session | None:
    """The first hour of a week at which both are free: in the room of the counsellor's hours, or else by video."""
    for hours in counsellor.weekly_hours.all():
        day = monday + timedelta(days=hours.weekday)
        if not client.there_on(day):
            continue
        for hour in range(hours.begins.hour + 1, hours.ends.hour):
            during = told.at(day, time(hour), 50)
            if not told.free(during, ("person", client.user.pk), ("clinician", counsellor.pk)):
                continue
            room = hours.room if hours.room and told.free(during, ("room", hours.room.pk)) else None
            if room is None and not hours.video:
                continue
            told.take(during, ("person", client.user.pk), ("clinician", counsellor.pk))
            if room:
                told.take(during, ("room", room.pk))
            return Session(
                program=told.program,
                modality=told.offered[COUNSELLING],
                during=during,
                room=room,
                video=room is None,
                capacity=1,
                listed=False,
            )
    return None


def _booking(told: _Timetable, session: Session, client: _Client, *, given_up: bool) -> Booking:
    booked_at = min(session.starts_at, told.now) - timedelta(days=5)
    cancelled_at = min(session.starts_at, told.now) - timedelta(days=2)
    return Booking(
        session=session,
        person=client.user,
        during=session.during,
        state=Booking.State.CANCELLED if given_up else Booking.State.BOOKED,
        occupies=not given_up,
        reference=new_reference(),
        booked_at=booked_at,
        booked_by=client.user,
        cancelled_at=cancelled_at if given_up else None,
        cancelled_by=client.user if given_up else None,
    )


def _apart() -> defaultdict[int, set[int]]:
    found: defaultdict[int, set[int]] = defaultdict(set)
    for one, other in Apart.objects.live().values_list("one", "other"):
        found[one].add(other)
        found[other].add(one)
    return found
