"""The authenticators of the demonstration's staff. They answer real codes to the real check."""

from __future__ import annotations

from datetime import datetime

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.utils import decrypt, encrypt
from django.utils import timezone

from iop_portal.people.models import User


def give_device(user: User) -> None:
    """An authenticator with a secret of its own, sealed by the adapter like any other, and recovery codes."""
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)


def ready_code(user: User, now: datetime | None = None) -> str:
    """A code that is good until its half minute ends; empty where the person has no authenticator.

    A code works once. Where this half minute's code has been used, the device gets a new secret, as if the
    person held another one: the memory of used codes stays as strict as it is.
    """
    now = now or timezone.now()
    device = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
    if device is None:
        return ""
    if device.last_used_at and _counter(device.last_used_at) == _counter(now):
        device.data["secret"] = encrypt(generate_totp_secret())
        device.last_used_at = None
        device.save(update_fields=["data", "last_used_at"])
    return str(format_hotp_value(hotp_value(decrypt(device.data["secret"]), _counter(now))))


def _counter(when: datetime) -> int:
    """RFC 6238, section 4.2: half minutes since 1970."""
    return int(when.timestamp()) // int(app_settings.TOTP_PERIOD)
