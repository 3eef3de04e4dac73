"""Signing in by one click."""

from allauth.account import app_settings
from allauth.account.forms import LoginForm
from allauth.utils import get_form_class
from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from iop_portal.demo.cast import PASSWORD, PERSONAS
from iop_portal.doors import for_anybody


@for_anybody("POST")
def enter(request: HttpRequest, slug: str) -> HttpResponse:
    """Go the way that everybody goes: the password is checked, and staff are asked for their second step."""
    persona = next((persona for persona in PERSONAS if persona.slug == slug), None)
    if persona is None:
        raise Http404
    if request.user.is_authenticated:
        logout(request)
    form_class = get_form_class(app_settings.FORMS, "login", LoginForm)
    form = form_class({"login": persona.email, "password": PASSWORD}, request=request)
    if not form.is_valid():
        text = _("%(name)s has another password now. Sign in with it, or start the demonstration anew.")
        messages.error(request, text % {"name": persona.label})
        return redirect("account_login")
    response: HttpResponse = form.login(request)
    return response
