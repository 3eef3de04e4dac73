"""Hours that a counsellor keeps, and days on which they keep others."""

from datetime import time, timedelta

import pytest

from scheduling import hours, rosters
from scheduling.hours import Stretch
from scheduling.models import Session
from tests.factories import NOON, seated
from tests.scheduling.booking_world import TOMORROW, Clinic

pytestmark = pytest.mark.django_db

MORNING, AFTERNOON = Stretch(time(9), time(12)), Stretch(time(13), time(17))


@pytest.fixture
def clinic():
    return Clinic()


def set_monday(clinic, counsellor, stretch):
    hours.set_weekly_hours(counsellor, program=clinic.program, weekday=0, stretches=[stretch], by=counsellor, now=NOON)


def mondays(clinic, counsellor):
    lines = hours.weekly_hours(counsellor, program=clinic.program, weekday=0)
    return [(line.clinician, line.begins, line.ends) for line in lines]


def test_changing_ones_own_hours_leaves_those_of_others(clinic):
    set_monday(clinic, clinic.jonah, MORNING)
    set_monday(clinic, clinic.amara, MORNING)
    set_monday(clinic, clinic.amara, AFTERNOON)
    assert mondays(clinic, clinic.amara) == [(clinic.amara, time(13), time(17))]
    assert mondays(clinic, clinic.jonah) == [(clinic.jonah, time(9), time(12))]


def test_what_is_booked_on_a_day_is_only_what_one_leads(clinic):
    own = clinic.session(TOMORROW, clinic.amara)
    clinic.session(TOMORROW + timedelta(hours=2), clinic.jonah)
    led = hours.booked_on(clinic.amara, on=TOMORROW.date(), zone=clinic.program.zone)
    assert [one.session for one in led] == [own]


def test_a_day_shows_only_what_one_leads(clinic):
    own = clinic.session(NOON, clinic.amara)
    clinic.session(NOON + timedelta(hours=2), clinic.jonah)
    assert [led.session for led in rosters.day_of(clinic.amara, now=NOON)] == [own]


# ── Which sessions there are for somebody ─────────────────────────────────────────────────────────────────────


def test_what_is_not_listed_is_there_for_those_who_are_booked_and_who_lead_it(clinic):
    hers = clinic.session(TOMORROW, clinic.amara, listed=False)
    others = clinic.session(TOMORROW + timedelta(hours=2), clinic.jonah, listed=False)
    seated(clinic.maya, hers)
    seated(clinic.client("Theo"), others)
    assert list(Session.objects.visible_to(clinic.maya)) == list(Session.objects.visible_to(clinic.amara)) == [hers]
    assert list(Session.objects.visible_to(clinic.client("Ana"))) == []
