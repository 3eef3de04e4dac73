"""Quiet hours: at night a program sends only what cannot wait."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from iop_portal.people.models import Program


def morning_after(program: Program, now: datetime) -> datetime | None:
    """When the quiet hours end that a moment lies in; None outside them. They are wall-clock times of the program."""
    here = now.astimezone(ZoneInfo(program.zone))
    begins, ends = program.quiet_from, program.quiet_until
    late = here.time() >= begins
    early = here.time() < ends
    if not (late and early if begins < ends else late or early):
        return None
    day = here.date() if early else here.date() + timedelta(days=1)
    return datetime.combine(day, ends, here.tzinfo)
