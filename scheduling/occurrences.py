"""One session of a series: changed or cancelled alone, with those that follow, or with all."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import User
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile, version_of
from iop_portal.writes import write
from scheduling.changing import Setting, cancel_session, move_sessions, setting_of
from scheduling.models import Room, Session
from scheduling.series import Edited, change_series, check_capacity, end_series, pattern_of, series_version
from scheduling.walltime import stretch_of


class OtherWeek(Refused):
    message = _("To change the day of all that follow, choose a day of the same week.")
    status = 400


class WeekdayTaken(Refused):
    message = _("The series is held on that weekday already. Choose another day, or change only this one.")
    status = 400


class Scope(models.TextChoices):
    """Which of a series is meant, said of one of its sessions."""

    ONE = "one", _("Only this one")
    FOLLOWING = "following", _("This one and all that follow")
    ALL = "all", _("All that are ahead")


@dataclass(frozen=True)
class Wish:
    """What one session of a series is to be, in wall-clock time of the series."""

    day: date
    at: time
    minutes: int
    room: Room | None
    video: bool
    leaders: tuple[User, ...]
    capacity: int


def wish_of(session: Session) -> Wish:
    """As it is. The session is one of a series."""
    assert session.series
    begins, held = session.starts_at.astimezone(ZoneInfo(session.series.zone)), setting_of(session)
    leaders = tuple(sorted(held.leaders, key=lambda leader: leader.pk))
    return Wish(begins.date(), begins.time(), session.minutes, held.room, held.video, leaders, held.capacity)


def occurrence_version(session: Session) -> str:
    assert session.series
    return version_of(wish_of(session), [field.name for field in fields(Wish)]) + series_version(session.series)


@write
def change_occurrence(
    session: Session, wish: Wish, *, scope: Scope, seen: str, give_back: bool = False, by: User, now: datetime
) -> Edited:
    """Only this one, this and following, or all: of the latter two only what differs from this one as it was."""
    session = Session.objects.select_related("series__modality", "series__program", "room").get(pk=session.pk)
    if session.series is None or session.occurrence is None or occurrence_version(session) != seen:
        raise ChangedMeanwhile
    held, series = wish_of(session), session.series
    if scope == Scope.ONE:
        check_capacity(wish.capacity, wish.room, series.modality)
        during = stretch_of(wish.day, wish.at, series.zone, minutes=wish.minutes)
        wanted = Setting(during, wish.room, wish.video, wish.leaders, wish.capacity)
        return Edited(series, move_sessions({session: wanted}, give_back=give_back, by=by, now=now), 0, 0)
    pattern = pattern_of(series)
    differs = {name: getattr(wish, name) for name in SHARED if getattr(wish, name) != getattr(held, name)}
    if wish.day != held.day:
        differs["weekdays"] = _weekdays_with(pattern.weekdays, session.occurrence, wish.day)
    following = session.occurrence if scope == Scope.FOLLOWING else None
    return change_series(
        series,
        replace(pattern, **differs),
        following=following,
        seen=series_version(series),
        give_back=give_back,
        by=by,
        now=now,
    )


@write
def cancel_occurrence(session: Session, *, scope: Scope, by: User, now: datetime) -> None:
    """Only this one, or this one and all that follow. What is of no series is cancelled alone."""
    if scope == Scope.ONE:
        cancel_session(session, by=by, now=now)
    else:
        assert session.series
        assert session.occurrence
        end_series(session.series, first=session.occurrence, by=by, now=now)


# What a session and its series both have.
SHARED = ("at", "minutes", "room", "video", "leaders", "capacity")


def _weekdays_with(weekdays: tuple[int, ...], before: date, after: date) -> tuple[int, ...]:
    if before.isocalendar()[:2] != after.isocalendar()[:2]:
        raise OtherWeek
    if after.weekday() in weekdays and after.weekday() != before.weekday():
        raise WeekdayTaken
    return tuple(sorted({*weekdays, after.weekday()} - ({before.weekday()} - {after.weekday()})))
