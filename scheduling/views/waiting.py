"""Waiting for a place in a full session, and taking the one that is offered or letting it go."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import User
from iop_portal.refusals import Refused
from scheduling import finding, waiting
from scheduling.booking import AlreadyBooked, AlreadyBusy, bookings_of, offered
from scheduling.models import Session, Waiting
from scheduling.seats import seat_in
from scheduling.views.choosing import BOOKERS
from scheduling.week import Block, another_zone, block_of, with_sessions
from therapy.prescribing import policy_of


@for_roles(*BOOKERS)
def wait(request: PortalRequest, session_id: int) -> HttpResponse:
    """Says what waiting means; POST joins the line. Who has a place, or could have one, is led there."""
    session = get_object_or_404(Session.objects.visible_to(request.user), pk=session_id)
    now = timezone.now()
    try:
        if request.method == "POST":
            entry = waiting.join_line(session, person=request.user, by=request.user, now=now)
            messages.success(request, _("You wait for a place now. We send you a mail when one is free."))
            return redirect("scheduling:place", entry.pk)
        seat = offered(seat_in(session, person=request.user, now=now))
        if seat.left and seat.clash and not seat.booked:
            raise AlreadyBusy
    except (waiting.AlreadyWaiting, waiting.PlaceIsFree, AlreadyBooked):
        return redirect("scheduling:wait", session.pk)
    except Refused as refusal:
        return render(request, "scheduling/not_booked.html", {"why": str(refusal)}, status=refusal.status)
    if seat.booked:
        return redirect("scheduling:booked", bookings_of(request.user).get(session=session).pk)
    if seat.mine:
        return redirect("scheduling:place", seat.mine)
    if seat.left:
        return redirect(f"{reverse('scheduling:check')}?session={session.pk}")
    context = {
        "time": finding.seat_time(seat),
        "overlaps": _over(request.user, session),
        "policy": policy_of(session.program),
        "zone": another_zone(request.user, [session.program]),
    }
    return render(request, "scheduling/wait.html", context)


@for_roles(*BOOKERS, methods=("GET",))
def place(request: PortalRequest, entry_id: int) -> HttpResponse:
    return _place(request, get_object_or_404(_own(request.user), pk=entry_id))


@for_roles(*BOOKERS, methods=("POST",))
def accept(request: PortalRequest, entry_id: int) -> HttpResponse:
    """What the page named as overlapping is given up; if it has changed since, nothing is."""
    entry = get_object_or_404(_own(request.user), pk=entry_id)
    named = [key for key in request.POST.getlist("instead_of") if key.isdecimal()][:9]
    instead_of = list(bookings_of(request.user).filter(pk__in=[int(key[:18]) for key in named]))
    try:
        made = waiting.accept_offer(entry, instead_of=instead_of, by=request.user, now=timezone.now())
    except Refused as refusal:
        return _place(request, entry, refusal)
    messages.success(request, _("The place is yours."))
    return redirect("scheduling:booked", made.pk)


@for_roles(*BOOKERS)
def leave(request: PortalRequest, entry_id: int) -> HttpResponse:
    """Asks once: who leaves the line loses their place in it."""
    entry, now = get_object_or_404(_own(request.user), pk=entry_id), timezone.now()
    if request.method == "POST":
        try:
            waiting.leave_line(entry, by=request.user, now=now)
        except Refused as refusal:
            return _place(request, entry, refusal)
        messages.success(request, _("You wait for this place no more."))
        return redirect("scheduling:my_week")
    if entry.state not in Waiting.LIVE:
        return redirect("scheduling:place", entry.pk)
    return render(request, "scheduling/leave_line.html", {"entry": entry, "offered": entry.stands(now)})


def _own(user: User) -> QuerySet[Waiting]:
    return waiting.own_waits(user)


def _over(user: User, session: Session) -> list[Block]:
    """What they have booked over it."""
    booked = bookings_of(user).filter(during__overlap=session.during).exclude(session=session)
    return [block_of(held, now=timezone.now()) for held in with_sessions(booked)]


def _place(request: PortalRequest, entry: Waiting, refusal: Refused | None = None) -> HttpResponse:
    now = timezone.now()
    if refusal:
        entry = _own(request.user).get(pk=entry.pk)
    live = entry.state in Waiting.LIVE
    context = {
        "entry": entry,
        "session": finding.told_session(entry.session),
        "stands": entry.stands(now),
        "overlaps": _over(request.user, entry.session) if live else [],
        "policy": policy_of(entry.program),
        "may_wait": not live and entry.state != Waiting.State.ACCEPTED and entry.session.starts_at > now,
        "why": str(refusal) if refusal else "",
        "zone": another_zone(request.user, [entry.program]),
    }
    return render(request, "scheduling/place.html", context, status=refusal.status if refusal else 200)
