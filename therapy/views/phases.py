"""Saying what one sees as met for the next phase: clients of themselves, care teams of theirs."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from therapy.criteria import enrolments_spoken_for, say_criterion
from therapy.models import Criterion


@for_roles(Role.CLIENT, Role.CLINICIAN, methods=("POST",))
def say(request: PortalRequest, enrolment_id: int, criterion_id: int) -> HttpResponse:
    """Met, or taken back. What is taken back is said as a new fact."""
    enrolment = get_object_or_404(enrolments_spoken_for(request.user), pk=enrolment_id)
    criterion = get_object_or_404(Criterion, pk=criterion_id, guide__program=enrolment.program_id)
    met = "back" not in request.POST
    try:
        say_criterion(enrolment, criterion, met=met, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    own = enrolment.client_id == request.user.pk
    page = reverse("therapy:my_care") if own else reverse("home:client", args=[enrolment.client_id])
    return redirect(f"{page}#step-{enrolment.pk}")
