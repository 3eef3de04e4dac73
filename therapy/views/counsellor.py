"""Asking for another counsellor, and seeing where it stands."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import Enrolment
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from therapy import counsellor_requests
from therapy.capacity import full_counsellors
from therapy.forms.counsellor import AskForm
from therapy.models import CounsellorRequest

ASKERS = (Role.CLIENT, Role.APPLICANT)


@sensitive_post_parameters("words")
@sensitive_variables("form")
@for_roles(*ASKERS)
def counsellor(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    """Who is it now, what was asked for, and the place to ask. `who` in the address is whom somebody came from."""
    mine = Enrolment.objects.live().filter(client=request.user).select_related("client", "program")
    enrolment, now = get_object_or_404(mine, pk=enrolment_id), timezone.now()
    people = list(counsellor_requests.to_ask_for(enrolment, now=now))
    who = request.GET.get("who", "")
    form = AskForm(
        request.POST or None,
        people=people,
        full=full_counsellors(enrolment.program),
        first=int(who) if who.isascii() and who.isdigit() else None,
    )
    if request.method == "POST" and form.is_valid():
        try:
            counsellor_requests.ask_for_counsellor(
                enrolment, wanted=form.named, words=form.cleaned_data["words"], by=request.user, now=now
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The office has it. You find here what comes of it."))
            return redirect("therapy:counsellor", enrolment.pk)
    context = {"standing": counsellor_requests.standing_of(enrolment), "enrolment": enrolment, "form": form}
    return render(request, "therapy/counsellor.html", context, status=form.status)


@for_roles(*ASKERS, methods=("POST",))
def withdraw(request: PortalRequest, request_id: int) -> HttpResponse:
    asked = get_object_or_404(CounsellorRequest.objects.filter(enrolment__client=request.user), pk=request_id)
    try:
        counsellor_requests.withdraw_request(asked, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Taken back. Nothing changes."))
    return redirect("therapy:counsellor", asked.enrolment_id)
