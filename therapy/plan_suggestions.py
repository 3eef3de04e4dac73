"""What clinicians suggest for a plan. It stays its author's; the client takes it, or not, or wants to talk about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.audit import trail
from iop_portal.people.models import Enrolment, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from therapy.care_plans import Plan, plan_of
from therapy.models import TEXTS, Part, PlanSuggestion
from therapy.plan_drafting import AnsweredAlready, NotAdmittedNow, NotYoursToSign
from therapy.plan_texts import (
    Change,
    Content,
    Goal,
    fingerprint_of,
    goal_as_kept,
    goal_from_kept,
    mix_as_kept,
    mix_from_kept,
    often,
    with_goal,
    with_mix,
    with_step,
    with_text,
)
from therapy.prescribing import enrolments_cared_for


class NothingSuggested(Refused):
    message = gettext_lazy("That is what the plan says already. Change something, then suggest it.")
    status = 400


@dataclass(frozen=True)
class Suggested:
    """One suggestion in words, beside what stands there now. `moved`: that has changed since it was made."""

    suggestion: PlanSuggestion
    title: str
    words: str
    stands: str
    moved: bool
    # What it would change is not there any more.
    gone: bool
    # The fingerprint of the part as it stands: what an answer is given to.
    seen: str


TITLES: dict[str, str | Promise] = {
    Part.MATTERS: gettext_lazy("%(name)s suggests other words for what matters to you"),
    Part.STRENGTHS: gettext_lazy("%(name)s suggests other words for your strengths"),
    Part.NEEDS: gettext_lazy("%(name)s suggests other words for what you need"),
    Part.GOAL: gettext_lazy("%(name)s suggests a goal"),
    Part.STEP: gettext_lazy("%(name)s suggests a step"),
    Part.MIX: gettext_lazy("%(name)s suggests what your care is made of"),
}
ANOTHER_WORDING = gettext_lazy("%(name)s suggests other words for a goal")


# ── Reading ───────────────────────────────────────────────────────────────────────────────────────────────────


def open_suggestions(plan: Plan) -> list[Suggested]:
    """What waits for the client's answer, the newest first. One query."""
    waiting = PlanSuggestion.objects.open().filter(enrolment=plan.enrolment).select_related("by")
    return [suggested(one, plan) for one in waiting]


def suggestions_waiting(client: User) -> dict[int, str]:
    """Who suggested something that waits for its client, by enrolment: the last one's name. One query."""
    waiting = PlanSuggestion.objects.open().filter(enrolment__client=client, state=PlanSuggestion.State.OPEN)
    return dict(waiting.order_by("made_at", "pk").values_list("enrolment", "by__preferred_name"))


def suggestions_by(clinician: User, enrolment: Enrolment) -> QuerySet[PlanSuggestion]:
    """Those that their author may still take back."""
    return PlanSuggestion.objects.open().filter(by=clinician, enrolment=enrolment)


def suggested(one: PlanSuggestion, plan: Plan) -> Suggested:
    content = plan.content
    title = ANOTHER_WORDING if one.part == Part.GOAL and one.goal else TITLES[one.part]
    about = Part.GOAL if one.part == Part.STEP else one.part
    seen = fingerprint_of(content, about, one.goal)
    return Suggested(
        suggestion=one,
        title=str(title) % {"name": one.by.preferred_name},
        words=_words(one, plan.ways),
        stands=_stands(one, content, plan.ways),
        moved=one.base != seen,
        gone=bool(one.goal) and content.goal(one.goal) is None,
        seen=seen,
    )


def change_of(one: PlanSuggestion) -> Change:
    """What taking it does to the draft."""
    if one.part == Part.STEP:
        return with_step(one.goal, one.content)
    if one.part == Part.GOAL:
        return with_goal(goal_from_kept(one.content))
    if one.part == Part.MIX:
        return with_mix(mix_from_kept(one.content))
    return with_text(one.part, one.content)


def _words(one: PlanSuggestion, ways: Mapping[int, str]) -> str:
    if one.part == Part.GOAL:
        return _in_lines(goal_from_kept(one.content))
    if one.part == Part.MIX:
        return _mix(mix_from_kept(one.content).items(), ways)
    return str(one.content)


def _stands(one: PlanSuggestion, content: Content, ways: Mapping[int, str]) -> str:
    if one.part == Part.MIX:
        return _mix(content.mix, ways)
    if one.part in TEXTS:
        return content.text(one.part)
    held = content.goal(one.goal)
    if held is None:
        return ""
    return held.words if one.part == Part.STEP else _in_lines(held)


def _in_lines(goal: Goal) -> str:
    know = [_("How I will know: %(words)s") % {"words": goal.know}] if goal.know else []
    return "\n".join([goal.words, *know, *(f"– {step.words}" for step in goal.steps)])


def _mix(mix: Iterable[tuple[int, int]], ways: Mapping[int, str]) -> str:
    return "\n".join(often(ways[way], times) for way, times in mix if way in ways)


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────────


@write
def suggest_text(enrolment: Enrolment, part: str, words: str, *, by: User, now: datetime) -> PlanSuggestion:
    """Other words for one of the texts."""
    return _suggest(enrolment, part, "", words.strip(), with_text(part, words.strip()), by=by, now=now)


@write
def suggest_goal(enrolment: Enrolment, goal: Goal, *, by: User, now: datetime) -> PlanSuggestion:
    """A new goal, or another wording of the one with this key."""
    held = plan_of(enrolment).content.goal(goal.key)
    return _suggest(enrolment, Part.GOAL, goal.key if held else "", goal_as_kept(goal), with_goal(goal), by=by, now=now)


@write
def suggest_step(enrolment: Enrolment, goal: str, words: str, *, by: User, now: datetime) -> PlanSuggestion:
    return _suggest(enrolment, Part.STEP, goal, words.strip(), with_step(goal, words.strip()), by=by, now=now)


@write
def suggest_mix(enrolment: Enrolment, mix: Mapping[int, int], *, by: User, now: datetime) -> PlanSuggestion:
    return _suggest(enrolment, Part.MIX, "", mix_as_kept(mix), with_mix(mix), by=by, now=now)


def _suggest(
    enrolment: Enrolment, part: str, goal: str, kept: str, change: Change, *, by: User, now: datetime
) -> PlanSuggestion:
    held = Enrolment.objects.select_for_update(no_key=True, of=("self",)).select_related("client")
    locked: Enrolment = held.get(pk=enrolment.pk)
    if locked.state != Enrolment.State.ADMITTED:
        raise NotAdmittedNow
    if locked.client_id == by.pk or not enrolments_cared_for(by).filter(pk=locked.pk).exists():
        raise NotYoursToSign
    content = plan_of(locked).content
    if change(content) == content:
        raise NothingSuggested
    about = Part.GOAL if part == Part.STEP else part
    base = fingerprint_of(content, about, goal)
    made = PlanSuggestion.objects.create(
        enrolment=locked, part=part, goal=goal, content=kept, base=base, by=by, made_at=now
    )
    trail.record("plan.suggested", made, client=locked.client, by=by, at=now, facts={"section": part})
    return made


@write
def answer_suggestion(suggestion: PlanSuggestion, state: str, *, by: User, now: datetime) -> PlanSuggestion:
    """The client does not take it, or wants to talk about it; its author takes it back. Taking it is drafting's."""
    held = PlanSuggestion.objects.select_for_update(of=("self",)).select_related("enrolment__client")
    answered = held.get(pk=suggestion.pk)
    if not answered.is_open:
        raise AnsweredAlready
    takes_back = state == PlanSuggestion.State.WITHDRAWN
    if by.pk != (answered.by_id if takes_back else answered.enrolment.client_id):
        raise AnsweredAlready
    answered.state = state
    answered.ended_at = None if state == PlanSuggestion.State.TALK else now
    answered.save(update_fields=["state", "ended_at"])
    facts = {"state": state}
    client = answered.enrolment.client
    trail.record("plan.suggestion_answered", answered, client=client, by=by, at=now, facts=facts)
    return answered
