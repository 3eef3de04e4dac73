"""What clinicians prescribe, and what they say about themselves."""

import pytest
from django.urls import reverse
from django.utils import timezone

from iop_portal.audit.models import Entry
from iop_portal.people.models import BrokenGlass
from tests.factories import NOON, ProgramFactory, TrackFactory, admin, clinician, enrolled, introduced, on_care_team
from tests.signing_in import sign_in
from tests.therapy.test_client_pages import words
from therapy.clinicians import change_profile, profile_version
from therapy.models import Clinician, Prescription
from therapy.prescribing import current_prescription, prescribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def evening(program):
    return TrackFactory(program=program, name="Evening")


@pytest.fixture
def amara(client, program):
    user = clinician(program)
    sign_in(client, user)
    return user


@pytest.fixture
def maya(program, amara):
    user = enrolled(program)
    on_care_team(amara, user)
    return user.enrolments.get()


def page_of(enrolment):
    return reverse("scheduling:prescribe", args=[enrolment.pk])


def wish(on, **changes):
    return {"track": on.pk, "phase": "core", "hours": 9, "days": 3, "seen": ""} | changes


# ── Prescribing ───────────────────────────────────────────────────────────────────────────────────────────────


def test_anybody_on_the_care_team_prescribes_and_the_page_shows_it(client, amara, maya, evening):
    response = client.post(page_of(maya), wish(evening), follow=True)
    assert response.redirect_chain == [(page_of(maya), 302)]
    assert "9 hours on 3 days a week" in words(response)
    assert current_prescription(maya).by == amara


def test_the_form_begins_with_what_holds_or_with_the_usual(client, amara, maya, evening):
    first = client.get(page_of(maya)).context["form"].initial
    assert (first["hours"], first["days"], first["phase"], first["seen"]) == (9, 3, "orientation", "")
    held = prescribe(maya, track=evening, phase="step_down", hours=6, days=2, by=amara, now=NOON)
    then = client.get(page_of(maya)).context["form"].initial
    assert then == {"track": evening.pk, "phase": "step_down", "hours": 6, "days": 2, "seen": str(held.pk)}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hours": 41}, "Plan from 0 to 40 hours a week."),
        ({"hours": -1}, "Plan from 0 to 40 hours a week."),
        ({"days": 8}, "Plan from 0 to 7 days a week."),
        ({"hours": ""}, "Fill in “Hours a week”"),
        ({"phase": "final"}, "Phase"),
        ({"track": ""}, "Choose an answer for “Track”"),
        ({"hours": "9 hours"}, "whole number"),
    ],
)
def test_what_makes_no_sense_comes_back_with_a_sentence_and_nothing_is_written(
    client, amara, maya, evening, changes, said
):
    response = client.post(page_of(maya), wish(evening, **changes))
    assert said in words(response)
    assert not Prescription.objects.exists()


def test_a_track_of_another_program_or_out_of_use_cannot_be_chosen(client, amara, maya, evening, program):
    for track in (TrackFactory(), TrackFactory(program=program, in_use=False)):
        response = client.post(page_of(maya), wish(track))
        assert response.context["form"].errors.keys() == {"track"}
    assert not Prescription.objects.exists()


def test_other_fields_in_the_post_change_nothing(client, amara, maya, evening):
    other = enrolled()
    extra = {"enrolment": other.enrolments.get().pk, "by": other.pk, "since": "2001-01-01", "until": "2001-01-02"}
    client.post(page_of(maya), wish(evening) | extra)
    held = Prescription.objects.get()
    assert (held.enrolment, held.by, held.until) == (maya, amara, None)
    assert held.since > NOON.date().replace(year=2020)


def test_sent_twice_it_is_prescribed_once(client, amara, maya, evening):
    client.post(page_of(maya), wish(evening))
    response = client.post(page_of(maya), wish(evening))
    assert response.status_code == 409
    assert Prescription.objects.count() == 1


def test_what_a_colleague_prescribed_meanwhile_is_shown_beside_what_was_typed(client, amara, maya, evening):
    held = prescribe(maya, track=evening, phase="core", hours=12, days=4, by=None, now=NOON)
    response = client.post(page_of(maya), wish(evening, hours=6))
    said = words(response)
    assert response.status_code == 409
    assert "Somebody changed this while you had it open" in said
    assert "12 hours on 4 days a week" in said
    assert 'name="hours" value="6"' in response.content.decode()
    assert client.post(page_of(maya), wish(evening, hours=6, seen=held.pk)).status_code == 302
    assert current_prescription(maya).hours == 6


def test_only_the_care_team_finds_the_page(client, amara, maya, evening, program):
    stranger, other_team = clinician(program), clinician(program)
    on_care_team(other_team, enrolled(program))
    behind_glass = clinician(program)
    now = timezone.now()
    BrokenGlass.objects.create(
        clinician=behind_glass,
        client=maya.client,
        program=program,
        reason="Asked",
        since=now,
        until=now + timezone.timedelta(hours=1),
    )
    for user, status in (
        (stranger, 404),
        (other_team, 404),
        (behind_glass, 404),
        (admin(program), 403),
        (maya.client, 403),
    ):
        sign_in(client, user)
        assert client.get(page_of(maya)).status_code == status
        assert client.post(page_of(maya), wish(evening)).status_code == status
    assert not Prescription.objects.exists()


def test_somebody_who_is_not_admitted_has_nothing_prescribed(client, amara, program, evening):
    referred = enrolled(program, "referred")
    on_care_team(amara, referred)
    enrolment = referred.enrolments.get()
    assert "once somebody has been admitted" in words(client.get(page_of(enrolment)))
    response = client.post(page_of(enrolment), wish(evening))
    assert response.status_code == 409
    assert "Admit this person first." in words(response)
    assert not Prescription.objects.exists()


def test_without_a_track_the_page_says_who_adds_one(client, amara, maya):
    assert "The office adds one first." in words(client.get(page_of(maya)))


def test_looking_at_it_leaves_a_line_in_the_trail(client, amara, maya):
    client.get(page_of(maya))
    entry = Entry.objects.get(verb="care.viewed")
    assert (entry.actor, entry.client) == (amara, maya.client)


# ── Own words ─────────────────────────────────────────────────────────────────────────────────────────────────

WORDS = reverse("therapy:own_words")


def test_a_clinician_writes_about_themselves_and_cannot_change_their_title(client, amara):
    mine = introduced(amara)
    client.post(WORDS, {"about": "I laugh a lot.", "seen": profile_version(mine), "title": "Psychologist"})
    mine.refresh_from_db()
    assert (mine.about, mine.title) == ("I laugh a lot.", "Counsellor")
    assert "Change your words" in words(client.get(reverse("therapy:person", args=[mine.pk])))


def test_words_changed_meanwhile_are_shown_and_the_next_save_is_meant(client, amara):
    mine = introduced(amara)
    stale = profile_version(mine)
    change_profile(mine, about="The office wrote this.", seen=stale, by=amara, now=NOON)
    response = client.post(WORDS, {"about": "I laugh a lot.", "seen": stale})
    assert response.status_code == 409
    assert "The office wrote this." in words(response)
    again = {"about": "I laugh a lot.", "seen": response.context["form"].data["seen"]}
    assert client.post(WORDS, again).status_code == 302
    assert Clinician.objects.get().about == "I laugh a lot."


def test_who_has_not_been_introduced_is_told_who_does_it(client, amara):
    assert "The office introduces you first" in words(client.get(WORDS))
    client.post(WORDS, {"about": "I laugh a lot.", "seen": ""})
    assert not Clinician.objects.exists()
