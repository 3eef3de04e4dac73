"""What data files of the house have in common: keys that mean something, and values of the type that is expected."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

from django.core.checks import CheckMessage, Error

One = TypeVar("One")
TYPES = {"str": str, "int": int, "bool": bool, "int | None": int, "str | None": str}
# What may be there and say nothing.
EMPTY = {"intro"}


class BrokenFile(ValueError):
    """A data file that says something impossible. `faults` are sentences for whoever mends it."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = list(faults)
        super().__init__("; ".join(faults))


def read_folder(folder: Path, read: Callable[[str], One], *, name: Callable[[One], str]) -> list[One]:
    """What each file of a folder says; `name` is what it should be called. Raises BrokenFile with all that is wrong."""
    found, faults = [], []
    for path in sorted(folder.glob("*.toml")):
        try:
            one = read(path.read_text(encoding="utf-8"))
        except BrokenFile as broken:
            faults += [f"{path.name}: {fault}" for fault in broken.faults]
            continue
        if path.name != name(one):
            faults.append(f"{path.name}: it should be called {name(one)}.")
        found.append(one)
    if faults:
        raise BrokenFile(faults)
    return found


def faults_of(load: Callable[[Path], object], folder: Path, *, check: str) -> list[CheckMessage]:
    """For Django's checks: each thing that is wrong with a file of a folder."""
    try:
        load(folder)
    except BrokenFile as broken:
        return [Error(fault, id=check) for fault in broken.faults]
    return []


def table_of(text: str) -> dict[str, Any]:
    """Raises BrokenFile where it is not TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BrokenFile([f"it is not TOML: {error}."]) from None


def keys(
    data: dict[str, Any], kind: type, name: str, *, apart: Collection[str], extra: Collection[str] = ()
) -> list[str]:
    """What is wrong with a table of a file from which a `kind` is to be made, as sentences about `name`.

    `apart` are fields that somebody else looks at, `extra` keys that are no field.
    """
    known = {field.name: field for field in fields(kind) if field.name not in apart}
    faults = [f"{name} has {key}, which means nothing." for key in data if key not in {*known, *apart, *extra}]
    for key, field in known.items():
        if key not in data:
            if field.default is MISSING:
                faults.append(f"{name} lacks {key}.")
        elif type(data[key]) is not TYPES.get(str(field.type), list):
            faults.append(f"{name} has {key} of the wrong type.")
        elif data[key] == "" and key not in EMPTY:
            faults.append(f"{name} has an empty {key}.")
    return faults
