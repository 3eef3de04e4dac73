"""The map: one include per app."""

from django.conf import settings
from django.urls import include, path

from iop_portal import health

handler400 = "iop_portal.home.views.errors.bad_request"
handler403 = "iop_portal.home.views.errors.forbidden"
handler404 = "iop_portal.home.views.errors.not_found"
handler500 = "iop_portal.home.views.errors.server_error"

urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("iop_portal.home.urls")),
    path("", include("iop_portal.accounts.urls")),
    path("", include("iop_portal.followups.urls")),
    path("", include("iop_portal.notices.urls")),
    path("", include("scheduling.urls")),
    path("", include("therapy.urls")),
    path("", include("iop_portal.office.urls")),
]
if settings.PORTAL_DEMO or settings.PORTAL_ENV != "production":
    urlpatterns += [path("", include("iop_portal.demo.urls"))]
