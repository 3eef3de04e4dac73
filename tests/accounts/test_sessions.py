"""How long a session lasts, and what somebody finds who comes back too late."""

from datetime import timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from iop_portal.accounts.models import FormerAddress
from iop_portal.accounts.sessions import end_others
from iop_portal.accounts.tasks import tidy_expired
from iop_portal.audit.models import Entry
from tests.accounts.people import PASSWORD, owner_of
from tests.factories import NOON, UserFactory, clinician, enrolled
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db
SIGN_IN = "/account/login/"


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def maya(client, clock):
    maya = owner_of(enrolled(email="maya@portal.test"))
    client.post(SIGN_IN, {"login": maya.email, "password": PASSWORD})
    return maya


def test_after_thirty_minutes_without_a_request_one_is_signed_out_and_led_back(client, maya, clock):
    clock.shift(timedelta(minutes=29, seconds=59))
    assert client.get("/settings/").status_code == 200
    clock.shift(timedelta(minutes=30))

    response = client.get("/settings/?tab=1")

    assert (response.status_code, response["Location"]) == (302, "/account/login/?next=%2Fsettings%2F%3Ftab%3D1")
    assert response["Clear-Site-Data"] == '"cache"'
    assert Entry.objects.filter(verb="account.timed_out", actor=maya).count() == 1
    page = client.get(response["Location"]).content.decode()
    assert "nothing happened for 30 minutes" in page
    assert 'value="/settings/?tab=1"' in page
    assert "nothing happened" not in client.get(SIGN_IN).content.decode()


def test_staff_are_signed_out_after_fifteen_minutes(client, clock):
    sign_in(client, clinician())
    client.get("/settings/")
    clock.shift(timedelta(minutes=14, seconds=59))
    assert client.get("/settings/").status_code == 200
    clock.shift(timedelta(minutes=15))

    assert client.get("/settings/").status_code == 302


def test_nobody_stays_longer_than_twelve_hours(client, maya, clock):
    for _ in range(28):
        clock.shift(timedelta(minutes=25))
        assert client.get("/settings/").status_code == 200
    clock.shift(timedelta(minutes=20))

    response = client.get("/settings/")

    assert response.status_code == 302
    assert "after 12 hours" in client.get(response["Location"]).content.decode()


def test_what_a_page_asks_by_itself_extends_nothing(client, maya, clock):
    for _ in range(5):
        clock.shift(timedelta(minutes=5))
        assert client.get("/settings/", headers={"X-Portal-Poll": "1"}).status_code == 200
    clock.shift(timedelta(minutes=5))

    assert client.get("/settings/", headers={"X-Portal-Poll": "1"}).status_code == 302


def test_a_form_that_comes_too_late_is_answered_with_a_clear_page_and_changes_nothing(client, maya, clock):
    clock.shift(timedelta(minutes=31))

    response = client.post("/settings/", {"preferred_name": "Somebody"})

    assert response.status_code == 401
    assert "What you typed was not saved" in response.content.decode()
    maya.refresh_from_db()
    assert maya.preferred_name != "Somebody"


def test_a_part_of_a_page_that_comes_too_late_sends_the_whole_page_to_sign_in(client, maya, clock):
    clock.shift(timedelta(minutes=31))
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/settings/?tab=1"}

    response = client.post("/settings/", {}, headers=headers)

    assert (response.status_code, response["HX-Redirect"]) == (200, "/account/login/?next=%2Fsettings%2F%3Ftab%3D1")
    assert "Location" not in response


def test_a_part_of_a_page_asked_for_by_nobody_signed_in_never_holds_the_sign_in_page(client, db):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://evil.example/settings/"}

    response = client.get("/settings/", headers=headers)

    assert (response["HX-Redirect"], response.content) == ("/account/login/", b"")


def test_help_is_open_to_somebody_whose_time_ran_out(client, maya, clock):
    clock.shift(timedelta(hours=1))

    response = client.get("/help/")

    assert response.status_code == 200
    assert "nothing happened for 30 minutes" in response.content.decode()
    assert client.get("/settings/").status_code == 302


def test_staying_extends_by_the_whole_idle_time(client, maya, clock):
    clock.shift(timedelta(minutes=29))

    response = client.post("/session/extend/")

    assert response.json() == {"seconds": 1800}
    clock.shift(timedelta(minutes=29))
    assert client.get("/settings/").status_code == 200


def test_staying_never_passes_twelve_hours(client, maya, clock):
    for _ in range(28):
        clock.shift(timedelta(minutes=25))
        client.post("/session/extend/")

    clock.shift(timedelta(minutes=10))
    assert client.post("/session/extend/").json() == {"seconds": 600}


@pytest.mark.parametrize("path", ["/session/extend/", "/session/lock/"])
def test_the_session_is_never_touched_by_a_link(client, maya, path):
    assert client.get(path).status_code == 405


def test_leaving_quickly_ends_the_session_at_once(client, maya):
    response = client.post("/session/lock/")

    assert (response.status_code, response["Clear-Site-Data"], response.content) == (204, '"cache"', b"")
    assert client.get("/settings/").status_code == 302
    assert Entry.objects.filter(verb="account.signed_out", actor=maya).count() == 1
    assert client.post("/session/lock/").status_code == 204


def test_leaving_quickly_needs_the_form_s_own_token(maya):
    other = Client(enforce_csrf_checks=True)
    other.force_login(maya)

    assert other.post("/session/lock/").status_code == 403


def test_being_there_is_written_down_once_a_minute_at_most(client, maya, clock, django_assert_num_queries):
    client.get("/settings/")
    clock.shift(timedelta(seconds=30))
    # The session, the person, their roles, and the form's own copy of the person.
    with django_assert_num_queries(4) as asked:
        client.get("/settings/")
    assert not [query for query in asked.captured_queries if query["sql"].startswith(("UPDATE", "INSERT"))]
    clock.shift(timedelta(seconds=30))
    client.get("/settings/")

    assert UserSession.objects.get(user=maya).last_seen_at == NOON + timedelta(minutes=1)


def test_one_sees_one_s_sessions_and_signs_the_others_out(client, maya):
    phone = Client(headers={"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS) Version/17 Safari/604.1"})
    phone.post(SIGN_IN, {"login": maya.email, "password": PASSWORD})
    stranger = Client()
    someone = owner_of(UserFactory())
    stranger.post(SIGN_IN, {"login": someone.email, "password": PASSWORD})
    page = client.get("/account/sessions/").content.decode()
    assert "Safari on iPhone" in page
    assert page.count("Last seen") == 2

    client.post("/account/sessions/")

    assert phone.get("/settings/").status_code == 302
    assert client.get("/settings/").status_code == 200
    assert UserSession.objects.filter(user=someone).count() == 1


def test_ending_one_s_other_sessions_ends_nobody_else_s(client, maya):
    phone, stranger, someone = Client(), Client(), owner_of(enrolled())
    for browser, person in ((phone, maya), (stranger, someone)):
        browser.post(SIGN_IN, {"login": person.email, "password": PASSWORD})
    assert end_others(maya, but=client.session.session_key) == 1
    assert [browser.get("/settings/").status_code for browser in (client, phone, stranger)] == [200, 302, 200]


def test_cookies_are_closed_to_scripts_and_to_other_sites(client, maya):
    cookie = client.cookies["portal"]

    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")


def test_what_has_run_out_is_thrown_away_and_nothing_else(client, maya, clock):
    cache.set("old", "x", timeout=60)
    cache.set("new", "x", timeout=60 * 60 * 24 * 40)
    FormerAddress.objects.create(user=maya, email="old@portal.test", replaced_at=NOON)
    tidy_expired()
    assert (Session.objects.count(), UserSession.objects.count(), FormerAddress.objects.count()) == (1, 1, 1)
    clock.shift(timedelta(days=31))
    FormerAddress.objects.create(user=maya, email="newer@portal.test", replaced_at=timezone.now())

    tidy_expired()
    tidy_expired()

    assert (Session.objects.count(), UserSession.objects.count()) == (0, 0)
    assert [former.email for former in FormerAddress.objects.all()] == ["newer@portal.test"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM portal_cache WHERE cache_key LIKE '%%:old' OR cache_key LIKE '%%:new'")
        assert [key.rpartition(":")[2] for (key,) in cursor.fetchall()] == ["new"]


def test_a_former_address_is_sealed_in_the_database(maya):
    FormerAddress.objects.create(user=maya, email="old@portal.test", replaced_at=NOON)

    with connection.cursor() as cursor:
        cursor.execute("SELECT email FROM accounts_formeraddress")
        assert "old" not in cursor.fetchone()[0]


def test_times_are_shown_in_one_s_own_zone(client, maya):
    maya.zone = "Pacific/Honolulu"
    maya.save()

    assert "7:00" in client.get("/account/sessions/").content.decode()
