"""Series: the timetable of a program, and its changes."""

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.forms.series import (
    AddSeriesForm,
    CancelOccurrenceForm,
    ChangeSeriesForm,
    EndSeriesForm,
    HandOverForm,
    OccurrenceForm,
    TrackSeriesForm,
)
from iop_portal.office.timetable import page_of, series_of
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from scheduling import changing, enrolling, occurrences, series
from scheduling.models import Series, Session
from scheduling.occurrences import Scope
from scheduling.series import Edited
from scheduling.telling import days_and_time
from therapy.models import Clinician, Track


@for_roles(Role.ADMIN, methods=("GET",))
def list_series(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    context = {"program": program, "lines": series_of(program, now=timezone.now())}
    return render(request, "office/series_list.html", context)


@for_roles(Role.ADMIN)
def add_series(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    form = AddSeriesForm(request.POST or None, program=program)
    if form.is_valid():
        what = form.cleaned_data["modality"]
        try:
            made = series.add_series(what, form.added(), by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            if made.skipped.exists():
                messages.warning(request, _("It is saved. Some of its days could not be made: the list says why."))
            else:
                messages.success(request, _("It is on the timetable, eight weeks ahead."))
            return redirect("office:series", made.pk)
    return render(request, "office/add_series.html", {"form": form, "program": program}, status=form.status)


@for_roles(Role.ADMIN, methods=("GET",))
def one(request: PortalRequest, series_id: int) -> HttpResponse:
    found = _series(request, series_id)
    context = {"series": found, "page": page_of(found, now=timezone.now())}
    return _by_its_clock(request, found, "office/series.html", context)


@for_roles(Role.ADMIN)
def change_series(request: PortalRequest, series_id: int) -> HttpResponse:
    found = _series(request, series_id)
    form = ChangeSeriesForm(request.POST or None, held=found)
    if form.is_valid():
        try:
            edited = series.change_series(
                found,
                form.changed(found),
                following=form.cleaned_data["following"],
                seen=form.cleaned_data["seen"],
                give_back=form.cleaned_data["give_back"],
                by=request.user,
                now=timezone.now(),
            )
        except ChangedMeanwhile as refusal:
            form.refuse_stale(refusal, seen=series.series_version(_series(request, series_id)))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return _said(request, edited)
    context = {"form": form, "series": found, "when": days_and_time(found)}
    return render(request, "office/change_series.html", context, status=form.status)


@for_roles(Role.ADMIN)
def change_occurrence(request: PortalRequest, occurrence_id: int) -> HttpResponse:
    session = _occurrence(request, occurrence_id)
    form = OccurrenceForm(request.POST or None, session=session)
    if form.is_valid():
        try:
            edited = occurrences.change_occurrence(
                session,
                form.wish(),
                scope=Scope(form.cleaned_data["scope"]),
                seen=form.cleaned_data["seen"],
                give_back=form.cleaned_data["give_back"],
                by=request.user,
                now=timezone.now(),
            )
        except ChangedMeanwhile as refusal:
            form.refuse_stale(refusal, seen=occurrences.occurrence_version(_occurrence(request, occurrence_id)))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return _said(request, edited)
    context = {"form": form, "session": session, "series": session.series}
    return _by_its_clock(request, session.series, "office/change_occurrence.html", context, status=form.status)


@for_roles(Role.ADMIN)
def cancel_occurrence(request: PortalRequest, occurrence_id: int) -> HttpResponse:
    session, now = _session(request, occurrence_id), timezone.now()
    form = CancelOccurrenceForm(request.POST if request.method == "POST" else None, alone=session.series is None)
    back = _back_from(session)
    if form.is_valid():
        try:
            occurrences.cancel_occurrence(session, scope=form.chosen(), by=request.user, now=now)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Cancelled. Everybody who was booked is told."))
            return redirect(back)
    booked = session.bookings.filter(occupies=True).count()
    context = {"form": form, "session": session, "back": back, "booked": booked}
    zone = session.series.zone if session.series else session.program.zone
    return _by_clock_of(request, zone, "office/cancel_occurrence.html", context, status=form.status)


@for_roles(Role.ADMIN)
def hand_over(request: PortalRequest, occurrence_id: int) -> HttpResponse:
    """One session to somebody else, as an hour that somebody booked whose clinician has left."""
    session = _session(request, occurrence_id)
    form, back = HandOverForm(request.POST if request.method == "POST" else None, session=session), _back_from(session)
    if form.is_valid():
        leaders = form.cleaned_data["leaders"]
        try:
            changing.move_session(session, leaders=leaders, by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Handed over."))
            return redirect(back)
    context = {"form": form, "session": session, "back": back}
    return _by_clock_of(request, session.program.zone, "office/hand_over.html", context, status=form.status)


@for_roles(Role.ADMIN)
def end_series(request: PortalRequest, series_id: int) -> HttpResponse:
    found, now = _series(request, series_id), timezone.now()
    form = EndSeriesForm(request.POST or None, initial={"first": timezone.localdate(now)})
    if form.is_valid():
        try:
            cancelled = series.end_series(found, first=form.cleaned_data["first"], by=request.user, now=now)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            words = ngettext(
                "It ends. %(n)d session is cancelled, and everybody who was booked is told.",
                "It ends. %(n)d sessions are cancelled, and everybody who was booked is told.",
                cancelled,
            )
            messages.success(request, words % {"n": cancelled})
            return redirect("office:series", found.pk)
    context = {"form": form, "series": found, "when": days_and_time(found)}
    return render(request, "office/end_series.html", context, status=form.status)


@for_roles(Role.ADMIN, methods=("POST",))
def try_again(request: PortalRequest, series_id: int) -> HttpResponse:
    found = _series(request, series_id)
    left = series.try_skipped_again(found, by=request.user, now=timezone.now())
    if left:
        messages.warning(request, _("Something is still in the way. The list says what."))
    else:
        messages.success(request, _("All of them are there now."))
    return redirect("office:series", found.pk)


@for_roles(Role.ADMIN, methods=("POST",))
def leave_out(request: PortalRequest, series_id: int) -> HttpResponse:
    found = _series(request, series_id)
    series.leave_out_skipped(found, by=request.user, now=timezone.now())
    messages.success(request, _("These days are left out. Nobody is booked on them."))
    return redirect("office:series", found.pk)


@for_roles(Role.ADMIN)
def track_series(request: PortalRequest, track_id: int) -> HttpResponse:
    track = get_object_or_404(Track.objects.run_by(request.user).select_related("program"), pk=track_id)
    lines = [line.series for line in series_of(track.program, now=timezone.now()) if not line.over]
    held, seen = enrolling.phases_of(track), enrolling.track_series_version(track)
    form = TrackSeriesForm(request.POST or None, track=track, offered=lines, held=held, initial={"seen": seen})
    if form.is_valid():
        try:
            typed = {name: form.cleaned_data[name] for name in ("seen", "give_back")}
            done = enrolling.set_track_series(track, form.wanted(), **typed, by=request.user, now=timezone.now())
        except ChangedMeanwhile as refusal:
            form.refuse_stale(refusal, seen=enrolling.track_series_version(track))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _followed(done))
            return redirect("office:tracks", track.program_id)
    return render(request, "office/track_series.html", {"form": form, "track": track}, status=form.status)


def _series(request: PortalRequest, series_id: int) -> Series:
    run = Series.objects.run_by(request.user).select_related("program", "modality", "room")
    return get_object_or_404(run, pk=series_id)


def _occurrence(request: PortalRequest, occurrence_id: int) -> Session:
    """Of a series."""
    return get_object_or_404(_sessions(request).exclude(series=None), pk=occurrence_id)


def _session(request: PortalRequest, session_id: int) -> Session:
    """Of a series, or one that stands alone, as an hour that somebody booked."""
    return get_object_or_404(_sessions(request), pk=session_id)


def _sessions(request: PortalRequest) -> QuerySet[Session]:
    run = Session.objects.filter(program__in=Program.objects.run_by(request.user))
    return run.select_related("series__program", "series__room", "series__modality", "program", "room", "modality")


def _back_from(session: Session) -> str:
    """To its series; what stands alone was reached from whoever leads it."""
    if session.series_id:
        return reverse("office:series", args=[session.series_id])
    profile = Clinician.objects.filter(user__facilitations__session=session).order_by("pk").first()
    if profile is None:
        return reverse("office:clinicians", args=[session.program_id])
    return reverse("office:clinician", args=[session.program_id, profile.pk])


def _by_its_clock(
    request: PortalRequest, series: Series | None, template: str, context: dict[str, object], status: int = 200
) -> HttpResponse:
    """Times as they are typed: by the clock of the series, wherever the admin is."""
    return _by_clock_of(request, series.zone if series else None, template, context, status=status)


def _by_clock_of(
    request: PortalRequest, zone: str | None, template: str, context: dict[str, object], status: int = 200
) -> HttpResponse:
    with timezone.override(ZoneInfo(zone) if zone else None):
        return render(request, template, context, status=status)


def _followed(done: enrolling.Followed) -> str:
    """What became of places, and how many people are told."""
    parts = [_("Saved.")]
    if done.assigned:
        words = ngettext("%(n)d place was booked.", "%(n)d places were booked.", done.assigned)
        parts.append(words % {"n": done.assigned})
    if done.released:
        words = ngettext("%(n)d place was given back.", "%(n)d places were given back.", done.released)
        parts.append(words % {"n": done.released})
    if done.people:
        words = ngettext("%(n)d person is told.", "%(n)d people are told.", done.people)
        parts.append(words % {"n": done.people})
    return " ".join(parts)


def _said(request: PortalRequest, edited: Edited) -> HttpResponse:
    """Back to the series for which it holds now, with what became of it in numbers."""
    changed = edited.changed
    parts = [
        ngettext("%(n)d session is different now.", "%(n)d sessions are different now.", changed.sessions)
        % {"n": changed.sessions}
    ]
    if edited.made:
        parts.append(ngettext("%(n)d is new.", "%(n)d are new.", edited.made) % {"n": edited.made})
    if edited.cancelled:
        parts.append(
            ngettext("%(n)d is cancelled.", "%(n)d are cancelled.", edited.cancelled) % {"n": edited.cancelled}
        )
    if changed.moved or changed.given_back or edited.cancelled:
        parts.append(_("Everybody whose appointment it touches is told."))
    messages.success(request, " ".join(parts))
    return redirect("office:series", edited.series.pk)
