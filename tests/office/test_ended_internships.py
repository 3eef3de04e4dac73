"""What an intern is to lead after their last day: the office finds it, hands it over or cancels it, and no more is
made."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from iop_portal.audit.models import Entry
from iop_portal.notices.models import Notice
from iop_portal.people.models import User
from scheduling.credentials import interns_who_leave_sessions
from scheduling.leading import InternshipEnds
from scheduling.models import Facilitation, Series, Session, Skipped
from tests.factories import NOON, seated
from tests.office.test_care import words
from tests.office.test_credentials import THURSDAY, TODAY, clinic, group, hour, noon, office
from tests.scheduling.series_world import Timetable
from therapy.clinicians import set_supervision

__all__ = ["clinic", "group", "hour", "noon", "office"]
pytestmark = pytest.mark.django_db


def intern_until(clinic, day):
    set_supervision(clinic.amara.clinician, supervisor=clinic.jonah, until=day, by=clinic.dana, now=NOON)
    clinic.amara.refresh_from_db()


def page_of(clinic):
    return reverse("office:clinician", args=[clinic.program.pk, clinic.amara.clinician.pk])


def hand_over(hour):
    return reverse("office:hand_over", args=[hour.pk])


def leaders(session):
    return list(User.objects.filter(facilitations__session=session))


def test_what_comes_after_the_last_day_stands_on_their_page_and_on_the_first(office, clinic, group, hour):
    desk = reverse("office:desk")
    assert "internship" not in words(office.get(desk)) + words(office.get(page_of(clinic)))
    intern_until(clinic, THURSDAY)
    said = words(office.get(page_of(clinic)))
    assert "14 sessions after the internship" in said
    assert "come after 3 December 2026, the last day" in said
    assert "13 sessions, the first on Monday 7 December" in said
    assert "without a valid credential" not in said
    html = office.get(page_of(clinic)).content.decode()
    for url in (reverse("office:series", args=[group.pk]), hand_over(hour)):
        assert f'href="{url}"' in html
    said = words(office.get(desk))
    assert "14 sessions are planned after an internship ends" in said
    assert page_of(clinic) in office.get(desk).content.decode()


def test_an_internship_that_is_over_says_so_and_its_sessions_stay_listed(office, clinic, group):
    intern_until(clinic, TODAY - timedelta(days=1))
    assert "Internship over" in words(office.get(reverse("office:clinicians", args=[clinic.program.pk])))
    said = words(office.get(page_of(clinic)))
    assert "Their internship ended on 23 November 2026." in said
    assert "16 sessions after the internship" in said


def test_an_hour_is_handed_over_and_who_booked_it_is_told(office, clinic, hour):
    intern_until(clinic, TODAY - timedelta(days=1))
    assert clinic.amara.full_name not in words(office.get(hand_over(hour)))
    assert office.post(hand_over(hour), {"leaders": [clinic.jonah.pk]}).url == page_of(clinic)
    assert leaders(hour) == [clinic.jonah]
    assert "after the internship" not in words(office.get(page_of(clinic)))
    assert [each.to for each in Notice.objects.owed().filter(kind="session_moved")] == [clinic.maya]
    assert Entry.objects.filter(verb="booking.handed_over", client=clinic.maya).count() == 1


def test_handed_over_twice_is_handed_over_once(office, clinic, hour):
    for _ in range(2):
        office.post(hand_over(hour), {"leaders": [clinic.jonah.pk]})
    assert leaders(hour) == [clinic.jonah]
    assert Notice.objects.filter(kind="session_moved").count() == 1


def test_a_group_that_is_led_by_somebody_else_tells_nobody(office, clinic, group):
    one = Session.objects.filter(series=group).order_by("during").last()
    seated(clinic.maya, one)
    office.post(hand_over(one), {"leaders": [clinic.jonah.pk]})
    assert leaders(one) == [clinic.jonah]
    assert not Notice.objects.filter(kind="session_moved").exists()


def test_nobody_and_somebody_who_is_busy_are_sent_back_with_why(office, clinic, hour):
    response = office.post(hand_over(hour), {})
    assert response.status_code == 400
    assert "Choose an answer for “Who leads it?”" in words(response)
    clinic.session(NOON + timedelta(days=21), clinic.jonah)
    response = office.post(hand_over(hour), {"leaders": [clinic.jonah.pk]})
    assert response.status_code == 409
    assert f"{clinic.jonah.full_name} leads something else" in words(response)
    assert response.context["form"]["leaders"].value() == [str(clinic.jonah.pk)]
    assert leaders(hour) == [clinic.amara]


def test_an_hour_of_another_program_is_not_there(office):
    there = Timetable()
    hour = there.session(NOON + timedelta(days=21), modality=there.talk, capacity=1, listed=False)
    assert (office.get(hand_over(hour)).status_code, office.post(hand_over(hour)).status_code) == (404, 404)


def test_no_session_is_made_for_after_the_last_day(clinic):
    intern_until(clinic, THURSDAY)
    made = clinic.series()
    days = [each.starts_at.date() for each in Session.objects.filter(series=made).order_by("during")]
    assert days == [THURSDAY - timedelta(days=7), THURSDAY - timedelta(days=3), THURSDAY]
    assert set(Skipped.objects.filter(series=made).values_list("why", "clinician")) == {("left", clinic.amara.pk)}


def test_nobody_is_put_on_a_session_after_their_last_day(clinic):
    intern_until(clinic, THURSDAY)
    with pytest.raises(InternshipEnds) as refused:
        clinic.series(begins_on=THURSDAY + timedelta(days=1))
    assert "is an intern until 3 December 2026" in str(refused.value)
    assert not Session.objects.exists()
    assert not Series.objects.exists()


def test_the_last_day_ends_at_midnight_of_the_program(clinic, django_assert_num_queries):
    intern_until(clinic, THURSDAY)
    zone = ZoneInfo(clinic.program.zone)
    midnight = datetime(2026, 12, 4, 0, 0, tzinfo=zone)
    clinic.session(midnight - timedelta(minutes=30))
    with django_assert_num_queries(1):
        assert interns_who_leave_sessions([clinic.program], now=NOON) == []
    Facilitation.objects.all().delete()
    clinic.session(midnight)
    assert [each.sessions for each in interns_who_leave_sessions([clinic.program], now=NOON)] == [1]
