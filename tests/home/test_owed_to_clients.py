"""What staff have to do for a client, as that client reads it: each kind says in one place whether they do."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from iop_portal.followups.kinds import registry
from iop_portal.followups.models import FollowUp
from iop_portal.home.my_record import facts_about
from tests.factories import NOON, admin, clinician, enrolled, on_care_team
from tests.signing_in import sign_in
from tests.therapy.plan_world import Clinic

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)

READ_BY_CLIENTS = {
    "consent_withdrawn",
    "plan_to_review",
    "plan_to_sign",
    "opportunity_interest",
    "missed_session",
    "missed_twice",
    "missed_review",
    "short_week",
    "message_unanswered",
}
# Why not, one by one.
KEPT = {
    "safety_answer": "somebody in danger would watch a clock, and what is done may involve others",
    "safety_answer_on_call": "as the one before",
    "counsellor_wished_for": "an act of the office, whose answer has a page of its own",
    "dead_letter": "an act of the office, about a message",
    "first_contact": "about somebody who does not belong to us yet",
    "glass_review": "about what a colleague did; what came of it stands in who opened the record",
    "roster_unmarked": "about everybody of a session",
    "series_skipped": "an act of the office, about the timetable",
}


@pytest.fixture
def clinic():
    clinic = Clinic()
    with time_machine.travel(NOON + 5 * HOUR, tick=False):
        yield clinic


def owed(clinic, kind, *, client=None, at=1, due=6, **fields):
    return FollowUp.objects.create(
        program=clinic.program,
        kind=kind,
        owner=clinic.amara,
        client=client or clinic.maya,
        about_type=registry[kind].about,
        about_id=at,
        made_at=NOON,
        due_at=NOON + due * HOUR,
        **fields,
    )


def done(clinic, kind, *, by=None, **fields):
    words = {"resolved_at": NOON + 4 * HOUR, "resolved_by": by or clinic.amara, "outcome": "zq-outcome Her sister says"}
    return owed(clinic, kind, **words, **fields)


def told(person, now=NOON + 5 * HOUR):
    parts = {part.key: part.facts for part in facts_about(person, now=now)}
    return [(str(fact.what), str(fact.when)) for fact in parts.get("owed", ())]


def test_every_kind_says_whether_its_client_reads_it():
    kinds = {name: bool(kind.to_client) for name, kind in registry.items() if not name.startswith("demo_")}
    assert kinds == dict.fromkeys(READ_BY_CLIENTS, True) | dict.fromkeys(KEPT, False)


@pytest.mark.parametrize("name", sorted(registry))
def test_of_each_kind_only_what_is_told_stands_on_the_page(client, clinic, name):
    owed(clinic, name)
    done(clinic, name, at=2)
    shown = str(registry[name].to_client)
    assert [what for what, _when in told(clinic.maya)] == ([shown, shown] if shown else [])
    page = sign_in(client, clinic.maya).get(reverse("home:my_record")).content.decode()
    assert ("What we have to do for you" in page) == bool(shown)
    assert [word for word in (str(registry[name].title), str(registry[name].why), "zq-outcome") if word in page] == []


def test_it_says_what_until_when_and_who_did_it(clinic):
    done(clinic, "missed_session", at=1)
    owed(clinic, "message_unanswered", at=2, due=2)
    owed(clinic, "plan_to_sign", at=3)
    done(clinic, "opportunity_interest", at=4, by=clinic.maya)
    assert told(clinic.maya) == [
        (
            "Answer your message",
            "It was to be done by Tuesday 24 November, 7:00 pm, and is still open. Amara Osei sees to it.",
        ),
        (
            "Read your plan, and sign it or suggest a change",
            "By Tuesday 24 November, 11:00 pm. Amara Osei sees to it.",
        ),
        (
            "Get in touch with you, because you were missed",
            "By Tuesday 24 November, 11:00 pm. Done by Amara Osei, Tuesday 24 November, 9:00 pm.",
        ),
        (
            "Speak with you about work or learning that interests you",
            "By Tuesday 24 November, 11:00 pm. You saw to it yourself, Tuesday 24 November, 9:00 pm.",
        ),
    ]


def test_nobody_reads_what_is_owed_to_somebody_else(client, clinic):
    ben = enrolled(clinic.program, preferred_name="Ben")
    on_care_team(clinic.amara, ben)
    owed(clinic, "missed_session", client=ben)
    FollowUp.objects.filter(client=ben).update(client=None)
    owed(clinic, "plan_to_sign", client=ben, at=2)
    assert (told(clinic.maya), len(told(ben))) == ([], 1)
    for person in (clinic.amara, clinician(clinic.program), admin(clinic.program)):
        assert sign_in(client, person).get(reverse("home:my_record")).status_code == 403


def test_what_was_owed_stays_readable_after_a_stay(client, clinic):
    done(clinic, "missed_session")
    clinic.maya.enrolments.update(state="discharged", discharged_on=NOON.date(), discharge_reason="left")
    page = sign_in(client, clinic.maya).get(reverse("home:my_record")).content.decode()
    assert "Get in touch with you, because you were missed" in page


def test_it_says_what_is_not_shown(client, clinic):
    page = " ".join(sign_in(client, clinic.maya).get(reverse("home:my_record")).content.decode().split())
    assert "What is done about an answer that could not wait" in page
    assert "how something came out" in page
