"""Groups that begin soon and have too few people: who leads them and the office see it in words, and nobody else's."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from scheduling.changing import cancel_session
from scheduling.minimum import TooFew, too_few_led_by, too_few_run_by
from scheduling.models import Booking, Session
from tests.factories import NOON, seated
from tests.scheduling.series_world import WEDNESDAY, Timetable
from tests.signing_in import sign_in
from tests.therapy.test_client_pages import words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def clinic():
    return Timetable(name="Harbor House")


@pytest.fixture
def group(clinic):
    """On Wednesday at 5:30 pm, in thirty hours; two people should come at least."""
    return Session.objects.filter(series=clinic.series(weekdays=(WEDNESDAY,))).earliest("during")


def test_who_leads_it_and_the_office_see_how_many_are_booked_and_needed(client, clinic, group):
    seated(clinic.maya, group)
    said = "1 booked, at least 2 needed Skills group, Wednesday 25 November, 5:30 pm"
    day = sign_in(client, clinic.amara).get(reverse("home:caseload"))
    assert said in words(day)
    assert f'href="{reverse("scheduling:roster", args=[group.pk])}"' in day.content.decode()
    desk = sign_in(client, clinic.dana).get(reverse("office:desk"))
    assert f"{said}, Harbor House" in words(desk)
    assert f'href="{reverse("office:series", args=[group.series_id])}"' in desk.content.decode()


def test_enough_people_a_cancelled_session_and_one_that_is_further_off_are_not_told(clinic, group):
    assert too_few_led_by(clinic.amara, now=NOON) == [TooFew(group, 0, 2)]
    assert too_few_led_by(clinic.amara, now=group.starts_at - timedelta(hours=48, minutes=1)) == []
    assert too_few_led_by(clinic.amara, now=group.starts_at) == []
    seated(clinic.maya, group)
    ben = seated(clinic.client("Ben"), group)
    assert too_few_led_by(clinic.amara, now=NOON) == []
    Booking.objects.filter(pk=ben.pk).update(state="cancelled", occupies=False, cancelled_at=NOON)
    assert [each.booked for each in too_few_run_by(clinic.dana, now=NOON)] == [1]
    cancel_session(group, by=clinic.dana, now=NOON)
    assert too_few_run_by(clinic.dana, now=NOON) == []


def test_neither_a_colleague_s_nor_another_program_s(clinic, group):
    there = Timetable()
    assert (too_few_led_by(clinic.jonah, now=NOON), too_few_run_by(there.dana, now=NOON)) == ([], [])


def test_what_has_no_series_has_no_minimum(clinic):
    clinic.session(NOON + timedelta(hours=5))
    assert too_few_led_by(clinic.amara, now=NOON) == []


@pytest.mark.parametrize("many", [1, 4])
def test_it_is_one_question_however_many_there_are(clinic, many, django_assert_num_queries):
    for _each in range(many):
        clinic.series(weekdays=(WEDNESDAY,), at=clinic.pattern().at.replace(hour=8 + 2 * _each))
    with django_assert_num_queries(1):
        assert len([each.which for each in too_few_run_by(clinic.dana, now=NOON)]) == many
