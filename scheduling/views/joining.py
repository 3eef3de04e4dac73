"""At the door of a session: for whoever is booked, clients and family alike."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling import joining
from scheduling.forms.joining import JoinForm
from scheduling.joining import Door, Stage, door_of
from scheduling.models import Booking
from scheduling.states import STATES
from scheduling.week import another_zone, with_sessions

COMERS = (Role.CLIENT, Role.APPLICANT, Role.ALUM, Role.FAMILY)
# What is not there any more, without saying more than its own booking does.
STATUSES = {Stage.GONE: 410}


@for_roles(*COMERS)
def join(request: PortalRequest, booking_id: int) -> HttpResponse:
    held, now = get_object_or_404(_own(request.user), pk=booking_id), timezone.now()
    door = door_of(held, now=now, by_video="video" in request.GET, again="again" in request.GET)
    form = JoinForm.for_person(request.POST or None, person=request.user, before=door.whereabouts)
    if request.method != "POST" or not form.is_valid():
        return _answer(request, door, form)
    try:
        joining.come_by_video(held, form.said, by=request.user, now=now)
    except Refused as refusal:
        return _answer(request, door_of(get_object_or_404(_own(request.user), pk=held.pk), now=now), form, refusal)
    return redirect("scheduling:join", held.pk)


@for_roles(*COMERS, methods=("POST",))
def here(request: PortalRequest, booking_id: int) -> HttpResponse:
    held, now = get_object_or_404(_own(request.user), pk=booking_id), timezone.now()
    try:
        joining.come_to_room(held, by=request.user, now=now)
    except Refused as refusal:
        return _answer(request, door_of(get_object_or_404(_own(request.user), pk=held.pk), now=now), None, refusal)
    return redirect("scheduling:join", held.pk)


@for_roles(*COMERS, methods=("GET",))
def door(request: PortalRequest, booking_id: int) -> HttpResponse:
    """What a waiting page asks for by itself: nothing, as long as it stands as it did."""
    found = door_of(get_object_or_404(_own(request.user), pk=booking_id), now=timezone.now())
    if request.GET.get("stage") == found.stage:
        return HttpResponse(status=204)
    return render(request, "scheduling/_door.html", _context(request, found, None))


def _own(user: User) -> QuerySet[Booking]:
    return joining.with_arrivals(with_sessions(joining.own_bookings(user, now=timezone.now())))


def _answer(request: PortalRequest, door: Door, form: JoinForm | None, refusal: Refused | None = None) -> HttpResponse:
    context = _context(request, door, form)
    status = STATUSES.get(door.stage, 200)
    if refusal:
        context["why"], status = str(refusal), refusal.status
    elif form and door.stage == Stage.ASK:
        status = form.status
    return render(request, "scheduling/join.html", context, status=status)


def _context(request: PortalRequest, door: Door, form: JoinForm | None) -> dict[str, object]:
    """Shows the address of an open room, and notes that it did."""
    if door.stage == Stage.OPEN and door.arrival and door.arrival.joined_at is None:
        joining.let_in(door.arrival, by=request.user, now=door.entry.now)
    asks = door.stage == Stage.ASK
    return {
        "door": door,
        "entry": door.entry,
        "form": form if asks else None,
        "program": door.entry.program,
        "state": STATES[door.whereabouts.state] if door.whereabouts else "",
        "relative": not request.user.roles & {Role.CLIENT, Role.APPLICANT, Role.ALUM},
        "zone": another_zone(request.user, [door.entry.program]),
    }
