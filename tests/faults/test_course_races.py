"""A course that many join at once, or that one leaves while its places move on: nobody is lost or counted twice.

Real connections, each in a thread of its own. The first story prints one JSON line with the worst time anybody waited.
"""

import json
from datetime import timedelta
from functools import partial

import pytest

from iop_portal.refusals import Refused
from scheduling.courses import CourseDetails, Parts, add_course
from scheduling.enrolling import discharge_from_care
from scheduling.models import Booking, Participation, Waiting
from scheduling.taking_part import JoinedAlready, book_courses, join_course, leave_course
from scheduling.waiting import OfferGone, accept_offer, offer_free_places
from tests.factories import NOON, ModalityFactory, ProgramFactory, admin, clinician, enrolled, introduced, session_at
from tests.faults.racing import ROUNDS, WITHIN, at_once
from therapy.models import Format

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
SOON = NOON + timedelta(days=1)
CLASS = 20
# Joining says several times as much to the database as booking one place does.
WITHIN_LONGER = 3 * WITHIN


@pytest.fixture
def program():
    return ProgramFactory(zone="UTC", quiet_from="23:00", quiet_until="23:01")


@pytest.fixture
def office(program):
    return admin(program)


@pytest.fixture
def course_at(program, office):
    """A course of so many sessions, each with so many places. Those of another number are at another time."""
    way = ModalityFactory(program=program, format=Format.WORKSHOP)
    leader = clinician(program)
    introduced(leader, way)

    def course_at(number, *, places, sessions=1):
        times = [SOON + timedelta(hours=2 * (number * sessions + at)) for at in range(sessions)]
        singles = tuple(session_at(way, time, leader, capacity=places) for time in times)
        details = CourseDetails(f"Course {number}", "In short.", "About.", "Skills course", sessions, 1)
        return add_course(program, details, Parts(singles=singles), by=office, now=NOON), singles

    return course_at


def told(joined):
    return joined if isinstance(joined, Refused) else (joined.booked, joined.waiting, joined.left_out)


def test_of_twenty_who_join_with_one_place_left_one_has_it_and_the_others_wait_for_it(program, course_at, capsys):
    people, worst = [enrolled(program) for _ in range(CLASS)], 0.0
    for number in range(ROUNDS):
        course, (session,) = course_at(number, places=1)
        done = at_once([partial(join_course, course, by=one, now=NOON) for one in people])
        assert sorted(told(joined) for joined, _took in done) == [(0, 1, 0)] * (CLASS - 1) + [(1, 0, 0)]
        assert Booking.objects.live().filter(session=session).count() == 1
        assert Waiting.objects.live().filter(session=session).count() == CLASS - 1
        worst = max(worst, *(took for _joined, took in done))
    figures = {
        "name": "twenty join a course",
        "rounds": ROUNDS,
        "worst_seconds": round(worst, 3),
        "ok": worst < WITHIN_LONGER,
    }
    with capsys.disabled():
        print("\n" + json.dumps(figures))
    assert worst < WITHIN_LONGER


def test_who_joins_from_two_tabs_joins_once(program, course_at):
    maya = enrolled(program)
    for number in range(ROUNDS):
        course, sessions = course_at(number, places=8, sessions=3)
        done = at_once([partial(join_course, course, by=maya, now=NOON)] * 2)
        lost = [type(joined) for joined, _took in done if isinstance(joined, Refused)]
        assert lost == [JoinedAlready]
        assert Booking.objects.live().filter(session__in=sessions).count() == 3
    assert Participation.objects.count() == ROUNDS


def test_who_leaves_while_their_place_is_offered_to_the_next_leaves_one_offer_behind(program, course_at):
    ana, ben = enrolled(program), enrolled(program)
    for number in range(ROUNDS):
        course, (session,) = course_at(number, places=1)
        part = join_course(course, by=ana, now=NOON).participation
        join_course(course, by=ben, now=NOON)
        acts = [partial(leave_course, part, by=ana, now=NOON), *[partial(offer_free_places, now=NOON)] * 3]
        (given_back, _), *_offers = at_once(acts)
        offer_free_places(now=NOON)
        assert given_back == 1
        assert not Booking.objects.live().filter(session=session).exists()
        assert [one.state for one in Waiting.objects.filter(session=session, person=ben)] == ["offered"]


def test_who_leaves_while_they_take_the_place_that_is_offered_has_it_or_not_and_is_in_no_line(program, course_at):
    ana, ben = enrolled(program), enrolled(program)
    outcomes = set()
    for number in range(ROUNDS):
        course, (session,) = course_at(number, places=1)
        first = join_course(course, by=ana, now=NOON).participation
        part = join_course(course, by=ben, now=NOON).participation
        leave_course(first, by=ana, now=NOON)
        assert offer_free_places(now=NOON) == 1
        entry = Waiting.objects.get(session=session, person=ben)
        (taken, _), (left, _) = at_once(
            [partial(accept_offer, entry, by=ben, now=NOON), partial(leave_course, part, by=ben, now=NOON)]
        )
        entry.refresh_from_db()
        assert not Booking.objects.live().filter(session=session).exists()
        outcomes.add((type(taken), left, entry.state))
    assert outcomes <= {(Booking, 1, "accepted"), (OfferGone, 0, "declined")}


def test_who_leaves_while_the_line_is_closed_leaves(program, course_at):
    """Somebody called a session off, and whoever waits for it learns that while they leave."""
    ana, ben = enrolled(program), enrolled(program)
    for number in range(ROUNDS):
        course, (session,) = course_at(number, places=1)
        join_course(course, by=ana, now=NOON)
        part = join_course(course, by=ben, now=NOON).participation
        Booking.objects.filter(session=session).update(occupies=False, state="cancelled", cancelled_at=NOON)
        session.state, session.live = "cancelled", False
        session.save()
        (left, _), *_offers = at_once(
            [partial(leave_course, part, by=ben, now=NOON), *[partial(offer_free_places, now=NOON)] * 2]
        )
        assert left == 0
        assert not Waiting.objects.live().filter(session=session).exists()


def test_who_joins_while_they_are_discharged_is_expected_nowhere(program, office, course_at):
    for number in range(ROUNDS):
        maya = enrolled(program)
        course, _sessions = course_at(number, places=8, sessions=3)
        leave = partial(discharge_from_care, maya.enrolments.get(), reason="completed", by=office, now=NOON)
        at_once([partial(join_course, course, by=maya, now=NOON), leave])
        assert not Booking.objects.live().filter(person=maya).exists()


def test_the_night_books_nobody_who_is_discharged_meanwhile(program, office, course_at):
    for number in range(ROUNDS):
        maya = enrolled(program)
        course, sessions = course_at(number, places=8, sessions=3)
        join_course(course, by=maya, now=NOON)
        Booking.objects.filter(session__in=sessions).delete()
        leave = partial(discharge_from_care, maya.enrolments.get(), reason="completed", by=office, now=NOON)
        at_once([partial(book_courses, now=NOON), leave])
        assert not Booking.objects.live().filter(person=maya).exists()
