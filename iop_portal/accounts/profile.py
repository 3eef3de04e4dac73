"""One's own settings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from iop_portal.audit import trail
from iop_portal.notices import texting
from iop_portal.people.models import User
from iop_portal.writes import write


@write
def change_settings(user: User, *, changed: Iterable[str], now: datetime) -> User:
    """Keep the fields that the person changed, and no others: another page may have changed the rest meanwhile."""
    fields = sorted(changed)
    if fields:
        user.save(update_fields=fields)
        trail.record("account.settings_changed", user, by=user, at=now)
    if "phone" in fields:
        texting.follow_number(user, now=now)
    return user
