"""Before somebody belongs to a program: what they may read, and asking to be called."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from iop_portal.audit.models import Entry
from iop_portal.followups.models import FollowUp
from iop_portal.notices.models import Notice
from iop_portal.versions import ChangedMeanwhile
from tests.asking import text_of
from tests.factories import NOON, ModalityFactory, ProgramFactory, admin, clinician, enrolled
from tests.signing_in import sign_in
from therapy import first_contact
from therapy.first_contact import Asked, PageDetails
from therapy.models import FirstContact, PublicPage

pytestmark = pytest.mark.django_db

WHOLE = PageDetails(published=True, what="Nine hours a week.", whom="For people who live at home.")


@pytest.fixture
def program():
    return ProgramFactory(name="Quay House")


@pytest.fixture
def office(program):
    return admin(program)


def publish(program, office, details=WHOLE):
    seen = first_contact.page_version(first_contact.page_of(program))
    return first_contact.change_page(program, details, seen=seen, by=office, now=NOON)


def ask(program, **fields):
    asked = Asked(**{"name": "Robin", "phone": "+1 212 555 0199", **fields})
    return first_contact.ask_to_be_called(program, asked, once=uuid4(), now=NOON)


# ── What anybody may read ─────────────────────────────────────────────────────────────────────────────────────


def test_a_program_is_found_once_it_is_published_and_no_sooner(client, program, office):
    pages = [reverse("therapy:program", args=[program.pk]), reverse("therapy:call_me", args=[program.pk])]
    publish(program, office, PageDetails(what="Nine hours a week.", whom="For people at home."))
    assert [client.get(page).status_code for page in pages] == [404, 404]
    assert "Quay House" not in text_of(client.get(reverse("therapy:programs")))

    publish(program, office)

    assert [client.get(page).status_code for page in pages] == [200, 200]
    assert "Quay House" in text_of(client.get(reverse("therapy:programs")))


def test_it_tells_what_is_offered_and_nothing_of_anybody(client, program, office):
    ModalityFactory(program=program, name="Skills group")
    ModalityFactory(program=program, name="Old group", in_use=False)
    publish(program, office)
    people = [enrolled(program, preferred_name="Mayabelle"), clinician(program, preferred_name="Amarabelle")]

    told = text_of(client.get(reverse("therapy:program", args=[program.pk])))

    assert ("Skills group" in told, "Old group" in told) == (True, False)
    assert [person.preferred_name for person in people if person.preferred_name in told] == []


def test_the_sign_in_page_leads_there(client):
    assert reverse("therapy:programs") in client.get(reverse("account_login")).content.decode()


def test_a_page_without_words_is_not_published(program, office):
    with pytest.raises(first_contact.NothingToPublish):
        publish(program, office, PageDetails(published=True, what="Nine hours a week."))
    assert not PublicPage.objects.exists()


def test_two_who_change_it_at_once_do_not_overwrite_one_another(program, office):
    seen = first_contact.page_version(first_contact.page_of(program))
    publish(program, office)
    with pytest.raises(ChangedMeanwhile):
        first_contact.change_page(program, PageDetails(what="Other"), seen=seen, by=office, now=NOON)


def test_an_admin_writes_it_and_a_stale_save_loses_nothing(program, office):
    page = reverse("office:change_page", args=[program.pk])
    browser = sign_in(Client(), office)
    seen = browser.get(page).context["form"].initial["seen"]
    typed = {"published": "on", "what": "Mine.", "whom": "You.", "seen": seen}
    assert browser.post(page, typed).status_code == 302

    late = browser.post(page, {**typed, "what": "Other."})

    assert (late.status_code, late.context["form"]["what"].value()) == (409, "Other.")
    assert PublicPage.objects.get().what == "Mine."


# ── Asking to be called ───────────────────────────────────────────────────────────────────────────────────────


def form_of(client, program):
    page = reverse("therapy:call_me", args=[program.pk])
    return page, {"once": client.get(page).context["form"].initial["once"], "when": "any"}


def test_who_asks_waits_for_an_admin_and_hears_the_same_as_everybody(client, program, office):
    publish(program, office)
    page, form = form_of(client, program)

    answers = [client.post(page, {**form, "name": "Robin", "phone": "+1 212 555 0199"}) for _twice in range(2)]

    assert [answer.url for answer in answers] == [reverse("therapy:called", args=[program.pk])] * 2
    contact = FirstContact.objects.get()
    assert (contact.name, contact.phone, contact.may_leave_message) == ("Robin", "+1 212 555 0199", False)
    owed = FollowUp.objects.get(kind=first_contact.FOLLOW_UP)
    assert (owed.owner, owed.about_id, owed.due_at - owed.made_at) == (office, contact.pk, timedelta(hours=24))


def test_nobody_but_the_office_is_written_to(program, office):
    publish(program, office)
    ask(program, mail="robin@example.test")
    assert set(Notice.objects.values_list("to", flat=True)) == {office.pk}


def test_who_has_an_account_already_is_answered_alike(client, program, office):
    publish(program, office)
    known = enrolled(program)
    page, form = form_of(client, program)
    stranger = client.post(page, {**form, "name": "Robin", "mail": "robin@example.test"})
    page, form = form_of(client, program)
    own = client.post(page, {**form, "name": "Maya", "mail": known.email})
    assert (own.status_code, own.url) == (stranger.status_code, stranger.url)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"phone": "1"}, "What may we call you"),
        ({"name": "Robin", "phone": "call 911 55"}, "Write the whole number, with the area code."),
        ({"name": "Robin"}, "Give us your phone number or your e-mail address"),
        ({"name": "Robin", "mail": "robin@"}, "e-mail"),
        ({"name": "Robin\n", "phone": "\u202e1"}, "phone"),
        ({"name": "Robin", "phone": "1", "words": "x" * 1001}, "1000"),
    ],
)
def test_bad_input_is_told_and_nothing_typed_is_lost(client, program, office, typed, said):
    publish(program, office)
    page, form = form_of(client, program)

    answer = client.post(page, {**form, **typed})

    assert (answer.status_code, FirstContact.objects.count()) == (400, 0)
    assert said.lower() in text_of(answer).lower()
    assert {name: answer.context["form"][name].value() for name in typed} == typed


def test_asking_is_slowed_down_by_address(client, program, office):
    publish(program, office)
    cache.clear()
    page = reverse("therapy:call_me", args=[program.pk])
    codes = [client.post(page, {"name": ""}).status_code for _time in range(21)]
    assert (codes[0], codes[-1]) == (400, 429)


def test_what_they_say_lies_sealed(program, office):
    contact = ask(program, words="I drink too much")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, phone, words FROM therapy_firstcontact WHERE id = %s", [contact.pk])
        kept = "".join(cursor.fetchone())
    assert [word for word in ("Robin", "555", "drink") if word in kept] == []


def test_the_office_reads_answers_and_invites(program, office):
    contact = ask(program)
    browser = sign_in(Client(), office)
    page = reverse("office:first_contact", args=[contact.pk])
    assert "Robin" not in text_of(browser.get(reverse("office:contacts", args=[program.pk])))
    assert "Robin" in text_of(browser.get(page))

    answer = browser.post(page, {"outcome": "invited"})

    assert answer.url == reverse("office:invite_client", args=[program.pk])
    contact.refresh_from_db()
    assert (contact.outcome, contact.answered_by) == ("invited", office)
    assert not FollowUp.objects.open().exists()
    verbs = Entry.objects.filter(object_type="therapy.firstcontact").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["first_contact.asked", "first_contact.read", "first_contact.answered"]


def test_it_is_answered_once(program, office):
    contact = ask(program)
    first_contact.answer_contact(contact, outcome="not_reached", by=office, now=NOON)
    answer = sign_in(Client(), office).post(reverse("office:first_contact", args=[contact.pk]), {"outcome": "invited"})
    contact.refresh_from_db()
    assert (answer.status_code, contact.outcome) == (409, "not_reached")


def test_a_month_after_the_answer_nothing_is_left_of_who_it_was(program, office):
    waits, answered = ask(program), ask(program)
    first_contact.answer_contact(answered, outcome="elsewhere", by=office, now=NOON)
    later = NOON + timedelta(days=30)
    assert first_contact.forget_contacts(now=later - timedelta(seconds=1)) == 0
    assert first_contact.forget_contacts(now=later) == 1

    answered.refresh_from_db()
    assert (answered.name, answered.phone, answered.outcome) == ("", "", "elsewhere")
    assert first_contact.contacts_of(program) == [waits]
    page = reverse("office:first_contact", args=[answered.pk])
    assert sign_in(Client(), office).get(page).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"name": ""}, "a_first_contact_can_be_answered"),
        ({"phone": ""}, "a_first_contact_can_be_answered"),
        ({"forgotten_at": NOON}, "a_forgotten_contact_says_nothing"),
        ({"answered_at": NOON}, "an_answered_contact_has_an_outcome"),
        ({"outcome": "invited"}, "an_answered_contact_has_an_outcome"),
        ({"when": "never"}, "a_contact_is_called_at_a_known_time"),
    ],
)
def test_the_database_refuses(program, wrong, rule):
    contact = ask(program)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        FirstContact.objects.filter(pk=contact.pk).update(**wrong)
    assert refused.value.__cause__.diag.constraint_name == rule


@pytest.mark.parametrize("many", [1, 7])
def test_the_list_takes_as_many_queries_for_many_as_for_few(program, office, many, django_assert_num_queries):
    for _one in range(many):
        ask(program)
    browser = sign_in(Client(), office)
    browser.get(reverse("office:contacts", args=[program.pk]))
    with django_assert_num_queries(6):
        browser.get(reverse("office:contacts", args=[program.pk]))
