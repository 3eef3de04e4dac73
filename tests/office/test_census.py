"""The census: how many were where, on any date."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from iop_portal.office.census import census_of
from iop_portal.people.models import Enrolment
from tests.factories import ProgramFactory, TrackFactory, UserFactory, admin
from tests.signing_in import sign_in
from therapy.models import Prescription

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 24)


def days(number):
    return DAY + timedelta(days=number)


@pytest.fixture
def program():
    return ProgramFactory()


def person(program, *, referred, admitted=None, ended=None, reason="completed"):
    return Enrolment.objects.create(
        client=UserFactory(),
        program=program,
        state="discharged" if ended is not None else "admitted" if admitted is not None else "referred",
        referred_on=days(referred),
        admitted_on=None if admitted is None else days(admitted),
        discharged_on=None if ended is None else days(ended),
        discharge_reason=reason if ended is not None else "",
    )


def prescribed(enrolment, track, *phases):
    """Each of the phases begins on a day and ends when the next one begins."""
    ends = [days(begins) for _phase, begins in phases[1:]] + [None]
    for (phase, begins), until in zip(phases, ends, strict=True):
        Prescription.objects.create(
            enrolment=enrolment,
            track=track,
            phase=phase,
            hours=9,
            days=3,
            since=days(begins),
            until=until,
            reason="So.",
        )


def test_it_is_true_of_every_day_that_has_passed(program):
    person(program, referred=-50, admitted=-40, ended=-10)
    person(program, referred=-10, admitted=-5)
    person(program, referred=-2)
    person(ProgramFactory(), referred=-50, admitted=-40)

    def standing(number):
        found = census_of(program, days(number))
        return found.referred, found.admitted

    assert [standing(number) for number in (-51, -50, -41, -40, -11, -10, -6, -5, -2, 0)] == [
        (0, 0),
        (1, 0),
        (1, 0),
        (0, 1),
        (0, 1),
        (1, 0),
        (1, 0),
        (0, 1),
        (1, 1),
        (1, 1),
    ]


def test_phases_and_tracks_are_those_of_the_day_up_and_down(program):
    evening, day = TrackFactory(program=program, name="Evening"), TrackFactory(program=program, name="Day")
    prescribed(
        person(program, referred=-40, admitted=-40),
        evening,
        ("orientation", -40),
        ("core", -33),
        ("step_down", -10),
        ("core", -3),
    )
    prescribed(person(program, referred=-20, admitted=-20), day, ("core", -20))

    def told(number):
        found = census_of(program, days(number))
        return (
            {str(each.label): each.number for each in found.phases if each.number},
            {each.label: each.number for each in found.tracks},
        )

    assert told(-34) == ({"Start": 1}, {"Evening": 1})
    assert told(-15) == ({"Core": 2}, {"Day": 1, "Evening": 1})
    assert told(-4) == ({"Step-down": 1, "Core": 1}, {"Day": 1, "Evening": 1})
    assert told(0) == ({"Core": 2}, {"Day": 1, "Evening": 1})


def test_it_says_who_came_and_why_others_left_in_thirty_days(program):
    person(program, referred=-60, admitted=-50, ended=-10)
    person(program, referred=-60, admitted=-50, ended=0, reason="left")
    person(program, referred=-5, ended=-1, reason="not_begun")
    person(program, referred=-90, admitted=-80, ended=-30)
    person(program, referred=-29, admitted=-29)

    found = census_of(program, DAY)

    assert (found.since, found.came_in, found.admissions, found.discharges) == (days(-29), 2, 1, 3)
    assert [(str(each.label), each.number) for each in found.left] == [
        ("Completed", 1),
        ("Chose to leave", 1),
        ("Was never admitted", 1),
    ]
    assert found.days == 45


def test_the_average_day_is_an_average_of_days(program):
    person(program, referred=-60, admitted=-14)
    person(program, referred=-60, admitted=-60, ended=-15)

    assert census_of(program, DAY).average == round((15 + 14) / 30, 1)


def test_the_office_asks_for_a_day_and_nobody_is_named(program):
    enrolment = person(program, referred=-60, admitted=-50)
    office = sign_in(Client(), admin(program))

    answer = office.get(reverse("office:census", args=[program.pk]), {"on": "2026-10-20"})

    assert answer.context["census"].on == date(2026, 10, 20)
    assert enrolment.client.preferred_name not in answer.content.decode()


@pytest.mark.parametrize("on", ["2999-01-01", "1890-01-01", "yesterday", ""])
def test_a_day_that_cannot_be_counted_says_so_and_today_is_shown(program, on):
    answer = sign_in(Client(), admin(program)).get(reverse("office:census", args=[program.pk]), {"on": on})

    assert answer.status_code == 400
    assert answer.context["census"].on == answer.context["today"]


@pytest.mark.parametrize("many", [1, 12])
def test_it_takes_four_queries_for_many_as_for_few(program, many, django_assert_num_queries):
    for number in range(many):
        person(program, referred=-60, admitted=-50, ended=-number)

    with django_assert_num_queries(4):
        census_of(program, DAY)
