"""What somebody sees who opens the link of an invitation."""

import re

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from iop_portal.accounts import invitations
from iop_portal.accounts.models import Invitation
from iop_portal.notices.delivery import deliver_owed
from iop_portal.people.models import Enrolment, RoleHeld, User
from iop_portal.people.roles import Role
from tests.accounts.people import PASSWORD, owner_of
from tests.accounts.test_signing_in import bare, heads
from tests.factories import NOON, ProgramFactory, UserFactory, admin, enrolled

pytestmark = pytest.mark.django_db
PAGE = "/invitation/"
FORM = {
    "preferred_name": "Maya",
    "surname": "Torres",
    "pronouns": "",
    "zone": "America/Chicago",
    "password": "a river before noon",
}


@pytest.fixture
def office():
    return owner_of(admin(email="office@portal.test"))


@pytest.fixture
def invitation(office):
    return invited(office)


def invited(office, role=Role.CLIENT, email="maya@portal.test"):
    return invitations.invite(
        email=email,
        preferred_name="Maya",
        program=office.roles_held.get().program,
        role=role,
        enrol_as="admitted" if role == Role.CLIENT else "",
        by=office,
        now=timezone.now(),
    )


def link_in_the_mail():
    mail.outbox.clear()
    deliver_owed()
    (letter,) = mail.outbox
    return re.search(r"http://127\.0\.0\.1:8000(/invitation/\S+)", letter.body)[1]


def test_from_the_mail_to_one_s_own_page(client, invitation):
    link = link_in_the_mail()

    opened = client.get(link)
    assert (opened.status_code, opened["Location"]) == (302, PAGE)
    page = client.get(PAGE)
    assert page.context["form"].initial["preferred_name"] == "Maya"
    assert "maya@portal.test" in page.content.decode()
    accepted = client.post(PAGE, FORM)

    assert accepted["Location"] == "/protect/"
    assert client.get("/protect/").status_code == 200
    user = User.objects.get(email="maya@portal.test")
    assert (user.surname, user.zone, user.roles) == ("Torres", "America/Chicago", {Role.CLIENT})
    assert "portal" in client.cookies


def test_the_link_s_token_is_neither_in_the_page_nor_in_any_table(client, invitation):
    link = link_in_the_mail()
    token = link.split("/")[2]
    client.get(link)

    assert token not in client.get(PAGE).content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_data FROM django_session")
        kept = client.session["invitation"]
    assert kept == invitations.hash_of(token)
    assert token not in str(list(Invitation.objects.values()))


def gone(client, link):
    client.get(link)
    answer = client.get(PAGE)
    return answer.status_code, heads(answer), bare(answer)


def test_every_link_that_does_not_work_reads_the_same(office, invitation):
    used = link_in_the_mail()
    first = Client()
    first.get(used)
    first.post(PAGE, FORM)
    withdrawn_invitation = invited(office, Role.FAMILY, "rosa@portal.test")
    withdrawn = link_in_the_mail()
    invitations.withdraw_invitation(withdrawn_invitation, by=office, now=NOON)
    expired_invitation = invited(office, Role.FAMILY, "sam@portal.test")
    expired = link_in_the_mail()
    Invitation.objects.filter(pk=expired_invitation.pk).update(
        invited_at="2026-01-01T00:00Z", expires_at="2026-01-08T00:00Z"
    )
    altered = used[:-2] + ("A" if used[-2] != "A" else "B") + "/"

    answers = [gone(Client(), link) for link in (used, withdrawn, expired, altered, "/invitation/made-up/")]
    answers.append((lambda page: (page.status_code, heads(page), bare(page)))(Client().get(PAGE)))

    assert answers[0][0] == 404
    assert "This link cannot be used" in answers[0][2]
    # Whoever came by a link has a session by now, and the others have none: no other difference.
    assert all(answer == answers[0] for answer in answers)


def test_a_form_that_is_sent_twice_makes_one_account_and_no_fright(client, invitation):
    client.get(link_in_the_mail())
    client.post(PAGE, FORM)

    again = client.post(PAGE, FORM)

    assert (again.status_code, again["Location"]) == (302, "/")
    assert User.objects.filter(email="maya@portal.test").count() == 1


def test_nothing_that_was_typed_is_lost_when_the_form_comes_back(client, invitation):
    client.get(link_in_the_mail())

    page = client.post(PAGE, {**FORM, "password": "kurz"}).content.decode()

    assert 'value="Torres"' in page
    assert '<option value="America/Chicago" selected>' in page
    assert "kurz" not in page
    assert not User.objects.filter(email="maya@portal.test").exists()


@pytest.mark.parametrize("name", ["Ma\nya", "Ma\u202eya", "Ma\u0000ya", "Ma\u200bya"])
def test_a_name_that_breaks_or_turns_the_line_is_refused_in_words(client, invitation, name):
    client.get(link_in_the_mail())

    page = client.post(PAGE, {**FORM, "preferred_name": name})

    assert page.status_code == 400
    assert page.context["form"].errors["preferred_name"]
    assert not User.objects.filter(email="maya@portal.test").exists()


def test_markup_in_a_name_stays_text(client, invitation):
    client.get(link_in_the_mail())
    client.post(PAGE, {**FORM, "preferred_name": "<script>alert(1)</script>"})

    page = client.get("/settings/").content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page


def test_address_role_and_program_cannot_be_chosen_by_whoever_accepts(client, invitation):
    client.get(link_in_the_mail())
    elsewhere = ProgramFactory()

    client.post(
        PAGE,
        {
            **FORM,
            "email": "evil@portal.test",
            "role": "admin",
            "program": elsewhere.pk,
            "is_active": "",
            "enrol_as": "",
        },
    )

    user = User.objects.get(email="maya@portal.test")
    assert (user.roles, user.is_active) == ({Role.CLIENT}, True)
    assert Enrolment.objects.get(client=user).program == invitation.program
    assert not User.objects.filter(email="evil@portal.test").exists()


def test_somebody_with_an_account_signs_in_first_and_accepts_with_one_button(client, office):
    maya = owner_of(enrolled(email="maya@portal.test"))
    invited(office, Role.FAMILY)
    client.get(link_in_the_mail())
    assert "Sign in to accept" in client.get(PAGE).content.decode()
    assert client.post(PAGE, FORM).status_code == 200
    assert not RoleHeld.objects.filter(user=maya).exists()

    signed_in = client.post("/account/login/", {"login": maya.email, "password": PASSWORD, "next": PAGE})
    assert signed_in["Location"] == PAGE
    assert "Accept an invitation" in client.get(PAGE).content.decode()
    accepted = client.post(PAGE)

    assert accepted["Location"] == "/"
    assert User.objects.get(pk=maya.pk).roles == {Role.CLIENT, Role.FAMILY}


def test_somebody_else_is_refused_in_words_and_may_sign_out(client, invitation):
    other = owner_of(UserFactory(email="other@portal.test"))
    client.post("/account/login/", {"login": other.email, "password": PASSWORD})
    client.get(link_in_the_mail())

    for answer in (client.get(PAGE), client.post(PAGE, FORM)):
        assert answer.status_code == 403
        page = answer.content.decode()
        assert "for a different e-mail address" in page
        assert "maya@portal.test" not in page
        assert "/account/logout/" in page
    assert not User.objects.filter(email="maya@portal.test").exists()


def test_an_invited_member_of_staff_takes_a_second_step_before_anything_else(client, office):
    invited(office, Role.CLINICIAN)
    client.get(link_in_the_mail())
    client.post(PAGE, FORM)

    assert client.get("/")["Location"] == "/protect/"
    # They chose their password a moment ago and are not asked for it again.
    assert client.get("/account/2fa/totp/activate/").status_code == 200


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_no_other_method_does_anything(client, invitation, method):
    link = link_in_the_mail()

    assert getattr(client, method)(link).status_code == 405
    assert getattr(client, method)(PAGE).status_code == 405
