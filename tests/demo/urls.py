"""The map of a demonstration, for tests that run outside of one."""

from django.urls import include, path

from iop_portal import urls as portal
from iop_portal.demo.urls import demonstration

handler403 = portal.handler403
handler404 = portal.handler404

urlpatterns = [path("", include((demonstration, "demo"))), *portal.urlpatterns]
