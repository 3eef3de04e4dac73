"""A client's page: who opens it, what it leaves in the trail, and telling on the strength of a permission."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from iop_portal.audit import trail
from iop_portal.audit.models import Entry
from iop_portal.consents.consenting import record_disclosure, revoke_consent
from iop_portal.consents.models import Disclosure
from iop_portal.followups.owing import owe_follow_up
from iop_portal.people.models import BrokenGlass, CareTeam, Enrolment, RoleHeld
from iop_portal.people.roles import Role
from scheduling import booking
from scheduling.attendance import Said, mark
from scheduling.week import week_of
from tests.factories import (
    ModalityFactory,
    ProgramFactory,
    TrackFactory,
    admin,
    clinician,
    enrolled,
    on_care_team,
    permission_of,
    seated,
    session_at,
)
from tests.scheduling.booking_world import Clinic
from tests.signing_in import sign_in
from therapy.phases import offer_standard_guide
from therapy.prescribing import prescribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return ProgramFactory(name="Harbor House")


@pytest.fixture
def maya(program):
    return enrolled(program, preferred_name="Maya", surname="Tester", pronouns="she/her", phone="+1 555 0117")


@pytest.fixture
def amara(program, maya):
    amara = clinician(program, preferred_name="Amara", surname="Osei")
    on_care_team(amara, maya, part="primary")
    return amara


@pytest.fixture
def page(client, amara):
    return sign_in(client, amara)


def permission(client, **wishes):
    now = timezone.now() - timedelta(minutes=1)
    return permission_of(client, now=now, **{"expires_on": now.date() + timedelta(days=30), **wishes})


def break_glass(clinician, client, *, for_how_long=timedelta(hours=3), program=None):
    now = timezone.now()
    return BrokenGlass.objects.create(
        clinician=clinician,
        client=client,
        program=program or client.enrolments.get().program,
        reason="Somebody called about them",
        since=now - timedelta(minutes=30),
        until=now + for_how_long,
    )


def url_of(client, name="client"):
    return reverse(f"home:{name}", args=[client.pk])


def text_of(response):
    return response.content.decode()


def test_it_holds_what_the_care_team_needs(page, maya, amara):
    permission(maya, recipient_name="Rosa Lind")
    text = text_of(page.get(url_of(maya)))
    for words in (
        "Maya Tester",
        "she/her",
        "+1 555 0117",
        "Leave no message",
        "Harbor House",
        "Amara Osei",
        "Rosa Lind",
    ):
        assert words in text


def test_without_a_permission_it_says_that_nobody_may_be_told(page, maya):
    assert "Maya permits nobody to be told anything." in text_of(page.get(url_of(maya)))


def test_opening_it_leaves_a_line_each_time(page, maya, amara):
    for _ in range(2):
        page.get(url_of(maya))
    lines = Entry.objects.filter(verb="client.opened")
    assert [(e.actor, e.client, e.facts) for e in lines] == [(amara, maya, {"glass": False})] * 2


@pytest.mark.parametrize(
    "lost",
    ["never on the team", "left the team", "discharged", "lost the role", "role in another program", "glass over"],
)
@pytest.mark.parametrize("name", ["client", "tell"])
def test_a_record_that_is_not_open_does_not_exist(client, program, maya, amara, lost, name):
    reader = amara
    match lost:
        case "never on the team":
            reader = clinician(program)
        case "left the team":
            CareTeam.objects.update(until=timezone.now())
        case "discharged":
            maya.enrolments.update(
                state="discharged", discharge_reason="left", discharged_on=timezone.now().date() + timedelta(days=400)
            )
        case "lost the role":
            RoleHeld.objects.filter(user=amara).update(program=ProgramFactory())
        case "role in another program":
            reader = clinician(ProgramFactory())
        case "glass over":
            reader = clinician(program)
            break_glass(reader, maya, for_how_long=timedelta(minutes=-1))
    sign_in(client, reader)
    assert client.get(url_of(maya, name)).status_code == 404
    assert client.get(reverse(f"home:{name}", args=[10**6])).status_code == 404
    assert not Entry.objects.filter(verb="client.opened").exists()


def test_ones_own_record_is_read_as_a_client_alone(client, program):
    both = enrolled(program)
    RoleHeld.objects.create(user=both, program=program, role="clinician")
    assert sign_in(client, both).get(url_of(both)).status_code == 404


@pytest.mark.parametrize("name", ["client", "tell", "caseload"])
def test_admins_and_clients_do_not_come_in(client, program, maya, name):
    args = [] if name == "caseload" else [maya.pk]
    for person in (admin(program), maya):
        sign_in(client, person)
        assert client.get(reverse(f"home:{name}", args=args)).status_code == 403
    assert not Entry.objects.filter(verb="client.opened").exists()


def test_through_an_emergency_access_it_says_until_when_and_tells_the_client(client, program, maya):
    lena = clinician(program)
    break_glass(lena, maya)
    assert "Emergency access." in text_of(sign_in(client, lena).get(url_of(maya)))
    assert Entry.objects.get(verb="client.opened").facts == {"glass": True}


def test_what_is_to_be_seen_to_stands_there(page, maya, amara, program):
    now = timezone.now()
    consent = permission(maya)
    owe_follow_up("consent_withdrawn", about=consent, program=program, owner=amara, client=maya, by=maya, now=now)
    assert "Stop telling: a permission was withdrawn" in text_of(page.get(url_of(maya)))


def test_through_an_emergency_access_nobody_takes_on_what_the_care_team_owes(client, maya, amara, program):
    now = timezone.now()
    consent = permission(maya)
    owe_follow_up("consent_withdrawn", about=consent, program=program, owner=amara, client=maya, by=maya, now=now)
    lena = clinician(program)
    break_glass(lena, maya)
    assert sign_in(client, lena).get(url_of(maya)).context["chart"].needs == []


def test_that_somebody_is_in_another_program_too_is_not_told_to_this_one(page, maya, amara):
    quay = ProgramFactory(name="Quay House")
    maya.enrolments.create(program=quay, state="referred", referred_on=timezone.now().date())
    elsewhere = permission(maya, program=quay, recipient_name="Dr. No")
    text = text_of(page.get(url_of(maya)))
    assert "Harbor House" in text
    assert "Quay House" not in text
    assert "Dr. No" not in text
    assert page.get(reverse("home:permission", args=[elsewhere.pk])).status_code == 404
    page.post(url_of(maya, "tell"), {"consent": elsewhere.pk, "what": "Came to 6 of 6"})
    assert not Disclosure.objects.exists()


def test_who_works_in_two_programs_sees_of_each_what_they_have_part_in(client, maya, amara, program):
    """On the care team in one; in the other they work, and look after somebody else."""
    quay, now = ProgramFactory(name="Quay House"), timezone.now()
    RoleHeld.objects.create(user=amara, program=quay, role=Role.CLINICIAN)
    tom = clinician(quay, preferred_name="Tom")
    there = maya.enrolments.create(program=quay, state="admitted", referred_on=now.date(), admitted_on=now.date())
    CareTeam.objects.create(enrolment=there, clinician=tom, since=now)
    text = text_of(sign_in(client, amara).get(url_of(maya)))
    assert ("Harbor House" in text, "Quay House" in text, "Tom" in text) == (True, False, False)

    lena = clinician(program)
    RoleHeld.objects.create(user=lena, program=quay, role=Role.CLINICIAN)
    break_glass(lena, maya, program=quay)
    text = text_of(sign_in(client, lena).get(url_of(maya)))
    assert ("Harbor House" in text, "Quay House" in text) == (False, True)


def test_what_another_program_told_stays_there(page, maya, amara):
    quay = ProgramFactory(name="Quay House")
    enrolment = maya.enrolments.create(program=quay, state="referred", referred_on=timezone.now().date())
    tom = clinician(quay)
    CareTeam.objects.create(enrolment=enrolment, clinician=tom, since=timezone.now())
    record_disclosure(permission(maya, program=quay), what="Came to Quay House", by=tom, now=timezone.now())
    assert page.get(url_of(maya)).context["chart"].told == []


def test_who_else_read_it_stands_there(page, program, maya):
    lena = clinician(program, preferred_name="Lena", surname="Fischer")
    trail.record("client.opened", maya, client=maya, by=lena)
    trail.record("client.opened", maya, client=maya, by=clinician(ProgramFactory()))
    for _ in range(2):
        openings = page.get(url_of(maya)).context["chart"].openings
        assert [line.who for line in openings] == ["Lena Fischer"]


def test_what_is_planned_is_said_and_only_the_care_team_is_led_to_plan_it(page, client, maya, program):
    enrolment = maya.enrolments.get()
    link = reverse("scheduling:prescribe", args=[enrolment.pk])
    html = page.get(url_of(maya)).content.decode()
    assert "Hours and days are not planned yet." in html
    assert link in html
    track = TrackFactory(program=program, name="Evening")
    prescribe(enrolment, track=track, phase="core", hours=9, days=3, by=None, now=timezone.now())
    lena = clinician(program)
    break_glass(lena, maya)
    html = sign_in(client, lena).get(url_of(maya)).content.decode()
    assert "9 hours on 3 days a week, Evening, Core" in html
    assert link not in html


def test_the_next_sessions_are_those_of_the_programs_where_the_reader_works(client):
    clinic, elsewhere, now = Clinic(), Clinic(), timezone.now()
    Enrolment.objects.create(
        client=clinic.maya, program=elsewhere.program, state="admitted", referred_on=now.date(), admitted_on=now.date()
    )
    here, there = clinic.session(now + timedelta(days=1)), elsewhere.session(now + timedelta(days=2))
    for session in (here, there):
        booking.book_seat(session, person=clinic.maya, by=clinic.maya, now=now)
    answer = sign_in(client, clinic.amara).get(url_of(clinic.maya))
    assert [entry.booking.session for entry in answer.context["chart"].coming] == [here]
    roster = reverse("scheduling:roster", args=[here.pk])
    assert roster in answer.content.decode()
    break_glass(clinic.jonah, clinic.maya, program=clinic.program)
    answer = sign_in(client, clinic.jonah).get(url_of(clinic.maya))
    assert [entry.booking.session for entry in answer.context["chart"].coming] == [here]
    assert roster not in answer.content.decode()


def test_it_says_what_became_of_the_last_sessions_and_how_much_of_this_week_is_delivered(client):
    clinic, now = Clinic(), timezone.now()
    clinic.prescribe(clinic.maya)
    came, unsaid = (seated(clinic.maya, clinic.session(now - timedelta(hours=hours))) for hours in (5, 2))
    mark(came, Said("late", 60), seen=0, by=clinic.amara, now=now)
    answer = sign_in(client, clinic.amara).get(url_of(clinic.maya))
    chart = answer.context["chart"]
    assert [(entry.booking, entry.recorded) for entry in chart.lately] == [(unsaid, "Not recorded yet"), (came, "Late")]
    assert chart.episodes[0].care == week_of(clinic.maya, day=None, now=now).care
    link = reverse("scheduling:attendance", args=[came.pk])
    assert link in text_of(answer)
    break_glass(clinic.jonah, clinic.maya, program=clinic.program)
    assert link not in text_of(sign_in(client, clinic.jonah).get(url_of(clinic.maya)))


@pytest.mark.parametrize("many", [2, 8])
def test_it_takes_as_many_queries_for_much_as_for_little(page, maya, amara, program, many, django_assert_num_queries):
    group = ModalityFactory(program=program)
    for number in range(many):
        permission(maya, recipient_name=f"Person {number}")
        on_care_team(clinician(program), maya)
        for days in (number + 1, -number - 1):
            seated(maya, session_at(group, timezone.now() + timedelta(days=days), amara))
    enrolment, track = maya.enrolments.get(), TrackFactory(program=program)
    prescribe(enrolment, track=track, phase="core", hours=9, days=3, by=amara, now=timezone.now())
    offer_standard_guide(program, by=None, now=timezone.now())
    with django_assert_num_queries(36):
        page.get(url_of(maya))


def test_what_is_told_is_written_down_and_comes_with_the_statement(page, maya, amara):
    consent = permission(maya)
    form = page.get(url_of(maya, "tell"), {"permission": consent.pk})
    assert "This record which has been disclosed to you" in text_of(form)
    response = page.post(url_of(maya, "tell"), {"consent": consent.pk, "what": "Came to 6 of 6"}, follow=True)
    told = Disclosure.objects.get()
    assert (told.consent, told.by, told.what) == (consent, amara, "Came to 6 of 6")
    assert "This record which has been disclosed to you" in text_of(response)
    assert "Came to 6 of 6" in text_of(response)


def test_a_foreign_or_dead_permission_carries_nothing(page, maya, program):
    foreign, gone = permission(enrolled(program)), permission(maya)
    revoke_consent(gone, by=maya, now=timezone.now())
    permission(maya, recipient_name="Dr. No")
    for consent in (foreign, gone):
        response = page.post(url_of(maya, "tell"), {"consent": consent.pk, "what": "Came to 6 of 6"})
        assert response.status_code == 400
        assert response.context["form"].errors["consent"]
    assert not Disclosure.objects.exists()


def test_without_a_live_permission_there_is_nothing_to_fill_in(page, maya):
    assert "Nothing may be told." in text_of(page.get(url_of(maya, "tell")))


def test_what_was_typed_comes_back_when_something_is_missing(page, maya):
    permission(maya)
    response = page.post(url_of(maya, "tell"), {"what": "Came to 6 of 6"})
    assert "Came to 6 of 6" in text_of(response)
    assert not Disclosure.objects.exists()
