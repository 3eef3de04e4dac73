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
from scheduling.finding import hour_times, local_midnight, one_each
from therapy.models import Modality

handler400, handler403, handler404, handler500 = (
    portal.handler400,
    portal.handler403,
    portal.handler404,
    portal.handler500,
)
PAGE = engines["django"].from_string(
    """{% extends "base.html" %}{% block main %}<h1>{{ program }}</h1>{% endblock %}"""
)
TIMES = engines["django"].from_string(
    """{% extends "base.html" %}{% block main %}<ol>{% for time in times %}<li>{{ time.begins|day_clock }}</li>"""
    """{% endfor %}</ol>{% endblock %}"""
)
MINUTES = 50


@for_roles(*EVERYBODY, methods=("GET",))
def bare(request):
    return HttpResponse(PAGE.render({"program": Program.objects.first()}, request))


@for_roles(*EVERYBODY, methods=("GET",))
def open_times(request, modality_id, clinician_id, days):
    """What a page of open times has to find out, and the times themselves. Clinician 0 stands for all who give it."""
    way = Modality.objects.visible_to(request.user).select_related("program__policy").get(pk=modality_id)
    now = timezone.now()
    begin = local_midnight(timezone.localdate(now) + timedelta(days=1), request.user.zone)
    times = hour_times(
        request.user,
        way,
        minutes=MINUTES,
        begin=begin,
        end=begin + timedelta(days=days),
        now=now,
        clinician=User(pk=clinician_id) if clinician_id else None,
    )
    return HttpResponse(TIMES.render({"times": one_each(times)}, request))


urlpatterns = [
    *portal.urlpatterns,
    path("bare/", bare, name="bare"),
    path("open/<int:modality_id>/<int:clinician_id>/<int:days>/", open_times, name="open_times"),
]
