"""The wall clock: when a time of day is, on a day of a zone whose clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from psycopg2.extras import DateTimeTZRange


def moment_of(day: date, at: time, zone: str) -> datetime:
    """Where the clock skips a wall time it counts as long after midnight as it would have (2:30 becomes 3:30); where
    one comes twice, the later is meant. PostgreSQL's AT TIME ZONE says the same.
    """
    wall = datetime.combine(day, at)
    later = wall.replace(tzinfo=ZoneInfo(zone), fold=1).astimezone(UTC)
    if later.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall:
        return later
    return wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def stretch_of(day: date, at: time, zone: str, *, minutes: int) -> DateTimeTZRange:
    begins = moment_of(day, at, zone)
    return DateTimeTZRange(begins, begins + timedelta(minutes=minutes), "[)")
