"""The client's own plan: reading it, and writing one part of it at a time."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.forms import SeenForm
from iop_portal.people.models import Enrolment
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from therapy import plan_drafting as drafting
from therapy.care_plans import Plan, own_enrolments, plan_of, plan_states
from therapy.care_team import team_of
from therapy.forms.care_plans import GoalForm, MixForm, TextForm
from therapy.models import TEXTS, Modality, Part
from therapy.plan_progress import goals_shown
from therapy.plan_suggestions import open_suggestions
from therapy.plan_texts import Goal, a_week, fingerprint_of, often

QUESTIONS: dict[str, tuple[str | Promise, str | Promise]] = {
    Part.MATTERS: (
        gettext_lazy("What matters to you?"),
        gettext_lazy("People, places, things that you want to have or to get back. This is what the plan is for."),
    ),
    Part.STRENGTHS: (
        gettext_lazy("What are your strengths?"),
        gettext_lazy("What you are good at, what got you through before, who is on your side."),
    ),
    Part.NEEDS: (
        gettext_lazy("What do you need?"),
        gettext_lazy("From us, from people around you, or to get here at all."),
    ),
}


@for_roles(Role.CLIENT, Role.ALUM, methods=("GET",))
def my_plan(request: PortalRequest) -> HttpResponse:
    """Of the program that somebody is in; who is or was in several finds the others by `of`."""
    enrolments = own_enrolments(request.user)
    chosen = next((one for one in enrolments if str(one.pk) == request.GET.get("of")), None)
    enrolment = chosen or next(iter(enrolments), None)
    if enrolment is None:
        raise Http404
    plan, now = plan_of(enrolment), timezone.now()
    context = {
        **shown(plan),
        "state": plan_states([enrolment.pk], now=now)[enrolment.pk],
        "suggestions": open_suggestions(plan),
        "writes": enrolment.state == Enrolment.State.ADMITTED,
        "team": team_of(enrolment),
        "others": [one for one in enrolments if one != enrolment],
    }
    return render(request, "therapy/plan.html", context)


def shown(plan: Plan) -> dict[str, Any]:
    """What every page that shows a plan needs: the newest text, with how it is going where that is known."""
    version = plan.draft or plan.signed
    ways = {way.pk: way for way in Modality.objects.filter(pk__in=dict(plan.content.mix))}
    return {
        "plan": plan,
        "enrolment": plan.enrolment,
        "version": version,
        "content": plan.content,
        "goals": goals_shown(version) if version else [],
        "mix": [(ways[way], a_week(times)) for way, times in plan.content.mix],
        "texts": [(part, Part(part).label, plan.content.text(part)) for part in TEXTS],
        "signed_goals": {goal.key for goal in plan.signed.content.goals} if plan.signed else set(),
    }


@for_roles(Role.CLIENT)
def write_text(request: PortalRequest, enrolment_id: int, part: str) -> HttpResponse:
    enrolment = _own(request, enrolment_id)
    if part not in TEXTS:
        raise Http404
    plan = plan_of(enrolment)
    question, hint = QUESTIONS[part]
    initial = {"words": plan.content.text(part), "seen": fingerprint_of(plan.content, part)}
    form = TextForm(request.POST or None, label=str(Part(part).label), hint=str(hint), initial=initial)
    if form.is_valid():
        told = form.cleaned_data
        try:
            drafting.write_text(enrolment, part, told["words"], seen=told["seen"], by=request.user, now=timezone.now())
        except Refused as refusal:
            _refuse(form, refusal, enrolment, part)
        else:
            return _saved(request, enrolment, plan, after=part)
    return _form(request, form, enrolment, question, stands=plan_of(enrolment).content.text(part))


@for_roles(Role.CLIENT)
def write_goal(request: PortalRequest, enrolment_id: int, goal: str = "") -> HttpResponse:
    """A new one, or one that is in the plan."""
    enrolment = _own(request, enrolment_id)
    plan = plan_of(enrolment)
    held = plan.content.goal(goal)
    if goal and held is None:
        raise Http404
    initial = {**(GoalForm.telling(held) if held else {}), "seen": fingerprint_of(plan.content, Part.GOAL, goal)}
    form = GoalForm(request.POST or None, initial=initial)
    if form.is_valid():
        told, now = form.goal(held), timezone.now()
        try:
            drafting.write_goal(enrolment, told, seen=form.cleaned_data["seen"], by=request.user, now=now)
        except Refused as refusal:
            _refuse(form, refusal, enrolment, Part.GOAL, goal)
        else:
            return _saved(request, enrolment, plan, after=Part.GOAL)
    stands = plan_of(enrolment).content.goal(goal)
    question = _("Change this goal") if held else _("What is one thing you want to reach?")
    return _form(request, form, enrolment, question, stands=_in_lines(stands), goal=held)


@for_roles(Role.CLIENT)
def remove_goal(request: PortalRequest, enrolment_id: int, goal: str) -> HttpResponse:
    enrolment = _own(request, enrolment_id)
    content = plan_of(enrolment).content
    held = content.goal(goal)
    if held is None:
        raise Http404
    if request.method == "POST":
        seen = fingerprint_of(content, Part.GOAL, goal)
        try:
            drafting.remove_goal(enrolment, goal, seen=seen, by=request.user, now=timezone.now())
        except Refused as refusal:
            messages.info(request, str(refusal))
        else:
            messages.success(request, _("Taken out of the draft. What you both signed before stays readable."))
        return _to_plan(enrolment)
    return render(request, "therapy/plan_goal_remove.html", {"goal": held, "back": _address(enrolment)})


@for_roles(Role.CLIENT)
def write_mix(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    enrolment = _own(request, enrolment_id)
    plan = plan_of(enrolment)
    form = mix_form(request, plan)
    if form.is_valid():
        seen, now = form.cleaned_data["seen"], timezone.now()
        try:
            drafting.write_mix(enrolment, form.mix(), seen=seen, by=request.user, now=now)
        except Refused as refusal:
            _refuse(form, refusal, enrolment, Part.MIX)
        else:
            if form.wants_more:
                return redirect("therapy:write_mix", enrolment.pk)
            return _saved(request, enrolment, plan, after=Part.MIX)
    return _form(request, form, enrolment, _("What is your care made of?"), stands=_mix_in_lines(enrolment), more=True)


def mix_form(request: PortalRequest, plan: Plan) -> MixForm:
    offered = list(Modality.objects.filter(program=plan.enrolment.program_id))
    seen = fingerprint_of(plan.content, Part.MIX)
    return MixForm(request.POST or None, offered=offered, mix=plan.content.mix, initial={"seen": seen})


@for_roles(Role.CLIENT)
def leave_changes(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    """Leave the draft: what was signed last holds on, and nothing of it is changed."""
    enrolment = _own(request, enrolment_id)
    plan = plan_of(enrolment)
    if plan.draft is None:
        return _to_plan(enrolment)
    if request.method == "POST":
        try:
            drafting.drop_draft(enrolment, seen=request.POST.get("seen", ""), by=request.user, now=timezone.now())
        except Refused as refusal:
            messages.info(request, str(refusal))
        else:
            messages.success(request, _("Your changes are left out."))
        return _to_plan(enrolment)
    context = {"plan": plan, "back": _address(enrolment)}
    return render(request, "therapy/plan_leave.html", context)


def _own(request: PortalRequest, enrolment_id: int) -> Enrolment:
    own = Enrolment.objects.filter(client=request.user).exclude(state=Enrolment.State.REFERRED)
    enrolment: Enrolment = get_object_or_404(own.select_related("program", "client"), pk=enrolment_id)
    return enrolment


def _refuse(form: SeenForm, refusal: Refused, enrolment: Enrolment, part: str, goal: str = "") -> None:
    """Nothing that was typed is lost; the next save is meant for what stands there now."""
    if isinstance(refusal, ChangedMeanwhile):
        form.refuse_stale(refusal, seen=fingerprint_of(plan_of(enrolment).content, part, goal))
    else:
        form.refuse(refusal)


def _form(
    request: PortalRequest,
    form: SeenForm,
    enrolment: Enrolment,
    question: str | Promise,
    *,
    stands: str = "",
    goal: Goal | None = None,
    more: bool = False,
) -> HttpResponse:
    context = {
        "form": form,
        "question": question,
        "stands": stands if form.refused_with == ChangedMeanwhile.status else "",
        "goal": goal,
        "more": more,
        "enrolment": enrolment,
        "back": _address(enrolment),
    }
    return render(request, "therapy/plan_form.html", context, status=form.status)


def _saved(request: PortalRequest, enrolment: Enrolment, before: Plan, *, after: str) -> HttpResponse:
    """The first time it leads on to what is still empty, one page after the other."""
    messages.success(request, _("Saved in your draft."))
    if before.signed is None:
        content = plan_of(enrolment).content
        order = [part for part in TEXTS if not content.text(part)]
        following = next((part for part in order if list(TEXTS).index(part) > _place(after)), None)
        if following:
            return redirect("therapy:write_plan", enrolment.pk, following)
        if not content.goals:
            return redirect("therapy:add_goal", enrolment.pk)
    return _to_plan(enrolment)


def _place(part: str) -> int:
    return list(TEXTS).index(Part(part)) if part in TEXTS else len(TEXTS)


def _in_lines(goal: Goal | None) -> str:
    return "\n".join((goal.words, goal.know, *(step.words for step in goal.steps))) if goal else ""


def _mix_in_lines(enrolment: Enrolment) -> str:
    plan = plan_of(enrolment)
    return "\n".join(often(plan.ways[way], times) for way, times in plan.content.mix)


def _address(enrolment: Enrolment) -> str:
    return f"{reverse('therapy:my_plan')}?of={enrolment.pk}"


def _to_plan(enrolment: Enrolment) -> HttpResponse:
    return redirect(_address(enrolment))
