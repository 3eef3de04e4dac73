"""What is held about somebody, and where they read it."""

from datetime import time, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils.html import strip_tags

from iop_portal.accounts.models import FormerAddress, Invitation
from iop_portal.home.my_record import facts_about, kinds_of
from iop_portal.notices.models import Notice, TextOptOut
from iop_portal.notices.texting import stop_texts
from iop_portal.people.models import CareTeam
from iop_portal.people.roles import Role
from scheduling.models import Commitment, Waiting
from tests.factories import NOON, clinician, enrolled, on_care_team, permission_of, seated, session_at, texted
from tests.signing_in import sign_in
from tests.therapy.plan_world import Clinic
from therapy.models import CarePlan, Sheet
from therapy.notes import begin_note

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=2)


@pytest.fixture(autouse=True)
def later():
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def clinic():
    return Clinic()


def told(person):
    parts = facts_about(person, now=LATER)
    return {part.key: [(str(fact.what), str(fact.when)) for fact in part.facts] for part in parts}


def counted(person):
    return {str(kind.title): kind.count for kind in kinds_of(person, now=LATER)}


def fill(clinic, person, *, at=1):
    """Some of everything that the page tells by itself."""
    Commitment.objects.create(
        person=person,
        kind="work",
        name=f"Old job {at}",
        weekdays=[0],
        begins=time(9),
        ends=time(10),
        since=NOON.date(),
        until=NOON.date(),
    )
    session = session_at(clinic.group, LATER + timedelta(days=at), clinic.amara)
    Waiting.objects.create(session=session, person=person, state="withdrawn", joined_at=NOON, ended_at=NOON)
    FormerAddress.objects.create(user=person, email=f"before{at}@portal.test", replaced_at=NOON)
    permission_of(person, recipient_name=f"Somebody {at}")
    Notice.objects.create(
        to=person,
        kind="account_changed",
        about_type="people.user",
        about_id=person.pk,
        channel="mail",
        lead=timedelta(hours=at),
        owed_at=NOON,
        not_before=NOON,
        state="sent",
        ended_at=NOON,
    )


def test_what_is_told_is_ones_own_alone(clinic):
    ben = enrolled(clinic.program, preferred_name="Ben")
    on_care_team(clinic.amara, ben)
    fill(clinic, ben, at=7)
    texted(ben)
    Invitation.objects.create(
        email="ben@portal.test",
        preferred_name="Ben",
        program=clinic.program,
        role=Role.CLIENT,
        enrol_as="admitted",
        invited_at=NOON,
        expires_at=LATER,
        accepted_at=NOON,
        accepted_by=ben,
    )
    seated(ben, session_at(clinic.group, LATER + timedelta(days=9), clinic.amara))
    CarePlan.objects.create(enrolment=ben.enrolments.get(), number=1, content="x", fingerprint="x", begun_at=NOON)
    Sheet.objects.create(
        enrolment=ben.enrolments.get(),
        person=ben,
        instrument="craving",
        version="1",
        language="en",
        begun_at=NOON,
        sent_at=NOON,
        score=0,
    )
    begin_note(clinic.maya, clinic.program, by=clinic.amara, now=NOON)
    assert {key: len(facts) for key, facts in told(clinic.maya).items()} == {"stays": 1, "team": 1}
    assert {"texts", "account", "lines", "kept", "sent"} <= set(told(ben))
    assert len(counted(ben)) >= 4
    assert counted(clinic.maya) == {"Lines of who opened or changed your record": 1}
    fill(clinic, clinic.maya)
    mine = told(clinic.maya)
    assert [what for what, _when in mine["kept"]] == ["Old job 1"]
    assert [what for what, _when in mine["account"]] == ["before1@portal.test"]
    assert [when for _what, when in mine["lines"]] == ["Since 24 November 2026: withdrawn"]
    assert [when for _what, when in mine["sent"]] == ["By e-mail, Tuesday 24 November, 5:00 pm"]
    assert counted(clinic.maya)["Permissions, and what was told"] == 1


def test_a_stay_and_whoever_looked_after_them_stay_readable(clinic):
    ben = clinician(clinic.program, preferred_name="Ben", surname="Ito")
    on_care_team(ben, clinic.maya)
    CareTeam.objects.update(since=NOON)
    CareTeam.objects.filter(clinician=ben).update(until=LATER)
    assert told(clinic.maya)["team"] == [
        ("Amara Osei, primary counsellor", "Since 24 November 2026"),
        ("Ben Ito, care team", "24 November 2026 to 26 November 2026"),
    ]
    clinic.maya.enrolments.update(state="discharged", discharged_on=LATER.date(), discharge_reason="left")
    (stay,) = told(clinic.maya)["stays"]
    assert stay[1].endswith("ended on 26 November 2026, written down as: Chose to leave")


def test_text_messages_that_were_ended_are_told_with_how(clinic):
    texted(clinic.maya)
    stop_texts(clinic.maya, how=TextOptOut.How.PAGE, by=clinic.maya, now=LATER)
    assert told(clinic.maya)["texts"] == [
        ("To your number that ends in 00", "24 November 2026 to 26 November 2026 (on the page)")
    ]


@pytest.mark.parametrize("state", ["admitted", "referred", "discharged"])
def test_each_kind_leads_to_a_page_that_they_may_open(client, clinic, state):
    person = clinic.maya if state == "admitted" else enrolled(clinic.program, state=state)
    fill(clinic, person)
    page = sign_in(client, person)
    assert {page.get(kind.url).status_code for kind in kinds_of(person, now=LATER)} == {200}
    assert "What you do not find here" in strip_tags(page.get(reverse("home:my_record")).content.decode())


@pytest.mark.parametrize("many", [1, 4])
def test_it_takes_as_many_queries_for_many_as_for_few(client, clinic, many, django_assert_num_queries):
    for at in range(1, many + 1):
        fill(clinic, clinic.maya, at=at)
        on_care_team(clinician(clinic.program), clinic.maya)
    page = sign_in(client, clinic.maya)
    page.get(reverse("home:my_record"))
    with django_assert_num_queries(30):
        page.get(reverse("home:my_record"))
