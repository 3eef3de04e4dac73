"""Template tags of the house, loaded everywhere: icons, times as people write them, and what has to be mended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, TypeVar

from django import template
from django.forms import BaseForm
from django.forms.boundfield import BoundField
from django.forms.formsets import BaseFormSet
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

register = template.Library()
When = TypeVar("When", bound=date | time)


@register.simple_tag
def icon(name: str, css: str = "icon") -> SafeString:
    """One of our own icons. It is hidden from screen readers: a word always stands beside it."""
    return _drawing(f"i-{name}", css)


@register.simple_tag
def art(name: str) -> SafeString:
    """A small drawing for empty states."""
    return _drawing(f"a-{name}", "art")


def _drawing(symbol: str, css: str) -> SafeString:
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        css,
        static("icons/sprite.svg"),
        symbol,
    )


@register.filter
def clock(when: datetime | time | None) -> str:
    """5:30 pm"""
    if not when:
        return ""
    moment = _local(when)
    return f"{_digits(moment)} {_half(moment)}"


@register.filter
def day(when: datetime | date | None) -> str:
    """Tuesday 24 November"""
    return _day_words(_date_of(_local(when)), "l j F", get_language()) if when else ""


def weekday_short(when: datetime) -> str:
    """Tue"""
    return _day_words(_date_of(_local(when)), "D", get_language())


def day_short(when: datetime | date) -> str:
    """24 Nov"""
    return _day_words(_date_of(_local(when)), "j M", get_language())


def _date_of(when: datetime | date) -> date:
    return when.date() if isinstance(when, datetime) else when


@lru_cache(maxsize=1000)
def _day_words(on: date, form: str, language: str | None) -> str:
    """Kept, since a page of times says the same few days again and again."""
    return date_format(on, form)


@register.filter
def day_and_year(when: datetime | date | None) -> str:
    """24 November 2026: for what lies far away, such as the end of a consent."""
    return date_format(_local(when), "j F Y") if when else ""


@register.filter
def day_clock(when: datetime | None) -> str:
    """Tuesday 24 November, 5:30 pm"""
    if not when:
        return ""
    moment = _local(when)
    words = {"day": _day_words(moment.date(), "l j F", get_language()), "time": f"{_digits(moment)} {_half(moment)}"}
    return _("%(day)s, %(time)s") % words


@register.simple_tag
def hours(start: datetime | time, end: datetime | time) -> SafeString:
    """5:30–7:00 pm, kept on one line; the half of the day is said once where it is the same."""
    first, last = _local(start), _local(end)
    opening = _digits(first) if _half(first) == _half(last) else f"{_digits(first)} {_half(first)}"
    return format_html('<span class="nowrap">{}–{} {}</span>', opening, _digits(last), _half(last))


def _local(when: When) -> When:
    """In the zone of the person who reads."""
    if isinstance(when, datetime) and timezone.is_aware(when):
        return timezone.localtime(when)  # type: ignore[return-value]
    return when


def _digits(when: datetime | time) -> str:
    return f"{when.hour % 12 or 12}:{when.minute:02}"


def _half(when: datetime | time) -> str:
    return pgettext("time of day", "am") if when.hour < 12 else pgettext("time of day", "pm")


FRACTIONS = {0: "", 15: "¼", 30: "½", 45: "¾"}


def hours_read(minutes: int) -> str:
    """7½: whole hours and quarters as people write them, others to one decimal."""
    whole, rest = divmod(minutes, 60)
    if rest not in FRACTIONS:
        return number_format(round(minutes / 60, 1), 1)
    return f"{whole or (0 if not rest else '')}{FRACTIONS[rest]}"


@register.filter
def length_in_words(minutes: int) -> str:
    """2 hours, 90 minutes: whole hours as such."""
    if minutes % 60:
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    return ngettext("%(count)d hour", "%(count)d hours", minutes // 60) % {"count": minutes // 60}


@register.filter
def zone_place(zone: str) -> str:
    """New York, for America/New_York: the place by whose clock times are."""
    return zone.rpartition("/")[2].replace("_", " ")


@register.filter
def phone_link(number: str) -> str:
    """A number as a tel: link wants it, without the spaces and brackets that people read."""
    return "".join(char for char in number if char.isdigit() or char in "+,;*#")


@dataclass(frozen=True)
class Problem:
    """A sentence that says what to mend, and the id of the field to mend it in (empty: the form as a whole)."""

    text: str
    target: str


@register.simple_tag
def problems(*forms: object) -> list[Problem]:
    """Everything to mend in these forms, in reading order. A form shown here does not repeat it where it stands."""
    given = [form for form in forms if isinstance(form, BaseForm | BaseFormSet)]
    for form in given:
        form.summarised = True  # type: ignore[union-attr]
    return [problem for form in given for problem in _problems_of(form)]


def _problems_of(form: BaseForm | BaseFormSet[Any]) -> Iterator[Problem]:
    if isinstance(form, BaseFormSet):
        yield from (Problem(str(text), "") for text in form.non_form_errors())
        for part in form.forms:
            yield from _problems_of(part)
    elif form.is_bound:
        yield from (Problem(str(text), "") for text in form.non_field_errors())
        for field in form:
            yield from (Problem(str(text), _target(field)) for text in field.errors)


def _target(field: BoundField) -> str:
    """The first thing in the field that can have the focus. Radio buttons and tick boxes have no id of their own."""
    if field.is_hidden:
        return ""
    return field.id_for_label or next((part.id_for_label for part in field.subwidgets), "")
