"""I need help now: the page that has to open whatever else is broken."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from iop_portal.doors import for_anybody


@for_anybody("GET", "HEAD")
def help_now(request: HttpRequest) -> HttpResponse:
    return render(request, "home/help.html")
