"""Courses: what there is, what each is, joining one and leaving it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling import taking_part
from scheduling.course_lines import lines_for, page_of
from scheduling.forms.courses import JoinForm
from scheduling.models import Course, Participation
from scheduling.taking_part import Joined, What, given_back_with, late_among, steps_ahead
from scheduling.week import another_zone

READERS = (Role.CLIENT, Role.APPLICANT, Role.ALUM, Role.CLINICIAN)
TAKERS = (Role.CLIENT, Role.ALUM)


@for_roles(*READERS, methods=("GET",))
def courses(request: PortalRequest) -> HttpResponse:
    taken, others = lines_for(request.user, now=timezone.now())
    context = {"taken": taken, "others": others, "enrolled": _enrolled(request)}
    return render(request, "scheduling/courses.html", context)


@for_roles(*READERS, methods=("GET",))
def course(request: PortalRequest, course_id: int) -> HttpResponse:
    found = _course(request, course_id)
    page = page_of(found, request.user, now=timezone.now())
    context = {"page": page, "course": found, "enrolled": _enrolled(request), "zone": _zone(request, found)}
    return render(request, "scheduling/course.html", context)


@for_roles(Role.CLIENT)
def join(request: PortalRequest, course_id: int) -> HttpResponse:
    """Says session by session what would become of it; POST joins."""
    found, now = _course(request, course_id), timezone.now()
    steps = steps_ahead(found, request.user, now=now)
    asks = any(step.overlaps and step.what in (What.BOOK, What.WAIT) for step in steps)
    form = JoinForm(request.POST if request.method == "POST" else None, asks=asks)
    if form.is_valid():
        try:
            around = form.around_own_time
            joined = taking_part.join_course(found, around_own_time=around, by=request.user, now=now)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _said(joined))
            return redirect("scheduling:course", found.pk)
    part = taking_part.part_of(found, request.user)
    if request.method == "GET" and part and part.left_at is None:
        return redirect("scheduling:course", found.pk)
    context = {
        "course": found,
        "steps": steps,
        "form": form,
        "booked": sum(step.what == What.BOOK for step in steps),
        "zone": _zone(request, found),
    }
    return render(request, "scheduling/join_course.html", context, status=form.status)


@for_roles(*TAKERS)
def leave(request: PortalRequest, participation_id: int) -> HttpResponse:
    """Asks once, and says before which places are given back."""
    part, now = own_part(request, participation_id), timezone.now()
    if request.method == "POST":
        try:
            taking_part.leave_course(part, by=request.user, now=now)
        except Refused as refusal:
            messages.info(request, str(refusal))
        else:
            messages.success(request, _("You have left this course. What you came to stays yours."))
        return redirect("scheduling:course", part.course_id)
    if part.left_at is not None:
        return redirect("scheduling:course", part.course_id)
    places = given_back_with(part, now=now)
    context = {"part": part, "course": part.course, "places": places, "late": late_among(places, now=now)}
    return render(request, "scheduling/leave_course.html", context)


def _course(request: PortalRequest, course_id: int) -> Course:
    return get_object_or_404(Course.objects.visible_to(request.user).select_related("program"), pk=course_id)


def own_part(request: PortalRequest, participation_id: int) -> Participation:
    own = Participation.objects.filter(enrolment__client=request.user)
    return get_object_or_404(own.select_related("course__program", "enrolment__client"), pk=participation_id)


def _enrolled(request: PortalRequest) -> bool:
    return bool(request.user.roles & {Role.CLIENT, Role.APPLICANT, Role.ALUM})


def _zone(request: PortalRequest, found: Course) -> str:
    return another_zone(request.user, [found.program])


def _said(joined: Joined) -> str:
    said = [_("You have joined.")]
    if joined.booked:
        said.append(
            ngettext("%(n)d session is booked.", "%(n)d sessions are booked.", joined.booked) % {"n": joined.booked}
        )
    if joined.waiting:
        waits = ngettext("You wait for %(n)d place.", "You wait for %(n)d places.", joined.waiting)
        said.append(waits % {"n": joined.waiting})
    if joined.left_out:
        said.append(_("What could not be booked stands below."))
    return " ".join(said)
