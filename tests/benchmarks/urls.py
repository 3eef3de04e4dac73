"""The portal's own map, and a bare view to measure against: signed in, all middleware, one query, one template."""

from django.http import HttpResponse
from django.template import engines
from django.urls import path

from iop_portal import urls as portal
from iop_portal.doors import for_roles
from iop_portal.people.models import Program
from iop_portal.people.roles import EVERYBODY

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


urlpatterns = [*portal.urlpatterns, path("bare/", bare, name="bare")]
