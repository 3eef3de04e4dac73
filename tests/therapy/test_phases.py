"""What a program says of its phases, and what a form begins with because of it."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from iop_portal.audit.models import Entry
from iop_portal.office.opening import open_program_with_guide
from iop_portal.versions import ChangedMeanwhile
from tests.accounts.test_programs import details
from tests.factories import NOON, ProgramFactory, TrackFactory, admin, enrolled
from therapy import phases
from therapy.models import ClinicalPolicy, Criterion, PhaseGuide
from therapy.phases import change_guide, first_wishes, guide_version, guides_of, offer_standard_guide
from therapy.prescribing import prescribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return ProgramFactory(zone="UTC")


@pytest.fixture
def dana(program):
    return admin(program)


@pytest.fixture
def guides(program, dana):
    offer_standard_guide(program, by=dana, now=NOON)
    return guides_of(program)


def change(guide, by, now=NOON, **changes):
    wanted = replace(guide.details, **changes)
    return change_guide(guide.row, wanted, seen=guide_version(guide), by=by, now=now)


def texts(program, phase="core"):
    return guides_of(program)[phase].details.criteria


# ── What it says ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_program_says_of_each_phase_what_it_is_for_how_much_it_holds_and_when_the_next_may_come():
    program = open_program_with_guide(details(), by=admin(), now=NOON)
    assert [(phase, one.row.hours, one.row.days) for phase, one in guides_of(program).items()] == [
        ("orientation", 9, 3),
        ("core", 9, 3),
        ("step_down", 6, 2),
        ("continuing", 3, 1),
    ]
    assert {len(one.criteria) for one in guides_of(program).values()} == {3, 4, 5}


def test_the_standard_guide_takes_what_the_rules_of_the_program_call_usual(program, dana):
    ClinicalPolicy.objects.create(program=program, hours_per_week=12, days_per_week=4)
    offer_standard_guide(program, by=dana, now=NOON)
    assert [one.row.amount for one in guides_of(program).values()] == [
        "12 hours on 4 days a week",
        "12 hours on 4 days a week",
        "6 hours on 2 days a week",
        "3 hours on 1 day a week",
    ]


def test_offered_twice_is_once_and_what_was_changed_stays(program, dana, guides):
    change(guides["core"], dana, what_for="Our own words.")
    assert offer_standard_guide(program, by=dana, now=NOON) == []
    assert guides_of(program)["core"].row.what_for == "Our own words."
    assert Entry.objects.filter(verb="phase.standard_added").count() == 1


def test_guides_of_several_programs_take_two_queries(program, guides, django_assert_num_queries):
    other = ProgramFactory()
    offer_standard_guide(other, by=None, now=NOON)
    with django_assert_num_queries(2):
        assert phases.guides_in([program.pk, other.pk]).keys() == {program.pk, other.pk}


def test_going_back_is_told_from_going_on():
    assert [phases.following(phase) for phase in phases.ORDER] == ["core", "step_down", "continuing", ""]
    assert (phases.is_back("step_down", "core"), phases.is_back("core", "step_down")) == (True, False)


# ── Changing it ───────────────────────────────────────────────────────────────────────────────────────────────


def test_an_admin_changes_what_a_phase_says_and_the_trail_names_what(program, dana, guides):
    change(guides["core"], dana, what_for="To practise.", hours=12, criteria=("You come.", "You sleep."))
    held = guides_of(program)["core"]
    assert held.details == phases.GuideDetails("To practise.", 12, 3, ("You come.", "You sleep."))
    entry = Entry.objects.get(verb="phase.changed")
    assert (entry.actor, entry.facts) == (dana, {"phase": "core", "fields": "what_for, hours, criteria"})


def test_the_same_again_leaves_no_trace(dana, guides):
    change(guides["core"], dana)
    assert not Entry.objects.filter(verb="phase.changed").exists()


def test_sentences_that_stay_are_the_same_rows_in_another_order_too(program, dana, guides):
    first, second, *others = guides["core"].criteria
    change(guides["core"], dana, criteria=(second.text, "Something new.", first.text))
    kept = guides_of(program)["core"].criteria
    assert [each.pk for each in kept[::2]] == [second.pk, first.pk]
    assert Criterion.objects.filter(pk__in=[each.pk for each in others], in_use=True).count() == 0


def test_a_sentence_that_comes_back_is_the_one_that_was_there(program, dana, guides):
    first, *others = guides["core"].criteria
    change(guides["core"], dana, criteria=tuple(each.text for each in others))
    change(guides_of(program)["core"], dana, criteria=(first.text,))
    assert [each.pk for each in guides_of(program)["core"].criteria] == [first.pk]


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(program, dana, guides):
    change(guides["core"], dana, criteria=("You come.",))
    with pytest.raises(ChangedMeanwhile):
        change(guides["core"], dana, hours=12)
    assert guides_of(program)["core"].row.hours == 9


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"what_for": ""}, phases.SaysNothing),
        ({"hours": 41}, phases.OddHours),
        ({"days": 8}, phases.OddDays),
        ({"criteria": ()}, phases.NoCriterion),
        ({"criteria": ("",)}, phases.NoCriterion),
        ({"criteria": tuple("abcdefghi")}, phases.TooManyCriteria),
        ({"criteria": ("You come.", "you come.")}, phases.SaidTwice),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_changes(program, dana, guides, changes, refusal):
    before = guides["core"].details
    with pytest.raises(refusal):
        change(guides["core"], dana, **changes)
    assert guides_of(program)["core"].details == before


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        (lambda row: PhaseGuide.objects.filter(pk=row.pk).update(phase="final"), "a_guide_is_of_a_phase"),
        (lambda row: PhaseGuide.objects.filter(pk=row.pk).update(what_for=""), "a_guide_says_what_its_phase_is_for"),
        (lambda row: PhaseGuide.objects.filter(pk=row.pk).update(hours=41), "a_phase_usually_has_0_to_40_hours"),
        (lambda row: PhaseGuide.objects.filter(pk=row.pk).update(days=8), "a_phase_usually_has_0_to_7_days"),
        (lambda row: PhaseGuide.objects.filter(pk=row.pk).update(phase="step_down"), "one_guide_for_each_phase"),
        (lambda row: row.criteria.update(place=9), "a_guide_has_8_criteria_at_most"),
        (lambda row: row.criteria.update(place=1), "criteria_have_places_of_their_own"),
        (lambda row: row.criteria.create(text="", place=8), "a_criterion_says_something"),
        (lambda row: row.criteria.create(text=row.criteria.first().text.upper(), place=8), "says_each_criterion_once"),
        (lambda row: row.criteria.filter(place=1).update(text="Another."), "criteria_are_never_reworded"),
        (lambda row: row.criteria.filter(place=1).delete(), "criteria_are_never_reworded|another wording"),
    ],
)
def test_the_database_refuses_it_too(guides, wrong, name):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        wrong(guides["core"].row)


# ── What a form begins with ───────────────────────────────────────────────────────────────────────────────────


def test_a_form_begins_with_what_is_usual_where_somebody_starts(program, dana, guides):
    change(guides["orientation"], dana, hours=6, days=2)
    enrolment = enrolled(program).enrolments.get()
    assert first_wishes(enrolment, None) == {"phase": "orientation", "hours": 6, "days": 2}


def test_a_form_begins_with_what_holds_until_another_phase_is_asked_for(program, guides):
    enrolment = enrolled(program).enrolments.get()
    track = TrackFactory(program=program)
    held = prescribe(enrolment, track=track, phase="core", hours=15, days=5, by=None, now=NOON)
    as_it_is = {"track": track.pk, "phase": "core", "hours": 15, "days": 5}
    assert first_wishes(enrolment, held) == first_wishes(enrolment, held, phase="core") == as_it_is
    step_down = {"track": track.pk, "phase": "step_down", "hours": 6, "days": 2}
    assert first_wishes(enrolment, held, phase="step_down") == step_down
    held.refresh_from_db()
    assert (held.until, held.hours) == (None, 15)


def test_without_a_guide_a_form_begins_with_the_rules_of_the_program(program):
    enrolment = enrolled(program).enrolments.get()
    assert first_wishes(enrolment, None) == {"phase": "orientation", "hours": 9, "days": 3}
