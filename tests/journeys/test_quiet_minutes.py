"""Quiet minutes: with scripts off from step to step, and with scripts by a timer that can be stopped."""

import pytest
from playwright.sync_api import expect

from tests.journeys.test_booking import faults_of
from tests.scheduling.booking_world import Clinic
from therapy.models import Sitting
from therapy.practices import practices

pytestmark = pytest.mark.journey

PAUSE = practices()["pause"]


def test_somebody_is_led_through_three_minutes_and_finds_them_in_their_own_log(open_window, server):
    clinic = Clinic()
    phone = open_window(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    phone.sign_in(clinic.maya)
    page = phone.page

    phone.go("/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="More").click()
    page.get_by_role("link", name="Quiet minutes").click()
    page.get_by_role("link", name="Three-minute pause").click()
    page.get_by_role("link", name="3 minutes").click()
    for number in range(1, 6):
        expect(page.get_by_role("heading", name=f"Step {number} of 5")).to_be_visible()
        page.get_by_role("link", name="Go on" if number < 5 else "To the end").click()
    page.get_by_role("button", name="It helped").click()
    expect(page.get_by_role("status").first).to_have_text("It stands in your log.")
    line = page.get_by_role("listitem").filter(has_text="Three-minute pause")
    expect(line).to_contain_text("Only you read this")

    desk = open_window(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    desk.sign_in(clinic.maya)
    page = desk.page
    page.clock.install()
    desk.go("/practice/mindfulness/pause/3/1/")
    first = PAUSE.timed(3)[0].seconds
    left, heading = page.locator("[data-left]"), page.get_by_role("heading", level=2)
    page.clock.run_for(60_000)
    expect(left).to_have_text("3:00")
    page.get_by_label("A soft tone at each step").check()
    page.get_by_role("button", name="Start the timer").click()
    page.clock.run_for((first + 1) * 1000)
    expect(heading).to_contain_text("Step 2 of 5")
    expect(page.locator("[data-say]")).to_contain_text("Step 2 of 5")
    page.get_by_role("button", name="Pause").click()
    standing = left.text_content()
    page.clock.run_for(600_000)
    expect(left).to_have_text(standing)
    page.get_by_role("button", name="Let it run on").click()
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("link", name="Go back").click()
    expect(heading).to_contain_text("Step 2 of 5")
    expect(page.get_by_role("link", name="Stop here")).to_have_attribute(
        "href", "/practice/mindfulness/pause/3/end/?after=1"
    )
    faults = faults_of(page)
    # As after a sleep: several steps are over at once.
    page.clock.fast_forward((180 - first) * 1000)
    expect(page.get_by_text("That was it. Stay as long as you like.").first).to_be_visible()
    assert faults == []
    assert faults_of(page) == []
    page.get_by_role("link", name="To the end").click()
    page.get_by_label("My care team too").check()
    page.get_by_role("button", name="It did not help").click()
    expect(page.get_by_text("Shared with your care team")).to_be_visible()
    # Two taps within a minute are one line.
    assert [(one.how, one.shared, one.minutes) for one in Sitting.objects.order_by("pk")] == [("not", True, 3)]
