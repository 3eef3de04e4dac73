"""A client joins a course, comes to it and takes the certificate home; and follows something to work with her team."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from scheduling.attendance import Said, mark
from scheduling.courses import CourseDetails, Parts, add_course
from scheduling.models import Booking
from tests.factories import admin
from tests.scheduling.booking_world import Clinic
from therapy.opportunities import OpportunityDetails, post_opportunity

pytestmark = pytest.mark.journey
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture
def clinic(server):
    clinic = Clinic(zone="UTC", sender="Riverside Learning")
    clinic.office, now = admin(clinic.program), timezone.now()
    evenings = [clinic.session(now + timedelta(days=days), modality=clinic.workshop) for days in (2, 9)]
    details = CourseDetails("Sleep and rest", "Two evenings.", "You learn to rest.", "Skills course", 2, 2)
    add_course(clinic.program, details, Parts(singles=tuple(evenings)), by=clinic.office, now=now)
    bakery = OpportunityDetails("job", "Mornings in a bakery", "Corner Bakery", "Bread from five to nine.")
    post_opportunity(clinic.program, bakery, by=clinic.office, now=now)
    return clinic


def test_a_client_takes_a_course_to_its_certificate(open_window, clinic):
    window = open_window(**PHONE)
    window.sign_in(clinic.maya)
    page = window.page
    window.go("/more/")
    page.get_by_role("link", name="Courses").click()
    page.get_by_role("link", name="Sleep and rest").click()
    page.get_by_role("link", name="Join", exact=True).click()
    page.get_by_role("button", name="Join, and book 2 sessions").click()
    expect(page.get_by_text("0 of 2 sessions")).to_be_visible()

    for booking in Booking.objects.filter(person=clinic.maya):
        mark(booking, Said("present"), seen=0, by=clinic.amara, now=booking.ends_at)
    page.reload()
    expect(page.get_by_text("2 of 2 sessions")).to_be_visible()
    page.get_by_role("link", name="Get the certificate").click()
    page.get_by_label("Name on the certificate").fill("Maya L. Torres")
    with page.expect_download() as paper:
        page.get_by_role("button", name="Save as PDF").click()
    assert paper.value.suggested_filename == "certificate.pdf"
    assert Path(paper.value.path()).read_bytes().startswith(b"%PDF-")
    page.get_by_role("button", name="See it, and print it").click()
    expect(page.get_by_text("Maya L. Torres")).to_be_visible()
    expect(page.get_by_text("Riverside Learning")).to_be_visible()


def test_a_client_follows_something_to_work_with_her_care_team(open_window, clinic):
    window = open_window(**PHONE)
    window.sign_in(clinic.maya)
    page = window.page
    window.go("/more/")
    page.get_by_role("link", name="Work and learning").click()
    page.get_by_role("link", name="Mornings in a bakery").click()
    page.get_by_label("A word to your care team").fill("I like to get up early.")
    page.get_by_role("button", name="This interests me").click()
    expect(page.get_by_role("heading", name="How far it is")).to_be_visible()

    desk = open_window(java_script_enabled=False)
    desk.sign_in(clinic.amara)
    desk.go(f"/clients/{clinic.maya.pk}/")
    desk.page.get_by_role("link", name="Mornings in a bakery").click()
    expect(desk.page.get_by_text("I like to get up early.")).to_be_visible()
    desk.page.get_by_label("We spoke about it").check()
    desk.page.get_by_role("button", name="Write it down").click()

    page.reload()
    expect(page.get_by_text("We spoke about it")).to_be_visible()
