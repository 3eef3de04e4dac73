"""Headers that no view should have to remember."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

PERMISSIONS = (
    ", ".join(
        f"{feature}=()"
        for feature in ("accelerometer", "camera", "geolocation", "gyroscope", "microphone", "payment", "usb")
    )
    + ", publickey-credentials-get=(self), publickey-credentials-create=(self)"
)


class PrivateByDefault:
    """Nothing that a person sees is kept by a shared computer, unless a view says so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("X-Robots-Tag", "noindex, nofollow")
        return response
