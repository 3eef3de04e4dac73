"""How it is going with the goals of a plan, said by either side. What was said stays; the newest counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Enrolment, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from therapy.care_plans import Version, plan_of
from therapy.models import Progress
from therapy.plan_drafting import NotAdmittedNow, NotYoursToSign
from therapy.plan_texts import Goal
from therapy.prescribing import enrolments_cared_for

Going, Done = Progress.Going, Progress.Done
TONES = {Done.DONE.value: "done", Done.NOW.value: "now"}


class NotThere(Refused):
    message = _("This goal is not in the signed plan any more. Open the plan again.")


class NothingSaid(Refused):
    message = _("Say how it is going, or change a step.")
    status = 400


class NoSuchState(Refused):
    message = _("Choose one of the answers.")
    constraint = "a_goal_is_going_and_a_step_is_done"
    status = 400


@dataclass(frozen=True)
class StepShown:
    words: str
    state: str | Promise
    tone: str


@dataclass(frozen=True)
class GoalShown:
    """A goal as the plan's page shows it. `said` is what was said about it, the newest first."""

    goal: Goal
    steps: tuple[StepShown, ...]
    said: tuple[Progress, ...]

    @property
    def newest(self) -> Progress | None:
        return self.said[0] if self.said else None


@dataclass(frozen=True)
class Said:
    """`how` is one of `Going` or empty; `steps` has states by key, of those that are to change."""

    how: str = ""
    note: str = ""
    steps: Mapping[str, str] = field(default_factory=dict)


def goals_shown(version: Version) -> list[GoalShown]:
    """The goals of a version with what was said about them. One query."""
    said = list(Progress.objects.filter(enrolment=version.plan.enrolment_id).select_related("by"))
    return [_shown(goal, said) for goal in version.content.goals]


def _shown(goal: Goal, said: list[Progress]) -> GoalShown:
    states = states_of(goal, said)
    steps = tuple(
        StepShown(step.words, Done(states[step.key]).label, TONES.get(states[step.key], "")) for step in goal.steps
    )
    return GoalShown(goal, steps, tuple(one for one in said if one.goal == goal.key and not one.step))


def states_of(goal: Goal, said: list[Progress]) -> dict[str, str]:
    """Of each step what was said last, which is "not yet" where nothing was."""
    states = {one.step: one.how for one in reversed(said) if one.step}
    return {step.key: states.get(step.key, Done.NOT_YET.value) for step in goal.steps}


def progress_on(goal: Goal, enrolment: Enrolment) -> list[Progress]:
    """Of a goal and its steps, the newest first. One query."""
    return list(Progress.objects.filter(enrolment=enrolment, goal=goal.key).select_related("by"))


@write
def record_progress(enrolment: Enrolment, goal: str, said: Said, *, by: User, now: datetime) -> list[Progress]:
    """By the client, or by somebody on their care team, on a goal of the plan that holds."""
    held = Enrolment.objects.select_for_update(no_key=True, of=("self",)).select_related("client")
    locked: Enrolment = held.get(pk=enrolment.pk)
    if locked.state != Enrolment.State.ADMITTED:
        raise NotAdmittedNow
    if locked.client_id != by.pk and not enrolments_cared_for(by).filter(pk=locked.pk).exists():
        raise NotYoursToSign
    signed = plan_of(locked).signed
    found = signed.content.goal(goal) if signed else None
    if found is None:
        raise NotThere
    states = states_of(found, progress_on(found, locked))
    changed = {key: how for key, how in said.steps.items() if states.get(key, how) != how}
    if not said.how and not changed:
        raise NothingSaid
    rows = [("", said.how, said.note.strip())] if said.how else []
    rows += [(key, how, "") for key, how in changed.items()]
    made = [
        Progress.objects.create(enrolment=locked, goal=goal, step=step, how=how, note=note, by=by, at=now)
        for step, how, note in rows
    ]
    trail.record("plan.progress", locked, client=locked.client, by=by, at=now, facts={"count": len(made)})
    return made
