"""What clinicians write: what is prescribed to their clients, and about themselves."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import Enrolment
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from therapy.clinicians import change_profile, profile_version
from therapy.forms import OwnWordsForm, PrescribeForm
from therapy.models import Clinician
from therapy.prescribing import (
    change_prescription,
    current_prescription,
    enrolments_cared_for,
    first_wishes,
    open_care,
    prescription_version,
)


@for_roles(Role.CLINICIAN)
def prescribe_care(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    mine = enrolments_cared_for(request.user).select_related("client", "program")
    enrolment = get_object_or_404(mine, pk=enrolment_id)
    form = _prescribe_form(request, enrolment)
    if form.is_valid():
        try:
            change_prescription(enrolment, **form.cleaned_data, by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse_stale(refusal, seen=prescription_version(current_prescription(enrolment)))
        else:
            messages.success(request, _("This is planned from today on."))
            return redirect("therapy:prescribe", enrolment.pk)
    care = open_care(enrolment, by=request.user, now=timezone.now())
    context = {"enrolment": enrolment, "care": care, "form": form}
    return render(request, "therapy/prescribe.html", context, status=form.status)


def _prescribe_form(request: PortalRequest, enrolment: Enrolment) -> PrescribeForm:
    held = current_prescription(enrolment)
    initial = first_wishes(enrolment, held) | {"seen": prescription_version(held)}
    return PrescribeForm(request.POST or None, initial=initial, program=enrolment.program, held=held)


@for_roles(Role.CLINICIAN)
def own_words(request: PortalRequest) -> HttpResponse:
    clinician = Clinician.objects.filter(user=request.user).first()
    if clinician is None:
        return render(request, "therapy/not_introduced.html")
    form = OwnWordsForm(request.POST or None, initial={"about": clinician.about, "seen": profile_version(clinician)})
    if form.is_valid():
        words = form.cleaned_data
        try:
            change_profile(clinician, about=words["about"], seen=words["seen"], by=request.user, now=timezone.now())
        except Refused as refusal:
            clinician.refresh_from_db()
            form.refuse_stale(refusal, seen=profile_version(clinician))
        else:
            messages.success(request, _("Saved. This is what clients read now."))
            return redirect("therapy:own_words")
    return render(request, "therapy/own_words.html", {"clinician": clinician, "form": form}, status=form.status)
