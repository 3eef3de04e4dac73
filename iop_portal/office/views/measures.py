"""What a program asks its clients about how they are, and who is on call."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.forms.measures import DutyDayForm, UseForm, WeeklyDutyForm
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from therapy import oncall, using
from therapy.models import Duty


@for_roles(Role.ADMIN, methods=("GET",))
def list_measures(request: PortalRequest, program_id: int) -> HttpResponse:
    program = _program(request, program_id)
    context = {
        "program": program,
        "uses": list(using.uses_of(program).values()),
        "roster": oncall.roster_of(program, now=timezone.now()),
    }
    return render(request, "office/measures.html", context)


@for_roles(Role.ADMIN)
def change_measure(request: PortalRequest, program_id: int, instrument: str) -> HttpResponse:
    program = _program(request, program_id)
    use = using.uses_of(program).get(instrument)
    if use is None:
        raise Http404
    form = UseForm(request.POST or None, instance=use.row)
    if form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            using.change_use(program, instrument, form.use(), seen=seen, by=request.user, now=timezone.now())
        except ChangedMeanwhile as refusal:
            form.show_both(refusal, using.uses_of(program)[instrument].row)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved. It holds from now on."))
            return redirect("office:measures", program.pk)
    context = {"form": form, "program": program, "instrument": use.instrument}
    return render(request, "office/change_measure.html", context, status=form.status)


@for_roles(Role.ADMIN, methods=("GET",))
def on_call(request: PortalRequest, program_id: int) -> HttpResponse:
    program = _program(request, program_id)
    roster = oncall.roster_of(program, now=timezone.now())
    week = [(WEEKDAYS[weekday], rows) for weekday, rows in roster.week]
    return render(request, "office/on_call.html", {"program": program, "roster": roster, "week": week})


@for_roles(Role.ADMIN)
def add_duty(request: PortalRequest, program_id: int) -> HttpResponse:
    program = _program(request, program_id)
    form = WeeklyDutyForm(request.POST or None, program=program)
    if form.is_valid():
        who, days = form.cleaned_data["clinician"], form.cleaned_data["weekdays"]
        try:
            oncall.add_weekly(program, who, days, form.terms(), by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(name)s is on call then, each week.") % {"name": who.full_name})
            return redirect("office:on_call", program.pk)
    return render(request, "office/add_duty.html", {"form": form, "program": program}, status=form.status)


@for_roles(Role.ADMIN)
def set_duty_day(request: PortalRequest, program_id: int) -> HttpResponse:
    program = _program(request, program_id)
    form = DutyDayForm(request.POST or None, program=program)
    if form.is_valid():
        day, who = form.cleaned_data["day"], form.cleaned_data["clinician"]
        try:
            oncall.set_day(program, day, who, form.terms(), by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved for that day."))
            return redirect("office:on_call", program.pk)
    return render(request, "office/set_duty_day.html", {"form": form, "program": program}, status=form.status)


@for_roles(Role.ADMIN)
def remove_duty(request: PortalRequest, duty_id: int) -> HttpResponse:
    """Asks once: with nobody on call, some questions are not asked."""
    duty = get_object_or_404(Duty.objects.run_by(request.user).select_related("program", "clinician"), pk=duty_id)
    if request.method != "POST":
        return render(request, "office/remove_duty.html", {"duty": duty})
    oncall.remove_duty(duty, by=request.user, now=timezone.now())
    messages.success(request, _("Taken off the list."))
    return redirect("office:on_call", duty.program_id)


def _program(request: PortalRequest, program_id: int) -> Program:
    program: Program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    return program
