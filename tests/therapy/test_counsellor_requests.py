"""Asking for another counsellor: to whom it goes, who reads it, and what comes of it."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from iop_portal.accounts.care_teams import CannotJoin
from iop_portal.audit.models import Entry
from iop_portal.followups.models import FollowUp
from iop_portal.notices.models import Notice
from iop_portal.people.models import Apart, CareTeam, RoleHeld
from iop_portal.people.roles import Role
from tests.factories import NOON, ProgramFactory, admin, clinician, enrolled, introduced, on_care_team
from tests.signing_in import sign_in
from tests.therapy.test_client_pages import words
from therapy import counsellor_requests
from therapy.capacity import clients_of_counsellors, full_counsellors
from therapy.counsellor_requests import (
    FOLLOW_UP,
    ask_for_counsellor,
    decline_request,
    grant_request,
    standing_of,
    to_ask_for,
    withdraw_request,
)
from therapy.models import ClinicalPolicy, CounsellorRequest

pytestmark = pytest.mark.django_db

SAID = "We do not get on. I cannot say why."


@pytest.fixture
def program():
    return ProgramFactory(name="Harbor House")


@pytest.fixture
def ada(program):
    return admin(program, preferred_name="Ada")


@pytest.fixture
def amara(program):
    return introduced(clinician(program, preferred_name="Amara")).user


@pytest.fixture
def lena(program):
    return introduced(clinician(program, preferred_name="Lena")).user


@pytest.fixture
def maya(program, ada, amara):
    maya = enrolled(program, preferred_name="Maya")
    on_care_team(amara, maya, part="primary")
    return maya.enrolments.get()


def ask(enrolment, wanted=None, **said):
    return ask_for_counsellor(enrolment, wanted=wanted, by=enrolment.client, now=NOON, **{"words": SAID, **said})


def primary(enrolment):
    return CareTeam.objects.get(enrolment=enrolment, part="primary", until=None).clinician


def told():
    """Each once, by however many ways it goes."""
    return set(Notice.objects.exclude(kind__startswith="follow_up").values_list("kind", "to"))


# ── Asking ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_owed_by_the_office_and_the_care_team_does_not_hear_of_it(maya, ada, amara, lena):
    asked = ask(maya, lena)
    owed = FollowUp.objects.get(kind=FOLLOW_UP)
    assert (owed.owner, owed.client, owed.about_id) == (ada, None, asked.pk)
    readers = (maya.client, ada, amara, lena, enrolled(maya.program), admin())
    assert [CounsellorRequest.objects.visible_to(who).exists() for who in readers] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert not FollowUp.objects.visible_to(amara).exists()
    assert told() == set()


def test_the_words_are_sealed_and_in_no_line_of_the_trail(maya):
    ask(maya)
    with connection.cursor() as cursor:
        cursor.execute("SELECT words FROM therapy_counsellorrequest")
        (kept,) = cursor.fetchone()
    assert "get on" not in kept
    assert [entry.facts for entry in Entry.objects.filter(verb__startswith="counsellor_request")] == [{}]


def test_an_admin_who_is_the_counsellor_does_not_get_it(maya, ada, amara, lena):
    RoleHeld.objects.create(user=amara, program=maya.program, role=Role.ADMIN)
    asked = ask(maya)
    assert FollowUp.objects.get(kind=FOLLOW_UP).owner == ada
    assert [CounsellorRequest.objects.run_by(who).exists() for who in (ada, amara)] == [True, False]
    withdraw_request(asked, by=maya.client, now=NOON)
    RoleHeld.objects.filter(user=ada).delete()
    with pytest.raises(counsellor_requests.NobodyToAsk):
        ask(maya)


def test_one_asks_once_until_it_is_answered_or_taken_back(maya, lena):
    asked = ask(maya)
    with pytest.raises(counsellor_requests.AskedAlready):
        ask(maya, lena)
    with pytest.raises(IntegrityError, match="one_open_wish_for_a_counsellor"), transaction.atomic():
        CounsellorRequest.objects.create(enrolment=maya, asked_at=NOON)
    withdraw_request(asked, by=maya.client, now=NOON)
    assert FollowUp.objects.get(kind=FOLLOW_UP).resolved_at == NOON
    assert ask(maya, lena).wanted == lena


def test_only_somebody_who_could_be_it_can_be_named(maya, ada, amara, lena, program):
    one, other = sorted((maya.client, lena), key=lambda person: person.pk)
    Apart.objects.create(one=one, other=other, asked_by="client", set_by=ada, since=NOON)
    expired = introduced(clinician(program), expires_on=NOON.date().replace(year=2025)).user
    elsewhere = introduced(clinician()).user
    for wrong in (lena, expired, elsewhere, ada):
        with pytest.raises(counsellor_requests.NotOnTheList):
            ask(maya, wrong)
    with pytest.raises(counsellor_requests.WithYouAlready):
        ask(maya, amara)
    assert not to_ask_for(maya, now=NOON).exists()


def test_whose_stay_is_over_asks_nothing(program, ada):
    gone = enrolled(program, "discharged").enrolments.get()
    with pytest.raises(counsellor_requests.StayIsOver):
        ask(gone)


def test_what_was_asked_and_answered_stays_as_it_was(maya, ada):
    asked = ask(maya)
    rows = CounsellorRequest.objects.filter(pk=asked.pk)
    for change in ({"words": "else"}, {"wanted": ada}, {"asked_at": NOON.replace(hour=1)}):
        with pytest.raises(IntegrityError, match="stays as it was"), transaction.atomic():
            rows.update(**change)
    decline_request(asked, reply="Not now.", by=ada, now=NOON)
    for act in (lambda: rows.update(reply="Never."), lambda: rows.update(state="withdrawn"), rows.delete):
        with pytest.raises(IntegrityError, match="stays as it was"), transaction.atomic():
            act()


# ── Answering ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_office_makes_somebody_else_the_counsellor_and_everybody_hears_what_is_theirs(maya, ada, amara, lena):
    asked = ask(maya, lena)
    grant_request(asked, to=lena, stays=False, reply="Lena calls you.", by=ada, now=NOON)
    assert primary(maya) == lena
    assert not CareTeam.objects.filter(enrolment=maya, clinician=amara, until=None).exists()
    standing = standing_of(maya)
    assert (standing.open, standing.last.state, standing.last.given, standing.last.reply) == (
        None,
        "granted",
        lena,
        "Lena calls you.",
    )
    assert FollowUp.objects.get(kind=FOLLOW_UP).resolved_by == ada
    assert told() == {
        ("counsellor_request_answered", maya.client_id),
        ("care_team_changed", amara.pk),
        ("care_team_changed", lena.pk),
    }
    with pytest.raises(counsellor_requests.AnsweredAlready):
        decline_request(asked, reply="No.", by=ada, now=NOON)
    with pytest.raises(counsellor_requests.AnsweredAlready):
        withdraw_request(asked, by=maya.client, now=NOON)


def test_whoever_was_it_until_now_may_stay_on_the_team(maya, ada, amara, lena):
    on_care_team(lena, maya.client)
    grant_request(ask(maya), to=lena, stays=True, by=ada, now=NOON)
    assert dict(CareTeam.objects.filter(until=None).values_list("clinician", "part")) == {
        amara.pk: "member",
        lena.pk: "primary",
    }


def test_nobody_kept_apart_becomes_it_and_nothing_is_left_half_done(maya, ada, amara, lena):
    asked = ask(maya)
    one, other = sorted((maya.client, lena), key=lambda person: person.pk)
    Apart.objects.create(one=one, other=other, asked_by="client", set_by=ada, since=NOON)
    with pytest.raises(CannotJoin):
        grant_request(asked, to=lena, stays=False, by=ada, now=NOON)
    asked.refresh_from_db()
    assert (primary(maya), asked.is_open, told()) == (amara, True, set())


def test_the_office_says_why_not_in_its_own_words(maya, ada, amara):
    asked = ask(maya)
    with pytest.raises(counsellor_requests.NoReply):
        decline_request(asked, reply="  ", by=ada, now=NOON)
    decline_request(asked, reply="Let us speak first. I call you.", by=ada, now=NOON)
    assert (primary(maya), standing_of(maya).last.reply) == (amara, "Let us speak first. I call you.")
    assert told() == {("counsellor_request_answered", maya.client_id)}


def test_who_has_as_many_clients_as_the_program_says_is_full(program, maya, amara, lena):
    ClinicalPolicy.objects.create(program=program, clients_per_counsellor=2)
    on_care_team(amara, enrolled(program), part="primary")
    on_care_team(amara, enrolled(program, "discharged"), part="primary")
    on_care_team(lena, enrolled(program), part="primary")
    on_care_team(lena, enrolled(program))
    over = on_care_team(lena, enrolled(program), part="primary")
    CareTeam.objects.filter(pk=over.pk).update(until=NOON)
    on_care_team(lena, enrolled(), part="primary")
    assert clients_of_counsellors(program) == {amara.pk: 2, lena.pk: 1}
    assert full_counsellors(program) == {amara.pk}


# ── The pages ─────────────────────────────────────────────────────────────────────────────────────────────────


def page_of(enrolment):
    return reverse("therapy:counsellor", args=[enrolment.pk])


def test_a_client_asks_sees_where_it_stands_and_takes_it_back(client, maya, lena):
    sign_in(client, maya.client)
    assert page_of(maya) in client.get(reverse("therapy:my_care")).content.decode()
    form = client.get(f"{page_of(maya)}?who={lena.clinician.pk}").context["form"]
    assert form.initial == {"wanted": str(lena.clinician.pk)}
    said = words(client.post(page_of(maya), {"wanted": lena.clinician.pk, "words": SAID}, follow=True))
    assert "Your wish is with the office" in said
    assert "You would like Lena Tester." in said
    assert "Your wish is with the office" in words(client.get(reverse("therapy:my_care")))
    asked = CounsellorRequest.objects.get()
    again = client.post(page_of(maya), {"wanted": "", "words": ""})
    assert again.status_code == 409
    back = client.post(reverse("therapy:withdraw_request", args=[asked.pk]), follow=True)
    assert "You took your wish back" in words(back)


def test_nobody_takes_back_what_another_asked(client, maya, ada, program):
    asked = ask(maya)
    for who, status in ((enrolled(program), 404), (ada, 403), (clinician(program), 403)):
        sign_in(client, who)
        assert client.post(reverse("therapy:withdraw_request", args=[asked.pk])).status_code == status
    asked.refresh_from_db()
    assert asked.is_open


def test_who_takes_nobody_new_is_said_and_may_still_be_asked_for(client, program, maya, lena):
    ClinicalPolicy.objects.create(program=program, clients_per_counsellor=1)
    on_care_team(lena, enrolled(program), part="primary")
    sign_in(client, maya.client)
    assert "Lena Tester, Counsellor (takes nobody new at the moment)" in words(client.get(page_of(maya)))
    client.post(page_of(maya), {"wanted": lena.clinician.pk, "words": ""})
    assert CounsellorRequest.objects.get().wanted == lena


def test_the_office_reads_it_and_answers_it(client, maya, ada, amara, lena):
    asked = ask(maya, lena)
    sign_in(client, ada)
    listed = client.get(reverse("office:counsellor_requests", args=[maya.program_id]))
    assert "Maya" not in words(listed)
    page = reverse("office:counsellor_request", args=[asked.pk])
    shown = client.get(page)
    assert SAID in words(shown)
    assert "Lena Tester: 0 of 24 clients" in words(shown)
    assert shown.context["grant"].initial == {"to": str(lena.clinician.pk)}
    assert Entry.objects.get(verb="counsellor_request.read").client == maya.client
    assert client.post(page, {"act": "decline", "decline-reply": ""}).status_code == 400
    client.post(page, {"act": "grant", "grant-to": lena.clinician.pk, "grant-stays": "on"})
    assert primary(maya) == lena
    assert "What came of it Changed: Lena Tester" in words(client.get(page))
    sign_in(client, maya.client)
    assert "Lena Tester is your counsellor." in words(client.get(page_of(maya)))
    late = client.post(reverse("therapy:withdraw_request", args=[asked.pk]), follow=True)
    assert "This has been answered or taken back already." in words(late)


def test_an_admin_of_another_program_or_a_clinician_reads_nothing_of_it(client, maya, amara):
    asked = ask(maya)
    page = reverse("office:counsellor_request", args=[asked.pk])
    for who, status in ((admin(), 404), (amara, 403)):
        sign_in(client, who)
        assert client.get(page).status_code == status
        assert client.post(page, {"act": "decline", "decline-reply": "No."}).status_code == status
    asked.refresh_from_db()
    assert asked.is_open
