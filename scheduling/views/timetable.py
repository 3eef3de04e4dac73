"""The timetable of the week, for everybody who works in a program."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import Program, RoleHeld
from iop_portal.people.roles import STAFF_ROLES, Role
from scheduling import timetable
from scheduling.forms.timetable import WeekForm, WishForm, address_of


@for_roles(Role.CLINICIAN, Role.ADMIN, methods=("GET",))
def week(request: PortalRequest) -> HttpResponse:
    now = timezone.now()
    works = RoleHeld.objects.in_force().filter(user=request.user, role__in=STAFF_ROLES).values("program")
    of_week = WeekForm(request.GET, programs=Program.objects.filter(pk__in=works).select_related("policy"))
    program, day = of_week.chosen()
    begins = timetable.week_of(program, day, now=now)
    names = timetable.names_in(program, begins)
    wishes = WishForm(request.GET, names=names)
    wish = wishes.wish()
    told = timetable.timetable_of(program, begins, wish, names, reader=request.user)
    context = {
        "timetable": told,
        "choices": [*([of_week["program"]] if len(of_week.programs) > 1 else []), *wishes],
        "narrowed": wish.narrowed,
        "today": timezone.localdate(now, told.zone),
        "this_week": begins == timetable.week_of(program, None, now=now),
        "here": {
            "before": address_of(wish, program, told.before),
            "now": address_of(wish, program, None),
            "after": address_of(wish, program, told.after),
            "all": address_of(timetable.Wish(by=wish.by), program, day),
        },
        "of_clinician": Role.CLINICIAN in request.user.roles,
        "zone": "" if program.zone == request.user.zone else program.zone,
    }
    return render(request, "scheduling/timetable.html", context)
