"""What a person keeps free, as they wrote it down, and the stretches of time that come of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from psycopg2.extras import DateTimeTZRange

from iop_portal.audit import trail
from iop_portal.people.models import User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.models import BusyTime, Commitment

ONE_DAY = timedelta(days=1)
MOST = 50
MOST_AHEAD = timedelta(days=731)

# As they stand in "Overlaps work".
WORDS = {
    Commitment.Kind.WORK: pgettext_lazy("overlaps", "work"),
    Commitment.Kind.SCHOOL: pgettext_lazy("overlaps", "school"),
    Commitment.Kind.CARE: pgettext_lazy("overlaps", "looking after someone"),
    Commitment.Kind.FAITH: pgettext_lazy("overlaps", "time for your faith"),
    Commitment.Kind.MEETING: pgettext_lazy("overlaps", "a meeting"),
    Commitment.Kind.OTHER: pgettext_lazy("overlaps", "something of your own"),
}


class WithoutLength(Refused):
    message = gettext_lazy("Choose an end that is another time than the beginning.")
    status = 400
    constraint = "a_commitment_takes_some_time"


class EndsTooEarly(Refused):
    message = gettext_lazy("Choose a last day that is not before the first.")
    status = 400
    constraint = "commitments_end_after_they_begin"


class HasPassed(Refused):
    message = gettext_lazy("Choose a day that has not passed.")
    status = 400


class TooFarAway(Refused):
    message = gettext_lazy("Choose a first day within the next two years.")
    status = 400


class TooMany(Refused):
    message = gettext_lazy("You keep many things free already. End one of them first.")


class Ended(Refused):
    message = gettext_lazy("This has ended already.")


@dataclass(frozen=True)
class Terms:
    """What is kept free, and when. Without weekdays it is once, on the first day."""

    kind: str
    name: str
    weekdays: tuple[int, ...]
    begins: time
    ends: time
    since: date
    until: date | None = None


@dataclass(frozen=True)
class Busy:
    """A stretch that somebody keeps free. `word` says what for: work."""

    begins: datetime
    ends: datetime
    word: str


def commitments_of(person: User, *, now: datetime) -> QuerySet[Commitment]:
    """Those that are not over."""
    return Commitment.objects.filter(person=person).exclude(until__lt=today_of(person, now))


def today_of(person: User, now: datetime) -> date:
    return now.astimezone(ZoneInfo(person.zone)).date()


# ── Writing it down ───────────────────────────────────────────────────────────────────────────────────────────


@write
def add_commitment(person: User, terms: Terms, *, by: User, now: datetime) -> Commitment:
    """What is booked already stays booked: the person sees that it overlaps, and decides."""
    person = User.objects.lock_no_key(person.pk)
    _check(terms, today=today_of(person, now))
    if commitments_of(person, now=now).count() >= MOST:
        raise TooMany
    made = Commitment.objects.create(person=person, **_columns(terms))
    trail.record("commitment.added", made, client=person, by=by, at=now)
    return made


@write
def change_commitment(commitment: Commitment, terms: Terms, *, by: User, now: datetime) -> Commitment:
    held = _locked(commitment, now=now)
    # One that runs keeps the day on which it began, long ago perhaps.
    _check(terms, today=min(held.since, today_of(held.person, now)))
    for name, value in _columns(terms).items():
        setattr(held, name, value)
    held.save()
    trail.record("commitment.changed", held, client=held.person, by=by, at=now)
    return held


@write
def end_commitment(commitment: Commitment, *, by: User, now: datetime) -> None:
    """From today on nothing is kept free for it. The weeks before still show it; what never was leaves no row."""
    held = _locked(commitment, now=now)
    trail.record("commitment.ended", held, client=held.person, by=by, at=now)
    yesterday = today_of(held.person, now) - ONE_DAY
    if held.since > yesterday:
        held.delete()
    else:
        held.until = yesterday
        held.save(update_fields=["until"])


def _locked(commitment: Commitment, *, now: datetime) -> Commitment:
    found = Commitment.objects.select_for_update(of=("self",)).select_related("person").filter(pk=commitment.pk).first()
    if found is None or (found.until is not None and found.until < today_of(found.person, now)):
        raise Ended
    return found


def _columns(terms: Terms) -> dict[str, object]:
    once = {} if terms.weekdays else {"until": terms.since}
    return asdict(terms) | {"weekdays": sorted(set(terms.weekdays))} | once


def _check(terms: Terms, *, today: date) -> None:
    if terms.begins == terms.ends:
        raise WithoutLength
    if terms.since > today + MOST_AHEAD:
        raise TooFarAway
    if terms.until is not None and terms.until < terms.since:
        raise EndsTooEarly
    last = terms.until if terms.weekdays else terms.since
    if last is not None and last < today:
        raise HasPassed


# ── What comes of it ──────────────────────────────────────────────────────────────────────────────────────────


def busy_times(person: User, *, begin: datetime, end: datetime) -> list[Busy]:
    """What a person keeps free, by their own words or by their own calendar: in order, in UTC.

    It lies between two aware datetimes, in part at least. What touches or overlaps and is for the same thing is one.
    The number of queries depends on nothing.
    """
    zone = ZoneInfo(person.zone)
    # A night's work begins on the day before.
    first, last = begin.astimezone(zone).date() - ONE_DAY, end.astimezone(zone).date()
    kept = Commitment.objects.filter(Q(until=None) | Q(until__gte=first), person=person, since__lte=last)
    found = [busy for one in kept for busy in _occurrences(one, first, last, zone)]
    read = BusyTime.objects.filter(calendar__person=person, during__overlap=DateTimeTZRange(begin, end, "[)"))
    found += [
        Busy(begins.astimezone(UTC), ends.astimezone(UTC), word_of(kind))
        for begins, ends, kind in read.values_list("during__startswith", "during__endswith", "calendar__kind")
    ]
    return merged(busy for busy in found if busy.begins < end and begin < busy.ends)


def word_of(kind: str, name: str = "") -> str:
    return name or str(WORDS[Commitment.Kind(kind)])


def overlaps(busy: Iterable[Busy], begins: datetime, ends: datetime) -> str:
    """Work and Leo’s football: what these stretches are for that lie over a time. Nothing where none does."""
    words = [one.word for one in busy if one.begins < ends and begins < one.ends]
    return get_text_list(list(dict.fromkeys(words)), _("and"))


def merged(found: Iterable[Busy]) -> list[Busy]:
    by_word: dict[str, list[Busy]] = defaultdict(list)
    for busy in sorted(found, key=lambda one: (one.begins, one.ends)):
        before = by_word[busy.word]
        if before and busy.begins <= before[-1].ends:
            before[-1] = Busy(before[-1].begins, max(before[-1].ends, busy.ends), busy.word)
        else:
            before.append(busy)
    return sorted((busy for each in by_word.values() for busy in each), key=lambda one: (one.begins, one.ends))


def _occurrences(commitment: Commitment, first: date, last: date, zone: ZoneInfo) -> Iterator[Busy]:
    word = word_of(commitment.kind, commitment.name)
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        if commitment.falls_on(day):
            next_day = commitment.ends < commitment.begins
            begins = wall_clock(day, commitment.begins, zone)
            ends = wall_clock(day + ONE_DAY if next_day else day, commitment.ends, zone, latest=True)
            if begins < ends:
                yield Busy(begins, ends, word)


def wall_clock(day: date, at: time, zone: ZoneInfo, *, latest: bool = False) -> datetime:
    """The moment at which a clock shows this, in UTC.

    Where it shows it twice: the first time, or the latest. What it skips counts as long after midnight as it would
    have been.
    """
    local = datetime.combine(day, at, zone)
    moment = local.replace(fold=0).astimezone(UTC)
    return max(moment, local.replace(fold=1).astimezone(UTC)) if latest else moment
