"""An admin moves a group from one week on: what comes before stays, who is booked keeps their place and is told."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import expect

from iop_portal.notices.delivery import deliver_owed
from tests.factories import seated
from tests.scheduling.series_world import Timetable

pytestmark = pytest.mark.journey


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_an_admin_changes_this_and_following(open_window, server, scripts):
    now = timezone.now()
    clinic = Timetable(awake=True)
    first = now.date() + timedelta(days=2)
    series = clinic.series(weekdays=(first.weekday(),), zone="UTC", begins_on=first, now=now)
    sessions = list(series.sessions.order_by("during"))
    kept, moved = (seated(clinic.maya, session) for session in sessions[1:3])

    window = open_window(java_script_enabled=scripts)
    window.sign_in(clinic.dana)
    page = window.page
    window.go(f"/office/programs/{clinic.program.pk}/")
    page.get_by_role("link", name="Weekly series").click()
    page.get_by_role("link", name="Skills group").click()
    page.get_by_role("link", name=re.compile("^Change .*5:30 pm")).nth(2).click()
    page.get_by_label("Begins at").fill("19:00")
    page.get_by_label("This one and all that follow").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("6 sessions are different now.")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^Change .*7:00 pm"))).to_have_count(6)

    kept.refresh_from_db()
    moved.refresh_from_db()
    assert [each.occupies for each in (kept, moved)] == [True, True]
    assert kept.during == sessions[1].during
    assert (moved.starts_at.hour, moved.starts_at.minute) == (19, 0)
    mail.outbox.clear()
    deliver_owed()
    assert [(letter.to, letter.subject) for letter in mail.outbox] == [
        ([clinic.maya.email], "An appointment has changed")
    ]
