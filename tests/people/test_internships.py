"""An intern whose last day has passed has nothing: no page, no client, no plan, number, message, note or session."""

from datetime import timedelta

import pytest
from django.urls import get_resolver, reverse
from django.utils import timezone

from iop_portal.accounts.roles import ended_internship
from iop_portal.followups.escalation import care_team_of
from iop_portal.followups.models import FollowUp
from iop_portal.people.models import CareTeam, Enrolment, RoleHeld, User
from iop_portal.people.roles import Role
from scheduling.attendance import leads
from scheduling.givers import givers_of
from scheduling.rosters import sessions_open_to
from scheduling.video import sessions_led_by
from tests.asking import Doorstep, address, text_of
from tests.factories import admin, clinician, introduced
from tests.once import once
from tests.signing_in import sign_in
from tests.test_access import ANYBODY, NOBODY, PAGES, SIGNED_IN
from tests.world import build_world, markers_in
from therapy.clinicians import set_supervision
from therapy.conversations import colleagues_in
from therapy.models import (
    CarePlan,
    Clinician,
    CounsellingNote,
    CriterionSaid,
    Homework,
    Modality,
    Note,
    PlanSuggestion,
    Progress,
    Sheet,
    Thread,
)
from therapy.prescribing import enrolments_cared_for

TODAY = timezone.localdate
# Whoever asks reads the day by their own clock: what is over by two days is over everywhere.
DAY = timedelta(days=1)
# Whoever signs in has these, whatever they are here.
EVERYBODYS = (ANYBODY, SIGNED_IN, NOBODY)


def until(world, last_day):
    """Amara's stand-in of the world is an intern until a day."""
    head = introduced(clinician(world.client.enrolments.get().program))
    supervised = {"supervisor": head.user, "until": last_day, "by": world.admin, "now": timezone.now()}
    set_supervision(world.team.clinician, **supervised)


@pytest.fixture(scope="module")
def doorstep(django_db_setup, django_db_blocker):
    def doorstep_of_an_intern():
        world = build_world()
        until(world, TODAY() - 2 * DAY)
        return Doorstep(world)

    with once(django_db_blocker, doorstep_of_an_intern) as doorstep:
        yield doorstep


@pytest.fixture
def world(db, doorstep):
    return doorstep.world


def test_every_page_that_was_theirs_is_closed_and_shows_nothing(db, doorstep):
    patterns, samples = get_resolver().url_patterns, doorstep.world.samples
    faults, asked = [], 0
    for page in PAGES:
        if "team" not in page.door or page.door in EVERYBODYS:
            continue
        for method in page.methods.split():
            with doorstep.ask("team", method, address(page, patterns, samples)) as response:
                asked += 1
                shown = markers_in(text_of(response)) - {doorstep.own_marker("team"), "zq-home"}
                if response.status_code != 403 or shown:
                    faults.append(f"{page.name} {method}: {response.status_code}, shows {sorted(shown)}")
    assert not faults, "\n".join(faults)
    assert asked > 80


def test_the_page_says_what_happened_and_whom_to_ask_and_so_does_the_first(db, doorstep):
    program = doorstep.world.client.enrolments.get().program
    for path in (reverse("home:caseload"), reverse("home:landing")):
        with doorstep.ask("team", "GET", path) as response:
            said = text_of(response)
        for part in ("Your internship here is over", "Its last day was", program.name, program.phone):
            assert part in said


READS = {
    "clients": lambda user: User.objects.open_to(user),
    "caseload": lambda user: User.objects.caseload_of(user),
    "enrolments": lambda user: Enrolment.objects.visible_to(user),
    "prescribing": enrolments_cared_for,
    "plans": lambda user: CarePlan.objects.visible_to(user),
    "suggestions": lambda user: PlanSuggestion.objects.visible_to(user),
    "progress": lambda user: Progress.objects.visible_to(user),
    "criteria": lambda user: CriterionSaid.objects.visible_to(user),
    "answers": lambda user: Sheet.objects.visible_to(user),
    "practice": lambda user: Homework.objects.visible_to(user),
    "conversations": lambda user: Thread.objects.visible_to(user),
    "notes": lambda user: Note.objects.visible_to(user),
    "counselling notes": lambda user: CounsellingNote.objects.visible_to(user),
    "follow-ups": lambda user: FollowUp.objects.visible_to(user).exclude(client=None),
    "rosters": sessions_open_to,
    "video calls": sessions_led_by,
}


@pytest.mark.parametrize("what", READS)
def test_what_was_theirs_until_their_last_day_is_theirs_no_more(world, what):
    until(world, TODAY())
    assert READS[what](world.team).exists()
    until(world, TODAY() - 2 * DAY)
    assert not READS[what](world.team).exists()


def test_what_they_are_besides_they_stay(world):
    RoleHeld.objects.create(user=world.team, program=world.client.enrolments.get().program, role=Role.ADMIN)
    until(world, TODAY() - 2 * DAY)
    assert User.objects.get(pk=world.team.pk).roles == {Role.ADMIN}


def test_others_go_on_as_they_were(world):
    until(world, TODAY() - 2 * DAY)
    assert User.objects.get(pk=world.other_team.pk).roles == {Role.CLINICIAN}
    assert User.objects.caseload_of(world.other_team).count() == 1
    assert ended_internship(world.other_team, now=timezone.now()) is None


def test_an_internship_that_goes_on_opens_it_again(world):
    until(world, TODAY() - 2 * DAY)
    assert ended_internship(User.objects.get(pk=world.team.pk), now=timezone.now()).last_day == TODAY() - 2 * DAY
    until(world, TODAY() + DAY)
    assert User.objects.caseload_of(world.team).count() == 1
    assert CareTeam.objects.filter(clinician=world.team, until=None).exists()
    assert ended_internship(User.objects.get(pk=world.team.pk), now=timezone.now()) is None


def test_the_database_keeps_the_last_day_with_the_person_whatever_writes_it(world):
    until(world, TODAY())
    Clinician.objects.filter(user=world.team).update(intern_until=TODAY() - DAY)
    assert User.objects.get(pk=world.team.pk).intern_until == TODAY() - DAY
    Clinician.objects.filter(user=world.team).update(supervisor=None, intern_until=None)
    assert User.objects.get(pk=world.team.pk).intern_until is None


def test_what_waits_for_them_goes_to_the_others(world):
    """Nobody's message, answer or follow-up waits for somebody who cannot read it."""
    program = world.client.enrolments.get().program
    thread = Thread.objects.get(client=world.client)
    Thread.objects.filter(pk=thread.pk).update(assigned_to=world.team)
    until(world, TODAY() - 2 * DAY)
    assert [one.pk for one in care_team_of(world.client, program)] == [world.one_step.pk]
    assert [one.pk for one in colleagues_in(thread)] == [world.one_step.pk]
    assert Thread.objects.seen_to_by_nobody().filter(pk=thread.pk).exists()
    owed = FollowUp.objects.open().filter(owner=world.team, client=world.client)
    assert owed.exists()
    assert FollowUp.objects.unattended(timezone.now(), every=DAY).filter(pk__in=owed).count() == owed.count()


def test_nobody_books_an_hour_with_them_after_their_last_day(world):
    talk = Modality.objects.get(name="Zq-talk")
    until(world, TODAY() + DAY)
    now = timezone.now()
    assert givers_of(talk, person=world.client, on=now) == {world.team: TODAY() + DAY}
    assert givers_of(talk, person=world.client, on=now + 3 * DAY) == {}
    until(world, TODAY() - 2 * DAY)
    assert givers_of(talk, person=world.client, on=now) == {}
    assert not leads(world.team, world.team.facilitations.first().session)
    assert not Clinician.objects.visible_to(world.client).filter(user=world.team).exists()


def test_the_office_finds_them_still_to_say_that_it_goes_on(world):
    until(world, TODAY() - 2 * DAY)
    assert Clinician.objects.run_by(world.admin).filter(user=world.team).exists()


@pytest.mark.parametrize("clinic", ["signed in before", "signs in after"])
def test_whoever_signs_in_after_it_is_told_at_once(client, clinic, db):
    dana = admin()
    program = dana.roles_held.get().program
    kim, grace = clinician(program), introduced(clinician(program))
    introduced(kim)
    if clinic == "signed in before":
        sign_in(client, kim)
        assert client.get(reverse("home:caseload")).status_code == 200
    set_supervision(kim.clinician, supervisor=grace.user, until=TODAY() - 2 * DAY, by=dana, now=timezone.now())
    if clinic == "signs in after":
        sign_in(client, User.objects.get(pk=kim.pk))
    answer = client.get(reverse("home:landing"))
    assert "Your internship here is over" in answer.content.decode()
    assert client.get(reverse("home:caseload")).status_code == 403
