"""Mindfulness practices: data files of `therapy/practices/` in our own words, and how long each of their steps takes.

A Django check reads all of them at start. None of them outlasts the patience of a session, which nobody touches with
closed eyes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from therapy.data_files import BrokenFile, faults_of, keys, read_folder, table_of

FOLDER = Path(__file__).parent / "practices"
MOST_MINUTES = 20
# Nobody reads a step faster.
FEWEST_SECONDS = 10


@dataclass(frozen=True)
class Step:
    """What to do for a share of the whole time."""

    share: int
    words: str


@dataclass(frozen=True)
class Timed:
    """A step of a practice of so many minutes: its number from 1 up, and its seconds."""

    number: int
    words: str
    seconds: int
    # How long the steps before it take.
    since: int

    @property
    def in_words(self) -> str:
        """About 40 seconds, about 2 minutes."""
        if self.seconds < 60:
            return _("about %(n)d seconds") % {"n": self.seconds}
        minutes = round(self.seconds / 60)
        return ngettext("about %(n)d minute", "about %(n)d minutes", minutes) % {"n": minutes}


@dataclass(frozen=True)
class Practice:
    code: str
    place: int
    language: str
    title: str
    does: str
    helps: tuple[str, ...]
    minutes: tuple[int, ...]
    caution: str
    steps: tuple[Step, ...]

    @property
    def lengths_in_words(self) -> str:
        """3, 5 or 10 minutes."""
        each = [str(length) for length in self.minutes]
        return _("%(lengths)s minutes") % {"lengths": get_text_list(each, _("or"))}

    @property
    def helps_in_words(self) -> str:
        return ", ".join(self.helps)

    def timed(self, minutes: int) -> list[Timed]:
        """The whole time shared out; what rounding leaves is the last step's."""
        whole, shares = minutes * 60, sum(step.share for step in self.steps)
        seconds = [whole * step.share // shares for step in self.steps]
        seconds[-1] += whole - sum(seconds)
        return [
            Timed(number, step.words, length, since=sum(seconds[: number - 1]))
            for number, (step, length) in enumerate(zip(self.steps, seconds, strict=True), start=1)
        ]

    def minutes_until(self, minutes: int, steps: int) -> int:
        """How long so many of its steps take, to the nearest minute."""
        return (sum(step.seconds for step in self.timed(minutes)[:steps]) + 30) // 60


# ── Which there are ───────────────────────────────────────────────────────────────────────────────────────────


@cache
def practices() -> dict[str, Practice]:
    """By their codes, in the order in which they are shown."""
    return load(FOLDER)


def load(folder: Path) -> dict[str, Practice]:
    """Raises BrokenFile with all that is wrong in any file of a folder."""
    found = read_folder(folder, read, name=lambda one: f"{one.code}.toml")
    return {one.code: one for one in sorted(found, key=lambda one: (one.place, one.code))}


def check_files(*, app_configs: object = None, folder: Path = FOLDER, **options: object) -> list[CheckMessage]:
    """For Django's checks: each thing that is wrong with a data file."""
    return faults_of(load, folder, check="therapy.E002")


# ── Reading a file ────────────────────────────────────────────────────────────────────────────────────────────


def read(text: str) -> Practice:
    """One practice. Raises BrokenFile."""
    data = table_of(text)
    if faults := _shape(data):
        raise BrokenFile(faults)
    steps = tuple(Step(**step) for step in data.pop("steps"))
    one = Practice(**{**data, "helps": tuple(data["helps"]), "minutes": tuple(data["minutes"])}, steps=steps)
    if faults := _sense(one):
        raise BrokenFile(faults)
    return one


def _shape(data: dict[str, Any]) -> list[str]:
    faults = keys(data, Practice, "it", apart={"steps"})
    steps = data.get("steps")
    if not isinstance(steps, list) or not steps or not all(isinstance(step, dict) for step in steps):
        return [*faults, "it has no steps."]
    for number, step in enumerate(steps, start=1):
        faults += keys(step, Step, f"step {number}", apart=())
    return faults


def _sense(one: Practice) -> list[str]:
    faults = []
    if not re.fullmatch(r"[a-z]{2,20}", one.code):
        faults.append("its code is one word in small letters.")
    if len(one.title) > 40 or len(one.does) > 120:
        faults.append("its title has up to 40 letters, and what it does up to 120.")
    if not one.helps or not all(isinstance(each, str) and each for each in one.helps):
        faults.append("helps names at least one thing.")
    if not one.minutes or not all(type(each) is int and 1 <= each <= MOST_MINUTES for each in one.minutes):
        faults.append(f"minutes are from 1 to {MOST_MINUTES}.")
    elif sorted(set(one.minutes)) != list(one.minutes):
        faults.append("minutes rise, each once.")
    if any(step.share < 1 for step in one.steps):
        faults.append("a share is 1 or more.")
    elif not faults and min(step.seconds for step in one.timed(one.minutes[0])) < FEWEST_SECONDS:
        faults.append(f"each step needs {FEWEST_SECONDS} seconds at least.")
    if any(len(step.words) > 300 for step in one.steps):
        faults.append("a step has up to 300 letters.")
    return faults
