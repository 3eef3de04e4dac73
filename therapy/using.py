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

Phase = Prescription.Phase
# Where each phase has its days. Somebody of whom nothing is prescribed is asked as in the core.
DAYS = {
    Phase.ORIENTATION.value: "first_every_days",
    Phase.CORE.value: "every_days",
    Phase.STEP_DOWN.value: "later_every_days",
    Phase.CONTINUING.value: "last_every_days",
}
WEEK, TWO_WEEKS, YEAR = 7, 14, 365


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
    first_every_days: int
    every_days: int
    later_every_days: int
    last_every_days: int
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

    @property
    def every(self) -> dict[str, int]:
        """Days from one time to the next, by phase, in their order."""
        return {phase: getattr(self.row, name) for phase, name in DAYS.items()}

    @property
    def in_words(self) -> str:
        """Start 7, Core 14, Step-down 28, Continuing care 42"""
        return ", ".join(f"{Phase(phase).label} {days}" for phase, days in self.every.items())

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
    """As often as its file says in the core: where that is every two weeks, each week at first; later more seldom."""
    usual = one.every_days
    return InstrumentUse(
        program=program,
        instrument=one.code,
        in_use=one.bundled,
        first_every_days=WEEK if WEEK < usual <= TWO_WEEKS else usual,
        every_days=usual,
        later_every_days=min(2 * usual, YEAR),
        last_every_days=min(3 * usual, YEAR),
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
