"""Making sessions out of series, eight weeks ahead. It may run twice, and at once: what is made is never made again."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from psycopg2.extras import DateTimeTZRange

from iop_portal.followups.owing import owe_follow_up
from iop_portal.people.models import RoleHeld, User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.leading import valid_until
from scheduling.models import Closure, Facilitation, Series, Session, Skipped, TimeOff
from scheduling.walltime import moment_of, stretch_of

log = logging.getLogger(__name__)

AHEAD = timedelta(weeks=8)
FOLLOW_UP = "series_skipped"


def make_due(*, now: datetime) -> int:
    """Of every series, each in a transaction of its own: how many sessions were made."""
    made = 0
    for series in Series.objects.held_from(now.date() - timedelta(days=1)).order_by("pk"):
        try:
            made += make_sessions(series, now=now)
        except Refused as refusal:
            # The others are made all the same, and this one is tried again in the next night.
            log.error("series not made", extra={"facts": {"series": series.pk, "why": type(refusal).__name__}})
    return made


@write
def make_sessions(series: Series, *, now: datetime) -> int:
    """Make what is missing of one series: how many sessions. What is in the way is kept as skipped, with the reason.

    The lock of the series is the queue for all who make at once. Those that were cancelled or moved are still there,
    with the day that they are the occurrence of.
    """
    series = lock_series(series)
    leaders = list(series.leaders.order_by("pk"))
    missing = _missing(series, now=now)
    made, skipped = _make(series, leaders, missing)
    _keep(series, missing, skipped, now=now)
    return made


def lock_series(series: Series) -> Series:
    rows = Series.objects.select_for_update(no_key=True, of=("self",)).select_related("program", "modality", "room")
    locked: Series = rows.get(pk=series.pk)
    return locked


def occurrences(series: Series, *, first: date, last: date) -> Iterator[date]:
    """The days of a series between two days, both included."""
    day, end = max(first, series.begins_on), min(last, series.until or last)
    while day <= end:
        if day.weekday() in series.weekdays:
            yield day
        day += timedelta(days=1)


def closed_days(closures: Iterable[Closure]) -> set[date]:
    return {
        each.begins_on + timedelta(days=after)
        for each in closures
        for after in range((each.ends_on - each.begins_on).days + 1)
    }


def _missing(series: Series, *, now: datetime) -> list[date]:
    today = now.astimezone(ZoneInfo(series.zone)).date()
    last = today + AHEAD
    there = set(Session.objects.filter(series=series, occurrence__gte=today).values_list("occurrence", flat=True))
    there |= set(Skipped.objects.filter(series=series, left_out=True).values_list("occurrence", flat=True))
    there |= closed_days(Closure.objects.filter(program=series.program_id, ends_on__gte=today, begins_on__lte=last))
    return [
        day
        for day in occurrences(series, first=today, last=last)
        if day not in there and moment_of(day, series.at, series.zone) > now
    ]


def _make(series: Series, leaders: list[User], days: list[date]) -> tuple[int, dict[date, tuple[str, User | None]]]:
    skipped: dict[date, tuple[str, User | None]] = {}
    until = valid_until(leaders)
    here = set(User.objects.clinicians_of(series.program).values_list("pk", flat=True))
    for day in days:
        if left := next((one for one in leaders if one.pk not in here or _gone_by(one, day)), None):
            skipped[day] = (Skipped.Why.LEFT, left)
        elif ended := next((one for one in leaders if until.get(one.pk, date.min) < day), None):
            skipped[day] = (Skipped.Why.CREDENTIAL, ended)
        elif series.room and not series.room.in_use:
            skipped[day] = (Skipped.Why.ROOM, None)
    away = list(TimeOff.objects.standing().filter(program=series.program_id, clinician__in=leaders))
    together: defaultdict[tuple[User, ...], list[date]] = defaultdict(list)
    for day in days:
        if day not in skipped:
            together[_present(series, leaders, away, day)].append(day)
    for present, wanted in together.items():
        if not present:
            skipped |= dict.fromkeys(wanted, (Skipped.Why.AWAY, leaders[0]))
        elif not _fit(series, present, wanted):
            # Something is in the way of one of them: each for itself says which, and what.
            for day in wanted:
                if not _fit(series, present, [day]):
                    skipped[day] = _in_the_way(series, present, day)
    return len(days) - len(skipped), skipped


def _gone_by(leader: User, day: date) -> bool:
    """An intern whose last day has passed by then."""
    return bool(leader.intern_until and leader.intern_until < day)


def _present(series: Series, leaders: list[User], away: list[TimeOff], day: date) -> tuple[User, ...]:
    """Who is there that day: a group of two is led by the other one."""
    during = stretch_of(day, series.at, series.zone, minutes=series.minutes)
    gone = {each.clinician_id for each in away if _overlap(each.during, during)}
    return tuple(leader for leader in leaders if leader.pk not in gone)


def _overlap(one: DateTimeTZRange, other: DateTimeTZRange) -> bool:
    assert one.lower
    assert one.upper
    assert other.lower
    assert other.upper
    return one.lower < other.upper and other.lower < one.upper


def _fit(series: Series, leaders: Sequence[User], days: list[date]) -> bool:
    """Put them all in, or none: whether the database took them."""
    try:
        with transaction.atomic():
            made = Session.objects.bulk_create(_session(series, day) for day in days)
            Facilitation.objects.bulk_create(
                Facilitation(session=session, clinician=leader, during=session.during)
                for leader in leaders
                for session in made
            )
    except IntegrityError:
        return False
    return True


def _session(series: Series, day: date) -> Session:
    return Session(
        program_id=series.program_id,
        modality_id=series.modality_id,
        during=stretch_of(day, series.at, series.zone, minutes=series.minutes),
        room_id=series.room_id,
        video=series.video,
        capacity=series.capacity,
        listed=series.listed,
        series=series,
        occurrence=day,
    )


def _in_the_way(series: Series, leaders: Sequence[User], day: date) -> tuple[str, User | None]:
    during = stretch_of(day, series.at, series.zone, minutes=series.minutes)
    busy = Facilitation.objects.filter(clinician__in=leaders, live=True, during__overlap=during)
    found = busy.select_related("clinician").order_by("clinician").first()
    return (Skipped.Why.LEADER, found.clinician) if found else (Skipped.Why.ROOM, None)


def _keep(series: Series, missing: list[date], skipped: dict[date, tuple[str, User | None]], *, now: datetime) -> None:
    """What is skipped is somebody's to see to, once: an admin of the program."""
    held = {each.occurrence: each for each in Skipped.objects.filter(series=series, left_out=False)}
    over = [each.pk for day, each in held.items() if day not in skipped]
    Skipped.objects.filter(pk__in=over).delete()
    for day, (why, clinician) in skipped.items():
        Skipped.objects.update_or_create(
            series=series,
            occurrence=day,
            defaults={"why": why, "clinician": clinician},
            create_defaults={"why": why, "clinician": clinician, "since": now},
        )
    if not set(skipped) - set(held):
        return
    first = RoleHeld.objects.filter(program=series.program_id, role=Role.ADMIN, user__is_active=True)
    admin = first.select_related("user").order_by("pk").first()
    if admin:
        owe_follow_up(FOLLOW_UP, about=series.program, program=series.program, owner=admin.user, by=None, now=now)
