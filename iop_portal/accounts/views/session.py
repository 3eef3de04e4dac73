"""Staying signed in a little longer, and leaving at once."""

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from iop_portal.accounts import sessions
from iop_portal.audit import trail
from iop_portal.doors import PortalRequest, for_anybody, for_roles
from iop_portal.people.models import User
from iop_portal.people.roles import EVERYBODY


@for_roles(*EVERYBODY, methods=("POST",))
def extend_session(request: PortalRequest) -> JsonResponse:
    """How many seconds are left now; the twelve hours in all do not grow."""
    now = timezone.now()
    sessions.extend(request.session, now=now)
    left = sessions.time_left(request.session, request.user, now=now)
    return JsonResponse({"seconds": int(left.total_seconds())})


@for_anybody("POST")
def lock_session(request: HttpRequest) -> HttpResponse:
    """For "leave this page quickly", sent as a beacon while the page goes away. Sent twice, it does nothing more."""
    if isinstance(request.user, User):
        trail.record("account.signed_out", request.user, by=request.user, at=timezone.now())
        logout(request)
    return HttpResponse(status=204)
