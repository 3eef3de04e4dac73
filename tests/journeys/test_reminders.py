"""Maya chooses how we reach her, says by a reminder's link that she will be late, and Amara sees it on her day."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import expect

from iop_portal.notices.channels import Channel
from iop_portal.notices.delivery import deliver_owed
from iop_portal.notices.models import Reach
from scheduling.reminders import owe_reminders
from tests.factories import seated
from tests.scheduling.booking_world import Clinic

pytestmark = pytest.mark.journey


@pytest.fixture
def clinic(server, phones):
    """The group meets in an hour and a half, wherever the day is: nobody has quiet hours now."""
    clinic = Clinic(zone="UTC")
    for person in (clinic.maya, clinic.amara):
        person.zone = "UTC"
        person.save()
    noon = timezone.now() + timedelta(hours=12)
    clinic.program.quiet_from, clinic.program.quiet_until = noon.time(), (noon + timedelta(hours=1)).time()
    clinic.program.save()
    return clinic


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "on a phone with scripts off"])
def test_how_we_reach_you_a_reminder_and_an_answer(open_window, clinic, phones, scripts):
    small = {} if scripts else {"viewport": {"width": 320, "height": 640}}
    maya, phone = open_window(java_script_enabled=scripts, **small), open_window(java_script_enabled=scripts, **small)
    maya.sign_in(clinic.maya)
    page = maya.page
    maya.go("/choices/")
    page.get_by_role("link", name="Change Text messages").click()
    page.get_by_role("link", name="Get text messages").click()
    page.get_by_label("Your mobile number").fill("(212) 555-0142")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("ask for text messages to +12125550142")).to_be_visible()
    page.get_by_label("Your name").fill("Maya Tester")
    page.get_by_role("button", name="Sign and send me a code").click()
    deliver_owed(channel=Channel.TEXT)
    page.get_by_label("The six digits from the text").fill(phones.sent[0].body[:6])
    page.get_by_role("button", name="That is my phone").click()
    expect(page.get_by_role("status").first).to_have_text("Done. From now on we text you.")
    reminders = page.get_by_role("group", name="Before an appointment")
    expect(reminders.get_by_label("By text message")).to_be_checked()
    reminders.get_by_label("By e-mail").uncheck()
    page.get_by_label("1 day before").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
    reach = Reach.objects.get(person=clinic.maya)
    assert (reach.reminders_by, reach.leads) == (["text"], [120])

    begins = timezone.now() + timedelta(minutes=90)
    booking = seated(clinic.maya, clinic.session(begins))
    type(booking).objects.update(booked_at=begins - timedelta(days=2))
    assert owe_reminders(now=timezone.now()) == 1
    deliver_owed(channel=Channel.TEXT)
    assert mail.outbox == []
    link = re.search(r"I’m late: (\S+)", phones.sent[-1].body)[1]

    answer = phone.page
    answer.goto(link)
    expect(answer.get_by_role("heading", level=1)).to_have_text("Will you be late?")
    answer.get_by_label("20 minutes").check()
    answer.get_by_role("button", name="I will be late").click()
    expect(answer.get_by_role("heading", level=1)).to_have_text("Thank you for telling us")
    phone.bears("status of 404")
    answer.goto(link)
    expect(answer.get_by_role("heading", level=1)).to_have_text("This link cannot be used")

    amara = open_window(java_script_enabled=scripts)
    amara.sign_in(clinic.amara)
    amara.go("/caseload/")
    if begins.date() == timezone.now().date():
        expect(amara.page.get_by_text("Maya T. (about 20 minutes late)")).to_be_visible()
    amara.go(f"/sessions/{booking.session_id}/")
    expect(amara.page.get_by_text("about 20 minutes late")).to_be_visible()

    maya.go("/reach/")
    page.get_by_role("link", name="End text messages").click()
    page.get_by_role("button", name="End them").click()
    expect(page.get_by_role("status").first).to_have_text("We text you no more, from this moment on.")
