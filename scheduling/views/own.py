"""What people keep free: nobody but they themselves opens these pages."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling import commitments, connected, own_calendars
from scheduling.forms.booking import BIGGEST_KEY
from scheduling.forms.own import CalendarAddressForm, CalendarFileForm, NewerFileForm, OnceForm, WeeklyForm
from scheduling.models import Commitment, Look, OwnCalendar

OF_THEIR_OWN = (Role.CLIENT, Role.APPLICANT, Role.ALUM)
FORMS = {"weekly": WeeklyForm, "once": OnceForm}


@for_roles(*OF_THEIR_OWN, methods=("GET",))
def own_times(request: PortalRequest) -> HttpResponse:
    context = {"kept": _own(request), "calendars": own_calendars.calendars_of(request.user)}
    return render(request, "scheduling/own_times.html", context)


@for_roles(*OF_THEIR_OWN)
def add_own_time(request: PortalRequest, rhythm: str) -> HttpResponse:
    if rhythm not in FORMS:
        raise Http404
    form = FORMS[rhythm](request.POST or None, initial={"since": timezone.localdate(), **_to_protect(request)})
    if form.is_valid():
        try:
            commitments.add_commitment(request.user, form.terms(), by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved. From now on we tell you when a session overlaps it."))
            return redirect("scheduling:own_times")
    context = {"form": form, "weekly": rhythm == "weekly"}
    return render(request, "scheduling/own_time.html", context, status=form.status)


def _to_protect(request: PortalRequest) -> dict[str, object]:
    """What a look back at their own week said, where the address names one."""
    key = request.GET.get("look", "")
    if not (key.isascii() and key.isdigit() and int(key) <= BIGGEST_KEY):
        return {}
    look = Look.objects.filter(person=request.user, pk=key).exclude(protect="").first()
    return connected.prefilled(look) if look else {}


@for_roles(*OF_THEIR_OWN)
def change_own_time(request: PortalRequest, commitment_id: int) -> HttpResponse:
    held = get_object_or_404(_own(request), pk=commitment_id)
    form = FORMS["weekly" if held.weekly else "once"](request.POST or None, initial=_as_written(held))
    if form.is_valid():
        try:
            commitments.change_commitment(held, form.terms(), by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Your changes are saved."))
            return redirect("scheduling:own_times")
    context = {"form": form, "weekly": held.weekly, "held": held}
    return render(request, "scheduling/own_time.html", context, status=form.status)


@for_roles(*OF_THEIR_OWN)
def end_own_time(request: PortalRequest, commitment_id: int) -> HttpResponse:
    held = get_object_or_404(_own(request), pk=commitment_id)
    if request.method != "POST":
        return render(request, "scheduling/own_time_end.html", {"held": held})
    try:
        commitments.end_commitment(held, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("It is ended. Nothing is kept free for it any more."))
    return redirect("scheduling:own_times")


@for_roles(*OF_THEIR_OWN)
def bring_calendar(request: PortalRequest, way: str) -> HttpResponse:
    """Their own calendar, as a file that is read at once, or by an address that a worker reads again and again."""
    if way not in ("file", "address"):
        raise Http404
    form = _file_form(request) if way == "file" else CalendarAddressForm(request.POST or None)
    if form.is_valid():
        try:
            _bring(request, form)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return redirect("scheduling:own_times")
    context = {"form": form, "by_file": way == "file"}
    return render(request, "scheduling/bring_calendar.html", context, status=form.status)


def _file_form(request: PortalRequest) -> CalendarFileForm:
    return CalendarFileForm(request.POST, request.FILES) if request.method == "POST" else CalendarFileForm()


def _bring(request: PortalRequest, form: CalendarFileForm | CalendarAddressForm) -> None:
    who, now = request.user, timezone.now()
    if isinstance(form, CalendarFileForm):
        own_calendars.bring_file(who, form.cleaned_data["file"].read(), form.brought(), by=who, now=now)
        messages.success(request, _("Your calendar is read. From now on we tell you when a session overlaps it."))
    else:
        own_calendars.follow_address(who, form.cleaned_data["address"], form.brought(), by=who, now=now)
        messages.success(request, _("Saved. We read your calendar in the next minutes, and then about every hour."))


@for_roles(*OF_THEIR_OWN)
def renew_calendar(request: PortalRequest, file_calendar_id: int) -> HttpResponse:
    """A newer file of a calendar that came by one."""
    files = OwnCalendar.objects.filter(person=request.user, address=None, given_up_at=None).select_related("person")
    held = get_object_or_404(files, pk=file_calendar_id)
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = NewerFileForm(*sent, held=held)
    if form.is_valid():
        data, whole_days = form.cleaned_data["file"].read(), form.keeps_whole_days()
        try:
            own_calendars.renew_file(held, data, whole_days=whole_days, by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Your calendar is read anew. What it said before is gone."))
            return redirect("scheduling:own_times")
    return render(request, "scheduling/renew_calendar.html", {"form": form, "held": held}, status=form.status)


@for_roles(*OF_THEIR_OWN)
def remove_calendar(request: PortalRequest, own_calendar_id: int) -> HttpResponse:
    held = get_object_or_404(OwnCalendar.objects.filter(person=request.user), pk=own_calendar_id)
    if request.method != "POST":
        return render(request, "scheduling/remove_calendar.html", {"held": held})
    try:
        own_calendars.remove_calendar(held, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("It is removed, and all the times that came from it."))
    return redirect("scheduling:own_times")


def _own(request: PortalRequest) -> QuerySet[Commitment]:
    return commitments.commitments_of(request.user, now=timezone.now())


def _as_written(held: Commitment) -> dict[str, object]:
    return {name: getattr(held, name) for name in ("kind", "name", "weekdays", "begins", "ends", "since", "until")}
