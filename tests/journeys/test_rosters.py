"""A clinician marks who came, in a real browser: by mouse, by keyboard alone, and on a phone with scripts off."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from iop_portal.followups.models import FollowUp
from scheduling.models import Attendance, Booking, marked
from tests.factories import seated
from tests.journeys.test_booking import Keyboard, Mouse
from tests.scheduling.booking_world import Clinic

pytestmark = pytest.mark.journey


@pytest.fixture
def group(server):
    """It began some minutes ago, and whoever leads it has a day that holds it whatever hour it is."""
    clinic = Clinic(zone="UTC")
    clinic.amara.zone = "UTC"
    clinic.amara.save()
    now = timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    group = clinic.session(max(midnight, now - timedelta(minutes=40)))
    people = {"Maya": clinic.maya} | {name: clinic.client(name) for name in ("Ben", "Cleo", "Dev")}
    return clinic, {name: seated(person, group) for name, person in people.items()}


@pytest.mark.parametrize(
    ("hand", "options"),
    [
        (Mouse, {"viewport": {"width": 1280, "height": 800}}),
        (Keyboard, {"viewport": {"width": 1280, "height": 800}}),
        (Mouse, {"viewport": {"width": 320, "height": 640}, "java_script_enabled": False}),
    ],
    ids=["by mouse", "by keyboard alone", "on a phone with scripts off"],
)
def test_a_clinician_marks_a_roster_undoes_one_and_corrects_one(open_window, group, hand, options):
    clinic, places = group
    window = open_window(**options)
    window.sign_in(clinic.amara)
    walk, page = hand(window), window.page
    window.go("/")
    walk.go("link", re.compile("^Mark Skills group"))
    expect(page.get_by_role("heading", level=2).first).to_contain_text("Who came?")

    def line(name):
        return page.locator(f"#place-{places[name].pk}")

    walk.go("button", "Missed Maya T.")
    expect(line("Maya")).to_contain_text("Missed")
    walk.go("button", "Undo Maya T.")
    expect(line("Maya").get_by_role("button", name="Present Maya T.")).to_be_visible()
    walk.go("button", "Missed Ben T.")
    expect(line("Ben")).to_contain_text("Missed")
    walk.go("button", "Everybody else was there")
    expect(page.get_by_role("status").first).to_have_text("3 people are marked as present.")
    expect(line("Dev")).to_contain_text("Present 90 minutes")

    walk.go("link", "Change Ben T.")
    page.get_by_role("radio", name="Excused").check()
    page.get_by_label("Why it is excused").fill("At the dentist’s")
    walk.go("button", "Save")
    expect(line("Ben")).to_contain_text("Excused")
    walk.go("link", "Change Ben T.")
    expect(page.get_by_role("heading", name="Said before")).to_be_visible()

    booked = marked(Booking.objects.select_related("person"))
    told = {booking.person.preferred_name: booking.attended for booking in booked}
    assert told == {"Maya": "present", "Ben": "excused", "Cleo": "present", "Dev": "present"}
    assert Attendance.objects.count() == 7
    assert not FollowUp.objects.open().exists()
