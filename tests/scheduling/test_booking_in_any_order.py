"""Booking, moving, cancelling and waiting in any order, against a small oracle.

It knows promises 1 to 3, that a line is served in its order, and that nobody overtakes those who stand in it.
"""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from iop_portal.refusals import Refused
from scheduling import booking, moving, waiting
from scheduling.models import Booking, Waiting
from tests.factories import NOON, clinician, introduced
from tests.scheduling.booking_world import TOMORROW, Clinic

PEOPLE, SESSIONS, HOURS = range(3), range(5), range(4)


class Oracle:
    """Who is where: (person, what) of what is booked, where what has a time and perhaps seats or a counsellor."""

    def __init__(self, times, capacities):
        self.times, self.capacities = times, capacities
        self.held = set()
        # By session: who waits, first come first, and to whom a place is offered.
        self.lines = {what: [] for what in capacities}
        self.offers = {what: set() for what in capacities}

    def overlapping(self, one, other):
        (begins, ends), (starts, stops) = self.times[one], self.times[other]
        return begins < stops and starts < ends

    def may_book(self, person, what, instead_of=None):
        mine = [other for who, other in self.held if who == person and other != instead_of]
        return not any(self.overlapping(what, other) for other in mine) and self.has_place_for(person, what)

    def has_place_for(self, person, what):
        """A place that is offered is taken for everybody else; a free one is for whoever is next in line."""
        taken = sum(other == what for _who, other in self.held) + len(self.offers[what] - {person})
        line = self.lines[what]
        ahead = line[: line.index(person)] if person in line else line
        return taken < self.capacities[what] and (person in self.offers[what] or not ahead)

    def may_wait(self, person, what):
        waits = person in self.lines[what] or person in self.offers[what]
        return not waits and (person, what) not in self.held and not self.has_place_for(person, what)

    def take(self, person, what, instead_of=None):
        self.held.discard((person, instead_of))
        self.held.add((person, what))
        self.leave(person, what)

    def leave(self, person, what):
        self.offers[what].discard(person)
        if person in self.lines[what]:
            self.lines[what].remove(person)

    def serve(self):
        for what, line in self.lines.items():
            taken = sum(other == what for _who, other in self.held) + len(self.offers[what])
            while line and taken < self.capacities[what]:
                self.offers[what].add(line.pop(0))
                taken += 1

    def counsellor_is_free(self, what, instead_of=None):
        """Between two hours of a counsellor lie ten minutes, so that hours side by side clash as well."""
        begins, ends = self.times[what]
        gap = timedelta(minutes=10)
        taken = [self.times[other] for _who, other in self.held if other[0] == "hour" and other != instead_of]
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
        self.bookings, self.entries = {}, {}
        self.now = NOON

    def book_a_seat(self, person, number):
        what = ("seat", number)
        self.try_to(
            person,
            what,
            expected=self.oracle.may_book(person, what),
            book=lambda who: booking.book_seat(self.sessions[number], person=who, by=who, now=self.now),
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
                now=self.now,
            ),
        )

    def move_a_seat(self, person, number):
        """From the first place that they hold."""
        what, before = ("seat", number), self.held_by(person, "seat")
        if before is None:
            return
        self.try_to(
            person,
            what,
            expected=what != before and self.oracle.may_book(person, what, before),
            book=lambda who: moving.move_to_seat(
                self.bookings[person, before], self.sessions[number], by=who, now=self.now
            ),
            instead_of=before,
        )

    def move_an_hour(self, person, number):
        what, before = ("hour", number), self.held_by(person, "hour")
        if before is None:
            return
        may = self.oracle.may_book(person, what, before) or what == before
        self.try_to(
            person,
            what,
            expected=may and self.oracle.counsellor_is_free(what, before),
            book=lambda who: moving.move_to_hour(
                self.bookings[person, before],
                clinician=self.clinic.jonah,
                begins=self.hours[number],
                room=None,
                by=who,
                now=self.now,
            ),
            instead_of=before,
        )

    def held_by(self, person, kind):
        return next((what for who, what in sorted(self.oracle.held) if who == person and what[0] == kind), None)

    def wait(self, person, number):
        what = ("seat", number)
        expected = self.oracle.may_wait(person, what)
        if self.done(lambda who: self.join(what, number, who), person) != expected:
            raise AssertionError("waited" if not expected else "did not wait")
        if expected:
            self.oracle.lines[what].append(person)
        self.compare()

    def join(self, what, number, who):
        entry = waiting.join_line(self.sessions[number], person=who, by=who, now=self.now)
        self.entries[self.people.index(who), what] = entry

    def accept(self, person, number):
        what = ("seat", number)
        if (person, what) in self.entries:
            self.try_to(
                person,
                what,
                expected=person in self.oracle.offers[what] and self.oracle.may_book(person, what),
                book=lambda who: waiting.accept_offer(self.entries[person, what], by=who, now=self.now),
            )

    def decline(self, person, number):
        """Or stop waiting, where nothing is offered yet."""
        what = ("seat", number)
        if (person, what) not in self.entries:
            return
        expected = person in self.oracle.lines[what] or person in self.oracle.offers[what]
        entry = self.entries[person, what]
        assert self.done(lambda who: waiting.leave_line(entry, by=who, now=self.now), person) == expected
        self.oracle.leave(person, what)
        self.compare()

    def offer(self, _person, _number):
        waiting.offer_free_places(now=self.now)
        self.oracle.serve()
        self.compare()

    def lapse(self, _person, _number):
        """What is offered runs out after two hours, and goes on at once. A day has room for a few of them."""
        if self.now > NOON + timedelta(hours=4):
            return
        self.now += timedelta(hours=2)
        for offers in self.oracle.offers.values():
            offers.clear()
        self.offer(_person, _number)

    def done(self, act, person):
        try:
            act(self.people[person])
        except Refused:
            return False
        return True

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
            booking.cancel_booking(self.bookings[key], by=self.people[person], now=self.now)
        except Refused:
            assert not expected
        else:
            assert expected
            self.oracle.held.discard(key)
        self.compare()

    def try_to(self, person, what, *, expected, book, instead_of=None):
        try:
            self.bookings[person, what] = book(self.people[person])
            self.oracle.take(person, what, instead_of)
            booked = True
        except Refused:
            booked = False
        assert booked == expected
        self.compare()

    def compare(self):
        live = {made.pk for key, made in self.bookings.items() if key in self.oracle.held}
        assert set(Booking.objects.filter(occupies=True).values_list("pk", flat=True)) == live
        for number, session in enumerate(self.sessions):
            what = ("seat", number)
            assert self.waiting_for(session, "waiting") == self.oracle.lines[what]
            assert set(self.waiting_for(session, "offered")) == self.oracle.offers[what]

    def waiting_for(self, session, state):
        found = Waiting.objects.filter(session=session, state=state).order_by("pk")
        return [self.people.index(entry.person) for entry in found.select_related("person")]


SEATS = st.tuples(st.just("book_a_seat"), st.sampled_from(PEOPLE), st.sampled_from(SESSIONS))
TALKS = st.tuples(st.just("book_an_hour"), st.sampled_from(PEOPLE), st.sampled_from(HOURS))
CANCELS = st.tuples(st.sampled_from(["cancel_seat", "cancel_hour"]), st.sampled_from(PEOPLE), st.sampled_from(SESSIONS))
MOVES = st.tuples(st.just("move_a_seat"), st.sampled_from(PEOPLE), st.sampled_from(SESSIONS)) | st.tuples(
    st.just("move_an_hour"), st.sampled_from(PEOPLE), st.sampled_from(HOURS)
)
WAITS = st.tuples(
    st.sampled_from(["wait", "accept", "decline", "offer", "lapse"]), st.sampled_from(PEOPLE), st.sampled_from(SESSIONS)
)


class AnyOrder(TestCase):
    @settings(max_examples=40, deadline=None)
    @given(st.lists(SEATS | TALKS | CANCELS | MOVES | WAITS, min_size=5, max_size=30))
    def test_booking_moving_cancelling_and_waiting_in_any_order_keep_the_promises(self, acts):
        play = Play()
        for act, person, number in acts:
            getattr(play, act)(person, number)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(CANCELS | WAITS, min_size=10, max_size=30))
    def test_a_line_is_served_in_its_order_while_places_are_taken_and_given_back(self, acts):
        """Every place is taken to begin with, or hardly anybody would wait."""
        play = Play()
        for person, number in ((0, 0), (1, 3), (0, 2), (1, 1), (2, 2)):
            play.book_a_seat(person, number)
        for act, person, number in acts:
            getattr(play, act)(person, number)
