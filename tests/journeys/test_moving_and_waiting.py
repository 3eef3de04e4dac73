"""Two people in real browsers: one moves a session, the other waits for the place and takes it.

By mouse, by keyboard alone, and with scripts off.
"""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from scheduling.booking import book_seat
from scheduling.models import Booking
from scheduling.tasks import offer_free_places
from tests.journeys.test_booking import Keyboard, Mouse
from tests.scheduling.booking_world import Clinic

pytestmark = pytest.mark.journey


@pytest.fixture
def clinic(server):
    """The day after tomorrow the group meets at 5:30 pm with one place, which Maya has; a day later there are more."""
    clinic = Clinic()
    zone = ZoneInfo(clinic.program.zone)
    first = timezone.localdate(timezone.now(), zone) + timedelta(days=2)
    begins = datetime(first.year, first.month, first.day, 17, 30, tzinfo=zone)
    full = clinic.session(begins, capacity=1)
    clinic.session(begins + timedelta(days=1), clinic.jonah)
    book_seat(full, person=clinic.maya, by=clinic.maya, now=timezone.now())
    clinic.ben = clinic.client("Ben")
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
def test_one_moves_a_session_and_another_who_waited_takes_the_place(open_window, clinic, hand, options):
    bens = open_window(**options)
    bens.sign_in(clinic.ben)
    ben, page = hand(bens), bens.page
    bens.go("/")
    ben.go("link", "Book a session")
    ben.go("link", "My groups")
    ben.go("link", re.compile("Full.*Wait for a place"))
    ben.go("button", "Wait for a place")
    expect(page.get_by_role("heading", level=1)).to_have_text("You wait for a place")
    expect(page.get_by_text("You are the first in line.")).to_be_visible()

    mayas = open_window(**options)
    mayas.sign_in(clinic.maya)
    maya, other = hand(mayas), mayas.page
    (held,) = Booking.objects.live().filter(person=clinic.maya)
    mayas.go(f"/week/?day={timezone.localdate(held.starts_at, ZoneInfo(clinic.program.zone))}")
    maya.go("link", re.compile("^Move "))
    expect(other.get_by_role("heading", level=1)).to_have_text("When suits you instead?")
    maya.go("link", re.compile("8 places left"))
    expect(other.get_by_text("Old time", exact=True)).to_be_visible()
    maya.go("button", "Move it")
    expect(other.get_by_text("Moved from")).to_be_visible()

    offer_free_places()
    bens.go("/")
    expect(page.get_by_text("A place is free for you")).to_be_visible()
    ben.go("link", "Look at the place")
    ben.go("button", "Take it")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")

    held.refresh_from_db()
    (now,) = Booking.objects.live().filter(person=clinic.maya)
    (bens_own,) = Booking.objects.live().filter(person=clinic.ben)
    assert (held.state, now.moved_from, bens_own.session) == ("moved", held, held.session)
