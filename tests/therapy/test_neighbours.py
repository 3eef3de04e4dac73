"""What somebody does is done to what is theirs: Ben, who has the same of everything there, keeps his as it was.

Every row that is Ben's is looked at before and after each act; and what is read as Maya's before she has anything.
"""

import pytest

from iop_portal.audit.models import Entry
from iop_portal.followups.models import FollowUp
from iop_portal.notices.models import Notice
from iop_portal.versions import ChangedMeanwhile
from tests.factories import NOON, ModalityFactory
from tests.therapy.measured import CRAVING, GAD, answer, points, sent
from tests.therapy.neighbours import PAUSE, Street
from tests.therapy.plan_world import SOON
from therapy import measures, opportunities, plan_drafting, sittings
from therapy.counsellor_requests import decline_request, withdraw_request
from therapy.models import (
    Answer,
    Asking,
    CarePlan,
    CounsellorRequest,
    CriterionSaid,
    Interest,
    Pin,
    PlanShare,
    PlanSignature,
    PlanSuggestion,
    Sheet,
    Sitting,
)
from therapy.plan_texts import fingerprint_of

pytestmark = pytest.mark.django_db
OF = {
    Sheet: "person",
    Answer: "sheet__person",
    Asking: "person",
    CarePlan: "enrolment__client",
    PlanShare: "plan__enrolment__client",
    PlanSignature: "plan__enrolment__client",
    PlanSuggestion: "enrolment__client",
    CriterionSaid: "prescription__enrolment__client",
    Interest: "enrolment__client",
    CounsellorRequest: "enrolment__client",
    Pin: "person",
    Sitting: "person",
    Notice: "client",
    FollowUp: "client",
}


@pytest.fixture
def street():
    return Street()


def rows_of(person):
    return {model: list(model.objects.filter(**{whose: person}).order_by("pk").values()) for model, whose in OF.items()}


def leave_changes(street):
    seen = street.plan.draft.plan.fingerprint
    plan_drafting.drop_draft(street.enrolment, seen=seen, by=street.maya, now=SOON)


def take_suggestion(street):
    held = PlanSuggestion.objects.get(enrolment=street.enrolment)
    change = plan_drafting.with_text("needs", "Sleep.")
    seen = fingerprint_of(street.plan.content, "needs")
    plan_drafting.take_suggestion(held, change, seen=seen, by=street.maya, now=SOON)


ACTS = {
    "writing a plan": lambda street: street.write(words="My brother."),
    "writing what care is made of": lambda street: street.mix({ModalityFactory(program=street.program).pk: 1}),
    "leaving changes out": leave_changes,
    "signing by the team": lambda street: street.sign(street.amara),
    "taking a suggestion": take_suggestion,
    "beginning anew": lambda street: answer(street.maya, GAD, {"1": 0}, now=NOON + 2 * measures.KEPT_OPEN),
    "sending in": lambda street: sent(street.maya, GAD, points(GAD, 4), now=SOON),
    "sending in another": lambda street: sent(street.maya, CRAVING, points(CRAVING, 4), now=SOON),
    "taking an interest back": lambda street: opportunities.take_interest_back(
        Interest.objects.get(enrolment=street.enrolment), by=street.maya, now=SOON
    ),
    "saying how far it is": lambda street: opportunities.record_step(
        Interest.objects.get(enrolment=street.enrolment), "applied", seen=0, by=street.amara, now=SOON
    ),
    "taking a wish back": lambda street: withdraw_request(
        CounsellorRequest.objects.get(enrolment=street.enrolment), by=street.maya, now=SOON
    ),
    "keeping a practice": lambda street: sittings.keep_sitting(
        PAUSE, minutes=5, how=Sitting.How.NOT, shared=False, by=street.maya, now=NOON
    ),
    "taking one from the top": lambda street: sittings.unpin(PAUSE, by=street.maya, now=NOON),
}


@pytest.mark.parametrize("act", ACTS)
def test_what_one_does_leaves_the_neighbour_s_as_it_was(street, act):
    street.give_all(street.maya)
    theirs, own = rows_of(street.ben), rows_of(street.maya)
    ACTS[act](street)
    assert rows_of(street.ben) == theirs
    assert rows_of(street.maya) != own


def test_nothing_of_the_neighbour_s_is_read_as_one_s_own(street):
    maya = street.maya
    assert measures.open_sheet(maya, GAD, now=NOON) is None
    assert measures.asked_of(maya) == {}
    assert {(offer.asked, offer.begun) for offer in measures.offers_to(maya, now=NOON)} == {(False, False)}
    assert (street.plan.draft, street.plan.signed) == (None, None)
    assert opportunities.interests_of(maya, reader=maya) == []
    assert (list(sittings.log_of(maya)), sittings.pinned_by(maya)) == ([], [])
    assert (sittings.lately(maya, now=SOON).count, sittings.shared_of(maya)) == (0, (0, 0))
    assert sittings.read_shared(maya, by=street.amara, now=SOON) == []


def test_of_one_s_own_each_instrument_is_a_thing_of_its_own(street):
    street.give_all(street.maya)
    sent(street.maya, CRAVING, points(CRAVING, 4), now=SOON)
    assert set(measures.asked_of(street.maya)) == {GAD.code}
    offers = {offer.instrument.code: (offer.asked, offer.begun) for offer in measures.offers_to(street.maya, now=SOON)}
    assert (offers[GAD.code], offers[CRAVING.code]) == ((True, True), (False, False))
    assert measures.open_sheet(street.maya, CRAVING, now=SOON) is None
    assert offers_after_days(street)[GAD.code] is False


def offers_after_days(street):
    later = NOON + measures.KEPT_OPEN + measures.GRACE
    return {offer.instrument.code: offer.begun for offer in measures.offers_to(street.maya, now=later)}


def test_an_act_of_the_client_s_stands_in_the_trail_by_its_name(street):
    street.give_all(street.maya)
    for act in ("taking a suggestion", "leaving changes out", "sending in"):
        ACTS[act](street)
    kinds = ("plan.suggestion_taken", "plan.changes_left", "measure.begun", "measure.sent")
    lines = dict(Entry.objects.filter(client=street.maya, verb__in=kinds).values_list("verb", "actor"))
    assert lines == dict.fromkeys(kinds, street.maya.pk)


def test_saying_the_same_again_is_no_change_and_leaving_nothing_out_is_none(street):
    before = rows_of(street.maya)
    street.write(words="")
    assert rows_of(street.maya) == before
    with pytest.raises(ChangedMeanwhile):
        plan_drafting.drop_draft(street.enrolment, seen="", by=street.maya, now=SOON)


LINES = {
    "taking an interest back": "interest.taken_back",
    "saying how far it is": "interest.followed",
    "taking a wish back": "counsellor_request.withdrawn",
    "taking one from the top": "sitting.unpinned",
}


@pytest.mark.parametrize("act", LINES)
def test_each_act_leaves_its_line(street, act):
    street.give_all(street.maya)
    ACTS[act](street)
    assert Entry.objects.filter(client=street.maya, verb=LINES[act]).count() == 1


def test_what_is_made_leaves_its_line_with_whose_it_is(street):
    made = ("interest.shown", "counsellor_request.made", "sitting.kept", "sitting.pinned")
    assert set(Entry.objects.filter(verb__in=made).values_list("verb", "client")) == {
        (verb, street.ben.pk) for verb in made
    }


def test_a_line_of_a_log_is_shared_and_removed_by_itself(street):
    maya = street.maya
    first, second = (
        sittings.keep_sitting(PAUSE, minutes=3, how=Sitting.How.HELPED, shared=False, by=maya, now=at)
        for at in (NOON, SOON)
    )
    sittings.share_sitting(first, True, by=maya, now=SOON)
    assert list(sittings.log_of(maya).filter(shared=True)) == [first]
    sittings.share_sitting(first, False, by=maya, now=SOON)
    sittings.remove_sitting(first, by=maya, now=SOON)
    assert list(sittings.log_of(maya)) == [second]
    said = Entry.objects.filter(client=maya, verb__startswith="sitting.").exclude(verb="sitting.kept")
    assert list(said.order_by("pk").values_list("verb", flat=True)) == [
        "sitting.shared",
        "sitting.unshared",
        "sitting.removed",
    ]


def test_the_office_answers_one_wish_and_the_other_waits_on(street):
    street.give_all(street.maya)
    wish, other = (CounsellorRequest.objects.get(enrolment__client=one) for one in (street.maya, street.ben))
    decline_request(wish, reply="Let us speak first.", by=street.office, now=SOON)
    waiting = FollowUp.objects.open().filter(kind="counsellor_wished_for")
    assert [follow_up.about_id for follow_up in waiting] == [other.pk]
    assert Entry.objects.get(verb="counsellor_request.declined").client == street.maya


def test_one_thing_that_is_posted_is_closed_and_opened_by_itself_and_once(street):
    details = opportunities.OpportunityDetails("job", "Other work", "x", "x")
    other = opportunities.post_opportunity(street.program, details, by=street.amara, now=NOON)
    for act, at in (
        (opportunities.close_opportunity, NOON),
        (opportunities.close_opportunity, SOON),
    ):
        for each in (street.work, other):
            act(each, by=street.amara, now=at)
    for _time in range(2):
        opportunities.open_opportunity_again(street.work, by=street.amara, now=SOON)
    for each in (street.work, other):
        each.refresh_from_db()
    assert (street.work.closed_at, other.closed_at) == (None, NOON)
    lines = Entry.objects.filter(verb__startswith="opportunity.").order_by("pk").values_list("verb", flat=True)
    assert list(lines) == ["opportunity.posted"] * 2 + ["opportunity.closed"] * 2 + ["opportunity.opened_again"]
