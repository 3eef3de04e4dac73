"""Every line of the trail knows its request: the address, and the number that the log gives it too."""

from collections.abc import Callable

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from iop_portal.audit.trail import Origin, origin
from iop_portal.logs import request_id


class RememberAddress:
    """Keep the caller's address, trusting only the configured number of proxies, for `trail.record`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = origin.set(Origin(_address(request), request_id.get()))
        try:
            return self.get_response(request)
        finally:
            origin.reset(token)


def _address(request: HttpRequest) -> str | None:
    try:
        return get_adapter().get_client_ip(request) or None
    except PermissionDenied:
        return None
