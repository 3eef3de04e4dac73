"""The guide to the phases: what each is for, what it usually holds, and by what people know that the next may come.

People go on by criteria, not by dates, and going back to more care is as normal a step as going on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from django.db.models import Prefetch
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Enrolment, Program, User
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile, version_of
from iop_portal.writes import write
from therapy.models import Criterion, PhaseGuide, Prescription
from therapy.prescribing import policy_of
from therapy.standard_phases import STANDARD, StandardGuide

MOST_CRITERIA = 8
ORDER = tuple(Prescription.Phase.values)


class SaysNothing(Refused):
    message = _("Say what the phase is for.")
    constraint = "a_guide_says_what_its_phase_is_for"
    status = 400


class OddHours(Refused):
    message = _("A phase has from 0 to 40 hours a week.")
    constraint = "a_phase_usually_has_0_to_40_hours"
    status = 400


class OddDays(Refused):
    message = _("A phase has from 0 to 7 days a week.")
    constraint = "a_phase_usually_has_0_to_7_days"
    status = 400


class NoCriterion(Refused):
    message = _("Write one sentence at least by which people know that the next step may come.")
    constraint = "a_criterion_says_something"
    status = 400


class TooManyCriteria(Refused):
    message = _("Write eight sentences at most. A short list is read.")
    constraint = "a_guide_has_8_criteria_at_most"
    status = 400


class SaidTwice(Refused):
    message = _("One of the sentences stands there twice. Leave one of them out.")
    constraint = "a_guide_says_each_criterion_once"
    status = 400


@dataclass(frozen=True)
class GuideDetails:
    what_for: str
    hours: int
    days: int
    criteria: tuple[str, ...]


DETAILS = tuple(field.name for field in fields(GuideDetails))


@dataclass(frozen=True)
class Guide:
    """What a program says of a phase, with the criteria that are in use, in their order."""

    row: PhaseGuide
    criteria: tuple[Criterion, ...]

    @property
    def details(self) -> GuideDetails:
        texts = tuple(each.text for each in self.criteria)
        return GuideDetails(self.row.what_for, self.row.hours, self.row.days, texts)


def following(phase: str) -> str:
    """The phase after this one; nothing after the last."""
    return ORDER[ORDER.index(phase) + 1] if phase != ORDER[-1] else ""


def is_back(before: str, after: str) -> bool:
    """Whether a change leads to more care again."""
    return ORDER.index(after) < ORDER.index(before)


def guides_of(program: Program) -> dict[str, Guide]:
    """By phase, in their order; a program that has written none has none. Two queries."""
    return guides_in([program.pk]).get(program.pk, {})


def guides_in(programs: Iterable[int]) -> dict[int, dict[str, Guide]]:
    """The same of several programs, by their keys."""
    criteria = Prefetch("criteria", Criterion.objects.filter(in_use=True), to_attr="used")
    rows = PhaseGuide.objects.filter(program__in=set(programs)).prefetch_related(criteria)
    found: dict[int, dict[str, Guide]] = {}
    for row in sorted(rows, key=lambda row: ORDER.index(row.phase)):
        found.setdefault(row.program_id, {})[row.phase] = Guide(row, tuple(row.used))
    return found


def guide_version(guide: Guide) -> str:
    return version_of(guide.details, DETAILS)


def first_wishes(enrolment: Enrolment, held: Prescription | None, *, phase: str = "") -> dict[str, object]:
    """What a form begins with: what holds; or, for a phase that is asked for, the hours and days it usually has."""
    if held and phase in ("", held.phase):
        return {"track": held.track_id, "phase": held.phase, "hours": held.hours, "days": held.days}
    phase = phase or Prescription.Phase.ORIENTATION
    begun: dict[str, object] = {"phase": phase, **({"track": held.track_id} if held else {})}
    if guide := guides_of(enrolment.program).get(phase):
        return begun | {"hours": guide.row.hours, "days": guide.row.days}
    usual = policy_of(enrolment.program)
    return begun | {"hours": usual.hours_per_week, "days": usual.days_per_week}


# ── Writing it ────────────────────────────────────────────────────────────────────────────────────────────────


@write
def change_guide(row: PhaseGuide, wanted: GuideDetails, *, seen: str, by: User, now: datetime) -> PhaseGuide:
    """`seen` is the `guide_version` that an admin had before them. Sentences that stay keep what was said of them."""
    row = PhaseGuide.objects.select_for_update(no_key=True, of=("self",)).select_related("program").get(pk=row.pk)
    guide = guides_of(row.program)[row.phase]
    if guide_version(guide) != seen:
        raise ChangedMeanwhile
    if not wanted.criteria:
        raise NoCriterion
    changed = [name for name in DETAILS if getattr(guide.details, name) != getattr(wanted, name)]
    for name in changed:
        if name != "criteria":
            setattr(row, name, getattr(wanted, name))
    if changed:
        row.save()
        trail.record("phase.changed", row, by=by, at=now, facts={"phase": row.phase, "fields": ", ".join(changed)})
    if "criteria" in changed:
        _write_criteria(row, wanted.criteria)
    return row


@write
def offer_standard_guide(program: Program, *, by: User | None, now: datetime) -> list[PhaseGuide]:
    """Write what the program does not say yet of its phases, in the language of whoever asks. Twice is once."""
    program = Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    there = guides_of(program)
    made = [_write_standard(program, one) for one in STANDARD if one.phase not in there]
    if made:
        trail.record("phase.standard_added", program, by=by, at=now, facts={"count": len(made)})
    return made


def _write_standard(program: Program, one: StandardGuide) -> PhaseGuide:
    usual = policy_of(program)
    made = PhaseGuide.objects.create(
        program=program,
        phase=one.phase,
        what_for=gettext(one.what_for),
        hours=usual.hours_per_week if one.hours is None else one.hours,
        days=usual.days_per_week if one.days is None else one.days,
    )
    texts = enumerate(one.criteria, start=1)
    Criterion.objects.bulk_create(Criterion(guide=made, text=gettext(text), place=place) for place, text in texts)
    return made


def _write_criteria(row: PhaseGuide, texts: Sequence[str]) -> None:
    """All go out of use, and those that are wanted come back, each with what was said of it."""
    if len(texts) > MOST_CRITERIA:
        raise TooManyCriteria
    if len({text.lower() for text in texts}) < len(texts):
        raise SaidTwice
    row.criteria.update(in_use=False)
    there = {each.text: each for each in row.criteria.all()}
    for place, text in enumerate(texts, start=1):
        if held := there.get(text):
            Criterion.objects.filter(pk=held.pk).update(place=place, in_use=True)
        else:
            Criterion.objects.create(guide=row, text=text, place=place)
