"""Series as the office sees them: what each is, what lies ahead of it, and what could not be made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet

from iop_portal.people.models import Program, User
from scheduling.changing import LEADERS
from scheduling.models import Series, Session, Skipped, TrackSeries
from scheduling.telling import Told, days_and_time


@dataclass(frozen=True)
class Line(Told):
    """A series in a list."""

    series: Series
    leaders: Sequence[User]
    when: str
    over: bool
    missing: int

    @property
    def room(self) -> object:
        return self.series.room

    @property
    def video(self) -> bool:
        return self.series.video

    @property
    def program(self) -> Program:
        return self.series.program


@dataclass(frozen=True)
class Ahead(Told):
    """One session that is ahead, and how it differs from what its series says."""

    session: Session
    leaders: Sequence[User]
    booked: int
    moved: bool
    too_few: bool

    @property
    def room(self) -> object:
        return self.session.room

    @property
    def video(self) -> bool:
        return self.session.video

    @property
    def program(self) -> Program:
        return self.session.program


@dataclass(frozen=True)
class Page:
    line: Line
    ahead: Sequence[Ahead]
    skipped: Sequence[Skipped]
    tracks: Sequence[TrackSeries]


def series_of(program: Program, *, now: datetime) -> list[Line]:
    """Those that are held first, by weekday and time. Two queries."""
    missing = Count("skipped", filter=Q(skipped__left_out=False))
    found = _with_leaders(Series.objects.filter(program=program)).annotate(missing=missing)
    today = now.astimezone(ZoneInfo(program.zone)).date()
    lines = [_line(series, today) for series in found]
    return sorted(lines, key=lambda line: (line.over, line.series.weekdays, line.series.at, line.series.pk))


def page_of(series: Series, *, now: datetime) -> Page:
    """With everything that is ahead, cancelled ones too."""
    today = now.astimezone(ZoneInfo(series.zone)).date()
    booked = Count("bookings", filter=Q(bookings__occupies=True))
    ahead = Session.objects.filter(series=series, during__startswith__gt=now).annotate(booked=booked)
    full = ahead.select_related("room", "program").prefetch_related(LEADERS).order_by("during")
    return Page(
        line=_line(series, today),
        ahead=[_ahead(each, series) for each in full],
        skipped=list(Skipped.objects.filter(series=series, left_out=False).select_related("clinician")),
        tracks=list(series.track_series.select_related("track").order_by("track__name")),
    )


def _with_leaders(series: QuerySet[Series]) -> QuerySet[Series]:
    return series.select_related("modality", "room", "program").prefetch_related("leaders")


def _line(series: Series, today: date) -> Line:
    return Line(
        series,
        leaders=list(series.leaders.all()),
        when=days_and_time(series),
        over=series.until is not None and series.until < today,
        missing=getattr(series, "missing", 0),
    )


def _ahead(session: Session, series: Series) -> Ahead:
    begins = session.starts_at.astimezone(ZoneInfo(series.zone))
    booked = session.booked  # type: ignore[attr-defined]
    return Ahead(
        session,
        leaders=[each.clinician for each in session.facilitations.all()],
        booked=booked,
        moved=begins.date() != session.occurrence or begins.time() != series.at,
        too_few=session.live and booked < series.minimum,
    )
