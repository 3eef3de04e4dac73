"""My choices: how everything that somebody decides stands, and where it is changed."""

from datetime import time, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils.html import strip_tags

from iop_portal.consents.consenting import revoke_consent
from iop_portal.consents.models import Category
from iop_portal.home import choices
from iop_portal.notices import reach
from iop_portal.people.models import Enrolment
from scheduling import commitments, connected, feeds
from scheduling.models import Area
from tests.factories import NOON, ProgramFactory, clinician, enrolled, on_care_team, permission_of, texted
from tests.signing_in import sign_in
from tests.therapy.plan_world import Clinic
from therapy import agreements, homework, plan_suggestions
from therapy.models import Agreement, Skill

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=2)
URL = "/choices/"


@pytest.fixture(autouse=True)
def afternoon():
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def clinic():
    return Clinic()


def said(person, key):
    """The lines of one part, by title."""
    part = next((part for part in choices.parts_for(person, now=LATER) if part.key == key), None)
    return {str(one.title): [strip_tags(str(line)) for line in one.state] for one in part.choices} if part else {}


def where(person, key):
    part = next(part for part in choices.parts_for(person, now=LATER) if part.key == key)
    return {str(one.title): one.url for one in part.choices}


def test_nobody_outside_knows_anything_until_they_are_permitted(clinic):
    assert said(clinic.maya, "sees")["People outside the program"] == ["Nobody is told anything."]
    permission_of(clinic.maya, recipient_name="Rosa Lind", recipient_relation="my sister", category=Category.ATTENDANCE)
    permission_of(clinic.maya, recipient_name="Rosa Lind", recipient_relation="my sister", category=Category.PROGRESS)
    over = permission_of(clinic.maya, recipient_name="Bo", recipient_relation="a friend")
    revoke_consent(over, by=clinic.maya, now=NOON)
    permission_of(enrolled(clinic.program), recipient_name="Somebody else")
    told = said(clinic.maya, "sees")
    assert [name for name in told if "Lind" in name or "Bo" in name or "else" in name] == ["Rosa Lind, my sister"]
    assert [line.split(", until")[0] for line in told["Rosa Lind, my sister"]] == [
        "How I am getting on, in general",
        "How often I came",
    ]


def test_what_the_care_team_reads_of_ones_own_words(clinic):
    assert "My looks back at a week" not in said(clinic.maya, "sees")
    kept = {**dict.fromkeys(Area.values, "held"), "protect": "", "words": ""}
    week = connected.this_week(clinic.maya, now=LATER)
    look = connected.save_look(clinic.maya, kept, week=week, finished=True, by=clinic.maya, now=LATER)
    stranger = enrolled(clinic.program)
    theirs = connected.save_look(stranger, kept, week=week, finished=True, by=stranger, now=LATER)
    connected.share_look(theirs, by=stranger, now=LATER)
    skill = Skill.objects.create(program=clinic.program, name="Breathing", in_short="x", how="x")
    for shared, person in ((True, clinic.maya), (True, stranger)):
        place = person.enrolments.get()
        given = homework.give_homework(place, skill, by=person, now=NOON)
        homework.practised(given, reflection="It helped.", shared=shared, by=person, now=LATER)
    told = said(clinic.maya, "sees")
    assert told["My looks back at a week"] == ["Yours alone. Your care team reads none of it."]
    assert told["What I write about things I practised"] == ["Your care team reads 1 of 1."]
    connected.share_look(look, by=clinic.maya, now=LATER)
    assert said(clinic.maya, "sees")["My looks back at a week"] == ["Your care team reads 1 of 1."]


def test_how_somebody_is_reached(clinic):
    assert said(clinic.maya, "reached") == {
        "When something changes": ["By e-mail"],
        "Reminders": ["By e-mail, 1 day before and 2 hours before"],
        "What a message may say": ["That there is an appointment, and when"],
        "When nothing comes": ["At night, from 9:00 pm until 8:00 am"],
        "Text messages": ["None. We text nobody who has not asked for it."],
        "My own calendar": ["It does not get your appointments."],
    }
    texted(clinic.maya)
    wanted = reach.Wanted(["portal"], ["text"], [60], time(22), time(7), tells_place=True)
    reach.set_reach(clinic.maya, wanted, now=NOON)
    feeds.make_feed(clinic.maya, tells_more=True, now=NOON)
    told = said(clinic.maya, "reached")
    assert told["When something changes"] == ["Here in the portal"]
    assert told["What a message may say"] == ["That there is an appointment, when and where"]
    assert told["When nothing comes"] == ["From 10:00 pm until 7:00 am, your own hours"]
    assert told["Text messages"] == ["They go to your number that ends in 00."]
    assert told["My own calendar"] == ["It reads them from an address.", "What it is, and where."]


def test_the_night_is_that_of_their_own_program(clinic):
    ProgramFactory(name="Aaa", quiet_from=time(1), quiet_until=time(2))
    assert said(clinic.maya, "reached")["When nothing comes"] == ["At night, from 9:00 pm until 8:00 am"]


@pytest.mark.parametrize(("texts", "reminders"), [("portal.fake", "By text message, 1 hour before"), ("", "None.")])
def test_reminders_that_cannot_come_are_not_promised(clinic, settings, texts, reminders):
    settings.TEXT_BACKEND = texts
    texted(clinic.maya)
    reach.set_reach(clinic.maya, reach.Wanted(["mail"], ["text"], [60]), now=NOON)
    assert said(clinic.maya, "reached")["Reminders"] == [reminders]


def test_the_goals_in_force_and_what_waits_for_a_signature(clinic):
    assert said(clinic.maya, "goals") == {"What we work on": ["No goal is signed yet."]}
    clinic.goal("I come home sober.")
    assert said(clinic.maya, "goals")["A new version of my plan"] == ["You are still writing it."]
    clinic.sign(clinic.maya, now=NOON)
    assert said(clinic.maya, "goals")["A new version of my plan"] == [
        "You have signed it. It waits for your counsellor."
    ]
    clinic.sign(clinic.amara, now=NOON)
    assert said(clinic.maya, "goals") == {"What we work on": ["“I come home sober.”"]}
    clinic.goal("I sleep through.")
    clinic.sign(clinic.amara, now=LATER)
    told = said(clinic.maya, "goals")
    assert told["What we work on"] == ["“I come home sober.”"]
    assert told["A new version of my plan"] == ["Your counsellor has signed it. It waits for you."]


def waiting(person):
    return [str(one.title) for part in choices.parts_for(person, now=LATER) for one in part.choices if one.waits]


def test_what_waits_stands_first(client, clinic):
    assert waiting(clinic.maya) == []
    plan_suggestions.suggest_text(clinic.enrolment, "matters", "Your children.", by=clinic.amara, now=NOON)
    groups = agreements.publish_version(
        clinic.program, Agreement.Kind.GROUP, text="What holds.", asked_for=True, seen=0, by=clinic.amara, now=NOON
    )
    assert waiting(clinic.maya) == ["A suggestion for my plan", "Agreements"]
    page = strip_tags(sign_in(client, clinic.maya).get(URL).content.decode())
    assert page.index("Waits for you") < page.index("Amara suggested something") < page.index("Who sees what")
    agreements.sign_agreement(groups, name=clinic.maya.full_name, by=clinic.maya, now=NOON)
    assert waiting(clinic.maya) == ["A suggestion for my plan"]
    assert said(clinic.maya, "goals")["Agreements"] == ["You signed 1."]


def test_the_care_team_and_the_way_to_somebody_else(clinic):
    on_care_team(clinician(clinic.program, preferred_name="Ben", surname="Ito"), clinic.maya)
    on_care_team(clinician(clinic.program, preferred_name="Not", surname="Theirs"), enrolled(clinic.program))
    assert said(clinic.maya, "people") == {
        "Amara Osei": ["Primary counsellor"],
        "Ben Ito": ["Care team"],
        "Who would suit me": ["A few questions, and who here fits, with the reasons. Nothing changes by that."],
        "Another counsellor": ["You can ask the office for somebody else. You need not say why."],
    }


def test_what_is_kept_free(clinic):
    assert said(clinic.maya, "free") == {
        "Times that are mine": ["Nothing is written down."],
        "Wishes for my week": ["We plan by your plan, your track and your last weeks."],
    }
    for kind in ("work", "school", "faith", "other"):
        terms = commitments.Terms(kind, "", (0, 2), time(9), time(17), LATER.date())
        commitments.add_commitment(clinic.maya, terms, by=clinic.maya, now=LATER)
    told = said(clinic.maya, "free")["Times that are mine"]
    assert (len(told), told[-1]) == (4, "And 1 more.")
    assert "Work: Monday and Wednesday, 9:00 am–5:00 pm" in told


def test_what_was_asked_and_may_be_left_out(clinic):
    with time_machine.travel(LATER - timedelta(days=1), tick=False):
        assert said(clinic.maya, "asked") == {}
    skill = Skill.objects.create(program=clinic.program, name="Breathing", in_short="x", how="x")
    given = homework.give_homework(clinic.enrolment, skill, by=clinic.amara, now=NOON)
    assert said(clinic.maya, "asked")["Breathing"] == ["Something to practise"]
    homework.not_this_time(given, by=clinic.maya, now=NOON)
    assert "Breathing" not in said(clinic.maya, "asked")


def parts(person):
    return [part.key for part in choices.parts_for(person, now=LATER)]


def test_everybody_sees_what_is_theirs(clinic):
    applicant = enrolled(clinic.program, state="referred")
    alum = enrolled(clinic.program, state="discharged")
    assert [key for key in parts(clinic.maya) if key != "asked"] == ["sees", "reached", "goals", "people", "free"]
    assert [key for key in parts(applicant) if key != "asked"] == ["sees", "reached", "people", "free"]
    assert [key for key in parts(alum) if key != "asked"] == ["sees", "reached"]


def test_who_left_reads_their_goals_and_changes_none(clinic):
    clinic.goal("I come home sober.")
    clinic.sign(now=NOON)
    Enrolment.objects.update(state="discharged", discharged_on=LATER.date(), discharge_reason="completed")
    part = next(part for part in choices.parts_for(clinic.maya, now=LATER) if part.key == "goals")
    assert [(str(one.title), str(one.verb)) for one in part.choices] == [("What we work on", "Read")]


@pytest.mark.parametrize("state", ["admitted", "referred", "discharged"])
def test_every_line_leads_to_a_page_that_they_may_open(client, clinic, state):
    person = clinic.maya if state == "admitted" else enrolled(clinic.program, state=state)
    permission_of(person)
    page = sign_in(client, person)
    urls = [one.url for part in choices.parts_for(person, now=LATER) for one in part.choices]
    assert {page.get(url, follow=True).status_code for url in urls} == {200}


@pytest.mark.parametrize("many", [1, 4])
def test_it_takes_as_many_queries_for_many_as_for_few(client, clinic, many, django_assert_num_queries):
    for at in range(many):
        permission_of(clinic.maya, recipient_name=f"Live {at}")
        clinic.goal(f"Goal {at}")
        on_care_team(clinician(clinic.program), clinic.maya)
        terms = commitments.Terms("work", f"Job {at}", (0,), time(9), time(17), LATER.date())
        commitments.add_commitment(clinic.maya, terms, by=clinic.maya, now=LATER)
        skill = Skill.objects.create(program=clinic.program, name=f"Skill {at}", in_short="x", how="x")
        homework.give_homework(clinic.enrolment, skill, by=clinic.amara, now=NOON)
    clinic.sign(now=NOON)
    page = sign_in(client, clinic.maya)
    page.get(reverse("home:choices"))
    with django_assert_num_queries(29):
        page.get(reverse("home:choices"))
