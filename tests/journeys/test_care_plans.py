"""A plan that client and clinician agree on, and both sign: she on a phone with scripts off, he at a desk."""

import pytest
from playwright.sync_api import expect

from tests.journeys.test_booking import faults_of
from tests.scheduling.booking_world import Clinic
from therapy.care_plans import plan_of

pytestmark = pytest.mark.journey


def test_client_and_clinician_agree_a_plan_and_both_sign(open_window, server):
    clinic = Clinic()
    phone = open_window(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    desk = open_window(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    phone.sign_in(clinic.maya)
    desk.sign_in(clinic.amara)
    maya, amara = phone.page, desk.page

    phone.go("/")
    maya.get_by_role("navigation", name="Main").get_by_role("link", name="Plan").click()
    maya.get_by_role("link", name="What matters to you?").click()
    maya.get_by_label("What matters to me").fill("My sister.")
    maya.get_by_role("button", name="Save").click()
    for label in ("My strengths", "What I need"):
        maya.get_by_label(label).fill("Quiet mornings.")
        maya.get_by_role("button", name="Save").click()
    maya.get_by_label("The goal, in your own words").fill("I come home sober.")
    maya.get_by_role("button", name="Save").click()
    expect(maya.get_by_role("heading", name="Draft of version 1")).to_be_visible()

    desk.go(f"/clients/{clinic.maya.pk}/")
    amara.get_by_role("link", name="Open the plan").click()
    amara.get_by_role("link", name="Suggest a step").click()
    amara.get_by_label("The step").fill("Call Dee when the bus is late")
    amara.get_by_role("button", name="Suggest it").click()
    expect(amara.get_by_role("status").first).to_have_text("Suggested. Maya decides about it.")
    faults = faults_of(amara)

    phone.go("/plan/")
    maya.get_by_role("button", name="Take it").click()
    expect(maya.locator(".steps")).to_contain_text("Call Dee when the bus is late")
    maya.get_by_role("link", name="Read it and sign").click()
    maya.get_by_label("Your name").fill(clinic.maya.full_name)
    maya.get_by_role("button", name="Sign").click()

    desk.go("/caseload/")
    amara.get_by_role("link", name="Open A plan waits for your signature").or_(
        amara.get_by_role("listitem").filter(has_text="A plan waits for your signature").get_by_role("link")
    ).first.click()
    amara.get_by_role("link", name="Read it and sign").click()
    faults += faults_of(amara)
    amara.get_by_label("Your name").fill(clinic.amara.full_name)
    amara.get_by_role("button", name="Sign").click()

    phone.go("/plan/")
    expect(maya.locator(".lede")).to_contain_text("You and Amara signed it")
    plan = plan_of(clinic.maya.enrolments.get())
    assert (plan.signed.number, plan.signed.content.goals[0].steps[0].words) == (1, "Call Dee when the bus is late")
    assert faults == []
