"""The caseload: who stands on it, in which order, and what it costs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from iop_portal.audit.models import Entry
from iop_portal.followups.owing import owe_follow_up
from iop_portal.home.caseload import Permissions, cases, rows_of, size_of_caseload, week_of
from iop_portal.home.needs import needs_of
from iop_portal.people.models import CareTeam, Enrolment
from scheduling import booking
from scheduling.attendance import Said, mark
from scheduling.misses import Missed
from scheduling.week import week_of as week_of_care
from tests.factories import NOON, ProgramFactory, TrackFactory, clinician, enrolled, on_care_team, permission_of, seated
from tests.scheduling.booking_world import TOMORROW, Clinic
from tests.signing_in import sign_in
from tests.therapy.measured import GAD, points, sent
from therapy.care_plans import PlanState
from therapy.prescribing import prescribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return ProgramFactory(name="Harbor House", zone="America/New_York")


@pytest.fixture
def amara(program):
    return clinician(program, preferred_name="Amara")


def client_of(amara, program, name, *, part="member", state="admitted"):
    client = enrolled(program, state, preferred_name=name, surname="Tester")
    on_care_team(amara, client, part=part)
    return client


def owe(client, owner, *, now=NOON):
    consent = permission_of(client, now=now)
    program = client.enrolments.get().program
    return owe_follow_up(
        "consent_withdrawn", about=consent, program=program, owner=owner, client=client, by=client, now=now
    )


def caseload(clinician, *, now, **narrowed):
    return rows_of(cases(clinician, now=now, **narrowed), reader=clinician, now=now)


def names(rows):
    return [row.name for row in rows]


def test_it_holds_the_clients_of_ones_own_care_teams_alone(program, amara):
    client_of(amara, program, "Maya")
    client_of(clinician(program), program, "Ben")
    enrolled(program, preferred_name="Cleo")
    left = client_of(amara, program, "Dev")
    CareTeam.objects.filter(enrolment__client=left).update(until=NOON)
    client_of(amara, program, "Eve", state="discharged")
    assert names(caseload(amara, now=NOON)) == ["Maya T."]
    assert size_of_caseload(amara) == 1


def test_a_program_where_one_works_no_more_is_gone_from_it(program, amara):
    maya = client_of(amara, program, "Maya")
    other = ProgramFactory()
    second = maya.enrolments.create(program=other, state="referred", referred_on=NOON.date())
    CareTeam.objects.create(enrolment=second, clinician=amara, since=NOON)
    assert [row.program for row in caseload(amara, now=NOON)] == ["Harbor House"]
    amara.roles_held.all().delete()
    assert caseload(amara, now=NOON) == []


def test_a_row_says_state_week_part_and_permissions(program, amara):
    maya = client_of(amara, program, "Maya", part="primary")
    permission_of(maya, expires_on=date(2026, 12, 20))
    permission_of(maya, recipient_name="Dr. No", expires_on=date(2026, 12, 1))
    (row,) = caseload(amara, now=NOON)
    assert (row.state, row.week, row.part, row.program) == ("admitted", 6, "primary counsellor", "Harbor House")
    assert row.permissions == Permissions(2, date(2026, 12, 1), ends_soon=True)
    assert row.url == reverse("home:client", args=[maya.pk])


def test_what_belongs_to_another_program_does_not_count_here(program, amara):
    maya = client_of(amara, program, "Maya")
    other = ProgramFactory()
    maya.enrolments.create(program=other, state="referred", referred_on=NOON.date())
    consent = permission_of(maya, program=other)
    owe_follow_up("consent_withdrawn", about=consent, program=other, owner=amara, client=maya, by=maya, now=NOON)
    (row,) = caseload(amara, now=NOON)
    assert row.permissions == Permissions()
    assert row.flags == ()


def test_those_who_need_somebody_stand_first_by_when_it_is_due(program, amara):
    people = {name: client_of(amara, program, name) for name in ("Ana", "Ben", "Cleo", "Dev")}
    owe(people["Dev"], amara, now=NOON - timedelta(days=3))
    owe(people["Cleo"], amara, now=NOON)
    rows = caseload(amara, now=NOON)
    assert names(rows) == ["Dev T.", "Cleo T.", "Ana T.", "Ben T."]
    assert [[flag.tone for flag in row.flags] for row in rows] == [["danger"], ["you"], [], []]


def test_a_flag_says_what_and_why(program, amara):
    owe(client_of(amara, program, "Maya"), amara)
    ((flag,),) = [row.flags for row in caseload(amara, now=NOON)]
    assert flag.label == "Stop telling: a permission was withdrawn"
    assert "withdrew a permission" in str(flag.why)


def test_a_flag_of_a_colleague_shows_but_does_not_need_me(program, amara):
    maya = client_of(amara, program, "Maya")
    owe(maya, clinician(program))
    assert [len(row.flags) for row in caseload(amara, now=NOON)] == [1]
    assert needs_of(amara, NOON) == []


def test_what_needs_me_says_whom_it_is_about_and_when_it_is_due(program, amara):
    owe(client_of(amara, program, "Maya"), amara)
    (soon,) = needs_of(amara, NOON)
    assert (soon.tone, soon.about) == ("", "Maya T.")
    assert soon.text.startswith("Maya T., due ")
    (late,) = needs_of(amara, NOON + timedelta(days=2))
    assert late.tone == "danger"
    assert late.text.startswith("Maya T., was due ")


@pytest.mark.parametrize(
    ("name", "found"),
    [("maya", ["Maya T."]), ("  MAYA tester ", ["Maya T."]), ("test", ["Ben T.", "Maya T."]), ("100%", [])],
)
def test_a_name_is_found_by_any_part_of_it(program, amara, name, found):
    client_of(amara, program, "Maya")
    client_of(amara, program, "Ben")
    assert names(caseload(amara, now=NOON, name=name)) == found


@pytest.mark.parametrize(
    ("show", "found"),
    [
        ("", ["Ana T.", "Ben T.", "Cleo T."]),
        ("needs", ["Ana T."]),
        ("ending", ["Ben T."]),
        ("referred", ["Cleo T."]),
        ("admitted", ["Ana T.", "Ben T."]),
        ("whatever", ["Ana T.", "Ben T.", "Cleo T."]),
    ],
)
def test_it_can_be_narrowed(program, amara, show, found):
    owe(client_of(amara, program, "Ana"), amara)
    permission_of(client_of(amara, program, "Ben"), expires_on=NOON.date() + timedelta(days=7))
    client_of(amara, program, "Cleo", state="referred")
    assert names(caseload(amara, now=NOON, show=show)) == found


@pytest.mark.parametrize(
    ("now", "week"),
    [
        (datetime(2026, 11, 24, 4, 59, tzinfo=UTC), 1),  # the evening before, in New York
        (datetime(2026, 11, 30, 12, 0, tzinfo=UTC), 1),
        (datetime(2026, 12, 1, 4, 59, tzinfo=UTC), 1),
        (datetime(2026, 12, 1, 5, 0, tzinfo=UTC), 2),
    ],
)
def test_a_week_is_counted_from_admission_where_the_program_is(program, now, week):
    enrolment = Enrolment(program=program, state="admitted", admitted_on=date(2026, 11, 24))
    assert week_of(enrolment, now) == week


def test_each_line_says_the_phase_the_hours_of_the_week_and_what_is_next():
    clinic = Clinic(zone="America/New_York")
    clinic.prescribe(clinic.maya, hours=9)
    theo = clinic.client("Theo")
    on_care_team(clinic.amara, theo)
    for begins in (NOON - timedelta(hours=4), TOMORROW, TOMORROW + timedelta(days=7)):
        booking.book_seat(clinic.session(begins), person=clinic.maya, by=clinic.maya, now=begins - timedelta(days=2))
    maya_row, theo_row = caseload(clinic.amara, now=NOON)
    assert (str(maya_row.phase), maya_row.care.unrecorded, maya_row.care.ahead) == ("Core", 90, 90)
    assert (maya_row.next_start, maya_row.next_is_near) == (TOMORROW, True)
    assert maya_row.care == week_of_care(clinic.maya, day=None, now=NOON).care
    assert (theo_row.phase, theo_row.care, theo_row.next_start) == ("", None, None)


def short(clinic, *, phase="core", now=NOON, **prescribed):
    clinic.prescribe(clinic.maya, **prescribed)
    clinic.maya.enrolments.get().prescriptions.update(phase=phase)
    (row,) = caseload(clinic.amara, now=now)
    return [flag for flag in row.flags if flag.label == "Below the planned hours"]


def test_a_week_that_falls_short_is_flagged_with_its_why():
    clinic = Clinic(zone="America/New_York")
    booking.book_seat(clinic.session(TOMORROW), person=clinic.maya, by=clinic.maya, now=NOON)
    (flag,) = short(clinic, hours=9, days=3)
    assert "1½ of 9 hours, on 1 of 3 days, are delivered or booked this week." in flag.why
    assert (flag.tone, flag.url) == ("you", reverse("home:client", args=[clinic.maya.pk]))


@pytest.mark.parametrize("phase", ["step_down", "continuing"])
def test_a_phase_that_tapers_raises_no_flag(phase):
    assert short(Clinic(), phase=phase) == []


def test_enough_hours_or_the_week_of_admission_raise_no_flag():
    clinic = Clinic()
    booking.book_seat(clinic.session(TOMORROW), person=clinic.maya, by=clinic.maya, now=NOON)
    assert short(clinic, hours=1, days=1) == []
    fresh = Clinic()
    fresh.maya.enrolments.update(admitted_on=NOON.date())
    assert short(fresh) == []
    assert fresh.maya.enrolments.get().admitted_on == NOON.date()


def test_what_was_missed_stands_in_each_line(client):
    clinic = Clinic(name="Harbor House")
    for day in (40, 20, 3, 2):
        place = seated(clinic.maya, clinic.session(NOON - timedelta(days=day)))
        state = "present" if day == 20 else "missed"
        mark(place, Said(state), seen=0, by=clinic.amara, now=NOON)
    (row,) = caseload(clinic.amara, now=NOON)
    assert row.missed == Missed(in_a_row=2, lately=2)
    assert "Missed two: reach out now" in [flag.label for flag in row.flags]
    with time_machine.travel(NOON, tick=False):
        assert "2 in a row" in sign_in(client, clinic.amara).get(reverse("home:caseload")).content.decode()


@pytest.mark.parametrize(
    ("state", "words", "presses"),
    [
        (PlanState(), "", False),
        (PlanState(drafting=True), "Being written", False),
        (PlanState(version=2, age=1), "1 day old", False),
        (PlanState(version=2, age=30, review_due=True), "Review due", True),
        (PlanState(version=2, age=30, drafting=True, waits_for="client"), "With the client to sign", False),
        (PlanState(age=3, review_due=True, drafting=True, waits_for="clinician"), "Waits for our signature", True),
    ],
)
def test_a_row_says_how_the_plan_stands(program, amara, state, words, presses):
    client_of(amara, program, "Maya")
    row = replace(caseload(amara, now=NOON)[0], plan=state)
    assert (row.plan_words, row.plan_presses) == (words, presses)


def test_a_row_says_how_somebody_has_been_since_admission(program, amara):
    maya = client_of(amara, program, "Maya")
    client_of(amara, program, "Noor")
    sent(maya, GAD, points(GAD, 18), NOON - timedelta(days=20))
    sent(maya, GAD, points(GAD, 9), NOON - timedelta(days=2))

    rows = caseload(amara, now=NOON)

    assert [(row.name, row.trend_words, row.trend_is_worse) for row in rows] == [
        ("Maya T.", "Better: GAD-7 9", False),
        ("Noor T.", "", False),
    ]


@pytest.mark.parametrize("many", [3, 12])
def test_the_page_takes_as_many_queries_for_many_as_for_few(client, program, amara, many, django_assert_num_queries):
    now = timezone.now() - timedelta(minutes=1)
    track = TrackFactory(program=program)
    for number in range(many):
        person = client_of(amara, program, f"Person{number}")
        owe(person, amara, now=now)
        prescribe(person.enrolments.get(), track=track, phase="core", hours=9, days=3, by=None, now=now)
    sign_in(client, amara)
    client.get(reverse("home:caseload"))
    with django_assert_num_queries(18):
        response = client.get(reverse("home:caseload"))
    assert len(response.context["clients"]) == many


def test_reading_the_list_is_one_line_with_its_length(client, program, amara):
    for name in ("Ana", "Ben"):
        client_of(amara, program, name)
    sign_in(client, amara).get(reverse("home:caseload"))
    entry = Entry.objects.get(verb="caseload.read")
    assert (entry.actor, entry.client, entry.facts) == (amara, None, {"count": 2})


def test_a_long_list_comes_in_pages(client, program, amara, monkeypatch):
    monkeypatch.setattr("iop_portal.home.views.caseload.PAGE", 2)
    for name in ("Ana", "Ben", "Cleo"):
        client_of(amara, program, name)
    page = sign_in(client, amara).get(reverse("home:caseload"), {"page": "2"})
    assert names(page.context["clients"]) == ["Cleo T."]
    assert "3 of 3" in page.content.decode()
    assert Entry.objects.get(verb="caseload.read").facts == {"count": 1}


@pytest.mark.parametrize(("name", "words"), [("", "Nobody is in your care teams yet."), ("x", "like that")])
def test_an_empty_list_says_why(client, amara, name, words):
    response = sign_in(client, amara).post(reverse("home:caseload"), {"q": name}, follow=True)
    assert words in response.content.decode()


def test_a_name_that_is_searched_for_stands_in_no_address(client, program, amara, monkeypatch):
    monkeypatch.setattr("iop_portal.home.views.caseload.PAGE", 2)
    for name in ("Ana", "Anton", "Hanna", "Ben"):
        client_of(amara, program, name)
    sent = {"q": " an ", "show": "admitted"}
    found = sign_in(client, amara).post(reverse("home:caseload"), sent)
    next_ones = client.post(reverse("home:caseload"), {**sent, "page": "2"})
    assert [names(page.context["clients"]) for page in (found, next_ones)] == [["Ana T.", "Anton T."], ["Hanna T."]]
    assert "3 of 4" in found.content.decode()
    assert '<button class="btn btn-link" type="submit" form="find" name="page" value="2">' in found.content.decode()
    assert names(client.get(reverse("home:caseload"), {"q": "ben"}).context["clients"]) == ["Ana T.", "Anton T."]
