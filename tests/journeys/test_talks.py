"""A client signs what holds for a call and writes to her team; her counsellor answers, and writes a note for her."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from scheduling.attendance import Said, mark
from tests.factories import admin, seated
from tests.patience import until
from tests.scheduling.booking_world import Clinic
from therapy.agreements import publish_version
from therapy.models import Agreement, Draft, Message

pytestmark = pytest.mark.journey
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture
def clinic(server):
    return Clinic(zone="UTC")


def test_a_client_signs_and_writes_and_is_answered(open_window, clinic):
    office, now = admin(clinic.program), timezone.now()
    publish_version(
        clinic.program, Agreement.Kind.TELEHEALTH, text="Nobody records it.", asked_for=True, seen=0, by=office, now=now
    )
    seated(clinic.maya, clinic.session(now + timedelta(minutes=10)))
    window = open_window(**PHONE)
    window.sign_in(clinic.maya)
    page = window.page
    window.go("/")
    page.get_by_role("link", name="Join").first.click()
    page.get_by_role("link", name="Read and sign").click()
    page.get_by_label("Type your name to sign").fill(clinic.maya.full_name)
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Before you join")

    page.get_by_role("link", name="Messages").click()
    page.get_by_role("link", name="Write to your care team").click()
    page.get_by_label("Your message").fill("Could we talk about Sunday?")
    page.get_by_label("Your message").press("End")
    page.get_by_label("Your message").type(" Please.")
    until(lambda: [draft.text for draft in Draft.objects.all()] == ["Could we talk about Sunday? Please."])
    page.reload()
    expect(page.get_by_label("Your message")).to_have_value("Could we talk about Sunday? Please.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Not read yet")).to_be_visible()
    assert not Draft.objects.exists()

    desk = open_window(java_script_enabled=False)
    desk.sign_in(clinic.amara)
    desk.go("/caseload/")
    desk.page.get_by_role("link", name="Read messages").click()
    desk.page.get_by_role("link", name="Read Maya").click()
    desk.page.get_by_label("Your message").fill("Yes, tomorrow.")
    desk.page.get_by_role("button", name="Send").click()

    page.reload()
    expect(page.get_by_text("Yes, tomorrow.")).to_be_visible()
    expect(page.get_by_text("Read: Amara,")).to_be_visible()
    assert [message.from_client for message in Message.objects.all()] == [True, False]


def test_a_note_is_signed_amended_and_read(open_window, clinic):
    now = timezone.now()
    place = seated(clinic.maya, clinic.session(now - timedelta(hours=2)))
    mark(place, Said("present"), seen=0, by=clinic.amara, now=now)
    desk = open_window(java_script_enabled=False)
    desk.sign_in(clinic.amara)
    desk.go(f"/sessions/{place.session_id}/")
    desk.page.get_by_role("button", name="Write a note").click()
    desk.page.get_by_label("The note").fill("We spoke about Sunday.")
    desk.page.get_by_role("button", name="Sign", exact=True).click()
    desk.page.get_by_label("Add to this note").fill("It was Saturday.")
    desk.page.get_by_role("button", name="Add it").click()

    window = open_window(**PHONE)
    window.sign_in(clinic.maya)
    window.go("/more/")
    window.page.get_by_role("link", name="Notes about my sessions").click()
    window.page.get_by_role("link", name="Read").click()
    expect(window.page.get_by_text("We spoke about Sunday.")).to_be_visible()
    expect(window.page.get_by_text("It was Saturday.")).to_be_visible()
