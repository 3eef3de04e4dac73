"""The pages of the care plan: without scripts, one part at a time, and nothing lost."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils.html import strip_tags

from iop_portal.audit.models import Entry
from iop_portal.home.for_you import suggestions_for
from iop_portal.people.models import Enrolment
from tests.factories import NOON, admin
from tests.signing_in import sign_in
from tests.therapy.plan_world import SOON, Clinic
from therapy import plan_suggestions as suggestions
from therapy.models import PlanSuggestion
from therapy.plan_reviews import rhythm_of

pytestmark = pytest.mark.django_db

PLAN = reverse("therapy:my_plan")


@pytest.fixture(autouse=True)
def tuesday():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def clinic():
    return Clinic()


@pytest.fixture
def maya(client, clinic):
    return sign_in(client, clinic.maya)


def words(response):
    return " ".join(strip_tags(response.content.decode().replace("<br>", "\n")).split())


def there(name, clinic, *more):
    return reverse(f"therapy:{name}", args=[clinic.enrolment.pk, *more])


def save(page, address, **data):
    """The form as it stands there, with other answers."""
    form = page.get(address).context["form"]
    kept = {field.html_name: field.value() for field in form if field.value() not in (None, "")}
    return page.post(address, {**kept, **data}, follow=True)


def test_an_empty_plan_begins_with_what_matters_and_leads_on(maya, clinic):
    assert "Start with what matters to you" in words(maya.get(PLAN))
    response = save(maya, there("write_plan", clinic, "matters"), words="My sister.")
    for part, told in (("strengths", "I am stubborn."), ("needs", "Quiet.")):
        assert response.redirect_chain[-1][0] == there("write_plan", clinic, part)
        response = save(maya, there("write_plan", clinic, part), words=told)
    assert response.redirect_chain[-1][0] == there("add_goal", clinic)
    response = save(
        maya, there("add_goal", clinic), words="I come home sober.", know="I sleep.", steps="Way home\n\nCall Dee"
    )
    said = words(response)
    assert "“I come home sober.” How I will know: I sleep. Not yet Way home" in said
    assert "Draft of version 1" in said
    (goal,) = clinic.plan.content.goals
    save(maya, there("change_goal", clinic, goal.key), steps="Call Dee\nTell one person")
    (changed,) = clinic.plan.content.goals
    assert [step.words for step in changed.steps] == ["Call Dee", "Tell one person"]
    assert changed.steps[0].key == goal.steps[1].key


def test_what_both_type_at_once_stands_side_by_side_and_nothing_is_lost(maya, clinic):
    address = there("write_plan", clinic, "needs")
    seen = maya.get(address).context["form"]["seen"].value()
    clinic.write("needs", "From my phone.")
    late = maya.post(address, {"words": "From my desk.", "seen": seen})
    assert late.status_code == 409
    said = words(late)
    assert "Somebody changed this while you had it open" in said
    assert "What stands there now: From my phone." in said
    form = late.context["form"]
    assert form["words"].value() == "From my desk."
    maya.post(address, {"words": "Both.", "seen": form["seen"].value()})
    assert clinic.plan.content.needs == "Both."


def test_a_goal_says_how_to_mend_it(maya, clinic):
    response = maya.post(there("add_goal", clinic), {"words": "", "steps": "\n".join(map(str, range(11)))})
    assert response.status_code == 400
    assert response.context["form"].errors == {
        "words": ["Fill in “The goal, in your own words”"],
        "steps": ["Write ten steps at most, one on each line."],
    }


def test_a_mix_is_put_together_way_by_way(maya, clinic):
    response = save(maya, there("write_mix", clinic), add=str(clinic.group.pk), times="2", more="1")
    assert response.redirect_chain[-1][0] == there("write_mix", clinic)
    assert clinic.plan.content.mix == ((clinic.group.pk, 2),)
    assert "Skills group twice a week" in words(maya.get(PLAN))
    save(maya, there("write_mix", clinic), **{f"way_{clinic.group.pk}": "0"})
    assert clinic.plan.content.mix == ()


def test_a_goal_is_taken_out_once_it_is_asked(maya, clinic):
    goal = clinic.goal("Run again.")
    address = there("remove_goal", clinic, goal.key)
    assert "Take this goal out? It leaves your draft." in words(maya.get(address))
    maya.post(address)
    assert clinic.plan.content.goals == ()


def test_client_and_clinician_sign_the_same_text(maya, clinic, client):
    clinic.write()
    clinic.goal("I come home sober.")
    page = maya.get(there("sign_plan", clinic))
    assert "Your name here: Maya Torres" in words(page)
    wrong = maya.post(there("sign_plan", clinic), {"read": page.context["form"]["read"].value(), "signature": "M."})
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (400, ["signature"])
    save(maya, there("sign_plan", clinic), signature="Maya Torres")
    assert "It waits for your counsellor’s signature." in words(maya.get(PLAN))
    amara = sign_in(type(client)(), clinic.amara)
    assert "A draft waits for your signature." in words(amara.get(there("client_plan", clinic)))
    save(amara, there("sign_plan", clinic), signature="Amara Osei")
    assert clinic.plan.signed.number == 1
    assert "You and Amara signed it on Tuesday 24 November." in words(maya.get(PLAN))


def test_who_signs_what_has_changed_reads_it_again_and_keeps_their_name(maya, clinic):
    clinic.write()
    read = maya.get(there("sign_plan", clinic)).context["form"]["read"].value()
    clinic.write("needs", "Quiet.")
    late = maya.post(there("sign_plan", clinic), {"read": read, "signature": "Maya Torres"})
    assert late.status_code == 409
    assert "Read it as it is now, then sign." in words(late)
    assert late.context["form"]["signature"].value() == "Maya Torres"
    maya.post(there("sign_plan", clinic), {"read": late.context["form"]["read"].value(), "signature": "Maya Torres"})
    assert clinic.plan.draft.by_client


def test_a_version_shows_what_was_new_in_it_in_words(maya, clinic):
    clinic.write("matters", "My sister.")
    clinic.sign()
    first = clinic.plan.signed.plan.pk
    clinic.write("matters", "My sister, and the river.")
    clinic.sign()
    page = words(maya.get(reverse("therapy:plan_version", args=[clinic.plan.signed.plan.pk])))
    assert "Changed What matters to me Before: My sister. Now: My sister, and the river." in page
    old = words(maya.get(reverse("therapy:plan_version", args=[first])))
    assert "a newer one holds now" in old
    assert "river" not in old


def test_a_suggestion_is_taken_left_or_talked_about(maya, clinic):
    goal = clinic.goal("I come home sober.")
    suggestions.suggest_step(clinic.enrolment, goal.key, "Call Dee", by=clinic.amara, now=NOON)
    one = PlanSuggestion.objects.get()
    address = reverse("therapy:suggestion", args=[one.pk])
    assert next(each.title for each in suggestions_for(clinic.maya, now=NOON)) == "Look at what Amara suggested"
    assert "Amara suggests a step Call Dee For “I come home sober.”" in words(maya.get(PLAN))
    assert maya.post(address, {"answer": "perhaps"}).status_code == 400
    maya.post(address, {"answer": "talk"})
    assert "you want to talk about it" in words(maya.get(PLAN))
    seen = maya.get(address).context["told"].seen
    clinic.goal("I come home sober, daily.", key=goal.key)
    late = maya.post(address, {"answer": "taken", "seen": seen})
    assert late.status_code == 409
    assert "You have changed this part since it was suggested." in words(late)
    maya.post(address, {"answer": "taken", "seen": late.context["told"].seen})
    assert [step.words for step in clinic.plan.content.goals[0].steps] == ["Call Dee"]
    assert maya.get(address).status_code == 404


@pytest.mark.parametrize(
    ("part", "data", "shown"),
    [
        ("matters", {"words": "Your brother."}, "Your brother."),
        ("goal", {"words": "Sleep at night.", "steps": "No screens"}, "Sleep at night. – No screens"),
        ("mix", {"add": "{way}", "times": "3"}, "Skills group, 3 times a week"),
    ],
)
def test_a_clinician_suggests_and_takes_it_back(client, clinic, part, data, shown):
    amara = sign_in(client, clinic.amara)
    data = {name: value.format(way=clinic.group.pk) for name, value in data.items()}
    response = save(amara, there("suggest", clinic, part), **data)
    assert "Suggested. Maya decides about it." in words(response)
    assert shown in words(response)
    amara.post(reverse("therapy:withdraw_suggestion", args=[PlanSuggestion.objects.get().pk]))
    assert PlanSuggestion.objects.get().state == "withdrawn"
    assert amara.get(there("suggest", clinic, "step")).status_code == 404


def test_progress_is_told_with_steps(maya, clinic):
    goal = clinic.goal("I come home sober.", "Call Dee")
    clinic.sign()
    address = there("progress", clinic, goal.key)
    bare = maya.post(address, {"note": "Some words"})
    assert bare.context["form"].errors == {"how": ["Say how it is going, so that your words have a place."]}
    save(maya, address, how="slowly", note="Two of five.", **{f"step_{goal.steps[0].key}": "now"})
    said = words(maya.get(PLAN))
    assert "Working on it Call Dee Slowly, but it moves: Two of five. Maya, Tuesday 24 November" in said
    assert "Slowly, but it moves Two of five." in words(maya.get(address))


def test_a_plan_that_is_due_is_told_on_both_sides(maya, clinic, client):
    clinic.write()
    clinic.sign(now=NOON)
    with time_machine.travel(NOON + timedelta(days=14), tick=False):
        sign_in(maya, clinic.maya)
        assert "Does your plan still fit?" in [
            each.title for each in suggestions_for(clinic.maya, now=NOON + timedelta(days=14))
        ]
        assert "Does this plan still fit you?" in words(maya.get(PLAN))
        maya.post(there("plan_fits", clinic))
        assert "Does this plan still fit you?" not in words(maya.get(PLAN))
        amara = sign_in(type(client)(), clinic.amara)
        page = words(amara.get(there("client_plan", clinic)))
        assert "To be looked at together since Tuesday 8 December." in page
        assert "The client says that it still fits." in page
        amara.post(there("plan_fits", clinic))
        assert "To be looked at together by Tuesday 22 December." in words(amara.get(there("client_plan", clinic)))


def test_who_has_left_reads_their_plan_and_changes_nothing(maya, clinic):
    clinic.write()
    goal = clinic.goal("I come home sober.")
    clinic.sign()
    Enrolment.objects.update(state="discharged", discharged_on=NOON.date(), discharge_reason="completed")
    sign_in(maya, clinic.maya)
    page = maya.get(PLAN)
    assert "I come home sober." in words(page)
    assert not [each for each in ("Add a goal", "Read it and sign", "How is it going?") if each in words(page)]
    assert maya.get(reverse("therapy:plan_version", args=[clinic.plan.signed.plan.pk])).status_code == 200
    assert maya.get(there("progress", clinic, goal.key)).status_code == 200
    assert maya.post(there("progress", clinic, goal.key), {"how": "well"}).status_code == 409
    assert maya.get(there("write_plan", clinic, "needs")).status_code == 403


def test_the_first_page_shows_the_first_goal_in_their_words(maya, clinic):
    assert "Begin your plan" in words(maya.get(reverse("home:landing")))
    clinic.goal("I come home sober.")
    page = words(maya.get(reverse("home:landing")))
    assert "Your plan My plan I come home sober." in page
    assert "Begin your plan" not in page


def test_the_client_page_tells_the_state_and_the_caseload_s_counsellor_gets_there(client, clinic):
    clinic.write()
    clinic.sign(clinic.maya)
    amara = sign_in(client, clinic.amara)
    page = amara.get(reverse("home:client", args=[clinic.maya.pk]))
    assert "Care plan Open the plan No plan is signed yet. A draft waits for your signature." in words(page)
    assert there("client_plan", clinic) in page.content.decode()
    amara.get(there("client_plan", clinic))
    assert Entry.objects.filter(verb="plan.viewed", client=clinic.maya, actor=clinic.amara).count() == 1


def test_the_office_sets_the_days_and_reads_no_plan(client, clinic):
    dana = sign_in(client, admin(clinic.program))
    address = reverse("office:change_plan_rhythm", args=[clinic.program.pk])
    response = dana.post(
        address, {**dict.fromkeys(("orientation", "core", "step_down", "continuing"), "2"), "seen": ""}
    )
    assert response.status_code == 400
    save(dana, address, core="10")
    assert rhythm_of(clinic.program).core == 10
    assert dana.get(there("client_plan", clinic)).status_code == 403


def test_a_draft_that_is_left_out_is_asked_about_first(maya, clinic):
    clinic.write()
    clinic.sign(now=SOON)
    clinic.write("needs", "Quiet.")
    page = maya.get(there("leave_changes", clinic))
    assert "The draft goes back to version 1, which holds on. This goes Added What I need Quiet." in words(page)
    seen = clinic.plan.draft.plan.fingerprint
    maya.post(there("leave_changes", clinic), {"seen": "another"})
    assert clinic.plan.draft
    maya.post(there("leave_changes", clinic), {"seen": seen})
    assert clinic.plan.draft is None
