"""Everything that is held about somebody, as far as they read it."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.home.my_record import facts_about, kinds_of
from iop_portal.people.roles import Role


@for_roles(Role.CLIENT, Role.APPLICANT, Role.ALUM, methods=("GET",))
def my_record(request: PortalRequest) -> HttpResponse:
    now = timezone.now()
    context = {"kinds": kinds_of(request.user, now=now), "parts": facts_about(request.user, now=now)}
    return render(request, "home/my_record.html", context)
