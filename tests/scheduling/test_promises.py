"""Promises 1 to 3, asked of the database alone: each constraint and trigger refuses raw SQL, by its name."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from scheduling.models import Booking, Facilitation, Session
from tests.factories import NOON, ModalityFactory, RoomFactory, clinician, enrolled, seated, session_at

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def group():
    """Eight seats at noon for ninety minutes, in a room, led by one clinician."""
    modality = ModalityFactory()
    return session_at(modality, NOON, clinician(modality.program), room=RoomFactory(program=modality.program))


@pytest.fixture
def amara(group):
    return group.facilitations.get().clinician


@pytest.fixture
def maya(group):
    return enrolled(group.program)


def run(sql, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def refused(sql, *values):
    """The name of what refused."""
    with pytest.raises(DatabaseError) as raised:
        run(sql, *values)
    return raised.value.__cause__.diag.constraint_name


SESSION = """
    INSERT INTO scheduling_session (program_id, modality_id, during, room_id, video, capacity, listed, state, live)
    VALUES (%s, %s, tstzrange(%s, %s), %s, %s, %s, true, %s, %s)
"""
FACILITATION = """
    INSERT INTO scheduling_facilitation (session_id, clinician_id, during, live) SELECT %s, %s, tstzrange(%s, %s), %s
"""
BOOKING = """
    INSERT INTO scheduling_booking
        (session_id, person_id, during, state, occupies, takes_seat, reference, booked_at, cancelled_at)
    VALUES (%s, %s, tstzrange(%s, %s), %s, %s, true, %s, now(), %s)
"""

MOVE = "UPDATE scheduling_session SET during = tstzrange(%s, %s) WHERE id = %s"
GIVE_BACK = "UPDATE scheduling_booking SET state = 'cancelled', occupies = false, cancelled_at = now() WHERE id = %s"


def session_values(
    group, begins=NOON, ends=NOON + HOUR, *, room=None, video=True, capacity=8, state="planned", live=True
):
    return (group.program_id, group.modality_id, begins, ends, room, video, capacity, state, live)


def booking_values(session, person, *, begins=None, ends=None, state="booked", occupies=True, cancelled_at=None):
    begins, ends = begins or session.starts_at, ends or session.ends_at
    return (session.pk, person.pk, begins, ends, state, occupies, f"R{Booking.objects.count()}", cancelled_at)


# ── 1: nobody is in two places ────────────────────────────────────────────────────────────────────────────────


def test_a_clinician_is_in_one_live_session_at_a_time_as_a_second_leader_too(group, amara):
    other = session_at(group.modality, NOON + HOUR, clinician(group.program))
    values = (other.pk, amara.pk, other.starts_at, other.ends_at, True)
    assert refused(FACILITATION, *values) == "a_clinician_is_in_one_session_at_a_time"


def test_a_clinician_may_lead_one_session_after_another(group, amara):
    after = session_at(group.modality, group.ends_at, amara)
    assert after.facilitations.get().clinician == amara


def test_a_room_holds_one_live_session_at_a_time(group):
    values = session_values(group, room=group.room_id)
    assert refused(SESSION, *values) == "a_room_holds_one_session_at_a_time"
    run(SESSION, *session_values(group, room=group.room_id, state="cancelled", live=False))


def test_a_person_is_in_one_place_at_a_time(group, maya):
    seated(maya, group)
    other = session_at(group.modality, NOON + HOUR)
    assert refused(BOOKING, *booking_values(other, maya)) == "a_person_is_in_one_place_at_a_time"


@pytest.mark.parametrize("moved", [HOUR, -HOUR])
def test_a_false_time_is_refused(group, maya, amara, moved):
    elsewhere = {"begins": group.starts_at + moved, "ends": group.ends_at + moved}
    now = "; SET CONSTRAINTS ALL IMMEDIATE"
    assert refused(BOOKING + now, *booking_values(group, maya, **elsewhere)) == "bookings_have_their_sessions_time"
    ben = clinician(group.program)
    values = (group.pk, ben.pk, *elsewhere.values(), True)
    assert refused(FACILITATION + now, *values) == "facilitations_have_their_sessions_time"


def test_moving_a_session_moves_who_leads_and_who_comes(group, maya):
    booking = seated(maya, group)
    run(
        "UPDATE scheduling_session SET during = tstzrange(%s, %s) WHERE id = %s",
        NOON + 2 * HOUR,
        NOON + 3 * HOUR,
        group.pk,
    )
    booking.refresh_from_db()
    assert booking.during.lower == group.facilitations.get().during.lower == NOON + 2 * HOUR


def test_a_session_does_not_move_onto_somebody_elses_time(group, maya):
    seated(maya, group)
    later = session_at(group.modality, NOON + 3 * HOUR)
    seated(maya, later)
    assert refused(MOVE, NOON, NOON + HOUR, later.pk) == "a_person_is_in_one_place_at_a_time"


def test_a_series_moves_by_one_step_though_each_takes_the_place_of_the_next(group, amara, maya):
    series = [group, *(session_at(group.modality, NOON + n * 2 * HOUR, amara, room=group.room) for n in (1, 2))]
    for session in series:
        seated(maya, session)
    with transaction.atomic():
        run("SET CONSTRAINTS ALL DEFERRED")
        for session in series:
            run(
                "UPDATE scheduling_session SET during = tstzrange(lower(during) + '2 hours', upper(during) + '2 hours')"
                " WHERE id = %s",
                session.pk,
            )
        run("SET CONSTRAINTS ALL IMMEDIATE")
    assert [one.during.lower for one in Booking.objects.all()] == [NOON + n * 2 * HOUR for n in (1, 2, 3)]


def test_cancelling_a_session_frees_who_leads_it(group, amara):
    run("UPDATE scheduling_session SET state = 'cancelled', live = false WHERE id = %s", group.pk)
    assert Facilitation.objects.get().live is False
    assert session_at(group.modality, NOON, amara).facilitations.get().live


def test_a_clinician_leads_a_session_once(group, amara):
    values = (group.pk, amara.pk, group.starts_at, group.ends_at, True)
    assert refused(FACILITATION, *values) in {
        "a_clinician_leads_a_session_once",
        "a_clinician_is_in_one_session_at_a_time",
    }


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"state": "cancelled"}, "a_session_is_live_while_planned"),
        ({"live": False}, "a_session_is_live_while_planned"),
        ({"ends": NOON + timedelta(minutes=4)}, "a_session_lasts_from_5_minutes_to_8_hours"),
        ({"ends": NOON + timedelta(hours=8, minutes=1)}, "a_session_lasts_from_5_minutes_to_8_hours"),
        ({"ends": None}, "a_session_lasts_from_5_minutes_to_8_hours"),
        ({"begins": None}, "a_session_lasts_from_5_minutes_to_8_hours"),
        ({"begins": NOON, "ends": NOON}, "a_session_lasts_from_5_minutes_to_8_hours"),
        ({"capacity": 0}, "a_session_has_1_to_500_seats"),
        ({"capacity": 501}, "a_session_has_1_to_500_seats"),
        ({"video": False}, "a_session_is_somewhere"),
    ],
)
def test_a_session_that_cannot_be_is_refused(group, fields, rule):
    assert refused(SESSION, *session_values(group, **fields)) == rule


# ── 2: no more live seats than the capacity ───────────────────────────────────────────────────────────────────


def test_a_full_session_takes_nobody_and_a_seat_given_back_is_free_again(group, maya):
    small = session_at(group.modality, NOON, capacity=1)
    first = seated(maya, small)
    ben = enrolled(group.program)
    assert refused(BOOKING, *booking_values(small, ben)) == "a_seat_for_everybody"
    run(
        "UPDATE scheduling_booking SET state = 'cancelled', occupies = false, cancelled_at = now() WHERE id = %s",
        first.pk,
    )
    run(BOOKING, *booking_values(small, ben))
    back = "UPDATE scheduling_booking SET state = 'booked', occupies = true, cancelled_at = NULL WHERE id = %s"
    assert refused(back, first.pk) == "a_seat_for_everybody"


def test_moving_a_booking_into_a_full_session_is_refused(group, maya):
    small = session_at(group.modality, NOON, capacity=1)
    seated(maya, small)
    ben = seated(enrolled(group.program), group)
    move = "UPDATE scheduling_booking SET session_id = %s WHERE id = %s"
    assert refused(move, small.pk, ben.pk) == "a_seat_for_everybody"


def test_the_capacity_is_not_lowered_below_who_is_booked(group, maya):
    seated(maya, group)
    seated(enrolled(group.program), group)
    lower = "UPDATE scheduling_session SET capacity = %s WHERE id = %s"
    assert refused(lower, 1, group.pk) == "capacity_holds_who_is_booked"
    run(lower, 2, group.pk)


def test_a_cancelled_session_is_not_booked(group, maya):
    Session.objects.filter(pk=group.pk).update(state="cancelled", live=False)
    assert refused(BOOKING, *booking_values(group, maya)) == "bookings_are_of_live_sessions"


# ── 3: one live booking per person and session ────────────────────────────────────────────────────────────────


def test_a_person_has_one_live_booking_of_a_session(group, maya):
    seated(maya, group)
    assert refused(BOOKING, *booking_values(group, maya)) in {
        "one_live_booking_per_person_and_session",
        "a_person_is_in_one_place_at_a_time",
    }


def test_who_cancelled_may_book_again(group, maya):
    seated(maya, group, state="cancelled", occupies=False, cancelled_at=NOON)
    seated(maya, group)
    assert list(Booking.objects.order_by("pk").values_list("occupies", flat=True)) == [False, True]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"state": "cancelled", "cancelled_at": NOON}, "a_booking_occupies_while_booked"),
        ({"occupies": False}, "a_booking_occupies_while_booked"),
        ({"state": "cancelled", "occupies": False}, "a_booking_is_cancelled_at_a_time"),
        ({"cancelled_at": NOON}, "a_booking_is_cancelled_at_a_time"),
    ],
)
def test_a_booking_that_cannot_be_is_refused(group, maya, fields, rule):
    assert refused(BOOKING, *booking_values(group, maya, **fields)) == rule
