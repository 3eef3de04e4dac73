"""The bundled texts of the library: data files of `therapy/texts/`, our own words. A check reads them at start."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.core.checks import CheckMessage, Error

from therapy.data_files import keys
from therapy.models.library import Topic

FOLDER = Path(__file__).parent / "texts"
FEWEST_WORDS, MOST_WORDS = 150, 400


class BrokenText(ValueError):
    """A data file that says something impossible. `faults` are sentences for whoever mends it."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = list(faults)
        super().__init__("; ".join(faults))


@dataclass(frozen=True)
class Bundled:
    """`urgent` ones are about something that may not wait: whom to call stands above them."""

    code: str
    place: int
    language: str
    title: str
    in_short: str
    topic: str
    helps: str
    urgent: bool
    words: str


@cache
def bundled() -> dict[str, Bundled]:
    """By their codes, in the order in which they are offered."""
    return load(FOLDER)


def load(folder: Path) -> dict[str, Bundled]:
    """Raises BrokenText with all that is wrong in any file of a folder."""
    found: list[Bundled] = []
    faults = []
    for path in sorted(folder.glob("*.toml")):
        try:
            one = read(path.read_text(encoding="utf-8"))
        except BrokenText as broken:
            faults += [f"{path.name}: {fault}" for fault in broken.faults]
            continue
        if path.name != f"{one.code}.toml":
            faults.append(f"{path.name}: it should be called {one.code}.toml.")
        found.append(one)
    if faults:
        raise BrokenText(faults)
    return {one.code: one for one in sorted(found, key=lambda one: (one.place, one.code))}


def check_files(*, app_configs: object = None, folder: Path = FOLDER, **options: object) -> list[CheckMessage]:
    """For Django's checks: each thing that is wrong with a data file."""
    try:
        load(folder)
    except BrokenText as broken:
        return [Error(fault, id="therapy.E003") for fault in broken.faults]
    return []


def read(text: str) -> Bundled:
    """One text. Raises BrokenText."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BrokenText([f"it is not TOML: {error}."]) from None
    if faults := keys(data, Bundled, "it", apart=()):
        raise BrokenText(faults)
    one = Bundled(**{**data, "words": data["words"].strip()})
    faults = []
    if not re.fullmatch(r"[a-z]{2,20}", one.code):
        faults.append("its code is one word in small letters.")
    if one.topic not in Topic:
        faults.append(f"its topic is one of {', '.join(Topic)}.")
    if len(one.title) > 80 or len(one.in_short) > 160 or len(one.helps) > 120:
        faults.append("its title, its sentence or what it helps with is too long.")
    if not FEWEST_WORDS <= len(one.words.split()) <= MOST_WORDS:
        faults.append(f"it has from {FEWEST_WORDS} to {MOST_WORDS} words.")
    if faults:
        raise BrokenText(faults)
    return one
