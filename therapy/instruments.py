"""Instruments: questionnaires as data files, how they are checked, and how they are scored.

Each file of `therapy/instruments/` is one version of one instrument in one language, word for word as it was published,
with where it comes from and what it may be used for. A Django check reads all of them at start. Scores are sums exactly
as published; whoever leaves out an answer that counts gets no score rather than a guessed one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from therapy.data_files import BrokenFile, faults_of, keys, read_folder, table_of

FOLDER = Path(__file__).parent / "instruments"
MOST_POINTS = 500


@dataclass(frozen=True)
class Option:
    value: int
    text: str


@dataclass(frozen=True)
class Item:
    """One question, asked if any of `only_if_any` was answered with `only_if_from` or more, where those are given.

    `scored` adds to the sum. One that `decides` leads to others, so that without an answer there is no score. From
    `alert_from` on, an answer asks people to act at once.
    """

    code: str
    text: str
    scale: str
    intro: str | None = None
    scored: bool = True
    decides: bool = False
    alert_from: int | None = None
    only_if_any: tuple[str, ...] = ()
    only_if_from: int = 1
    options: tuple[Option, ...] = ()

    @property
    def counts(self) -> bool:
        return self.scored or self.decides

    @property
    def most(self) -> int:
        return max(option.value for option in self.options)

    def words_of(self, value: int) -> str:
        return next((option.text for option in self.options if option.value == value), str(value))


@dataclass(frozen=True)
class Band:
    """Scores from `start` up to the next band, by the name that was published and in plain words."""

    start: int
    name: str
    words: str


@dataclass(frozen=True)
class Instrument:
    code: str
    version: str
    language: str
    name: str
    about: str
    recall: str
    intro: str
    source: str
    credit: str
    licence: str
    higher_is: str
    bundled: bool
    every_days: int
    means: str
    means_not: str
    items: tuple[Item, ...]
    bands: tuple[Band, ...]
    flag_from: int | None = None
    # From how many points on a difference is more than chance. None where no figure is published.
    reliable_change: int | None = None
    reliable_change_source: str = ""

    @property
    def most(self) -> int:
        return sum(item.most for item in self.items if item.scored)

    @property
    def alarming(self) -> bool:
        """Whether an answer may ask people to act at once, so that it is asked in staffed hours alone."""
        return any(item.alert_from is not None for item in self.items)

    def item(self, code: str) -> Item | None:
        return next((item for item in self.items if item.code == code), None)

    def band(self, score: int) -> Band:
        return [band for band in self.bands if band.start <= score][-1]

    def last_of(self, band: Band) -> int:
        later = [other.start for other in self.bands if other.start > band.start]
        return min(later) - 1 if later else self.most


Answers = Mapping[str, int | None]
"""By the code of an item, the value of what was chosen. None: prefers not to say."""


# ── Scoring ───────────────────────────────────────────────────────────────────────────────────────────────────


def asked(instrument: Instrument, answers: Answers) -> list[Item]:
    """The questions that apply, given what was answered so far, in their order."""
    return [item for item in instrument.items if _applies(item, answers)]


def _applies(item: Item, answers: Answers) -> bool:
    if not item.only_if_any:
        return True
    return any((answers.get(code) or 0) >= item.only_if_from for code in item.only_if_any)


def unanswered(instrument: Instrument, answers: Answers) -> list[Item]:
    return [item for item in asked(instrument, answers) if item.code not in answers]


def score(instrument: Instrument, answers: Answers) -> int | None:
    """The published sum. None where an answer that counts is missing or was not given."""
    counted = [item for item in asked(instrument, answers) if item.counts]
    if any(answers.get(item.code) is None for item in counted):
        return None
    return sum(answers[item.code] or 0 for item in counted if item.scored)


class Change(TextChoices):
    BETTER = "better", _("improved")
    SAME = "same", _("no reliable change")
    WORSE = "worse", _("worsened")
    UNKNOWN = "unknown", _("not enough to tell")


def change(instrument: Instrument, first: int | None, last: int | None) -> Change:
    """From the score at admission to a later one, by the reliable change of the instrument."""
    if first is None or last is None or instrument.reliable_change is None:
        return Change.UNKNOWN
    more = last - first if instrument.higher_is == "worse" else first - last
    if more >= instrument.reliable_change:
        return Change.WORSE
    return Change.BETTER if -more >= instrument.reliable_change else Change.SAME


# ── Which there are ───────────────────────────────────────────────────────────────────────────────────────────


@cache
def every_version() -> dict[tuple[str, str], Instrument]:
    return load(FOLDER)


@cache
def instruments() -> dict[str, Instrument]:
    """The newest version of each, those that every program has first."""
    found = sorted(every_version().values(), key=lambda each: (each.code, int(each.version)))
    newest = {each.code: each for each in found}
    order = ("phq-9", "gad-7", "craving")
    place = {code: at for at, code in enumerate(order)}
    return dict(sorted(newest.items(), key=lambda pair: (not pair[1].bundled, place.get(pair[0], len(order)), pair[0])))


def version_of(code: str, version: str) -> Instrument | None:
    """As it was when somebody answered it."""
    return every_version().get((code, version)) or instruments().get(code)


def load(folder: Path) -> dict[tuple[str, str], Instrument]:
    """Every file of a folder by code and version. Raises BrokenFile with all that is wrong in any of them."""
    found = read_folder(folder, read, name=lambda one: f"{one.code}.v{one.version}.toml")
    return {(one.code, one.version): one for one in found}


def check_files(*, app_configs: object = None, folder: Path = FOLDER, **options: object) -> list[CheckMessage]:
    """For Django's checks: each thing that is wrong with a data file."""
    return faults_of(load, folder, check="therapy.E001")


# ── Reading a file ────────────────────────────────────────────────────────────────────────────────────────────


def read(text: str) -> Instrument:
    """One instrument. Raises BrokenFile."""
    data = table_of(text)
    faults = [*_shape(data)]
    if faults:
        raise BrokenFile(faults)
    scales = {
        name: tuple(Option(option["value"], option["text"]) for option in scale["options"])
        for name, scale in data.pop("scales").items()
    }
    items = tuple(
        Item(
            **{**item, "only_if_any": tuple(item.get("only_if_any", ()))},
            options=scales.get(item["scale"], ()),
        )
        for item in data.pop("items")
    )
    bands = tuple(Band(band["from"], band["name"], band["words"]) for band in data.pop("bands"))
    one = Instrument(**data, items=items, bands=bands)
    faults = [*_of_items(one), *_of_scales(scales), *(_of_scores(one) if all(item.options for item in items) else ())]
    if faults:
        raise BrokenFile(faults)
    return one


NEEDED_OF = {
    "scales": {"options"},
    "options": {"value", "text"},
    "bands": {"from", "name", "words"},
}


def _shape(data: dict[str, Any]) -> list[str]:
    """Keys and their types, before anything is made of them."""
    faults = keys(data, Instrument, "it", apart={"items", "bands"}, extra={"scales"})
    for name in ("items", "bands"):
        if not isinstance(data.get(name), list) or not data[name]:
            faults.append(f"it has no {name}.")
    if not isinstance(data.get("scales"), dict):
        return [*faults, "it has no scales."]
    if faults:
        return faults
    for item in data["items"]:
        faults += keys(item, Item, f"item {item.get('code', '?')}", apart={"options"})
    for band in data["bands"]:
        if set(band) != NEEDED_OF["bands"] or not isinstance(band["from"], int):
            faults.append("a band needs from, name and words, and nothing else.")
    for name, scale in data["scales"].items():
        options = scale.get("options") if isinstance(scale, dict) else None
        if not options or any(set(one) != NEEDED_OF["options"] or type(one["value"]) is not int for one in options):
            faults.append(f"scale {name} needs options, each with a value and a text.")
    return faults


def _of_items(one: Instrument) -> list[str]:
    faults = []
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,18}", one.code):
        faults.append("its code needs small letters, digits and hyphens.")
    if not re.fullmatch(r"[1-9][0-9]{0,3}", one.version):
        faults.append("its version is a number.")
    before: set[str] = set()
    for item in one.items:
        if item.code in before:
            faults.append(f"item {item.code} is there twice.")
        if not item.options:
            faults.append(f"item {item.code} has the scale {item.scale}, which there is not.")
        elif item.alert_from is not None and item.alert_from not in {option.value for option in item.options}:
            faults.append(f"item {item.code} alerts from an answer that there is not.")
        faults += [
            f"item {item.code} depends on {other}, which does not come before it."
            for other in item.only_if_any
            if other not in before
        ]
        before.add(item.code)
    if not any(item.scored for item in one.items):
        faults.append("none of its items is scored.")
    return faults


def _of_scales(scales: Mapping[str, Sequence[Option]]) -> list[str]:
    faults = []
    for name, options in scales.items():
        values = [option.value for option in options]
        if len(set(values)) < len(values) or min(values) < 0:
            faults.append(f"scale {name} needs values from 0 up, each once.")
    return faults


def _of_scores(one: Instrument) -> list[str]:
    faults = []
    starts = [band.start for band in one.bands]
    if starts[0] != 0 or sorted(set(starts)) != starts or starts[-1] > one.most:
        faults.append(f"its bands have to begin at 0 and rise up to {one.most} at most.")
    if one.higher_is not in ("worse", "better"):
        faults.append("higher_is has to be worse or better.")
    if not 1 <= one.every_days <= 365:
        faults.append("every_days is from 1 to 365.")
    if one.flag_from is not None and not 0 < one.flag_from <= one.most:
        faults.append(f"flag_from is from 1 to {one.most}.")
    if one.reliable_change is not None and not (0 < one.reliable_change <= one.most and one.reliable_change_source):
        faults.append(f"reliable_change is from 1 to {one.most}, and says where it comes from.")
    if one.most > MOST_POINTS:
        faults.append(f"a score goes to {MOST_POINTS} at most.")
    return faults
