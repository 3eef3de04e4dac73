"""Results as people read them: a number, its band in plain words, and how it moved since the beginning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _

from iop_portal.audit import trail
from iop_portal.people.models import Program, User
from iop_portal.writes import write
from therapy.instruments import Band, Change, Instrument, Item, asked, change, instruments, version_of
from therapy.models import Alert, Sheet
from therapy.using import used_by, uses_of

SHOWN = 24
BESIDE = 4


@dataclass(frozen=True)
class Result:
    """One sheet that was sent in. Without a score there is no band, and the page says why."""

    sheet: Sheet
    instrument: Instrument
    band: Band | None
    marked: bool

    @property
    def at(self) -> datetime:
        assert self.sheet.sent_at is not None
        return self.sheet.sent_at

    @property
    def score(self) -> int | None:
        return self.sheet.score


@dataclass(frozen=True)
class Row:
    """One question, and what was chosen on each of several days, the newest first. Empty where it was not asked."""

    item: Item
    chosen: tuple[str, ...]


@dataclass(frozen=True)
class Course:
    """An instrument over time, newest first, and the change since the first number of this stay."""

    instrument: Instrument
    results: tuple[Result, ...]
    first: Result | None
    change: Change

    @property
    def last(self) -> Result | None:
        return self.results[0] if self.results else None

    @property
    def latest_scored(self) -> Result | None:
        return next((each for each in self.results if each.score is not None), None)

    @property
    def points(self) -> list[tuple[datetime, int]]:
        """Oldest first, for the drawing."""
        return [(each.at, each.score) for each in reversed(self.results) if each.score is not None]

    @property
    def starts(self) -> list[int]:
        """Where the bands begin, for the drawing."""
        return [band.start for band in self.instrument.bands]

    @property
    def change_words(self) -> str:
        last = self.latest_scored
        if self.first is None or last is None or self.first == last:
            return _("Not enough to tell yet: it takes two numbers.")
        numbers = {"first": self.first.score, "last": last.score, "n": self.instrument.reliable_change}
        match self.change:
            case Change.BETTER:
                return _("Improved since the beginning: from %(first)s to %(last)s.") % numbers
            case Change.WORSE:
                return _("Worsened since the beginning: from %(first)s to %(last)s.") % numbers
            case Change.SAME:
                words = _(
                    "No reliable change: %(first)s at the beginning, %(last)s now. Less than %(n)s may be chance."
                )
                return words % numbers
        return _("From %(first)s at the beginning to %(last)s now. How much counts as a change is not known.") % numbers

    @property
    def rule(self) -> str:
        if self.instrument.reliable_change is None:
            return ""
        words = _("How we compare: the newest number with the first of this stay. %(source)s")
        return words % {"source": self.instrument.reliable_change_source}


def course_of(person: User, instrument: Instrument, *, reader: User, now: datetime) -> Course:
    """What the reader may see of it. Two queries, and one for each program."""
    seen = Sheet.objects.visible_to(reader, now).sent().filter(person=person, instrument=instrument.code)
    return _course(instrument, list(seen.select_related("enrolment__program").order_by("-sent_at", "-pk")))


def courses_of(person: User, *, reader: User, now: datetime) -> list[Course]:
    """Every instrument that there is something of, for a page about all. Two queries, and one for each program."""
    seen = Sheet.objects.visible_to(reader, now).sent().filter(person=person)
    by_code: dict[str, list[Sheet]] = {}
    for sheet in seen.select_related("enrolment__program").order_by("-sent_at", "-pk")[: SHOWN * len(instruments())]:
        by_code.setdefault(sheet.instrument, []).append(sheet)
    return [_course(one, by_code[code][:SHOWN]) for code, one in instruments().items() if code in by_code]


def _course(instrument: Instrument, sheets: Sequence[Sheet]) -> Course:
    marks: dict[Program, int | None] = {
        program: uses_of(program)[instrument.code].row.flag_from
        for program in {each.enrolment.program for each in sheets}
    }
    results = tuple(_result(sheet, marks[sheet.enrolment.program]) for sheet in sheets)
    here = [each for each in results if each.score is not None and each.sheet.enrolment == sheets[0].enrolment]
    first, last = (here[-1], here[0]) if here else (None, None)
    how = (
        Change.UNKNOWN
        if first is last or first is None or last is None
        else change(instrument, first.score, last.score)
    )
    return Course(instrument, results, first, how)


def _result(sheet: Sheet, mark: int | None) -> Result:
    one = version_of(sheet.instrument, sheet.version) or instruments()[sheet.instrument]
    band = one.band(sheet.score) if sheet.score is not None else None
    return Result(sheet, one, band, mark is not None and sheet.score is not None and sheet.score >= mark)


def answers_side_by_side(course: Course, *, number: str | None = None) -> tuple[Page[Result], list[Row]]:
    """A few with every answer, the newest few first; `number` is that of a page with others. One query."""
    page = Paginator(course.results, BESIDE).get_page(number)
    shown: list[Result] = list(page)
    given: dict[int, dict[str, int | None]] = {each.sheet.pk: {} for each in shown}
    for sheet, item, value in (
        Sheet.objects.filter(pk__in=given).order_by().values_list("pk", "answers__item", "answers__value")
    ):
        given[sheet][item] = value
    rows = [
        Row(item, tuple(_chosen(result, item, given[result.sheet.pk]) for result in shown))
        for item in course.instrument.items
    ]
    return page, rows


def _chosen(result: Result, item: Item, given: dict[str, int | None]) -> str:
    then = result.instrument.item(item.code)
    if then is None or then not in asked(result.instrument, given) or item.code not in given:
        return ""
    value = given[item.code]
    return _("Prefers not to say") if value is None else then.words_of(value)


@write
def read_course(client: User, instrument: Instrument, *, by: User, now: datetime) -> Course:
    """As a clinician reads it: the client finds in their trail that it was."""
    course = course_of(client, instrument, reader=by, now=now)
    trail.record("measure.viewed", client, client=client, by=by, at=now, facts={"count": len(course.results)})
    return course


def alerts_about(client: User, instrument: Instrument, *, reader: User, now: datetime) -> list[Alert]:
    """With what was done about each, the newest first."""
    found = Alert.objects.visible_to(reader, now).filter(sheet__person=client, sheet__instrument=instrument.code)
    return list(found.select_related("disposition__by", "sheet"))


@dataclass(frozen=True)
class Line:
    """An instrument on a client's page: how it went, or that there is nothing yet."""

    instrument: Instrument
    course: Course | None


def lines_for(client: User, programs: Iterable[Program], *, reader: User, now: datetime) -> list[Line]:
    """What these programs use, and whatever else there is something of."""
    courses = {each.instrument.code: each for each in courses_of(client, reader=reader, now=now)}
    used = {code for program in programs for code in used_by(program)}
    return [Line(one, courses.get(code)) for code, one in instruments().items() if code in used or code in courses]
