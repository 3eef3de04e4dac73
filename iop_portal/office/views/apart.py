"""Two people who never meet here."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.accounts import apart
from iop_portal.audit import trail
from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.clients import apart_in, people_of
from iop_portal.office.forms import ApartForm
from iop_portal.people.models import Apart, Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused


@for_roles(Role.ADMIN, methods=("GET",))
def list_apart(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    pairs = list(apart_in(program))
    trail.record("apart.listed", program, by=request.user, facts={"shown": len(pairs)})
    return render(request, "office/apart.html", {"program": program, "pairs": pairs})


@for_roles(Role.ADMIN)
def keep_apart(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    form = ApartForm(request.POST or None, people=people_of(program))
    if form.is_valid():
        one, other = form.cleaned_data["one"], form.cleaned_data["other"]
        asked_by = Apart.AskedBy(form.cleaned_data["asked_by"])
        try:
            apart.keep_apart(one, other, asked_by=asked_by, by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("From now on these two never meet here. Nobody is told why."))
            return redirect("office:apart", program.pk)
    return render(request, "office/keep_apart.html", {"form": form, "program": program}, status=form.status)


@for_roles(Role.ADMIN)
def end_apart(request: PortalRequest, program_id: int, apart_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    pair = get_object_or_404(apart_in(program), pk=apart_id)
    if request.method != "POST":
        return render(request, "office/end_apart.html", {"pair": pair, "program": program})
    try:
        apart.end_apart(pair, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, _("These two may meet here again."))
    return redirect("office:apart", program.pk)
