"""Doors: who may come in. Every view states its roles; the access table in the tests holds them all."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from iop_portal.people.models import User
from iop_portal.people.roles import Role


class PortalRequest(HttpRequest):
    """A request of somebody who signed in."""

    user: User


P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
V = TypeVar("V", bound=Callable[..., HttpResponseBase])


def for_roles(
    *roles: Role, methods: tuple[str, ...] = ("GET", "POST")
) -> Callable[[Callable[Concatenate[PortalRequest, P], R]], Callable[Concatenate[HttpRequest, P], R]]:
    """Let in signed-in people with one of these roles; others get 403, whatever the method."""

    def decorate(
        view: Callable[Concatenate[PortalRequest, P], R],
    ) -> Callable[Concatenate[HttpRequest, P], R]:
        @wraps(view)
        def guarded(request: Any, *args: P.args, **kwargs: P.kwargs) -> R:
            if not request.user.roles & frozenset(roles):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        allowed = [*methods, "HEAD"] if "GET" in methods else [*methods]
        return cast(Callable[Concatenate[HttpRequest, P], R], require_http_methods(allowed)(guarded))

    return decorate


def for_anybody(*methods: str) -> Callable[[V], V]:
    """Open to the signed-out too."""

    def decorate(view: V) -> V:
        return login_not_required(require_http_methods(methods)(view))

    return decorate


def way_back(wished: str, *, otherwise: str) -> str:
    """To the page of ours that somebody came from; it says so itself, since our pages send no referrer."""
    ours = wished.startswith("/") and url_has_allowed_host_and_scheme(wished, allowed_hosts=None)
    return wished if ours else otherwise


def asked_of_list(request: HttpRequest, *, unsaid: str) -> QueryDict:
    """What a list is narrowed to: sent, or said by an address. `unsaid`, a name, is sent and stands in no address."""
    if request.method == "POST":
        return request.POST
    asked = request.GET.copy()
    asked.pop(unsaid, None)
    return asked
