"""Writing a plan: one draft that its client writes, and that both sides sign.

Every write locks the enrolment first, so that two of them never meet in one plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.audit import trail
from iop_portal.consents.consenting import NotYourName, is_name_of
from iop_portal.followups.acting import resolve_follow_ups_about
from iop_portal.followups.escalation import care_team_of
from iop_portal.followups.owing import owe_follow_up
from iop_portal.people.models import Enrolment, User
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from iop_portal.writes import write
from therapy.care_plans import Plan, Version, plan_of
from therapy.models import CarePlan, Modality, Part, PlanShare, PlanSignature, PlanSuggestion, Side
from therapy.plan_texts import (
    MOST_GOALS,
    MOST_STEPS,
    MOST_WAYS,
    Change,
    Content,
    Goal,
    as_kept,
    fingerprint,
    fingerprint_of,
    with_goal,
    with_mix,
    with_text,
    without_goal,
)
from therapy.prescribing import enrolments_cared_for

# Follow-ups: of the counsellor whose signature is missing, and for a plan that has not been looked at for long.
TO_SIGN, TO_REVIEW = "plan_to_sign", "plan_to_review"


class NotAdmittedNow(Refused):
    message = gettext_lazy("A plan is written and signed while you are in the program. You can read yours here.")
    constraint = "plans_are_for_who_is_admitted"


class NothingToSign(Refused):
    message = gettext_lazy("There is nothing new to sign.")


class PlanIsBare(Refused):
    message = gettext_lazy("Write what matters to you, or one goal, before you sign.")
    status = 400


class ReadItAgain(Refused):
    message = gettext_lazy("The plan has changed since you opened it. Read it as it is now, then sign.")
    constraint = "signatures_are_of_the_plan_as_it_stands"


class SignedAlready(Refused):
    message = gettext_lazy("This is signed already.")
    constraint = "each_side_signs_a_text_once"


class NotYoursToSign(Refused):
    message = gettext_lazy("A plan is signed by its client and by their care team.")
    constraint = "a_plan_is_signed_by_its_client_and_their_team"
    status = 403


class StaysAsItIs(Refused):
    message = gettext_lazy("This version is signed, and stays as it is. Write your change in the next one.")
    constraint = "signed_plans_never_change"


class BothSign(Refused):
    message = gettext_lazy("A plan holds once both have signed it.")
    constraint = "plans_are_signed_by_both"


class OneDraft(Refused):
    message = gettext_lazy("Somebody began a draft at the same moment. Open the plan again.")
    constraint = "one_draft_of_a_plan_at_a_time"


class TooMuchForAPlan(Refused):
    message = gettext_lazy("A plan holds up to %(goals)d goals of %(steps)d steps each, and %(ways)d ways.")
    status = 400


class WayElsewhere(Refused):
    message = gettext_lazy("Choose from the ways that your program offers.")
    status = 400


class AnsweredAlready(Refused):
    message = gettext_lazy("This suggestion has an answer already.")
    constraint = "a_suggestion_is_its_author_s"


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────────


@write
def write_text(enrolment: Enrolment, part: str, words: str, *, seen: str, by: User, now: datetime) -> None:
    """`seen` is the `fingerprint_of` the part that somebody had before them, here and in the writes below."""
    _change(enrolment, with_text(part, words.strip()), part, seen=seen, by=by, now=now)


@write
def write_goal(enrolment: Enrolment, goal: Goal, *, seen: str, by: User, now: datetime) -> None:
    """A new one, or a new wording of the one with this key."""
    _change(enrolment, with_goal(goal), Part.GOAL, goal.key, seen=seen, by=by, now=now)


@write
def remove_goal(enrolment: Enrolment, key: str, *, seen: str, by: User, now: datetime) -> None:
    _change(enrolment, without_goal(key), Part.GOAL, key, seen=seen, by=by, now=now)


@write
def write_mix(enrolment: Enrolment, mix: Mapping[int, int], *, seen: str, by: User, now: datetime) -> None:
    _change(enrolment, with_mix(mix), Part.MIX, seen=seen, by=by, now=now)


@write
def drop_draft(enrolment: Enrolment, *, seen: str, by: User, now: datetime) -> None:
    """Leave what was changed since the last signature. `seen` is the fingerprint of the whole draft."""
    locked = _locked(enrolment, by)
    plan = plan_of(locked)
    if plan.draft is None or plan.draft.plan.fingerprint != seen:
        raise ChangedMeanwhile
    _keep(plan, plan.signed.content if plan.signed else Content(), by=by, now=now)
    trail.record("plan.changes_left", locked, client=by, by=by, at=now)


@write
def take_suggestion(
    suggestion: PlanSuggestion, change: Change, *, seen: str, by: User, now: datetime
) -> PlanSuggestion:
    """What a clinician suggested becomes part of the draft, as the client says it."""
    held = PlanSuggestion.objects.select_for_update(of=("self",)).select_related("enrolment").get(pk=suggestion.pk)
    if not held.is_open:
        raise AnsweredAlready
    part = Part.GOAL if held.part == Part.STEP else held.part
    _change(held.enrolment, change, part, held.goal, seen=seen, by=by, now=now)
    held.state, held.ended_at = PlanSuggestion.State.TAKEN, now
    held.save(update_fields=["state", "ended_at"])
    trail.record("plan.suggestion_taken", held, client=by, by=by, at=now)
    return held


def _locked(enrolment: Enrolment, by: User) -> Enrolment:
    """Locked, and looked at again: it is the client's own plan, and they are in the program."""
    held = Enrolment.objects.select_for_update(no_key=True, of=("self",)).select_related("client", "program")
    locked: Enrolment = held.get(pk=enrolment.pk)
    if locked.client_id != by.pk or locked.state != Enrolment.State.ADMITTED:
        raise NotAdmittedNow
    return locked


def _change(
    enrolment: Enrolment, change: Change, part: str, goal: str = "", *, seen: str, by: User, now: datetime
) -> None:
    locked = _locked(enrolment, by)
    plan = plan_of(locked)
    if fingerprint_of(plan.content, part, goal) != seen:
        raise ChangedMeanwhile
    content = change(plan.content)
    if content == plan.content:
        return
    _refuse_too_much(content)
    _keep(plan, content, by=by, now=now)
    trail.record("plan.changed", locked, client=by, by=by, at=now, facts={"section": part})


def _refuse_too_much(content: Content) -> None:
    steps = max((len(goal.steps) for goal in content.goals), default=0)
    if len(content.goals) > MOST_GOALS or steps > MOST_STEPS or len(content.mix) > MOST_WAYS:
        raise TooMuchForAPlan(goals=MOST_GOALS, steps=MOST_STEPS, ways=MOST_WAYS)


def _keep(plan: Plan, content: Content, *, by: User, now: datetime) -> None:
    """As the draft. A signature of what stood there before holds no more, so nobody is asked for the other one."""
    kept = {"content": as_kept(content), "fingerprint": fingerprint(content)}
    draft = CarePlan.objects.filter(enrolment=plan.enrolment, signed_at=None).first()
    if draft is None:
        draft = CarePlan.objects.create(enrolment=plan.enrolment, number=plan.next_number, begun_at=now, **kept)
    else:
        CarePlan.objects.filter(pk=draft.pk).update(**kept)
    if draft.shares.exists() or content.mix:
        _keep_mix(draft, dict(content.mix))
    outcome = _("The plan has changed since it was signed.")
    resolve_follow_ups_about(plan.enrolment, kind=TO_SIGN, outcome=outcome, by=by, now=now)


def _keep_mix(draft: CarePlan, mix: Mapping[int, int]) -> None:
    offered = Modality.objects.filter(program=draft.enrolment.program_id, pk__in=mix)
    if offered.count() != len(mix):
        raise WayElsewhere
    draft.shares.all().delete()
    PlanShare.objects.bulk_create(PlanShare(plan=draft, modality_id=way, times=times) for way, times in mix.items())


# ── Signing ───────────────────────────────────────────────────────────────────────────────────────────────────


@write
def sign_plan(enrolment: Enrolment, *, name: str, read: str, by: User, now: datetime) -> PlanSignature:
    """Sign the draft by typing one's own name. `read` is the fingerprint of the text that somebody had before them."""
    held = Enrolment.objects.select_for_update(no_key=True, of=("self",)).select_related("client", "program")
    locked: Enrolment = held.get(pk=enrolment.pk)
    side = Side.CLIENT if locked.client_id == by.pk else Side.CLINICIAN
    if locked.state != Enrolment.State.ADMITTED:
        raise NotAdmittedNow
    if side == Side.CLINICIAN and not enrolments_cared_for(by).filter(pk=locked.pk).exists():
        raise NotYoursToSign
    draft = plan_of(locked).draft
    if draft is None:
        raise NothingToSign
    if draft.plan.fingerprint != read:
        raise ReadItAgain
    if draft.content.bare:
        raise PlanIsBare
    if draft.signed_by(side):
        raise SignedAlready
    if not is_name_of(by, name):
        raise NotYourName(name=by.full_name)
    signature = PlanSignature.objects.create(
        plan=draft.plan, side=side, fingerprint=read, name=by.full_name, by=by, at=now
    )
    facts = {"version": draft.number}
    trail.record("plan.signed", draft.plan, client=locked.client, by=by, at=now, facts=facts)
    _settle(replace(draft, signatures=(*draft.signatures, signature)), locked, by=by, now=now)
    return signature


def _settle(draft: Version, enrolment: Enrolment, *, by: User, now: datetime) -> None:
    """Both have signed: it holds. Only the client has: their counsellor is asked to."""
    client, program = enrolment.client, enrolment.program
    if len(draft.signatures) == 2:
        CarePlan.objects.filter(pk=draft.plan.pk).update(signed_at=now)
        trail.record("plan.agreed", draft.plan, client=client, by=by, at=now, facts={"version": draft.number})
        for kind in (TO_SIGN, TO_REVIEW):
            outcome = _("Version %(number)d of the plan is signed by both.") % {"number": draft.number}
            resolve_follow_ups_about(enrolment, kind=kind, outcome=outcome, by=by, now=now)
    elif draft.waits_for == Side.CLINICIAN and (team := care_team_of(client, program)):
        owe_follow_up(TO_SIGN, about=enrolment, program=program, owner=team[0], client=client, by=by, now=now)
