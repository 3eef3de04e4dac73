"""Signing in and out, new passwords and new addresses: what is answered, what is recorded, what is mailed."""

import re

import pytest
import redis
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse

from iop_portal.accounts.roles import close_account
from iop_portal.audit.models import Entry
from iop_portal.notices.delivery import deliver_owed
from iop_portal.notices.models import Notice
from iop_portal.people.models import User
from tests.accounts.people import PASSWORD, code_now, owner_of, with_app
from tests.factories import NOON, UserFactory, admin, enrolled

pytestmark = pytest.mark.django_db

LOGIN = "/account/login/"


@pytest.fixture
def maya():
    return owner_of(enrolled(email="maya@portal.test", preferred_name="Maya"))


def post_sign_in(client, email="maya@portal.test", password=PASSWORD, **more):
    return client.post(LOGIN, {"login": email, "password": password, **more})


def bare(response):
    """The body without what differs from request to request by intent, and what the person typed themselves."""
    body = re.sub(r'(name="csrfmiddlewaretoken" value="|"X-CSRFToken": ")[^"]+', r"\1", response.content.decode())
    return re.sub(r'value="[^"]*@portal.test"', "", body)


def heads(response):
    return {name: value for name, value in response.headers.items() if name not in ("Content-Length", "Expires")}


def verbs():
    return list(Entry.objects.order_by("pk").values_list("verb", flat=True))


def test_signing_in_leads_to_the_first_page_and_is_in_the_trail(client, maya):
    response = post_sign_in(client, email="Maya@Portal.test")

    assert (response.status_code, response["Location"]) == (302, "/")
    entry = Entry.objects.get(verb="account.signed_in")
    assert (entry.actor, entry.address) == (maya, "127.0.0.1")


def test_a_new_session_key_comes_with_signing_in(client, maya):
    client.get("/invitation/anything/")
    before = client.cookies["portal"].value

    post_sign_in(client)

    assert client.cookies["portal"].value != before


def test_signing_out_is_in_the_trail_and_clears_what_the_browser_kept(client, maya):
    post_sign_in(client)

    response = client.post("/account/logout/")

    assert response["Location"] == LOGIN
    assert response["Clear-Site-Data"] == '"cache"'
    assert verbs()[-1] == "account.signed_out"
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("case", ["nobody", "closed with a wrong password"])
def test_a_failed_sign_in_reads_the_same_whether_or_not_there_is_an_account(client, maya, case):
    owner_of(UserFactory(email="closed@portal.test", is_active=False))
    email = {"nobody": "nobody@portal.test", "closed with a wrong password": "closed@portal.test"}[case]

    wrong = post_sign_in(client, password="not the password")
    other = post_sign_in(client, email=email, password="not the password")

    assert (wrong.status_code, heads(wrong), bare(wrong)) == (other.status_code, heads(other), bare(other))
    assert b"is not right" in wrong.content
    assert verbs() == ["account.sign_in_failed"] * 2


def test_a_failed_sign_in_leaves_no_address_in_the_trail(client):
    post_sign_in(client, email="secret@portal.test", password="not the password")

    assert "secret" not in str(list(Entry.objects.values()))


def test_a_closed_account_is_told_so_only_with_its_password(client):
    owner_of(UserFactory(email="closed@portal.test", is_active=False))

    response = client.post(LOGIN, {"login": "closed@portal.test", "password": PASSWORD}, follow=True)

    assert "This account is closed" in response.content.decode()
    assert client.get("/").status_code == 302


def test_after_five_wrong_tries_even_the_right_password_waits(client, maya):
    for _ in range(5):
        post_sign_in(client, password="not the password")

    response = post_sign_in(client)

    assert "too many times" in response.content.decode()
    assert client.get("/").status_code == 302


def test_waiting_reads_the_same_for_an_address_without_an_account(client, maya):
    answers = []
    for email in ("maya@portal.test", "nobody@portal.test"):
        for _ in range(6):
            last = post_sign_in(client, email=email, password="not the password")
        answers.append((last.status_code, heads(last), bare(last)))

    assert answers[0] == answers[1]


@pytest.mark.parametrize("evil", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_next_never_leads_elsewhere(client, maya, evil):
    response = post_sign_in(client, next=evil)

    assert response["Location"] == "/"


def test_next_leads_on_inside(client, maya):
    assert post_sign_in(client, next="/help/")["Location"] == "/help/"


def test_a_host_from_elsewhere_is_a_bad_request(client):
    assert client.get(LOGIN, headers={"host": "evil.example"}).status_code == 400


def test_nobody_signs_up_by_themselves(client):
    form = {"email": "new@portal.test", "password1": "a river before noon"}

    for response in (client.get("/account/signup/"), client.post("/account/signup/", form)):
        assert "by invitation" in response.content.decode()
    assert not User.objects.exists()


def test_asking_for_a_new_password_reads_the_same_whether_or_not_there_is_an_account(client, maya):
    owner_of(UserFactory(email="closed@portal.test", is_active=False))
    answers = []
    for email in ("maya@portal.test", "nobody@portal.test", "closed@portal.test"):
        response = client.post("/account/password/reset/", {"email": email})
        done = client.get(response["Location"])
        answers.append((response.status_code, heads(response), response.content, done.status_code, bare(done)))

    assert answers[0] == answers[1] == answers[2]
    assert verbs() == ["account.reset_asked"] * 3
    assert [notice.to for notice in Notice.objects.all()] == [maya]


def test_a_new_password_is_chosen_by_a_link_that_is_minted_at_sending(client, maya, settings):
    settings.PORTAL_ORIGIN = "https://portal.example"
    client.post("/account/password/reset/", {"email": "maya@portal.test"}, headers={"host": "localhost"})

    link = re.search(r"https://portal\.example(/account/password/reset/key/\S+)", sent().body)[1]
    form_page = client.get(link)
    client.post(form_page["Location"], {"password1": "an orchard in the rain"})

    maya.refresh_from_db()
    assert maya.check_password("an orchard in the rain")
    assert verbs()[-1] == "account.password_reset"
    told = sent()
    assert told.to == ["maya@portal.test"]
    assert "set a new password by e-mail" in told.body
    used = client.get(link)
    assert "This link cannot be used" in used.content.decode()


def test_a_reset_that_was_asked_before_a_new_password_was_set_is_owed_no_more(client, maya):
    client.post("/account/password/reset/", {"email": "maya@portal.test"})
    client.post("/account/password/reset/", {"email": "maya@portal.test"})
    first = mails_out()[0]
    client.post("/account/password/reset/", {"email": "maya@portal.test"})
    link = re.search(r"http\S+(/account/password/reset/key/\S+)", first.body)[1]
    client.post(client.get(link)["Location"], {"password1": "an orchard in the rain"})

    assert ["Choose one here" in letter.body for letter in mails_out()] == [False]


def test_no_row_of_the_outbox_or_the_trail_holds_a_key(client, maya):
    client.post("/account/password/reset/", {"email": "maya@portal.test"})
    key = re.search(r"/key/(\S+)/", sent().body)[1]

    rows = str(list(Notice.objects.values()) + list(Entry.objects.values()))
    assert key not in rows
    assert "maya" not in rows


@pytest.mark.parametrize("password", ["short", "1234567890", "password123", "maya@portal.test"])
def test_a_password_that_is_easily_guessed_is_refused_in_words(client, maya, password):
    post_sign_in(client)

    response = client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": password})

    assert response.status_code == 400
    assert response.context["form"].errors["password1"]
    maya.refresh_from_db()
    assert maya.check_password(PASSWORD)


def test_changing_the_password_ends_every_session_and_is_told(client, maya, other_browser):
    post_sign_in(client)
    post_sign_in(other_browser)

    response = client.post(
        "/account/password/change/", {"oldpassword": PASSWORD, "password1": "an orchard in the rain"}
    )

    assert response["Location"] == LOGIN
    for browser in (client, other_browser):
        assert browser.get("/").status_code == 302
    assert "changed the password" in sent().body


def test_a_new_address_counts_once_it_is_confirmed_and_the_old_one_is_told(client, maya):
    post_sign_in(client)
    reauthenticate(client)

    client.post("/account/email/", {"email": "new@portal.test", "action_add": ""})
    maya.refresh_from_db()
    assert maya.email == "maya@portal.test"

    confirm = sent()
    assert (confirm.to, confirm.subject) == (["new@portal.test"], "Your portal: please confirm your address")
    link = re.search(r"http\S+(/account/confirm-email/\S+)", confirm.body)[1]
    client.post(link)

    maya.refresh_from_db()
    assert maya.email == "new@portal.test"
    assert sent().to == ["maya@portal.test"]
    assert "account.address_changed" in verbs()


@time_machine.travel(NOON, tick=False)
def test_asking_for_an_address_that_somebody_has_reads_the_same(client, maya):
    owner_of(UserFactory(email="taken@portal.test"))
    post_sign_in(client)
    reauthenticate(client)
    answers = []
    for address in ("taken@portal.test", "free@portal.test"):
        response = client.post("/account/email/", {"email": address, "action_add": ""})
        page = client.get(response["Location"])
        answers.append((response.status_code, heads(response), bare(page).replace(address, "")))
        client.post("/account/email/", {"email": address, "action_remove": ""})
        client.get("/account/email/")

    assert answers[0] == answers[1]


def test_signing_in_never_asks_redis(client, monkeypatch):
    """The broker may be away: codes, limits and sessions are in the database, and mails are owed there."""

    def away(connection):
        raise ConnectionError("Redis is away")

    monkeypatch.setattr(redis.connection.AbstractConnection, "connect", away)
    maya = with_app(owner_of(enrolled(email="maya@portal.test")))

    post_sign_in(client, password="not the password")
    post_sign_in(client)
    client.post("/account/2fa/authenticate/", {"code": code_now()})
    client.post("/account/password/reset/", {"email": maya.email})

    assert client.get("/settings/").status_code == 200
    assert Notice.objects.filter(kind="password_reset").count() == 1


def test_closing_an_account_ends_its_sessions_at_the_next_request(client, maya):
    post_sign_in(client)

    close_account(maya, by=admin(maya.enrolments.get().program), now=NOON)

    assert client.get("/settings/").status_code == 302


def test_no_page_of_signing_in_runs_a_script_of_its_own(client, maya):
    post_sign_in(client)
    reauthenticate(client)
    for name in ("mfa_index", "mfa_add_webauthn", "mfa_activate_totp", "usersessions_list", "account_email"):
        body = client.get(reverse(name)).content.decode()
        scripts = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", body)
        assert all('type="application/json"' in attributes for attributes in scripts), name
        assert " style=" not in body, name


def reauthenticate(client):
    client.post("/account/reauthenticate/", {"password": PASSWORD})


def mails_out():
    mail.outbox.clear()
    deliver_owed()
    return list(mail.outbox)


def sent():
    (letter,) = mails_out()
    return letter


@pytest.fixture
def other_browser():
    return Client()
