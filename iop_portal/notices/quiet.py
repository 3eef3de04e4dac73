"""Quiet hours: at night only what cannot wait is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Quiet(Protocol):
    """Hours by the clock on the wall of a zone: those of a program, or a person's own."""

    @property
    def quiet_from(self) -> time: ...
    @property
    def quiet_until(self) -> time: ...
    @property
    def zone(self) -> str: ...


@dataclass(frozen=True)
class OwnHours:
    quiet_from: time
    quiet_until: time
    zone: str


def morning_after(quiet: Quiet, now: datetime) -> datetime | None:
    """When the quiet hours end that a moment lies in; None outside them."""
    here = now.astimezone(ZoneInfo(quiet.zone))
    begins, ends = quiet.quiet_from, quiet.quiet_until
    late = here.time() >= begins
    early = here.time() < ends
    if not (late and early if begins < ends else late or early):
        return None
    day = here.date() if early else here.date() + timedelta(days=1)
    return datetime.combine(day, ends, here.tzinfo)


def after_waking(program: Quiet, *, since: datetime, length: timedelta) -> datetime:
    """The moment by which so much time outside the quiet hours will have passed, in UTC."""
    moment, left = since.astimezone(UTC), length
    while True:
        morning = morning_after(program, moment)
        moment = max(moment, morning.astimezone(UTC)) if morning else moment
        awake = _evening_after(program, moment) - moment
        if awake >= left:
            return moment + left
        moment, left = moment + awake, left - awake


def _evening_after(program: Quiet, moment: datetime) -> datetime:
    """When the next quiet hours begin."""
    here = moment.astimezone(ZoneInfo(program.zone))
    days = (here.date() + timedelta(days=ahead) for ahead in range(3))
    evenings = (datetime.combine(day, program.quiet_from, here.tzinfo).astimezone(UTC) for day in days)
    return next(evening for evening in evenings if evening > moment)


def evening_before(quiet: Quiet, now: datetime) -> datetime | None:
    """When the quiet hours begin that a moment lies in; None outside them."""
    morning = morning_after(quiet, now)
    if morning is None:
        return None
    overnight = quiet.quiet_from > quiet.quiet_until
    day = morning.date() - timedelta(days=1) if overnight else morning.date()
    return datetime.combine(day, quiet.quiet_from, morning.tzinfo)
