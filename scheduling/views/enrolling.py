"""What is prescribed to somebody, and with it what is booked for them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import Enrolment
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling.enrolling import Booked, change_care
from therapy.care_team import team_of
from therapy.criteria import standings, way_of
from therapy.forms import PrescribeForm
from therapy.phases import first_wishes, guides_of
from therapy.prescribing import (
    current_prescription,
    enrolments_cared_for,
    open_care,
    prescription_version,
)


@for_roles(Role.CLINICIAN)
def prescribe_care(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    mine = enrolments_cared_for(request.user).select_related("client", "program")
    enrolment = get_object_or_404(mine, pk=enrolment_id)
    guides = guides_of(enrolment.program)
    suggested = guides.get(request.GET.get("phase", ""))
    form = _prescribe_form(request, enrolment, phase=suggested.row.phase if suggested else "")
    if form.is_valid():
        try:
            booked = change_care(enrolment, **form.cleaned_data, by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse_stale(refusal, seen=prescription_version(current_prescription(enrolment)))
        else:
            messages.success(request, _said(booked))
            return redirect("scheduling:prescribe", enrolment.pk)
    care = open_care(enrolment, by=request.user, now=timezone.now())
    context = {
        "enrolment": enrolment,
        "care": care,
        "team": team_of(enrolment),
        "way": way_of(care.every),
        "standing": standings([enrolment.pk]).get(enrolment.pk),
        "form": form,
        "guides": guides.values(),
        "suggested": None if form.is_bound else suggested,
    }
    return render(request, "scheduling/prescribe.html", context, status=form.status)


def _prescribe_form(request: PortalRequest, enrolment: Enrolment, *, phase: str) -> PrescribeForm:
    held = current_prescription(enrolment)
    initial = first_wishes(enrolment, held, phase=phase) | {"seen": prescription_version(held)}
    return PrescribeForm(request.POST or None, initial=initial, program=enrolment.program, held=held)


def _said(booked: Booked) -> str:
    parts = [_("This is planned from today on.")]
    if booked.assigned:
        words = ngettext("%(n)d place was booked for it.", "%(n)d places were booked for it.", booked.assigned)
        parts.append(words % {"n": booked.assigned})
    if booked.released:
        words = ngettext("%(n)d place was given back.", "%(n)d places were given back.", booked.released)
        parts.append(words % {"n": booked.released})
    return " ".join(parts)
