"""Clients who would like another counsellor. What they wrote stands on a page of its own, which leaves a line."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from therapy import counsellor_requests
from therapy.capacity import clients_of_counsellors
from therapy.forms.counsellor import DeclineForm, GrantForm
from therapy.models import CounsellorRequest
from therapy.prescribing import policy_of


@for_roles(Role.ADMIN, methods=("GET",))
def list_requests(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    found = counsellor_requests.requests_for(request.user, program)
    return render(request, "office/counsellor_requests.html", {"program": program, "requests": found})


@sensitive_post_parameters("grant-reply", "decline-reply")
@sensitive_variables("grant", "decline")
@for_roles(Role.ADMIN)
def one_request(request: PortalRequest, request_id: int) -> HttpResponse:
    there = CounsellorRequest.objects.run_by(request.user)
    with_people = there.select_related("enrolment__client", "enrolment__program", "present", "wanted", "given")
    asked, now = get_object_or_404(with_people.select_related("closed_by"), pk=request_id), timezone.now()
    act = request.POST.get("act", "")
    grant = _grant_form(request, asked, bound=act == "grant")
    decline = DeclineForm(request.POST if act == "decline" else None)
    form: GrantForm | DeclineForm = decline if act == "decline" else grant
    if form.is_bound and form.is_valid():
        try:
            if form is grant:
                said = {name: grant.cleaned_data[name] for name in ("stays", "reply")}
                counsellor_requests.grant_request(asked, to=grant.chosen, **said, by=request.user, now=now)
            else:
                reply = decline.cleaned_data["reply"]
                counsellor_requests.decline_request(asked, reply=reply, by=request.user, now=now)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Done. The client is told."))
            return redirect("office:counsellor_requests", asked.enrolment.program_id)
    counsellor_requests.open_request(asked, by=request.user, now=now)
    context = {"asked": asked, "grant": grant, "decline": decline, "form": form}
    return render(request, "office/counsellor_request.html", context, status=form.status)


def _grant_form(request: PortalRequest, asked: CounsellorRequest, *, bound: bool) -> GrantForm:
    program = asked.enrolment.program
    return GrantForm(
        request.POST if bound else None,
        people=list(counsellor_requests.to_ask_for(asked.enrolment, now=timezone.now())),
        clients=clients_of_counsellors(program),
        most=policy_of(program).clients_per_counsellor,
        wanted=asked.wanted,
    )
