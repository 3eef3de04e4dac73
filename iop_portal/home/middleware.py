"""Methods that no page has, and answers that say what they are: with a page, and with the right status."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render
from django.template.response import TemplateResponse


class SpokenRefusal:
    """Somebody who signs in again is led back to where they were, even where only a button leads: say so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or not request.accepts("text/html"):
            return response
        page = render(request, "405.html", status=HTTPStatus.METHOD_NOT_ALLOWED)
        page.headers["Allow"] = response.headers.get("Allow", "")
        return page

    def process_template_response(self, request: HttpRequest, response: TemplateResponse) -> TemplateResponse:
        """The library's sign-in pages answer 200 with a form that has to be mended; ours answer 400."""
        form = (response.context_data or {}).get("form")
        if response.status_code == HTTPStatus.OK and form is not None and form.is_bound and form.errors:
            response.status_code = HTTPStatus.BAD_REQUEST
        return response


class PagesAreReadOrSent:
    """Views of libraries take PUT for POST, or do their work before they look at the method. Ours have three."""

    METHODS = ("GET", "HEAD", "POST")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in self.METHODS:
            return HttpResponseNotAllowed(self.METHODS)
        return self.get_response(request)
