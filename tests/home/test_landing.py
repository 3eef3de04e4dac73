"""The first page after signing in, for everybody."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.urls import reverse
from django.utils import timezone

from iop_portal.audit.models import Entry
from iop_portal.consents.consenting import revoke_consent
from iop_portal.home.for_you import suggestions_for
from iop_portal.home.today import care_team_of, greeting
from iop_portal.people.models import CareTeam, RoleHeld, User
from iop_portal.people.roles import Role
from tests.factories import (
    NOON,
    ModalityFactory,
    ProgramFactory,
    TrackFactory,
    UserFactory,
    admin,
    clinician,
    enrolled,
    held,
    on_care_team,
    permission_of,
    seated,
    session_at,
)
from tests.signing_in import sign_in
from therapy.plan_drafting import write_text
from therapy.plan_texts import Content, fingerprint_of
from therapy.prescribing import prescribe

pytestmark = pytest.mark.django_db
LANDING = "home:landing"


@pytest.fixture
def program():
    return ProgramFactory()


def page_of(client, person):
    return sign_in(client, person).get(reverse(LANDING))


@pytest.mark.parametrize(
    ("hour", "words"),
    [
        (4, "Hello"),
        (5, "Good morning"),
        (11, "Good morning"),
        (12, "Good afternoon"),
        (18, "Good evening"),
        (23, "Hello"),
    ],
)
def test_the_greeting_follows_the_persons_own_clock(hour, words):
    auckland = User(preferred_name="Maya", zone="Pacific/Auckland")  # 13 hours ahead in November
    now = datetime(2026, 11, 24, hour, 30, tzinfo=UTC) - timedelta(hours=13)
    assert greeting(auckland, now) == f"{words}, Maya"


def test_a_client_finds_their_team_and_nothing_made_up(client, program):
    maya = enrolled(program)
    on_care_team(clinician(program, preferred_name="Amara", surname="Osei", pronouns="she/her"), maya, part="primary")
    text = page_of(client, maya).content.decode()
    assert "Nothing is planned yet" in text
    assert "Amara Osei" in text
    assert "Your primary counsellor\u00a0· she/her" in text


def test_the_team_is_the_one_of_now_with_the_primary_counsellor_first(program):
    maya = enrolled(program)
    member, primary, gone = (clinician(program, preferred_name=name, surname="") for name in ("Lena", "Amara", "Tom"))
    on_care_team(member, maya)
    on_care_team(primary, maya, part="primary")
    CareTeam.objects.filter(pk=on_care_team(gone, maya).pk).update(until=NOON)
    assert [helper.name for helper in care_team_of(maya)] == ["Amara", "Lena"]
    assert care_team_of(enrolled(program, "discharged")) == []


def test_what_waits_goes_away_once_it_is_done(program):
    maya = enrolled(program)
    titles = [row.title for row in suggestions_for(maya, now=NOON)]
    assert titles == [
        "Begin your plan",
        "Tell us your phone number",
        "Make your account safer",
        "Decide who may know what",
    ]
    maya.phone = "+1 555 0117"
    Authenticator.objects.create(user=maya, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert len(suggestions_for(maya, now=NOON)) == 3
    write_text(maya.enrolments.get(), "matters", "Quiet.", seen=fingerprint_of(Content(), "matters"), by=maya, now=NOON)
    Authenticator.objects.create(user=maya, type=Authenticator.Type.TOTP, data={})
    permission_of(maya)
    assert suggestions_for(maya, now=NOON) == []


def test_booking_is_found_in_a_week_that_has_no_more_to_plan(client, program):
    maya = enrolled(program)
    with time_machine.travel(NOON, tick=False):
        track, group = TrackFactory(program=program), ModalityFactory(program=program)
        prescribe(maya.enrolments.get(), track=track, phase="core", hours=1, days=1, by=None, now=NOON)
        seated(maya, session_at(group, NOON + timedelta(hours=3), clinician(program)))
        page = sign_in(client, maya).get("/").content.decode()
    assert (reverse("scheduling:book") in page, reverse("scheduling:plan_my_week") in page) == (True, False)


def test_an_applicant_finds_what_comes_next(client, program):
    assert "Book a first conversation" in page_of(client, enrolled(program, "referred")).content.decode()


def test_an_alum_finds_the_way_back(client, program):
    assert "If it gets hard again" in page_of(client, enrolled(program, "discharged")).content.decode()


def test_a_family_member_finds_what_is_shared_and_only_as_long_as_it_is(client, program):
    rosa = held(Role.FAMILY, program)
    alone = page_of(client, rosa).content.decode()
    assert "Nothing is shared with you yet." in alone
    assert "The person you support decides what you see here." in alone
    maya = enrolled(program, preferred_name="Maya")
    now = timezone.now() - timedelta(minutes=1)
    consent = permission_of(maya, now=now, expires_on=now.date() + timedelta(days=30), recipient=rosa)
    text = page_of(client, rosa).content.decode()
    assert "How often Maya came" in text
    assert "Maya decides what you see here." in text
    assert "42 CFR part 2 prohibits unauthorized use or disclosure of these records." in text
    assert Entry.objects.filter(verb="shared.read", client=maya, actor=rosa).count() == 1
    revoke_consent(consent, by=maya, now=timezone.now())
    text = client.get(reverse(LANDING)).content.decode()
    assert "Maya" not in text
    assert "Nothing is shared with you yet." in text


def test_another_family_member_finds_nothing_of_it(client, program):
    now = timezone.now() - timedelta(minutes=1)
    permission_of(
        enrolled(program, preferred_name="Maya"),
        now=now,
        expires_on=now.date() + timedelta(days=30),
        recipient=held(Role.FAMILY, program),
    )
    assert "Maya" not in page_of(client, held(Role.FAMILY, program)).content.decode()


def test_a_clinician_is_led_to_the_caseload(client, program):
    assert page_of(client, clinician(program)).url == reverse("home:caseload")


def test_an_admin_is_led_to_the_office(client, program):
    assert page_of(client, admin(program)).url == reverse("office:desk")


def test_who_is_a_client_too_comes_as_a_client_first(client, program):
    both = enrolled(program)
    RoleHeld.objects.create(user=both, program=program, role=Role.CLINICIAN)
    assert "Nothing is planned yet" in page_of(client, both).content.decode()


def test_somebody_without_a_role_finds_whom_to_ask(client):
    assert "There is nothing here for you yet" in page_of(client, UserFactory()).content.decode()


def test_it_is_only_read(client, program):
    assert sign_in(client, enrolled(program)).post(reverse(LANDING)).status_code == 405


def test_the_signed_out_are_asked_to_sign_in(client):
    assert client.get(reverse(LANDING)).url.startswith(reverse("account_login"))
