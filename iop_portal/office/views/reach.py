"""What a program presumes of people who have not said how they want to be reached."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.notices import reach
from iop_portal.office.forms.reach import ReachDefaultForm
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile


@for_roles(Role.ADMIN)
def change_default(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    form = ReachDefaultForm(request.POST or None, default=reach.default_of(program))
    if form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            reach.change_default(program, form.presumed(), seen=seen, by=request.user, now=timezone.now())
        except ChangedMeanwhile as refusal:
            form.refuse_stale(refusal, seen=reach.default_version(reach.default_of(program)))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved. It holds for everybody who has not said otherwise."))
            return redirect("office:program", program.pk)
    context = {"form": form, "program": program, "texts_are_on": reach.texts_are_on()}
    return render(request, "office/change_reach.html", context, status=form.status)
