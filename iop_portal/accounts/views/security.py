"""Sign-in and security: the second step."""

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import remove_webauthn
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.roles import EVERYBODY


@for_roles(*EVERYBODY, methods=("GET",))
def protect(request: PortalRequest) -> HttpResponse:
    return render(request, "accounts/protect.html")


@for_roles(*EVERYBODY)
def remove_passkey(request: PortalRequest, pk: int) -> HttpResponse:
    """Before allauth's own page, which asks the adapter for apps but not for passkeys."""
    passkeys = Authenticator.objects.filter(user=request.user, type=Authenticator.Type.WEBAUTHN)
    passkey = get_object_or_404(passkeys, pk=pk)
    if not get_adapter().can_delete_authenticator(passkey):
        return render(request, "accounts/passkey_stays.html", status=409)
    removed: HttpResponse = remove_webauthn(request, pk=pk)
    return removed
