"""A client with a nine-to-five job brings their calendar, and sees the clash said where they book.

By mouse, by keyboard alone, and with scripts off.
"""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from scheduling.models import BusyTime, Look, OwnCalendar
from tests.journeys.test_booking import Keyboard, Mouse
from tests.scheduling.booking_world import Clinic
from tests.scheduling.calendars import NINE_TO_FIVE, calendar_of
from therapy.models import ClinicalPolicy

pytestmark = pytest.mark.journey


@pytest.fixture
def clinic(server):
    """On the next workday the group meets at noon and at 5:30 pm. The program's week ends today."""
    clinic = Clinic()
    zone = ZoneInfo(clinic.program.zone)
    today = timezone.localdate(timezone.now(), zone)
    ClinicalPolicy.objects.create(program=clinic.program, week_starts_on=(today.weekday() + 1) % 7)
    day = today + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    for hour, minute in ((12, 0), (17, 30)):
        clinic.session(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone))
    return clinic


HANDS = pytest.mark.parametrize(
    ("hand", "options"),
    [
        (Mouse, {"viewport": {"width": 1280, "height": 800}}),
        (Keyboard, {"viewport": {"width": 1280, "height": 800}}),
        (Mouse, {"viewport": {"width": 320, "height": 640}, "java_script_enabled": False}),
    ],
    ids=["by mouse", "by keyboard alone", "on a phone with scripts off"],
)


@HANDS
def test_a_client_with_a_job_brings_their_calendar_and_sees_the_clash_at_booking(open_window, clinic, hand, options):
    window = open_window(**options)
    window.sign_in(clinic.maya)
    walk, page = hand(window), window.page
    window.go("/week/")

    walk.go("link", "Keep your own time free")
    walk.go("link", "Bring a file")
    page.get_by_label("Calendar file").set_input_files(
        {"name": "work.ics", "mimeType": "text/calendar", "buffer": calendar_of(NINE_TO_FIVE)}
    )
    page.get_by_role("radio", name="Work").check()
    walk.go("button", "Bring it")
    expect(page.get_by_role("status").first).to_contain_text("Your calendar is read.")

    window.go("/book/group/when/")
    at_noon = page.get_by_role("link", name=re.compile("12:00–1:30 pm"))
    expect(at_noon).to_contain_text("Overlaps work")
    expect(page.get_by_role("link", name=re.compile("5:30–7:00 pm"))).not_to_contain_text("Overlaps")
    walk.go("link", re.compile("12:00–1:30 pm"))
    expect(page.get_by_text("This overlaps work. You may still book it")).to_be_visible()
    walk.go("button", "Book it")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")

    window.go("/week/own/")
    walk.go("link", "Remove Work")
    walk.go("button", "Remove it")
    expect(page.get_by_role("status").first).to_contain_text("It is removed")
    assert not OwnCalendar.objects.exists()
    assert not BusyTime.objects.exists()


@HANDS
def test_a_client_looks_back_shares_the_week_and_keeps_something_free(open_window, clinic, hand, options):
    window = open_window(**options)
    window.sign_in(clinic.maya)
    walk, page = hand(window), window.page
    window.go("/")

    walk.go("link", "Start looking back at your week")
    expect(page.get_by_role("heading", level=1)).to_have_text("How did your week hold?")
    for question in page.locator("fieldset").all()[:5]:
        question.get_by_label("It held", exact=True).check()
    page.locator("fieldset").nth(5).get_by_label("Rest").check()
    page.get_by_label("In your own words").fill("An evening without plans")
    walk.go("button", "Save")
    expect(page.get_by_text("Only you see this", exact=True)).to_be_visible()
    walk.go("button", re.compile("^Share with my care team"))
    expect(page.get_by_text("Shared with your care team")).to_be_visible()

    counsellor = open_window()
    counsellor.sign_in(clinic.amara)
    counsellor.go(f"/clients/{clinic.maya.pk}/")
    expect(counsellor.page.get_by_text("An evening without plans")).to_be_visible()

    walk.go("link", re.compile("^Keep time free for it"))
    expect(page.get_by_label("In your own words")).to_have_value("An evening without plans")
    page.get_by_role("checkbox", name="Sunday").check()
    page.get_by_label("From").fill("18:00")
    page.get_by_label("Until").first.fill("21:00")
    walk.go("button", "Save")
    expect(page.get_by_text("Sunday, 6:00–9:00 pm")).to_be_visible()
    assert Look.objects.get().shared_at
