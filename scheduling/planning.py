"""A week planned for somebody: what the planner is asked, and what it answers, as sessions that can be booked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from iop_portal.people.models import Program, User
from scheduling.booking import enrolments_of
from scheduling.care import WEEK, Care
from scheduling.choices import key_of
from scheduling.commitments import Busy, busy_times
from scheduling.finding import (
    HourTime,
    SeatTime,
    bookable_modalities,
    fits_part_of_day,
    hour_times,
    local_midnight,
    one_each,
    seat_times,
)
from scheduling.models import Firmness, WeekWishes
from scheduling.planner import Plan, plan_week
from scheduling.wanted_week import MINUTE, NO_TIME, Question, Rule, Share, Slot, overlap
from scheduling.week import Block, Week, week_of
from scheduling.wishes import MINUTES, Habits, habits_of, usual_way, wishes_of
from therapy.care_plans import mix_in_force
from therapy.models import Format, Modality, PlanShare

Open = SeatTime | HourTime
# Family sessions are arranged with the family.
PLANNED = (Format.GROUP, Format.WORKSHOP)
# What one break of a wish costs: of a waiting minute, and of a session otherwise.
WEIGHTS = {
    Rule.COMMITMENTS: 400,
    Rule.PARTS: 120,
    Rule.WEEKDAYS: 120,
    Rule.TRAVEL: 100,
    Rule.PEOPLE: 60,
    Rule.GAPS: 2,
}
# How the week is made up is wished for by number, so it is always a wish.
WEIGHT_OF_THE_MIX = 300
# More workshops than one wishes for are better than too few hours.
MORE_WORKSHOPS = 2
# Of what could be there instead: in all, and of one kind on one day.
FEW, ALIKE = 12, 3


@dataclass(frozen=True)
class Answers:
    """What somebody said to what was suggested before: keep these, not those. `had` was suggested besides."""

    day: date | None = None
    keep: tuple[str, ...] = ()
    out: tuple[str, ...] = ()
    had: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suggested:
    """One session of the plan. `kept` says that the person asked for just this one."""

    key: str
    time: Open
    slot: Slot
    kept: bool


@dataclass(frozen=True)
class Proposal:
    """A planned week. `compared` is how many open times there were; `busy` what the person keeps free."""

    week: Week
    wishes: WeekWishes
    habits: Habits
    plan: Plan
    suggested: tuple[Suggested, ...]
    compared: int
    busy: tuple[Busy, ...]
    booked: tuple[Slot, ...]
    left_out: tuple[SeatTime, ...]
    # Whether something that they asked for cannot be had any more.
    lost: bool
    times: dict[str, Open]
    slots: dict[str, Slot]
    travel: timedelta
    # What the care plan has a week.
    mix: tuple[PlanShare, ...] = ()

    @property
    def care_then(self) -> Care:
        """As it would be with all that is suggested."""
        care = self.week.care
        assert care is not None
        days = care.days | {one.slot.day for one in self.suggested}
        return replace(care, ahead=care.ahead + self.minutes, days=days)

    @property
    def minutes(self) -> int:
        return sum(one.slot.minutes for one in self.suggested)

    def busy_over(self, time: Open) -> list[Busy]:
        """What the person keeps free and that lies over a session, or over the way to it and back."""
        return _busy_over(self.busy, time, self.travel)

    def instead_of(self, key: str) -> list[Open]:
        """What goes with the rest of the plan, the likeliest first: the same kind, against few wishes, near in time."""
        rest = [one.slot for one in self.suggested if one.key != key]
        was = self.slots.get(key)
        fitting = [
            slot
            for slot in self.slots.values()
            if slot.key != key and slot not in rest and not any(overlap(slot, one, self.travel) for one in rest)
        ]

        def rank(slot: Slot) -> tuple[bool, bool, int, timedelta, str]:
            away = abs(slot.begins - was.begins) if was else NO_TIME
            return (
                was is not None and slot.share != was.share,
                was is not None and slot.way != was.way,
                len(slot.against),
                away,
                slot.key,
            )

        seen: Counter[tuple[date, str]] = Counter()
        likeliest: list[Slot] = []
        for slot in sorted(fitting, key=rank):
            seen[slot.day, slot.way] += 1
            if seen[slot.day, slot.way] <= ALIKE and len(likeliest) < FEW:
                likeliest.append(slot)
        return [self.times[slot.key] for slot in sorted(likeliest, key=lambda slot: slot.begins)]


def propose(person: User, answers: Answers, *, now: datetime) -> Proposal | None:
    """The best week around a day, or nothing where no hours are prescribed. Raises OutOfTime.

    The number of queries depends on nothing.
    """
    week = week_of(person, day=answers.day, now=now)
    if week.care is None:
        return None
    enrolment, _policy = enrolments_of(person)[0]
    zone = enrolment.program.zone
    offered = [one for one in bookable_modalities(person) if one.counts and one.program_id == enrolment.program_id]
    habits = habits_of(person, now=now)
    mix = tuple(mix_in_force(enrolment))
    wishes = wishes_of(person, offered, habits, mix)
    begin = max(now, local_midnight(week.begins, zone))
    end = max(begin, local_midnight(week.begins + WEEK, zone))
    busy = tuple(busy_times(person, begin=begin, end=end))
    found = _open_times(person, offered, wishes, habits, mix, begin=begin, end=end, now=now)
    travel = timedelta(minutes=wishes.travel_minutes)
    free = {key_of(time): time for time in found if not isinstance(time, SeatTime) or time.free}
    slots = {
        key: _slot(key, time, wishes, habits, busy, person) for key, time in free.items() if key not in answers.out
    }
    question = _question(week, wishes, slots, answers, travel, mix)
    plan = plan_week(question)
    chosen = tuple(Suggested(slot.key, free[slot.key], slot, slot.key in answers.keep) for slot in plan.chosen)
    return Proposal(
        week=week,
        wishes=wishes,
        habits=habits,
        plan=plan,
        suggested=chosen,
        compared=len(slots),
        busy=busy,
        booked=question.booked,
        left_out=tuple(time for time in found if isinstance(time, SeatTime) and not time.free and not time.booked),
        lost=not set(answers.keep) <= set(slots),
        times=free,
        slots=slots,
        travel=travel,
        mix=mix,
    )


def _open_times(
    person: User,
    offered: Sequence[Modality],
    wishes: WeekWishes,
    habits: Habits,
    mix: Sequence[PlanShare],
    *,
    begin: datetime,
    end: datetime,
    now: datetime,
) -> list[Open]:
    ways = [one for one in offered if one.format in PLANNED]
    found: list[Open] = list(seat_times(person, ways, begin=begin, end=end, now=now))
    talks = [one for one in offered if one.format == Format.INDIVIDUAL and not one.for_applicants]
    planned = [share.modality_id for share in sorted(mix, key=lambda share: -share.times)]
    named = [key for key in (wishes.way_id, *planned) if key in {one.pk for one in talks}]
    way = next((one for one in talks if one.pk == named[0]), None) if named else usual_way(talks, habits)
    if way is not None and wishes.one_to_one:
        minutes = MINUTES if MINUTES in way.lengths else way.lengths[0]
        hours = hour_times(person, way, minutes=minutes, begin=begin, end=end, now=now)
        found += one_each(hours, first=User(pk=habits.counsellor) if habits.counsellor else None)
    return sorted(found, key=lambda time: (time.begins, key_of(time)))


def _question(
    week: Week,
    wishes: WeekWishes,
    slots: dict[str, Slot],
    answers: Answers,
    travel: timedelta,
    mix: Sequence[PlanShare],
) -> Question:
    """What is missing is what the week says: attendance may count less than was booked."""
    care = week.care
    assert care is not None
    booked = tuple(_booked(week))
    days = len({slot.day for slot in booked if slot.minutes})
    return Question(
        candidates=tuple(slots.values()),
        booked=booked,
        wanted_minutes=sum(slot.minutes for slot in booked) + care.open,
        wanted_days=days + max(0, care.wanted_days - len(care.days)),
        shares={
            Format.INDIVIDUAL: Share(wishes.one_to_one, wishes.one_to_one),
            Format.WORKSHOP: Share(wishes.workshops, wishes.workshops + MORE_WORKSHOPS),
        },
        ways={str(share.modality_id): share.times for share in mix},
        weights={rule: WEIGHTS[rule] for rule in _wished(wishes, Firmness.IF_POSSIBLE)} | {Rule.MIX: WEIGHT_OF_THE_MIX},
        must=frozenset(_wished(wishes, Firmness.ALWAYS)),
        most_travel_days=wishes.most_trips,
        travel=travel,
        kept=frozenset(answers.keep),
        stay=frozenset(answers.had),
    )


def firmness_of(wishes: WeekWishes, rule: Rule) -> str:
    return {
        Rule.COMMITMENTS: wishes.around_commitments,
        Rule.WEEKDAYS: wishes.on_weekdays,
        Rule.PARTS: wishes.in_parts,
        Rule.TRAVEL: wishes.few_trips,
        Rule.GAPS: wishes.short_waits,
        Rule.PEOPLE: wishes.familiar_people,
    }[rule]


def _wished(wishes: WeekWishes, firmness: Firmness) -> Iterator[Rule]:
    return (rule for rule in WEIGHTS if firmness_of(wishes, rule) == firmness)


def _booked(week: Week) -> Iterator[Slot]:
    for day in week.days:
        for block in (*day.daytime, *day.evening):
            if isinstance(block, Block) and block.booking.occupies:
                yield _booked_slot(block)


def _booked_slot(block: Block) -> Slot:
    return Slot(
        key=f"booked-{block.booking.pk}",
        begins=block.begins,
        ends=block.ends,
        day=_day_there(block.begins, block.program),
        way=str(block.modality.pk),
        share=block.modality.format,
        minutes=(block.ends - block.begins) // MINUTE if block.modality.counts else 0,
        travels=_travels(block),
    )


def _slot(key: str, time: Open, wishes: WeekWishes, habits: Habits, busy: Iterable[Busy], person: User) -> Slot:
    return Slot(
        key=key,
        begins=time.begins,
        ends=time.ends,
        day=_day_there(time.begins, time.program),
        way=str(time.modality.pk),
        share=time.modality.format,
        minutes=(time.ends - time.begins) // MINUTE,
        travels=_travels(time),
        against=frozenset(_against(time, wishes, habits, busy, person)),
    )


def _against(time: Open, wishes: WeekWishes, habits: Habits, busy: Iterable[Busy], person: User) -> Iterator[Rule]:
    here = time.begins.astimezone(ZoneInfo(person.zone))
    if wishes.weekdays and here.weekday() not in wishes.weekdays:
        yield Rule.WEEKDAYS
    if wishes.parts and not any(fits_part_of_day(time.begins, part, person.zone) for part in wishes.parts):
        yield Rule.PARTS
    if not known(time, habits):
        yield Rule.PEOPLE
    if _busy_over(busy, time, timedelta(minutes=wishes.travel_minutes)):
        yield Rule.COMMITMENTS


def known(time: Open, habits: Habits) -> bool:
    """Whether the person knows somebody who leads it; for an hour, whether it is with their own counsellor."""
    leaders = {leader.pk for leader in time.leaders}
    if isinstance(time, HourTime) and habits.counsellor:
        return habits.counsellor in leaders
    return bool(leaders & habits.known)


def _busy_over(busy: Iterable[Busy], time: Open, travel: timedelta) -> list[Busy]:
    way = travel if _travels(time) else NO_TIME
    return [one for one in busy if one.begins < time.ends + way and time.begins < one.ends + way]


def _travels(time: Open | Block) -> bool:
    """Whether one has to be there: not where one may also come by video."""
    return time.room is not None and not time.video


def _day_there(moment: datetime, program: Program) -> date:
    return moment.astimezone(ZoneInfo(program.zone)).date()
