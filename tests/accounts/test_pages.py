"""Settings and emergency access, as pages."""

import pytest
from allauth.account.models import EmailAddress
from django.db import connection

from iop_portal.accounts.apart import keep_apart
from iop_portal.audit.models import Entry
from iop_portal.people.models import Apart, BrokenGlass, User
from tests.accounts.people import owner_of
from tests.factories import NOON, ProgramFactory, admin, clinician, enrolled, on_care_team
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db
REASON = "She called the desk in distress and her counsellor is away."
SETTINGS = {
    "preferred_name": "Maya",
    "surname": "Torres",
    "pronouns": "she",
    "phone": "+1 555 0100",
    "voicemail_ok": "on",
    "zone": "America/Denver",
    "language": "en-us",
    "theme": "dark",
}


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def maya(program):
    return owner_of(enrolled(program, email="maya@portal.test", preferred_name="Maya"))


@pytest.fixture
def lena(program):
    return clinician(program)


def test_settings_are_kept_and_take_effect(client, maya):
    sign_in(client, maya)

    assert client.post("/settings/", SETTINGS)["Location"] == "/settings/"

    maya.refresh_from_db()
    assert (maya.phone, maya.zone, maya.theme, maya.voicemail_ok, maya.mail_ok) == (
        "+1 555 0100",
        "America/Denver",
        "dark",
        True,
        False,
    )
    assert 'data-bs-theme="dark"' in client.get("/settings/").content.decode()
    assert Entry.objects.filter(verb="account.settings_changed", actor=maya).count() == 1


def test_a_phone_number_is_sealed_in_the_database(client, maya):
    sign_in(client, maya)
    client.post("/settings/", SETTINGS)

    with connection.cursor() as cursor:
        cursor.execute("SELECT phone FROM people_user WHERE id = %s", [maya.pk])
        assert "555" not in cursor.fetchone()[0]


def test_saving_what_is_there_already_leaves_no_trace(client, maya):
    sign_in(client, maya)
    client.post("/settings/", SETTINGS)

    client.post("/settings/", SETTINGS)

    assert Entry.objects.filter(verb="account.settings_changed").count() == 1


def test_only_one_s_own_settings_change_and_only_these_fields(client, maya):
    other = enrolled(email="theo@portal.test")
    before = User.objects.filter(pk=other.pk).values().get()
    password = maya.password
    sign_in(client, maya)
    raised = {"id": other.pk, "email": "evil@portal.test", "is_active": "", "password": "x", "role": "admin"}

    client.post(f"/settings/?user={other.pk}", {**SETTINGS, **raised, "user": other.pk})

    assert User.objects.filter(pk=other.pk).values().get() == before
    maya.refresh_from_db()
    assert (maya.email, maya.is_active, maya.password) == ("maya@portal.test", True, password)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("preferred_name", ""),
        ("preferred_name", "Ma\u202eya"),
        ("surname", "Tor\nres"),
        ("surname", "T" * 81),
        ("zone", "Mars/Olympus"),
        ("language", "tlh"),
        ("theme", "pink"),
        ("phone", "5" * 41),
        ("phone", "555\u20280100"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words_and_nothing_typed_is_lost(client, maya, field, value):
    sign_in(client, maya)

    page = client.post("/settings/", {**SETTINGS, "pronouns": "xe/xem", field: value})

    assert page.status_code == 400
    assert list(page.context["form"].errors) == [field]
    assert 'value="xe/xem"' in page.content.decode()
    maya.refresh_from_db()
    assert maya.pronouns == ""
    assert ">Maya <" in page.content.decode(), "the frame keeps the name that is saved"


def test_a_clinician_opens_a_record_in_an_emergency(client, maya, lena):
    sign_in(client, lena)

    response = client.post("/emergency-access/", {"email": "maya@portal.test", "reason": REASON})

    assert response["Location"] == f"/clients/{maya.pk}/"
    assert BrokenGlass.objects.get().client == maya
    assert client.get(response["Location"]).status_code == 200


@pytest.mark.parametrize("whose", ["nobody's", "of another program", "kept apart"])
def test_there_is_one_answer_for_every_record_that_does_not_open(client, program, maya, lena, whose):
    stranger = owner_of(enrolled(email="jo@portal.test"))
    addresses = {"nobody's": "nobody@portal.test", "of another program": stranger.email, "kept apart": maya.email}
    keep_apart(maya, lena, asked_by=Apart.AskedBy.CLIENT, by=admin(program), now=NOON)
    sign_in(client, lena)

    response = client.post("/emergency-access/", {"email": addresses[whose], "reason": REASON})

    assert response.status_code == 404
    assert "There is no record that you can open" in response.content.decode()
    assert REASON in response.content.decode()
    assert not BrokenGlass.objects.exists()
    entry = Entry.objects.get(verb="glass.refused")
    assert (entry.actor, entry.client) == (lena, None)


def test_a_short_reason_is_asked_for_again(client, maya, lena):
    sign_in(client, lena)

    page = client.post("/emergency-access/", {"email": maya.email, "reason": "urgent"})

    assert "Say in a sentence why" in page.content.decode()
    assert not BrokenGlass.objects.exists()


def test_one_s_own_client_needs_no_emergency(client, maya, lena):
    on_care_team(lena, maya)
    sign_in(client, lena)

    page = client.post("/emergency-access/", {"email": maya.email, "reason": REASON})

    assert page.status_code == 409
    assert not BrokenGlass.objects.exists()


def test_only_clinicians_find_the_page(client, program, maya):
    for user in (maya, admin(program)):
        sign_in(client, user)
        for answer in (client.get("/emergency-access/"), client.post("/emergency-access/", {})):
            assert answer.status_code == 403


def test_an_unconfirmed_address_opens_no_record(client, program, lena, maya):
    EmailAddress.objects.filter(user=maya).update(verified=False)
    sign_in(client, lena)

    assert client.post("/emergency-access/", {"email": maya.email, "reason": REASON}).status_code == 404
