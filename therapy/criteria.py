"""Where one client is: their phase, by what they and their care team know that the next may come, and their way so far.

Each side says what it sees as met, and may take that back; both read both. Nothing ever follows from it by itself:
that all of it is met is a reason to talk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Enrolment, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from therapy.models import Criterion, CriterionSaid, PhaseGuide, Prescription, Side
from therapy.phases import following, guides_in, is_back
from therapy.prescribing import Episode, care_of, current_prescription, enrolments_cared_for


class NotOfThisPhase(Refused):
    message = _("This belongs to another phase by now. Look at the page again.")
    constraint = "criteria_are_of_the_phase_somebody_is_in"


class NotYoursToSay(Refused):
    message = _("Clients and their care teams say what they see as met.")
    constraint = "criteria_are_for_the_client_and_their_team"


# ── The way so far ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Stay:
    """A time in one phase, through whatever changed of its hours and days. `planned` is newest first."""

    planned: tuple[Prescription, ...]
    # Whether it led back to more care; where somebody began, it did not.
    back: bool

    @property
    def first(self) -> Prescription:
        return self.planned[-1]

    @property
    def phase(self) -> str:
        return self.first.phase

    @property
    def name(self) -> str:
        return self.first.get_phase_display()

    @property
    def since(self) -> date:
        return self.first.since

    @property
    def until(self) -> date | None:
        return self.planned[0].until


def way_of(every: Sequence[Prescription]) -> list[Stay]:
    """What was prescribed to one enrolment, newest first, as times in phases, newest first."""
    runs: list[list[Prescription]] = []
    for one in every:
        if runs and runs[-1][0].phase == one.phase:
            runs[-1].append(one)
        else:
            runs.append([one])
    return [
        Stay(tuple(run), back=came_from is not None and is_back(came_from[0].phase, run[0].phase))
        for run, came_from in zip_longest(runs, runs[1:])
    ]


# ── Where somebody is ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Seen:
    """One criterion, and what either side says of it now: None where they have said nothing or took it back."""

    criterion: Criterion
    client: CriterionSaid | None
    team: CriterionSaid | None

    @property
    def by_both(self) -> bool:
        return bool(self.client and self.team)


@dataclass(frozen=True)
class Standing:
    """Somebody's phase with what it is for, and each of its criteria."""

    enrolment_id: int
    guide: PhaseGuide
    criteria: tuple[Seen, ...]
    # What comes after this phase, and its name; nothing after the last.
    next_phase: str
    next_name: str

    @property
    def all_met(self) -> bool:
        return bool(self.criteria) and all(each.by_both for each in self.criteria)

    @property
    def by_both(self) -> int:
        return sum(each.by_both for each in self.criteria)


def standings(enrolments: Iterable[int]) -> dict[int, Standing]:
    """By the key of the enrolment: of who is admitted, has something prescribed, and is in a program that says what its
    phases are for. Four queries, whatever the number."""
    admitted = Prescription.objects.filter(enrolment__in=set(enrolments), enrolment__state=Enrolment.State.ADMITTED)
    every: defaultdict[int, list[Prescription]] = defaultdict(list)
    for one in admitted.select_related("enrolment"):
        every[one.enrolment_id].append(one)
    stays = {key: way_of(planned)[0] for key, planned in every.items() if planned[0].until is None}
    guides = guides_in(stay.first.enrolment.program_id for stay in stays.values())
    said = _said_in(stays.values())
    names = dict(Prescription.Phase.choices)
    found = {}
    for key, stay in stays.items():
        guide = guides.get(stay.first.enrolment.program_id, {}).get(stay.phase)
        if guide is None:
            continue
        seen = tuple(
            Seen(each, said.get((key, each.pk, Side.CLIENT)), said.get((key, each.pk, Side.CLINICIAN)))
            for each in guide.criteria
        )
        after = following(stay.phase)
        found[key] = Standing(key, guide.row, seen, after, str(names.get(after, "")))
    return found


def _said_in(stays: Iterable[Stay]) -> dict[tuple[int, int, str], CriterionSaid]:
    """What each side says now, by enrolment, criterion and side: the newest of these stays, where it says "met"."""
    of = {one.pk: one.enrolment_id for stay in stays for one in stay.planned}
    said = CriterionSaid.objects.filter(prescription__in=of).select_related("by").order_by("at", "pk")
    newest = {(of[each.prescription_id], each.criterion_id, each.side): each for each in said}
    return {key: each for key, each in newest.items() if each.met}


# ── Saying it ─────────────────────────────────────────────────────────────────────────────────────────────────


def enrolments_spoken_for(user: User) -> QuerySet[Enrolment]:
    """Where somebody says what they see as met: their own, and those of their care teams."""
    mine = Q(client=user, state=Enrolment.State.ADMITTED)
    return Enrolment.objects.filter(mine | Q(pk__in=enrolments_cared_for(user).values("pk")))


@write
def say_criterion(enrolment: Enrolment, criterion: Criterion, *, met: bool, by: User, now: datetime) -> bool:
    """Say that one sees it as met, or take that back: whether anything changed. What was said before stays."""
    held = Enrolment.objects.select_for_update(no_key=True, of=("self",)).select_related("client").get(pk=enrolment.pk)
    if not enrolments_spoken_for(by).filter(pk=held.pk).exists():
        raise NotYoursToSay
    side = Side.CLIENT if held.client_id == by.pk else Side.CLINICIAN
    planned = current_prescription(held)
    standing = standings([held.pk]).get(held.pk)
    seen = next((each for each in standing.criteria if each.criterion == criterion), None) if standing else None
    if planned is None or seen is None:
        raise NotOfThisPhase
    if bool(seen.client if side == Side.CLIENT else seen.team) == met:
        return False
    made = CriterionSaid.objects.create(prescription=planned, criterion=criterion, side=side, met=met, by=by, at=now)
    facts = {"phase": planned.phase}
    trail.record(
        "criterion.met" if met else "criterion.taken_back", made, client=held.client, by=by, at=now, facts=facts
    )
    return True


# ── Their page ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class OwnCare:
    """One of their times in a program, as a client reads it: where they are, and their way so far."""

    episode: Episode
    standing: Standing | None
    way: list[Stay]


def own_care(client: User) -> list[OwnCare]:
    """Seven queries, whatever there is."""
    episodes = care_of(client)
    now = standings(each.enrolment.pk for each in episodes)
    return [OwnCare(each, now.get(each.enrolment.pk), way_of(each.care.every)) for each in episodes]
