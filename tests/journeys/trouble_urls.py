"""A map with a way into each kind of trouble."""

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404
from django.urls import path
from django.views.decorators.http import require_POST

from iop_portal import urls as portal

handler400, handler403, handler404, handler500 = (
    portal.handler400,
    portal.handler403,
    portal.handler404,
    portal.handler500,
)
TROUBLE = {
    400: BadRequest,
    403: PermissionDenied,
    404: Http404,
    413: RequestDataTooBig,
    500: ZeroDivisionError,
    503: OperationalError,
}


@login_not_required
def trouble(request, status):
    raise TROUBLE[status]


urlpatterns = [
    *portal.urlpatterns,
    path("trouble/405/", login_not_required(require_POST(trouble)), {"status": 405}),
    path("trouble/<int:status>/", trouble),
]
