"""Crowds: as many people and bookings as were asked for, held by the same promises as everybody else."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, F

from iop_portal.demo.bulk import book_crowd, gather_crowd, tell_crowd
from iop_portal.people.models import User
from scheduling.booking import SessionFull, book_seat
from scheduling.models import Booking, Session
from tests.factories import NOON, enrolled

pytestmark = pytest.mark.django_db


def refused_by_the_database(constraint, **fields):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Booking.objects.create(reference="ABCD-2345", booked_at=NOON, **fields)
    return constraint in (caught.value.__cause__.diag.constraint_name, str(caught.value))


def test_everybody_is_booked_five_times_a_week():
    program = tell_crowd(clients=10, weeks=3, now=NOON)
    people = User.objects.filter(bookings__session__program=program).annotate(count=Count("bookings"))
    assert [person.count for person in people] == [15] * 10
    assert Session.objects.filter(program=program).count() == 2 * 15
    assert Booking.objects.filter(during=F("session__during")).count() == 150


def test_this_week_and_the_next_three_are_the_last_four():
    tell_crowd(clients=1, weeks=6, now=NOON)
    begins = sorted(booking.starts_at for booking in Booking.objects.all())
    assert begins[0] == datetime(2026, 11, 9, 14, tzinfo=UTC)
    assert begins[-1] == datetime(2026, 12, 18, 14, tzinfo=UTC)


def test_a_crowd_can_gather_first_and_be_booked_in_parts():
    crowd = gather_crowd(clients=20, weeks=1, now=NOON)
    counts = [Booking.objects.count()]
    for after, until in ((0, 3), (3, 20)):
        book_crowd(crowd, after=after, until=until)
        counts.append(Booking.objects.count())
    assert counts == [0, 15, 100]
    assert len(crowd.clients) == 20


def test_two_crowds_stand_beside_each_other():
    first = tell_crowd(clients=9, weeks=1, now=NOON)
    second = tell_crowd(clients=9, weeks=1, now=NOON)
    assert first.name != second.name
    assert Booking.objects.count() == 90


def test_the_promises_hold_for_a_crowd_as_for_everybody():
    program = tell_crowd(clients=8, weeks=2, now=NOON)
    session = Session.objects.filter(program=program).upcoming(NOON + timedelta(days=2)).first()
    booked = session.bookings.first().person
    assert refused_by_the_database(
        "one_live_booking_per_person_and_session", session=session, person=booked, during=session.during
    )
    other = Session.objects.filter(program=program).exclude(pk=session.pk).first()
    assert refused_by_the_database(
        "bookings_have_their_sessions_time", session=session, person=enrolled(program), during=other.during
    )
    for _place in range(2):
        person = enrolled(program)
        book_seat(session, person=person, by=person, now=NOON)
    late = enrolled(program)
    with pytest.raises(SessionFull):
        book_seat(session, person=late, by=late, now=NOON)
    assert refused_by_the_database("a_seat_for_everybody", session=session, person=late, during=session.during)


def test_telling_a_crowd_leaves_no_check_for_later():
    """What was put off to the end of the transaction would be wrong there, and nobody would know which row."""
    crowd = gather_crowd(clients=2, weeks=1, now=NOON)
    crowd.clients[1] = 0
    with pytest.raises(IntegrityError), transaction.atomic():
        book_crowd(crowd, until=2)


@pytest.fixture
def demo(settings):
    settings.PORTAL_DEMO = True


def test_the_command_tells_how_many_bookings_there_are(demo, capsys):
    call_command("tell_story", "--clients", "3", "--weeks", "2")
    assert capsys.readouterr().out == "The crowd of Crowd 0 is there: 30 bookings.\n"
    assert Booking.objects.count() == 30


@pytest.mark.parametrize("option", ["--clients", "--weeks"])
@pytest.mark.parametrize("number", ["0", "-5", "many", "1.5", "", "²", "999999999999"])
def test_the_command_says_which_number_it_cannot_take(demo, option, number):
    with pytest.raises(CommandError, match=f"argument {option}: .* is not a whole number from 1 to "):
        call_command("tell_story", f"{option}={number}")
    assert not User.objects.exists()


def test_weeks_alone_say_what_is_missing(demo):
    with pytest.raises(CommandError, match="how many --clients"):
        call_command("tell_story", "--weeks", "3")
    assert not User.objects.exists()


def test_no_crowd_comes_where_there_is_no_demo():
    with pytest.raises(CommandError, match="PORTAL_DEMO is not set"):
        call_command("tell_story", "--clients", "3")
    assert not User.objects.exists()


def test_the_database_reads_seats_by_their_session_whatever_it_was_told_before():
    """The trigger of every booking counts them: with an index, or half a million of them take for ever."""
    tell_crowd(clients=24, weeks=4, now=NOON)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = on")
        cursor.execute(
            "EXPLAIN SELECT count(*) FROM scheduling_booking b"
            " WHERE b.session_id = 1 AND b.takes_seat AND b.occupies AND b.id IS DISTINCT FROM 2"
        )
        assert "Index" in str(cursor.fetchall())
