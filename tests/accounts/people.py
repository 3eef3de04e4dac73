"""People who can walk through the sign-in pages themselves: with a confirmed address, perhaps with a second step."""

import time
from datetime import UTC, datetime

import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value

PASSWORD = "portal-demo"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def owner_of(user):
    """The same person, with their address confirmed."""
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def with_app(user):
    TOTP.activate(user, SECRET)
    return user


def code_now(secret=SECRET):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def half_a_minute(after=0):
    """The clock at the beginning of the half minute in which a code is good, so that a browser has time to send it."""
    return time_machine.travel(datetime.fromtimestamp((int(time.time()) // 30 + after) * 30, UTC))


def has_app(user):
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()
