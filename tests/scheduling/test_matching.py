"""Who would suit me: what is kept of the answers, who is shown and who is not, and how the page tells it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from iop_portal.audit.models import Entry
from iop_portal.people.models import Apart, Enrolment
from scheduling import matching
from scheduling.matching import delete_preferences, forget_old_answers, preferences_of, save_preferences, who_suits
from scheduling.models import Commitment, MatchAnswers
from scheduling.suiting import Preferences
from tests.factories import NOON, ProgramFactory, clinician, enrolled, introduced, on_care_team, seated, works
from tests.scheduling.booking_world import Clinic
from tests.signing_in import sign_in
from tests.therapy.test_client_pages import words
from therapy.models import ClinicalPolicy, Clinician, Credential, Method, Speciality

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def clinic():
    clinic = Clinic()
    clinic.hours(clinic.amara)
    clinic.hours(clinic.jonah)
    return clinic


@pytest.fixture
def theo(clinic, client):
    theo = clinic.client("Theo")
    sign_in(client, theo)
    return theo.enrolments.select_related("client", "program").get()


@pytest.fixture
def sleep(clinic):
    return Speciality.objects.create(program=clinic.program, name="Sleep")


def suits(enrolment, **wishes):
    return who_suits(enrolment, Preferences(**wishes), now=NOON)


def names(answer):
    return [one.clinician.user.preferred_name for one in answer.matches]


def say(user, **fields):
    Clinician.objects.filter(user=user).update(**fields)


def page(name, enrolment):
    return reverse(f"scheduling:{name}", args=[enrolment.pk])


# ── Who is shown ──────────────────────────────────────────────────────────────────────────────────────────────


def test_who_fits_stands_first_with_the_reasons_in_words(clinic, theo, sleep):
    say(clinic.jonah, languages=["es"], gender="man")
    clinic.jonah.clinician.specialities.add(sleep)
    wishes = {"specialities": frozenset({sleep.pk}), "language": "es", "gender": "man", "parts": frozenset({"morning"})}
    with timezone.override(ZoneInfo(theo.client.zone)):
        answer = suits(theo, **wishes)
    assert names(answer) == ["Jonah", "Amara"]
    jonah, amara = answer.matches
    assert jonah.reasons == [
        "Speaks Spanish",
        "Free as you can come: Wednesday 25 November, 9:00 am",
        "As you wished: a man",
        "Knows well: Sleep",
    ]
    assert (jonah.missed, amara.missed) == ([], ["Spanish", "a man", "Sleep"])
    assert answer.nobody == []


def test_what_nobody_can_give_is_said(clinic, theo):
    answer = suits(theo, language="pl", parts=frozenset({"evening"}), methods=frozenset({Method.ART}))
    assert answer.nobody == ["Polish", "evenings", "Art and expression"]


def test_who_is_kept_apart_is_not_there(clinic, theo):
    one, other = sorted((clinic.jonah, theo.client), key=lambda person: person.pk)
    Apart.objects.create(one=one, other=other, asked_by="client", set_by=clinic.amara, since=NOON)
    assert names(suits(theo)) == ["Amara"]


def test_without_a_valid_credential_nobody_is_suggested_nor_a_time_after_its_last_day(clinic, theo):
    held = Credential.objects.filter(clinician__user=clinic.jonah)
    held.update(expires_on=NOON.date())
    evening = suits(theo, parts=frozenset({"morning"}))
    assert {one.clinician.user.preferred_name: one.fits for one in evening.matches} == {"Amara": True, "Jonah": False}
    held.update(expires_on=NOON.date() - timedelta(days=1))
    assert names(suits(theo)) == ["Amara"]


def test_who_works_elsewhere_or_gives_no_time_one_to_one_is_not_there(clinic, theo):
    introduced(clinician(clinic.program), clinic.group)
    introduced(clinician(ProgramFactory()), clinic.talk)
    assert sorted(names(suits(theo))) == ["Amara", "Jonah"]


def test_who_has_as_many_clients_as_the_program_says_stands_last_and_no_number_is_told(client, clinic, theo):
    ClinicalPolicy.objects.create(program=clinic.program, clients_per_counsellor=1)
    say(clinic.amara, languages=["es"])
    answer = suits(theo, language="es")
    assert [(one.clinician.user, one.takes_new) for one in answer.matches] == [
        (clinic.jonah, True),
        (clinic.amara, False),
    ]
    save_preferences(theo, Preferences(language="es"), by=theo.client, now=NOON)
    said = words(client.get(page("match", theo)))
    assert "Takes nobody new at the moment" in said
    assert " 1 client" not in said


def test_ones_own_counsellor_is_marked_and_never_full_for_oneself(clinic):
    ClinicalPolicy.objects.create(program=clinic.program, clients_per_counsellor=1)
    maya = clinic.maya.enrolments.select_related("client", "program").get()
    amara = next(one for one in suits(maya).matches if one.clinician.user == clinic.amara)
    assert (amara.yours, amara.takes_new) == (True, True)


def test_a_time_that_somebody_keeps_free_or_has_booked_is_not_suggested(clinic, theo):
    Commitment.objects.create(
        person=theo.client, kind="work", weekdays=[2], begins="08:00", ends="14:00", since=NOON.date()
    )
    seated(theo.client, clinic.session(NOON + timedelta(days=1, hours=2)))
    first = suits(theo, parts=frozenset({"morning", "afternoon"})).matches[0].time
    assert first.begins == NOON + timedelta(hours=2)
    wednesday = suits(theo, parts=frozenset({"morning"})).matches[0].time
    assert wednesday.begins == NOON.replace(hour=14) + timedelta(days=2)


def test_time_of_a_kind_that_was_wished_for_comes_before_other_kinds(clinic, theo):
    assert suits(theo).matches[0].time.modality == clinic.talk
    wished = suits(theo, methods=frozenset({Method.ASSESSMENT})).matches
    assert [(one.clinician.user, one.time.modality) for one in wished] == [
        (clinic.amara, clinic.first_talk),
        (clinic.jonah, clinic.talk),
    ]


def test_an_applicant_is_shown_what_an_applicant_may_book(clinic):
    applicant = clinic.client("Ines", "referred").enrolments.select_related("client", "program").get()
    (only,) = suits(applicant).matches
    assert (only.clinician.user, only.time.modality) == (clinic.amara, clinic.first_talk)


def test_the_place_that_was_wished_for_is_kept_to(clinic, theo):
    works(clinic.jonah, clinic.program, weekday=3, begins="18:00", ends="20:00", room=clinic.room)
    answer = suits(theo, where="room")
    assert [(one.clinician.user, one.fits, one.time.room) for one in answer.matches] == [
        (clinic.jonah, True, clinic.room),
        (clinic.amara, False, None),
    ]


def test_the_number_of_questions_does_not_hang_on_how_many_people_there_are(clinic, theo, sleep):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            suits(theo, specialities=frozenset({sleep.pk}), language="es", parts=frozenset({"morning"}))
        return len(queries)

    few = asked()
    for _each in range(10):
        one = clinician(clinic.program)
        introduced(one, clinic.talk, clinic.first_talk).specialities.add(sleep)
        clinic.hours(one)
        on_care_team(one, enrolled(clinic.program), part="primary")
    assert asked() == few == 15


# ── What is kept ──────────────────────────────────────────────────────────────────────────────────────────────


def test_answers_are_kept_sealed_and_the_last_ones_stand(theo):
    wish = Preferences(frozenset({3}), "es", frozenset({"art"}), "woman", frozenset({"evening"}), "video")
    save_preferences(theo, Preferences(), by=theo.client, now=NOON)
    save_preferences(theo, wish, by=theo.client, now=NOON)
    assert preferences_of(theo) == wish
    with connection.cursor() as cursor:
        cursor.execute("SELECT answers FROM scheduling_matchanswers")
        (kept,) = cursor.fetchone()
    assert "woman" not in kept


def test_nobody_but_oneself_reads_them(clinic, theo):
    save_preferences(theo, Preferences(language="es"), by=theo.client, now=NOON)
    on_care_team(clinic.amara, theo.client, part="primary")
    assert [MatchAnswers.objects.visible_to(who).exists() for who in (theo.client, clinic.amara, clinic.maya)] == [
        True,
        False,
        False,
    ]
    assert "es" not in str(list(Entry.objects.filter(verb="match.answered").values_list("facts", flat=True)))


def test_they_are_gone_when_somebody_says_so_after_a_month_and_when_a_stay_is_over(clinic, theo):
    maya = clinic.maya.enrolments.get()
    for one in (theo, maya):
        save_preferences(one, Preferences(), by=one.client, now=NOON)
    delete_preferences(theo, by=theo.client, now=NOON)
    delete_preferences(theo, by=theo.client, now=NOON)
    assert preferences_of(theo) is None
    assert Entry.objects.filter(verb="match.deleted").count() == 1
    assert forget_old_answers(now=NOON + matching.KEPT_FOR - timedelta(seconds=1)) == 0
    Enrolment.objects.filter(pk=maya.pk).update(
        state="discharged", discharged_on=NOON.date(), discharge_reason="completed"
    )
    save_preferences(theo, Preferences(), by=theo.client, now=NOON)
    assert forget_old_answers(now=NOON) == 1
    assert forget_old_answers(now=NOON + matching.KEPT_FOR) == 1


# ── The pages ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_from_the_directory_by_a_few_questions_to_a_time(client, clinic, theo, sleep):
    say(clinic.jonah, languages=["es"])
    assert reverse("scheduling:match_begin") in client.get(reverse("therapy:people")).content.decode()
    questions = client.get(reverse("scheduling:match_begin"), follow=True)
    assert questions.redirect_chain[-1] == (page("match_questions", theo), 302)
    answered = client.post(page("match_questions", theo), {"language": "es", "gender": "", "where": ""}, follow=True)
    assert answered.redirect_chain == [(page("match", theo), 302)]
    assert "Speaks Spanish" in words(answered)
    assert answered.context["first"][0].match.clinician.user == clinic.jonah
    check = client.get(answered.context["first"][0].book_url)
    assert check.status_code == 200
    assert check.context["time"].clinician == clinic.jonah
    assert client.get(page("match_questions", theo)).context["form"].initial["language"] == "es"
    client.post(page("match_forget", theo))
    assert client.get(page("match", theo)).url == page("match_questions", theo)


def test_no_answer_stands_in_an_address(client, theo, sleep):
    answered = client.post(
        page("match_questions", theo), {"specialities": [sleep.pk], "language": "es", "gender": "man", "where": "room"}
    )
    assert answered.url == page("match", theo)
    assert [
        href
        for href in client.get(answered.url).content.decode().split('href="')
        if "language" in href.split('"')[0] or "gender" in href.split('"')[0]
    ] == []


def test_what_is_not_on_the_list_comes_back_to_mend(client, theo):
    response = client.post(page("match_questions", theo), {"language": "xx", "gender": "", "where": ""})
    assert (response.status_code, preferences_of(theo)) == (400, None)


def test_somebody_of_two_programs_says_for_which(client, theo):
    Enrolment.objects.create(
        client=theo.client,
        program=ProgramFactory(name="Juniper"),
        state="referred",
        referred_on=NOON.date(),
    )
    assert "Juniper" in words(client.get(reverse("scheduling:match_begin")))


def test_somebody_elses_answers_do_not_exist(client, clinic, theo):
    maya = clinic.maya.enrolments.get()
    save_preferences(maya, Preferences(language="es"), by=clinic.maya, now=NOON)
    for name in ("match", "match_questions"):
        assert client.get(page(name, maya)).status_code == 404
    assert client.post(page("match_forget", maya)).status_code == 404
    assert preferences_of(maya) == Preferences(language="es")
