"""A new client finds a counsellor: on a phone, with scripts off."""

import pytest
from playwright.sync_api import expect

from scheduling.models import Booking
from tests.factories import admin
from tests.scheduling.booking_world import Clinic
from therapy.models import CounsellorRequest, Speciality

pytestmark = pytest.mark.journey


def test_a_new_client_finds_a_counsellor_books_with_them_and_asks_for_them(open_window, server):
    clinic = Clinic()
    admin(clinic.program)
    clinic.hours(clinic.amara)
    clinic.hours(clinic.jonah)
    jonah = clinic.jonah.clinician
    jonah.languages = ["en", "es"]
    jonah.save()
    jonah.specialities.add(Speciality.objects.create(program=clinic.program, name="Sleep"))
    theo = clinic.client("Theo")
    phone = open_window(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    phone.sign_in(theo)
    page = phone.page

    phone.go("/people/")
    page.get_by_role("link", name="Who would suit me?").click()
    page.get_by_label("Sleep").check()
    page.get_by_label("In which language is it easiest?").select_option(label="Spanish")
    page.get_by_role("button", name="Show who fits").click()
    first = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Jonah Weiss")).first
    expect(page.get_by_role("heading", level=2).first).to_have_text("Jonah Weiss")
    expect(first).to_contain_text("Speaks Spanish")
    expect(first).to_contain_text("Knows well: Sleep")
    assert "es" not in page.url.partition("?")[2]

    first.get_by_role("link", name="Book this time").click()
    page.get_by_role("button", name="Book it").click()
    assert Booking.objects.get(person=theo).session.facilitations.get().clinician == clinic.jonah

    phone.go("/people/match/")
    first.get_by_role("link", name="Ask for them as my counsellor").click()
    expect(page.get_by_label("Jonah Weiss, Counsellor")).to_be_checked()
    page.get_by_role("button", name="Send it to the office").click()
    expect(page.get_by_role("heading", name="Your wish is with the office")).to_be_visible()
    assert CounsellorRequest.objects.get().wanted == clinic.jonah
