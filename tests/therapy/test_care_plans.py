"""The care plan: written by its client, signed by both, and never changed afterwards."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from iop_portal.audit.models import Entry
from iop_portal.consents.consenting import NotYourName
from iop_portal.followups.models import FollowUp
from iop_portal.people.models import Enrolment
from iop_portal.versions import ChangedMeanwhile
from tests.factories import NOON, ModalityFactory, TrackFactory, admin, clinician, enrolled, held, on_care_team
from tests.therapy.plan_world import SOON, Clinic
from therapy import plan_drafting as drafting
from therapy import plan_reviews as reviews
from therapy import plan_suggestions as suggestions
from therapy.care_plans import PlanState, mix_in_force, open_plan, plan_states
from therapy.models import CarePlan, PlanReview, PlanShare, PlanSignature, PlanSuggestion, Prescription, Progress
from therapy.plan_progress import NothingSaid, NotThere, Said, goals_shown, record_progress
from therapy.plan_texts import NOTHING, Content, fingerprint_of
from therapy.prescribing import prescribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return Clinic()


def refused_by(name):
    return pytest.raises(IntegrityError, match=name)


def told(differences):
    return [(str(one.part), str(one.what), one.was, one.now) for one in differences]


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_client_writes_a_draft_part_by_part(clinic):
    clinic.write("matters", "  My sister. ")
    goal = clinic.goal("I come home sober.", "Another way home", know="I sleep.")
    clinic.mix({clinic.group.pk: 2})
    plan = clinic.plan
    assert (plan.signed, plan.draft.number, plan.draft.signatures) == (None, 1, ())
    assert plan.content == Content(matters="My sister.", goals=(goal,), mix=((clinic.group.pk, 2),))
    assert CarePlan.objects.count() == 1


def test_its_text_lies_sealed(clinic):
    clinic.write("matters", "My sister.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM therapy_careplan")
        assert "sister" not in cursor.fetchone()[0]


def test_what_changed_meanwhile_is_not_overwritten_and_other_parts_do_not_clash(clinic):
    seen = fingerprint_of(Content(), "matters")
    clinic.write("matters", "From my phone.")
    with pytest.raises(ChangedMeanwhile):
        drafting.write_text(clinic.enrolment, "matters", "From my desk.", seen=seen, by=clinic.maya, now=NOON)
    drafting.write_text(clinic.enrolment, "needs", "Quiet.", seen=seen, by=clinic.maya, now=NOON)
    assert (clinic.plan.content.matters, clinic.plan.content.needs) == ("From my phone.", "Quiet.")


def test_nobody_but_the_client_writes_in_it(clinic):
    for person in (clinic.amara, admin(clinic.program), enrolled(clinic.program)):
        with pytest.raises(drafting.NotAdmittedNow):
            clinic.write(by=person)
    assert not CarePlan.objects.exists()


@pytest.mark.parametrize("state", ["referred", "discharged"])
def test_who_is_not_admitted_writes_and_signs_nothing(clinic, state):
    clinic.write()
    on = (
        {"discharged_on": NOON.date(), "discharge_reason": "completed"}
        if state == "discharged"
        else {"admitted_on": None}
    )
    Enrolment.objects.filter(pk=clinic.enrolment.pk).update(state=state, **on)
    with pytest.raises(drafting.NotAdmittedNow):
        clinic.write("needs", "Quiet.")
    with pytest.raises(drafting.NotAdmittedNow):
        clinic.sign(clinic.maya)
    plan = clinic.plan.draft.plan
    with refused_by("not admitted"), transaction.atomic():
        PlanSignature.objects.create(
            plan=plan, side="client", fingerprint=plan.fingerprint, name="Maya", by=clinic.maya, at=NOON
        )


def test_a_way_of_another_program_is_refused(clinic):
    with pytest.raises(drafting.WayElsewhere):
        clinic.mix({ModalityFactory().pk: 1})


def test_a_plan_has_its_bounds(clinic):
    for number in range(8):
        clinic.goal(f"Goal {number}")
    with pytest.raises(drafting.TooMuchForAPlan, match="8 goals of 10 steps"):
        clinic.goal("One too many")


def test_changes_can_be_left_out_and_then_there_is_no_draft(clinic):
    clinic.write()
    clinic.sign()
    clinic.write("matters", "Something else.")
    clinic.mix({clinic.group.pk: 1})
    with pytest.raises(ChangedMeanwhile):
        drafting.drop_draft(clinic.enrolment, seen="another", by=clinic.maya, now=NOON)
    seen = clinic.plan.draft.plan.fingerprint
    drafting.drop_draft(clinic.enrolment, seen=seen, by=clinic.maya, now=NOON)
    assert (clinic.plan.draft, clinic.plan.content.matters, clinic.plan.content.mix) == (None, "My sister.", ())
    clinic.write("needs", "Quiet.")
    assert clinic.plan.draft.number == 2


# ── Signing ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_version_holds_once_both_have_signed_it(clinic):
    clinic.write()
    clinic.sign(clinic.maya)
    assert (clinic.plan.signed, clinic.plan.draft.waits_for) == (None, "clinician")
    (owed,) = FollowUp.objects.open()
    assert (owed.kind, owed.owner, owed.client) == ("plan_to_sign", clinic.amara, clinic.maya)
    clinic.sign(clinic.amara)
    signed = clinic.plan.signed
    assert (signed.number, signed.plan.signed_at, clinic.plan.draft) == (1, SOON, None)
    assert [(one.side, one.name) for one in signed.signatures] == [
        ("client", "Maya Torres"),
        ("clinician", "Amara Osei"),
    ]
    assert not FollowUp.objects.open().exists()
    assert [entry.verb for entry in Entry.objects.filter(verb__startswith="plan.").order_by("pk")] == [
        "plan.changed", "plan.signed", "plan.signed", "plan.agreed",
    ]  # fmt: skip


def test_the_clinician_may_sign_first(clinic):
    clinic.write()
    clinic.sign(clinic.amara)
    assert clinic.plan.draft.waits_for == "client"
    assert not FollowUp.objects.exists()
    clinic.sign(clinic.maya)
    assert clinic.plan.signed.number == 1


def test_a_signature_is_of_exactly_one_text(clinic):
    clinic.write()
    clinic.sign(clinic.maya)
    clinic.write("matters", "My sister, and the river.")
    assert clinic.plan.draft.signatures == ()
    assert not FollowUp.objects.open().exists()
    clinic.sign(clinic.amara)
    assert clinic.plan.signed is None
    clinic.sign(clinic.maya)
    assert clinic.plan.signed.content.matters == "My sister, and the river."


def test_who_read_another_text_is_told_and_has_not_signed(clinic):
    clinic.write()
    read = clinic.plan.draft.plan.fingerprint
    clinic.write("needs", "Quiet.")
    with pytest.raises(drafting.ReadItAgain):
        drafting.sign_plan(clinic.enrolment, name="Maya Torres", read=read, by=clinic.maya, now=NOON)
    assert not PlanSignature.objects.exists()


def test_signing_takes_one_s_own_name(clinic):
    clinic.write()
    read = clinic.plan.draft.plan.fingerprint
    with pytest.raises(NotYourName):
        drafting.sign_plan(clinic.enrolment, name="Amara Osei", read=read, by=clinic.maya, now=NOON)
    drafting.sign_plan(clinic.enrolment, name=" maya  TORRES", read=read, by=clinic.maya, now=NOON)


def test_a_plan_with_a_mix_alone_or_nothing_new_is_not_signed(clinic):
    with pytest.raises(drafting.NothingToSign):
        drafting.sign_plan(clinic.enrolment, name="Maya Torres", read=NOTHING, by=clinic.maya, now=NOON)
    clinic.mix({clinic.group.pk: 1})
    with pytest.raises(drafting.PlanIsBare):
        clinic.sign(clinic.maya)


def test_no_stranger_signs(clinic):
    clinic.write()
    elsewhere, gone = clinician(), clinician(clinic.program)
    on_care_team(gone, clinic.maya)
    gone.care_teams.update(until=NOON)
    for person in (elsewhere, gone, clinician(clinic.program), admin(clinic.program), held("family", clinic.program)):
        with pytest.raises(drafting.NotYoursToSign):
            clinic.sign(person)


@pytest.mark.parametrize("side", ["client", "clinician"])
def test_the_database_knows_who_signs_for_which_side(clinic, side):
    clinic.write()
    plan = clinic.plan.draft.plan
    wrong = {"client": clinic.amara, "clinician": clinic.maya}[side]
    for person in (wrong, clinician(clinic.program)):
        with refused_by("not theirs to sign"), transaction.atomic():
            PlanSignature.objects.create(
                plan=plan, side=side, fingerprint=plan.fingerprint, name="X", by=person, at=NOON
            )
    right = {"client": clinic.maya, "clinician": clinic.amara}[side]
    with refused_by("the text is another one"), transaction.atomic():
        PlanSignature.objects.create(plan=plan, side=side, fingerprint="0" * 64, name="X", by=right, at=NOON)


def test_the_database_lets_no_plan_hold_that_one_side_has_not_signed(clinic):
    clinic.write()
    clinic.sign(clinic.maya)
    with refused_by("both sign a plan"), transaction.atomic():
        CarePlan.objects.update(signed_at=NOON)
    with refused_by("both sign a plan"), transaction.atomic():
        CarePlan.objects.create(
            enrolment=clinic.enrolment, number=2, content="{}", fingerprint=NOTHING, begun_at=NOON, signed_at=NOON
        )


def test_what_was_signed_never_changes(clinic):
    clinic.write()
    clinic.mix({clinic.group.pk: 2})
    clinic.sign()
    plan = clinic.plan.signed.plan
    for change in (
        lambda: CarePlan.objects.filter(pk=plan.pk).update(content="{}"),
        lambda: CarePlan.objects.filter(pk=plan.pk).update(signed_at=None),
        lambda: CarePlan.objects.filter(pk=plan.pk)._raw_delete("default"),
        lambda: PlanShare.objects.update(times=5),
        lambda: PlanShare.objects.all().delete(),
        lambda: PlanShare.objects.create(plan=plan, modality=ModalityFactory(program=clinic.program), times=1),
    ):
        with refused_by("stays as it is"), transaction.atomic():
            change()
    assert clinic.plan.signed.content.mix == ((clinic.group.pk, 2),)


def test_a_draft_keeps_its_number_and_there_is_one(clinic):
    clinic.write()
    with refused_by("stays as it is"), transaction.atomic():
        CarePlan.objects.update(number=7)
    with refused_by("one_draft_of_a_plan_at_a_time"), transaction.atomic():
        CarePlan.objects.create(enrolment=clinic.enrolment, number=2, content="{}", fingerprint=NOTHING, begun_at=NOON)


def test_signatures_reviews_and_progress_are_only_added_to(clinic, as_running_role):
    for model in (PlanSignature, PlanReview, Progress):
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            model.objects.all().delete()


# ── Differences ───────────────────────────────────────────────────────────────────────────────────────────────


def test_two_versions_differ_in_words(clinic):
    clinic.write("matters", "My sister.")
    kept = clinic.goal("I come home sober.", "Another way home", "Tell one person")
    clinic.goal("Run again.")
    clinic.mix({clinic.group.pk: 1})
    clinic.sign()
    clinic.write("matters", "My sister, and the river.")
    clinic.write("needs", "Quiet.")
    drafting.remove_goal(
        clinic.enrolment,
        clinic.plan.content.goals[1].key,
        seen=fingerprint_of(clinic.plan.content, "goal", clinic.plan.content.goals[1].key),
        by=clinic.maya,
        now=NOON,
    )
    clinic.goal("I come home sober.", "Another way home", "Call Dee", key=kept.key)
    clinic.mix({clinic.group.pk: 3})
    changes = told(clinic.plan.changes)
    assert ("What matters to me", "Changed", "My sister.", "My sister, and the river.") in changes
    assert ("What I need", "Added", "", "Quiet.") in changes
    assert ("A goal", "Taken out", "Run again.", "") in changes
    assert ("“I come home sober.”", "Added", "", "Step: Call Dee") in changes
    assert (
        "What my care is made of",
        "Changed",
        "Skills group, once a week",
        "Skills group, 3 times a week",
    ) in changes


# ── Suggestions ───────────────────────────────────────────────────────────────────────────────────────────────


def take(clinic, one):
    about = "goal" if one.part == "step" else one.part
    seen = fingerprint_of(clinic.plan.content, about, one.goal)
    drafting.take_suggestion(one, suggestions.change_of(one), seen=seen, by=clinic.maya, now=SOON)


def test_what_a_clinician_suggests_changes_nothing_until_it_is_taken(clinic):
    goal = clinic.goal("I come home sober.", "Another way home")
    step = suggestions.suggest_step(clinic.enrolment, goal.key, "Call Dee", by=clinic.amara, now=NOON)
    mix = suggestions.suggest_mix(clinic.enrolment, {clinic.group.pk: 2}, by=clinic.amara, now=NOON)
    assert (len(clinic.plan.content.goals[0].steps), clinic.plan.content.mix) == (1, ())
    take(clinic, step)
    take(clinic, mix)
    assert [one.words for one in clinic.plan.content.goals[0].steps] == ["Another way home", "Call Dee"]
    assert clinic.plan.content.mix == ((clinic.group.pk, 2),)
    assert {one.state for one in PlanSuggestion.objects.all()} == {"taken"}


def test_a_suggestion_says_where_the_part_has_changed_since(clinic):
    clinic.write("needs", "Quiet.")
    one = suggestions.suggest_text(clinic.enrolment, "needs", "Quiet, and a lift.", by=clinic.amara, now=NOON)
    seen = fingerprint_of(clinic.plan.content, "needs")
    clinic.write("needs", "Quiet, and sleep.")
    (shown,) = suggestions.open_suggestions(clinic.plan)
    assert (shown.moved, shown.stands, shown.words) == (True, "Quiet, and sleep.", "Quiet, and a lift.")
    with pytest.raises(ChangedMeanwhile):
        drafting.take_suggestion(one, suggestions.change_of(one), seen=seen, by=clinic.maya, now=SOON)
    assert clinic.plan.content.needs == "Quiet, and sleep."


def test_a_suggestion_can_be_talked_about_declined_or_taken_back_and_ends_once(clinic):
    one = suggestions.suggest_text(clinic.enrolment, "needs", "A lift.", by=clinic.amara, now=NOON)
    suggestions.answer_suggestion(one, "talk", by=clinic.maya, now=NOON)
    assert suggestions.open_suggestions(clinic.plan)
    with pytest.raises(drafting.AnsweredAlready):
        suggestions.answer_suggestion(one, "withdrawn", by=clinic.maya, now=NOON)
    suggestions.answer_suggestion(one, "declined", by=clinic.maya, now=NOON)
    for state, by in (("withdrawn", clinic.amara), ("talk", clinic.maya)):
        with pytest.raises(drafting.AnsweredAlready):
            suggestions.answer_suggestion(one, state, by=by, now=NOON)
    with pytest.raises(drafting.AnsweredAlready):
        take(clinic, one)


def test_a_suggestion_belongs_to_its_author(clinic):
    one = suggestions.suggest_text(clinic.enrolment, "needs", "A lift.", by=clinic.amara, now=NOON)
    for change in ({"content": "Something else."}, {"by": clinic.maya}, {"part": "matters"}):
        with refused_by("stays as they said it"), transaction.atomic():
            PlanSuggestion.objects.update(**change)
    with refused_by("stays as they said it"), transaction.atomic():
        PlanSuggestion.objects.all().delete()
    other = clinician(clinic.program)
    on_care_team(other, clinic.maya)
    assert list(suggestions.suggestions_by(other, clinic.enrolment)) == []
    assert list(suggestions.suggestions_by(clinic.amara, clinic.enrolment)) == [one]


def test_strangers_suggest_nothing_and_nobody_suggests_what_stands_there(clinic):
    for person in (clinic.maya, clinician(clinic.program), clinician(), admin(clinic.program)):
        with pytest.raises(drafting.NotYoursToSign):
            suggestions.suggest_text(clinic.enrolment, "needs", "A lift.", by=person, now=NOON)
    clinic.write("needs", "Quiet.")
    with pytest.raises(suggestions.NothingSuggested):
        suggestions.suggest_text(clinic.enrolment, "needs", "Quiet.", by=clinic.amara, now=NOON)


# ── How it is going ───────────────────────────────────────────────────────────────────────────────────────────


def test_progress_is_said_by_either_side_and_goes_on_with_the_next_version(clinic):
    goal = clinic.goal("I come home sober.", "Another way home", "Call Dee")
    with pytest.raises(NotThere):
        record_progress(clinic.enrolment, goal.key, Said("well"), by=clinic.maya, now=NOON)
    clinic.sign()
    home, dee = goal.steps
    record_progress(clinic.enrolment, goal.key, Said("slowly", "Two of five."), by=clinic.maya, now=SOON)
    record_progress(
        clinic.enrolment, goal.key, Said(steps={home.key: "done", dee.key: "not_yet"}), by=clinic.amara, now=SOON
    )
    assert Progress.objects.count() == 2
    clinic.write("needs", "Quiet.")
    clinic.sign()
    (shown,) = goals_shown(clinic.plan.signed)
    assert [(step.words, str(step.state)) for step in shown.steps] == [
        ("Another way home", "Done"),
        ("Call Dee", "Not yet"),
    ]
    assert (shown.newest.how, shown.newest.note, shown.newest.by) == ("slowly", "Two of five.", clinic.maya)
    with pytest.raises(NothingSaid):
        record_progress(clinic.enrolment, goal.key, Said(steps={home.key: "done"}), by=clinic.maya, now=SOON)
    with pytest.raises(drafting.NotYoursToSign):
        record_progress(clinic.enrolment, goal.key, Said("well"), by=clinician(clinic.program), now=SOON)


def test_the_database_keeps_progress_as_it_was(clinic):
    goal = clinic.goal()
    clinic.sign()
    record_progress(clinic.enrolment, goal.key, Said("well"), by=clinic.maya, now=SOON)
    with pytest.raises(Exception, match="only ever added"), transaction.atomic():
        Progress.objects.update(how="stuck")
    with refused_by("a_goal_is_going_and_a_step_is_done"), transaction.atomic():
        Progress.objects.create(enrolment=clinic.enrolment, goal=goal.key, how="done", by=clinic.maya, at=NOON)


# ── Looking at it again ───────────────────────────────────────────────────────────────────────────────────────


def prescribed(clinic, phase):
    Prescription.objects.create(
        enrolment=clinic.enrolment, track=TrackFactory(program=clinic.program), phase=phase, hours=9, days=3,
        since=NOON.date(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("phase", "days"), [("", 14), ("orientation", 7), ("core", 14), ("step_down", 21), ("continuing", 30)]
)
def test_a_plan_is_due_by_the_days_of_its_phase(clinic, phase, days):
    clinic.write()
    clinic.sign()
    if phase:
        prescribed(clinic, phase)
    for at, due in ((days - 1, False), (days, True)):
        state = plan_states([clinic.enrolment.pk], now=NOON + timedelta(days=at))[clinic.enrolment.pk]
        assert state == PlanState(
            version=1,
            signed_on=date(2026, 11, 24),
            age=at,
            review_on=date(2026, 11, 24) + timedelta(days=days),
            review_due=due,
        )


def test_the_days_are_the_program_s(clinic):
    seen = reviews.rhythm_version(reviews.rhythm_of(clinic.program))
    dana = admin(clinic.program)
    reviews.change_rhythm(clinic.program, reviews.Rhythm(core=3), seen=seen, by=dana, now=NOON)
    with pytest.raises(ChangedMeanwhile):
        reviews.change_rhythm(clinic.program, reviews.Rhythm(core=5), seen=seen, by=dana, now=NOON)
    seen = reviews.rhythm_version(reviews.rhythm_of(clinic.program))
    with pytest.raises(reviews.OddRhythm):
        reviews.change_rhythm(clinic.program, reviews.Rhythm(core=2), seen=seen, by=dana, now=NOON)
    clinic.write()
    clinic.sign()
    state = plan_states([clinic.enrolment.pk], now=NOON)[clinic.enrolment.pk]
    assert state.review_on == date(2026, 11, 27)


def test_states_tell_whose_signature_is_missing_in_one_query_for_all(clinic, django_assert_num_queries):
    drafts = enrolled(clinic.program)
    others = [enrolled(clinic.program).enrolments.get().pk for _number in range(3)]
    clinic.write()
    clinic.sign(clinic.maya)
    keys = [clinic.enrolment.pk, drafts.enrolments.get().pk, *others]
    with django_assert_num_queries(1):
        states = plan_states(keys, now=NOON)
    assert set(states) == set(keys)
    assert states[clinic.enrolment.pk] == PlanState(drafting=True, waits_for="clinician")
    assert states[others[0]] == PlanState()
    clinic.write("needs", "Quiet.")
    assert plan_states(keys, now=NOON)[clinic.enrolment.pk] == PlanState(drafting=True)
    with django_assert_num_queries(0):
        assert plan_states([], now=NOON) == {}


def test_who_looks_after_somebody_is_asked_once_until_they_have_looked(clinic):
    clinic.write()
    clinic.sign()
    in_two_weeks = NOON + timedelta(days=14)
    assert reviews.owe_reviews(now=in_two_weeks - timedelta(days=1)) == 0
    assert [reviews.owe_reviews(now=in_two_weeks) for _time in range(2)] == [1, 0]
    (owed,) = FollowUp.objects.open()
    assert (owed.kind, owed.owner, owed.client) == ("plan_to_review", clinic.amara, clinic.maya)
    reviews.say_it_fits(clinic.enrolment, by=clinic.maya, now=in_two_weeks)
    state = plan_states([clinic.enrolment.pk], now=in_two_weeks)[clinic.enrolment.pk]
    assert (state.review_due, state.looked_by_client, FollowUp.objects.open().count()) == (True, True, 1)
    reviews.say_it_fits(clinic.enrolment, by=clinic.amara, now=in_two_weeks)
    state = plan_states([clinic.enrolment.pk], now=in_two_weeks)[clinic.enrolment.pk]
    assert (state.review_due, state.review_on) == (False, date(2026, 12, 22))
    assert not FollowUp.objects.open().exists()
    assert reviews.owe_reviews(now=in_two_weeks) == 0


def goes_on(clinic, phase, at):
    """Another phase from a day on."""
    track = TrackFactory(program=clinic.program)
    what = {"track": track, "phase": phase, "hours": 9, "days": 3, "reason": "We agreed."}
    prescribe(clinic.enrolment, **what, by=clinic.amara, now=at)


def state_at(clinic, at):
    state = plan_states([clinic.enrolment.pk], now=at)[clinic.enrolment.pk]
    return state.review_on, state.review_due, state.phase_changed


def test_another_phase_makes_it_due_at_once_up_and_down_until_somebody_has_looked(clinic):
    days = [NOON + timedelta(days=number) for number in range(40)]
    clinic.write()
    clinic.sign()
    goes_on(clinic, "core", days[0])
    assert state_at(clinic, days[3]) == (days[14].date(), False, False)
    for at, phase, rhythm in ((3, "step_down", 21), (6, "core", 14)):
        goes_on(clinic, phase, days[at])
        assert state_at(clinic, days[at + 1]) == (days[at].date(), True, True)
        assert [reviews.owe_reviews(now=days[at + 1]) for _time in range(2)] == [1, 0]
        reviews.say_it_fits(clinic.enrolment, by=clinic.amara, now=days[at + 1])
        assert state_at(clinic, days[at + 1]) == (days[at + 1 + rhythm].date(), False, False)
    assert not FollowUp.objects.open().exists()


def test_other_hours_in_the_same_phase_and_the_first_phase_make_nothing_due(clinic):
    clinic.write()
    clinic.sign()
    goes_on(clinic, "core", NOON + timedelta(days=1))
    prescribe(
        clinic.enrolment, track=TrackFactory(program=clinic.program), phase="core", hours=12, days=4, by=clinic.amara,
        now=NOON + timedelta(days=2),
    )  # fmt: skip
    assert state_at(clinic, NOON + timedelta(days=3)) == (date(2026, 12, 8), False, False)


def test_what_was_late_already_stays_late_since_then(clinic):
    clinic.write()
    clinic.sign()
    goes_on(clinic, "core", NOON)
    goes_on(clinic, "step_down", NOON + timedelta(days=30))
    assert state_at(clinic, NOON + timedelta(days=30)) == (date(2026, 12, 15), True, False)


def test_without_a_signed_plan_another_phase_makes_nothing_due(clinic):
    goes_on(clinic, "orientation", NOON)
    goes_on(clinic, "core", NOON + timedelta(days=7))
    assert state_at(clinic, NOON + timedelta(days=8)) == (None, False, False)


def test_a_new_version_is_a_look_too(clinic):
    clinic.write()
    clinic.sign()
    in_two_weeks = NOON + timedelta(days=14)
    reviews.owe_reviews(now=in_two_weeks)
    clinic.write("needs", "Quiet.")
    clinic.sign(now=in_two_weeks)
    assert not FollowUp.objects.open().exists()


def test_nobody_is_asked_about_who_has_left_or_has_no_plan(clinic):
    clinic.write()
    assert reviews.owe_reviews(now=NOON + timedelta(days=99)) == 0
    clinic.sign()
    Enrolment.objects.update(state="discharged", discharged_on=NOON.date(), discharge_reason="completed")
    assert reviews.owe_reviews(now=NOON + timedelta(days=99)) == 0


# ── Reading ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_may_read_versions_and_suggestions(clinic):
    clinic.write()
    clinic.sign()
    suggestions.suggest_text(clinic.enrolment, "needs", "A lift.", by=clinic.amara, now=NOON)
    gone = clinician(clinic.program)
    on_care_team(gone, clinic.maya)
    gone.care_teams.update(until=NOON)
    readers = [clinic.maya, clinic.amara]
    strangers = [
        gone, clinician(clinic.program), clinician(), admin(clinic.program), held("family", clinic.program),
        enrolled(clinic.program),
    ]  # fmt: skip
    for model in (CarePlan, PlanSuggestion):
        assert [model.objects.visible_to(person).count() for person in readers] == [1, 1]
        assert [model.objects.visible_to(person).count() for person in strangers] == [0] * len(strangers)
    Enrolment.objects.update(state="discharged", discharged_on=NOON.date(), discharge_reason="completed")
    assert [CarePlan.objects.visible_to(person).count() for person in readers] == [1, 0]


def test_reading_by_staff_is_written_down(clinic):
    open_plan(clinic.enrolment, by=clinic.amara, now=NOON)
    (entry,) = Entry.objects.all()
    assert (entry.verb, entry.actor, entry.client) == ("plan.viewed", clinic.amara, clinic.maya)


def test_reading_takes_the_same_queries_however_many_versions_there_are(clinic):
    counts = []
    for number in range(3):
        clinic.write("needs", f"Need {number}")
        clinic.sign()
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert clinic.plan.signed.number == number + 1
        counts.append(len(asked))
    assert counts == [5, 5, 5]


def test_the_mix_that_holds_is_the_signed_one(clinic):
    clinic.write()
    clinic.mix({clinic.group.pk: 2})
    assert mix_in_force(clinic.enrolment) == []
    clinic.sign()
    clinic.mix({clinic.group.pk: 5})
    assert [(share.modality, share.times) for share in mix_in_force(clinic.enrolment)] == [(clinic.group, 2)]
