"""Enrolments, care teams, and people kept apart."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from iop_portal.accounts import apart, care_teams, enrolments, roles
from iop_portal.audit.models import Entry
from iop_portal.people.models import Apart, BrokenGlass, CareTeam, RoleHeld, User
from iop_portal.people.roles import Role
from tests.factories import NOON, ProgramFactory, UserFactory, admin, clinician, enrolled, on_care_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def office(program):
    return admin(program)


@pytest.fixture
def amara(program):
    return clinician(program)


@pytest.fixture
def maya(program):
    return enrolled(program)


def join(maya, amara, office, part="member"):
    return care_teams.join_care_team(maya.enrolments.get(), clinician=amara, part=part, by=office, now=NOON)


def may_read(clinician, client):
    return User.objects.open_to(clinician, NOON).filter(pk=client.pk).exists()


def test_the_date_of_a_referral_is_the_program_s_own(office, program):
    late = datetime(2026, 11, 24, 20, 0, tzinfo=ZoneInfo("America/New_York"))

    enrolment = enrolments.refer(UserFactory(), program=program, by=office, now=late)

    assert enrolment.referred_on == date(2026, 11, 24)


def test_somebody_is_enrolled_once_in_a_program_at_a_time(office, program, maya):
    with pytest.raises(enrolments.EnrolledAlready):
        enrolments.refer(maya, program=program, by=office, now=NOON)
    enrolments.discharge(maya.enrolments.get(), reason="completed", by=office, now=NOON)
    assert enrolments.refer(maya, program=program, by=office, now=NOON).state == "referred"


def test_admitting_needs_a_referral(office, maya, program):
    applicant = enrolled(program, state="referred")

    assert enrolments.admit(applicant.enrolments.get(), by=office, now=NOON).admitted_on == NOON.date()
    with pytest.raises(enrolments.NotReferred):
        enrolments.admit(maya.enrolments.get(), by=office, now=NOON)


def test_discharge_ends_the_care_team_s_reading(office, maya, amara):
    place = join(maya, amara, office)
    assert may_read(amara, maya)

    enrolments.discharge(maya.enrolments.get(), reason="completed", by=office, now=NOON)

    assert not may_read(amara, maya)
    place.refresh_from_db()
    assert place.until == NOON
    with pytest.raises(enrolments.DischargedAlready):
        enrolments.discharge(maya.enrolments.get(), reason="completed", by=office, now=NOON)


def test_joining_a_care_team_opens_the_record_and_is_in_the_client_s_trail(office, maya, amara):
    place = join(maya, amara, office)

    assert may_read(amara, maya)
    entry = Entry.objects.get(verb="care_team.joined")
    assert (entry.client, entry.actor, entry.object_id) == (maya, office, place.pk)


def test_leaving_closes_the_record_at_once(office, maya, amara):
    care_teams.leave_care_team(join(maya, amara, office), by=office, now=NOON)

    assert not may_read(amara, maya)


def test_a_place_is_left_once(office, maya, amara):
    place = join(maya, amara, office)
    care_teams.leave_care_team(place, by=office, now=NOON)

    with pytest.raises(care_teams.OffTeam):
        care_teams.leave_care_team(place, by=office, now=NOON)
    with pytest.raises(care_teams.OffTeam):
        care_teams.make_primary(place, by=office, now=NOON)


def test_nobody_joins_twice(office, maya, amara):
    join(maya, amara, office)

    with pytest.raises(care_teams.OnTeamAlready):
        join(maya, amara, office)


def test_there_is_one_primary_counsellor_and_another_can_become_it(office, program, maya, amara):
    first = join(maya, amara, office, part="primary")
    ben = clinician(program)
    with pytest.raises(care_teams.PrimaryAlready):
        join(maya, ben, office, part="primary")
    second = join(maya, ben, office)

    care_teams.make_primary(second, by=office, now=NOON)

    parts = dict(CareTeam.objects.values_list("clinician", "part"))
    assert parts == {amara.pk: "member", ben.pk: "primary"}
    assert first.pk != second.pk


@pytest.mark.parametrize(
    "who",
    [
        pytest.param(lambda program: clinician(), id="a clinician of another program"),
        pytest.param(lambda program: admin(program), id="an admin"),
        pytest.param(lambda program: clinician(program, is_active=False), id="somebody who may not sign in"),
        pytest.param(lambda program: UserFactory(), id="anybody"),
    ],
)
def test_only_clinicians_of_the_program_join(who, office, program, maya):
    with pytest.raises(care_teams.CannotJoin):
        join(maya, who(program), office)


def test_nobody_joins_their_own_care_team(office, program, maya):
    RoleHeld.objects.create(user=maya, program=program, role=Role.CLINICIAN)

    with pytest.raises(care_teams.CannotJoin):
        join(maya, maya, office)


def test_two_people_kept_apart_are_refused_in_the_same_words_as_anybody(office, maya, amara):
    apart.keep_apart(amara, maya, asked_by=Apart.AskedBy.CLIENT, by=office, now=NOON)

    with pytest.raises(care_teams.CannotJoin) as refused:
        join(maya, amara, office)
    with pytest.raises(care_teams.CannotJoin) as ordinary:
        join(maya, clinician(), office)
    assert str(refused.value) == str(ordinary.value)


def test_keeping_apart_ends_what_care_there_was(office, program, maya, amara):
    place = on_care_team(amara, maya)
    hour = timedelta(hours=1)
    glass = BrokenGlass.objects.create(
        clinician=amara, client=maya, program=program, reason="x", since=NOON - hour, until=NOON + hour
    )

    apart.keep_apart(maya, amara, asked_by=Apart.AskedBy.SAFETY, by=office, now=NOON)

    place.refresh_from_db()
    glass.refresh_from_db()
    assert (place.until, glass.until) == (NOON, NOON)
    assert not may_read(amara, maya)


def test_keeping_two_apart_ends_nobody_else_s_care(office, program, maya, amara):
    """Amara goes on with Theo, and Lena with Maya; so do their emergency accesses."""
    theo, lena, hour = enrolled(program), clinician(program), timedelta(hours=1)
    others = ((amara, theo), (lena, maya))
    places = [on_care_team(one, client) for one, client in others]
    accesses = [
        BrokenGlass.objects.create(
            clinician=one, client=client, program=program, reason="x", since=NOON - hour, until=NOON + hour
        )
        for one, client in others
    ]
    on_care_team(amara, maya)
    apart.keep_apart(maya, amara, asked_by=Apart.AskedBy.SAFETY, by=office, now=NOON)
    for kept in (*places, *accesses):
        kept.refresh_from_db()
    assert [place.until for place in places] == [None, None]
    assert [glass.until for glass in accesses] == [NOON + hour] * 2


def test_taking_one_role_leaves_every_other(office, program, maya, amara):
    """Lena's place beside hers, and her own with a client of another program in which she works."""
    lena, elsewhere = clinician(program), ProgramFactory()
    zoe = enrolled(elsewhere)
    RoleHeld.objects.create(user=amara, program=elsewhere, role=Role.CLINICIAN)
    others = [on_care_team(lena, maya), on_care_team(amara, zoe)]
    on_care_team(amara, maya)
    roles.take_role(amara.roles_held.get(program=program), by=office, now=NOON)
    for place in others:
        place.refresh_from_db()
    assert [place.until for place in others] == [None, None]


def test_a_pair_is_kept_apart_once_whoever_is_named_first(office, maya, amara):
    kept = apart.keep_apart(maya, amara, asked_by=Apart.AskedBy.SAFETY, by=office, now=NOON)

    with pytest.raises(apart.ApartAlready):
        apart.keep_apart(amara, maya, asked_by=Apart.AskedBy.CLIENT, by=office, now=NOON)
    with pytest.raises(apart.OnePerson):
        apart.keep_apart(maya, maya, asked_by=Apart.AskedBy.CLIENT, by=office, now=NOON)
    apart.end_apart(kept, by=office, now=NOON)
    assert not apart.are_apart(maya, amara)
    with pytest.raises(apart.TogetherAgain):
        apart.end_apart(kept, by=office, now=NOON)


def test_taking_the_role_of_a_clinician_ends_their_places(office, maya, amara):
    join(maya, amara, office)

    roles.take_role(amara.roles_held.get(), by=office, now=NOON)

    assert CareTeam.objects.get().until == NOON
    assert not may_read(amara, maya)


def test_a_program_keeps_an_admin(office, program):
    with pytest.raises(roles.LastAdmin):
        roles.take_role(office.roles_held.get(), by=office, now=NOON)
    other = admin(program)
    roles.take_role(other.roles_held.get(), by=office, now=NOON)
    assert RoleHeld.objects.get(program=program, role=Role.ADMIN).user == office


def test_a_role_is_given_once(office, program, amara):
    with pytest.raises(roles.RoleHeldAlready):
        roles.give_role(amara, role=Role.CLINICIAN, program=program, by=office, now=NOON)


def test_an_account_is_closed_and_opened_again_by_somebody_else(office, amara):
    roles.close_account(amara, by=office, now=NOON)
    amara.refresh_from_db()
    assert not amara.is_active
    roles.reopen_account(amara, by=office, now=NOON)
    amara.refresh_from_db()
    assert amara.is_active
    with pytest.raises(roles.NotOneself):
        roles.close_account(office, by=office, now=NOON)


@pytest.mark.parametrize("elsewhere", [clinician, enrolled])
def test_an_account_that_is_somebody_elses_concern_too_is_not_closed_by_one_office(office, program, amara, elsewhere):
    other = elsewhere(ProgramFactory())
    if other.roles_held.exists():
        other.roles_held.update(user=amara)
    else:
        other.enrolments.update(client=amara)
    for act in (roles.close_account, roles.reopen_account):
        with pytest.raises(roles.NotThisOfficesAlone):
            act(amara, by=office, now=NOON)
    amara.refresh_from_db()
    assert amara.is_active
