"""The same page of criteria for a client and for their care team, and the form that changes the phase."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import NOON, ProgramFactory, TrackFactory, admin, clinician, enrolled, on_care_team
from tests.signing_in import sign_in
from therapy.criteria import say_criterion, standings
from therapy.models import CriterionSaid
from therapy.phases import guides_of, offer_standard_guide
from therapy.prescribing import current_prescription, prescribe, prescription_version

pytestmark = pytest.mark.django_db

MY_CARE = reverse("therapy:my_care")


@pytest.fixture
def program():
    made = ProgramFactory(zone="UTC")
    offer_standard_guide(made, by=None, now=NOON)
    return made


@pytest.fixture
def amara(program):
    return clinician(program, preferred_name="Amara")


@pytest.fixture
def enrolment(program, amara):
    maya = enrolled(program, preferred_name="Maya")
    on_care_team(amara, maya, part="primary")
    enrolment = maya.enrolments.select_related("client").get()
    prescribe(enrolment, track=TrackFactory(program=program), phase="core", hours=9, days=3, by=amara, now=NOON)
    return enrolment


@pytest.fixture
def sentences(program):
    return guides_of(program)["core"].criteria


def text(response):
    return " ".join(response.content.decode().split())


def url_of(enrolment, criterion):
    return reverse("therapy:say_criterion", args=[enrolment.pk, criterion.pk])


def chart(enrolment):
    return reverse("home:client", args=[enrolment.client_id])


def all_said(enrolment, sentences, *people):
    for person in people:
        for criterion in sentences:
            say_criterion(enrolment, criterion, met=True, by=person, now=NOON)


def test_a_client_reads_where_they_are_and_says_what_they_see(client, enrolment, sentences):
    sign_in(client, enrolment.client)
    said = text(client.get(MY_CARE))
    for part in ("Where you are: Core", "Step-down may come next when", sentences[0].text, "9 hours on 3 days"):
        assert part in said
    answer = client.post(url_of(enrolment, sentences[0]))
    assert answer.url == f"{MY_CARE}#step-{enrolment.pk}"
    assert text(client.get(MY_CARE)).count("Take it back") == 1
    client.post(url_of(enrolment, sentences[0]), {"back": "1"})
    assert "Take it back" not in text(client.get(MY_CARE))
    assert list(CriterionSaid.objects.order_by("pk").values_list("met", flat=True)) == [True, False]


def test_their_counsellor_reads_the_same_on_their_page_and_says_what_they_see(client, enrolment, sentences, amara):
    say_criterion(enrolment, sentences[0], met=True, by=enrolment.client, now=NOON)
    sign_in(client, amara)
    said = text(client.get(chart(enrolment)))
    for part in ("Where they are: Core", "Step-down may come next when", sentences[0].text, "Maya: not yet"):
        assert part in said
    assert client.post(url_of(enrolment, sentences[1])).url == f"{chart(enrolment)}#step-{enrolment.pk}"
    assert "Amara" in text(client.get(chart(enrolment)))
    seen = standings([enrolment.pk])[enrolment.pk].criteria
    assert (seen[0].client.by, seen[1].team.by) == (enrolment.client, amara)


def test_when_all_is_met_both_are_told_to_talk_and_the_form_begins_with_the_next_phase(
    client, enrolment, sentences, amara
):
    all_said(enrolment, sentences, enrolment.client)
    sign_in(client, amara)
    assert "Talk about what comes next when you meet." not in text(client.get(chart(enrolment)))
    all_said(enrolment, sentences, amara)
    said = text(client.get(chart(enrolment)))
    assert "Maya and the care team see all of this as met. Talk about what comes next when you meet." in said
    assert f"{reverse('scheduling:prescribe', args=[enrolment.pk])}?phase=step_down" in said
    assert current_prescription(enrolment).phase == "core"
    sign_in(client, enrolment.client)
    assert "That is a reason to talk about what comes next." in text(client.get(MY_CARE))


def test_another_phase_is_planned_with_a_reason_that_the_client_reads(client, enrolment, amara):
    sign_in(client, amara)
    url = reverse("scheduling:prescribe", args=[enrolment.pk])
    held = current_prescription(enrolment)
    form = {"track": held.track_id, "phase": "step_down", "hours": 6, "days": 2, "seen": prescription_version(held)}
    answer = client.post(url, form)
    assert (answer.status_code, answer.context["form"].errors.keys()) == (400, {"reason"})
    assert "Say why the phase changes. The client reads it." in text(answer)
    assert client.post(url, form | {"reason": "Your weeks hold."}).url == url
    assert "Your weeks hold." in text(client.get(url))
    sign_in(client, enrolment.client)
    said = text(client.get(MY_CARE))
    for part in ("Where you are: Step-down", "The way so far", "Your weeks hold."):
        assert part in said


def test_a_way_back_is_told_as_more_care(client, enrolment, amara):
    track = current_prescription(enrolment).track
    for phase, reason in (("step_down", "Your weeks hold."), ("core", "It was early, and you said so.")):
        prescribe(enrolment, track=track, phase=phase, hours=6, days=2, reason=reason, by=amara, now=timezone.now())
    sign_in(client, enrolment.client)
    said = text(client.get(MY_CARE))
    assert said.count("More care again") == 1
    assert "It was early, and you said so." in said


def test_nobody_else_says_anything(client, enrolment, sentences, program):
    lena = clinician(program)
    on_care_team(lena, enrolled(program))
    for person, status in ((lena, 404), (admin(program), 403), (enrolled(program), 404), (clinician(), 404)):
        sign_in(client, person)
        assert client.post(url_of(enrolment, sentences[0])).status_code == status
    assert not CriterionSaid.objects.exists()


def test_what_belongs_to_another_program_or_phase_is_not_said(client, enrolment, program):
    elsewhere = ProgramFactory()
    offer_standard_guide(elsewhere, by=None, now=NOON)
    sign_in(client, enrolment.client)
    assert client.post(url_of(enrolment, guides_of(elsewhere)["core"].criteria[0])).status_code == 404
    answer = client.post(url_of(enrolment, guides_of(program)["step_down"].criteria[0]), follow=True)
    assert "This belongs to another phase by now." in text(answer)
    assert not CriterionSaid.objects.exists()


def test_who_has_left_reads_their_way_and_says_nothing_more(client, program, amara, enrolment):
    sam = enrolled(program, "discharged")
    sign_in(client, sam)
    said = text(client.get(MY_CARE))
    assert "Where you are" not in said
    assert "Your time here ended on" in said


@pytest.mark.parametrize("more", [0, 4])
def test_a_clients_page_of_care_takes_the_same_queries_for_a_long_way(
    client, enrolment, sentences, amara, more, django_assert_num_queries
):
    track = current_prescription(enrolment).track
    for hours in range(more):
        prescribe(enrolment, track=track, phase="core", hours=10 + hours, days=3, by=amara, now=NOON)
    all_said(enrolment, sentences, enrolment.client, amara)
    sign_in(client, enrolment.client)
    client.get(MY_CARE)
    with django_assert_num_queries(10):
        client.get(MY_CARE)
