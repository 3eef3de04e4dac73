"""What each view fetches is somebody's: two programs, each with two clients and two clinicians, all of the same.

Whoever does not find it gets the same answer as for what does not exist.
"""

from copy import deepcopy
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from iop_portal.accounts.glass import break_glass
from iop_portal.people.models import CareTeam, Enrolment
from tests.factories import (
    ModalityFactory,
    ProgramFactory,
    TrackFactory,
    admin,
    clinician,
    enrolled,
    introduced,
    on_care_team,
)
from tests.signing_in import sign_in
from therapy import conversations, counselling, counsellor_requests, notes, plan_drafting, plan_suggestions, sittings
from therapy.care_plans import plan_of
from therapy.homework import give_homework
from therapy.models import Clinician, CounsellingNote, Homework, LibraryText, Sitting, Skill, Speciality
from therapy.opportunities import OpportunityDetails, post_opportunity, show_interest
from therapy.plan_texts import Content, fingerprint_of
from therapy.practices import practices
from therapy.prescribing import prescribe


class House:
    """A program in which Amara looks after Maya, and Lena after Ben. All that there is is Maya's, or Amara's."""

    def __init__(self, name, now) -> None:
        self.program = ProgramFactory(name=name)
        self.office = admin(self.program, preferred_name=f"Office {name}")
        self.amara, self.lena = (clinician(self.program, preferred_name=f"{one} {name}") for one in ("Amara", "Lena"))
        self.maya, self.ben = (enrolled(self.program, preferred_name=f"{one} {name}") for one in ("Maya", "Ben"))
        for counsellor, client in ((self.amara, self.maya), (self.lena, self.ben)):
            on_care_team(counsellor, client, part="primary")
            introduced(counsellor)
            Clinician.objects.filter(user=counsellor).update(about=f"Words of {counsellor.preferred_name}")
        self.enrolment = self.maya.enrolments.get()
        self.way = ModalityFactory(program=self.program, name=f"Way {name}")
        self.skill = Skill.objects.create(program=self.program, name=f"Skill {name}", in_short="x", how="x")
        self.speciality = Speciality.objects.create(program=self.program, name=f"Speciality {name}")
        self.text = LibraryText.objects.create(
            program=self.program, topic="here", title=f"Text {name}", in_short="x", words="x"
        )
        self.make(now)

    def make(self, now) -> None:
        self.thread = conversations.begin_thread(
            self.maya, program=self.program, subject="x", text="x", once=uuid4(), by=self.maya, now=now
        )
        self.note = notes.begin_note(self.maya, self.program, by=self.amara, now=now)
        notes.sign_note(self.note, text="x", by=self.amara, now=now)
        self.draft = notes.begin_note(self.maya, self.program, by=self.amara, now=now)
        self.kept = counselling.write_counselling_note(self.maya, self.program, text="x", by=self.amara, now=now)
        self.homework = give_homework(self.enrolment, self.skill, by=self.amara, now=now)
        pause = practices()["pause"]
        self.sitting = sittings.keep_sitting(
            pause, minutes=3, how=Sitting.How.HELPED, shared=False, by=self.maya, now=now
        )
        details = OpportunityDetails("job", f"Work {self.program.name}", "x", "x")
        self.opportunity = post_opportunity(self.program, details, by=self.amara, now=now)
        self.interest = show_interest(self.opportunity, by=self.maya, now=now)
        self.wish = counsellor_requests.ask_for_counsellor(self.enrolment, wanted=None, by=self.maya, now=now)
        plan_drafting.write_text(
            self.enrolment, "matters", "x", seen=fingerprint_of(Content(), "matters"), by=self.maya, now=now
        )
        read = plan_of(self.enrolment).draft.plan.fingerprint
        for person in (self.maya, self.amara):
            plan_drafting.sign_plan(self.enrolment, name=person.full_name, read=read, by=person, now=now)
        self.plan = plan_of(self.enrolment).signed.plan
        self.suggestion = plan_suggestions.suggest_text(self.enrolment, "needs", "x", by=self.amara, now=now)
        prescribe(
            self.enrolment, track=TrackFactory(program=self.program), phase="core", hours=9, days=3, by=None, now=now
        )


class Street:
    def __init__(self) -> None:
        now = timezone.now() - timedelta(hours=1)
        self.here, self.there = House("here", now), House("there", now)


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker):
    """Once for all of them: each test puts back what it changed."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield Street()
        transaction.set_rollback(True)


@pytest.fixture
def street(built, db):
    return deepcopy(built)


MINE, HERS = ("maya", "ben"), ("amara", "lena")
# The page; how it is asked; what of the house is in its address; whose it is, and who of the house finds nothing.
ROWS = [
    ("way", "get", "way", ("maya", None)),
    ("withdraw_request", "post", "wish", MINE),
    ("counsellor", "get", "enrolment", MINE),
    ("note", "get", "note", MINE),
    ("note", "get", "note", HERS),
    ("write_note", "get", "draft", HERS),
    ("discard_note", "post", "draft", HERS),
    ("cosign_note", "post", "note", HERS),
    ("client_notes", "get", "maya", HERS),
    ("begin_note", "post", "maya", HERS),
    ("counselling", "get", "maya", HERS),
    ("thread", "get", "thread", MINE),
    ("thread", "get", "thread", HERS),
    ("assign_thread", "post", "thread", HERS),
    ("close_thread", "post", "thread", HERS),
    ("write_to", "get", "maya", HERS),
    ("skill", "get", "skill", ("maya", None)),
    ("homework", "get", "homework", MINE),
    ("give_homework", "get", "enrolment", HERS),
    ("library_text", "get", "text", ("maya", None)),
    ("mark_text", "post", "text", ("maya", None)),
    ("share_sitting", "post", "sitting", MINE),
    ("remove_sitting", "get", "sitting", MINE),
    ("opportunity", "get", "opportunity", ("maya", None)),
    ("take_interest_back", "post", "interest", MINE),
    ("interest_step", "post", "interest", MINE),
    ("interest", "get", "interest", HERS),
    ("post_opportunity", "get", "program", ("amara", None)),
    ("change_opportunity", "get", "opportunity", ("lena", None)),
    ("close_opportunity", "post", "opportunity", ("office", None)),
    ("add_goal", "get", "enrolment", MINE),
    ("sign_plan", "get", "enrolment", MINE),
    ("plan_version", "get", "plan", MINE),
    ("plan_version", "get", "plan", HERS),
    ("suggestion", "get", "suggestion", MINE),
    ("withdraw_suggestion", "post", "suggestion", HERS),
    ("client_plan", "get", "enrolment", HERS),
]


def ask(client, person, page, method, thing):
    sign_in(client, person)
    return getattr(client, method)(reverse(f"therapy:{page}", args=[thing.pk])).status_code


@pytest.mark.parametrize(("page", "method", "what", "who"), ROWS, ids=[f"{row[0]}-{row[3][0]}" for row in ROWS])
def test_what_is_fetched_is_whose_it_is(client, street, page, method, what, who):
    here, there = street.here, street.there
    thing, (owner, neighbour) = getattr(here, what), who
    strangers = [getattr(there, owner)] + ([getattr(here, neighbour)] if neighbour else [])
    assert [ask(client, person, page, method, thing) for person in strangers] == [404] * len(strangers)
    assert ask(client, getattr(here, owner), page, method, thing) in (200, 302)


# ── Beside one's own ──────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_works_on_their_own_care(client, street):
    """Amara is a client as well, and stands on her own care team."""
    here, now = street.here, timezone.now()
    held = Enrolment.objects.create(
        client=here.amara,
        program=here.program,
        state="admitted",
        referred_on=now.date() - timedelta(days=9),
        admitted_on=now.date() - timedelta(days=9),
    )
    CareTeam.objects.create(enrolment=held, clinician=here.amara, part="primary", since=now)
    interest = show_interest(here.opportunity, by=here.amara, now=now)
    asked = [
        ask(client, here.amara, page, "get", thing)
        for page, thing in (("client_plan", held), ("give_homework", held), ("interest", interest))
    ]
    assert asked == [404] * 3


def test_a_suggestion_is_taken_back_by_its_author_while_they_are_on_the_team(client, street):
    here = street.here
    on_care_team(here.lena, here.maya)
    assert ask(client, here.lena, "withdraw_suggestion", "post", here.suggestion) == 404
    here.amara.care_teams.update(until=timezone.now())
    assert ask(client, here.amara, "withdraw_suggestion", "post", here.suggestion) == 404


def test_what_somebody_picks_is_for_themselves(client, street):
    """Whichever of them stands first among the clients."""
    here = street.here
    enrolled(here.program)
    sign_in(client, here.ben)
    assert client.post(reverse("therapy:skill", args=[here.skill.pk]), {"due_on": ""}).status_code == 302
    assert set(Homework.objects.values_list("enrolment__client", "given_by")) == {
        (here.maya.pk, here.amara.pk),
        (street.there.maya.pk, street.there.amara.pk),
        (here.ben.pk, None),
    }


def test_what_amends_a_note_of_one_s_own_is_about_the_same_client(client, street):
    here = street.here
    on_care_team(here.amara, here.ben)
    sign_in(client, here.amara)
    where = reverse("therapy:counselling", args=[here.ben.pk])
    assert client.post(where, {"text": "More.", "amends": here.kept.pk}).status_code == 404
    assert CounsellingNote.objects.filter(text="More.").count() == 0


def test_nobody_amends_a_colleague_s_note_of_their_own(client, street):
    here = street.here
    on_care_team(here.lena, here.maya)
    sign_in(client, here.lena)
    where = reverse("therapy:counselling", args=[here.maya.pk])
    assert client.post(where, {"text": "More.", "amends": here.kept.pk}).status_code == 404


def test_nobody_co_signs_what_is_written_about_them(client, street):
    here, now = street.here, timezone.now()
    day = timezone.localdate() - timedelta(days=9)
    held = here.amara.enrolments.create(program=here.program, state="admitted", referred_on=day, admitted_on=day)
    CareTeam.objects.create(enrolment=held, clinician=here.lena, part="primary", since=now)
    note = notes.begin_note(here.amara, here.program, by=here.lena, now=now)
    notes.sign_note(note, text="x", by=here.lena, now=now)
    assert ask(client, here.amara, "note", "get", note) == 200
    assert ask(client, here.amara, "cosign_note", "post", note) == 404


def test_who_wrote_a_note_and_left_the_team_reads_it_and_is_led_no_further(client, street):
    here = street.here
    sign_in(client, here.amara)
    where = reverse("therapy:note", args=[here.note.pk])
    assert client.get(where).context["in_record"] is True
    here.amara.care_teams.update(until=timezone.now())
    assert client.get(where).context["in_record"] is False


def test_a_clinician_tells_what_they_know_themselves(client, street):
    sign_in(client, street.here.lena)
    assert client.get(reverse("therapy:own_known")).context["clinician"].user == street.here.lena


def shown_to(client, person, page, *args):
    sign_in(client, person)
    return client.get(reverse(f"therapy:{page}", args=args)).content.decode()


@pytest.mark.parametrize(
    ("person", "page", "own", "other"),
    [
        ("lena", "own_words", "Words of Lena here", "Words of"),
        ("amara", "own_known", "Speciality here", "Speciality there"),
        ("ben", "practice", "Skill here", "Skill there"),
        ("ben", "library", "Text here", "Text there"),
        ("ben", "opportunities", "Work here", "Work there"),
        ("amara", "posted", "Work here", "Work there"),
        ("office", "posted", "Work here", "Work there"),
    ],
)
def test_a_list_holds_one_s_own(client, street, person, page, own, other):
    shown = shown_to(client, getattr(street.here, person), page).replace(own, "OWN")
    assert ("OWN" in shown, other in shown) == (True, False)


def test_what_another_client_is_interested_in_is_not_shown(client, street):
    here = street.here
    offered = [
        reverse("therapy:take_interest_back", args=[here.interest.pk])
        in shown_to(client, person, "opportunity", here.opportunity.pk)
        for person in (here.maya, here.ben)
    ]
    assert offered == [True, False]


def test_an_emergency_access_reads_and_is_offered_nothing_to_write(client, street):
    here = street.here
    break_glass(here.maya, reason="She called the front desk", by=here.lena, now=timezone.now())
    page = ("client_notes", here.maya.pk)
    write = reverse("therapy:begin_note", args=[here.maya.pk])
    assert [write in shown_to(client, person, *page) for person in (here.amara, here.lena)] == [True, False]
    measure = ("client_measure", here.maya.pk, "gad-7")
    ask_them = reverse("therapy:ask_client", args=[here.maya.pk, "gad-7"])
    assert [ask_them in shown_to(client, person, *measure) for person in (here.amara, here.lena)] == [True, False]


def test_who_has_left_reads_whom_to_call_where_they_were(client, street):
    there = street.there
    there.program.phone = "+1 212 555 0177"
    there.program.save()
    there.ben.enrolments.update(state="discharged", discharged_on=timezone.localdate(), discharge_reason="completed")
    assert "555 0177" in shown_to(client, there.ben, "messages")
