"""A client answers on a phone with scripts off; an answer that cannot wait leads to help, and to somebody who acts."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from iop_portal.followups.models import FollowUp
from tests.factories import ProgramFactory, clinician, enrolled, on_care_team
from tests.therapy.measured import PHQ, always_on_call, points, sent
from therapy.asking import ask
from therapy.models import Alert, Sheet

pytestmark = pytest.mark.journey

PHONE = {"viewport": {"width": 390, "height": 780}, "java_script_enabled": False}


def test_phq_9_on_a_phone_leads_to_help_to_a_trend_and_to_somebody_who_acts(open_window):
    harbor = ProgramFactory(name="Harbor House", zone="UTC")
    amara = clinician(harbor, preferred_name="Amara")
    always_on_call(harbor, amara)
    maya = enrolled(harbor, preferred_name="Maya", surname="Torres", phone="+1 212 555 0142")
    on_care_team(amara, maya, part="primary")
    sent(maya, PHQ, points(PHQ, 17), now=timezone.now() - timedelta(days=20))
    ask(maya.enrolments.get(), PHQ, by=None, now=timezone.now())

    window = open_window(**PHONE)
    window.sign_in(maya)
    page = window.page
    window.go("/")
    page.get_by_role("link", name=re.compile("Start")).click()
    page.get_by_role("button", name="Start").click()
    for number in range(1, 9):
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(f"Question {number} of"))
        page.get_by_label("Several days" if number < 4 else "Not at all").check()
        page.get_by_role("button", name="Next").click()

    # Back, and on again.
    page.get_by_role("link", name="Question before").click()
    expect(page.get_by_label("Not at all")).to_be_checked()
    page.get_by_label("I prefer not to say").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Several days").check()
    page.get_by_role("button", name="Next").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you for telling us")
    expect(page.get_by_role("link", name="Call 988")).to_be_visible()
    assert [each.owner for each in FollowUp.objects.open()] == [amara]
    page.get_by_role("link", name="Go on when you want").click()
    page.get_by_label("Somewhat difficult").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("link", name=re.compile("^Change Moving or speaking")).click()
    page.get_by_label("Not at all").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Send it to my care team").click()
    expect(page.locator("main")).to_contain_text("4 of 27")
    expect(page.locator("svg.chart")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Improved since the beginning: from 17 to 4.")
    assert Sheet.objects.sent().count() == 2

    desk = open_window(viewport={"width": 1280, "height": 800})
    desk.sign_in(amara)
    page = desk.page
    desk.go("/")
    page.get_by_role("link", name=re.compile("^Open Maya T")).first.click()
    expect(page.locator("main")).to_contain_text("Thoughts that you would be better off dead")
    page.get_by_label("Spoke with them").check()
    page.get_by_label("C-SSRS screener").check()
    page.get_by_label("In a few sentences").fill("She is safe tonight and comes tomorrow at nine.")
    page.get_by_role("button", name="Write it down").click()
    expect(page.locator("main")).to_contain_text("Nobody is asked to act on this answer any more.")
    assert Alert.objects.get().disposition.by == amara
    assert not FollowUp.objects.open().exists()
