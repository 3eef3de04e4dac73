"""Who works for a program."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.accounts import roles
from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.forms import GiveRoleForm
from iop_portal.office.staff import PER_PAGE, staff_of
from iop_portal.people.models import Program, RoleHeld
from iop_portal.people.roles import STAFF_ROLES, Role
from iop_portal.refusals import Refused


@for_roles(Role.ADMIN, methods=("GET",))
def list_staff(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    page = Paginator(staff_of(program), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "office/staff.html", {"program": program, "page": page})


@for_roles(Role.ADMIN)
def give_role(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    form = GiveRoleForm(request.POST or None, by=request.user)
    if form.is_valid():
        user, role = form.cleaned_data["user"], Role(form.cleaned_data["role"])
        try:
            roles.give_role(user, role=role, program=program, by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(name)s has the role now.") % {"name": user.full_name})
            return redirect("office:staff", program.pk)
    return render(request, "office/give_role.html", {"form": form, "program": program}, status=form.status)


@for_roles(Role.ADMIN)
def end_role(request: PortalRequest, held_id: int) -> HttpResponse:
    """Asks once, then ends it. An admin who ends their own leaves the office with it."""
    held = _held(request, held_id)
    if request.method != "POST":
        return render(request, "office/end_role.html", {"held": held})
    try:
        roles.take_role(held, by=request.user, now=timezone.now())
    except Refused as refusal:
        return render(request, "office/end_role.html", {"held": held, "refusal": refusal}, status=refusal.status)
    if held.user == request.user:
        return redirect("home:landing")
    messages.success(request, _("The role has ended, and %(name)s is signed out.") % {"name": held.user.full_name})
    return redirect("office:staff", held.program_id)


@for_roles(Role.ADMIN)
def close_account(request: PortalRequest, held_id: int) -> HttpResponse:
    """Asks once, then nobody signs in with it: for who has left, or whose device is in other hands."""
    held = _held(request, held_id)
    if request.method != "POST":
        return render(request, "office/close_account.html", {"held": held})
    try:
        roles.close_account(held.user, by=request.user, now=timezone.now())
    except Refused as refusal:
        return render(request, "office/close_account.html", {"held": held, "refusal": refusal}, status=refusal.status)
    messages.success(request, _("The account of %(name)s is closed.") % {"name": held.user.full_name})
    return redirect("office:staff", held.program_id)


@for_roles(Role.ADMIN, methods=("POST",))
def reopen_account(request: PortalRequest, held_id: int) -> HttpResponse:
    held = _held(request, held_id)
    try:
        roles.reopen_account(held.user, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("%(name)s can sign in again.") % {"name": held.user.full_name})
    return redirect("office:staff", held.program_id)


def _held(request: PortalRequest, held_id: int) -> RoleHeld:
    run = RoleHeld.objects.filter(program__in=Program.objects.run_by(request.user), role__in=STAFF_ROLES)
    held: RoleHeld = get_object_or_404(run.select_related("user", "program"), pk=held_id)
    return held
