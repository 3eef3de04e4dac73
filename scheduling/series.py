"""Series: what an admin says once and what then happens every week. Edits reach the sessions that are made already.

Here are "this and following" and "all"; `occurrences` has what is said of one session. One that was changed by itself
keeps what was changed there: an edit reaches only what the session still has from its series.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.followups.acting import resolve_follow_ups_about
from iop_portal.people.models import User
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile, version_of
from iop_portal.writes import write
from scheduling.assigning import assign_those_of
from scheduling.changing import LEADERS, Changed, Setting, cancel_session, move_sessions, setting_of
from scheduling.leading import check_leaders
from scheduling.making import FOLLOW_UP, closed_days, lock_series, make_sessions, occurrences
from scheduling.models import Closure, CourseSeries, Room, Series, Session, Skipped, TrackSeries
from scheduling.walltime import stretch_of
from therapy.models import Format, Modality

FURTHEST = timedelta(days=731)


class NoWeekday(Refused):
    message = _("Choose at least one day of the week.")
    constraint = "a_series_is_on_weekdays"
    status = 400


class OddLength(Refused):
    message = _("A session lasts from 5 minutes to 8 hours.")
    constraint = "a_series_lasts_from_5_minutes_to_8_hours"
    status = 400


class SeriesNowhere(Refused):
    message = _("Choose a room, or say that it is by video, or both.")
    constraint = "a_series_is_somewhere"
    status = 400


class RoomElsewhere(Refused):
    message = _("Choose a room of this program that is in use.")
    status = 400


class TooManyPlaces(Refused):
    message = _("There can be %(most)d places at most: that is what the room and the kind of session allow.")
    status = 400


class MinimumOutOfRange(Refused):
    message = _("The fewest people are at least one, and no more than there are places.")
    constraint = "a_series_is_held_for_no_more_than_it_has_seats"
    status = 400


class EndsBeforeItBegins(Refused):
    message = _("The last day has to come after the first.")
    constraint = "a_series_ends_after_it_begins"
    status = 400


class FirstDayOdd(Refused):
    message = _("Choose a first day that has not passed and is within the next two years.")
    status = 400


class UnknownZone(Refused):
    message = _("Choose the time zone from the list.")
    status = 400


class NotForGroups(Refused):
    message = _("Choose something of this program that is in use and meant for several people.")
    status = 400


class SeriesEnded(Refused):
    message = _("This series has ended already.")


@dataclass(frozen=True)
class Pattern:
    """What holds every week. `until` is the last day, None for as long as nobody ends it."""

    weekdays: tuple[int, ...]
    at: time
    zone: str
    minutes: int
    room: Room | None
    video: bool
    leaders: tuple[User, ...]
    capacity: int
    minimum: int
    listed: bool
    begins_on: date
    until: date | None = None

    def on(self, day: date) -> Setting:
        during = stretch_of(day, self.at, self.zone, minutes=self.minutes)
        return Setting(during, self.room, self.video, self.leaders, self.capacity)


# Columns of the series itself.
COLUMNS = tuple(field.name for field in fields(Pattern) if field.name != "leaders")


def pattern_of(series: Series) -> Pattern:
    led = Series.leaders.through.objects.filter(series=series)
    leaders = tuple(User.objects.filter(pk__in=led.values("user")).order_by("pk"))
    columns = {name: getattr(series, name) for name in COLUMNS}
    return Pattern(**columns | {"weekdays": tuple(series.weekdays), "leaders": leaders})


def series_version(series: Series) -> str:
    return version_of(pattern_of(series), [*COLUMNS, "leaders"])


# ── Adding ────────────────────────────────────────────────────────────────────────────────────────────────────


@write
def add_series(modality: Modality, pattern: Pattern, *, by: User, now: datetime) -> Series:
    """The sessions of the next eight weeks are there at once."""
    if not modality.in_use or modality.format == Format.INDIVIDUAL:
        raise NotForGroups
    today = now.astimezone(ZoneInfo(modality.program.zone)).date()
    if not today <= pattern.begins_on <= today + FURTHEST:
        raise FirstDayOdd
    _check(pattern, modality, now=now)
    series = Series.objects.create(program=modality.program, modality=modality, **_columns(pattern))
    series.leaders.set(pattern.leaders)
    made = make_sessions(series, now=now)
    trail.record("series.added", series, by=by, at=now, facts={"made": made})
    return series


def _columns(pattern: Pattern) -> dict[str, object]:
    return {name: getattr(pattern, name) for name in COLUMNS} | {"weekdays": sorted(pattern.weekdays)}


def _check(pattern: Pattern, modality: Modality, *, now: datetime) -> None:
    """What one can say of a pattern whatever else there is. Raises Refused."""
    if not pattern.weekdays:
        raise NoWeekday
    if pattern.zone not in available_timezones():
        raise UnknownZone
    if pattern.room is None and not pattern.video:
        raise SeriesNowhere
    if pattern.room and not (pattern.room.program_id == modality.program_id and pattern.room.in_use):
        raise RoomElsewhere
    check_capacity(pattern.capacity, pattern.room, modality)
    if not 1 <= pattern.minimum <= pattern.capacity:
        raise MinimumOutOfRange
    if pattern.until and pattern.until < pattern.begins_on:
        raise EndsBeforeItBegins
    today = now.astimezone(ZoneInfo(pattern.zone)).date()
    check_leaders(pattern.leaders, program=modality.program, on=max(pattern.begins_on, today))


def check_capacity(capacity: int, room: Room | None, modality: Modality) -> None:
    most = min(modality.clinical_cap, room.seats if room else modality.clinical_cap)
    if capacity > most:
        raise TooManyPlaces(most=most)


# ── Changing ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Edited:
    """The series that the edit holds for, and what became of the sessions ahead."""

    series: Series
    changed: Changed
    cancelled: int
    made: int


@write
def change_series(
    series: Series,
    pattern: Pattern,
    *,
    following: date | None = None,
    seen: str,
    give_back: bool = False,
    by: User,
    now: datetime,
) -> Edited:
    """All of it, or what comes from a day on (`following`), which then is a series of its own.

    What has begun stays. `seen` is the `series_version` that somebody had before them. Where people have something
    else at the new time it is refused, unless their places are given back.
    """
    locked = lock_series(series)
    if series_version(locked) != seen:
        raise ChangedMeanwhile
    today = now.astimezone(ZoneInfo(locked.zone)).date()
    if locked.until and locked.until < today:
        raise SeriesEnded
    if following is not None and any(occurrences(locked, first=locked.begins_on, last=following - timedelta(days=1))):
        if locked.until and following > locked.until:
            raise SeriesEnded
        pattern = replace(pattern, begins_on=following)
        locked = _split(locked, following)
    else:
        pattern = replace(pattern, begins_on=locked.begins_on)
    _check(pattern, locked.modality, now=now)
    return _rewrite(locked, pattern, give_back=give_back, by=by, now=now)


def _split(series: Series, first: date) -> Series:
    """The rest of a series as one of its own, with the sessions, the tracks and the courses that belong to it."""
    held = pattern_of(series)
    rest = Series.objects.create(
        program=series.program, modality=series.modality, **_columns(replace(held, begins_on=first))
    )
    rest.leaders.set(held.leaders)
    series.until = first - timedelta(days=1)
    series.save(update_fields=["until"])
    Session.objects.filter(series=series, occurrence__gte=first).update(series=rest)
    Skipped.objects.filter(series=series, occurrence__gte=first).update(series=rest)
    TrackSeries.objects.bulk_create(
        TrackSeries(track_id=each.track_id, series=rest, phases=each.phases)
        for each in TrackSeries.objects.filter(series=series)
    )
    CourseSeries.objects.bulk_create(
        CourseSeries(course_id=each.course_id, series=rest) for each in CourseSeries.objects.filter(series=series)
    )
    return rest


def _rewrite(series: Series, wanted: Pattern, *, give_back: bool, by: User, now: datetime) -> Edited:
    held = pattern_of(series)
    ahead = _ahead(series, now=now)
    days = days_after(held.weekdays, wanted.weekdays)
    first, last = min(wanted.begins_on, held.begins_on), wanted.until or date.max
    closed = closed_days(Closure.objects.filter(program=series.program_id, ends_on__gte=now.date()))
    moves: dict[Session, Setting] = {}
    over: list[Session] = []
    for session in ahead:
        assert session.occurrence
        day = _day_after(session.occurrence, days)
        if day is None or not first <= day <= last or (day in closed and day != session.occurrence):
            over += [session] if session.live else []
            continue
        if session.live:
            moves[session] = _merged(session, held.on(session.occurrence), wanted.on(day))
            if session.listed == held.listed:
                session.listed = wanted.listed
        session.occurrence = day
    changed = move_sessions(moves, give_back=give_back, by=by, now=now) if moves else Changed()
    _cancel(over, by=by, now=now)
    Session.objects.bulk_update([each for each in ahead if each not in over], ["occurrence", "listed"])
    for name, value in _columns(wanted).items():
        setattr(series, name, value)
    series.save()
    series.leaders.set(wanted.leaders)
    made = make_sessions(series, now=now)
    assign_those_of(series, by=by, now=now)
    _see_to_follow_up(series, by=by, now=now)
    names = [name for name in (*COLUMNS, "leaders") if getattr(held, name) != getattr(wanted, name)]
    trail.record("series.changed", series, by=by, at=now, facts={"fields": ", ".join(names)})
    return Edited(series, changed, len(over), made)


def _ahead(series: Series, *, now: datetime) -> list[Session]:
    """What has not begun. Cancelled ones too: the day that they are the occurrence of is not made again."""
    found = Session.objects.filter(series=series, during__startswith__gt=now)
    return list(found.select_related("room", "program").prefetch_related(LEADERS).order_by("occurrence"))


def _cancel(sessions: Iterable[Session], *, by: User, now: datetime) -> None:
    """They are not days of the series any more: should it have those days again, they are made again."""
    for session in sorted(sessions, key=lambda each: each.pk):
        gone = cancel_session(session, by=by, now=now)
        gone.series, gone.occurrence = None, None
        gone.save(update_fields=["series", "occurrence"])


def days_after(before: Collection[int], after: Collection[int]) -> dict[int, int | None]:
    """What becomes of each weekday: it stays, or moves to one that is new, in their order, or is held no more."""
    gone = [day for day in sorted(before) if day not in after]
    new = [day for day in sorted(after) if day not in before]
    moved: dict[int, int | None] = {day: day for day in before if day in after}
    return moved | {day: new[at] if at < len(new) else None for at, day in enumerate(gone)}


def _day_after(day: date, days: dict[int, int | None]) -> date | None:
    """Within the same week, which begins on Monday."""
    moved = days.get(day.weekday(), day.weekday())
    return None if moved is None else day + timedelta(days=moved - day.weekday())


def _merged(session: Session, held: Setting, wanted: Setting) -> Setting:
    """What the session still has from its series follows the series."""
    own = setting_of(session)
    return Setting(
        during=wanted.during if own.during == held.during else own.during,
        room=wanted.room if (own.room, own.video) == (held.room, held.video) else own.room,
        video=wanted.video if (own.room, own.video) == (held.room, held.video) else own.video,
        leaders=wanted.leaders if set(own.leaders) == set(held.leaders) else own.leaders,
        capacity=wanted.capacity if own.capacity == held.capacity else own.capacity,
    )


# ── Ending, and what could not be made ────────────────────────────────────────────────────────────────────────


@write
def end_series(series: Series, *, first: date, by: User, now: datetime) -> int:
    """From that day on nothing is held any more: how many sessions were cancelled."""
    locked = lock_series(series)
    if locked.until and locked.until < first:
        raise SeriesEnded
    locked.until = max(first, locked.begins_on) - timedelta(days=1)
    locked.save(update_fields=["until"])
    rest = [each for each in _ahead(locked, now=now) if each.live and each.occurrence and each.occurrence >= first]
    _cancel(rest, by=by, now=now)
    Skipped.objects.filter(series=locked, occurrence__gte=first, left_out=False).delete()
    _see_to_follow_up(locked, by=by, now=now)
    trail.record("series.ended", locked, by=by, at=now, facts={"cancelled": len(rest)})
    return len(rest)


@write
def leave_out_skipped(series: Series, *, by: User, now: datetime) -> int:
    """What could not be made is not tried again: how many days."""
    locked = lock_series(series)
    days = Skipped.objects.filter(series=locked, left_out=False).update(left_out=True)
    if days:
        trail.record("series.days_left_out", locked, by=by, at=now, facts={"days": days})
    _see_to_follow_up(locked, by=by, now=now)
    return days


@write
def try_skipped_again(series: Series, *, by: User, now: datetime) -> int:
    """What could not be made, once more: how many are still in the way of something."""
    locked = lock_series(series)
    make_sessions(locked, now=now)
    assign_those_of(locked, by=by, now=now)
    _see_to_follow_up(locked, by=by, now=now)
    return Skipped.objects.filter(series=locked, left_out=False).count()


def _see_to_follow_up(series: Series, *, by: User, now: datetime) -> None:
    """Whoever it was owed by, it is done once nothing of the program is missing any more."""
    if not Skipped.objects.filter(series__program=series.program_id, left_out=False).exists():
        outcome = _now("Nothing is missing any more")
        resolve_follow_ups_about(series.program, kind=FOLLOW_UP, outcome=outcome, by=by, now=now)
