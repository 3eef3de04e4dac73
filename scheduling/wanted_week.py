"""What a week is asked to be: the sessions that one could come to, those that are booked, needs and wishes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

NO_TIME = timedelta(0)
MINUTE = timedelta(minutes=1)


class Rule(StrEnum):
    """What a week is asked to be. In this order they are tried when it is explained why they clash."""

    COMMITMENTS = "commitments"
    PARTS = "parts"
    WEEKDAYS = "weekdays"
    TRAVEL = "travel"
    PEOPLE = "people"
    GAPS = "gaps"
    MIX = "mix"
    DAYS = "days"
    HOURS = "hours"


NEEDS = frozenset({Rule.HOURS, Rule.DAYS})
# Where they cannot be met whole, as much of them as possible comes before any wish.
COST_OF_A_MISSING_MINUTE = 100
COST_OF_A_MISSING_DAY = 4_000
COST_OF_A_MINUTE_TOO_MANY = 1
# What was suggested before stays, unless another week is better by more than this.
WORTH_OF_STAYING = 70


@dataclass(frozen=True)
class Slot:
    """A session, one that is booked or one that could be.

    `day` is the program's, on which its `minutes` count. `share` is what it is of the mix. `against` are the rules that
    it breaks by itself, such as being on another weekday than one wishes. Of the same `way` there is one a day at most.
    """

    key: str
    begins: datetime
    ends: datetime
    day: date
    way: str
    share: str
    minutes: int
    travels: bool
    against: frozenset[Rule] = frozenset()


@dataclass(frozen=True)
class Share:
    """How often in the week one wishes for something, and how often there may be at most."""

    wanted: int
    most: int


@dataclass(frozen=True)
class Question:
    """`weights` say what one break of a wish costs (a waiting minute, for gaps). What is in `must` is never broken.

    `ways` is how often a week the care plan has what: fewer of it cost as a break of the mix does, more of it nothing.
    `travel` lies between a session in a room and one at home. `kept` are keys that have to be among the chosen, `stay`
    those that were suggested before.
    """

    candidates: tuple[Slot, ...]
    booked: tuple[Slot, ...]
    wanted_minutes: int
    wanted_days: int
    shares: Mapping[str, Share] = field(default_factory=dict)
    ways: Mapping[str, int] = field(default_factory=dict)
    weights: Mapping[Rule, int] = field(default_factory=dict)
    must: frozenset[Rule] = frozenset()
    most_travel_days: int = 7
    longest_wait: int = 60
    longest_day: int = 300
    travel: timedelta = NO_TIME
    kept: frozenset[str] = frozenset()
    stay: frozenset[str] = frozenset()


def overlap(one: Slot, other: Slot, travel: timedelta) -> bool:
    """Whether somebody cannot come to both: at the same time, or one at home and one not, without the way between."""
    apart = travel if one.travels != other.travels else NO_TIME
    return one.begins < other.ends + apart and other.begins < one.ends + apart


def waiting_of(slots: Iterable[Slot]) -> int:
    """Minutes between the first session of a day and the last, in which there is none."""
    waited = NO_TIME
    for same in by_day(slots).values():
        latest = min(slot.begins for slot in same)
        for slot in sorted(same, key=lambda one: one.begins):
            waited += max(NO_TIME, slot.begins - latest)
            latest = max(latest, slot.ends)
    return waited // MINUTE


def by_day(slots: Iterable[Slot]) -> dict[date, list[Slot]]:
    days = defaultdict(list)
    for slot in slots:
        days[slot.day].append(slot)
    return dict(days)


def minutes_of(slots: Iterable[Slot]) -> int:
    return sum(slot.minutes for slot in slots)
