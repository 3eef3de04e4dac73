"""The bundled texts of the library: data files of `therapy/texts/`, our own words. A check reads them at start."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.core.checks import CheckMessage

from therapy.data_files import BrokenFile, faults_of, keys, read_folder, table_of
from therapy.models.library import Topic

FOLDER = Path(__file__).parent / "texts"
FEWEST_WORDS, MOST_WORDS = 150, 400


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
    """Raises BrokenFile with all that is wrong in any file of a folder."""
    found = read_folder(folder, read, name=lambda one: f"{one.code}.toml")
    return {one.code: one for one in sorted(found, key=lambda one: (one.place, one.code))}


def check_files(*, app_configs: object = None, folder: Path = FOLDER, **options: object) -> list[CheckMessage]:
    """For Django's checks: each thing that is wrong with a data file."""
    return faults_of(load, folder, check="therapy.E003")


def read(text: str) -> Bundled:
    """One text. Raises BrokenFile."""
    data = table_of(text)
    if faults := keys(data, Bundled, "it", apart=()):
        raise BrokenFile(faults)
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
        raise BrokenFile(faults)
    return one
