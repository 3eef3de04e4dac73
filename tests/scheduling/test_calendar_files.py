"""The file for one's own calendar: the same instant on whatever side of a clock change, and nothing told."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical
from django.urls import reverse
from icalendar import Calendar

from scheduling import booking
from scheduling.calendar_files import Entry, appointment, calendar_of
from tests.factories import NOON
from tests.scheduling.booking_world import TOMORROW, Clinic
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db

NEW_YORK = ZoneInfo("America/New_York")


def events_of(content):
    return Calendar.from_ical(content).walk("VEVENT")


@pytest.fixture
def clinic():
    return Clinic()


def booked(clinic, begins):
    held = clinic.session(begins)
    return booking.book_seat(held, person=clinic.maya, by=clinic.maya, now=begins - timedelta(days=7))


@pytest.mark.parametrize(
    ("begins", "hour_in_utc"),
    [
        (datetime(2027, 3, 13, 18, tzinfo=NEW_YORK), 23),
        (datetime(2027, 3, 14, 18, tzinfo=NEW_YORK), 22),
        (datetime(2027, 11, 6, 18, tzinfo=NEW_YORK), 22),
        (datetime(2027, 11, 7, 18, tzinfo=NEW_YORK), 23),
    ],
    ids=["before spring", "after spring", "before autumn", "after autumn"],
)
def test_it_parses_back_to_the_same_instant_across_a_clock_change(clinic, begins, hour_in_utc):
    clinic.amara.clinician.credentials.update(expires_on=datetime(2028, 1, 1).date())
    calendar = Calendar.from_ical(appointment(booked(clinic, begins)))
    (event,) = calendar.walk("VEVENT")
    assert event["DTSTART"].dt == begins
    assert (event["DTSTART"].dt.hour, event["DTSTART"].params["TZID"]) == (18, "America/New_York")
    assert event["DTSTART"].dt.astimezone(UTC).hour == hour_in_utc
    assert event["DTEND"].dt == begins.astimezone(UTC) + timedelta(minutes=90)
    assert (calendar.get_missing_tzids(), len(calendar.timezones)) == (set(), 1)


@pytest.mark.parametrize("name", ["America/New_York", "Europe/Dublin", "Australia/Lord_Howe", "America/Phoenix"])
def test_its_zone_is_that_of_the_wall_hour_by_hour_for_another_reader(name):
    """Read from the file alone, by a library that has never heard of the zone: on both sides of every change."""
    zone, begins = ZoneInfo(name), datetime(2026, 1, 1, 4)
    entry = Entry("key", 0, NOON, NOON, NOON + timedelta(hours=1), name, live=True, title="Appointment")
    text = calendar_of([entry]).decode().replace("\r\n", "\n").replace(f"TZID:{name}", "TZID:unheard-of")
    told = text[text.index("BEGIN:VTIMEZONE") : text.index("BEGIN:VEVENT")]
    read = tzical(StringIO(told)).get("unheard-of")
    walls = [begins + timedelta(hours=number) for number in range(24 * 365)]
    offsets = {wall: {wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)} for wall in walls}
    # What does not exist, or comes twice, may be read either way.
    certain = [wall for wall in walls if len(offsets[wall]) == 1]
    assert len(certain) > len(walls) - 10
    differ = [wall for wall in certain if {wall.replace(tzinfo=read).utcoffset()} != offsets[wall]]
    assert differ == []


def test_it_says_appointment_and_nothing_more(clinic):
    clinic.group.name = "BEGIN:VEVENT, trauma; group"
    clinic.group.save()
    held = booked(clinic, TOMORROW)
    (event,) = events_of(appointment(held))
    assert event["SUMMARY"] == "Appointment"
    assert set(event) == {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "CLASS", "STATUS", "SEQUENCE"}
    for told in ("trauma", "Amara", "Maya", clinic.program.name):
        assert told not in appointment(held).decode()


def test_a_cancelled_booking_replaces_itself(clinic):
    held = booked(clinic, TOMORROW)
    (before,) = events_of(appointment(held))
    booking.cancel_booking(held, by=clinic.maya, now=NOON - timedelta(days=1))
    held.refresh_from_db()
    (after,) = events_of(appointment(held))
    assert (after["UID"], after["STATUS"], after["SEQUENCE"]) == (before["UID"], "CANCELLED", before["SEQUENCE"] + 1)


def test_it_is_handed_over_as_a_file_with_a_neutral_name(client, clinic):
    sign_in(client, clinic.maya)
    answer = client.get(reverse("scheduling:calendar_file", args=[booked(clinic, TOMORROW).pk]))
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="appointment.ics"'
    assert "no-store" in answer.headers["Cache-Control"]
