"""A credential that ends earlier than was thought: what is planned already is said, before and after, and cancelled by
nobody but the office."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.urls import reverse

from iop_portal.notices.models import Notice
from iop_portal.people.models import RoleHeld
from scheduling.credentials import would_be_left
from scheduling.models import Session
from tests.factories import NOON, seated
from tests.office.test_care import filled, words
from tests.scheduling.series_world import Timetable
from tests.signing_in import sign_in
from therapy.models import Credential

pytestmark = pytest.mark.django_db
TODAY = NOON.date()
# Of sixteen sessions of eight weeks, Mondays and Thursdays from Thursday 26 November on.
THURSDAY = TODAY + timedelta(days=9)


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def clinic():
    return Timetable()


@pytest.fixture
def office(client, clinic):
    return sign_in(client, clinic.dana)


@pytest.fixture
def group(clinic):
    return clinic.series()


@pytest.fixture
def hour(clinic):
    """With Amara alone, in three weeks."""
    made = clinic.session(NOON + timedelta(days=21), modality=clinic.talk, capacity=1, listed=False)
    seated(clinic.maya, made)
    return made


@pytest.fixture
def credential(clinic):
    return clinic.amara.clinician.credentials.get()


def page_of(clinic):
    return reverse("office:clinician", args=[clinic.program.pk, clinic.amara.clinician.pk])


def change_page(clinic, credential):
    return reverse("office:change_credential", args=[clinic.program.pk, credential.pk])


def until(day):
    Credential.objects.update(expires_on=day)


def test_what_is_planned_after_the_last_valid_day_stands_on_the_clinician_s_page(office, clinic, group, hour):
    assert "without a valid credential" not in words(office.get(page_of(clinic)))
    until(THURSDAY)
    said = words(office.get(page_of(clinic)))
    assert "14 sessions without a valid credential" in said
    assert "come after 3 December 2026, the last valid day" in said
    assert "13 sessions, the first on Monday 7 December" in said
    assert "One-to-one counselling Tuesday 15 December, 12:00 pm 1 person is booked" in said
    html = office.get(page_of(clinic)).content.decode()
    assert f'href="/office/series/{group.pk}/"' in html
    assert f'href="/office/occurrences/{hour.pk}/cancel/"' in html


def test_another_credential_that_is_valid_longer_leaves_nothing(office, clinic, group):
    held = clinic.amara.clinician.credentials.get()
    Credential.objects.create(clinician=held.clinician, kind="CADC", state="NY", expires_on=TODAY + timedelta(days=900))
    until_before = reverse("office:end_credential", args=[clinic.program.pk, held.pk])
    assert "without a valid credential" not in words(office.get(until_before))
    office.post(until_before)
    assert "without a valid credential" not in words(office.get(page_of(clinic)))


def test_a_shorter_date_is_saved_once_somebody_has_said_that_they_know(office, clinic, group, credential):
    url = change_page(clinic, credential)
    asked = filled(office.get(url)) | {"expires_on": THURSDAY.isoformat()}
    response = office.post(url, asked)
    assert response.status_code == 409
    assert "13 sessions that are planned would be led without a valid credential." in words(response)
    assert response.context["form"]["expires_on"].value() == THURSDAY.isoformat()
    credential.refresh_from_db()
    assert credential.expires_on > THURSDAY
    office.post(url, asked | {"sure": "on"})
    credential.refresh_from_db()
    assert credential.expires_on == THURSDAY
    assert Session.objects.filter(series=group, live=True).count() == 16


def test_a_date_that_leaves_nothing_is_asked_nothing(office, clinic, group, credential):
    url = change_page(clinic, credential)
    later = (TODAY + timedelta(days=600)).isoformat()
    office.post(url, filled(office.get(url)) | {"expires_on": later})
    credential.refresh_from_db()
    assert credential.expires_on.isoformat() == later


def test_ending_one_says_how_many_sessions_it_leaves(office, clinic, group, hour, credential):
    url = reverse("office:end_credential", args=[clinic.program.pk, credential.pk])
    assert "17 sessions that are planned would be led without a valid credential." in words(office.get(url))
    office.post(url)
    assert "17 sessions without a valid credential" in words(office.get(page_of(clinic)))


def test_an_hour_of_no_series_is_cancelled_from_there_and_its_person_is_told(office, clinic, hour):
    until(TODAY)
    url = reverse("office:cancel_occurrence", args=[hour.pk])
    assert "Cancel One-to-one counselling on Tuesday 15 December, 12:00 pm?" in words(office.get(url))
    assert office.post(url).url == page_of(clinic)
    hour.refresh_from_db()
    assert hour.live is False
    assert [each.to for each in Notice.objects.owed().filter(kind="booking_cancelled")] == [clinic.maya]


def test_an_hour_of_another_program_is_not_there(office, clinic):
    there = Timetable()
    hour = there.session(NOON + timedelta(days=21), modality=there.talk, capacity=1, listed=False)
    url = reverse("office:cancel_occurrence", args=[hour.pk])
    assert (office.get(url).status_code, office.post(url).status_code) == (404, 404)


def test_what_somebody_leads_no_more_and_is_planned_is_said(office, clinic, group, hour):
    clinic.amara.clinician.gives.remove(clinic.talk)
    said = words(office.get(page_of(clinic)))
    assert "Planned, and not among what they lead" in said
    assert "One-to-one counselling Tuesday 15 December, 12:00 pm" in said
    assert "the first on" not in said


def test_what_they_lead_elsewhere_is_another_office_s(office, clinic):
    there = Timetable()
    RoleHeld.objects.create(user=clinic.amara, program=there.program, role="clinician")
    there.session(NOON + timedelta(days=21), clinic.amara)
    until(TODAY)
    assert "without a valid credential" not in words(office.get(page_of(clinic)))


def test_what_a_colleague_leads_is_not_left_by_them(office, clinic, credential):
    clinic.session(NOON + timedelta(days=21), clinic.jonah)
    assert would_be_left(credential, TODAY, now=NOON) == 0
    until(TODAY)
    assert "without a valid credential" not in words(office.get(page_of(clinic)))
    clinic.jonah.clinician.gives.clear()
    assert "not among what they lead" not in words(office.get(page_of(clinic)))


def test_the_last_day_ends_at_midnight_of_the_program_where_a_session_is(clinic, credential, django_assert_num_queries):
    """Thursday a minute before midnight in New York; Friday half past midnight in Berlin, which comes first."""
    there = Timetable(zone="Europe/Berlin")
    clinic.session(datetime(2026, 12, 3, 23, 59, tzinfo=ZoneInfo("America/New_York")))
    there.session(datetime(2026, 12, 4, 0, 30, tzinfo=ZoneInfo("Europe/Berlin")), clinic.amara)
    with django_assert_num_queries(2):
        assert would_be_left(credential, THURSDAY, now=NOON) == 1
    assert would_be_left(credential, THURSDAY - timedelta(days=1), now=NOON) == 2


@pytest.mark.parametrize("weeks", [1, 8])
def test_the_page_asks_the_same_however_much_is_left(office, clinic, group, weeks, django_assert_num_queries):
    until(TODAY + timedelta(weeks=8 - weeks))
    office.get(page_of(clinic))
    with django_assert_num_queries(11):
        office.get(page_of(clinic))


def test_one_that_is_over_already_is_not_ended_again(office, clinic, credential):
    until(TODAY - timedelta(days=3))
    url = reverse("office:end_credential", args=[clinic.program.pk, credential.pk])
    assert [office.get(url).url, office.post(url).url] == [page_of(clinic)] * 2
    assert "The credential ended on 21 November 2026 already." in words(office.get(page_of(clinic)))
