"""What follows from giving and withdrawing a permission."""

from datetime import timedelta

import pytest

from iop_portal.audit.models import Entry
from iop_portal.consents.consenting import NotYourName, fingerprint, wording
from iop_portal.consents.models import Category, Consent
from iop_portal.followups.models import FollowUp
from iop_portal.home import permissions
from iop_portal.notices.models import Notice
from iop_portal.people.models import CareTeam, RoleHeld
from iop_portal.people.roles import Role
from tests.factories import (
    NOON,
    ProgramFactory,
    UserFactory,
    admin,
    clinician,
    enrolled,
    held,
    on_care_team,
    permission_of,
    wish_of,
)

LATER = NOON + timedelta(hours=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def maya(program):
    return enrolled(program, preferred_name="Maya", surname="Tester")


@pytest.fixture
def amara(program, maya):
    amara = clinician(program)
    on_care_team(amara, maya, part="primary")
    return amara


def give(maya, *, signature="Maya Tester", **wishes):
    wish = wish_of(maya, **wishes)
    read = fingerprint(wording(wish, client=maya))
    return permissions.give_permission(wish, signature=signature, read=read, client=maya, by=maya, now=NOON)


def owed(**which):
    return [(n.kind, n.to, n.state) for n in Notice.objects.filter(**which)]


def test_who_signs_is_told_so_by_mail(maya):
    give(maya)
    assert owed() == [("consent_signed", maya, "owed")]


def test_what_is_not_signed_leaves_no_trace(maya):
    with pytest.raises(NotYourName):
        give(maya, signature="Rosa")
    assert not Consent.objects.exists()
    assert not Notice.objects.exists()
    assert not Entry.objects.exists()


def test_withdrawing_stops_what_is_owed_and_asks_the_counsellor_to_stop_telling(maya, amara):
    consent = give(maya)
    permissions.withdraw_permission(consent, by=maya, now=LATER)
    assert owed(to=maya) == [("consent_signed", maya, "withdrawn"), ("consent_withdrawn", maya, "owed")]
    follow_up = FollowUp.objects.get()
    assert (follow_up.kind, follow_up.owner, follow_up.client) == ("consent_withdrawn", amara, maya)
    assert (follow_up.about_type, follow_up.about_id) == ("consents.consent", consent.pk)
    assert follow_up.due_at == LATER + timedelta(days=1)


def test_withdrawing_twice_asks_once_even_when_it_was_seen_to(maya, amara):
    consent = give(maya)
    permissions.withdraw_permission(consent, by=maya, now=LATER)
    FollowUp.objects.update(resolved_at=LATER, resolved_by=amara, outcome="Told the front desk")
    permissions.withdraw_permission(consent, by=maya, now=LATER + timedelta(hours=1))
    assert FollowUp.objects.count() == 1
    assert len(owed(to=maya)) == 2


def test_without_a_primary_counsellor_another_of_the_team_answers(program, maya):
    lena = clinician(program)
    on_care_team(lena, maya)
    assert permissions.answerable_for(maya, program) == lena


@pytest.mark.parametrize("gone", ["left the team", "closed account", "lost the role"])
def test_without_a_care_team_an_admin_answers(program, maya, amara, gone):
    office = admin(program)
    match gone:
        case "left the team":
            CareTeam.objects.update(until=NOON)
        case "closed account":
            type(amara).objects.filter(pk=amara.pk).update(is_active=False)
        case "lost the role":
            RoleHeld.objects.filter(user=amara).delete()
    assert permissions.answerable_for(maya, program) == office


def test_where_nobody_can_answer_it_is_withdrawn_all_the_same(maya):
    permissions.withdraw_permission(give(maya), by=maya, now=LATER)
    assert not Consent.objects.live(LATER).exists()
    assert not FollowUp.objects.exists()


def test_a_recipient_finds_exactly_what_they_may_know(program, maya):
    rosa, other = held(Role.FAMILY, program), held(Role.FAMILY, program)
    permission_of(maya, recipient=rosa, category=Category.ATTENDANCE)
    permission_of(maya, recipient=other, category=Category.PLAN)
    permission_of(maya, recipient_name="Dr. No", category=Category.PROGRESS)
    (by,) = permissions.shared_with(rosa, LATER)
    assert by.client == maya
    assert [part.title for part in by.parts] == ["How often Maya came"]
    assert permissions.shared_with(UserFactory(), LATER) == []


def test_what_is_withdrawn_or_over_is_shared_no_more(program, maya):
    rosa = held(Role.FAMILY, program)
    consent = permission_of(maya, recipient=rosa, expires_on=NOON.date() + timedelta(days=1))
    assert len(permissions.shared_with(rosa, LATER)) == 1
    assert permissions.shared_with(rosa, LATER + timedelta(days=2)) == []
    permissions.withdraw_permission(consent, by=maya, now=LATER)
    assert permissions.shared_with(rosa, LATER) == []


def test_the_client_sees_what_the_recipient_sees(program, maya):
    rosa = held(Role.FAMILY, program)
    first = permission_of(maya, recipient=rosa, category=Category.ATTENDANCE)
    permission_of(maya, recipient=rosa, category=Category.PLAN)
    permission_of(maya, recipient_name="Dr. No", category=Category.PROGRESS)
    permission_of(enrolled(program), recipient=rosa, category=Category.PROGRESS)
    (mine,) = permissions.shared_with_the_same_as(first, LATER)
    assert [part.title for part in mine.parts] == ["How often Maya came", "Parts of the plan that Maya marks for you"]
    assert mine in permissions.shared_with(rosa, LATER)


def test_reading_what_is_shared_stands_in_the_clients_trail(program, maya):
    rosa = held(Role.FAMILY, program)
    permission_of(maya, recipient=rosa)
    permissions.read_shared(rosa, now=LATER)
    entry = Entry.objects.get(verb="shared.read")
    assert (entry.client, entry.actor, entry.facts) == (maya, rosa, {"count": 1})


def test_only_a_family_member_of_the_program_is_taken_for_the_recipient(program, maya):
    rosa = held(Role.FAMILY, program, email="rosa@portal.test")
    held(Role.FAMILY, email="away@portal.test")
    enrolled(program, email="ben@portal.test")
    assert permissions.recipient_at("Rosa@portal.test", program) == rosa
    for address in ("", "away@portal.test", "ben@portal.test", "nobody@portal.test"):
        assert permissions.recipient_at(address, program) is None
