"""Reading somebody's own calendar: when they are busy, and nothing else of what it says.

A calendar is made by strangers and can be made to keep a parser busy for ever. So it is read in a process of its own
(`read_apart`), with little time, little memory and none of the portal's secrets. This module is that process, too, and
imports nothing of the portal.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar

MOST_BYTES = 1_000_000
MOST_ENTRIES = 5_000
MOST_PARTS = 4 * MOST_ENTRIES
# Of one entry: the days that are named one by one, and the times of one day.
MOST_DATES, MOST_A_DAY = 1_000, 4
MOST_BUSY = 3_000
SECONDS, ELAPSED, MEMORY = 5, 15, 512 * 2**20
OFTEN_ENOUGH = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
ONE_DAY = timedelta(days=1)
ROOT = Path(__file__).resolve().parent.parent

Stretch = tuple[datetime, datetime]


class Trouble(StrEnum):
    NOT_A_CALENDAR = "not_a_calendar"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    TOO_OFTEN = "too_often"
    TOO_LONG = "too_long"
    BROKEN = "broken"


class Unreadable(Exception):
    def __init__(self, trouble: Trouble) -> None:
        self.trouble = trouble
        super().__init__(trouble)


def read_apart(data: bytes, *, begin: datetime, end: datetime, zone: str, whole_days: bool) -> list[Stretch]:
    """`read` in a process of its own. Raises Unreadable."""
    if len(data) > MOST_BYTES:
        raise Unreadable(Trouble.TOO_LARGE)
    asked = {"begin": begin.isoformat(), "end": end.isoformat(), "zone": zone, "whole_days": whole_days}
    try:
        done = subprocess.run(  # noqa: S603  ourselves
            [sys.executable, "-E", "-m", __name__],
            input=json.dumps(asked).encode() + b"\n" + data,
            capture_output=True,
            timeout=ELAPSED,
            cwd=ROOT,
            env={"PATH": os.environ.get("PATH", "")},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unreadable(Trouble.TOO_LONG) from None
    if done.returncode:
        raise Unreadable(Trouble.TOO_LONG)
    answer = json.loads(done.stdout)
    if "trouble" in answer:
        raise Unreadable(Trouble(answer["trouble"]))
    return [(datetime.fromisoformat(begins), datetime.fromisoformat(ends)) for begins, ends in answer["busy"]]


def read(data: bytes, *, begin: datetime, end: datetime, zone: ZoneInfo, whole_days: bool) -> list[Stretch]:
    """When somebody is busy between two aware datetimes, in UTC: in order, and none touches the next.

    What is cancelled or marked as free is left out, and so is what lasts whole days unless these are wanted. A time
    without a zone is meant in `zone`. Raises Unreadable.
    """
    check_size(data)
    try:
        calendars = Calendar.from_ical(data, multiple=True)
        each = (_stretches(calendar, begin, end, zone, whole_days=whole_days) for calendar in calendars)
        found = [stretch for stretches in each for stretch in stretches]
    except Unreadable:
        raise
    except (MemoryError, RecursionError):
        raise Unreadable(Trouble.TOO_LONG) from None
    except Exception:
        raise Unreadable(Trouble.BROKEN) from None
    busy = together((max(begins, begin), min(ends, end)) for begins, ends in found if begins < end and begin < ends)
    if len(busy) > MOST_BUSY:
        raise Unreadable(Trouble.TOO_MANY)
    return busy


def check_size(data: bytes) -> None:
    """What can be said without reading it."""
    if len(data) > MOST_BYTES:
        raise Unreadable(Trouble.TOO_LARGE)
    large = data.removeprefix(b"\xef\xbb\xbf").lstrip().upper()
    if not large.startswith(b"BEGIN:VCALENDAR"):
        raise Unreadable(Trouble.NOT_A_CALENDAR)
    # Cut off on the way it would hold nothing, as if its owner were free.
    if not large.rstrip().endswith(b"END:VCALENDAR"):
        raise Unreadable(Trouble.BROKEN)
    if large.count(b"BEGIN:VEVENT") > MOST_ENTRIES or large.count(b"BEGIN:") > MOST_PARTS:
        raise Unreadable(Trouble.TOO_MANY)


def together(found: Iterable[Stretch]) -> list[Stretch]:
    joined: list[Stretch] = []
    for begins, ends in sorted(found):
        if joined and begins <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], ends)
        else:
            joined.append((begins, ends))
    return joined


def _stretches(
    calendar: Calendar, begin: datetime, end: datetime, zone: ZoneInfo, *, whole_days: bool
) -> Iterator[Stretch]:
    for part in calendar.walk():
        _check_repeating(part)
    # Times without a zone are compared with these as if they were in their zone: a day more on either side.
    for event in recurring_ical_events.of(calendar, components=["VEVENT"]).between(begin - ONE_DAY, end + ONE_DAY):
        if event.get("TRANSP", "").upper() == "TRANSPARENT" or event.get("STATUS", "").upper() == "CANCELLED":
            continue
        begins, ends = event.start, event.end
        if isinstance(begins, datetime) or whole_days:
            stretch = _moment(begins, zone), _moment(ends, zone)
            if stretch[0] < stretch[1]:
                yield stretch


def _moment(at: date, zone: ZoneInfo) -> datetime:
    if not isinstance(at, datetime):
        at = datetime.combine(at, time(0))
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _check_repeating(part: Any) -> None:
    """More than a day's few times can be meant by nobody, and takes for ever to unfold."""
    for rule in _all(part, "RRULE") + _all(part, "EXRULE"):
        if not OFTEN_ENOUGH.issuperset(str(value).upper() for value in rule.get("FREQ", [])):
            raise Unreadable(Trouble.TOO_OFTEN)
        times = len(rule.get("BYHOUR", "1")) * len(rule.get("BYMINUTE", "1")) * len(rule.get("BYSECOND", "1"))
        if times > MOST_A_DAY:
            raise Unreadable(Trouble.TOO_OFTEN)
        if any(int(value) < 1 for value in rule.get("INTERVAL", [])):
            raise Unreadable(Trouble.BROKEN)
    named = sum(len(getattr(dates, "dts", [])) for dates in _all(part, "RDATE") + _all(part, "EXDATE"))
    if named > MOST_DATES:
        raise Unreadable(Trouble.TOO_MANY)


def _all(part: Any, name: str) -> list[Any]:
    found = part.get(name, [])
    return found if isinstance(found, list) else [found]


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    header, _line, data = sys.stdin.buffer.read().partition(b"\n")
    asked = json.loads(header)
    begin, end = datetime.fromisoformat(asked["begin"]), datetime.fromisoformat(asked["end"])
    try:
        busy = read(data, begin=begin, end=end, zone=ZoneInfo(asked["zone"]), whole_days=asked["whole_days"])
        answer: dict[str, object] = {"busy": [[begins.isoformat(), ends.isoformat()] for begins, ends in busy]}
    except Unreadable as unreadable:
        answer = {"trouble": unreadable.trouble}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
