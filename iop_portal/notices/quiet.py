"""Quiet hours: at night a program sends only what cannot wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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


def after_waking(program: Program, *, since: datetime, length: timedelta) -> datetime:
    """The moment by which so much time outside the quiet hours will have passed, in UTC."""
    moment, left = since.astimezone(UTC), length
    while True:
        morning = morning_after(program, moment)
        moment = max(moment, morning.astimezone(UTC)) if morning else moment
        awake = _evening_after(program, moment) - moment
        if awake >= left:
            return moment + left
        moment, left = moment + awake, left - awake


def _evening_after(program: Program, moment: datetime) -> datetime:
    """When the next quiet hours begin."""
    here = moment.astimezone(ZoneInfo(program.zone))
    days = (here.date() + timedelta(days=ahead) for ahead in range(3))
    evenings = (datetime.combine(day, program.quiet_from, here.tzinfo).astimezone(UTC) for day in days)
    return next(evening for evening in evenings if evening > moment)
