"""Booking in a real browser: a group place and fifty minutes with one's counsellor, and one of them given back.

By mouse, by keyboard alone, and with scripts off.
"""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from scheduling.models import Booking
from tests.factories import works
from tests.scheduling.booking_world import Clinic
from therapy.models import ClinicalPolicy

pytestmark = pytest.mark.journey

MOST_TABS = 120


class Mouse:
    def __init__(self, window):
        self.page = window.page

    def go(self, role, name):
        self.page.get_by_role(role, name=name).first.click()


class Keyboard(Mouse):
    """Tab until it has the focus, then Enter: what cannot be reached like that is not found."""

    def go(self, role, name):
        target = self.page.get_by_role(role, name=name).first
        for _number in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if target.evaluate("one => one === document.activeElement"):
                break
        expect(target).to_be_focused()
        self.page.keyboard.press("Enter")


@pytest.fixture
def clinic(server):
    """Tomorrow the group meets at 5:30 pm, the day after Amara has time from 9. Both lie in one program week."""
    clinic = Clinic()
    zone = ZoneInfo(clinic.program.zone)
    tomorrow = timezone.localdate(timezone.now(), zone) + timedelta(days=1)
    ClinicalPolicy.objects.create(program=clinic.program, week_starts_on=tomorrow.weekday())
    clinic.session(datetime(tomorrow.year, tomorrow.month, tomorrow.day, 17, 30, tzinfo=zone))
    day_after = (tomorrow + timedelta(days=1)).weekday()
    works(clinic.amara, clinic.program, weekday=day_after, begins="09:00", ends="11:00", room=clinic.room)
    clinic.prescribe(clinic.maya)
    return clinic


@pytest.mark.parametrize(
    ("hand", "options"),
    [
        (Mouse, {"viewport": {"width": 1280, "height": 800}}),
        (Keyboard, {"viewport": {"width": 1280, "height": 800}}),
        (Mouse, {"viewport": {"width": 320, "height": 640}, "java_script_enabled": False}),
    ],
    ids=["by mouse", "by keyboard alone", "on a phone with scripts off"],
)
def test_a_client_books_a_group_place_and_an_hour_sees_both_and_cancels_one(open_window, clinic, hand, options):
    window = open_window(**options)
    window.sign_in(clinic.maya)
    walk, page = hand(window), window.page
    window.go("/")

    walk.go("link", "Book a session")
    walk.go("link", "My groups")
    walk.go("link", re.compile("8 places left"))
    walk.go("button", "Book it")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")

    walk.go("link", "Book another time")
    walk.go("link", "Time with a counsellor")
    walk.go("link", "One-to-one counselling")
    expect(page.get_by_role("radio", name="Amara Okafor, your counsellor")).to_be_checked()
    expect(page.get_by_role("radio", name="50 minutes")).to_be_checked()
    walk.go("button", "See times")
    walk.go("link", re.compile("9:00–9:50 am"))
    walk.go("button", "Book it")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")

    walk.go("link", "Back to my week")
    expect(page.locator(".block h3")).to_have_text(["Skills group", "One-to-one counselling"])
    expect(page.locator(".week-top")).to_contain_text("2.3 of 9 hours")
    walk.go("link", re.compile("Can’t come .*5:30 pm"))
    walk.go("button", "Cancel it")
    expect(page.get_by_role("status").first).to_have_text("It is cancelled. We send you a mail that says so.")
    expect(page.locator(".block h3")).to_have_text(["One-to-one counselling"])

    (held,) = Booking.objects.filter(occupies=True)
    assert (held.person, held.session.modality, held.session.minutes) == (clinic.maya, clinic.talk, 50)
