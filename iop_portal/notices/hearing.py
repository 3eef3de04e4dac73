"""Whether what a provider says it heard is really from the provider."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from django.conf import settings

# A message that somebody recorded cannot be played again later. A STOP played twice does nothing more.
CLOCKS_DIFFER_BY = timedelta(minutes=5)


def signature_of(at: str, body: bytes) -> str:
    return hmac.new(settings.PORTAL_TEXT_SECRET.encode(), at.encode() + b"." + body, "sha256").hexdigest()


def is_genuine(*, at: str, signature: str, body: bytes, now: datetime) -> bool:
    """`at` is in seconds since 1970. Without a secret nobody is believed."""
    if not settings.PORTAL_TEXT_SECRET or not at.isdecimal() or len(at) > 12:
        return False
    if abs(now.timestamp() - int(at)) > CLOCKS_DIFFER_BY.total_seconds():
        return False
    return hmac.compare_digest(signature_of(at, body).encode(), signature.encode())
