"""What the phases of a program are for, what they usually hold, and when the next may come."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.forms.phases import GuideForm
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from therapy import phases


@for_roles(Role.ADMIN, methods=("GET",))
def list_phases(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    guides = list(phases.guides_of(program).values())
    context = {"program": program, "guides": guides, "whole": len(guides) == len(phases.ORDER)}
    return render(request, "office/phases.html", context)


@for_roles(Role.ADMIN, methods=("POST",))
def offer_standard(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    made = phases.offer_standard_guide(program, by=request.user, now=timezone.now())
    messages.success(request, _("It is there. Change what does not suit you.") if made else _("It was there already."))
    return redirect("office:phases", program.pk)


@for_roles(Role.ADMIN)
def change_phase(request: PortalRequest, program_id: int, phase: str) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    guide = phases.guides_of(program).get(phase)
    if guide is None:
        raise Http404
    form = GuideForm(request.POST or None, guide=guide)
    if form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            phases.change_guide(guide.row, form.details(), seen=seen, by=request.user, now=timezone.now())
        except ChangedMeanwhile as refusal:
            guide = phases.guides_of(program)[phase]
            form.refuse_stale(refusal, seen=phases.guide_version(guide))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved. What is planned for people stays as it is."))
            return redirect("office:phases", program.pk)
    stale = form.refused_with == ChangedMeanwhile.status
    context = {"form": form, "program": program, "guide": guide, "stale": stale}
    return render(request, "office/change_phase.html", context, status=form.status)
