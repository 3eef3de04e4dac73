"""Signed in, as the sign-in pages would leave it, without walking through them."""

from allauth.account.internal.flows.login import record_authentication
from django.test import Client, RequestFactory
from django.utils import timezone

from iop_portal.accounts import sessions
from iop_portal.people.models import User


def sign_in(client: Client, user: User, *, second_step: bool | None = None) -> Client:
    """A moment ago. Staff come with their second step taken, others without; `second_step` says otherwise."""
    client.force_login(user)
    request = RequestFactory().get("/")
    request.session = client.session
    record_authentication(request, user, method="password", email=user.email, reauthenticated=True)
    if user.is_staff_member if second_step is None else second_step:
        record_authentication(request, user, method="mfa", type="totp", reauthenticated=True)
    sessions.begin(request.session, now=timezone.now())
    request.session.save()
    return client
