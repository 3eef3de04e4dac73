"""Inviting people: staff and clients by admins, clients by clinicians."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.accounts import invitations
from iop_portal.accounts.models import Invitation, InvitationQuerySet
from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.forms import InviteClientForm, InviteForm
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.people.seeing import programs_of
from iop_portal.refusals import Refused

PER_PAGE = 50
# Family members are invited where the client says who they are.
BY_ADMINS = (Role.CLIENT, Role.CLINICIAN, Role.ADMIN)


@for_roles(Role.ADMIN, methods=("GET",))
def list_invitations(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    page = Paginator(program.invitations.select_related("invited_by"), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "office/invitations.html", {"program": program, "page": page, "now": timezone.now()})


@for_roles(Role.ADMIN)
def invite(request: PortalRequest, program_id: int, role: str) -> HttpResponse:
    """As what somebody is invited stands in the address; what a form says of it is never read."""
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    if role not in BY_ADMINS:
        raise Http404
    if role == Role.CLIENT:
        form: InviteForm = InviteClientForm(request.POST or None, program=program)
    else:
        form = InviteForm(request.POST or None)
    if _invited(request, form, program, Role(role)):
        return redirect("office:invitations", program.pk)
    context = {"form": form, "program": program, "role": role}
    return render(request, "office/invite.html", context, status=form.status)


@for_roles(Role.CLINICIAN, methods=("GET",))
def my_invitations(request: PortalRequest) -> HttpResponse:
    """Clients whom a clinician invited themself."""
    rows = Invitation.objects.of_clients_by(request.user).select_related("invited_by")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    programs = Program.objects.filter(pk__in=programs_of(request.user, Role.CLINICIAN))
    return render(request, "office/my_invitations.html", {"page": page, "programs": programs, "now": timezone.now()})


@for_roles(Role.CLINICIAN)
def invite_client(request: PortalRequest, program_id: int) -> HttpResponse:
    programs = Program.objects.filter(pk__in=programs_of(request.user, Role.CLINICIAN))
    program = get_object_or_404(programs, pk=program_id)
    form = InviteClientForm(request.POST or None, program=program, initial={"counsellor": request.user.pk})
    if _invited(request, form, program, Role.CLIENT):
        return redirect("office:my_invitations")
    return render(request, "office/invite_client.html", {"form": form, "program": program}, status=form.status)


@for_roles(Role.ADMIN, Role.CLINICIAN, methods=("POST",))
def withdraw(request: PortalRequest, invitation_id: int) -> HttpResponse:
    invitation = get_object_or_404(_own(request), pk=invitation_id)
    try:
        invitations.withdraw_invitation(invitation, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, _("Withdrawn. The link in the mail does not work any more."))
    return _back_to_list(request, invitation)


@for_roles(Role.ADMIN, Role.CLINICIAN, methods=("POST",))
def send_again(request: PortalRequest, invitation_id: int) -> HttpResponse:
    invitation = get_object_or_404(_own(request), pk=invitation_id)
    try:
        invitations.invite_again(invitation, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, _("A new mail is on its way. Only its link works."))
    return _back_to_list(request, invitation)


def _invited(request: PortalRequest, form: InviteForm, program: Program, role: Role) -> bool:
    if not form.is_valid():
        return False
    given: dict[str, Any] = {name: form.cleaned_data[name] for name in form.fields}
    try:
        invitations.invite(**given, program=program, role=role, by=request.user, now=timezone.now())
    except Refused as refusal:
        form.refuse(refusal)
        return False
    messages.success(request, _("The invitation is on its way. It is good for seven days."))
    return True


def _own(request: PortalRequest) -> InvitationQuerySet:
    """Those of the programs one runs, and the clients one invited as a clinician."""
    return Invitation.objects.run_by(request.user) | Invitation.objects.of_clients_by(request.user)


def _back_to_list(request: PortalRequest, invitation: Invitation) -> HttpResponse:
    if Role.ADMIN in request.user.roles and invitation.program in Program.objects.run_by(request.user):
        return redirect("office:invitations", invitation.program_id)
    return redirect("office:my_invitations")
