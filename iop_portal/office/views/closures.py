"""Days on which a program is closed."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.forms.series import ClosureForm
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling import closing
from scheduling.closing import Reopened
from scheduling.models import Closure


@for_roles(Role.ADMIN, methods=("GET",))
def list_closures(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    context = {"program": program, "closures": closing.closures_of(program, now=timezone.now())}
    return render(request, "office/closures.html", context)


@for_roles(Role.ADMIN)
def add_closure(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    form = ClosureForm(request.POST or None)
    if form.is_valid():
        try:
            cancelled = closing.close_program(program, **form.cleaned_data, by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            words = ngettext(
                "Closed on these days. %(n)d session is cancelled.",
                "Closed on these days. %(n)d sessions are cancelled.",
                cancelled,
            )
            messages.success(request, words % {"n": cancelled})
            return redirect("office:closures", program.pk)
    return render(request, "office/add_closure.html", {"form": form, "program": program}, status=form.status)


@for_roles(Role.ADMIN)
def end_closure(request: PortalRequest, closure_id: int) -> HttpResponse:
    """Asks once, and says what came back."""
    closure = get_object_or_404(Closure.objects.run_by(request.user), pk=closure_id)
    if request.method != "POST":
        return render(request, "office/end_closure.html", {"closure": closure})
    done = closing.end_closure(closure, by=request.user, now=timezone.now())
    messages.success(request, " ".join(_said(done)))
    if done.skipped:
        words = ngettext(
            "%(n)d day could not be made. The weekly series say why.",
            "%(n)d days could not be made. The weekly series say why.",
            done.skipped,
        )
        messages.warning(request, words % {"n": done.skipped})
    return redirect("office:closures", closure.program_id)


def _said(done: Reopened) -> list[str]:
    back = ngettext("%(n)d session is back.", "%(n)d sessions are back.", done.sessions)
    parts = [_("Open again."), back % {"n": done.sessions}]
    if done.booked:
        booked = ngettext(
            "%(n)d place is booked by a track, and its person is told.",
            "%(n)d places are booked by tracks, and their people are told.",
            done.booked,
        )
        parts.append(booked % {"n": done.booked})
    return parts
