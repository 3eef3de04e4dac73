"""Who may see what hangs on people: lines of the trail, invitations, follow-ups, permissions, rooms."""

from copy import deepcopy
from datetime import timedelta

import pytest
from django.utils import timezone

from iop_portal.accounts.models import Invitation
from iop_portal.audit import trail
from iop_portal.audit.models import Entry
from iop_portal.consents.models import Category, Consent
from iop_portal.followups.models import FollowUp
from iop_portal.people.models import Enrolment, Program, RoleHeld, User
from iop_portal.people.roles import Role
from scheduling.models import Room
from tests.factories import NOON, clinician, enrolled, on_care_team
from tests.once import once
from tests.world import build_world, permission

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker):
    with once(django_db_blocker, build_world) as world:
        yield world


@pytest.fixture
def world(db, built):
    """As it was built, whatever others have done in it."""
    return deepcopy(built)


@pytest.fixture
def home(world):
    return Program.objects.get(name="Zq-home House")


@pytest.fixture
def away(world):
    return Program.objects.get(name="Zq-away House")


# ── The trail ─────────────────────────────────────────────────────────────────────────────────────────────────


def line(*, by, client=None):
    return trail.record("trail.read", by=by, client=client)


@pytest.fixture
def nobodys(world):
    """Somebody who worked somewhere once."""
    person = clinician()
    person.roles_held.all().delete()
    return person


@pytest.mark.parametrize(
    ("by", "client", "readers"),
    [
        ("team", "client", {"admin"}),
        ("team", None, {"admin"}),
        ("client", "client", {"admin"}),
        ("client", None, {"admin"}),
        ("elsewhere", None, {"other_admin"}),
        ("elsewhere", "client", set()),  # what another program's staff did stays there
        (None, "client", {"admin"}),
        (None, None, set()),
        ("nobodys", "client", {"admin"}),
        ("nobodys", None, set()),
    ],
)
def test_admins_read_the_trail_of_their_program(world, nobodys, by, client, readers):
    people = {**world.people, "nobodys": nobodys, None: None}
    entry = line(by=people[by], client=people[client])
    read_by = {name for name in ("admin", "other_admin") if Entry.objects.run_by(people[name]).filter(pk=entry.pk)}
    assert read_by == readers
    for name in ("team", "client", "family"):
        assert not Entry.objects.run_by(people[name]).exists()


def test_of_a_client_in_two_programs_each_reads_what_their_own_staff_did(world, away):
    Enrolment.objects.create(client=world.client, program=away, referred_on="2026-11-01")
    ours, theirs = line(by=world.team, client=world.client), line(by=world.elsewhere, client=world.client)
    assert theirs not in Entry.objects.run_by(world.admin)
    assert ours not in Entry.objects.run_by(world.other_admin)
    assert theirs in Entry.objects.run_by(world.other_admin)


def test_people_belong_to_a_program_by_a_role_or_an_enrolment(world):
    names = {person.pk: name for name, person in world.people.items()}
    everybody = set(world.people) - {"anonymous"}
    away = {"elsewhere", "other_admin"}
    assert {names[p.pk] for p in User.objects.belonging_to_programs_run_by(world.admin)} == everybody - away
    assert {names[p.pk] for p in User.objects.belonging_to_programs_run_by(world.other_admin)} == away
    assert not User.objects.belonging_to_programs_run_by(world.team).exists()


# ── Invitations ───────────────────────────────────────────────────────────────────────────────────────────────


def invited(program, by, role=Role.CLIENT):
    return Invitation.objects.create(
        email=f"{Invitation.objects.count()}@portal.test",
        preferred_name="New",
        program=program,
        role=role,
        enrol_as="referred" if role == Role.CLIENT else "",
        invited_by=by,
        invited_at=NOON,
        expires_at=NOON + timedelta(days=7),
    )


def test_a_clinician_sees_the_clients_they_invited_where_they_work(world, home, away):
    mine = invited(home, world.team)
    invited(home, world.other_team)
    invited(home, world.team, Role.CLINICIAN)
    invited(away, world.team)
    assert list(Invitation.objects.of_clients_by(world.team)) == [mine]
    RoleHeld.objects.filter(user=world.team).update(role=Role.FAMILY)
    assert not Invitation.objects.of_clients_by(world.team).exists()


def test_an_admin_sees_the_invitations_to_their_program(world, home, away):
    Invitation.objects.all().delete()
    ours, theirs = invited(home, world.team), invited(away, world.elsewhere)
    assert list(Invitation.objects.run_by(world.admin)) == [ours]
    assert list(Invitation.objects.run_by(world.other_admin)) == [theirs]


# ── Follow-ups ────────────────────────────────────────────────────────────────────────────────────────────────


def owed(program, owner, client=None, **fields):
    return FollowUp.objects.create(
        program=program,
        kind="consent_withdrawn",
        owner=owner,
        client=client,
        about_type="consents.consent",
        about_id=FollowUp.objects.count() + 1000,
        made_at=NOON,
        due_at=NOON,
        **fields,
    )


def those_who_see(follow_up, world):
    staff = ("team", "other_team", "glass", "elsewhere", "admin", "other_admin")
    return {name for name in staff if FollowUp.objects.visible_to(world.people[name]).filter(pk=follow_up.pk)}


@pytest.mark.parametrize(
    ("owner", "client", "seen_by"),
    [
        ("team", "client", {"team"}),
        ("other_team", "client", {"team"}),  # whoever left the team sees it no more
        ("admin", "client", {"team", "admin"}),
        ("other_admin", "client", {"team"}),
        ("admin", None, {"admin"}),
        ("team", None, {"team", "admin"}),
        ("elsewhere", None, {"elsewhere", "admin"}),
    ],
)
def test_acts_of_care_are_the_teams_and_acts_of_the_office_the_admins(world, home, owner, client, seen_by):
    people = {**world.people, None: None}
    assert those_who_see(owed(home, people[owner], people[client]), world) == seen_by


def test_what_waits_is_ones_own_open_and_not_put_off(world, home):
    FollowUp.objects.all().delete()
    waits = owed(home, world.team, world.client)
    owed(home, world.one_step, world.client)
    owed(home, world.team, world.other_client)
    again = owed(home, world.team, world.client, snoozed_until=NOON)
    later = owed(home, world.team, world.client, snoozed_until=NOON + timedelta(hours=1))
    owed(home, world.team, world.client, resolved_at=NOON, resolved_by=world.team, outcome="Called.")
    assert set(FollowUp.objects.waiting_for(world.team, NOON)) == {waits, again}
    assert later in FollowUp.objects.waiting_for(world.team, NOON + timedelta(hours=1))


# ── Permissions and rooms ─────────────────────────────────────────────────────────────────────────────────────


def test_permissions_are_seen_by_their_client_and_whoever_may_read_the_record(world):
    now = timezone.now()
    hers = Consent.objects.filter(client=world.client)
    other = permission(world.other_client, world.family, Category.APPOINTMENTS, now)
    for name in ("client", "team", "glass"):
        assert set(Consent.objects.visible_to(world.people[name], now)) == set(hers)
    for name in ("other_client", "other_team"):
        assert list(Consent.objects.visible_to(world.people[name], now)) == [other]
    for name in ("family", "family_revoked", "admin", "elsewhere"):
        assert not Consent.objects.visible_to(world.people[name], now).exists()


def test_somebody_who_is_nowhere_enrolled_any_more_reads_what_they_signed(world):
    signed = set(Consent.objects.filter(client=world.client))
    world.client.enrolments.update(client=enrolled())
    assert set(Consent.objects.visible_to(world.client, timezone.now())) == signed


def test_rooms_are_run_by_the_admins_of_their_program(world):
    assert [room.name for room in Room.objects.run_by(world.admin)] == ["Zq-room"]
    assert not Room.objects.run_by(world.other_admin).exists()
    assert not Room.objects.run_by(world.team).exists()


def test_a_colleague_of_the_care_team_does_not_see_another_client_of_a_colleague(world):
    on_care_team(world.team, world.alum)
    assert not User.objects.open_to(world.one_step).filter(pk=world.alum.pk).exists()
