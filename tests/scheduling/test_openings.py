"""Open times, against an oracle that is slow and obvious: it asks every five minutes whether somebody is free."""

from collections import namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extras import DateTimeTZRange

from scheduling.models import DayException, OtherHours, TimeOff, WeeklyHours
from scheduling.openings import Opening, openings, starts
from tests.factories import ModalityFactory, ProgramFactory, RoomFactory, clinician, session_at
from therapy.models import ClinicalPolicy, Format

pytestmark = pytest.mark.django_db

GRID = timedelta(minutes=5)
# Both clock changes of a year, an ordinary day, one on which midnight itself is skipped (Santiago), and one that is
# skipped as a whole (Apia).
PLACES_AND_DAYS = [
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("America/New_York", date(2026, 11, 24)),
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/St_Johns", date(2026, 3, 8)),
    ("America/St_Johns", date(2026, 11, 1)),
    ("Asia/Kolkata", date(2026, 3, 8)),
    ("Pacific/Auckland", date(2026, 4, 5)),
    ("Pacific/Auckland", date(2026, 9, 27)),
    ("America/Santiago", date(2026, 9, 6)),
    ("Pacific/Kiritimati", date(2026, 6, 1)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Pacific/Pago_Pago", date(2026, 6, 1)),
]
Held = namedtuple("Held", "who begins minutes in_room live")
# Time off, taken back or not.
Gone = namedtuple("Gone", "who begins ends back")


@dataclass(frozen=True)
class Line:
    """Hours of one of two clinicians, on a day of the case. `other` ones are those of an exceptional day."""

    who: int
    day: int
    begins: time
    ends: time
    in_room: bool
    video: bool
    other: bool = False
    # Of the two kinds of session one to one: none stands for both. The first is asked for.
    only_for: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Case:
    zone: str
    day: date
    lines: list[Line]
    excepted: set[tuple[int, int]]
    held: list[Held]
    away: list[Gone]
    begin: datetime
    end: datetime
    now: datetime
    notice: int
    horizon: int
    buffer: int


@st.composite
def lines(draw):
    first = draw(st.one_of(st.integers(0, 16), st.integers(0, 94)))
    last = draw(st.integers(first + 1, min(95, first + 40)))
    in_room = draw(st.integers(0, 3)) > 0
    return Line(
        who=draw(st.integers(0, 1)),
        day=draw(st.integers(-1, 2)),
        begins=time(first // 4, first % 4 * 15),
        ends=time(last // 4, last % 4 * 15),
        in_room=in_room,
        video=not in_room or draw(st.booleans()),
        other=draw(st.integers(0, 4)) == 0,
        only_for=draw(st.sampled_from([frozenset(), frozenset(), frozenset({0}), frozenset({1}), frozenset({0, 1})])),
    )


@st.composite
def held_about(draw, told, midnight):
    """Something held where somebody works, or close by: elsewhere it would say nothing about buffers.

    Of their own, or of a third who has the room.
    """
    line = draw(st.sampled_from(told))
    who = draw(st.sampled_from([line.who, 2, 1 - line.who]))
    works_from, works_until = ((at.hour * 60 + at.minute) // 5 for at in (line.begins, line.ends))
    return Held(
        who=who,
        begins=midnight + timedelta(days=line.day) + draw(st.integers(works_from - 10, works_until + 6)) * GRID,
        minutes=draw(st.sampled_from([25, 50, 80, 240])),
        in_room=who != line.who or draw(st.booleans()),
        live=draw(st.integers(0, 3)) > 0,
    )


@st.composite
def gone_about(draw, midnight):
    begins = midnight + draw(st.integers(-24 * 12, 48 * 12)) * GRID
    return Gone(
        who=draw(st.integers(0, 1)),
        begins=begins,
        ends=begins + draw(st.one_of(st.integers(1, 48), st.integers(1, 48 * 12))) * GRID,
        back=draw(st.integers(0, 3)) == 0,
    )


@st.composite
def cases(draw):
    zone, day = draw(st.sampled_from(PLACES_AND_DAYS))
    midnight = datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC)
    told = draw(st.lists(lines(), min_size=1, max_size=6))
    begin = midnight + draw(st.integers(-24 * 12, 12 * 12)) * GRID
    return Case(
        zone=zone,
        day=day,
        lines=told,
        excepted=draw(st.sets(st.tuples(st.integers(0, 1), st.integers(-1, 2)), max_size=2)),
        held=draw(st.lists(held_about(told, midnight), max_size=6)),
        away=draw(st.lists(gone_about(midnight), max_size=2, unique_by=lambda one: one.who)),
        begin=begin,
        end=begin + draw(st.one_of(st.integers(48 * 12, 72 * 12), st.integers(1, 72 * 12))) * GRID,
        now=midnight + draw(st.integers(-48 * 12, 0)) * GRID,
        notice=draw(st.sampled_from([0, 120, 600])),
        horizon=draw(st.sampled_from([28, 28, 1])),
        buffer=draw(st.sampled_from([10, 30, 0])),
    )


def as_meant(day, wall, zone):
    """A wall time that a change skips counts from before it; of one that comes twice the later is meant."""
    early = datetime.combine(day, wall, ZoneInfo(zone))
    late = early.replace(fold=1)
    skipped = early.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != datetime.combine(day, wall)
    return (early if skipped else late).astimezone(UTC)


def told(case):
    """The case in the database: clinicians, the room, the policy, and what was held in fact."""
    program = ProgramFactory(zone=case.zone)
    people = [clinician(program), clinician(program), clinician(program)]
    room, modality = RoomFactory(program=program), ModalityFactory(program=program)
    talks = [ModalityFactory(program=program, format=Format.INDIVIDUAL) for _kind in range(2)]
    exceptions = {
        key: DayException.objects.create(
            clinician=people[key[0]], program=program, on=case.day + timedelta(days=key[1])
        )
        for key in case.excepted | {(line.who, line.day) for line in case.lines if line.other}
    }
    begun = set()
    kept = []
    for line in case.lines:
        fields = {"begins": line.begins, "ends": line.ends, "room": room if line.in_room else None, "video": line.video}
        if line.other:
            made = OtherHours.objects.create(exception=exceptions[line.who, line.day], **fields)
        elif (line.who, line.day, line.begins) not in begun:
            begun.add((line.who, line.day, line.begins))
            weekday = (case.day + timedelta(days=line.day)).weekday()
            made = WeeklyHours.objects.create(clinician=people[line.who], program=program, weekday=weekday, **fields)
        else:
            continue
        made.only_for.set(talks[kind] for kind in line.only_for)
        kept.append(line)
    held = []
    for one in case.held:
        if not one.live or not any(collide(one, other) for other in held if other.live):
            session_at(
                modality,
                one.begins,
                people[one.who],
                minutes=one.minutes,
                room=room if one.in_room else None,
                live=one.live,
                state="planned" if one.live else "cancelled",
            )
            held.append(one)
    for one in case.away:
        back = {"ended_at": case.now, "ended_by": people[2]} if one.back else {}
        TimeOff.objects.create(
            clinician=people[one.who],
            program=program,
            during=DateTimeTZRange(one.begins, one.ends, "[)"),
            noted_at=case.now,
            noted_by=people[2],
            **back,
        )
    policy = ClinicalPolicy(
        program=program, notice_minutes=case.notice, horizon_days=case.horizon, buffer_minutes=case.buffer
    )
    return talks[0], people, room, policy, kept, set(exceptions), held


def collide(one, other):
    same = one.who == other.who or (one.in_room and other.in_room)
    apart = one.begins + timedelta(minutes=one.minutes) <= other.begins
    return same and not apart and not other.begins + timedelta(minutes=other.minutes) <= one.begins


def is_open(moment, who, in_room, *, case, lines, exceptions, held):
    """Whether the five minutes from a moment on are open: the rule, read aloud."""
    if not case.begin <= moment < case.end:
        return False
    if not case.now + timedelta(minutes=case.notice) <= moment < case.now + timedelta(days=case.horizon):
        return False
    if any(one.who == who and not one.back and one.begins <= moment < one.ends for one in case.away):
        return False
    margin = timedelta(minutes=case.buffer)
    for one in held:
        ends = one.begins + timedelta(minutes=one.minutes)
        if one.live and one.who == who and one.begins - margin <= moment < ends + margin:
            return False
        if one.live and in_room and one.in_room and one.begins <= moment < ends:
            return False
    return any(
        line.who == who
        and (line.in_room if in_room else line.video)
        and (line.other or (who, line.day) not in exceptions)
        and (0 in line.only_for or not line.only_for)
        and as_meant(case.day + timedelta(days=line.day), line.begins, case.zone)
        <= moment
        < as_meant(case.day + timedelta(days=line.day), line.ends, case.zone)
        for line in lines
    )


@settings(max_examples=120, deadline=None, suppress_health_check=[*HealthCheck])
@given(case=cases())
def test_open_times_are_hours_minus_busy_minus_buffers_minus_time_off_within_notice_and_horizon(case):
    with transaction.atomic():
        talk, people, room, policy, kept, exceptions, held = told(case)
        found = openings(people[:2], modality=talk, policy=policy, begin=case.begin, end=case.end, now=case.now)
        transaction.set_rollback(True)

    key = {people[0].pk: 0, people[1].pk: 1}
    got = {
        (one.begins + n * GRID, key[one.clinician_id], one.room_id == room.pk)
        for one in found
        for n in range((one.ends - one.begins) // GRID)
    }
    moments = [case.begin + n * GRID for n in range((case.end - case.begin) // GRID)]
    rule = {"case": case, "lines": kept, "exceptions": exceptions, "held": held}
    assert got == {
        (moment, who, in_room)
        for moment in moments
        for who in (0, 1)
        for in_room in (True, False)
        if is_open(moment, who, in_room, **rule)
    }


@pytest.mark.parametrize(
    ("zone", "day", "wall", "instant"),
    [
        ("America/New_York", date(2026, 3, 8), time(2, 30), "2026-03-08T07:30Z"),
        ("America/New_York", date(2026, 11, 1), time(1, 30), "2026-11-01T06:30Z"),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-03T15:45Z"),
        ("Australia/Lord_Howe", date(2026, 4, 5), time(1, 45), "2026-04-04T15:15Z"),
    ],
)
def test_a_skipped_wall_time_counts_from_before_the_change_and_a_doubled_one_is_the_later(zone, day, wall, instant):
    program = ProgramFactory(zone=zone)
    amara = clinician(program)
    WeeklyHours.objects.create(
        clinician=amara, program=program, weekday=day.weekday(), begins=wall, ends=time(12), video=True
    )
    at = datetime.fromisoformat(instant)
    policy = ClinicalPolicy(program=program, notice_minutes=0)
    (opening,) = openings(
        [amara],
        modality=ModalityFactory(program=program, format=Format.INDIVIDUAL),
        policy=policy,
        begin=at - timedelta(hours=5),
        end=at + timedelta(hours=5),
        now=at - timedelta(hours=9),
    )
    assert opening.begins == at


def test_times_are_offered_on_the_half_hours_of_the_wall_clock():
    begins = datetime(2026, 11, 24, 4, 40, tzinfo=UTC)
    opening = Opening(1, None, begins, begins + timedelta(minutes=110))
    offered = [
        start.begins.astimezone(ZoneInfo("Asia/Kathmandu")).time()
        for start in starts([opening], minutes=50, zone="Asia/Kathmandu")
    ]
    assert offered == [time(10, 30), time(11)]


def test_many_clinicians_and_days_cost_one_query(django_assert_num_queries):
    program = ProgramFactory()
    people = [clinician(program) for _ in range(5)]
    talk = ModalityFactory(program=program, format=Format.INDIVIDUAL)
    begin = datetime(2026, 11, 24, tzinfo=UTC)
    for count, days in ((1, 1), (5, 28)):
        with django_assert_num_queries(1):
            openings(
                people[:count],
                modality=talk,
                policy=ClinicalPolicy(program=program),
                begin=begin,
                end=begin + timedelta(days=days),
                now=begin,
            )
