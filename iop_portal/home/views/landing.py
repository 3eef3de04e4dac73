"""The first page after signing in, by role."""

from django.http import HttpResponse
from django.shortcuts import render

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.roles import EVERYBODY


@for_roles(*EVERYBODY, methods=("GET",))
def landing(request: PortalRequest) -> HttpResponse:
    return render(request, "home/today.html")
