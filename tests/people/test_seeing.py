"""Who may see whom, asked of the querysets themselves: exact answers, for everybody, and what ends them."""

from copy import deepcopy
from datetime import timedelta

import pytest
from django.utils import timezone

from iop_portal.people.models import Apart, BrokenGlass, CareTeam, Enrolment, Program, RoleHeld, User
from iop_portal.people.roles import Role
from tests.factories import ProgramFactory, admin, clinician, enrolled, held, on_care_team
from tests.once import once
from tests.world import build_world

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker):
    with once(django_db_blocker, build_world) as world:
        yield world


@pytest.fixture
def world(db, built):
    """As it was built, whatever others have done in it."""
    return deepcopy(built)


def seen(queryset, world):
    """The personas of those found."""
    names = {person.pk: name for name, person in world.people.items()}
    return {names[person.pk] for person in queryset}


STAFF = {"team", "other_team", "glass", "one_step", "admin"}
CLIENTS = {"client", "other_client", "applicant", "alum"}


@pytest.mark.parametrize(
    ("persona", "records", "caseload", "administered", "staff"),
    [
        ("client", {"client"}, set(), set(), set()),
        ("other_client", {"other_client"}, set(), set(), set()),
        ("applicant", {"applicant"}, set(), set(), set()),
        ("alum", {"alum"}, set(), set(), set()),
        ("family", set(), set(), set(), set()),
        ("family_revoked", set(), set(), set(), set()),
        ("team", {"client"}, {"client"}, set(), set()),
        ("other_team", {"other_client"}, {"other_client"}, set(), set()),
        ("glass", {"client"}, set(), set(), set()),
        ("admin", set(), set(), CLIENTS, STAFF),
        ("other_admin", set(), set(), set(), {"other_admin", "elsewhere"}),
        ("elsewhere", set(), set(), set(), set()),
    ],
)
def test_whom_each_may_see(world, persona, records, caseload, administered, staff):
    user = world.people[persona]
    assert seen(User.objects.open_to(user), world) == records
    assert seen(User.objects.caseload_of(user), world) == caseload
    assert seen(User.objects.clients_of_programs_run_by(user), world) == administered
    assert seen(User.objects.staff_of_programs_run_by(user), world) == staff


@pytest.mark.parametrize(
    ("persona", "clients"),
    [
        ("client", {"client"}),
        ("alum", {"alum"}),
        ("family", set()),
        ("team", {"client"}),
        ("glass", {"client"}),
        ("other_team", {"other_client"}),
        ("admin", CLIENTS),
        ("other_admin", set()),
    ],
)
def test_whose_enrolments_each_may_see(world, persona, clients):
    found = Enrolment.objects.visible_to(world.people[persona]).select_related("client")
    assert sorted(e.client.pk for e in found) == sorted(world.people[name].pk for name in clients)


def test_enrolments_are_run_by_the_admins_of_their_program(world):
    assert seen([e.client for e in Enrolment.objects.run_by(world.admin)], world) == CLIENTS
    assert not Enrolment.objects.run_by(world.other_admin).exists()
    assert not Enrolment.objects.run_by(world.team).exists()


def test_programs_are_seen_by_those_in_them_and_run_by_their_admins(world):
    home = Program.objects.get(name="Zq-home House")
    for name in ("client", "applicant", "alum", "family", "team", "admin"):
        assert list(Program.objects.visible_to(world.people[name])) == [home]
    assert home not in Program.objects.visible_to(world.other_admin)
    assert list(Program.objects.run_by(world.admin)) == [home]
    for name in ("client", "family", "team"):
        assert not Program.objects.run_by(world.people[name]).exists()


def test_broken_glass_is_reviewed_by_admins_of_its_program(world):
    assert BrokenGlass.objects.reviewable_by(world.admin).count() == 1
    for name in ("other_admin", "team", "glass", "client"):
        assert not BrokenGlass.objects.reviewable_by(world.people[name]).exists()


def test_clinicians_of_a_program_work_there_now(world):
    home, away = Program.objects.get(name="Zq-home House"), Program.objects.get(name="Zq-away House")
    clinician(away)
    gone = clinician(home, is_active=False)
    assert seen(User.objects.clinicians_of(home), world) == {"team", "other_team", "glass", "one_step"}
    assert gone not in User.objects.clinicians_of(home)


# ── What ends it ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "end",
    [
        lambda client, amara: CareTeam.objects.filter(clinician=amara).update(until=timezone.now()),
        lambda client, amara: client.enrolments.update(
            state="discharged", discharge_reason="left", discharged_on="2026-11-24"
        ),
        lambda client, amara: RoleHeld.objects.filter(user=amara).delete(),
        lambda client, amara: RoleHeld.objects.filter(user=amara).update(role=Role.FAMILY),
        lambda client, amara: RoleHeld.objects.filter(user=amara).update(program=ProgramFactory()),
    ],
    ids=["left the team", "client discharged", "no role", "another role", "moved to another program"],
)
def test_a_place_on_the_care_team_ends(world, end):
    end(world.client, world.team)
    assert not User.objects.caseload_of(world.team).exists()
    assert not User.objects.open_to(world.team).exists()
    assert not Enrolment.objects.visible_to(world.team).filter(client=world.client).exists()


def test_broken_glass_opens_only_while_it_lasts(world):
    glass = BrokenGlass.objects.get()
    moment = timedelta(microseconds=1)
    for now, open_ in [
        (glass.since - moment, False),
        (glass.since, True),
        (glass.until - moment, True),
        (glass.until, False),
    ]:
        assert User.objects.open_to(world.glass, now).exists() is open_
        assert Enrolment.objects.visible_to(world.glass, now).exists() is open_
        assert BrokenGlass.objects.open_at(now).exists() is open_


@pytest.mark.parametrize("change", [{"role": Role.ADMIN}, {"role": Role.FAMILY}])
def test_broken_glass_opens_nothing_to_whom_is_no_clinician_there(world, change):
    RoleHeld.objects.filter(user=world.glass).update(**change)
    assert not User.objects.open_to(world.glass).exists()


def test_broken_glass_opens_nothing_to_whom_works_elsewhere(world):
    RoleHeld.objects.filter(user=world.glass).update(program=ProgramFactory())
    assert not User.objects.open_to(world.glass).exists()


def test_a_client_who_is_not_a_client_any_more_still_opens_their_own_record(world):
    assert seen(User.objects.open_to(world.alum), world) == {"alum"}


def test_somebody_without_an_enrolment_has_no_record_to_open(world):
    assert not User.objects.open_to(held(Role.FAMILY)).exists()


def test_an_admin_who_also_treats_opens_only_their_own_caseload(world):
    both = admin(Program.objects.get(name="Zq-home House"))
    assert not User.objects.open_to(both).exists()
    RoleHeld.objects.create(user=both, program=Program.objects.get(name="Zq-home House"), role=Role.CLINICIAN)
    on_care_team(both, world.other_client)
    assert seen(User.objects.open_to(both), world) == {"other_client"}


def test_two_enrolments_show_a_client_once(world):
    Enrolment.objects.create(client=world.alum, program=ProgramFactory(), referred_on="2026-11-01")
    assert User.objects.open_to(world.alum).count() == 1


def test_live_enrolments_are_those_not_discharged(world):
    assert seen([e.client for e in Enrolment.objects.live()], world) == {"client", "other_client", "applicant"}


def test_two_people_are_apart_in_either_order_until_it_ends(world):
    one, other = sorted((world.client, world.other_client), key=lambda person: person.pk)
    apart = Apart.objects.create(one=one, other=other, asked_by="safety", set_by=world.admin, since=timezone.now())
    for pair in [(one, other), (other, one)]:
        assert list(Apart.objects.between(*pair)) == [apart]
    for stranger in (world.applicant, world.team, world.admin):
        assert not Apart.objects.between(one, stranger).exists()
        assert not Apart.objects.between(other, stranger).exists()
    Apart.objects.update(until=timezone.now())
    assert not Apart.objects.between(one, other).exists()
    assert not Apart.objects.live().exists()


# ── Roles ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("persona", "roles"),
    [
        ("client", {Role.CLIENT}),
        ("applicant", {Role.APPLICANT}),
        ("alum", {Role.ALUM}),
        ("family", {Role.FAMILY}),
        ("team", {Role.CLINICIAN}),
        ("admin", {Role.ADMIN}),
    ],
)
def test_roles_follow_from_what_is_held_and_from_enrolments(world, persona, roles):
    assert User.objects.get(pk=world.people[persona].pk).roles == roles


@pytest.mark.parametrize(
    ("states", "role"),
    [
        (["discharged", "referred"], Role.APPLICANT),
        (["discharged", "admitted"], Role.CLIENT),
        (["referred", "admitted"], Role.CLIENT),
    ],
)
def test_the_nearest_enrolment_counts(states, role):
    first, second = states
    person = enrolled(state=first)
    other = enrolled(state=second)
    other.enrolments.update(client=person)
    assert person.roles == {role}
