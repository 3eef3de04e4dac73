"""The caseload as a file for a spreadsheet, in which nothing that somebody wrote is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.consents.statements import SHORT
from iop_portal.home.caseload import Row

# Excel opens a file as UTF-8 when it begins so.
MARK = "\ufeff"
# With these a cell begins to be a formula, or to run on into the next; spreadsheets skip the spaces before them.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def as_csv(rows: Iterable[Row]) -> str:
    """A line for each client, and last the notice that goes with whatever is told of them."""
    file = io.StringIO()
    lines = csv.writer(file, quoting=csv.QUOTE_ALL)
    lines.writerow(safe(str(title)) for title in _titles())
    lines.writerows([safe(str(cell)) for cell in _cells(row)] for row in rows)
    lines.writerow([SHORT])
    return MARK + file.getvalue()


def safe(cell: str) -> str:
    """With an apostrophe before what could be read as a formula: spreadsheets show the rest as it is."""
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA) else cell


def _titles() -> list[str]:
    return [
        _("Name"),
        _("Program"),
        _("Your part"),
        _("State"),
        _("Phase"),
        _("Track"),
        _("Week"),
        _("Hours this week"),
        _("Hours prescribed"),
        _("Days this week"),
        _("Days prescribed"),
        _("Missed in a row"),
        _("Missed in 30 days"),
        _("Next session"),
        _("Trend"),
        _("Plan"),
        _("Permissions"),
        _("Why"),
    ]


def _cells(row: Row) -> Iterator[object]:
    care, begins = row.care, row.next_start
    yield from (row.name, row.program, row.part, row.state, row.phase, row.track, row.week or "")
    yield from (care.hours, care.wanted_hours, len(care.days), care.wanted_days) if care else ("", "", "", "")
    yield from (row.missed.in_a_row, row.missed.lately)
    yield timezone.localtime(begins).strftime("%Y-%m-%d %H:%M") if begins else ""
    yield from (row.trend_words, row.plan_words, row.permissions.count)
    yield "; ".join(str(flag.label) for flag in row.flags)
