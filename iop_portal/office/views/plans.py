"""After how many days a program looks at its clients' plans again. What stands in them is not the office's."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.forms.plans import RhythmForm
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from therapy import plan_reviews


@for_roles(Role.ADMIN)
def change_rhythm(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    form = RhythmForm(request.POST or None, rhythm=plan_reviews.rhythm_of(program))
    if form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            plan_reviews.change_rhythm(program, form.rhythm(), seen=seen, by=request.user, now=timezone.now())
        except ChangedMeanwhile as refusal:
            form.refuse_stale(refusal, seen=plan_reviews.rhythm_version(plan_reviews.rhythm_of(program)))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved. It holds for every plan from now on."))
            return redirect("office:program", program.pk)
    return render(request, "office/change_plan_rhythm.html", {"form": form, "program": program}, status=form.status)
