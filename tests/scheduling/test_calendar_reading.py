"""What is taken from somebody's own calendar, and what a calendar cannot do to us."""

import os
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.calendar_reading import MOST_BYTES, Trouble, Unreadable, read, read_apart
from tests.factories import NOON
from tests.scheduling.calendars import NINE_TO_FIVE, calendar_of, event

ZONE = ZoneInfo("America/New_York")
WEEK = {"begin": NOON, "end": NOON + timedelta(days=7)}


def busy(data, *, whole_days=False, **span):
    span = {**WEEK, **span}
    return [
        (begins.astimezone(ZONE).isoformat()[:16], ends.astimezone(ZONE).isoformat()[:16])
        for begins, ends in read(data, zone=ZONE, whole_days=whole_days, **span)
    ]


def test_nine_to_five_is_nine_to_five_on_each_weekday_and_across_a_clock_change():
    tuesday, *rest = busy(calendar_of(NINE_TO_FIVE))
    assert tuesday == ("2026-11-24T12:00", "2026-11-24T17:00")  # from the moment that was asked for
    assert [begins for begins, _ends in rest] == [f"{day}T09:00" for day in (
        "2026-11-25", "2026-11-26", "2026-11-27", "2026-11-30", "2026-12-01"
    )]  # fmt: skip
    spring = datetime(2027, 3, 13, tzinfo=UTC)
    assert busy(calendar_of(NINE_TO_FIVE), begin=spring, end=spring + timedelta(days=3)) == [
        ("2027-03-15T09:00", "2027-03-15T17:00")
    ]


def test_what_is_free_cancelled_or_lasts_a_whole_day_is_left_out():
    data = calendar_of(
        event("20261125T100000Z", "20261125T110000Z", "TRANSP:TRANSPARENT", uid="free"),
        event("20261125T120000Z", "20261125T130000Z", "STATUS:CANCELLED", uid="off"),
        event("VALUE=DATE:20261126", "VALUE=DATE:20261127", uid="birthday"),
        event("20261127T150000Z", "20261127T150000Z", uid="a moment"),
    )
    assert busy(data) == []
    assert busy(data, whole_days=True) == [("2026-11-26T00:00", "2026-11-27T00:00")]


def test_one_that_was_moved_left_out_or_cancelled_by_itself_is_not_where_it_was():
    data = calendar_of(
        event(
            "TZID=America/New_York:20261125T090000",
            "TZID=America/New_York:20261125T100000",
            "RRULE:FREQ=DAILY;COUNT=4",
            "EXDATE;TZID=America/New_York:20261126T090000",
        ),
        event(
            "TZID=America/New_York:20261127T150000",
            "TZID=America/New_York:20261127T160000",
            "RECURRENCE-ID;TZID=America/New_York:20261127T090000",
        ),
        event(
            "TZID=America/New_York:20261128T090000",
            "TZID=America/New_York:20261128T100000",
            "RECURRENCE-ID;TZID=America/New_York:20261128T090000",
            "STATUS:CANCELLED",
        ),
    )
    assert [begins for begins, _ends in busy(data)] == ["2026-11-25T09:00", "2026-11-27T15:00"]


def test_a_time_without_a_zone_is_meant_where_the_person_lives():
    assert busy(calendar_of(event("20261125T090000", "20261125T100000"), zone=False)) == [
        ("2026-11-25T09:00", "2026-11-25T10:00")
    ]


def test_what_touches_is_one_stretch():
    data = calendar_of(
        event("20261125T150000Z", "20261125T160000Z", uid="a"),
        event("20261125T160000Z", "20261125T170000Z", uid="b"),
        event("20261125T163000Z", "20261125T164500Z", uid="c"),
    )
    assert busy(data) == [("2026-11-25T10:00", "2026-11-25T12:00")]


DAILY = ("20261125T150000Z", "20261125T150100Z")
HUGE = {
    "nothing": (b"", Trouble.NOT_A_CALENDAR),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(200), Trouble.NOT_A_CALENDAR),
    "a page": (b"<!doctype html><title>BEGIN:VCALENDAR</title>", Trouble.NOT_A_CALENDAR),
    "more than a megabyte": (b"BEGIN:VCALENDAR\r\n" + b"X" * MOST_BYTES, Trouble.TOO_LARGE),
    "thousands of entries": (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 5_001 + b"END:VCALENDAR", Trouble.TOO_MANY),
    "boxes in boxes": (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:X\r\n" * 20_000 + b"END:VCALENDAR", Trouble.TOO_MANY),
    "every second": (calendar_of(event(*DAILY, "RRULE:FREQ=SECONDLY")), Trouble.TOO_OFTEN),
    "every minute": (calendar_of(event(*DAILY, "RRULE:FREQ=minutely;COUNT=999999999")), Trouble.TOO_OFTEN),
    "every hour of a day": (
        calendar_of(event(*DAILY, f"RRULE:FREQ=DAILY;BYHOUR={','.join(map(str, range(24)))}")),
        Trouble.TOO_OFTEN,
    ),
    "thousands of days by name": (
        calendar_of(event(*DAILY, "RDATE:" + ",".join(f"20261125T{n // 60:02}{n % 60:02}00Z" for n in range(1_200)))),
        Trouble.TOO_MANY,
    ),
    "no step": (calendar_of(event(*DAILY, "RRULE:FREQ=DAILY;INTERVAL=0")), Trouble.BROKEN),
    "an unknown rule": (calendar_of(event(*DAILY, "RRULE:FREQ=SOMETIMES")), Trouble.BROKEN),
    "a day that is none": (calendar_of(event("20261345T990000Z", "20261345T990000Z")), Trouble.BROKEN),
    "cut off": (calendar_of(NINE_TO_FIVE)[:-40], Trouble.BROKEN),
    "bytes": (b"BEGIN:VCALENDAR\r\n\xff\xfe\x00\r\nEND:VCALENDAR", Trouble.BROKEN),
}


@pytest.mark.parametrize("name", HUGE)
def test_what_cannot_be_read_is_refused_by_name(name):
    data, trouble = HUGE[name]
    with pytest.raises(Unreadable) as refused:
        read(data, zone=ZONE, whole_days=True, **WEEK)
    assert refused.value.trouble == trouble


def test_a_huge_count_and_a_beginning_long_ago_cost_nothing():
    data = calendar_of(event("19700101T150000Z", "19700101T160000Z", "RRULE:FREQ=WEEKLY;COUNT=2000000000"))
    assert len(busy(data)) == 1


# ── In a process of its own ───────────────────────────────────────────────────────────────────────────────────


def apart(data, **changes):
    return read_apart(data, **{"zone": "America/New_York", "whole_days": False, **WEEK, **changes})


def test_a_process_of_its_own_reads_the_same():
    data = calendar_of(NINE_TO_FIVE)
    assert apart(data) == read(data, zone=ZONE, whole_days=False, **WEEK)
    with pytest.raises(Unreadable) as refused:
        apart(b"nothing")
    assert refused.value.trouble == Trouble.NOT_A_CALENDAR


def test_a_rule_that_never_comes_true_is_ended_with_its_process():
    """Each looks through thousands of years for a thirtieth of February."""
    never = "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
    data = calendar_of(*(event(*DAILY, never, uid=str(number)) for number in range(400)))
    begun = os.times()
    with pytest.raises(Unreadable) as refused:
        apart(data)
    used = os.times().children_user + os.times().children_system - begun.children_user - begun.children_system
    assert refused.value.trouble == Trouble.TOO_LONG
    assert used < 8


def test_the_process_knows_none_of_our_secrets(monkeypatch):
    monkeypatch.setenv("PORTAL_SECRET_KEY", "zq-secret")
    seen = []
    monkeypatch.setattr("subprocess.run", lambda *_args, env, **_how: seen.append(env) or _Done())
    apart(calendar_of())
    assert [set(env) for env in seen] == [{"PATH"}]


class _Done:
    returncode, stdout = 0, b'{"busy": []}'
