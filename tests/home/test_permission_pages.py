"""Who may know what, on its pages."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from iop_portal.audit.models import Entry
from iop_portal.consents.consenting import record_disclosure, revoke_consent
from iop_portal.consents.models import Category, Consent, Purpose
from iop_portal.people.roles import Role
from tests.factories import ProgramFactory, clinician, enrolled, held, on_care_team, permission_of
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db
ANSWERS = {
    "who": {"recipient_name": "Rosa Lind", "recipient_relation": "my sister", "recipient_address": ""},
    "what": {"category": "progress"},
    "why": {"purpose": "care"},
    "until": {"lasts": "90", "last_day": ""},
}


@pytest.fixture
def program():
    return ProgramFactory(name="Harbor House")


@pytest.fixture
def maya(program):
    return enrolled(program, preferred_name="Maya", surname="Tester", email="maya@portal.test")


@pytest.fixture
def page(client, maya):
    return sign_in(client, maya)


def permission(client, **wishes):
    """Signed a moment ago, so that it is live when the page asks the clock."""
    now = timezone.now() - timedelta(minutes=1)
    return permission_of(client, now=now, **{"expires_on": now.date() + timedelta(days=30), **wishes})


def step(name):
    return reverse("home:permission_step", args=[name])


CHECK = "home:permission_check"


def answer_all(page, **others):
    for name, answers in ANSWERS.items():
        page.post(step(name), {**answers, **others.get(name, {})})
    return page.get(reverse(CHECK))


def text_of(response):
    return response.content.decode()


def test_without_a_permission_the_page_says_so(page):
    response = page.get(reverse("home:permissions"))
    assert "Nobody is told anything until you say so." in text_of(response)
    assert "Nothing was told to anybody." in text_of(response)


def test_each_question_leads_to_the_next_and_then_to_the_text(page):
    assert page.get(reverse(CHECK)).url == step("who")
    order = [*ANSWERS, None]
    for name, following in pairwise(order):
        assert page.get(step(name)).status_code == 200
        response = page.post(step(name), ANSWERS[name])
        assert response.url == (step(following) if following else reverse(CHECK))
    response = page.get(reverse(CHECK))
    assert "Rosa Lind, my sister" in text_of(response)
    assert "So that we can care for me together" in text_of(response)
    assert not Consent.objects.exists()


def test_signing_gives_the_permission_that_was_read(page, maya):
    read = answer_all(page).context["form"].initial["read"]
    response = page.post(reverse(CHECK), {"read": read, "signature": "Maya Tester"})
    consent = Consent.objects.get()
    assert response.url == reverse("home:permission", args=[consent.pk])
    assert (consent.client, consent.category, consent.purpose) == (maya, Category.PROGRESS, Purpose.CARE)
    assert (consent.recipient_name, consent.recipient_relation) == ("Rosa Lind", "my sister")
    assert page.get(reverse(CHECK)).url == step("who")


def test_answers_stay_after_an_error_and_on_going_back(page):
    answer_all(page)
    response = page.post(step("who"), {**ANSWERS["who"], "recipient_name": ""})
    assert response.status_code == 400
    assert "Fill in “What is their name?”" in text_of(response)
    assert "my sister" in text_of(response)
    assert "Rosa Lind" in text_of(page.get(step("who")))
    assert page.get(reverse(CHECK)).status_code == 200


def test_another_name_is_refused_and_nothing_is_lost(page):
    read = answer_all(page).context["form"].initial["read"]
    response = page.post(reverse(CHECK), {"read": read, "signature": "Rosa"})
    assert "Type your name as it stands here: Maya Tester." in text_of(response)
    assert "Rosa Lind, my sister" in text_of(response)
    assert not Consent.objects.exists()


def test_an_answer_changed_in_another_window_has_to_be_read_again(page):
    read = answer_all(page).context["form"].initial["read"]
    page.post(step("what"), {"category": "plan"})
    response = page.post(reverse(CHECK), {"read": read, "signature": "Maya Tester"})
    assert "The text has changed since you opened this page." in text_of(response)
    assert not Consent.objects.exists()
    again = response.context["form"]["read"].value()
    page.post(reverse(CHECK), {"read": again, "signature": "Maya Tester"})
    assert Consent.objects.get().category == Category.PLAN


def test_a_double_click_gives_it_once(page):
    read = answer_all(page).context["form"].initial["read"]
    for _ in range(2):
        page.post(reverse(CHECK), {"read": read, "signature": "Maya Tester"})
    assert Consent.objects.count() == 1


def test_a_day_of_ones_own_has_to_be_given_and_within_a_year(page):
    for last_day, words in (
        ("", "Choose the last day."),
        ("2020-01-01", "Choose a day from today up to one year from now."),
        ("2999-01-01", "Choose a day from today up to one year from now."),
        ("soon", "Enter a valid date."),
    ):
        assert words in text_of(page.post(step("until"), {"lasts": "day", "last_day": last_day}))


@pytest.mark.parametrize("name", ["Rosa\nUntil: for ever", "Rosa\u202elind", "Rosa\u200b"])
def test_a_name_that_would_change_the_text_is_refused(page, name):
    response = page.post(step("who"), {**ANSWERS["who"], "recipient_name": name})
    assert "Use letters, signs and spaces only, on one line." in text_of(response)


def test_markup_in_a_name_is_shown_as_it_is(page):
    response = answer_all(page, who={"recipient_name": "<b>Rosa</b> & {{ co }}"})
    assert "&lt;b&gt;Rosa&lt;/b&gt; &amp; {{ co }}" in text_of(response)


def test_the_text_is_the_same_whether_or_not_the_address_has_an_account(page, program):
    held(Role.FAMILY, program, email="rosa@portal.test")
    known = answer_all(page, who={"recipient_address": "rosa@portal.test"}).context["text"]
    unknown = answer_all(page, who={"recipient_address": "nobody@portal.test"}).context["text"]
    assert known == unknown.replace("nobody@portal.test", "rosa@portal.test")


def test_a_question_that_is_not_asked_does_not_exist(page):
    assert page.get(step("program")).status_code == 404
    assert page.get(step("whatever")).status_code == 404


def test_who_was_in_two_programs_says_which_may_tell(page, maya, program):
    other = ProgramFactory(name="Quay House")
    maya.enrolments.create(program=other, state="referred", referred_on=timezone.now().date())
    assert page.get(reverse(CHECK)).url == step("program")
    foreign = ProgramFactory(name="Far House")
    assert "Far House" not in text_of(page.get(step("program")))
    assert page.post(step("program"), {"program": foreign.pk}).status_code == 400
    page.post(step("program"), {"program": other.pk})
    read = answer_all(page).context["form"].initial["read"]
    page.post(reverse(CHECK), {"read": read, "signature": "Maya Tester"})
    assert Consent.objects.get().program == other


def test_withdrawing_asks_once_and_works_at_once(page, maya):
    consent = permission(maya)
    withdraw = reverse("home:withdraw", args=[consent.pk])
    assert "Should Rosa Lind no longer be told this?" in text_of(page.get(withdraw))
    assert Consent.objects.live(timezone.now()).exists()
    response = page.post(withdraw)
    assert [str(m) for m in get_messages(response.wsgi_request)] == [
        "Withdrawn. From now on nobody is told this any more."
    ]
    assert not Consent.objects.live(timezone.now()).exists()
    assert "withdrawn on" in text_of(page.get(reverse("home:permissions")))
    assert page.get(withdraw).url == reverse("home:permission", args=[consent.pk])
    assert page.post(withdraw).status_code == 302


def test_what_was_told_stands_on_the_page(page, maya, program):
    amara = clinician(program, preferred_name="Amara", surname="Osei")
    on_care_team(amara, maya)
    record_disclosure(permission(maya), what="Came to 6 of 6", by=amara, now=timezone.now())
    for response in (page.get(reverse("home:permissions")), page.get(permission_page(Consent.objects.get()))):
        assert "Came to 6 of 6" in text_of(response)
        assert "by Amara Osei" in text_of(response)


def permission_page(consent):
    return reverse("home:permission", args=[consent.pk])


def test_the_signed_text_is_shown_with_the_statement_of_the_rule(page, maya):
    response = page.get(permission_page(permission(maya)))
    assert "Signed by typing my name: Maya Tester" in text_of(response)
    assert "This record which has been disclosed to you is protected by Federal confidentiality rules" in text_of(
        response
    )
    assert not Entry.objects.filter(verb="consent.read").exists()


def test_the_care_team_reads_it_and_leaves_a_line(client, maya, program):
    amara = clinician(program)
    on_care_team(amara, maya)
    consent = permission(maya)
    assert "Withdraw" not in text_of(sign_in(client, amara).get(permission_page(consent)))
    entry = Entry.objects.get(verb="consent.read")
    assert (entry.actor, entry.client, entry.object_id) == (amara, maya, consent.pk)


@pytest.mark.parametrize("name", ["permission", "withdraw", "seen_as"])
@pytest.mark.parametrize("who", ["another client", "a clinician elsewhere"])
def test_somebody_elses_permission_does_not_exist(client, maya, program, who, name):
    stranger = enrolled(program) if who == "another client" else clinician(program)
    sign_in(client, stranger)
    url = reverse(f"home:{name}", args=[permission(maya).pk])
    refused = 403 if who == "a clinician elsewhere" and name != "permission" else 404
    assert client.get(url).status_code == refused
    assert client.post(url).status_code in (refused, 405)
    assert Consent.objects.live(timezone.now()).exists()
    assert not Entry.objects.filter(verb="consent.read").exists()


def test_the_care_team_does_not_withdraw(client, maya, program):
    amara = clinician(program)
    on_care_team(amara, maya)
    consent = permission(maya)
    assert sign_in(client, amara).post(reverse("home:withdraw", args=[consent.pk])).status_code == 403
    assert Consent.objects.live(timezone.now()).exists()


def test_the_client_sees_what_the_recipient_may_know(page, maya):
    consent = permission(maya)
    seen_as = reverse("home:seen_as", args=[consent.pk])
    assert "How often Maya came" in text_of(page.get(seen_as))
    revoke_consent(consent, by=maya, now=timezone.now())
    assert "How often Maya came" not in text_of(page.get(seen_as))


@pytest.mark.parametrize("many", [2, 6])
def test_the_page_takes_as_many_queries_for_many_as_for_few(page, maya, program, many, django_assert_num_queries):
    amara = clinician(program)
    on_care_team(amara, maya)
    for number in range(many):
        record_disclosure(permission(maya, recipient_name=f"Live {number}"), what="Came", by=amara, now=timezone.now())
        revoke_consent(permission(maya, recipient_name=f"Gone {number}"), by=maya, now=timezone.now())
    with django_assert_num_queries(6):
        page.get(reverse("home:permissions"))
