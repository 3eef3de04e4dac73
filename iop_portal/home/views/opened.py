"""Who opened my record."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.home.opened import lines, trail_about, with_people
from iop_portal.people.roles import Role

PAGE = 25


@for_roles(Role.CLIENT, Role.APPLICANT, Role.ALUM, methods=("GET",))
def opened(request: PortalRequest) -> HttpResponse:
    with_own = "own" in request.GET
    entries = with_people(trail_about(request.user, with_own=with_own))
    page = Paginator(entries, PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "home/opened.html",
        {"page": page, "lines": lines(page, reader=request.user), "with_own": with_own},
    )
