"""Who is on call: a week by the program's own clock, and days that differ. It is staffed while somebody is.

Rows are wall-clock minutes; whoever asks about a moment gets it turned into moments first. Where the clock shows a
time twice, from the first to the latest is meant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Program, RoleHeld, User
from iop_portal.people.roles import Role
from iop_portal.prepared import prepared
from iop_portal.refusals import Refused
from iop_portal.writes import write
from therapy.models import DAY, Duty

# How far ahead somebody is looked for.
AHEAD = timedelta(days=14)


class SomebodyIsOnCall(Refused):
    message = _("Somebody is on call then already. Take them off first, or choose another time.")
    constraint = "one_on_call_each_weekday"


class SomebodyIsOnCallThatDay(Refused):
    message = _("Somebody is on call at that time of the day already. Take them off first, or choose another time.")
    constraint = "one_on_call_each_day"


class NotAClinicianOfTheProgram(Refused):
    message = _("Choose a clinician of this program.")
    status = 400


class NoWeekday(Refused):
    message = _("Choose at least one day of the week.")
    status = 400


class OverMidnight(Refused):
    message = _("For a single day, end at midnight (12:00 am) at the latest. Add the next morning as a day of its own.")
    constraint = "a_duty_ends_after_it_begins"
    status = 400


class DayIsOver(Refused):
    message = _("Choose today or a later day.")
    status = 400


@dataclass(frozen=True)
class Stretch:
    """Somebody is on call from one moment to another."""

    clinician: User
    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class OnDuty:
    """That one is on call oneself, for a program until a moment."""

    program: Program
    until: datetime


# ── Who is ────────────────────────────────────────────────────────────────────────────────────────────────────


def on_call(program: Program, now: datetime) -> User | None:
    """Whoever is on call at a moment, and still works there. Two queries."""
    held = next((each for each in stretches(program, now, length=timedelta(0)) if each.begins <= now < each.ends), None)
    return held.clinician if held else None


def staffed(program: Program, now: datetime) -> bool:
    return on_call(program, now) is not None


def next_staffed(program: Program, now: datetime) -> datetime | None:
    """From when on somebody is on call again, within two weeks: now, where somebody is."""
    coming = [max(each.begins, now) for each in stretches(program, now) if each.ends > now]
    return min(coming, default=None)


def on_duty(clinician: User, now: datetime) -> list[OnDuty]:
    """The programs for which one is on call now, each with until when. One query, and two for each such program."""
    return [
        OnDuty(program, until)
        for program in _with_duties_of(clinician.pk)
        if (until := _until(program, clinician, now))
    ]


@prepared(int)
def _with_duties_of(clinician: int) -> QuerySet[Program]:
    return Program.objects.filter(duties__clinician=clinician).distinct()


def _until(program: Program, clinician: User, now: datetime) -> datetime | None:
    until = now
    for each in stretches(program, now):
        if each.begins <= until < each.ends and each.clinician == clinician:
            until = each.ends
    return until if until > now else None


def stretches(program: Program, now: datetime, *, length: timedelta = AHEAD) -> list[Stretch]:
    """From the day before a moment on, in order. What is said of a day replaces its weekday's. Two queries."""
    zone = ZoneInfo(program.zone)
    first = now.astimezone(zone).date() - timedelta(days=1)
    days = [first + timedelta(days=ahead) for ahead in range(length.days + 3)]
    rows = Duty.objects.filter(Q(day=None) | Q(day__in=days), program=program).select_related("clinician")
    here = set(User.objects.clinicians_of(program).values_list("pk", flat=True))
    return _of_rows(rows, days, zone, here)


def _of_rows(rows: Iterable[Duty], days: Iterable[date], zone: ZoneInfo, here: Collection[int]) -> list[Stretch]:
    weekly, single = _by_day(rows)
    return [
        Stretch(row.clinician, _moment(day, row.begins, zone), _moment(day, row.ends, zone, fold=1))
        for day in days
        for row in single.get(day, weekly.get(day.weekday(), ()))
        if row.clinician is not None and row.clinician_id in here
    ]


def _by_day(rows: Iterable[Duty]) -> tuple[dict[int, list[Duty]], dict[date, list[Duty]]]:
    weekly: defaultdict[int, list[Duty]] = defaultdict(list)
    single: defaultdict[date, list[Duty]] = defaultdict(list)
    for row in sorted(rows, key=lambda each: each.begins):
        if row.day is None:
            weekly[row.weekday or 0].append(row)
        else:
            single[row.day].append(row)
    return weekly, single


def _moment(day: date, minute: int, zone: ZoneInfo, *, fold: int = 0) -> datetime:
    at = datetime.combine(day + timedelta(days=minute // DAY), clock_of(minute), zone)
    return at.replace(fold=fold).astimezone(UTC)


def programs_without_anybody(programs: Iterable[Program], now: datetime) -> list[Program]:
    """Those that keep a roster, and have nobody on call at a moment. Two queries, however many there are."""
    rosters: defaultdict[int, list[Duty]] = defaultdict(list)
    for duty in Duty.objects.filter(program__in=list(programs)).select_related("clinician"):
        rosters[duty.program_id].append(duty)
    held = RoleHeld.objects.in_force(now).filter(program__in=rosters, role=Role.CLINICIAN, user__is_active=True)
    here = set(held.values_list("program", "user")) if rosters else set()
    without = []
    for program in programs:
        zone = ZoneInfo(program.zone)
        today = now.astimezone(zone).date()
        days = [today - timedelta(days=1), today]
        ours = {user for key, user in here if key == program.pk}
        on = [each for each in _of_rows(rosters[program.pk], days, zone, ours) if each.begins <= now < each.ends]
        if rosters[program.pk] and not on:
            without.append(program)
    return without


def clock_of(minute: int) -> time:
    """0:00 both at the beginning of a day and at its end."""
    return time(minute % DAY // 60, minute % 60)


# ── The roster ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Roster:
    """The week as it is, and the days ahead that differ from it."""

    week: list[tuple[int, list[Duty]]]
    days: list[tuple[date, list[Duty]]]
    now: User | None
    next: datetime | None

    @property
    def empty(self) -> bool:
        return not self.days and not any(rows for _weekday, rows in self.week)


def roster_of(program: Program, *, now: datetime) -> Roster:
    today = now.astimezone(ZoneInfo(program.zone)).date()
    rows = Duty.objects.filter(Q(day=None) | Q(day__gte=today), program=program).select_related("clinician")
    weekly, single = _by_day(rows)
    return Roster(
        week=[(weekday, weekly.get(weekday, [])) for weekday in range(7)],
        days=sorted(single.items()),
        now=on_call(program, now),
        next=next_staffed(program, now),
    )


@dataclass(frozen=True)
class Terms:
    """From one time of the day to another. Not later than `begins`, the end is on the next day."""

    begins: time
    ends: time
    parts: tuple[tuple[int, int, int], ...] = field(init=False)

    def __post_init__(self) -> None:
        first, last = (each.hour * 60 + each.minute for each in (self.begins, self.ends))
        # Days after the first, and the minutes there.
        parts = ((0, first, last),) if first < last else ((0, first, DAY), (1, 0, last))
        object.__setattr__(self, "parts", tuple(part for part in parts if part[1] < part[2]))


@write
def add_weekly(
    program: Program, clinician: User, weekdays: Collection[int], terms: Terms, *, by: User, now: datetime
) -> list[Duty]:
    """On call each week on these days. A night is written as two: until midnight, and from it."""
    _check(program, clinician)
    if not weekdays:
        raise NoWeekday
    rows = [
        Duty(program=program, clinician=clinician, weekday=(weekday + later) % 7, begins=begins, ends=ends)
        for weekday in sorted(set(weekdays))
        for later, begins, ends in terms.parts
    ]
    made = Duty.objects.bulk_create(rows)
    trail.record("duty.added", program, by=by, at=now, facts={"added": len(made)})
    return made


@write
def set_day(
    program: Program, day: date, clinician: User | None, terms: Terms | None, *, by: User, now: datetime
) -> Duty:
    """On one day the week does not hold: somebody is on call from then until then, or nobody all day."""
    if day < now.astimezone(ZoneInfo(program.zone)).date():
        raise DayIsOver
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    that_day = Duty.objects.filter(program=program, day=day)
    if clinician is None or terms is None:
        that_day.delete()
        made = Duty.objects.create(program=program, day=day, begins=0, ends=DAY)
    else:
        _check(program, clinician)
        if len(terms.parts) > 1:
            raise OverMidnight
        _later, begins, ends = terms.parts[0]
        that_day.filter(clinician=None).delete()
        made = Duty.objects.create(program=program, clinician=clinician, day=day, begins=begins, ends=ends)
    trail.record("duty.day_set", program, by=by, at=now)
    return made


@write
def remove_duty(duty: Duty, *, by: User, now: datetime) -> None:
    """Off call. A day of which nothing is left is as its weekday again."""
    if Duty.objects.filter(pk=duty.pk).delete()[0]:
        trail.record("duty.removed", duty.program, by=by, at=now)


def _check(program: Program, clinician: User) -> None:
    if not User.objects.clinicians_of(program).filter(pk=clinician.pk).exists():
        raise NotAClinicianOfTheProgram
