"""The office's pages about phases, and the form on which a clinician begins with what is usual."""

import pytest
from django.urls import reverse

from iop_portal.people.models import Program
from tests.factories import NOON, TrackFactory, clinician, enrolled, on_care_team
from tests.signing_in import sign_in
from therapy.models import Prescription
from therapy.phases import guides_of, offer_standard_guide
from therapy.prescribing import prescribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def guides(program, ada):
    offer_standard_guide(program, by=ada, now=NOON)
    return guides_of(program)


def page(program, *phase):
    return reverse("office:change_phase" if phase else "office:phases", args=[program.pk, *phase])


def text(response):
    return " ".join(response.content.decode().split())


def wanted(guide, **changes):
    told = guide.details
    lines = "\r\n".join(told.criteria)
    seen = {"seen": ""}
    return {"what_for": told.what_for, "hours": told.hours, "days": told.days, "criteria": lines} | seen | changes


def test_the_office_reads_all_four_and_comes_there_from_the_program(office, program, guides):
    assert f'href="{page(program)}"' in text(office.get(reverse("office:program", args=[program.pk])))
    said = text(office.get(page(program)))
    for guide in guides.values():
        assert guide.row.amount in said
        assert guide.criteria[0].text in said
    assert "Begin with the standard guide" not in said


def test_a_program_that_says_nothing_begins_with_the_standard_guide(office, program):
    assert "Nothing is said of the phases yet." in text(office.get(page(program)))
    url = reverse("office:offer_standard_guide", args=[program.pk])
    assert "Change what does not suit you." in text(office.post(url, follow=True))
    assert "It was there already." in text(office.post(url, follow=True))
    assert len(guides_of(program)) == 4


def test_a_program_that_is_opened_has_its_guide(office):
    form = {"name": "Larch", "sender": "Portal", "zone": "America/New_York", "phone": "1", "quiet_from": "21:00"}
    office.post(reverse("office:open_program"), form | {"quiet_until": "08:00"})
    assert len(guides_of(Program.objects.get(name="Larch"))) == 4


def test_an_admin_writes_one_sentence_on_each_line(office, program, guides):
    first = office.get(page(program, "core")).context["form"]
    sent = wanted(guides["core"], criteria="  You   come. \n\n You sleep.", hours=12, seen=first.initial["seen"])
    assert office.post(page(program, "core"), sent).url == page(program)
    held = guides_of(program)["core"].details
    assert (held.criteria, held.hours) == (("You come.", "You sleep."), 12)


def test_who_was_slower_reads_what_stands_there_and_may_mean_it(office, program, guides):
    answer = office.post(page(program, "core"), wanted(guides["core"], hours=15, seen="old"))
    assert answer.status_code == 409
    assert "What stands there now:" in text(answer)
    seen = answer.context["form"]["seen"].value()
    assert office.post(page(program, "core"), wanted(guides["core"], hours=15, seen=seen)).status_code == 302


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("what_for", " ", "Fill in “What this phase is for”"),
        ("criteria", "\n".join("abcdefghi"), "Write eight sentences at most."),
        ("criteria", "a" * 201, "Make each sentence shorter"),
        ("criteria", "You come.\nYou come.", "stands there twice"),
        ("hours", 41, "40 is the most."),
    ],
)
def test_what_makes_no_sense_comes_back_with_a_sentence(office, program, guides, field, value, said):
    seen = office.get(page(program, "core")).context["form"].initial["seen"]
    answer = office.post(page(program, "core"), wanted(guides["core"], seen=seen, **{field: value}))
    assert answer.status_code == 400
    assert said in text(answer)
    assert guides_of(program)["core"].details == guides["core"].details


def test_a_phase_that_there_is_not_does_not_exist(office, program, guides):
    assert office.get(page(program, "final")).status_code == 404


# ── Where a clinician begins ──────────────────────────────────────────────────────────────────────────────────


def test_a_clinician_begins_with_what_is_usual_in_the_phase_and_nothing_changes_by_that(client, program, guides):
    amara, maya = clinician(program), enrolled(program)
    on_care_team(amara, maya)
    enrolment = maya.enrolments.get()
    track = TrackFactory(program=program)
    prescribe(enrolment, track=track, phase="core", hours=12, days=4, by=amara, now=NOON)
    sign_in(client, amara)
    url = reverse("scheduling:prescribe", args=[enrolment.pk])
    assert 'href="?phase=step_down"' in text(client.get(url))
    answer = client.get(url, {"phase": "step_down"})
    said = text(answer)
    assert "Filled in with what is usual in Step-down: 6 hours on 2 days a week." in said
    assert "Planned now: 12 hours on 4 days a week, Core." in said
    first = answer.context["form"].initial
    assert (first["track"], first["phase"], first["hours"], first["days"]) == (track.pk, "step_down", 6, 2)
    assert [(each.hours, each.until) for each in Prescription.objects.all()] == [(12, None)]


@pytest.mark.parametrize("phase", ["final", "", "core%00"])
def test_another_word_in_the_address_is_passed_over(client, program, guides, phase):
    amara, maya = clinician(program), enrolled(program)
    on_care_team(amara, maya)
    sign_in(client, amara)
    answer = client.get(reverse("scheduling:prescribe", args=[maya.enrolments.get().pk]), {"phase": phase})
    assert (answer.status_code, answer.context["suggested"]) == (200, None)
