"""Opening and changing programs."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.accounts import programs
from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.forms import ProgramForm
from iop_portal.office.opening import open_program_with_guide
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile


@for_roles(Role.ADMIN)
def open_program(request: PortalRequest) -> HttpResponse:
    form = ProgramForm(request.POST or None)
    if form.is_valid():
        try:
            program = open_program_with_guide(form.program(), by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The program is open. You are its admin."))
            return redirect("office:program", program.pk)
    return render(request, "office/open_program.html", {"form": form}, status=form.status)


@for_roles(Role.ADMIN)
def change_program(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    form = ProgramForm(request.POST or None, instance=program)
    if form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            programs.change_program(program, form.program(), seen=seen, by=request.user, now=timezone.now())
        except ChangedMeanwhile as refusal:
            program.refresh_from_db()
            form.show_both(refusal, program)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("office:program", program.pk)
    return render(request, "office/change_program.html", {"form": form, "program": program}, status=form.status)
