"""When something is wrong: a sentence that says what, what to do, and whom to call.

A page that failed because the database is away cannot be mended by asking it again: what is shown for 400, 500
and 503 asks nobody for anything.
"""

import sys

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from iop_portal.accounts.roles import ended_internship

LONG_ANSWER = 40
SECRET = ("password", "token", "code")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return _alone("413.html", 413)
    return _alone("400.html", 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    user = request.user
    ended = ended_internship(user, now=timezone.now()) if user.is_authenticated else None
    if ended:
        return render(request, "home/internship_over.html", {"ended": ended}, status=403)
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "csrf_failure.html", {"written": _written(request)}, status=403)


def _written(request: HttpRequest) -> list[str]:
    """Long answers of a form that came from one of our own pages, to be copied: browsers do not keep them for us."""
    if request.headers.get("Sec-Fetch-Site") != "same-origin":
        return []
    answers = request.POST.dict().items()
    return [
        str(text) for name, text in answers if len(text) >= LONG_ANSWER and not any(word in name for word in SECRET)
    ]


def server_error(request: HttpRequest) -> HttpResponse:
    if not isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return _alone("500.html", 500)
    # A signed-in person's session could not be read, on the way to the one page that always has to open.
    if request.path == reverse("home:help"):
        return _alone("home/help.html", 200)
    return _alone("503.html", 503)


def _alone(template: str, status: int) -> HttpResponse:
    """Without a request there are no context processors, and so neither a session nor a query."""
    return HttpResponse(render_to_string(template), status=status)
