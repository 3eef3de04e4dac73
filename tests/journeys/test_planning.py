"""Plan my week in a real browser: a wish is changed, one session is swapped, all of it is booked.

By mouse at a desk, by keyboard alone, and on a phone with scripts off.
"""

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from scheduling.commitments import Terms, add_commitment
from scheduling.models import Booking, Firmness, WeekWishes
from tests.journeys.test_booking import Keyboard, Mouse, faults_of
from tests.scheduling.booking_world import Clinic
from therapy.models import ClinicalPolicy

pytestmark = pytest.mark.journey


@pytest.fixture
def clinic(server):
    """The program's week begins today. From tomorrow on the group meets on five evenings, for an hour and a half.

    Maya works from nine to five. She needs four hours on three days.
    """
    clinic = Clinic()
    zone = ZoneInfo(clinic.program.zone)
    today = timezone.localdate(timezone.now(), zone)
    ClinicalPolicy.objects.create(program=clinic.program, week_starts_on=today.weekday())
    for days in range(1, 6):
        day = today + timedelta(days=days)
        begins = datetime(day.year, day.month, day.day, 17, 30, tzinfo=zone)
        clinic.session(begins, room=clinic.room, video=False)
    clinic.prescribe(clinic.maya, hours=4, days=3)
    work = Terms("work", "", tuple(range(7)), time(9), time(17), today)
    add_commitment(clinic.maya, work, by=clinic.maya, now=timezone.now())
    return clinic


@pytest.mark.parametrize(
    ("hand", "options"),
    [
        (Mouse, {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}),
        (Keyboard, {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}),
        (Mouse, {"viewport": {"width": 390, "height": 800}, "java_script_enabled": False}),
    ],
    ids=["by mouse", "by keyboard alone", "on a phone with scripts off"],
)
def test_a_client_with_a_nine_to_five_job_plans_a_week_swaps_one_and_books_all_of_it(
    open_window, clinic, hand, options
):
    window = open_window(**options)
    window.sign_in(clinic.maya)
    walk, page = hand(window), window.page
    looks = options.get("java_script_enabled", True)
    window.go("/week/")

    walk.go("link", "Plan my week")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("A week that fits")
    expect(page.locator(".pick")).to_have_count(3)
    expect(page.locator(".pick .why").first).to_contain_text("Half an hour after work.")
    faults = faults_of(page) if looks else []

    walk.go("link", "Change my wishes")
    page.get_by_label("With people I know").select_option(Firmness.ALWAYS)
    faults += faults_of(page) if looks else []
    walk.go("button", "Save")
    expect(heading).to_have_text("A week that fits")
    expect(page.get_by_role("status").first).to_contain_text("Your wishes are saved")

    was = page.locator(".pick b").first.inner_text()
    walk.go("link", re.compile("^Something else"))
    expect(heading).to_have_text("Something else instead")
    faults += faults_of(page) if looks else []
    chosen = page.locator(".slot .slot-who > span").last.inner_text()
    page.locator("a.slot").last.click()
    expect(heading).to_have_text("A week that fits")
    expect(page.locator(".pick")).to_have_count(3)
    expect(page.locator(".pick b", has_text=was)).to_have_count(0)
    expect(page.locator(".pick", has_text=chosen)).to_contain_text("You chose this.")
    days = [text.split(",")[0] for text in page.locator(".pick b").all_inner_texts()]

    walk.go("button", re.compile("^Book these"))
    expect(page.get_by_role("status").first).to_have_text("All 3 sessions are booked.")
    expect(page.locator(".block h3")).to_have_text(["Skills group"] * 3)
    expect(page.locator(".week-top")).to_contain_text("4½ hours, 4 planned")
    expect(page.get_by_role("link", name="Plan my week")).to_have_count(0)
    held = Booking.objects.filter(person=clinic.maya, occupies=True)
    assert [f"{one.starts_at.astimezone(ZoneInfo(clinic.maya.zone)):%A}" for one in held] == [
        day.split()[0] for day in days
    ]
    assert WeekWishes.objects.get().familiar_people == Firmness.ALWAYS
    assert faults == []
