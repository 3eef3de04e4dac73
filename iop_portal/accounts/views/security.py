"""Sign-in and security: the second step."""

from django.http import HttpResponse
from django.shortcuts import render

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.roles import EVERYBODY


@for_roles(*EVERYBODY, methods=("GET",))
def protect(request: PortalRequest) -> HttpResponse:
    return render(request, "accounts/protect.html")
