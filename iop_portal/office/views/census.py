"""How many people were where in a program, on any date."""

from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.census import census_of
from iop_portal.office.forms.census import CensusForm
from iop_portal.people.models import Program
from iop_portal.people.roles import Role


@for_roles(Role.ADMIN, methods=("GET",))
def census(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    today = timezone.localdate(timezone.now(), ZoneInfo(program.zone))
    form = CensusForm(request.GET if "on" in request.GET else None, today=today)
    on = form.cleaned_data["on"] if form.is_valid() else today
    context = {"program": program, "form": form, "census": census_of(program, on), "today": today}
    return render(request, "office/census.html", context, status=form.status)
