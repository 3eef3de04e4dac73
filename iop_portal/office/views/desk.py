"""The office's first page, and the first page of each program."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.desk import desk_of, programs_with_numbers
from iop_portal.office.first_steps import first_steps
from iop_portal.people.roles import Role


@for_roles(Role.ADMIN, methods=("GET",))
def desk(request: PortalRequest) -> HttpResponse:
    return render(request, "office/desk.html", {"desk": desk_of(request.user, now=timezone.now())})


@for_roles(Role.ADMIN, methods=("GET",))
def program(request: PortalRequest, program_id: int) -> HttpResponse:
    now = timezone.now()
    found = get_object_or_404(programs_with_numbers(request.user, now=now), pk=program_id)
    steps = first_steps(found, today=timezone.localdate(now))
    return render(request, "office/program.html", {"program": found, "steps": steps})
