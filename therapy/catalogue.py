"""The catalogue: the modalities a program offers, written by its office in plain words."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Enrolment, Program, User
from iop_portal.refusals import Refused
from iop_portal.versions import save_edit, version_of
from iop_portal.writes import write
from therapy.models import Format, Method, Modality, Need


class ModalityNameTaken(Refused):
    message = _("The program already offers something of that name. Choose another name.")
    constraint = "modalities_of_a_program_have_names_of_their_own"


class HelpsWithNothing(Refused):
    message = _("Choose at least one thing that it helps with.")
    constraint = "a_modality_helps_with_something"
    status = 400


class UnknownNeed(Refused):
    message = _("Choose what it helps with from the list.")
    constraint = "a_modality_helps_with_known_needs"
    status = 400


class NoLength(Refused):
    message = _("Give at least one length in minutes.")
    constraint = "a_modality_offers_a_length"
    status = 400


class OddLength(Refused):
    message = _("Lengths go from 10 minutes to 4 hours, in steps of 5 minutes.")
    constraint = "lengths_go_from_10_minutes_to_4_hours"
    status = 400


class OneToOneMeansOne(Refused):
    message = _("One to one is for one person. In every other format, at least one has a place.")
    constraint = "one_to_one_means_one"
    status = 400


class CapTooHigh(Refused):
    message = _("One session is for 100 people at most.")
    constraint = "a_clinical_cap_is_100_at_most"
    status = 400


@dataclass(frozen=True)
class ModalityDetails:
    """What the office writes about a modality. Lengths are in minutes."""

    name: str
    in_short: str
    format: str
    method: str
    needs: tuple[str, ...]
    lengths: tuple[int, ...]
    clinical_cap: int
    what_happens: str
    whom_it_helps: str
    first_time: str
    who_leads: str
    counts: bool = True
    for_applicants: bool = False


DETAILS = tuple(field.name for field in fields(ModalityDetails))


def modality_version(modality: Modality) -> str:
    return version_of(modality, DETAILS)


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for in the catalogue. Empty means everything."""

    need: str = ""
    formats: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        return not (self.need or self.formats or self.methods)

    @property
    def in_words(self) -> str:
        """Feelings, Group"""
        chosen = [Need(self.need).label] if self.need else []
        chosen += [Format(value).label for value in self.formats] + [Method(value).label for value in self.methods]
        return ", ".join(map(str, chosen))


def ways_for(user: User, wanted: Wanted) -> QuerySet[Modality]:
    """What a person finds in the catalogue, with the programs, narrowed down to what they look for."""
    ways = Modality.objects.visible_to(user).select_related("program").order_by("program__name", "name", "pk")
    if wanted.need:
        ways = ways.filter(needs__contains=[wanted.need])
    if wanted.formats:
        ways = ways.filter(format__in=wanted.formats)
    if wanted.methods:
        ways = ways.filter(method__in=wanted.methods)
    return ways


def kinds_seen_by(user: User) -> tuple[frozenset[str], frozenset[str]]:
    """Which formats and methods there are for somebody to choose from. One query."""
    kinds = Modality.objects.visible_to(user).order_by().values_list("format", "method").distinct()
    pairs = list(kinds)
    return frozenset(format_ for format_, _method in pairs), frozenset(method for _format, method in pairs)


def may_book(person: User, modality: Modality) -> bool:
    """Whether it is theirs to book at all: admitted, or an applicant where it is open to them."""
    enrolment = Enrolment.objects.live().filter(client=person, program=modality.program_id).first()
    return enrolment is not None and (enrolment.state == Enrolment.State.ADMITTED or modality.for_applicants)


@write
def add_modality(program: Program, details: ModalityDetails, *, by: User, now: datetime) -> Modality:
    modality = Modality.objects.create(program=program, **columns(details))
    trail.record("modality.added", modality, by=by, at=now)
    return modality


@write
def change_modality(modality: Modality, details: ModalityDetails, *, seen: str, by: User, now: datetime) -> Modality:
    """Save what an admin changed. `seen` is the `modality_version` that they had before them."""
    modality, changed = save_edit(modality, columns(details), seen=seen)
    if changed:
        trail.record("modality.changed", modality, by=by, at=now, facts={"fields": ", ".join(changed)})
    return modality


@write
def set_modality_in_use(modality: Modality, in_use: bool, *, by: User, now: datetime) -> None:
    """Out of use nobody finds or books it any more. It stays, since what was held of it refers to it."""
    if Modality.objects.filter(pk=modality.pk, in_use=not in_use).update(in_use=in_use):
        trail.record("modality.brought_back" if in_use else "modality.retired", modality, by=by, at=now)


def columns(details: ModalityDetails) -> dict[str, Any]:
    """As they are stored: lengths from short to long, needs in the order of the list, each once."""
    needs = sorted(set(details.needs), key=lambda need: Need.values.index(need) if need in Need.values else -1)
    return asdict(details) | {"needs": needs, "lengths": sorted(set(details.lengths))}
