"""Enrolling, discharging, and who looks after whom."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.accounts import care_teams
from iop_portal.accounts.enrolments import DischargedAlready, refer
from iop_portal.audit import trail
from iop_portal.doors import PortalRequest, asked_of_list, for_roles
from iop_portal.office.clients import PER_PAGE, enrolments_of
from iop_portal.office.forms import FindClientsForm, JoinForm
from iop_portal.office.forms.care import AdmitForm, DischargeForm
from iop_portal.people.models import CareTeam, Enrolment, Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling.enrolling import admit_into_track, discharge_from_care
from therapy.leaving import waits_at_once


@for_roles(Role.ADMIN)
def list_clients(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    asked = asked_of_list(request, unsaid="q")
    find = FindClientsForm(asked)
    find.is_valid()
    show, name = find.cleaned_data.get("show", ""), find.cleaned_data.get("q", "")
    page = Paginator(enrolments_of(program, show=show, name=name), PER_PAGE).get_page(asked.get("page"))
    shown = list(page)
    trail.record("clients.listed", program, by=request.user, facts={"shown": len(shown)})
    context = {"program": program, "page": page, "find": find, "enrolments": shown}
    return render(request, "office/clients.html", context)


@for_roles(Role.ADMIN, methods=("GET",))
def client(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    enrolment = _enrolment(request, enrolment_id)
    trail.record("enrolment.viewed", enrolment, client=enrolment.client, by=request.user)
    return _page(request, enrolment, JoinForm(enrolment=enrolment))


@for_roles(Role.ADMIN)
def admit(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    enrolment = _enrolment(request, enrolment_id)
    form = AdmitForm(request.POST or None, enrolment=enrolment)
    if form.is_valid():
        try:
            admit_into_track(enrolment, **form.cleaned_data, by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Admitted as of today."))
            return redirect("office:client", enrolment.pk)
    return render(request, "office/admit.html", {"enrolment": enrolment, "form": form}, status=form.status)


@for_roles(Role.ADMIN)
def discharge(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    enrolment = _enrolment(request, enrolment_id)
    form = DischargeForm(request.POST or None, enrolment=enrolment)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            discharge_from_care(enrolment, reason=reason, by=request.user, now=timezone.now())
        except DischargedAlready as refusal:
            messages.warning(request, str(refusal))
            return redirect("office:client", enrolment.pk)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Discharged as of today. The care team has ended."))
            return redirect("office:client", enrolment.pk)
    context = {"enrolment": enrolment, "form": form, "waits_at_once": waits_at_once(enrolment)}
    return render(request, "office/discharge.html", context, status=form.status)


@for_roles(Role.ADMIN, methods=("POST",))
def refer_again(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    """Somebody comes back: a new enrolment beside the one that ended."""
    ended = _enrolment(request, enrolment_id)
    try:
        enrolment = refer(ended.client, program=ended.program, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.warning(request, str(refusal))
        return redirect("office:client", ended.pk)
    messages.success(request, _("Referred as of today."))
    return redirect("office:client", enrolment.pk)


@for_roles(Role.ADMIN, methods=("POST",))
def join(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    enrolment = _enrolment(request, enrolment_id)
    form = JoinForm(request.POST, enrolment=enrolment)
    if form.is_valid():
        clinician, part = form.cleaned_data["clinician"], CareTeam.Part(form.cleaned_data["part"])
        try:
            care_teams.join_care_team(enrolment, clinician=clinician, part=part, by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(name)s is on the care team.") % {"name": clinician.full_name})
            return redirect("office:client", enrolment.pk)
    return _page(request, enrolment, form)


@for_roles(Role.ADMIN, methods=("POST",))
def leave(request: PortalRequest, place_id: int) -> HttpResponse:
    place = _place(request, place_id)
    try:
        care_teams.leave_care_team(place, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, _("%(name)s has left the care team.") % {"name": place.clinician.full_name})
    return redirect("office:client", place.enrolment_id)


@for_roles(Role.ADMIN, methods=("POST",))
def make_primary(request: PortalRequest, place_id: int) -> HttpResponse:
    place = _place(request, place_id)
    try:
        care_teams.make_primary(place, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.warning(request, str(refusal))
    else:
        name = place.clinician.full_name
        messages.success(request, _("%(name)s is the primary counsellor now.") % {"name": name})
    return redirect("office:client", place.enrolment_id)


def _enrolment(request: PortalRequest, enrolment_id: int) -> Enrolment:
    run = Enrolment.objects.run_by(request.user).select_related("client", "program")
    enrolment: Enrolment = get_object_or_404(run, pk=enrolment_id)
    return enrolment


def _place(request: PortalRequest, place_id: int) -> CareTeam:
    run = CareTeam.objects.filter(enrolment__in=Enrolment.objects.run_by(request.user))
    return get_object_or_404(run.select_related("clinician"), pk=place_id)


def _page(request: PortalRequest, enrolment: Enrolment, form: JoinForm) -> HttpResponse:
    others = Enrolment.objects.run_by(request.user).filter(client=enrolment.client).exclude(pk=enrolment.pk)
    context = {
        "enrolment": enrolment,
        "places": enrolment.care_team.filter(until=None).select_related("clinician"),
        "others": others.select_related("program"),
        "form": form,
    }
    return render(request, "office/client.html", context, status=form.status)
