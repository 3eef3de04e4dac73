"""A client's plan as their care team reads it, and what they suggest for it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.forms import PortalForm
from iop_portal.people.models import Enrolment
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from therapy import plan_suggestions as suggestions
from therapy.care_plans import Plan, open_plan, plan_states
from therapy.care_team import team_of
from therapy.forms.care_plans import GoalForm, MixForm, StepForm, TextForm
from therapy.models import TEXTS, Part, PlanSuggestion
from therapy.plan_texts import new_key
from therapy.prescribing import enrolments_cared_for
from therapy.views.care_plan import mix_form, shown


@for_roles(Role.CLINICIAN, methods=("GET",))
def client_plan(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    enrolment, now = _cared_for(request, enrolment_id), timezone.now()
    plan = open_plan(enrolment, by=request.user, now=now)
    context = {
        **shown(plan),
        "state": plan_states([enrolment.pk], now=now)[enrolment.pk],
        "suggestions": suggestions.open_suggestions(plan),
        "mine": {one.pk for one in suggestions.suggestions_by(request.user, enrolment)},
        "team": team_of(enrolment),
        "writes": enrolment.state == Enrolment.State.ADMITTED,
    }
    return render(request, "therapy/client_plan.html", context)


@for_roles(Role.CLINICIAN)
def suggest(request: PortalRequest, enrolment_id: int, part: str) -> HttpResponse:
    """One change, to which the client says yes or no. `goal` names the goal that it is about."""
    enrolment = _cared_for(request, enrolment_id)
    plan = open_plan(enrolment, by=request.user, now=timezone.now())
    form = _form(request, plan, part)
    if form.is_valid():
        try:
            _suggest(request, form, plan, part)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            name = enrolment.client.preferred_name
            messages.success(request, _("Suggested. %(name)s decides about it.") % {"name": name})
            return redirect("therapy:client_plan", enrolment.pk)
    goal = plan.content.goal(request.GET.get("goal", ""))
    context = {"form": form, "part": Part(part), "goal": goal, "enrolment": enrolment}
    return render(request, "therapy/plan_suggest.html", context, status=form.status)


def _form(request: PortalRequest, plan: Plan, part: str) -> PortalForm:
    data, goal = request.POST or None, plan.content.goal(request.GET.get("goal", ""))
    if part in TEXTS:
        return TextForm(data, label=str(Part(part).label), initial={"words": plan.content.text(part)})
    if part == Part.GOAL:
        return GoalForm(data, initial=GoalForm.telling(goal) if goal else {})
    if part == Part.MIX:
        return mix_form(request, plan)
    if part == Part.STEP and goal:
        return StepForm(data)
    raise Http404


def _suggest(request: PortalRequest, form: PortalForm, plan: Plan, part: str) -> PlanSuggestion:
    by, now, enrolment = request.user, timezone.now(), plan.enrolment
    held = plan.content.goal(request.GET.get("goal", ""))
    if isinstance(form, GoalForm):
        return suggestions.suggest_goal(enrolment, form.goal(held), by=by, now=now)
    if isinstance(form, MixForm):
        return suggestions.suggest_mix(enrolment, form.mix(), by=by, now=now)
    words = form.cleaned_data["words"]
    if isinstance(form, StepForm):
        return suggestions.suggest_step(enrolment, held.key if held else new_key(), words, by=by, now=now)
    return suggestions.suggest_text(enrolment, part, words, by=by, now=now)


@for_roles(Role.CLINICIAN, methods=("POST",))
def withdraw(request: PortalRequest, suggestion_id: int) -> HttpResponse:
    """Only its author takes a suggestion back."""
    mine = PlanSuggestion.objects.visible_to(request.user).open().filter(by=request.user)
    held = get_object_or_404(mine, pk=suggestion_id)
    try:
        suggestions.answer_suggestion(held, PlanSuggestion.State.WITHDRAWN, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("Taken back."))
    return redirect("therapy:client_plan", held.enrolment_id)


def _cared_for(request: PortalRequest, enrolment_id: int) -> Enrolment:
    mine = enrolments_cared_for(request.user).exclude(client=request.user).select_related("client", "program")
    return get_object_or_404(mine, pk=enrolment_id)
