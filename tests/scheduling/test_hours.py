"""Hours that a counsellor keeps, and days on which they keep others."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling import hours, rosters
from scheduling.booking import HourTaken, book_hour
from scheduling.finding import hour_times, local_midnight
from scheduling.hours import KeptForSomethingElse, Stretch
from scheduling.models import Session
from tests.factories import NOON, ModalityFactory, seated
from tests.scheduling.booking_world import TOMORROW, Clinic
from therapy.models import Modality

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


# ── Hours kept for something ──────────────────────────────────────────────────────────────────────────────────


def offered(clinic, way, minutes):
    """From–until of each time on Monday morning, by the wall clock."""
    begin = local_midnight(date(2026, 11, 30), clinic.program.zone)
    times = hour_times(clinic.maya, way, minutes=minutes, begin=begin, end=begin + timedelta(hours=13), now=NOON)
    return [f"{time.begins.astimezone(ZoneInfo(clinic.program.zone)):%H:%M}" for time in times]


def test_hours_kept_for_something_are_offered_for_nothing_else_and_cannot_be_booked_either(clinic):
    kept = Stretch(time(9), time(11), only_for=(clinic.first_talk,))
    stretches = [kept, Stretch(time(11), time(12), only_for=(clinic.talk, clinic.first_talk))]
    hours.set_weekly_hours(
        clinic.amara, program=clinic.program, weekday=0, stretches=stretches, by=clinic.amara, now=NOON
    )
    assert offered(clinic, clinic.talk, 50) == ["11:00"]
    assert offered(clinic, clinic.first_talk, 60) == ["09:00", "09:30", "10:00", "10:30", "11:00"]
    nine = datetime(2026, 11, 30, 9, tzinfo=ZoneInfo(clinic.program.zone))
    wish = {"clinician": clinic.amara, "room": None, "person": clinic.maya, "by": clinic.maya, "now": NOON}
    with pytest.raises(HourTaken):
        book_hour(clinic.talk, begins=nine, minutes=50, **wish)
    assert book_hour(clinic.first_talk, begins=nine, minutes=60, **wish).session.modality == clinic.first_talk


def test_hours_of_one_day_are_kept_for_something_too(clinic):
    kept = Stretch(time(9), time(10), only_for=(clinic.first_talk,))
    clinic.hours()
    hours.except_day(
        clinic.amara, program=clinic.program, on=date(2026, 11, 30), stretches=[kept], by=clinic.amara, now=NOON
    )
    assert offered(clinic, clinic.talk, 50) == []
    assert offered(clinic, clinic.first_talk, 60) == ["09:00"]


def test_hours_are_kept_for_nothing_but_time_one_to_one_in_this_program(clinic):
    elsewhere = ModalityFactory(format="individual")
    for way in (clinic.group, elsewhere):
        with pytest.raises(KeptForSomethingElse):
            set_monday(clinic, clinic.amara, Stretch(time(9), time(10), only_for=(way,)))


def test_a_way_that_was_retired_is_still_among_those_that_hours_are_kept_for(clinic):
    """Else whoever saves the page would open the hours to everything."""
    set_monday(clinic, clinic.amara, Stretch(time(9), time(10), only_for=(clinic.first_talk,)))
    Modality.objects.filter(pk__in=[clinic.first_talk.pk, clinic.talk.pk]).update(in_use=False)
    ways = hours.ways_to_keep_hours_for
    assert ways(clinic.amara, program=clinic.program) == [clinic.first_talk]
    assert ways(clinic.jonah, program=clinic.program) == []


# ── Which sessions there are for somebody ─────────────────────────────────────────────────────────────────────


def test_what_is_not_listed_is_there_for_those_who_are_booked_and_who_lead_it(clinic):
    hers = clinic.session(TOMORROW, clinic.amara, listed=False)
    others = clinic.session(TOMORROW + timedelta(hours=2), clinic.jonah, listed=False)
    seated(clinic.maya, hers)
    seated(clinic.client("Theo"), others)
    assert list(Session.objects.visible_to(clinic.maya)) == list(Session.objects.visible_to(clinic.amara)) == [hers]
    assert list(Session.objects.visible_to(clinic.client("Ana"))) == []
