"""The portal's own map, and a bare view to measure against: signed in, all middleware, one query, one template."""

from datetime import timedelta

from django.http import HttpResponse
from django.template import engines
from django.urls import path
from django.utils import timezone

from iop_portal import urls as portal
from iop_portal.doors import for_roles
from iop_portal.people.models import Program, User
from iop_portal.people.roles import EVERYBODY
from scheduling.openings import openings, starts
from therapy.prescribing import policy_of

handler400, handler403, handler404, handler500 = (
    portal.handler400,
    portal.handler403,
    portal.handler404,
    portal.handler500,
)
TEMPLATE = """{% extends "base.html" %}{% block main %}<h1>{{ program }}</h1>{% endblock %}"""


@for_roles(*EVERYBODY, methods=("GET",))
def bare(request):
    return HttpResponse(engines["django"].from_string(TEMPLATE).render({"program": Program.objects.first()}, request))


@for_roles(*EVERYBODY, methods=("GET",))
def open_times(request, program_id, clinicians, days):
    """What any page of open times has to find out: times of fifty minutes with so many clinicians."""
    program = Program.objects.get(pk=program_id)
    people = list(User.objects.clinicians_of(program).order_by("pk").values_list("pk", flat=True)[:clinicians])
    begin = timezone.now() + timedelta(days=1)
    found = openings(
        people,
        program=program,
        policy=policy_of(program),
        begin=begin,
        end=begin + timedelta(days=days),
        now=timezone.now(),
    )
    offered = list(starts(found, minutes=50, zone=program.zone))
    return HttpResponse(engines["django"].from_string(TEMPLATE).render({"program": len(offered)}, request))


urlpatterns = [
    *portal.urlpatterns,
    path("bare/", bare, name="bare"),
    path("open/<int:program_id>/<int:clinicians>/<int:days>/", open_times, name="open_times"),
]
