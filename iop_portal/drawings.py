"""Small drawings of numbers, as SVG that needs neither script nor style. Words always stand beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from math import ceil
from typing import Protocol

from django import template
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from iop_portal.markup import hours_read

register = template.Library()

PILL, GAP = 22, 4


@register.simple_tag
def hour_pills(done: float, booked: float, wanted: float) -> SafeString:
    """One pill an hour: done, booked, still to choose. Hours beyond those wanted are drawn too."""
    count = max(1, ceil(max(wanted, done + booked)))
    step = PILL + GAP
    pills = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="{}"/>',
        (
            _pill(kind, hour * step + start * PILL, (end - start) * PILL)
            for hour in range(count)
            for kind, start, end in _parts(hour, done, booked, wanted)
        ),
    )
    return format_html('<svg class="hours" viewBox="0 0 {} 16" aria-hidden="true">{}</svg>', count * step - GAP, pills)


def _pill(kind: str, left: float, width: float) -> tuple[str, ...]:
    """Open hours have a dashed edge, which is drawn inside."""
    inset = 0.75 if kind == "h-open" else 0
    sizes = (left + inset, 2 + inset, width - 2 * inset, 12 - 2 * inset, 6 - inset)
    return kind, *map(_n, sizes)


@register.simple_tag
@lru_cache(maxsize=1000)
def hour_bars(done: float, booked: float, wanted: float) -> SafeString:
    """The same in the width of a table cell. Kept, since a table draws the same few weeks again and again."""
    count = max(1, ceil(max(wanted, done + booked)))
    step = 76 / count
    bars = format_html_join(
        "",
        '<rect class="{}" x="{}" y="1" width="{}" height="8" rx="2"/>',
        (
            (kind, _n((hour + start) * step), _n(max(1, (end - start) * step - (1.6 if end == 1 else 0))))
            for hour in range(count)
            for kind, start, end in _parts(hour, done, booked, wanted)
        ),
    )
    return format_html('<svg class="bars" viewBox="0 0 76 10" aria-hidden="true">{}</svg>', bars)


def _n(number: float) -> str:
    """As short as SVG needs it, never in the digits of the reader's language."""
    return f"{round(number, 2):g}"


def _parts(hour: int, done: float, booked: float, wanted: float) -> Iterator[tuple[str, float, float]]:
    """How one hour is filled, as (kind, from, to) between 0 and 1. Beyond what is wanted nothing is open."""
    first = min(1.0, max(0.0, done - hour))
    second = min(1.0, max(0.0, done + booked - hour))
    if first > 0:
        yield "h-done", 0.0, first
    if second > first:
        yield "h-booked", first, second
    if second < 1 and hour < max(1, wanted):
        yield "h-open", second, 1.0


@register.simple_tag
def hour_ring(done: float, booked: float, wanted: float) -> SafeString:
    """Hours of a week as a ring. The number in the middle is what is done or booked."""
    whole = max(wanted, done + booked, 1)
    sure = done + booked
    return format_html(
        '<svg class="ring" viewBox="0 0 120 120" aria-hidden="true"><circle class="track" cx="60" cy="60" r="50"/>'
        "{}{}"
        '<text x="60" y="67">{}</text><text class="of" x="60" y="84">/ {}</text></svg>',
        _arc("done", done, 0, whole),
        _arc("booked", booked, done, whole),
        hours_read(round(sure * 60)),
        _n(wanted),
    )


def _arc(kind: str, length: float, start: float, whole: float) -> SafeString:
    if length <= 0:
        return SafeString("")
    return format_html(
        '<circle class="{}" cx="60" cy="60" r="50" pathLength="{}" stroke-dasharray="{} {}"'
        ' stroke-dashoffset="{}" transform="rotate(-90 60 60)"/>',
        kind,
        _n(whole),
        _n(length),
        _n(whole - length),
        _n(-start),
    )


@register.simple_tag
def trend(values: Sequence[float], most: float) -> SafeString:
    """The last values of a measure as a line, oldest first, on a scale from 0 to `most`."""
    if len(values) < 2:
        return SafeString("")
    step = 44 / (len(values) - 1)
    points = " ".join(f"{2 + at * step:.1f},{16 - 14 * value / most:.1f}" for at, value in enumerate(values))
    return format_html(
        '<svg class="trend" viewBox="0 0 48 18" aria-hidden="true"><polyline points="{}"/></svg>', points
    )


PLOT_LEFT, PLOT_RIGHT, PLOT_TOP, PLOT_FOOT = 44, 320, 34, 170
# Labels of the scale that would stand closer than this are left out.
APART = 17


@register.simple_tag
def score_chart(points: Sequence[tuple[datetime, int]], most: int, starts: Sequence[int]) -> SafeString:
    """Scores over time, oldest first, on a scale from 0 to `most` with a line where each band starts."""
    if not points:
        return SafeString("")
    first, last = points[0][0], points[-1][0]
    whole = (last - first).total_seconds()

    def across(at: datetime) -> float:
        share = (at - first).total_seconds() / whole if whole else 0.5
        return PLOT_LEFT + (PLOT_RIGHT - PLOT_LEFT) * share

    def up(score: float) -> float:
        return PLOT_FOOT - (PLOT_FOOT - PLOT_TOP) * score / most

    places = [(across(at), up(score)) for at, score in points]
    lines = format_html_join(
        "", '<line class="grid" x1="30" x2="334" y1="{0}" y2="{0}"/>', ((_n(up(each)),) for each in (*starts, most))
    )
    labels, above = [], None
    for each in (*starts, most):
        if above is None or above - up(each) >= APART:
            labels.append((_n(up(each) + 5), each))
            above = up(each)
    scale = format_html_join("", '<text x="22" y="{}" text-anchor="end">{}</text>', labels)
    line = " ".join(f"{_n(x)},{_n(y)}" for x, y in places)
    dots = format_html_join(
        "",
        '<circle class="pt{}" cx="{}" cy="{}" r="5"/>',
        ((" pt-last" if at == len(places) - 1 else "", _n(x), _n(y)) for at, (x, y) in enumerate(places)),
    )
    ends = {0: points[0], len(points) - 1: points[-1]}
    told = format_html_join(
        "",
        '<text class="val" x="{0}" y="{1}" text-anchor="middle">{2}</text>'
        '<text x="{0}" y="192" text-anchor="middle">{3}</text>',
        (
            (_n(places[at][0]), _n(places[at][1] - 12), score, date_format(localtime(when), "j M"))
            for at, (when, score) in ends.items()
        ),
    )
    return format_html(
        '<svg class="chart" viewBox="0 0 360 200" aria-hidden="true">{}{}'
        '<polyline class="line" points="{}"/>{}{}</svg>',
        lines,
        scale,
        line,
        dots,
        told,
    )


class Lived(Protocol):
    @property
    def name(self) -> str | Promise: ...
    @property
    def states(self) -> Sequence[str]: ...


MARKS = {"held": "h-done", "partly": "h-booked", "slipped": "h-open"}
LABEL, CELL, LINE, FEWEST_WEEKS = 132, 18, 24, 8


@register.simple_tag
def weeks_drawn(rows: Sequence[Lived], weeks: Sequence[date]) -> SafeString:
    """Parts of a life over weeks, oldest first: what held is full, what slipped open, what is no part of it a dot."""
    marks = [_mark(state, at, line) for line, row in enumerate(rows) for at, state in enumerate(row.states)]
    names = [(LINE * line + 16, row.name) for line, row in enumerate(rows)]
    # The first week and the last, where there is room for both.
    told = {at: weeks[at] for at in (0, len(weeks) - 1) if at in (0, *range(3, len(weeks)))}
    days = [(LABEL + CELL * at, LINE * len(rows) + 16, date_format(week, "j M")) for at, week in told.items()]
    return format_html(
        '<svg class="weeks-drawn" viewBox="0 0 {} {}" aria-hidden="true">{}{}{}</svg>',
        LABEL + CELL * max(FEWEST_WEEKS, len(weeks)) + 24,
        LINE * len(rows) + 22,
        format_html_join("", '<text x="0" y="{}">{}</text>', names),
        format_html_join("", "{}", ((mark,) for mark in marks)),
        format_html_join("", '<text class="of" x="{}" y="{}">{}</text>', days),
    )


def _mark(state: str, at: int, line: int) -> SafeString:
    left, top = LABEL + CELL * at, LINE * line + 4
    kind = MARKS.get(state)
    if kind is None:
        return format_html('<circle class="of" cx="{}" cy="{}" r="1.5"/>', left + 7, top + 8)
    inset = 0.75 if kind == "h-open" else 0
    return format_html(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="4"/>',
        kind,
        _n(left + inset),
        _n(top + 1 + inset),
        _n(14 - 2 * inset),
        _n(14 - 2 * inset),
    )
