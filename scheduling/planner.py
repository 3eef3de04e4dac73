"""A week that fits: of all sessions that one could come to, those that meet the need and keep most of one's wishes.

Pure: it knows neither database nor pages. What is asked and what is answered are dataclasses, and the answer is proven
to be the best under the stated weights, or says that it is not. Where needs and firm wishes cannot be met together it
names an irreducible set of those that clash: without any one of them the others could be met.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from operator import attrgetter

from scheduling.day_plans import DayPlan, DayRules
from scheduling.solving import IntegerProgram, OutOfTime, Solution
from scheduling.wanted_week import (
    COST_OF_A_MINUTE_TOO_MANY,
    COST_OF_A_MISSING_DAY,
    COST_OF_A_MISSING_MINUTE,
    NEEDS,
    WORTH_OF_STAYING,
    Question,
    Rule,
    Slot,
    by_day,
    minutes_of,
    overlap,
    waiting_of,
)

# For the best week, and as many again for why there is none that keeps everything.
SECONDS = 0.5
# Few best weeks have a day that costs more than so much by itself.
A_DEAR_DAY = 300


@dataclass(frozen=True)
class WayOut:
    """What could be had if one firm wish were only a wish."""

    rule: Rule
    minutes: int
    days: int
    chosen: tuple[Slot, ...]


@dataclass(frozen=True)
class Plan:
    """`chosen` in order of time, those that were kept among them. `proven`: no other week costs less.

    `clash` is empty where the need and all firm wishes are met; otherwise it holds those that cannot be met together.
    """

    chosen: tuple[Slot, ...]
    cost: int
    proven: bool
    minutes: int
    days: int
    travel_days: int
    waiting: int
    clash: tuple[Rule, ...] = ()
    ways_out: tuple[WayOut, ...] = ()

    def against(self, rule: Rule) -> tuple[Slot, ...]:
        return tuple(slot for slot in self.chosen if rule in slot.against)


def plan_week(question: Question, *, seconds: float = SECONDS) -> Plan:
    """The best week. Raises OutOfTime where not even some week was found in so many seconds."""
    asked = _Asked.of(question, until=time.monotonic() + seconds)
    whole = question.must | NEEDS
    found = asked.solve(whole)
    if found is not None:
        return asked.plan(found)
    best = asked.plan(asked.solve_in_part(question.must))
    asked = replace(asked, until=time.monotonic() + seconds)
    try:
        clash = asked.clash(whole)
        ways_out = tuple(way for rule in clash if rule not in NEEDS for way in asked.way_out(rule, best))
    except OutOfTime:
        return replace(best, clash=tuple(rule for rule in Rule if rule in whole), proven=False)
    return replace(best, clash=clash, ways_out=ways_out)


# ── Solving ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Chosen:
    slots: tuple[Slot, ...]
    solution: Solution


@dataclass(frozen=True)
class _Asked:
    """A question made ready: what has to be in it counts as booked, what cannot be had is left out."""

    question: Question
    fixed: tuple[Slot, ...]
    kept: tuple[Slot, ...]
    open: tuple[Slot, ...]
    until: float

    @classmethod
    def of(cls, question: Question, *, until: float) -> _Asked:
        ordered = sorted(question.candidates, key=lambda slot: (slot.begins, slot.ends, slot.key))
        kept: list[Slot] = []
        for slot in ordered:
            taken = (*question.booked, *kept)
            if slot.key in question.kept and not any(overlap(slot, one, question.travel) for one in taken):
                kept.append(slot)
        fixed = (*question.booked, *kept)
        there = {(slot.way, slot.day) for slot in fixed}
        free = tuple(
            slot
            for slot in ordered
            if slot.key not in question.kept
            and (slot.way, slot.day) not in there
            and not any(overlap(slot, one, question.travel) for one in fixed)
        )
        return cls(question, fixed, tuple(kept), free, until)

    def solve(self, must: frozenset[Rule]) -> _Chosen | None:
        """First among days that cost little. A week that costs less than what was left out is the best.

        What is suggested before takes from the cost, and may come after what costs much.
        """
        gains = WORTH_OF_STAYING * sum(slot.key in self.question.stay for slot in self.open)
        found = self._among(must, dearest=A_DEAR_DAY)
        if found is not None and found.solution.cost + gains <= A_DEAR_DAY:
            return found
        if found is None:
            return self._among(must, dearest=None)
        try:
            return self._among(must, dearest=found.solution.cost + gains)
        except OutOfTime:
            return replace(found, solution=replace(found.solution, proven=False))

    def _among(self, must: frozenset[Rule], *, dearest: int | None) -> _Chosen | None:
        model = _Model(self, must, dearest)
        solution = model.program.solve(seconds=self.until - time.monotonic())
        if solution is None:
            return None
        return _Chosen(model.chosen(solution), solution)

    def solve_in_part(self, must: frozenset[Rule]) -> _Chosen:
        """As much of the need as goes with the firm wishes."""
        found = self.solve(must - NEEDS - {Rule.MIX})
        assert found is not None  # to choose nothing keeps all of these
        return found

    def plan(self, found: _Chosen) -> Plan:
        every = (*self.fixed, *found.slots)
        return Plan(
            chosen=tuple(sorted((*self.kept, *found.slots), key=lambda slot: slot.begins)),
            cost=found.solution.cost,
            proven=found.solution.proven,
            minutes=minutes_of(every),
            days=len(_days_of_care(every)),
            travel_days=len(_days_of_travel(every)),
            waiting=waiting_of(every),
        )

    def clash(self, rules: frozenset[Rule]) -> tuple[Rule, ...]:
        """Drop one rule after another without which it is impossible still. What is left cannot be made smaller."""
        left = rules
        for rule in Rule:
            if rule in left and self.solve(left - {rule}) is None:
                left -= {rule}
        return tuple(rule for rule in Rule if rule in left)

    def way_out(self, rule: Rule, best: Plan) -> Iterator[WayOut]:
        must = self.question.must - {rule}
        then = self.plan(self.solve(must | NEEDS) or self.solve_in_part(must))
        if (then.minutes, then.days) > (best.minutes, best.days):
            yield WayOut(rule, then.minutes, then.days, then.chosen)


class _Model:
    """The question as an integer program: a column for each way to spend a day, and rows for the rules of the week.

    What one day asks is kept in making its ways. So the program is small, and nearly says the answer by itself: one
    way is chosen for each day, and only hours, days and the mix tie the days together.
    """

    def __init__(self, asked: _Asked, must: frozenset[Rule], dearest: int | None) -> None:
        self.question, self.must, self.fixed = asked.question, must, asked.fixed
        self.program = IntegerProgram()
        slots = [slot for slot in asked.open if not slot.against & must]
        apart = [*_apart_by_night(slots, self.question.travel)]
        named = frozenset(slot for pair in apart for slot in pair)
        rules = DayRules(self.question, must, self._price, named, dearest, asked.until)
        self.plans: dict[int, DayPlan] = {}
        for on, there in by_day(slots).items():
            plans = rules.plans(there, [slot for slot in self.fixed if slot.day == on])
            columns = {self.program.choice(plan.cost): plan for plan in plans}
            self.program.bound([(column, 1) for column in columns], least=1, most=1)
            self.plans |= columns
        for pair in apart:
            self.program.bound(self._count("key", *(slot.key for slot in pair)), most=1)
        if Rule.TRAVEL in must:
            most = self.question.most_travel_days - len(_days_of_travel(self.fixed))
            self.program.bound([(column, 1) for column, plan in self.plans.items() if plan.travels], most=max(0, most))
        self._hours()
        self._days()
        self._mix()

    def chosen(self, solution: Solution) -> tuple[Slot, ...]:
        return tuple(slot for column, plan in self.plans.items() if solution.has(column) for slot in plan.chosen)

    def _weight(self, rule: Rule) -> int:
        return self.question.weights.get(rule, 0)

    def _price(self, slot: Slot) -> int:
        stays = WORTH_OF_STAYING if slot.key in self.question.stay else 0
        return sum(self._weight(rule) for rule in slot.against) - stays

    def _count(self, name: str, *values: str) -> list[tuple[int, float]]:
        """Of each way to spend a day: in how many of its sessions the field of this name has one of these values."""
        told = attrgetter(name)
        counts = ((column, sum(told(slot) in values for slot in plan.chosen)) for column, plan in self.plans.items())
        return [(column, count) for column, count in counts if count]

    def _hours(self) -> None:
        left = max(0, self.question.wanted_minutes - minutes_of(self.fixed))
        minutes: list[tuple[int, float]] = [(column, plan.minutes) for column, plan in self.plans.items()]
        missing = [] if Rule.HOURS in self.must else [(self.program.amount(COST_OF_A_MISSING_MINUTE), 1.0)]
        self.program.bound([*minutes, *missing], least=left)
        over = self.program.amount(COST_OF_A_MINUTE_TOO_MANY)
        self.program.bound([*minutes, (over, -1)], most=left)

    def _days(self) -> None:
        had = _days_of_care(self.fixed)
        left = max(0, self.question.wanted_days - len(had))
        missing = [] if Rule.DAYS in self.must else [(self.program.amount(COST_OF_A_MISSING_DAY), 1.0)]
        new = [(column, 1.0) for column, plan in self.plans.items() if plan.minutes and plan.chosen[0].day not in had]
        self.program.bound([*new, *missing], least=left)

    def _mix(self) -> None:
        for name, share in self.question.shares.items():
            had = sum(slot.share == name for slot in self.fixed)
            some = self._count("share", name)
            self.program.bound(some, most=max(0, share.most - had))
            left = max(0, share.wanted - had)
            missing = [] if Rule.MIX in self.must else [(self.program.amount(self._weight(Rule.MIX)), 1.0)]
            self.program.bound([*some, *missing], least=left)
            over = self.program.amount(self._weight(Rule.MIX))
            self.program.bound([*some, (over, -1)], most=left)
        for way, wanted in self.question.ways.items():
            left = wanted - sum(slot.way == way for slot in self.fixed)
            if left > 0:
                some = self._count("way", way)
                self.program.bound([*some, (self.program.amount(self._weight(Rule.MIX)), 1.0)], least=left)


def _days_of_care(slots: Iterable[Slot]) -> set[date]:
    return {slot.day for slot in slots if slot.minutes}


def _days_of_travel(slots: Iterable[Slot]) -> set[date]:
    return {slot.day for slot in slots if slot.travels}


def _apart_by_night(slots: list[Slot], travel: timedelta) -> Iterator[tuple[Slot, Slot]]:
    """Pairs on two days of which somebody can come to one only: over midnight, or with no time to get there."""
    for at, one in enumerate(slots):
        for other in slots[at + 1 :]:
            if other.begins >= one.ends + travel:
                break
            if one.day != other.day and overlap(one, other, travel):
                yield one, other
