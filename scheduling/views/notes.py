"""From a place in a session to the note about it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling import noting
from scheduling.rosters import places_open_to


@for_roles(Role.CLINICIAN, methods=("POST",))
def begin(request: PortalRequest, begun_booking_id: int) -> HttpResponse:
    places = places_open_to(request.user).select_related("person", "session__modality", "session__program")
    place = get_object_or_404(places, pk=begun_booking_id)
    try:
        note = noting.begin_note_of(place, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.warning(request, str(refusal))
        return redirect("scheduling:roster", place.session_id)
    return redirect("therapy:note", note.pk)
