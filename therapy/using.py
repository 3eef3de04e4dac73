"""Which instruments a program uses, how often it asks, and from which score on it is marked for staff."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile, version_of
from iop_portal.writes import write
from therapy.instruments import Instrument, instruments
from therapy.models import InstrumentUse, Prescription

# In these phases people are asked less often.
LATER = (Prescription.Phase.STEP_DOWN, Prescription.Phase.CONTINUING)


class AskedTooOftenOrSeldom(Refused):
    message = _("Ask every day at most, and once a year at least.")
    constraint = "people_are_asked_every_1_to_365_days"
    status = 400


class MarkOutOfRange(Refused):
    message = _("Mark it from a score that there can be, or leave it empty.")
    constraint = "a_mark_is_above_zero"
    status = 400


@dataclass(frozen=True)
class UseDetails:
    in_use: bool
    every_days: int
    later_every_days: int
    flag_from: int | None


DETAILS = tuple(field.name for field in fields(UseDetails))


@dataclass(frozen=True)
class Use:
    """An instrument as a program uses it."""

    instrument: Instrument
    row: InstrumentUse

    @property
    def in_use(self) -> bool:
        return self.row.in_use

    def marks(self, score: int | None) -> bool:
        return score is not None and self.row.flag_from is not None and score >= self.row.flag_from


def uses_of(program: Program) -> dict[str, Use]:
    """Every instrument there is, by its code. One query."""
    rows = {row.instrument: row for row in InstrumentUse.objects.filter(program=program)}
    return {code: Use(one, rows.get(code) or _as_its_file_says(program, one)) for code, one in instruments().items()}


def used_by(program: Program) -> dict[str, Use]:
    return {code: use for code, use in uses_of(program).items() if use.in_use}


def use_version(use: Use) -> str:
    return version_of(use.row, DETAILS)


def _as_its_file_says(program: Program, one: Instrument) -> InstrumentUse:
    return InstrumentUse(
        program=program,
        instrument=one.code,
        in_use=one.bundled,
        every_days=one.every_days,
        later_every_days=min(2 * one.every_days, 365),
        flag_from=one.flag_from,
    )


@write
def change_use(program: Program, code: str, details: UseDetails, *, seen: str, by: User, now: datetime) -> Use:
    """`seen` is the `use_version` that an admin had before them. Without a row it is the program that is locked."""
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    use = uses_of(program)[code]
    if use_version(use) != seen:
        raise ChangedMeanwhile
    if details.flag_from is not None and not 1 <= details.flag_from <= use.instrument.most:
        raise MarkOutOfRange
    wanted = asdict(details)
    changed = [name for name in DETAILS if getattr(use.row, name) != wanted[name]]
    for name in changed:
        setattr(use.row, name, wanted[name])
    if changed:
        use.row.save()
        trail.record("measure.use_changed", use.row, by=by, at=now, facts={"fields": ", ".join(changed)})
    return use
