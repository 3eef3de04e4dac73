"""Every way to spend one day that a best week could hold, made by going through its sessions in order of time.

Of two ways that are alike for the rest of the week only the cheaper is kept. A day of thirty sessions has about a
thousand of them on the way and sixty in the end, while it could be spent in some ten thousand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from scheduling.solving import OutOfTime
from scheduling.wanted_week import MINUTE, NO_TIME, Question, Rule, Slot, minutes_of, overlap, waiting_of

# Counts are digits of one number, so that they are added in one step. No day has this many sessions of one person.
BASE = 64


@dataclass(frozen=True)
class DayPlan:
    """`chosen` of the day in order of time, without what is fixed. `travels`: it becomes a day of travel."""

    chosen: tuple[Slot, ...]
    cost: int
    minutes: int
    travels: bool


class _Alike(NamedTuple):
    """What the rest of the week can tell of a day so far: two that are alike in this are told apart by their cost."""

    minutes: int
    counts: int
    ways: int
    travels: bool
    waited: int


class _SoFar(NamedTuple):
    cost: int
    chosen: tuple[Slot, ...]


@dataclass(frozen=True)
class DayRules:
    """What holds for each day of a week.

    `named` are sessions that the week asks for by themselves. No day is made that costs more
    than `dearest` on its way, where that is said.
    """

    question: Question
    must: frozenset[Rule]
    price: Callable[[Slot], int]
    named: frozenset[Slot]
    dearest: int | None
    until: float

    def plans(self, there: Iterable[Slot], fixed: list[Slot]) -> list[DayPlan]:
        """Raises OutOfTime."""
        return _Day(self, [*there], fixed).plans()

    def weight(self, rule: Rule) -> int:
        return self.question.weights.get(rule, 0)

    @property
    def travel_matters(self) -> bool:
        return Rule.TRAVEL in self.must or self.weight(Rule.TRAVEL) > 0


class _Day:
    def __init__(self, rules: DayRules, there: list[Slot], fixed: list[Slot]) -> None:
        self.rules, self.question = rules, rules.question
        self.fixed = frozenset(fixed)
        self.slots = sorted((*there, *fixed), key=lambda slot: (slot.begins, slot.ends, slot.key))
        self.minutes = [0 if slot in self.fixed else slot.minutes for slot in self.slots]
        self.most_minutes = max(0, self.question.longest_day - minutes_of(fixed))
        gaps = Rule.GAPS in rules.must
        self.price_of_waiting, self.price_of_travel = rules.weight(Rule.GAPS), rules.weight(Rule.TRAVEL)
        self.longest_wait = max(self.question.longest_wait, waiting_of(fixed)) if gaps else None
        newly = rules.travel_matters and not any(slot.travels for slot in fixed)
        self.travels = [newly and slot.travels for slot in self.slots]
        names = {slot.way: None for slot in there}
        self.ways = [0 if slot in self.fixed else 1 << list(names).index(slot.way) for slot in self.slots]
        self.prices = [0 if slot in self.fixed else rules.price(slot) for slot in self.slots]
        self.counts = [*self._counts()]
        self.next = [[*self._after(at)] for at in range(len(self.slots))]
        self.ways_ahead = [self._ways_ahead(at) for at in range(len(self.slots))]

    def plans(self) -> list[DayPlan]:
        best: dict[_Alike, _SoFar] = {} if self.fixed else {_Alike(0, 0, 0, False, 0): _SoFar(0, ())}
        last = max((at for at, slot in enumerate(self.slots) if slot in self.fixed), default=0)
        for at, ways in enumerate(self._ways_to_each()):
            if at >= last:
                for alike, so_far in ways.items():
                    _keep(best, alike._replace(ways=0, waited=0), so_far)
        return [DayPlan(so_far.chosen, so_far.cost, alike.minutes, alike.travels) for alike, so_far in best.items()]

    def _ways_to_each(self) -> Iterator[dict[_Alike, _SoFar]]:
        """Session by session, the ways through the day on which it is the last so far."""
        ways: list[dict[_Alike, _SoFar]] = [{} for _slot in self.slots]
        nothing = _Alike(0, 0, 0, False, 0), _SoFar(0, ())
        for at, slot in enumerate(self.slots):
            self._add(ways[at], at, *nothing, waited=0)
            if slot in self.fixed:
                break
        for at, here in enumerate(ways):
            if time.monotonic() > self.rules.until:
                raise OutOfTime
            for to, waited in self.next[at]:
                for alike, so_far in here.items():
                    self._add(ways[to], to, alike, so_far, waited)
            yield here

    def _add(self, ways: dict[_Alike, _SoFar], at: int, alike: _Alike, so_far: _SoFar, waited: int) -> None:
        minutes = alike.minutes + self.minutes[at]
        if alike.ways & self.ways[at] or minutes > self.most_minutes:
            return
        cost, waits = so_far.cost + self.prices[at] + self.price_of_waiting * waited, 0
        if self.longest_wait is not None:
            waits = alike.waited + waited
            if waits > self.longest_wait:
                return
        travels = alike.travels or self.travels[at]
        if travels and not alike.travels:
            cost += self.price_of_travel
        if self.rules.dearest is not None and cost > self.rules.dearest:
            return
        chosen = so_far.chosen if self.slots[at] in self.fixed else (*so_far.chosen, self.slots[at])
        ahead = (alike.ways | self.ways[at]) & self.ways_ahead[at]
        then = _Alike(minutes, alike.counts + self.counts[at], ahead, travels, waits)
        _keep(ways, then, _SoFar(cost, chosen))

    def _counts(self) -> Iterator[int]:
        """How often in the week there is something of these is asked, whether much or little."""
        asked = [*self.question.shares, *(("way", way) for way in self.question.ways), *self.rules.named]
        digits: Mapping[object, int] = {name: BASE**at for at, name in enumerate(asked)}
        for slot in self.slots:
            of = (slot.share, ("way", slot.way), slot)
            yield 0 if slot in self.fixed else sum(digits.get(name, 0) for name in of)

    def _after(self, at: int) -> Iterator[tuple[int, int]]:
        """What may come next, with the minutes of waiting. Nobody passes by what is fixed."""
        one = self.slots[at]
        for to in range(at + 1, len(self.slots)):
            other = self.slots[to]
            both_fixed = one in self.fixed and other in self.fixed
            if both_fixed or not overlap(one, other, self.question.travel):
                yield to, max(NO_TIME, other.begins - one.ends) // MINUTE
            if other in self.fixed:
                return

    def _ways_ahead(self, at: int) -> int:
        found = 0
        for to in range(at + 1, len(self.slots)):
            found |= self.ways[to]
        return found


def _keep(ways: dict[_Alike, _SoFar], alike: _Alike, so_far: _SoFar) -> None:
    there = ways.get(alike)
    if there is None or so_far.cost < there.cost:
        ways[alike] = so_far
