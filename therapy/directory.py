"""Looking for somebody among those who are here: by what they know well, what they speak and how they work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from therapy.models import Clinician, Language, Method, Speciality


@dataclass(frozen=True)
class Sought:
    """What somebody looks for, each list any of its own, all lists together. Empty means everybody."""

    specialities: frozenset[int] = frozenset()
    languages: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()

    @property
    def everybody(self) -> bool:
        return not (self.specialities or self.languages or self.methods)

    def fits(self, clinician: Clinician) -> bool:
        there = found_by(clinician)
        return all(
            not wanted or bool(wanted & held)
            for wanted, held in (
                (self.specialities, there.specialities),
                (self.languages, there.languages),
                (self.methods, there.methods),
            )
        )


@dataclass(frozen=True)
class Choices:
    """What there is to look for, among those who are here: values with the words for them."""

    specialities: Sequence[tuple[int, str]]
    languages: Sequence[tuple[str, str]]
    methods: Sequence[tuple[str, str]]

    def in_words(self, sought: Sought) -> str:
        """Sleep, Spanish"""
        chosen = [name for key, name in self.specialities if key in sought.specialities]
        chosen += [name for code, name in self.languages if code in sought.languages]
        chosen += [name for value, name in self.methods if value in sought.methods]
        return ", ".join(chosen)


def found_by(clinician: Clinician) -> Sought:
    """By what somebody who comes from `clinicians_seen_by` is found."""
    return Sought(
        specialities=frozenset(one.pk for one in _known(clinician)),
        languages=frozenset(clinician.languages),
        methods=frozenset(way.method for way in clinician.offers),  # type: ignore[attr-defined]
    )


def choices_among(clinicians: Iterable[Clinician]) -> Choices:
    """Only what would find somebody, in words from A to Z; methods in the order of their list."""
    people = list(clinicians)
    there = [found_by(one) for one in people]
    known = {one.pk: one.name for clinician in people for one in _known(clinician)}
    languages = {code for found in there for code in found.languages}
    methods = {method for found in there for method in found.methods}
    return Choices(
        specialities=sorted(known.items(), key=lambda one: (one[1].casefold(), one[0])),
        languages=[(code, str(label)) for code, label in Language.choices if code in languages],
        methods=[(value, str(label)) for value, label in Method.choices if value in methods],
    )


def _known(clinician: Clinician) -> list[Speciality]:
    known: list[Speciality] = clinician.knows  # type: ignore[attr-defined]
    return known
