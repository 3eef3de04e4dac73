"""Booking and cancelling in any order, against a small oracle that knows promises 1 to 3 and nothing else."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from iop_portal.refusals import Refused
from scheduling import booking
from scheduling.models import Booking
from tests.factories import NOON, clinician, introduced
from tests.scheduling.booking_world import TOMORROW, Clinic

PEOPLE, SESSIONS, HOURS = range(3), range(5), range(4)


class Oracle:
    """Who is where: (person, what) of what is booked, where what has a time and perhaps seats or a counsellor."""

    def __init__(self, times, capacities):
        self.times, self.capacities = times, capacities
        self.held = set()

    def overlapping(self, one, other):
        (begins, ends), (starts, stops) = self.times[one], self.times[other]
        return begins < stops and starts < ends

    def may_book(self, person, what):
        mine = [other for who, other in self.held if who == person]
        taken = sum(other == what for _who, other in self.held)
        return not any(self.overlapping(what, other) for other in mine) and taken < self.capacities[what]

    def counsellor_is_free(self, what):
        """Between two hours of a counsellor lie ten minutes, so that hours side by side clash as well."""
        begins, ends = self.times[what]
        gap = timedelta(minutes=10)
        taken = [self.times[other] for _who, other in self.held if other[0] == "hour"]
        return not any(begins < stops + gap and starts - gap < ends for starts, stops in taken)


class Play:
    """Three people, five sessions of one or two places that partly overlap, and four hours of one counsellor."""

    def __init__(self):
        self.clinic = Clinic()
        self.clinic.hours(self.clinic.jonah)
        self.people = [self.clinic.client(name) for name in ("Ana", "Ben", "Cleo")]
        capacities = (1, 2, 2, 1, 2)
        begins = [TOMORROW + timedelta(minutes=60 * number) for number in SESSIONS]
        self.sessions = []
        for start, capacity in zip(begins, capacities, strict=True):
            # Each has a leader of its own: what is tried here is the people and the places.
            leader = clinician(self.clinic.program)
            introduced(leader, self.clinic.group)
            self.sessions.append(self.clinic.session(start, leader, capacity=capacity))
        self.hours = [TOMORROW + timedelta(minutes=30 * number) for number in HOURS]
        times = {("seat", number): (start, start + timedelta(minutes=90)) for number, start in enumerate(begins)}
        times |= {("hour", number): (start, start + timedelta(minutes=25)) for number, start in enumerate(self.hours)}
        seats = {("seat", number): capacity for number, capacity in enumerate(capacities)}
        self.oracle = Oracle(times, seats | {("hour", number): 1 for number in HOURS})
        self.bookings = {}

    def book_a_seat(self, person, number):
        what = ("seat", number)
        self.try_to(
            person,
            what,
            expected=self.oracle.may_book(person, what),
            book=lambda who: booking.book_seat(self.sessions[number], person=who, by=who, now=NOON),
        )

    def book_an_hour(self, person, number):
        what = ("hour", number)
        self.try_to(
            person,
            what,
            expected=self.oracle.may_book(person, what) and self.oracle.counsellor_is_free(what),
            book=lambda who: booking.book_hour(
                self.clinic.talk,
                clinician=self.clinic.jonah,
                begins=self.hours[number],
                minutes=25,
                room=None,
                person=who,
                by=who,
                now=NOON,
            ),
        )

    def cancel_seat(self, person, number):
        self.cancel(person, ("seat", number))

    def cancel_hour(self, person, number):
        self.cancel(person, ("hour", number))

    def cancel(self, person, what):
        key = (person, what)
        if key not in self.bookings:
            return
        expected = key in self.oracle.held
        try:
            booking.cancel_booking(self.bookings[key], by=self.people[person], now=NOON)
        except Refused:
            assert not expected
        else:
            assert expected
            self.oracle.held.discard(key)
        self.compare()

    def try_to(self, person, what, *, expected, book):
        try:
            self.bookings[person, what] = book(self.people[person])
            self.oracle.held.add((person, what))
            booked = True
        except Refused:
            booked = False
        assert booked == expected
        self.compare()

    def compare(self):
        live = {made.pk for key, made in self.bookings.items() if key in self.oracle.held}
        assert set(Booking.objects.filter(occupies=True).values_list("pk", flat=True)) == live


SEATS = st.tuples(st.just("book_a_seat"), st.sampled_from(PEOPLE), st.sampled_from(SESSIONS))
TALKS = st.tuples(st.just("book_an_hour"), st.sampled_from(PEOPLE), st.sampled_from(HOURS))
CANCELS = st.tuples(st.sampled_from(["cancel_seat", "cancel_hour"]), st.sampled_from(PEOPLE), st.sampled_from(SESSIONS))


class AnyOrder(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(st.lists(SEATS | TALKS | CANCELS, min_size=5, max_size=25))
    def test_booking_and_cancelling_in_any_order_keep_the_promises(self, acts):
        play = Play()
        for act, person, number in acts:
            getattr(play, act)(person, number)
