"""What data files of the house have in common: keys that mean something, and values of the type that is expected."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import MISSING, fields
from typing import Any

TYPES = {"str": str, "int": int, "bool": bool, "int | None": int, "str | None": str}
# What may be there and say nothing.
EMPTY = {"intro"}


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
