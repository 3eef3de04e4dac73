"""Fifty at once on the last seat, on one counsellor's hour, and one person from two tabs: exactly one wins.

Real connections, each in a thread of its own, started by a barrier. Each story prints one JSON line with the worst
time anybody waited for an answer.
"""

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction

from scheduling.booking import AlreadyBooked, AlreadyBusy, HourTaken, RoomTaken, SessionFull, book_hour, book_seat
from scheduling.models import Booking, Facilitation, Session
from tests.factories import (
    NOON,
    ModalityFactory,
    ProgramFactory,
    RoomFactory,
    clinician,
    enrolled,
    introduced,
    session_at,
    works,
)
from tests.faults.racing import PEOPLE, ROUNDS
from therapy.models import Format

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
SOON = NOON + timedelta(days=1)


@pytest.fixture
def program():
    return ProgramFactory(zone="UTC")


@pytest.fixture
def people(program):
    return [enrolled(program) for _ in range(PEOPLE)]


def test_of_fifty_people_on_the_last_seat_one_gets_it(rounds, program, people):
    way = ModalityFactory(program=program)
    leader = clinician(program)
    introduced(leader, way)

    def prepare(number):
        session = session_at(way, SOON + number * timedelta(hours=2), leader, capacity=1)
        return [partial(book_seat, session, person=one, by=one, now=NOON) for one in people]

    rounds("fifty on the last seat", prepare, winners=1, losers={SessionFull})
    assert Booking.objects.live().count() == ROUNDS


def test_of_fifty_people_on_one_hour_one_gets_it(rounds, program, people):
    way = ModalityFactory(program=program, format=Format.INDIVIDUAL, lengths=[50])
    leader = clinician(program)
    introduced(leader, way)
    for weekday in range(7):
        works(leader, program, weekday=weekday, begins="00:00", ends="23:59")

    def prepare(number):
        wish = {"clinician": leader, "begins": SOON + number * timedelta(hours=2), "minutes": 50, "room": None}
        return [partial(book_hour, way, **wish, person=one, by=one, now=NOON) for one in people]

    rounds("fifty on one hour", prepare, winners=1, losers={HourTaken})
    assert Session.objects.count() == Facilitation.objects.count() == Booking.objects.live().count() == ROUNDS


def test_a_person_in_two_tabs_gets_one_of_two_overlapping_sessions(rounds, program):
    way = ModalityFactory(program=program)
    leaders = clinician(program), clinician(program)
    for leader in leaders:
        introduced(leader, way)
    maya = enrolled(program)

    def prepare(number):
        begins = SOON + number * timedelta(hours=3)
        pair = [session_at(way, begins + n * timedelta(minutes=30), leaders[n]) for n in (0, 1)]
        return [partial(book_seat, session, person=maya, by=maya, now=NOON) for session in pair]

    rounds("one person, two tabs", prepare, winners=1, losers={AlreadyBusy})
    assert Booking.objects.live().filter(person=maya).count() == ROUNDS


def test_of_two_clicks_on_one_button_the_second_is_told_of_the_first(rounds, program):
    group, talk = ModalityFactory(program=program), ModalityFactory(program=program, format=Format.INDIVIDUAL)
    leaders = clinician(program), clinician(program)
    introduced(leaders[0], group)
    introduced(leaders[1], talk)
    for weekday in range(7):
        works(leaders[1], program, weekday=weekday, begins="00:00", ends="23:59")
    maya = enrolled(program)

    def prepare(number):
        begins = SOON + number * timedelta(hours=4)
        if number % 2:
            session = session_at(group, begins, leaders[0], capacity=1)
            return [partial(book_seat, session, person=maya, by=maya, now=NOON)] * 2
        wish = {"clinician": leaders[1], "begins": begins, "minutes": 90, "room": None}
        return [partial(book_hour, talk, **wish, person=maya, by=maya, now=NOON)] * 2

    rounds("two clicks on one button", prepare, winners=1, losers={AlreadyBooked})
    assert Booking.objects.live().count() == ROUNDS


def test_of_fifty_counsellors_in_one_room_one_gets_it(rounds, program, people):
    way, room = ModalityFactory(program=program, format=Format.INDIVIDUAL, lengths=[50]), RoomFactory(program=program)
    leaders = [clinician(program) for _ in people]
    for leader in leaders:
        introduced(leader, way)
        for weekday in range(7):
            works(leader, program, weekday=weekday, begins="00:00", ends="23:59", room=room)

    def prepare(number):
        wish = {"begins": SOON + number * timedelta(hours=2), "minutes": 50, "room": room}
        return [
            partial(book_hour, way, **wish, clinician=leader, person=one, by=one, now=NOON)
            for leader, one in zip(leaders, people, strict=True)
        ]

    rounds("fifty counsellors in one room", prepare, winners=1, losers={RoomTaken})
    assert Session.objects.count() == Facilitation.objects.count() == Booking.objects.live().count() == ROUNDS


# ── Past the portal: the database alone ───────────────────────────────────────────────────────────────────────

BOOKING = """
    INSERT INTO scheduling_booking
        (session_id, person_id, during, state, occupies, takes_seat, reference, booked_at)
    SELECT id, %s, during, 'booked', true, true, %s, now() FROM scheduling_session WHERE id = %s
"""


def insert(session, person, reference):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(BOOKING, [person.pk, reference, session.pk])


def test_of_fifty_raw_inserts_on_the_last_seat_one_stands(rounds, program, people):
    way = ModalityFactory(program=program)

    def prepare(number):
        session = session_at(way, SOON + number * timedelta(hours=2), capacity=1)
        return [partial(insert, session, one, f"{number}-{at}") for at, one in enumerate(people)]

    rounds("fifty raw inserts on the last seat", prepare, winners=1, losers={"a_seat_for_everybody"})
    assert Booking.objects.live().count() == ROUNDS


def test_of_fifty_raw_sessions_of_one_clinician_one_stands(rounds, program):
    way = ModalityFactory(program=program)
    leader = clinician(program)

    def lead(session):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO scheduling_facilitation (session_id, clinician_id, during, live)"
                " SELECT id, %s, during, live FROM scheduling_session WHERE id = %s",
                [leader.pk, session.pk],
            )

    def prepare(number):
        begins = SOON + number * timedelta(hours=2)
        return [partial(lead, session_at(way, begins)) for _ in range(PEOPLE)]

    rounds(
        "fifty raw sessions of one clinician", prepare, winners=1, losers={"a_clinician_is_in_one_session_at_a_time"}
    )
    assert Facilitation.objects.count() == ROUNDS


def test_of_fifty_raw_bookings_of_one_person_one_stands(rounds, program):
    way = ModalityFactory(program=program)
    maya = enrolled(program)

    def book(session, reference):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(BOOKING, [maya.pk, reference, session.pk])

    def prepare(number):
        begins = SOON + number * timedelta(hours=2)
        return [partial(book, session_at(way, begins), f"{number}-{at}") for at in range(PEOPLE)]

    rounds("fifty raw bookings of one person", prepare, winners=1, losers={"a_person_is_in_one_place_at_a_time"})
    assert Booking.objects.live().count() == ROUNDS


def test_of_fifty_raw_sessions_in_one_room_one_stands(rounds, program):
    way, room = ModalityFactory(program=program), RoomFactory(program=program)

    def meet(begins):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO scheduling_session"
                " (program_id, modality_id, during, room_id, video, capacity, listed, state, live)"
                " VALUES (%s, %s, tstzrange(%s, %s), %s, false, 8, true, 'planned', true)",
                [program.pk, way.pk, begins, begins + timedelta(hours=1), room.pk],
            )

    def prepare(number):
        return [partial(meet, SOON + number * timedelta(hours=2))] * PEOPLE

    rounds("fifty raw sessions in one room", prepare, winners=1, losers={"a_room_holds_one_session_at_a_time"})
    assert Session.objects.count() == ROUNDS
