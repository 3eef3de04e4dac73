"""From an invitation to a second step, in a real browser."""

import re

import pytest
from django.core import mail
from django.utils import timezone

from iop_portal.accounts.invitations import invite
from iop_portal.audit.models import Entry
from iop_portal.notices.delivery import deliver_owed
from iop_portal.people.roles import Role
from tests.accounts.people import PASSWORD, code_now, half_a_minute, owner_of
from tests.factories import ProgramFactory, admin, enrolled

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def local(server, settings):
    """A browser has passkeys only for a name, never for a number such as 127.0.0.1."""
    settings.PORTAL_ORIGIN = server.replace("127.0.0.1", "localhost")
    settings.CSRF_TRUSTED_ORIGINS = [settings.PORTAL_ORIGIN]
    return settings.PORTAL_ORIGIN


def give_passkeys(page):
    """A device that always agrees, as a finger on a reader would."""
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_an_invited_clinician_opens_an_account_adds_an_app_and_signs_in_with_it(window, server):
    office = admin(ProgramFactory())
    program = office.roles_held.get().program
    invite(
        email="new@portal.test",
        preferred_name="Noor",
        program=program,
        role=Role.CLINICIAN,
        by=office,
        now=timezone.now(),
    )
    deliver_owed()
    (letter,) = mail.outbox
    page = window.page
    page.goto(re.search(r"http\S+/invitation/\S+", letter.body)[0])
    assert page.url == f"{server}/invitation/"
    page.get_by_label("Password").fill("a river before noon")
    page.get_by_role("button", name="Open my account").click()

    page.get_by_role("heading", name="Protect your account").wait_for()
    page.get_by_role("link", name="Use an app").click()
    secret = page.locator("code.key").inner_text()
    with half_a_minute():
        page.get_by_label("Code").fill(code_now(secret))
        page.get_by_role("button", name="Use this app").click()
        page.get_by_role("heading", name="Your spare codes").wait_for()
    codes = page.locator("#codes code").all_inner_texts()
    assert len(codes) == 10
    page.get_by_role("link", name="I have kept them").click()
    page.locator(".account summary").click()
    page.get_by_role("button", name="Sign out").first.click()

    page.get_by_label("E-mail address").fill("new@portal.test")
    page.get_by_label("Password").fill("a river before noon")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Your second step").wait_for()
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    page.locator(".account summary").wait_for()

    told = list(Entry.objects.order_by("pk").values_list("verb", flat=True))
    for verb in ("invitation.made", "invitation.accepted", "account.opened", "account.authenticator_added"):
        assert told.count(verb) == 1
    assert told.count("account.signed_in") == 2


def test_a_client_adds_a_passkey_and_signs_in_with_it_alone(open_window, local):
    owner_of(enrolled(email="maya@portal.test"))
    window = open_window()
    window.origin = local
    page = window.page
    give_passkeys(page)
    window.go("/account/login/")
    page.get_by_label("E-mail address").fill("maya@portal.test")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator(".account summary").wait_for()

    window.go("/account/2fa/webauthn/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Add it now").click()
    page.get_by_role("heading", name="Your spare codes").wait_for()
    page.locator(".account summary").click()
    page.get_by_role("button", name="Sign out").first.click()

    page.get_by_role("button", name="Use a passkey").click()
    page.locator(".account summary").wait_for()
    assert (
        list(Entry.objects.filter(verb="account.signed_in").values_list("verb", flat=True)) == ["account.signed_in"] * 2
    )


def test_somebody_who_stops_at_the_passkey_is_told_so_on_the_page(open_window, local):
    window = open_window()
    window.origin = local
    window.go("/account/login/")
    stopped = "Promise.reject(new DOMException('no', 'NotAllowedError'))"
    window.page.evaluate(f"() => {{ navigator.credentials.get = () => {stopped}; }}")

    window.page.get_by_role("button", name="Use a passkey").click()

    window.page.get_by_text("That did not work, or it was stopped.").wait_for()


def test_signing_in_works_with_scripts_off(open_window, server):
    owner_of(enrolled(email="maya@portal.test"))
    window = open_window(java_script_enabled=False)
    window.go("/account/login/")
    page = window.page
    assert not page.get_by_role("button", name="Use a passkey").is_visible()
    page.get_by_label("E-mail address").fill("maya@portal.test")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.locator(".account summary").wait_for()
