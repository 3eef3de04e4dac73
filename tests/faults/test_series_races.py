"""Two workers make sessions at once, of one series and of two that want one room: nothing is made twice or lost."""

import pytest

from scheduling.making import make_due, make_sessions
from scheduling.models import Session, Skipped
from tests.factories import NOON, clinician, introduced
from tests.faults.racing import at_once
from tests.scheduling.series_world import Timetable

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
WORKERS = 8


def again(clinic):
    """As if nothing had been made yet."""
    Session.objects.all().delete()
    Skipped.objects.all().delete()


def test_workers_who_make_one_series_at_once_make_it_once():
    clinic = Timetable()
    clinic.series()
    again(clinic)
    results = at_once([lambda: make_due(now=NOON)] * WORKERS)
    assert sorted(made for made, _waited in results) == [0] * (WORKERS - 1) + [16]
    assert Session.objects.count() == 16


def test_two_series_that_want_one_room_at_once_leave_it_to_one_and_say_so():
    clinic = Timetable()
    lena = clinician(clinic.program)
    introduced(lena, clinic.group)
    one = clinic.series()
    again(clinic)
    other = clinic.series(leaders=(lena,))
    again(clinic)
    acts = [lambda: make_sessions(one, now=NOON), lambda: make_sessions(other, now=NOON)] * (WORKERS // 2)
    made = [result for result, _waited in at_once(acts)]
    assert sum(made) == Session.objects.count() == 16
    assert Skipped.objects.filter(why="room").count() == 16
