"""The second step: obligatory for staff, offered to all, and never taken twice with the same code."""

import re

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver

from iop_portal.accounts.middleware import SETTING_UP
from iop_portal.audit.models import Entry
from iop_portal.notices.models import Notice
from tests.accounts.people import PASSWORD, SECRET, code_now, has_app, owner_of, with_app
from tests.factories import UserFactory, admin, clinician, enrolled
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def amara():
    return owner_of(clinician(email="amara@portal.test"))


def first_step(client, user):
    return client.post("/account/login/", {"login": user.email, "password": PASSWORD})


def every_view(patterns=None, namespace=""):
    """Name and view of every page; those with a key in their address stand for themselves with a made-up one."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}", pattern
        else:
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from every_view(pattern.url_patterns, inner)


def test_staff_without_one_see_only_how_to_set_it_up(client, amara, rf):
    first_step(client, amara)
    middleware_lets = []
    for name, pattern in every_view():
        if not getattr(pattern.callback, "login_required", True):
            continue
        route = "/" + _path(name)
        if route == "/None":
            continue
        answer = client.get(route)
        if answer.headers.get("Location") != "/protect/":
            middleware_lets.append(name)

    assert set(middleware_lets) <= SETTING_UP
    assert len(SETTING_UP) == 9


def _path(name):
    """An address of the view, its converters filled with ones."""
    resolver = get_resolver()
    for part in name.split(":")[:-1]:
        prefix, resolver = resolver.namespace_dict[part]
        return prefix + _reverse(resolver, name.split(":")[-1])
    return _reverse(resolver, name)


def _reverse(resolver, name):
    ((route, params),) = resolver.reverse_dict.getlist(name)[0][0][:1]
    return route % dict.fromkeys(params, "1")


def test_a_post_of_staff_without_one_changes_nothing(client, amara):
    first_step(client, amara)

    response = client.post("/settings/", {"preferred_name": "Somebody"})

    assert response["Location"] == "/protect/"


def test_others_may_do_without(client):
    maya = owner_of(enrolled(email="maya@portal.test"))

    first_step(client, maya)

    assert client.get("/settings/").status_code == 200
    assert "Not now" in client.get("/protect/").content.decode()


def test_staff_cannot_put_it_off(client, amara):
    first_step(client, amara)

    page = client.get("/protect/").content.decode()

    assert "Not now" not in page
    assert "a password alone is not enough" in page
    # Nor are they led to pages that are still closed to them.
    assert 'class="places"' not in page
    assert 'href="/settings/"' not in page
    assert 'action="/account/logout/"' in page


@pytest.mark.django_db(transaction=True)
def test_staff_add_an_app_and_are_in(client, amara):
    first_step(client, amara)
    asked = client.get("/account/2fa/totp/activate/")
    client.post(asked["Location"], {"password": PASSWORD})
    page = client.get("/account/2fa/totp/activate/")
    secret = page.context["form"].secret

    response = client.post("/account/2fa/totp/activate/", {"code": code_now(secret)})

    assert response["Location"] == "/account/2fa/recovery-codes/"
    shown = client.get(response["Location"]).content.decode()
    assert shown.count("<li><code>") == 10
    assert client.get("/settings/").status_code == 200
    assert "account.authenticator_added" in Entry.objects.values_list("verb", flat=True)
    assert {notice.kind for notice in Notice.objects.filter(to=amara)} == {"account_changed"}
    again = client.get("/account/2fa/recovery-codes/").content.decode()
    assert "<li><code>" not in again


def test_the_secret_of_an_app_and_the_seed_of_codes_are_sealed_in_the_database(amara):
    with_app(amara)

    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM mfa_authenticator")
        assert SECRET not in cursor.fetchone()[0]
    assert has_app(amara)


def test_with_an_app_the_password_alone_signs_nobody_in(client, amara):
    with_app(amara)

    response = first_step(client, amara)

    assert response["Location"] == "/account/2fa/authenticate/"
    assert client.get("/")["Location"].startswith("/account/login/")
    assert not Entry.objects.filter(verb="account.signed_in").exists()
    client.post("/account/2fa/authenticate/", {"code": code_now()})
    assert client.get("/settings/").status_code == 200
    assert Entry.objects.filter(verb="account.signed_in").count() == 1


def test_a_code_signs_in_once(client, amara):
    with_app(amara)
    code = code_now()
    first_step(client, amara)
    client.post("/account/2fa/authenticate/", {"code": code})
    thief = Client()
    first_step(thief, amara)

    response = thief.post("/account/2fa/authenticate/", {"code": code})

    assert "was used already" in response.content.decode()
    assert thief.get("/").status_code == 302


def test_used_codes_are_remembered_where_every_worker_can_see_them(client, amara):
    with_app(amara)
    first_step(client, amara)
    client.post("/account/2fa/authenticate/", {"code": code_now()})

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM portal_cache WHERE cache_key LIKE '%%totp.used%%'")
        assert cursor.fetchone() == (1,)
    assert cache.__class__.__name__ == "ConnectionProxy"


def test_wrong_codes_are_limited(client, amara):
    with_app(amara)
    first_step(client, amara)
    for _ in range(5):
        client.post("/account/2fa/authenticate/", {"code": "000000"})

    response = client.post("/account/2fa/authenticate/", {"code": code_now()})

    assert response.status_code != 302
    assert client.get("/").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_adding_an_app_ends_sessions_that_began_with_a_password_alone(client, amara):
    other = Client()
    first_step(other, amara)
    test_staff_add_an_app_and_are_in(client, amara)

    assert other.get("/protect/").status_code == 302


def test_a_session_without_the_second_step_stays_out_even_if_somebody_has_one(client, amara):
    with_app(amara)
    sign_in(client, amara, second_step=False)

    assert client.get("/")["Location"] == "/protect/"


def test_staff_keep_their_last_second_step(client, amara):
    with_app(amara)
    sign_in(client, amara)
    client.post("/account/reauthenticate/", {"password": PASSWORD})

    response = client.post("/account/2fa/totp/deactivate/")

    assert "People who work here keep a second step" in response.content.decode()
    assert has_app(amara)


def test_staff_keep_their_last_passkey_too(client, amara):
    passkey = Authenticator.objects.create(user=amara, type=Authenticator.Type.WEBAUTHN, data={"name": "Phone"})
    sign_in(client, amara)
    client.post("/account/reauthenticate/", {"password": PASSWORD})

    response = client.post(f"/account/2fa/webauthn/keys/{passkey.pk}/remove/")

    assert response.status_code == 409
    assert Authenticator.objects.filter(pk=passkey.pk).exists()


def test_others_may_remove_theirs(client):
    maya = with_app(owner_of(enrolled(email="maya@portal.test")))
    sign_in(client, maya)
    client.post("/account/reauthenticate/", {"password": PASSWORD})

    client.post("/account/2fa/totp/deactivate/")

    assert not has_app(maya)
    assert "account.authenticator_removed" in Entry.objects.values_list("verb", flat=True)


def test_nothing_about_signing_in_changes_without_asking_again_who_it_is(client):
    maya = owner_of(enrolled(email="maya@portal.test"))
    first_step(client, maya)

    for path in ("/account/2fa/totp/activate/", "/account/2fa/webauthn/add/", "/account/2fa/recovery-codes/generate/"):
        assert client.get(path)["Location"].startswith("/account/reauthenticate/")


def test_nobody_removes_or_renames_the_passkey_of_somebody_else(client, amara):
    passkey = Authenticator.objects.create(user=amara, type=Authenticator.Type.WEBAUTHN, data={"name": "Phone"})
    office = owner_of(admin(email="office@portal.test"))
    sign_in(client, office)
    client.post("/account/reauthenticate/", {"password": PASSWORD})

    for act in ("remove", "edit"):
        assert client.post(f"/account/2fa/webauthn/keys/{passkey.pk}/{act}/", {"name": "Mine"}).status_code == 404
    passkey.refresh_from_db()
    assert passkey.data == {"name": "Phone"}


def test_the_key_shown_to_phones_names_the_portal_and_no_host(client):
    maya = owner_of(enrolled(email="maya@portal.test"))
    first_step(client, maya)
    client.post("/account/reauthenticate/", {"password": PASSWORD})

    page = client.get("/account/2fa/webauthn/add/").content.decode()

    assert re.search(r'"rp": {"name": "Portal"', page)


def test_a_passkey_is_numbered_among_one_s_own():
    maya, ben = UserFactory.create_batch(2)
    Authenticator.objects.create(user=ben, type=Authenticator.Type.WEBAUTHN, data={})
    named = [get_adapter().generate_authenticator_name(one, Authenticator.Type.WEBAUTHN) for one in (maya, ben)]
    assert named == ["Passkey 1", "Passkey 2"]
