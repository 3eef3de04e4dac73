"""Methods that no page has, and a page for an answer that would otherwise be blank."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render

METHOD_NOT_ALLOWED = 405


class SpokenRefusal:
    """Somebody who signs in again is led back to where they were, even where only a button leads: say so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code != METHOD_NOT_ALLOWED or not request.accepts("text/html"):
            return response
        page = render(request, "405.html", status=METHOD_NOT_ALLOWED)
        page.headers["Allow"] = response.headers.get("Allow", "")
        return page


class PagesAreReadOrSent:
    """Views of libraries take PUT for POST, or do their work before they look at the method. Ours have three."""

    METHODS = ("GET", "HEAD", "POST")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in self.METHODS:
            return HttpResponseNotAllowed(self.METHODS)
        return self.get_response(request)
