"""Everything that a client decides, on one page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.home import choices
from iop_portal.people.roles import Role


@for_roles(Role.CLIENT, Role.APPLICANT, Role.ALUM, methods=("GET",))
def my_choices(request: PortalRequest) -> HttpResponse:
    parts = choices.parts_for(request.user, now=timezone.now())
    waiting = [choice for part in parts for choice in part.choices if choice.waits]
    return render(request, "home/choices.html", {"parts": parts, "waiting": waiting})
