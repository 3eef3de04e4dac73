"""What a new program lacks stands on its page, in the order in which an office sees to it."""

import pytest
from django.urls import reverse
from django.utils import timezone

from iop_portal.office.first_steps import first_steps
from tests.factories import (
    ModalityFactory,
    ProgramFactory,
    RoomFactory,
    TrackFactory,
    admin,
    clinician,
    enrolled,
    introduced,
    works,
)
from tests.office.test_care import words
from tests.signing_in import sign_in
from therapy.agreements import publish_version
from therapy.models import Agreement, Duty

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def dana(program):
    return admin(program)


def done(program):
    steps = first_steps(program, today=timezone.localdate())
    return [step.url.rstrip("/").rpartition("/")[2] for step in steps if step.done]


def test_a_new_program_has_none_of_it_and_each_step_that_is_taken_is_said(program, dana):
    assert done(program) == []
    way = ModalityFactory(program=program)
    assert done(program) == ["ways"]
    amara = clinician(program)
    assert done(program) == ["ways", "staff"]
    introduced(amara)
    assert done(program) == ["ways", "staff"]
    amara.clinician.gives.add(way)
    assert done(program) == ["ways", "staff", "clinicians"]
    TrackFactory(program=program)
    RoomFactory(program=program)
    assert done(program) == ["ways", "staff", "clinicians", "tracks", "rooms"]


def test_what_another_program_has_helps_this_one_nothing(program):
    there = ProgramFactory()
    introduced(clinician(there), ModalityFactory(program=there))
    RoomFactory(program=there)
    TrackFactory(program=there)
    enrolled(there)
    amara = clinician(program)
    introduced(amara, ModalityFactory(program=there))
    assert done(program) == ["staff"]


def test_once_all_of_it_is_there_the_list_is_gone_and_it_is_asked_in_one_query(
    program, dana, django_assert_num_queries
):
    way, amara = ModalityFactory(program=program), clinician(program)
    introduced(amara, way)
    works(amara, program, weekday=0)
    TrackFactory(program=program)
    Duty.objects.create(program=program, clinician=amara, weekday=0, begins=0, ends=1440)
    told = {"text": "Be kind.", "asked_for": True, "seen": 0}
    publish_version(program, Agreement.Kind.RULES, **told, by=dana, now=timezone.now())
    assert len(first_steps(program, today=timezone.localdate())) == 9
    enrolled(program)
    with django_assert_num_queries(1):
        assert first_steps(program, today=timezone.localdate()) == []


def test_the_page_of_a_program_leads_to_each_and_forms_that_lack_one_say_so(client, program, dana):
    office = sign_in(client, dana)
    page = office.get(reverse("office:program", args=[program.pk]))
    assert "To begin with" in words(page)
    for name, lead in (
        ("introduce", "staff"),
        ("add_series", "ways"),
        ("add_duty", "staff"),
        ("add_course", "series_list"),
    ):
        html = office.get(reverse(f"office:{name}", args=[program.pk])).content.decode()
        assert f'href="{reverse(f"office:{lead}", args=[program.pk])}">' in html
    applicant = enrolled(program, state="referred").enrolments.get()
    assert "There is no track yet" in words(office.get(reverse("office:admit", args=[applicant.pk])))
    assert "Invite a client to begin with" not in words(office.get(reverse("office:clients", args=[program.pk])))
