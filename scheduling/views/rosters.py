"""Who is booked, and who came: the roster of a session, marked with one button a person."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling import attendance, rosters, video
from scheduling.booking import held_policy
from scheduling.forms.attendance import AttendanceForm, TapForm
from scheduling.joining import Answer
from scheduling.models import Attendance, Booking, Session


@for_roles(Role.CLINICIAN, methods=("GET",))
def roster(request: PortalRequest, session_id: int) -> HttpResponse:
    return _roster(request, _session(request, session_id))


@for_roles(Role.CLINICIAN, methods=("POST",))
def mark(request: PortalRequest, session_id: int) -> HttpResponse:
    session = _session(request, session_id)
    form = TapForm(request.POST)
    if not form.is_valid():
        return _roster(request, session, _("Choose a button beside the person you mean."), status=400)
    place = get_object_or_404(_places(request).filter(session=session), pk=form.cleaned_data["booking"])
    said = attendance.Said(form.cleaned_data["state"])
    try:
        attendance.mark(place, said, seen=form.cleaned_data["seen"], by=request.user, now=timezone.now())
    except Refused as refusal:
        return _roster(request, session, str(refusal), status=refusal.status)
    return redirect(f"{reverse('scheduling:roster', args=[session.pk])}#place-{place.pk}")


@for_roles(Role.CLINICIAN, methods=("POST",))
def mark_rest(request: PortalRequest, session_id: int) -> HttpResponse:
    session = _session(request, session_id)
    try:
        made = attendance.mark_rest(session, arrived="arrived" in request.POST, by=request.user, now=timezone.now())
    except Refused as refusal:
        return _roster(request, session, str(refusal), status=refusal.status)
    messages.success(request, _marked(made))
    return redirect("scheduling:roster", session.pk)


@for_roles(Role.CLINICIAN, methods=("POST",))
def undo(request: PortalRequest, session_id: int) -> HttpResponse:
    """Takes back facts of one's own about this session, by their keys."""
    session = _session(request, session_id)
    keys = {int(key) for key in request.POST.getlist("fact") if key.isdecimal() and len(key) < 19}
    own = Attendance.objects.filter(pk__in=keys, recorded_by=request.user, booking__session=session)
    if own.count() != len(keys):
        raise Http404
    try:
        attendance.take_back(session, sorted(keys), by=request.user, now=timezone.now())
    except Refused as refusal:
        return _roster(request, session, str(refusal), status=refusal.status)
    messages.success(request, _("Undone. It is as it was before."))
    return redirect("scheduling:roster", session.pk)


@for_roles(Role.CLINICIAN)
def record(request: PortalRequest, begun_booking_id: int) -> HttpResponse:
    """What is recorded about one place, all that was said before, and the form to say something else."""
    place = get_object_or_404(_places(request), pk=begun_booking_id)
    now, session = timezone.now(), place.session
    told = attendance.open_record(place, by=request.user, now=now)
    answer = rosters.answer_about(place, reader=request.user)
    form = AttendanceForm(request.POST or None, session=session, initial=_initial(told, answer))
    if told.may_say and form.is_valid():
        try:
            made = attendance.mark(place, form.said(), seen=form.number_seen, by=request.user, now=now)
        except attendance.MarkedMeanwhile as refusal:
            told = attendance.record_of(place, reader=request.user, now=now)
            form.refuse_stale(refusal, seen=str(told.number))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            said = {"name": place.person.short_name, "state": capfirst(made.get_state_display())}
            messages.success(request, _("%(name)s: %(state)s") % said)
            return redirect("scheduling:roster", session.pk)
    context = {"place": place, "session": session, "told": told, "form": form}
    status = form.status if told.may_say or request.method == "GET" else attendance.NotYoursToMark.status
    return render(request, "scheduling/attendance.html", context, status=status)


def _marked(made: list[Attendance]) -> str:
    """How many are present and how many late, each in a sentence of its own."""
    late = sum(fact.state == Attendance.State.LATE for fact in made)
    present = len(made) - late
    parts = [
        ngettext("%(count)d person is marked as present.", "%(count)d people are marked as present.", present)
        % {"count": present}
    ]
    if late:
        words = ngettext("%(count)d person is marked as late.", "%(count)d people are marked as late.", late)
        parts = [*(parts if present else []), words % {"count": late}]
    return " ".join(parts)


def _initial(told: attendance.Record, answer: Answer | None) -> dict[str, object]:
    """What is recorded, or else what the arrival says."""
    held = told.now
    if held is None:
        start = {"state": answer.state, "minutes": answer.minutes, "by_video": answer.by_video} if answer else {}
        return {"seen": told.number} | start
    return {
        "seen": told.number,
        "state": held.state,
        "minutes": held.minutes or None,
        "by_video": held.by_video,
        "reason": held.reason,
    }


def _session(request: PortalRequest, session_id: int) -> Session:
    found = rosters.sessions_open_to(request.user).select_related("modality", "room", "program__policy", "series")
    return get_object_or_404(found, pk=session_id)


def _places(request: PortalRequest) -> QuerySet[Booking]:
    return rosters.places_open_to(request.user).select_related("person", "session__modality", "session__room")


def _roster(request: PortalRequest, session: Session, refusal: str = "", *, status: int = 200) -> HttpResponse:
    now = timezone.now()
    told = rosters.open_roster(session, by=request.user, now=now)
    own = set(User.objects.open_to(request.user).values_list("pk", flat=True))
    undoable = [
        place.fact.pk
        for place in told.places
        if place.fact and attendance.may_take_back(place.fact, by=request.user, now=now)
    ]
    context = {
        "roster": told,
        "session": session,
        "own": own,
        "undoable": undoable,
        "just_now": attendance.last_act(told.places, undoable),
        "grace_minutes": held_policy(session.program).grace_minutes,
        "coming": video.coming_to(session, leader=request.user, now=now) if request.user in told.leaders else None,
        "refusal": refusal,
    }
    return render(request, "scheduling/day_roster.html", context, status=status)
