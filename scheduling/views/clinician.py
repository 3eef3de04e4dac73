"""What clinicians do with their time: their hours, and the days that differ."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.contrib import messages
from django.db.models import Exists, OuterRef, Prefetch, QuerySet, Subquery
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import Program, RoleHeld, User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from scheduling import hours, video
from scheduling.booking import held_policy
from scheduling.forms.booking import YEARS
from scheduling.forms.hours import BaseStretches, DayForm, ExceptionForm, WeekdayForm, stretches_form
from scheduling.models import DayException, OtherHours, WeeklyHours

WEEKDAYS = dict(WeeklyHours._meta.get_field("weekday").flatchoices)


@dataclass(frozen=True)
class Weekday:
    number: int
    name: str | Promise
    lines: list[WeeklyHours]


@dataclass(frozen=True)
class Working:
    """A program in which somebody works, their week there and the days that differ."""

    program: Program
    week: list[Weekday]
    exceptions: list[DayException]

    @property
    def buffer(self) -> int:
        """Minutes that stay free on either side of a session."""
        return held_policy(self.program).buffer_minutes


@for_roles(Role.CLINICIAN, methods=("GET",))
def my_hours(request: PortalRequest) -> HttpResponse:
    lines = list(WeeklyHours.objects.told().filter(clinician=request.user))
    exceptions = list(
        DayException.objects.filter(clinician=request.user, on__gte=timezone.localdate())
        .select_related("program")
        .prefetch_related(Prefetch("hours", OtherHours.objects.told()))
    )
    working = [
        Working(
            program,
            [
                Weekday(day, name, [one for one in lines if (one.program_id, one.weekday) == (program.pk, day)])
                for day, name in WEEKDAYS.items()
            ],
            [one for one in exceptions if one.program_id == program.pk],
        )
        for program in _works_for(request.user)
    ]
    context = {
        "working": working,
        "one_program": len(working) == 1,
        "video_address": video.address_of(request.user),
    }
    return render(request, "scheduling/hours.html", context)


@for_roles(Role.CLINICIAN)
def weekday_hours(request: PortalRequest, program_id: int, weekday: int) -> HttpResponse:
    program = get_object_or_404(_works_for(request.user), pk=program_id)
    if weekday not in WEEKDAYS:
        raise Http404
    lines = hours.weekly_hours(request.user, program=program, weekday=weekday)
    form = WeekdayForm(request.POST or None, initial={"seen": hours.hours_version(lines)})
    ways = hours.ways_to_keep_hours_for(request.user, program=program)
    formset = stretches_form(request.POST or None, program=program, ways=ways, lines=lines)
    if form.is_valid() and formset.is_valid() and _saved(request, program, weekday, form, formset):
        messages.success(request, _("Your hours are saved. What is booked already stays booked."))
        return redirect("scheduling:my_hours")
    context = {"program": program, "weekday": WEEKDAYS[weekday], "form": form, "formset": formset, "lines": lines}
    return render(request, "scheduling/hours_weekday.html", context, status=max(form.status, formset.status))


def _saved(request: PortalRequest, program: Program, weekday: int, form: WeekdayForm, formset: BaseStretches) -> bool:
    try:
        hours.set_weekly_hours(
            request.user,
            program=program,
            weekday=weekday,
            stretches=formset.stretches(),
            seen=form.cleaned_data["seen"],
            by=request.user,
            now=timezone.now(),
        )
    except ChangedMeanwhile as refusal:
        lines = hours.weekly_hours(request.user, program=program, weekday=weekday)
        form.refuse_stale(refusal, seen=hours.hours_version(lines))
    except Refused as refusal:
        form.refuse(refusal)
    else:
        return True
    return False


@for_roles(Role.CLINICIAN, methods=("GET",))
def choose_day(request: PortalRequest, program_id: int) -> HttpResponse:
    """Which day will differ? The answer leads to a page about that day."""
    program = get_object_or_404(_works_for(request.user), pk=program_id)
    form = DayForm(request.GET or None)
    if form.is_valid():
        on = form.cleaned_data["on"]
        try:
            hours.check_day(on, program=program, now=timezone.now())
        except Refused as refusal:
            form.add_error("on", str(refusal))
        else:
            return redirect("scheduling:except_day", program.pk, on.isoformat())
    return render(request, "scheduling/hours_choose_day.html", {"program": program, "form": form}, status=form.status)


@for_roles(Role.CLINICIAN)
def except_day(request: PortalRequest, program_id: int, on: str) -> HttpResponse:
    """What is booked on that day stands first: it stays booked, and somebody has to be told."""
    program = get_object_or_404(_works_for(request.user), pk=program_id)
    day = _day_or_404(on)
    form = ExceptionForm(request.POST or None)
    other = request.POST.get("kind") == ExceptionForm.OTHER
    ways = hours.ways_to_keep_hours_for(request.user, program=program)
    formset = stretches_form(request.POST if other else None, program=program, ways=ways)
    if form.is_valid() and (not other or formset.is_valid()):
        stretches = formset.stretches() if other else []
        if other and not stretches:
            form.add_error(None, _("Say from when until when you work, or choose that you are away."))
        elif _excepted(request, program, day, form, stretches):
            messages.success(request, _("This day is changed. What is booked already stays booked."))
            return redirect("scheduling:my_hours")
    booked = hours.booked_on(request.user, on=day, zone=program.zone)
    context = {"program": program, "on": day, "booked": booked, "form": form, "formset": formset}
    return render(request, "scheduling/hours_day.html", context, status=max(form.status, formset.status))


def _excepted(
    request: PortalRequest, program: Program, on: date, form: ExceptionForm, stretches: list[hours.Stretch]
) -> bool:
    try:
        hours.except_day(request.user, program=program, on=on, stretches=stretches, by=request.user, now=timezone.now())
    except Refused as refusal:
        form.refuse(refusal)
        return False
    return True


@for_roles(Role.CLINICIAN, methods=("POST",))
def end_exception(request: PortalRequest, exception_id: int) -> HttpResponse:
    exception = get_object_or_404(DayException, clinician=request.user, pk=exception_id)
    hours.end_exception(exception, by=request.user, now=timezone.now())
    messages.success(request, _("Your usual hours hold on that day again."))
    return redirect("scheduling:my_hours")


def _day_or_404(text: str) -> date:
    """As our own pages write it: 2026-11-25."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise Http404 from None
    if day.year not in YEARS:
        raise Http404
    return day


def _works_for(clinician: User) -> QuerySet[Program]:
    """Each with the key of the role that they hold there."""
    held = RoleHeld.objects.in_force().filter(user=clinician, role=Role.CLINICIAN, program=OuterRef("pk"))
    found: QuerySet[Program] = Program.objects.filter(Exists(held)).select_related("policy")
    return found.annotate(held=Subquery(held.values("pk")))
