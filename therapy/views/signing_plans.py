"""What both sides do with a plan: sign it, say how it is going, find that it still fits, and read each version."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import Enrolment
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from therapy.care_plans import Plan, Version, open_plan, plan_of
from therapy.forms.care_plans import ProgressForm, SignPlanForm
from therapy.models import TEXTS, CarePlan, Modality, Part, PlanSuggestion
from therapy.plan_drafting import ReadItAgain, sign_plan, take_suggestion
from therapy.plan_progress import progress_on, record_progress, states_of
from therapy.plan_reviews import say_it_fits
from therapy.plan_suggestions import answer_suggestion, change_of, suggested
from therapy.plan_texts import a_week
from therapy.prescribing import enrolments_cared_for


@for_roles(Role.CLIENT, Role.CLINICIAN)
def sign(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    """The whole text, what is new in it, and a name."""
    enrolment = _theirs(request, enrolment_id)
    plan = _read(request, enrolment)
    if plan.draft is None:
        messages.info(request, _("There is nothing new to sign."))
        return redirect(_plan_page(request, enrolment))
    initial = {"read": plan.draft.plan.fingerprint}
    form = SignPlanForm(request.POST or None, name=request.user.full_name, initial=initial)
    if form.is_valid():
        told = form.cleaned_data
        try:
            sign_plan(enrolment, name=told["signature"], read=told["read"], by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
            if isinstance(refusal, ReadItAgain):
                form.read_again(plan.draft.plan.fingerprint)
        else:
            messages.success(request, _("You have signed it."))
            return redirect(_plan_page(request, enrolment))
    context = {"form": form, **_told(plan, plan.draft), "back": _plan_page(request, enrolment)}
    return render(request, "therapy/plan_sign.html", context, status=form.status)


@for_roles(Role.CLIENT, Role.ALUM, Role.CLINICIAN, methods=("GET",))
def version(request: PortalRequest, plan_id: int) -> HttpResponse:
    """One signed version, as it stays, and what it changed. To be printed."""
    held = CarePlan.objects.visible_to(request.user).signed().select_related("enrolment__client", "enrolment__program")
    kept = get_object_or_404(held, pk=plan_id)
    plan = _read(request, kept.enrolment)
    found = next(one for one in plan.versions if one.plan.pk == kept.pk)
    context = {**_told(plan, found), "back": _plan_page(request, kept.enrolment)}
    return render(request, "therapy/plan_version.html", context)


@for_roles(Role.CLIENT, Role.ALUM, Role.CLINICIAN)
def progress(request: PortalRequest, enrolment_id: int, goal: str) -> HttpResponse:
    """What was said about a goal of the plan that holds, and room for more."""
    enrolment = _theirs(request, enrolment_id)
    signed = _read(request, enrolment).signed
    held = signed.content.goal(goal) if signed else None
    if signed is None or held is None:
        raise Http404
    said = progress_on(held, enrolment)
    form = ProgressForm(request.POST or None, content=signed.content, goal=goal, states=states_of(held, said))
    if form.is_valid():
        try:
            record_progress(enrolment, goal, form.said(), by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Written down."))
            return redirect(_plan_page(request, enrolment))
    words = {step.key: step.words for step in held.steps}
    context = {
        "form": form,
        "goal": held,
        "said": [(one, words.get(one.step, "")) for one in said],
        "writes": enrolment.state == Enrolment.State.ADMITTED,
        "enrolment": enrolment,
        "back": _plan_page(request, enrolment),
    }
    return render(request, "therapy/plan_progress.html", context, status=form.status)


@for_roles(Role.CLIENT, Role.CLINICIAN, methods=("POST",))
def fits(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    enrolment = _theirs(request, enrolment_id)
    try:
        say_it_fits(enrolment, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("Written down: it still fits."))
    return redirect(_plan_page(request, enrolment))


@for_roles(Role.CLIENT)
def suggestion(request: PortalRequest, suggestion_id: int) -> HttpResponse:
    """Take it, or not, or talk about it. Where the part has changed since, both stand beside one another."""
    held = PlanSuggestion.objects.filter(enrolment__client=request.user).open()
    found = get_object_or_404(held.select_related("by", "enrolment__program", "enrolment__client"), pk=suggestion_id)
    plan = plan_of(found.enrolment)
    refusal, status = "", 200
    if request.method == "POST":
        answer, now = request.POST.get("answer", ""), timezone.now()
        try:
            if answer == PlanSuggestion.State.TAKEN:
                seen = request.POST.get("seen", "")
                take_suggestion(found, change_of(found), seen=seen, by=request.user, now=now)
                messages.success(request, _("It is in your draft now. It holds once both of you have signed."))
                return redirect(_plan_page(request, found.enrolment))
            if answer in (PlanSuggestion.State.DECLINED, PlanSuggestion.State.TALK):
                answer_suggestion(found, answer, by=request.user, now=now)
                messages.success(request, _("Said. That is a fair answer."))
                return redirect(_plan_page(request, found.enrolment))
            refusal, status = _("Choose one of the answers."), 400
        except Refused as refused:
            refusal, status = str(refused), refused.status
            plan = plan_of(found.enrolment)
    context = {
        "told": suggested(found, plan),
        "refusal": refusal,
        "back": _plan_page(request, found.enrolment),
    }
    return render(request, "therapy/plan_suggestion.html", context, status=status)


def _theirs(request: PortalRequest, enrolment_id: int) -> Enrolment:
    """The client's own, or one of the care teams that a clinician is on."""
    own = Q(client=request.user) & ~Q(state=Enrolment.State.REFERRED)
    may = Enrolment.objects.filter(own | Q(pk__in=enrolments_cared_for(request.user).values("pk")))
    enrolment: Enrolment = get_object_or_404(may.select_related("program", "client"), pk=enrolment_id)
    return enrolment


def _read(request: PortalRequest, enrolment: Enrolment) -> Plan:
    """Whoever reads another person's plan leaves a line."""
    if enrolment.client_id == request.user.pk:
        return plan_of(enrolment)
    return open_plan(enrolment, by=request.user, now=timezone.now())


def _told(plan: Plan, told: Version) -> dict[str, Any]:
    ways = {way.pk: way for way in Modality.objects.filter(pk__in=dict(told.content.mix))}
    return {
        "plan": plan,
        "enrolment": plan.enrolment,
        "version": told,
        "content": told.content,
        "mix": [(ways[way], a_week(times)) for way, times in told.content.mix],
        "texts": [(part, Part(part).label, told.content.text(part)) for part in TEXTS],
        "changes": plan.differences(told) if told.number > 1 else [],
    }


def _plan_page(request: PortalRequest, enrolment: Enrolment) -> str:
    if enrolment.client_id == request.user.pk:
        return f"{reverse('therapy:my_plan')}?of={enrolment.pk}"
    return reverse("therapy:client_plan", args=[enrolment.pk])
