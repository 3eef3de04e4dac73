"""Work and learning: what there is, showing interest, what came of it, and what staff have posted."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import Program, RoleHeld
from iop_portal.people.roles import STAFF_ROLES, Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from therapy import opportunities
from therapy.forms.opportunities import InterestForm, OpportunityForm, StepForm
from therapy.models import Interest, Opportunity

CLIENTS = (Role.CLIENT, Role.ALUM)
STAFF = (Role.CLINICIAN, Role.ADMIN)


# ── Clients ───────────────────────────────────────────────────────────────────────────────────────────────────


@for_roles(*CLIENTS, methods=("GET",))
def found(request: PortalRequest) -> HttpResponse:
    kind = request.GET.get("kind", "")
    kind = kind if kind in Opportunity.Kind.values else ""
    own = opportunities.interests_of(request.user, reader=request.user)
    taken = {each.opportunity_id for each in own}
    offered = opportunities.open_for(request.user, kind=kind, now=timezone.now())
    context = {
        "own": own,
        "offered": [each for each in offered if each.pk not in taken],
        "kind": kind,
        "kinds": Opportunity.Kind.choices,
        "left": Role.CLIENT not in request.user.roles,
    }
    return render(request, "therapy/opportunities.html", context)


@for_roles(*CLIENTS)
def one(request: PortalRequest, opportunity_id: int) -> HttpResponse:
    """What it is; POST shows interest."""
    visible = Opportunity.objects.visible_to(request.user).select_related("program", "posted_by")
    opportunity = get_object_or_404(visible, pk=opportunity_id)
    form = InterestForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            words = form.cleaned_data["words"]
            opportunities.show_interest(opportunity, words=words, by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Your care team knows, and somebody speaks with you about it."))
            return redirect("therapy:opportunity", opportunity.pk)
    own = Interest.objects.live().filter(opportunity=opportunity, enrolment__client=request.user)
    interest = opportunities.with_all(own).first()
    context = {
        "opportunity": opportunity,
        "form": form,
        "interest": interest,
        "step_form": StepForm(of_staff=False, initial=_as_far_as(interest)) if interest else None,
        "closed": opportunity.closed_at is not None or _over(opportunity),
    }
    return render(request, "therapy/opportunity.html", context, status=form.status)


@for_roles(*CLIENTS, methods=("POST",))
def take_back(request: PortalRequest, interest_id: int) -> HttpResponse:
    interest = get_object_or_404(Interest.objects.filter(enrolment__client=request.user), pk=interest_id)
    try:
        opportunities.take_interest_back(interest, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("Taken back. That is a fair answer."))
    return redirect("therapy:opportunities")


@for_roles(*CLIENTS, Role.CLINICIAN, methods=("POST",))
def step(request: PortalRequest, interest_id: int) -> HttpResponse:
    """By the client, or by somebody of their care team."""
    visible = Interest.objects.visible_to(request.user).select_related("enrolment")
    interest = get_object_or_404(visible, pk=interest_id)
    own = interest.enrolment.client_id == request.user.pk
    form = StepForm(request.POST, of_staff=not own)
    if form.is_valid():
        told = form.cleaned_data
        try:
            opportunities.record_step(interest, told["state"], seen=told["seen"], by=request.user, now=timezone.now())
        except Refused as refusal:
            messages.info(request, str(refusal))
        else:
            messages.success(request, _("Written down."))
    else:
        messages.info(request, _("Choose how far it is."))
    if own:
        return redirect("therapy:opportunity", interest.opportunity_id)
    return redirect("therapy:interest", interest.pk)


# ── Staff ─────────────────────────────────────────────────────────────────────────────────────────────────────


@for_roles(Role.CLINICIAN, methods=("GET",))
def interest(request: PortalRequest, interest_id: int) -> HttpResponse:
    """Of one's own client: what they wrote, and what came of it."""
    visible = Interest.objects.visible_to(request.user).exclude(enrolment__client=request.user)
    held = get_object_or_404(opportunities.with_all(visible), pk=interest_id)
    opportunities.read_interest(held, by=request.user, now=timezone.now())
    context = {"interest": held, "form": StepForm(of_staff=True, initial=_as_far_as(held))}
    return render(request, "therapy/interest.html", context)


@for_roles(*STAFF, methods=("GET",))
def posted(request: PortalRequest) -> HttpResponse:
    context = {
        "lines": opportunities.posted_in(request.user, now=timezone.now()),
        "programs": _programs(request),
    }
    return render(request, "therapy/posted.html", context)


@for_roles(*STAFF)
def post(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(_programs(request), pk=program_id)
    form = OpportunityForm(request.POST or None)
    if form.is_valid():
        try:
            opportunities.post_opportunity(program, form.details(), by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("It is posted. Clients of the program see it now."))
            return redirect("therapy:posted")
    return render(request, "therapy/post_opportunity.html", {"form": form, "program": program}, status=form.status)


@for_roles(*STAFF)
def change(request: PortalRequest, opportunity_id: int) -> HttpResponse:
    held = _posted(request, opportunity_id)
    start = {name: getattr(held, name) for name in opportunities.DETAILS}
    form = OpportunityForm(request.POST or None, initial={**start, "seen": opportunities.opportunity_version(held)})
    stands = ""
    if form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            opportunities.change_opportunity(held, form.details(), seen=seen, by=request.user, now=timezone.now())
        except ChangedMeanwhile as refusal:
            held.refresh_from_db()
            form.refuse_stale(refusal, seen=opportunities.opportunity_version(held))
            stands = "\n".join(str(getattr(held, name) or "") for name in opportunities.DETAILS)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("therapy:posted")
    context = {"form": form, "program": held.program, "opportunity": held, "stands": stands}
    return render(request, "therapy/post_opportunity.html", context, status=form.status)


@for_roles(*STAFF, methods=("POST",))
def close(request: PortalRequest, opportunity_id: int) -> HttpResponse:
    """Closes it, or opens it again."""
    held = _posted(request, opportunity_id)
    act = opportunities.open_opportunity_again if "again" in request.POST else opportunities.close_opportunity
    act(held, by=request.user, now=timezone.now())
    return redirect("therapy:posted")


def _posted(request: PortalRequest, opportunity_id: int) -> Opportunity:
    return get_object_or_404(Opportunity.objects.posted_in(request.user).select_related("program"), pk=opportunity_id)


def _programs(request: PortalRequest):  # type: ignore[no-untyped-def]
    held = RoleHeld.objects.in_force().filter(user=request.user, role__in=STAFF_ROLES)
    return Program.objects.filter(pk__in=held.values("program"))


def _over(opportunity: Opportunity) -> bool:
    today = opportunities.today_in(opportunity.program, timezone.now())
    return bool(opportunity.until and opportunity.until < today)


def _as_far_as(held: Interest) -> dict[str, int]:
    return {"seen": held.last.number if held.last else 0}
