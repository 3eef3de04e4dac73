"""Lost updates: an edit says which version of a row it began with, and is refused where that has passed."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from iop_portal.refusals import Refused


class ChangedMeanwhile(Refused):
    message = _(
        "Somebody changed this while you had it open, so we did not save yours yet. "
        "Compare the two below, then save again."
    )


def version_of(row: object, fields: Iterable[str]) -> str:
    """A short print of the fields that one page edits. Two people who edit different fields do not clash."""
    values: list[Any] = [[name, str(getattr(row, name))] for name in sorted(fields)]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:32]
