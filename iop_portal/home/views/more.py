"""Everything else that a client finds here."""

from django.http import HttpResponse
from django.shortcuts import render

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.home.more import at_hand_of, parts_for
from iop_portal.people.roles import Role


@for_roles(Role.CLIENT, Role.APPLICANT, Role.ALUM, methods=("GET",))
def more(request: PortalRequest) -> HttpResponse:
    return render(request, "home/more.html", {"at_hand": at_hand_of(request.user), "parts": parts_for(request.user)})
