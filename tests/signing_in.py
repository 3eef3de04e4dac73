"""Signed in, as the sign-in pages would leave it, without walking through them."""

import time

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.test import Client

from iop_portal.people.models import User


def sign_in(client: Client, user: User, *, second_step: bool | None = None) -> Client:
    """Staff come with their second step taken, others without; `second_step` says otherwise."""
    client.force_login(user)
    session = client.session
    methods = [{"method": "password", "at": time.time(), "email": user.email}]
    if user.is_staff_member if second_step is None else second_step:
        methods.append({"method": "mfa", "at": time.time(), "type": "totp"})
    session[AUTHENTICATION_METHODS_SESSION_KEY] = methods
    session.save()
    return client
