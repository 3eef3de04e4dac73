"""A week that fits: of all sessions that one could come to, those that meet the need and keep most of one's wishes.

Pure: it knows neither database nor pages. What is asked and what is answered are dataclasses, and the answer is proven
to be the best under the stated weights, or says that it is not. Where needs and firm wishes cannot be met together it
names an irreducible set of those that clash: without any one of them the others could be met.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from scheduling.solving import IntegerProgram, OutOfTime, Solution

# For the best week, and as many again for why there is none that keeps everything.
SECONDS = 0.5
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
        model = _Model(self, must)
        solution = model.program.solve(seconds=self.until - time.monotonic())
        if solution is None:
            return None
        chosen = (slot for slot, columns in model.columns.items() if any(map(solution.has, columns)))
        return _Chosen(tuple(chosen), solution)

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
            minutes=_minutes(every),
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
    """The question as an integer program: columns for each session that could be chosen, and rows for the rules.

    A day is a way from moment to moment: in, from session to session, waiting in between, and out again. As such a flow
    its bounds are tight, and proving takes a small part of the time that it takes with a row for each clash. A day
    spent at home and one on which one travels are two ways, of which one is gone at most.
    """

    def __init__(self, asked: _Asked, must: frozenset[Rule]) -> None:
        self.question, self.must, self.fixed = asked.question, must, asked.fixed
        self.program = IntegerProgram()
        slots = [slot for slot in asked.open if not slot.against & must]
        self.columns: dict[Slot, list[int]] = {slot: [] for slot in slots}
        self.travelling: list[tuple[int, float]] = []
        for on, there in by_day(slots).items():
            self._day(there, [slot for slot in self.fixed if slot.day == on])
        if Rule.TRAVEL in must:
            most = self.question.most_travel_days - len(_days_of_travel(self.fixed))
            self.program.bound(self.travelling, most=max(0, most))
        for one, other in _apart(slots, self.question.travel):
            self.program.bound(self._sum((one, other)), most=1)
        self._hours()
        self._days()
        self._mix()

    def _weight(self, rule: Rule) -> int:
        return self.question.weights.get(rule, 0)

    def _cost(self, slot: Slot) -> int:
        stays = WORTH_OF_STAYING if slot.key in self.question.stay else 0
        return sum(self._weight(rule) for rule in slot.against) - stays

    def _sum(self, slots: Iterable[Slot], factor: float = 1) -> list[tuple[int, float]]:
        return [(column, factor) for slot in slots for column in self.columns[slot]]

    def _minutes(self, slots: Iterable[Slot]) -> list[tuple[int, float]]:
        return [(column, slot.minutes) for slot in slots for column in self.columns[slot]]

    def _day(self, there: list[Slot], fixed: list[Slot]) -> None:
        travels = any(slot.travels for slot in fixed)
        could_travel = any(slot.travels for slot in there)
        matters = Rule.TRAVEL in self.must or self._weight(Rule.TRAVEL) > 0
        taken: dict[Slot, list[tuple[int, float]]] = {slot: [] for slot in fixed}
        entries, waits = [], []
        for out in (False, True) if could_travel and matters and not travels else (True,):
            arcs = []
            for slot in there:
                if out or not slot.travels:
                    column = self.program.choice(self._cost(slot))
                    self.columns[slot].append(column)
                    arcs.append((slot, column))
            for slot in fixed:
                column = self.program.amount(most=1)
                taken[slot].append((column, 1))
                arcs.append((slot, column))
            way = self._way(arcs)
            entries += way.entries
            waits += way.waits
            if out and could_travel and not travels:
                travelled = self.program.amount(self._weight(Rule.TRAVEL), most=1)
                self.program.bound([*way.entries, (travelled, -1)], most=0)
                self.travelling.append((travelled, 1))
        for parts in taken.values():
            self.program.bound(parts, least=1, most=1)
        self.program.bound(entries, most=1)
        if Rule.GAPS in self.must:
            self.program.bound(waits, most=max(self.question.longest_wait, waiting_of(fixed)))
        ways = defaultdict(list)
        for slot in there:
            ways[slot.way].append(slot)
        for same in ways.values():
            self.program.bound(self._sum(same), most=1)
        self.program.bound(self._minutes(there), most=max(0, self.question.longest_day - _minutes(fixed)))

    def _way(self, arcs: list[tuple[Slot, int]]) -> _Way:
        moments = sorted({moment for slot, _column in arcs for moment in (slot.begins, slot.ends)})
        leads: dict[datetime, list[tuple[int, float]]] = {moment: [] for moment in moments}
        for slot, column in arcs:
            leads[slot.begins].append((column, -1))
            leads[slot.ends].append((column, 1))
        entries: list[tuple[int, float]] = []
        waits: list[tuple[int, float]] = []
        for begins, ends in pairwise(moments):
            minutes = (ends - begins) // MINUTE
            waiting = self.program.amount(self._weight(Rule.GAPS) * minutes, most=1)
            leads[begins].append((waiting, -1))
            leads[ends].append((waiting, 1))
            waits.append((waiting, minutes))
        for terms in leads.values():
            comes, goes = self.program.amount(most=1), self.program.amount(most=1)
            entries.append((comes, 1))
            self.program.bound([*terms, (comes, 1), (goes, -1)], least=0, most=0)
        return _Way(entries, waits)

    def _hours(self) -> None:
        left = max(0, self.question.wanted_minutes - _minutes(self.fixed))
        minutes = self._minutes(self.columns)
        missing = [] if Rule.HOURS in self.must else [(self.program.amount(COST_OF_A_MISSING_MINUTE), 1.0)]
        self.program.bound([*minutes, *missing], least=left)
        over = self.program.amount(COST_OF_A_MINUTE_TOO_MANY)
        self.program.bound([*minutes, (over, -1)], most=left)

    def _days(self) -> None:
        had = _days_of_care(self.fixed)
        left = max(0, self.question.wanted_days - len(had))
        new = [] if Rule.DAYS in self.must else [(self.program.amount(COST_OF_A_MISSING_DAY), 1.0)]
        for on, there in by_day(slot for slot in self.columns if slot.minutes).items():
            if on not in had:
                cared = self.program.amount(most=1)
                self.program.bound([(cared, 1), *self._sum(there, -1)], most=0)
                new.append((cared, 1.0))
        self.program.bound(new, least=left)

    def _mix(self) -> None:
        for name, share in self.question.shares.items():
            had = sum(slot.share == name for slot in self.fixed)
            some = self._sum(slot for slot in self.columns if slot.share == name)
            self.program.bound(some, most=max(0, share.most - had))
            left = max(0, share.wanted - had)
            missing = [] if Rule.MIX in self.must else [(self.program.amount(self._weight(Rule.MIX)), 1.0)]
            self.program.bound([*some, *missing], least=left)
            over = self.program.amount(self._weight(Rule.MIX))
            self.program.bound([*some, (over, -1)], most=left)
        for way, wanted in self.question.ways.items():
            left = wanted - sum(slot.way == way for slot in self.fixed)
            if left > 0:
                some = self._sum(slot for slot in self.columns if slot.way == way)
                self.program.bound([*some, (self.program.amount(self._weight(Rule.MIX)), 1.0)], least=left)


@dataclass(frozen=True)
class _Way:
    """Columns of one way through a day: where one comes in, and where one waits, with the minutes."""

    entries: list[tuple[int, float]]
    waits: list[tuple[int, float]]


def _minutes(slots: Iterable[Slot]) -> int:
    return sum(slot.minutes for slot in slots)


def _days_of_care(slots: Iterable[Slot]) -> set[date]:
    return {slot.day for slot in slots if slot.minutes}


def _days_of_travel(slots: Iterable[Slot]) -> set[date]:
    return {slot.day for slot in slots if slot.travels}


def _apart(slots: list[Slot], travel: timedelta) -> Iterator[tuple[Slot, Slot]]:
    """Pairs that a way through one day would allow, and that cannot be: no time to get there, or over midnight."""
    for at, one in enumerate(slots):
        for other in slots[at + 1 :]:
            if other.begins >= one.ends + travel:
                break
            if overlap(one, other, travel) and not (one.day == other.day and overlap(one, other, NO_TIME)):
                yield one, other
