"""Looking at a plan again: when it is due, by phase; who is asked to; and that it still fits."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.audit import trail
from iop_portal.followups.acting import resolve_follow_ups_about
from iop_portal.followups.escalation import care_team_of
from iop_portal.followups.models import FollowUp
from iop_portal.followups.owing import owe_follow_up
from iop_portal.people.models import Enrolment, Program, User
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile, version_of
from iop_portal.writes import write
from therapy.care_plans import plan_of, plan_states
from therapy.models import CarePlan, PlanReview, PlanRhythm, Side
from therapy.plan_drafting import TO_REVIEW, NotAdmittedNow, NotYoursToSign
from therapy.prescribing import enrolments_cared_for


class NoPlanYet(Refused):
    message = gettext_lazy("There is no signed plan to look at yet.")


class OddRhythm(Refused):
    message = gettext_lazy("Plans are looked at again after 3 to 180 days.")
    constraint = "plans_are_looked_at_within_3_to_180_days"
    status = 400


# ── Looking ───────────────────────────────────────────────────────────────────────────────────────────────────


@write
def say_it_fits(enrolment: Enrolment, *, by: User, now: datetime) -> PlanReview:
    """Somebody looked at the plan that holds, and it still fits. Their counsellor's look is what the next is due by."""
    held = Enrolment.objects.select_for_update(no_key=True, of=("self",)).select_related("client")
    locked: Enrolment = held.get(pk=enrolment.pk)
    side = Side.CLIENT if locked.client_id == by.pk else Side.CLINICIAN
    if locked.state != Enrolment.State.ADMITTED:
        raise NotAdmittedNow
    if side == Side.CLINICIAN and not enrolments_cared_for(by).filter(pk=locked.pk).exists():
        raise NotYoursToSign
    signed = plan_of(locked).signed
    if signed is None:
        raise NoPlanYet
    review = PlanReview.objects.create(plan=signed.plan, side=side, by=by, at=now)
    trail.record("plan.reviewed", signed.plan, client=locked.client, by=by, at=now)
    if side == Side.CLINICIAN:
        outcome = _("The plan was looked at, and still fits.")
        resolve_follow_ups_about(locked, kind=TO_REVIEW, outcome=outcome, by=by, now=now)
    return review


def owe_reviews(*, now: datetime) -> int:
    """Ask whoever looks after somebody whose plan is due. What is asked for already is left alone; run it as often as
    you like."""
    asked = FollowUp.objects.open().filter(
        kind=TO_REVIEW, about_type=Enrolment._meta.label_lower, about_id=OuterRef("pk")
    )
    signed = CarePlan.objects.signed().filter(enrolment=OuterRef("pk"))
    waiting = Enrolment.objects.filter(Exists(signed), ~Exists(asked), state=Enrolment.State.ADMITTED)
    states = plan_states(list(waiting.values_list("pk", flat=True)), now=now)
    due = [key for key, state in states.items() if state.review_due]
    enrolments = Enrolment.objects.filter(pk__in=due).select_related("client", "program")
    return sum(_ask(enrolment, now=now) for enrolment in enrolments)


@write
def _ask(enrolment: Enrolment, *, now: datetime) -> bool:
    team = care_team_of(enrolment.client, enrolment.program)
    if not team:
        return False
    owe_follow_up(
        TO_REVIEW,
        about=enrolment,
        program=enrolment.program,
        owner=team[0],
        client=enrolment.client,
        by=None,
        now=now,
    )
    return True


# ── How often ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Rhythm:
    """Days from one look to the next, by phase."""

    orientation: int = 7
    core: int = 14
    step_down: int = 21
    continuing: int = 30


DAYS = tuple(field.name for field in fields(Rhythm))


def rhythm_of(program: Program) -> PlanRhythm:
    """The program's own, or the defaults where nobody has changed them yet."""
    return PlanRhythm.objects.filter(program=program).first() or PlanRhythm(program=program)


def rhythm_version(rhythm: PlanRhythm) -> str:
    return version_of(rhythm, DAYS)


@write
def change_rhythm(program: Program, wanted: Rhythm, *, seen: str, by: User, now: datetime) -> PlanRhythm:
    """`seen` is the `rhythm_version` that an admin had before them."""
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    rhythm = rhythm_of(program)
    if rhythm_version(rhythm) != seen:
        raise ChangedMeanwhile
    changed = {name: days for name, days in asdict(wanted).items() if getattr(rhythm, name) != days}
    if not changed:
        return rhythm
    for name, days in changed.items():
        setattr(rhythm, name, days)
    rhythm.save()
    trail.record("plan.rhythm_changed", rhythm, by=by, at=now, facts=changed)
    return rhythm
