"""Lost updates: an edit says which version of a row it began with, and is refused where that has passed."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from iop_portal.refusals import Refused

Row = TypeVar("Row", bound=models.Model)


class ChangedMeanwhile(Refused):
    message = _(
        "Somebody changed this while you had it open, so we did not save yours yet. "
        "Compare the two below, then save again."
    )


def version_of(row: object, fields: Iterable[str]) -> str:
    """A short print of the fields that one page edits. Two people who edit different fields do not clash."""
    values: list[Any] = [[name, str(getattr(row, name))] for name in sorted(fields)]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:32]


def save_edit(row: Row, wanted: Mapping[str, Any], *, seen: str) -> tuple[Row, list[str]]:
    """Lock a row and save what differs from what is wanted: the row as it is now, and the names of those fields.

    `seen` is the version, over the same fields, that somebody had before them. Raises ChangedMeanwhile.
    """
    locked = type(row)._default_manager.select_for_update(no_key=True).get(pk=row.pk)
    if version_of(locked, wanted) != seen:
        raise ChangedMeanwhile
    changed = [name for name, value in wanted.items() if getattr(locked, name) != value]
    for name in changed:
        setattr(locked, name, wanted[name])
    if changed:
        locked.save(update_fields=changed)
    return locked, changed
