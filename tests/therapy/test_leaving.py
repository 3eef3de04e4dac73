"""What becomes of what is owed about somebody when their stay ends."""

from datetime import timedelta

import pytest
from django.urls import reverse

from iop_portal.audit.models import Entry
from iop_portal.followups.escalation import escalate_overdue
from iop_portal.followups.models import FollowUp
from iop_portal.people.models import Enrolment
from scheduling.enrolling import discharge_from_care
from tests.factories import NOON, admin, clinician
from tests.signing_in import sign_in
from tests.therapy.measured import PHQ, always_on_call, answer
from tests.therapy.plan_world import Clinic
from therapy.counsellor_requests import ask_for_counsellor
from therapy.models import CounsellorRequest, Opportunity
from therapy.opportunities import OpportunityDetails, post_opportunity, show_interest
from therapy.plan_reviews import owe_reviews

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    clinic = Clinic()
    clinic.office = admin(clinic.program, preferred_name="Office")
    return clinic


def discharged(clinic, now=NOON + timedelta(days=40)):
    discharge_from_care(clinic.enrolment, reason="completed", by=clinic.office, now=now)
    return now


def test_acts_that_stand_on_the_care_team_end_with_it(clinic):
    clinic.write()
    clinic.sign()
    owe_reviews(now=NOON + timedelta(days=30))
    clinic.write(words="My sister, and the sea.", now=NOON + timedelta(days=31))
    clinic.sign(clinic.maya, now=NOON + timedelta(days=32))
    job = OpportunityDetails(Opportunity.Kind.JOB, "Garden", "The nursery", "You plant.")
    show_interest(post_opportunity(clinic.program, job, by=clinic.amara, now=NOON), by=clinic.maya, now=NOON)
    assert set(FollowUp.objects.open().values_list("kind", flat=True)) == {
        "plan_to_sign",
        "plan_to_review",
        "opportunity_interest",
    }

    now = discharged(clinic)
    assert not FollowUp.objects.open().exists()
    over = FollowUp.objects.filter(outcome="Nothing to do any more: their stay has ended.", resolved_by=clinic.office)
    assert over.count() == 3
    assert escalate_overdue(now=now + timedelta(days=2)) == 0


def test_a_wish_for_another_counsellor_ends_without_an_answer_to_write(clinic):
    wish = ask_for_counsellor(clinic.enrolment, wanted=None, by=clinic.maya, now=NOON)
    discharged(clinic)
    wish.refresh_from_db()
    assert (wish.state, wish.closed_by) == (CounsellorRequest.State.WITHDRAWN, clinic.office)
    assert not FollowUp.objects.open().exists()
    entry = Entry.objects.get(verb="counsellor_request.ended")
    assert (entry.client, entry.actor) == (clinic.maya, clinic.office)


def test_an_answer_that_cannot_wait_stays_and_the_office_is_told_before_it_discharges(client, clinic):
    always_on_call(clinic.program, clinician(clinic.program))
    sign_in(client, clinic.office)
    where = reverse("office:discharge", args=[clinic.enrolment.pk])
    warning = "An answer of theirs that cannot wait is still open"
    assert warning not in client.get(where).content.decode()

    answer(clinic.maya, PHQ, {"9": 1})
    shown = client.get(where).content.decode()
    assert warning in shown
    for told in ("Several days", "PHQ-9", "better off dead"):
        assert told not in shown

    discharged(clinic)
    assert FollowUp.objects.open().count() == 2
    assert Enrolment.objects.get().state == Enrolment.State.DISCHARGED
