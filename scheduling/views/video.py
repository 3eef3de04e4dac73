"""Video calls, for clinicians: where they hold them, opening and closing a session's room, and who has come."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling import joining, video
from scheduling.forms.joining import VideoAddressForm, VideoRoomForm
from scheduling.models import Booking, Session
from scheduling.states import STATES


@for_roles(Role.CLINICIAN)
def my_address(request: PortalRequest) -> HttpResponse:
    form = VideoAddressForm(request.POST or None, initial={"address": video.address_of(request.user)})
    if request.method == "POST" and form.is_valid():
        try:
            video.set_address(request.user, form.cleaned_data["address"], by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved. It holds for the next room that you open."))
            return redirect("scheduling:my_hours")
    return render(request, "scheduling/video_address.html", {"form": form}, status=form.status)


@for_roles(Role.CLINICIAN)
def open_room(request: PortalRequest, session_id: int) -> HttpResponse:
    """At once from the day and the roster, with one's usual address; or with one for this session alone."""
    session, now = _led(request, session_id), timezone.now()
    form = VideoRoomForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            video.open_room(session, address=form.cleaned_data["address"], by=request.user, now=now)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The room is open. Whoever has said where they are is let in."))
            return redirect("scheduling:roster", session.pk)
    usual = video.address_of(request.user)
    context = {"form": form, "session": session, "usual": usual}
    return render(request, "scheduling/video_room.html", context, status=form.status)


@for_roles(Role.CLINICIAN, methods=("POST",))
def close_room(request: PortalRequest, session_id: int) -> HttpResponse:
    session = _led(request, session_id)
    video.close_room(session, by=request.user, now=timezone.now())
    messages.success(request, _("The room is closed. Who has the address already may still use it."))
    return redirect("scheduling:roster", session.pk)


@for_roles(Role.CLINICIAN, methods=("GET",))
def coming(request: PortalRequest, session_id: int) -> HttpResponse:
    """What an open roster asks for by itself: nothing, as long as it stands as it did."""
    found = video.coming_to(_led(request, session_id), leader=request.user, now=timezone.now())
    if request.GET.get("version") == found.version:
        return HttpResponse(status=204)
    return render(request, "scheduling/_coming.html", {"coming": found})


@for_roles(Role.CLINICIAN, methods=("GET",))
def whereabouts(request: PortalRequest, session_id: int, booking_id: int) -> HttpResponse:
    """On a page of its own: a roster may stand on a screen that is shared with the group."""
    session = _led(request, session_id)
    live = Booking.objects.live().filter(session=session).select_related("person")
    booking = get_object_or_404(live, pk=booking_id)
    told = joining.read_whereabouts(booking, by=request.user, now=timezone.now())
    context = {
        "session": session,
        "person": booking.person,
        "told": told,
        "state": STATES[told.state] if told else "",
        "licensed": told is not None and video.licensed_in(told.state, session),
    }
    return render(request, "scheduling/whereabouts.html", context)


def _led(request: PortalRequest, session_id: int) -> Session:
    led = video.sessions_led_by(request.user).select_related("modality", "room", "program")
    return get_object_or_404(led, pk=session_id)
