"""The rules of a program, and its tracks."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.forms.care import PolicyForm, TrackForm
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from therapy import policies, tracks
from therapy.models import Track
from therapy.prescribing import policy_of


@for_roles(Role.ADMIN)
def change_policy(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    form = PolicyForm(request.POST or None, instance=policy_of(program))
    if form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            policies.change_policy(program, form.policy(), seen=seen, by=request.user, now=timezone.now())
        except ChangedMeanwhile as refusal:
            form.show_both(refusal, policy_of(program))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved. It holds from now on; what is booked stays as it is."))
            return redirect("office:program", program.pk)
    return render(request, "office/change_policy.html", {"form": form, "program": program}, status=form.status)


@for_roles(Role.ADMIN, methods=("GET",))
def list_tracks(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    found = program.tracks.order_by("-in_use", "name")
    return render(request, "office/tracks.html", {"program": program, "tracks": found})


@for_roles(Role.ADMIN)
def add_track(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    form = TrackForm(request.POST or None)
    if form.is_valid():
        try:
            track = tracks.add_track(program, form.track(), by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(track)s is on the list.") % {"track": track})
            return redirect("office:tracks", program.pk)
    return render(request, "office/add_track.html", {"form": form, "program": program}, status=form.status)


@for_roles(Role.ADMIN)
def change_track(request: PortalRequest, track_id: int) -> HttpResponse:
    track = get_object_or_404(Track.objects.run_by(request.user), pk=track_id)
    form = TrackForm(request.POST or None, instance=track)
    if form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            tracks.change_track(track, form.track(), seen=seen, by=request.user, now=timezone.now())
        except ChangedMeanwhile as refusal:
            track.refresh_from_db()
            form.show_both(refusal, track)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("office:tracks", track.program_id)
    return render(request, "office/change_track.html", {"form": form, "track": track}, status=form.status)


@for_roles(Role.ADMIN, methods=("POST",))
def retire_track(request: PortalRequest, track_id: int) -> HttpResponse:
    track = get_object_or_404(Track.objects.run_by(request.user), pk=track_id)
    tracks.retire_track(track, by=request.user, now=timezone.now())
    messages.success(request, _("%(track)s is out of use. Who is on it stays.") % {"track": track})
    return redirect("office:tracks", track.program_id)


@for_roles(Role.ADMIN, methods=("POST",))
def bring_track_back(request: PortalRequest, track_id: int) -> HttpResponse:
    track = get_object_or_404(Track.objects.run_by(request.user), pk=track_id)
    tracks.bring_track_back(track, by=request.user, now=timezone.now())
    messages.success(request, _("%(track)s is in use again.") % {"track": track})
    return redirect("office:tracks", track.program_id)
