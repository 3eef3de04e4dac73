"""A place that several want at once, by moving to it, by taking the offer, or by being offered it: one gets it.

Real connections, each in a thread of its own. Each story prints one JSON line with the worst time anybody waited.
"""

from datetime import timedelta
from functools import partial

import pytest

from iop_portal.refusals import Refused
from scheduling.booking import SessionFull, book_seat, cancel_booking
from scheduling.models import Booking, Waiting
from scheduling.moving import MovedAlready, move_to_seat
from scheduling.waiting import OfferGone, accept_offer, join_line, leave_line, offer_free_places
from tests.factories import NOON, ModalityFactory, ProgramFactory, clinician, enrolled, introduced, seated, session_at
from tests.faults.racing import PEOPLE, ROUNDS, WITHIN, at_once

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
SOON = NOON + timedelta(days=1)
# Moving and accepting say twice as much to the database as booking does.
WITHIN_LONGER = 2 * WITHIN


@pytest.fixture
def program():
    return ProgramFactory(zone="UTC", quiet_from="23:00", quiet_until="23:01")


@pytest.fixture
def way(program):
    return ModalityFactory(program=program)


@pytest.fixture
def leader(program, way):
    leader = clinician(program)
    introduced(leader, way)
    return leader


@pytest.fixture
def people(program):
    return [enrolled(program) for _ in range(PEOPLE)]


@pytest.fixture
def full_at(way, leader, program):
    """A session with one place, which somebody has."""
    holder = enrolled(program)

    def full_at(number, waiting):
        session = session_at(way, SOON + number * timedelta(hours=2), leader, capacity=1)
        held = seated(holder, session)
        return held, [join_line(session, person=one, by=one, now=NOON) for one in waiting]

    return full_at


def offered_at(full_at, number, waiting):
    held, entries = full_at(number, waiting)
    cancel_booking(held, by=held.person, now=NOON)
    assert offer_free_places(now=NOON) == 1
    return entries


def test_of_fifty_people_who_move_to_the_last_seat_one_gets_it_and_the_others_keep_what_they_have(
    rounds, way, leader, people
):
    other = clinician(way.program)
    introduced(other, way)
    held = {one: seated(one, session_at(way, SOON + timedelta(days=9), other, capacity=PEOPLE)) for one in people[:1]}
    big = held[people[0]].session
    held |= {one: seated(one, big) for one in people[1:]}

    def prepare(number):
        session = session_at(way, SOON + number * timedelta(hours=2), leader, capacity=1)
        live = {booking.person: booking for booking in Booking.objects.live().filter(session=big)}
        return [partial(move_to_seat, live.get(one, held[one]), session, by=one, now=NOON) for one in people]

    rounds("fifty move to the last seat", prepare, winners=1, losers={SessionFull, MovedAlready}, within=WITHIN_LONGER)
    live = Booking.objects.live()
    assert live.count() == PEOPLE
    assert live.filter(session=big).count() == PEOPLE - ROUNDS
    assert Booking.objects.filter(state="moved").count() == live.filter(moved_from__isnull=False).count() == ROUNDS


def test_people_who_change_places_do_not_wait_for_one_another_in_a_circle(rounds, way, leader, program):
    other = clinician(program)
    introduced(other, way)
    one, two = enrolled(program), enrolled(program)

    def prepare(number):
        begins = SOON + number * timedelta(hours=2)
        here, there = session_at(way, begins, leader, capacity=2), session_at(way, begins, other, capacity=2)
        return [
            partial(move_to_seat, seated(one, here), there, by=one, now=NOON),
            partial(move_to_seat, seated(two, there), here, by=two, now=NOON),
        ]

    rounds("two change places", prepare, winners=2, losers=set())


def test_one_booking_is_moved_once_from_any_number_of_tabs(rounds, way, leader, program):
    maya = enrolled(program)

    def prepare(number):
        begins = SOON + number * timedelta(hours=12)
        held = seated(maya, session_at(way, begins, leader))
        others = [session_at(way, begins + timedelta(hours=2 * at), leader) for at in range(1, 5)]
        return [partial(move_to_seat, held, session, by=maya, now=NOON) for session in others]

    rounds("one booking, four tabs", prepare, winners=1, losers={MovedAlready})


def test_of_any_number_who_offer_one_place_at_once_one_does(people, full_at):
    for number in range(ROUNDS):
        held, _entries = full_at(number, people[:5])
        cancel_booking(held, by=held.person, now=NOON)
        made = at_once([partial(offer_free_places, now=NOON)] * 8)
        assert [count for count, _took in made if count] == [1]
    assert Waiting.objects.filter(state="offered", person=people[0]).count() == ROUNDS


def test_an_offered_place_is_taken_once_whoever_else_wants_it(rounds, people, full_at):
    def prepare(number):
        (entry,) = offered_at(full_at, number, people[:1])
        mine = [partial(accept_offer, entry, by=people[0], now=NOON)] * 3
        theirs = [partial(book_seat, entry.session, person=one, by=one, now=NOON) for one in people[1:]]
        return mine + theirs

    rounds(
        "the offer, and forty-nine others", prepare, winners=1, losers={SessionFull, OfferGone}, within=WITHIN_LONGER
    )
    assert Booking.objects.live().filter(person=people[0]).count() == ROUNDS


def test_an_offer_that_runs_out_while_it_is_taken_is_the_one_or_the_other(people, full_at):
    """A second of difference between two clocks."""
    outcomes = set()
    for number in range(ROUNDS):
        first, second = offered_at(full_at, number, people[:2])
        first.refresh_from_db()
        last = first.expires_at - timedelta(seconds=1)
        (taken, _), _beat = at_once(
            [
                partial(accept_offer, first, by=people[0], now=last),
                partial(offer_free_places, now=first.expires_at),
            ]
        )
        first.refresh_from_db()
        second.refresh_from_db()
        won = not isinstance(taken, Refused)
        outcomes.add((won, first.state, second.state))
        assert Booking.objects.live().filter(session=first.session_id).count() == won
    assert outcomes <= {(True, "accepted", "waiting"), (False, "lapsed", "offered")}


def test_an_offer_that_is_taken_and_let_go_at_once_is_the_one_or_the_other(people, full_at):
    for number in range(ROUNDS):
        (entry,) = offered_at(full_at, number, people[:1])
        at_once(
            [
                partial(accept_offer, entry, by=people[0], now=NOON),
                partial(leave_line, entry, by=people[0], now=NOON),
            ]
        )
        entry.refresh_from_db()
        booked = Booking.objects.live().filter(session=entry.session_id).count()
        assert (entry.state, booked) in {("accepted", 1), ("declined", 0)}
