import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.conf import settings as live_settings
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from iop_portal.demo.cast import PERSONAS
from iop_portal.demo.devices import give_device, ready_code
from iop_portal.people.models import User
from tests.demo import urls
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 11, 24, 14, 0, 5, tzinfo=UTC)
STAFF = {"amara", "lena", "office"}


@pytest.fixture
def demonstration(settings):
    settings.PORTAL_DEMO = True
    settings.ROOT_URLCONF = urls.__name__
    settings.MFA_FORMS = {
        "authenticate": "iop_portal.demo.forms.AuthenticateForm",
        "reauthenticate": "iop_portal.demo.forms.ReauthenticateForm",
    }


@pytest.fixture(scope="module")
def story(story_told_at):
    with time_machine.travel(MORNING, tick=False), story_told_at(timezone.now()):
        yield


@pytest.fixture
def told(demonstration, story):
    """The clock stands still, or a code could run out between a page and its answer."""
    with time_machine.travel(MORNING, tick=False):
        yield


def person(slug):
    return User.objects.get(email=f"{slug}@portal.test")


def enter(client, slug):
    return client.post(reverse("demo:enter", args=[slug]))


def signed_in(client):
    return client.session.get("_auth_user_id")


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.slug)
def test_every_persona_signs_in_by_one_click_and_staff_by_a_second_step(client, told, persona):
    answer = enter(client, persona.slug)
    if persona.slug in STAFF:
        assert answer.url == reverse("mfa_authenticate")
        assert signed_in(client) is None
        page = client.get(answer.url)
        code = page.context["form"].initial["code"]
        answer = client.post(answer.url, {"code": code})
    assert answer.url == "/"
    assert signed_in(client) == str(person(persona.slug).pk)


def test_a_wrong_code_is_still_wrong(client, told):
    enter(client, "amara")
    answer = client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert answer.status_code == 400
    assert signed_in(client) is None


def test_a_code_that_ran_out_comes_back_as_the_next_one(client, told):
    with time_machine.travel(datetime(2026, 11, 24, 17, 0, 29, tzinfo=UTC), tick=False):
        enter(client, "amara")
        late = client.get(reverse("mfa_authenticate")).context["form"].initial["code"]
    with time_machine.travel(datetime(2026, 11, 24, 17, 0, 31, tzinfo=UTC), tick=False):
        answer = client.post(reverse("mfa_authenticate"), {"code": late})
        following = answer.context["form"]["code"].value()
        assert following != late
        assert client.post(reverse("mfa_authenticate"), {"code": following}).url == "/"


def test_the_same_person_comes_in_twice_within_half_a_minute_with_two_codes(client, told):
    with time_machine.travel(datetime(2026, 11, 24, 17, 0, 5, tzinfo=UTC), tick=False):
        codes = []
        for _ in range(2):
            enter(client, "lena")
            codes.append(client.get(reverse("mfa_authenticate")).context["form"].initial["code"])
            assert client.post(reverse("mfa_authenticate"), {"code": codes[-1]}).url == "/"
        assert len(set(codes)) == 2


def test_a_code_works_once_even_here(client, told):
    with time_machine.travel(datetime(2026, 11, 24, 17, 0, 5, tzinfo=UTC), tick=False):
        enter(client, "lena")
        code = client.get(reverse("mfa_authenticate")).context["form"].initial["code"]
        client.post(reverse("mfa_authenticate"), {"code": code})
        enter(client, "lena")
        assert client.post(reverse("mfa_authenticate"), {"code": code}).status_code == 400
        assert signed_in(client) is None


def test_entering_as_somebody_leaves_the_one_before(client, told):
    enter(client, "maya")
    enter(client, "theo")
    assert signed_in(client) == str(person("theo").pk)


def test_a_changed_password_is_not_walked_around(client, told):
    maya = person("maya")
    maya.set_password("another password of hers")
    maya.save()
    assert enter(client, "maya").url == reverse("account_login")
    assert signed_in(client) is None


def test_nobody_else_can_be_entered(client, told):
    assert enter(client, "hannah").status_code == 404


def test_a_look_at_the_address_signs_nobody_in(client, told):
    assert client.get(reverse("demo:enter", args=["maya"])).status_code == 405
    assert signed_in(client) is None


def test_the_secret_of_a_seeded_device_is_sealed():
    user = UserFactory()
    give_device(user)
    device = Authenticator.objects.get(user=user, type="totp")
    assert device.data["secret"].startswith("gAAAA")
    assert device.wrap().validate_code(ready_code(user)) is True


def test_somebody_without_a_device_gets_no_code():
    assert ready_code(UserFactory()) == ""


def test_the_sign_in_page_offers_personas_only_in_a_demonstration(demonstration, settings):
    assert render_to_string("demo/personas.html").count("<button") == len(PERSONAS)
    settings.PORTAL_DEMO = False
    assert render_to_string("demo/personas.html").strip() == ""


def test_outside_a_demonstration_there_is_no_such_address(client):
    assert live_settings.PORTAL_DEMO is False
    with pytest.raises(NoReverseMatch):
        reverse("demo:enter", args=["maya"])
    assert client.post("/demo/enter/maya/").status_code == 404


def test_a_demonstration_cannot_be_put_into_production():
    environment = {**os.environ, "PORTAL_ENV": "production", "PORTAL_DEMO": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", "import iop_portal.settings"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode != 0
    assert "PORTAL_DEMO lets anybody in and cannot be set where PORTAL_ENV=production" in ran.stderr
