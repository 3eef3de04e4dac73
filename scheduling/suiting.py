"""Who suits somebody: a score of stated weights, and what it is made of.

Nothing here asks the database, and nothing is learnt from anybody: the same wishes and the same people give the same
order, whichever way they are listed. One thing more that fits never puts anybody further down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class About(StrEnum):
    """What a wish is about."""

    LANGUAGE = "language"
    TIME = "time"
    GENDER = "gender"
    SPECIALITY = "speciality"
    METHOD = "method"


# Being understood comes first; then that one can come, and with whom it is easier to speak. Each thing to work on
# counts by itself, and so does each way of working.
WEIGHTS = {About.LANGUAGE: 40, About.TIME: 20, About.GENDER: 20, About.SPECIALITY: 12, About.METHOD: 6}
FAR_AWAY = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Preferences:
    """What somebody looks for. Nothing said is nothing wished for. Specialities are keys."""

    specialities: frozenset[int] = frozenset()
    language: str = ""
    methods: frozenset[str] = frozenset()
    gender: str = ""
    parts: frozenset[str] = frozenset()
    where: str = ""

    @property
    def anything(self) -> bool:
        return any(True for _wish in wishes_of(self))

    @property
    def about_time(self) -> bool:
        return bool(self.parts or self.where)


@dataclass(frozen=True)
class Candidate:
    """A clinician as far as it matters here: `fits_from` is their first free time that fits, `free_from` the first at
    all."""

    key: int
    specialities: frozenset[int] = frozenset()
    languages: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    gender: str = ""
    fits_from: datetime | None = None
    free_from: datetime | None = None
    takes_new: bool = True


@dataclass(frozen=True)
class Wish:
    about: About
    value: str


@dataclass(frozen=True)
class Ranked:
    candidate: Candidate
    points: int
    met: tuple[Wish, ...]
    missed: tuple[Wish, ...]


def wishes_of(preferences: Preferences) -> Iterator[Wish]:
    """Each single one, the heaviest first."""
    if preferences.language:
        yield Wish(About.LANGUAGE, preferences.language)
    if preferences.about_time:
        yield Wish(About.TIME, "")
    if preferences.gender:
        yield Wish(About.GENDER, preferences.gender)
    for key in sorted(preferences.specialities):
        yield Wish(About.SPECIALITY, str(key))
    for method in sorted(preferences.methods):
        yield Wish(About.METHOD, method)


def meets(candidate: Candidate, wish: Wish) -> bool:
    held: dict[About, bool] = {
        About.LANGUAGE: wish.value in candidate.languages,
        About.TIME: candidate.fits_from is not None,
        About.GENDER: bool(candidate.gender) and wish.value == candidate.gender,
        About.SPECIALITY: wish.value in map(str, candidate.specialities),
        About.METHOD: wish.value in candidate.methods,
    }
    return held[wish.about]


def ranked(preferences: Preferences, candidates: Iterable[Candidate]) -> list[Ranked]:
    """Those who suit best first. Who takes nobody new stands last, whatever fits. Among equals the sooner time is
    first, and then the key decides, so that the order is always the same."""
    wishes = list(wishes_of(preferences))
    found = []
    for candidate in candidates:
        met = tuple(wish for wish in wishes if meets(candidate, wish))
        missed = tuple(wish for wish in wishes if wish not in met)
        found.append(Ranked(candidate, sum(WEIGHTS[wish.about] for wish in met), met, missed))
    return sorted(found, key=_place)


def met_by_nobody(preferences: Preferences, found: Iterable[Ranked]) -> tuple[Wish, ...]:
    """Wishes that none of them meets."""
    met = {wish for one in found for wish in one.met}
    return tuple(wish for wish in wishes_of(preferences) if wish not in met)


def _place(one: Ranked) -> tuple[bool, int, datetime, int]:
    candidate = one.candidate
    return not candidate.takes_new, -one.points, candidate.fits_from or candidate.free_from or FAR_AWAY, candidate.key
