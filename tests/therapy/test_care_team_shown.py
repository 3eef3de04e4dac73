"""Each page about a client says who is there for them, and none of another program's."""

import pytest
from django.urls import reverse

from tests.factories import ProgramFactory, TrackFactory, clinician, enrolled, introduced, on_care_team
from tests.signing_in import sign_in
from tests.therapy.test_client_pages import words
from therapy.care_team import team_around, team_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    program = ProgramFactory()
    TrackFactory(program=program)
    return program


@pytest.fixture
def amara(program):
    return introduced(clinician(program, preferred_name="Amara", surname="Osei")).user


@pytest.fixture
def tom(program):
    return clinician(program, preferred_name="Tom", surname="Beckett")


@pytest.fixture
def maya(program, amara, tom):
    maya = enrolled(program, preferred_name="Maya")
    on_care_team(amara, maya, part="primary")
    on_care_team(tom, maya)
    return maya


PAGES = {
    "therapy:my_care": lambda maya: [],
    "therapy:my_plan": lambda maya: [],
    "home:landing": lambda maya: [],
    "home:client": lambda maya: [maya.pk],
    "therapy:client_plan": lambda maya: [maya.enrolments.get().pk],
    "scheduling:prescribe": lambda maya: [maya.enrolments.get().pk],
    "therapy:give_homework": lambda maya: [maya.enrolments.get().pk],
    "therapy:client_notes": lambda maya: [maya.pk],
    "therapy:client_measure": lambda maya: [maya.pk, "gad-7"],
}
OWN = {"therapy:my_care", "therapy:my_plan", "home:landing"}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_about_a_client_says_who_is_there_for_them(client, maya, amara, name):
    sign_in(client, maya if name in OWN else amara)
    said = words(client.get(reverse(name, args=PAGES[name](maya))))
    assert "Amara Osei" in said
    assert "Tom Beckett" in said


def test_who_left_the_team_is_not_told_nor_that_somebody_is_in_another_program(maya, amara, tom):
    elsewhere = ProgramFactory()
    other = maya.enrolments.create(program=elsewhere, state="referred", referred_on=maya.enrolments.get().referred_on)
    ines = clinician(elsewhere)
    other.care_team.create(clinician=ines, part="primary", since=maya.joined_at)
    here = maya.enrolments.exclude(pk=other.pk).get()
    here.care_team.filter(clinician=tom).update(until=here.care_team.get(clinician=tom).since)
    assert [place.clinician for place in team_around(maya, reader=amara)] == [amara]
    assert [place.clinician for place in team_around(maya, reader=ines)] == [ines]
    assert [place.clinician for place in team_of(other)] == [ines]
