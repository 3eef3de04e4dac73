"""What the database refuses whatever writes: each rule by its name, where nothing else tries it."""

import pytest
from django.db import IntegrityError, transaction

from tests.factories import NOON, enrolled
from tests.therapy.measured import GAD
from tests.therapy.neighbours import Street
from therapy.agreements import publish_version
from therapy.models import (
    Agreement,
    Answer,
    Asking,
    CarePlan,
    ClinicalPolicy,
    CounsellorRequest,
    InstrumentUse,
    Interest,
    LibraryText,
    Pin,
    PlanShare,
    PlanSuggestion,
    Sheet,
    Signature,
    Sitting,
    Step,
    TextMark,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def street():
    street = Street()
    street.give_all(street.maya)
    street.text = LibraryText.objects.create(
        program=street.program, code="x", topic="here", title="Text", in_short="x", words="x"
    )
    return street


def another(model, street, whose, **changes):
    """The same row of Maya's once more, but for the changes."""
    held = model.objects.filter(**{whose: street.maya}).first()
    held.pk, held._state.adding = None, True
    for name, value in changes.items():
        setattr(held, name, value)
    held.save()


def of_gad(street, **fields):
    rhythm = {"every_days": 7, "later_every_days": 14}
    InstrumentUse.objects.create(program=street.program, instrument=GAD.code, **rhythm, **fields)


def agreement(street, **changes):
    rules = Agreement.Kind.RULES
    made = publish_version(street.program, rules, text="x", asked_for=True, seen=0, by=street.office, now=NOON)
    fields = {"program": street.program, "kind": rules, "version": 2, "text": "x", "published_by": street.office}
    return made if not changes else Agreement.objects.create(**{**fields, **changes}, published_at=NOON)


def of_new_client(street):
    return {"enrolment": enrolled(street.program).enrolments.get(), "number": 1}


RULES = {
    # How people are asked, and what they answer
    "a_program_says_once_how_it_uses_one": lambda street: [of_gad(street) for _time in range(2)],
    "a_mark_is_above_zero": lambda street: of_gad(street, flag_from=0),
    "asked_once_when_it_is_due": lambda street: another(Asking, street, "person", ended_at=NOON, end="passed"),
    "nobody_is_asked_twice_at_a_time": lambda street: another(Asking, street, "person", due_on="2026-12-24"),
    "an_asking_says_how_it_ended": lambda street: Asking.objects.update(ended_at=NOON),
    "one_open_sheet_of_an_instrument": lambda street: another(Sheet, street, "person"),
    "only_what_was_sent_in_has_a_score": lambda street: Sheet.objects.update(score=3),
    "a_sheet_is_sent_or_left": lambda street: Sheet.objects.update(sent_at=NOON, left_at=NOON),
    "a_sheet_is_answered_in_a_known_way": lambda street: Sheet.objects.update(mode="paper"),
    "an_item_is_answered_once": lambda street: another(Answer, street, "sheet__person"),
    # The plan
    "one_draft_of_a_plan_at_a_time": lambda street: another(CarePlan, street, "enrolment__client", number=2),
    "versions_of_a_plan_count_from_1": lambda street: another(
        CarePlan, street, "enrolment__client", **{**of_new_client(street), "number": 0}
    ),
    "each_version_of_a_plan_has_its_number": lambda street: [
        street.sign(street.amara),
        another(CarePlan, street, "enrolment__client", signed_at=None),
    ],
    "a_plan_names_each_way_once": lambda street: another(PlanShare, street, "plan__enrolment__client"),
    "a_way_is_planned_1_to_7_times_a_week": lambda street: PlanShare.objects.update(times=8),
    "a_suggestion_is_about_a_part": lambda street: another(PlanSuggestion, street, "enrolment__client", part="x"),
    "a_step_is_suggested_for_a_goal": lambda street: another(PlanSuggestion, street, "enrolment__client", part="step"),
    "a_suggestion_has_ended_or_waits": lambda street: PlanSuggestion.objects.update(state="taken"),
    # What somebody keeps, asks for, or follows
    "a_practice_is_at_the_top_once": lambda street: another(Pin, street, "person", place=2),
    "a_place_at_the_top_holds_one_practice": lambda street: another(Pin, street, "person", practice="other"),
    "a_sitting_takes_up_to_20_minutes": lambda street: Sitting.objects.update(minutes=21),
    "a_wish_for_a_counsellor_is_open_or_has_an_end": lambda street: CounsellorRequest.objects.update(state="granted"),
    "nobody_wishes_for_the_counsellor_they_have": lambda street: another(
        CounsellorRequest,
        street,
        "enrolment__client",
        **{"state": "withdrawn", "closed_at": NOON},
        closed_by=street.maya,
        wanted=street.amara,
    ),
    "a_step_is_a_known_one": lambda street: Step.objects.create(
        interest=Interest.objects.first(), number=1, state="hired", recorded_by=street.amara, recorded_at=NOON
    ),
    "a_program_has_a_bundled_text_once": lambda street: LibraryText.objects.create(
        program=street.program, code="x", topic="here", title="Other", in_short="x", words="x"
    ),
    "a_text_is_marked_once_by_somebody": lambda street: [
        TextMark.objects.create(person=street.maya, text=street.text, kept=True) for _time in range(2)
    ],
    "a_mark_says_something": lambda street: TextMark.objects.create(person=street.maya, text=street.text),
    # Agreements, and what a program decides
    "versions_of_an_agreement_are_counted": lambda street: agreement(street, version=1),
    "versions_begin_at_one": lambda street: agreement(street, version=0),
    "an_agreement_is_of_a_known_kind": lambda street: agreement(street, kind="oath"),
    "an_agreement_says_something": lambda street: agreement(street, text=""),
    "a_signature_has_a_name": lambda street: Signature.objects.create(
        agreement=agreement(street), client=street.maya, signed_name="", signed_at=NOON
    ),
    "an_alert_goes_on_within_5_to_60_minutes": lambda street: ClinicalPolicy.objects.create(
        program=street.program, alert_minutes=61
    ),
    "messages_are_answered_within_1_hour_to_a_week": lambda street: ClinicalPolicy.objects.create(
        program=street.program, answer_hours=0
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_the_database_keeps_it(street, rule):
    with pytest.raises(IntegrityError, match=f'"{rule}"'), transaction.atomic():
        RULES[rule](street)
