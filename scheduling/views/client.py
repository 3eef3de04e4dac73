"""What is booked: each booking by itself, giving it back, a file for one's own calendar, and the week."""

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
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling import booking, joining
from scheduling.calendar_files import appointment
from scheduling.forms.booking import AnswersForm
from scheduling.models import Booking
from scheduling.moving import missed_by
from scheduling.waiting import waits_shown
from scheduling.week import another_zone, block_of, week_of, with_own_times, with_sessions
from therapy.prescribing import policy_of

BOOKERS = (Role.CLIENT, Role.APPLICANT, Role.ALUM)


@for_roles(*BOOKERS, methods=("GET",))
def my_week(request: PortalRequest) -> HttpResponse:
    now = timezone.now()
    week = week_of(request.user, day=AnswersForm(request.GET).answers().day, now=now)
    context = {
        "week": with_own_times(week, person=request.user),
        "week_over": week.last_day < timezone.localdate(now),
        "this_week": week.begins <= timezone.localdate(now) <= week.last_day,
        "may_book": bool(request.user.roles & {Role.CLIENT, Role.APPLICANT}),
        "zone": another_zone(request.user, week.programs),
        "missed": missed_by(request.user, now=now),
        "waits": waits_shown(request.user, now=now),
    }
    return render(request, "scheduling/my_week.html", context)


@for_roles(*BOOKERS, Role.FAMILY, methods=("GET",))
def booked(request: PortalRequest, booking_id: int) -> HttpResponse:
    """Messages lead here. What a relative finds is the door: there is nothing else of it for them to change."""
    if not request.user.roles & set(BOOKERS):
        own = joining.own_bookings(request.user, now=timezone.now())
        return redirect("scheduling:join", get_object_or_404(own, pk=booking_id).pk)
    return booked_page(request, get_object_or_404(own_bookings(request.user), pk=booking_id))


@for_roles(*BOOKERS)
def cancel(request: PortalRequest, booking_id: int) -> HttpResponse:
    """Asks once, and says before whether it is late."""
    held, now = get_object_or_404(own_bookings(request.user), pk=booking_id), timezone.now()
    if request.method == "POST":
        try:
            booking.cancel_booking(held, by=request.user, now=now)
        except Refused as refusal:
            return booked_page(request, held, refusal)
        messages.success(request, _("It is cancelled. We send you a mail that says so."))
        return redirect(f"{reverse('scheduling:my_week')}?day={timezone.localdate(held.starts_at)}")
    block = block_of(held, now=now)
    if not block.can_be_cancelled:
        return redirect("scheduling:booked", held.pk)
    free_until = booking.free_until(held.program, block.begins)
    context = {"entry": block, "late": now > free_until, "free_until": free_until, "policy": policy_of(held.program)}
    return render(request, "scheduling/cancel.html", context)


@for_roles(*BOOKERS, methods=("GET",))
def calendar_file(request: PortalRequest, booking_id: int) -> HttpResponse:
    held = get_object_or_404(own_bookings(request.user), pk=booking_id)
    return HttpResponse(
        appointment(held),
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="appointment.ics"'},
    )


def own_bookings(user: User) -> QuerySet[Booking]:
    """One's own alone: that a clinician may see a booking does not make it theirs to keep or to give back."""
    return with_sessions(Booking.objects.filter(person=user))


def booked_page(request: PortalRequest, held: Booking, refusal: Refused | None = None) -> HttpResponse:
    now = timezone.now()
    block, program = block_of(held, now=now), held.program
    free_until = booking.free_until(program, block.begins)
    context = {
        "entry": block,
        "facts": list(held.attendance.select_related("recorded_by").order_by("-number")) if block.attended else [],
        "moved_to": Booking.objects.filter(moved_from=held).first(),
        "can_be_made_up": held in [change.old for change in missed_by(request.user, now=now)],
        "program": program,
        "why": str(refusal) if refusal else "",
        "free_until": free_until,
        "late": now > free_until,
        "policy": policy_of(program),
        "zone": another_zone(request.user, [program]),
        "week": week_of(request.user, day=timezone.localdate(block.begins), now=now),
    }
    return render(request, "scheduling/booked.html", context, status=refusal.status if refusal else 200)
