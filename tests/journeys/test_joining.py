"""Joining a video session from a phone: asked where one is, waiting, let in. With scripts and without.

The clinician sits at a desk, sees who waits, and opens the room in one press.
"""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from iop_portal.people.roles import Role
from scheduling import video
from scheduling.models import Whereabouts
from tests.factories import held, seated
from tests.scheduling.booking_world import Clinic

pytestmark = pytest.mark.journey
PHONE = {"width": 390, "height": 844}
ADDRESS = "https://video.example/amara"


@pytest.fixture
def clinic(server):
    """The call begins in ten minutes."""
    clinic = Clinic()
    now = timezone.now()
    clinic.call = clinic.session(now + timedelta(minutes=10))
    video.set_address(clinic.amara, ADDRESS, by=clinic.amara, now=now)
    return clinic


def answer(page, *, alone):
    page.get_by_label("Where are you now?").fill("at home: 7 Elm Row")
    page.get_by_label("In which state is that?").select_option("New York")
    page.get_by_label("On which number can we call you back?").fill("(212) 555-0101")
    page.get_by_label("Yes" if alone else "No, or I am not sure").check()
    page.get_by_role("button", name="Go on").click()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "with scripts off"])
def test_a_client_on_a_phone_is_asked_waits_and_is_let_in(open_window, clinic, scripts):
    seated(clinic.maya, clinic.call)
    phone = open_window(viewport=PHONE, java_script_enabled=scripts)
    phone.bears("400 (Bad Request)")
    phone.sign_in(clinic.maya)
    page = phone.page
    phone.go("/")
    page.get_by_role("link", name="Join", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Before you join")

    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Fill in “Where are you now?”").first).to_be_visible()
    answer(page, alone=False)
    expect(page.get_by_role("heading", level=1)).to_have_text("You are at the door. Amara lets you in.")
    expect(page.get_by_role("heading", name="Others may hear you")).to_be_visible()
    assert "video.example" not in page.content()

    desk = open_window(viewport={"width": 1280, "height": 800})
    desk.sign_in(clinic.amara)
    desk.go("/")
    expect(desk.page.get_by_text("1 is here")).to_be_visible()
    desk.page.get_by_role("link", name="Roster").first.click()
    expect(desk.page.locator("#coming").get_by_text("waiting since")).to_be_visible()
    desk.page.get_by_role("link", name=re.compile("^Where they are")).click()
    expect(desk.page.get_by_text("at home: 7 Elm Row")).to_be_visible()
    desk.page.get_by_role("link", name="Roster").first.click()
    desk.page.get_by_role("button", name="Open the room").click()
    expect(desk.page.get_by_role("link", name="Open the video call")).to_have_attribute("href", ADDRESS)

    if scripts:
        expect(page.get_by_role("heading", level=1)).to_have_text("The room is open", timeout=20_000)
    else:
        page.get_by_role("link", name="Look again").click()
    way_in = page.get_by_role("link", name="Open the video call")
    expect(way_in).to_have_attribute("href", ADDRESS)
    assert (way_in.get_attribute("target"), way_in.get_attribute("rel")) == ("_blank", "noopener noreferrer")
    expect(desk.page.get_by_text("joined at")).to_be_visible(timeout=20_000)

    desk.page.get_by_role("button", name="Close the room").click()
    if scripts:
        expect(page.get_by_role("heading", level=1)).to_have_text("The room is closed for now", timeout=20_000)
    else:
        page.reload()
    assert "video.example" not in page.content()


def test_a_relative_joins_by_their_own_booking(open_window, clinic):
    seated(clinic.maya, clinic.call)
    rosa = held(Role.FAMILY, clinic.program, preferred_name="Rosa")
    seated(rosa, clinic.call, takes_seat=False)
    video.open_room(clinic.call, by=clinic.amara, now=timezone.now())
    phone = open_window(viewport=PHONE)
    phone.sign_in(rosa)
    phone.go("/")
    phone.page.get_by_role("link", name="Join", exact=True).click()
    answer(phone.page, alone=True)
    expect(phone.page.get_by_role("link", name="Open the video call")).to_have_attribute("href", ADDRESS)
    assert Whereabouts.objects.get().arrival.booking.person == rosa
