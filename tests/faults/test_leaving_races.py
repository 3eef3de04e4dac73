"""Who is discharged is expected nowhere, whatever is booked for them at that very moment."""

from datetime import timedelta
from functools import partial

import pytest

from scheduling.assigning import assign
from scheduling.booking import book_seat
from scheduling.enrolling import discharge_from_care, set_track_series, track_series_version
from scheduling.models import Booking
from tests.factories import NOON, TrackFactory
from tests.faults.racing import ROUNDS, at_once
from tests.scheduling.booking_world import TOMORROW
from tests.scheduling.series_world import Timetable
from therapy.models import Prescription
from therapy.prescribing import prescribe

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clinic():
    return Timetable()


def expected_nowhere_after(act, person, *, office):
    leave = partial(discharge_from_care, person.enrolments.get(), reason="completed", by=office, now=NOON)
    at_once([act, leave])
    return not Booking.objects.live().filter(person=person).exists()


def test_who_books_while_they_are_discharged_is_expected_nowhere(clinic):
    for number in range(ROUNDS):
        ben = clinic.client(f"Ben{number}")
        session = clinic.session(TOMORROW + timedelta(hours=2 * number), capacity=8)
        book = partial(book_seat, session, person=ben, by=ben, now=NOON)
        assert expected_nowhere_after(book, ben, office=clinic.dana)


def test_the_night_books_no_track_of_somebody_who_is_discharged_meanwhile(clinic):
    track, core = TrackFactory(program=clinic.program), Prescription.Phase.CORE
    series = clinic.series()
    set_track_series(track, {series: (core.value,)}, seen=track_series_version(track), by=clinic.dana, now=NOON)
    for number in range(ROUNDS):
        ben = clinic.client(f"Ben{number}")
        enrolment = ben.enrolments.get()
        prescribe(enrolment, track=track, phase=core, hours=9, days=3, by=clinic.dana, now=NOON)
        book = partial(assign, enrolment, by=None, now=NOON)
        assert expected_nowhere_after(book, ben, office=clinic.dana)
