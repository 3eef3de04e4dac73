"""What holds for a whole session: limits, the second step of staff, one's own zone and language."""

import zoneinfo
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.db import Error as DatabaseAway
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from iop_portal.accounts import sessions
from iop_portal.audit import trail
from iop_portal.people.models import User

Next = Callable[[HttpRequest], HttpResponseBase]
View = Callable[..., HttpResponseBase]

CLEAR = "Clear-Site-Data"
# Pages that ask for themselves: a part of another page never holds them.
WHOLE_PAGES = ("account_login", "account_reauthenticate", "mfa_reauthenticate", "accounts:protect")
# What staff may do before their second step: take it, or go.
SETTING_UP = frozenset(
    {
        "account_logout",
        "account_reauthenticate",
        "accounts:extend_session",
        "accounts:lock_session",
        "accounts:protect",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
    }
)


def signed_in(request: HttpRequest) -> User | None:
    """Nobody is, where the database cannot be asked: pages for everybody still open then."""
    try:
        return request.user if request.user.is_authenticated else None
    except DatabaseAway:
        return None


def open_to_anybody(view: View) -> bool:
    return not getattr(view, "login_required", True)


class SessionLimits:
    """End a session that was idle or lasted too long, say so once, and keep where the person was going.

    A request that a page made by itself extends nothing. The header `X-Portal-Poll: 1` tells of it, or `turned=1` in
    the address, where a page turns to the next by itself and can send no header.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        before = signed_in(request)
        response = self.get_response(request)
        if before and not signed_in(request):
            response.headers.setdefault(CLEAR, '"cache"')
        return _as_whole_page(request, response)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        user = signed_in(request)
        if user is None:
            return None
        now = timezone.now()
        if sessions.time_left(request.session, user, now=now).total_seconds() <= 0:
            return self._end(request, user, view, now)
        if not _made_by_itself(request):
            sessions.touch(request.session, now=now)
        return None

    def _end(self, request: HttpRequest, user: User, view: View, now: datetime) -> HttpResponseBase | None:
        why = _why_it_ended(request, user, now)
        trail.record("account.timed_out", user, by=user, at=now)
        logout(request)
        if open_to_anybody(view):
            if request.method == "GET":
                messages.info(request, why)
            return None
        if request.method in ("GET", "HEAD") or _is_htmx(request):
            messages.info(request, why)
            return _to_sign_in(request)
        return render(request, "accounts/signed_out.html", {"why": why}, status=401)


def _made_by_itself(request: HttpRequest) -> bool:
    return request.headers.get("X-Portal-Poll") == "1" or request.GET.get("turned") == "1"


class StaffSecondStep:
    """Staff take a second step in every session, and until then see nothing but how to."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        if open_to_anybody(view) or match is None or match.view_name in SETTING_UP:
            return None
        user = signed_in(request)
        if user is None or not user.is_staff_member or second_step_taken(request, user):
            return None
        return redirect("accounts:protect")


def second_step_taken(request: HttpRequest, user: User) -> bool:
    return any(record["method"] == "mfa" for record in get_authentication_records(request, user))


class OwnZoneAndLanguage:
    """Times and words are the person's own, from their settings."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        user = signed_in(request)
        if user is None:
            return self.get_response(request)
        with timezone.override(zoneinfo.ZoneInfo(user.zone)), translation.override(user.language):
            return self.get_response(request)


def _why_it_ended(request: HttpRequest, user: User, now: datetime) -> str:
    if sessions.ended_by_age(request.session, now=now):
        hours = settings.PORTAL_SESSION_LONGEST.total_seconds() // 3600
        return _("We signed you out after %(hours)d hours, to keep what is yours safe.") % {"hours": hours}
    minutes = sessions.idle_limit(user).total_seconds() // 60
    return _("We signed you out because nothing happened for %(minutes)d minutes.") % {"minutes": minutes}


def _is_htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': request.get_full_path()})}")


def _as_whole_page(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """htmx would put the sign-in page into a part of this one: send the browser there instead, and back here."""
    if response.status_code != 302 or not _is_htmx(request):
        return response
    target = response.headers["Location"].partition("?")[0]
    if target not in {reverse(name) for name in WHOLE_PAGES}:
        return response
    here = request.htmx.current_url_abs_path  # type: ignore[attr-defined]
    client_redirect = HttpResponseClientRedirect(f"{target}?{urlencode({'next': here})}" if here else target)
    if CLEAR in response.headers:
        client_redirect.headers[CLEAR] = response.headers[CLEAR]
    return client_redirect
