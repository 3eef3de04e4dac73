"""Who would suit me: a client's own answers, and the people of the program in the order in which they fit them.

Left out are those from whom the client is kept apart, those without a valid credential, and those who give no time one
to one that the client may book. That somebody takes nobody new is said, and never how many clients anybody has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from iop_portal.audit import trail
from iop_portal.markup import day_clock
from iop_portal.people.models import CareTeam, Enrolment, Program, User
from iop_portal.writes import write
from scheduling.booking import held_policy
from scheduling.commitments import Busy, busy_times, overlaps
from scheduling.finding import FORMATS, HourTime, Want, Where, fits_part_of_day
from scheduling.givers import givers_of
from scheduling.models import MatchAnswers, Room
from scheduling.openings import Start, bookable_window, openings, starts
from scheduling.suiting import About, Candidate, Preferences, Ranked, Wish, met_by_nobody, ranked
from therapy.capacity import full_counsellors
from therapy.clinicians import clinicians_seen_by
from therapy.models import Clinician, Gender, Language, Method, Modality, PartOfDay, Speciality

KEPT_FOR = timedelta(days=30)
USUAL_MINUTES = 50
# Booked for its own sake, and not to get to know somebody.
SPECIAL = frozenset({Method.MEDICATION, Method.ASSESSMENT})


@dataclass(frozen=True)
class Match:
    """One person of the answer. `time` is their next free one: one that `fits` what was said, or else any."""

    clinician: Clinician
    reasons: Sequence[str]
    missed: Sequence[str]
    time: HourTime | None
    fits: bool
    yours: bool
    takes_new: bool


@dataclass(frozen=True)
class Answer:
    matches: Sequence[Match]
    # What nobody here can give, in words.
    nobody: Sequence[str]


# ── What somebody said ────────────────────────────────────────────────────────────────────────────────────────


def preferences_of(enrolment: Enrolment) -> Preferences | None:
    """None where nothing was said, or it was said too long ago to be kept."""
    kept = MatchAnswers.objects.filter(enrolment=enrolment).first()
    return _read(kept.answers) if kept else None


@write
def save_preferences(enrolment: Enrolment, preferences: Preferences, *, by: User, now: datetime) -> None:
    """The last answers stand in place of those before."""
    Enrolment.objects.select_for_update(no_key=True).get(pk=enrolment.pk)
    kept, _made = MatchAnswers.objects.update_or_create(
        enrolment=enrolment, defaults={"answers": _written(preferences), "saved_at": now}
    )
    trail.record("match.answered", kept, client=enrolment.client, by=by, at=now)


@write
def delete_preferences(enrolment: Enrolment, *, by: User, now: datetime) -> None:
    count, _each = MatchAnswers.objects.filter(enrolment=enrolment).delete()
    if count:
        trail.record("match.deleted", enrolment, client=enrolment.client, by=by, at=now)


def forget_old_answers(*, now: datetime) -> int:
    """A month old, or of a stay that is over: how many were thrown away."""
    old = MatchAnswers.objects.filter(saved_at__lte=now - KEPT_FOR)
    over = MatchAnswers.objects.exclude(enrolment__state__in=Enrolment.LIVE)
    return (old | over).delete()[0]


def _written(preferences: Preferences) -> str:
    plain = asdict(preferences).items()
    return json.dumps({name: sorted(value) if isinstance(value, frozenset) else value for name, value in plain})


def _read(text: str) -> Preferences:
    said = json.loads(text).items()
    plain: dict[str, Any] = {name: frozenset(value) if isinstance(value, list) else value for name, value in said}
    return Preferences(**plain)


# ── What one may say ──────────────────────────────────────────────────────────────────────────────────────────


def ways_to_book(enrolment: Enrolment) -> list[Modality]:
    """Time one to one that the client may book there."""
    offered = Modality.objects.filter(program=enrolment.program, in_use=True, format__in=FORMATS[Want.COUNSELLOR])
    if enrolment.state == Enrolment.State.REFERRED:
        offered = offered.filter(for_applicants=True)
    return list(offered.select_related("program__policy"))


def specialities_listed(program: Program) -> list[Speciality]:
    return list(Speciality.objects.filter(program=program, in_use=True))


def methods_offered(program: Program) -> list[tuple[str, str]]:
    there = set(Modality.objects.filter(program=program, in_use=True).values_list("method", flat=True))
    return [(value, str(label)) for value, label in Method.choices if value in there]


# ── Who suits ─────────────────────────────────────────────────────────────────────────────────────────────────


def who_suits(enrolment: Enrolment, preferences: Preferences, *, now: datetime) -> Answer:
    """In the order in which they fit. The number of queries depends on how many kinds of time one to one the program
    offers, and not on how many people give them."""
    client, program = enrolment.client, enrolment.program
    ways = ways_to_book(enrolment)
    times = _Times(client, preferences, busy_times(client, begin=now, end=now + _ahead(ways)))
    for way in sorted(ways, key=lambda way: _order_of(way, preferences)):
        times.look_at(way, now=now)
    names = {one.pk: one.name for one in specialities_listed(program)}
    team = CareTeam.objects.filter(enrolment=enrolment, until=None, part=CareTeam.Part.PRIMARY)
    primary = team.values_list("clinician", flat=True).first()
    full = full_counsellors(program) - {primary}
    people = {
        one.user_id: one
        for one in clinicians_seen_by(client, today=timezone.localdate(now)).filter(user__in=times.givers)
    }
    found = ranked(preferences, [_candidate(one, program, times, full) for one in people.values()])
    rooms = Room.objects.in_bulk({start.room_id for _way, start in times.chosen() if start.room_id})
    matches = [_match(one, people[one.candidate.key], times, rooms, names, primary) for one in found]
    nobody = [_in_words(wish, names, preferences) for wish in met_by_nobody(preferences, found)]
    return Answer(matches, nobody)


def _ahead(ways: Iterable[Modality]) -> timedelta:
    return max((held_policy(way.program).horizon for way in ways), default=timedelta(0))


def _order_of(way: Modality, preferences: Preferences) -> tuple[bool, bool, str, int]:
    """Time of a kind that was wished for is looked at first, what is booked for its own sake last."""
    return way.method not in preferences.methods, way.method in SPECIAL, way.name, way.pk


class _Times:
    """The first time of each person that fits, and the first at all. What was found in one kind of time stands, though
    another kind has a sooner one: it is the kind that fits better."""

    def __init__(self, client: User, preferences: Preferences, busy: Sequence[Busy]) -> None:
        self.client, self.preferences, self.busy = client, preferences, busy
        self.givers: dict[int, User] = {}
        self.fitting: dict[int, tuple[Modality, Start]] = {}
        self.first: dict[int, tuple[Modality, Start]] = {}

    def look_at(self, way: Modality, *, now: datetime) -> None:
        given = givers_of(way, person=self.client, on=now)
        self.givers |= {giver.pk: giver for giver in given}
        last_days = {giver.pk: until for giver, until in given.items()}
        policy, there = held_policy(way.program), ZoneInfo(way.program.zone)
        begin, end = bookable_window(policy, now=now)
        minutes = USUAL_MINUTES if USUAL_MINUTES in way.lengths else way.lengths[0]
        free = openings(list(last_days), modality=way, policy=policy, begin=begin, end=end, now=now, person=self.client)
        for opening in free:
            if opening.clinician_id in self.fitting:
                continue
            for start in starts([opening], minutes=minutes, zone=way.program.zone):
                if start.begins.astimezone(there).date() > last_days[start.clinician_id]:
                    break
                if overlaps(self.busy, start.begins, start.ends):
                    continue
                self._keep(self.first, way, start)
                if self._fits(start):
                    self._keep(self.fitting, way, start)
                    break

    def chosen(self) -> list[tuple[Modality, Start]]:
        return list((self.first | self.fitting).values())

    def _fits(self, start: Start) -> bool:
        parts, where = self.preferences.parts, self.preferences.where
        in_part = not parts or any(fits_part_of_day(start.begins, part, self.client.zone) for part in parts)
        return in_part and (not where or (where == Where.VIDEO) == (start.room_id is None))

    @staticmethod
    def _keep(held: dict[int, tuple[Modality, Start]], way: Modality, start: Start) -> None:
        before = held.get(start.clinician_id)
        if before is None or (before[0] == way and start.begins < before[1].begins):
            held[start.clinician_id] = (way, start)


def _candidate(clinician: Clinician, program: Program, times: _Times, full: frozenset[int]) -> Candidate:
    key = clinician.user_id
    fits, first = times.fitting.get(key), times.first.get(key)
    return Candidate(
        key=key,
        specialities=frozenset(one.pk for one in _known(clinician) if one.program_id == program.pk),
        languages=frozenset(clinician.languages),
        methods=frozenset(way.method for way in _offered(clinician) if way.program_id == program.pk),
        gender=clinician.gender,
        fits_from=fits[1].begins if fits else None,
        free_from=first[1].begins if first else None,
        takes_new=key not in full,
    )


def _known(clinician: Clinician) -> list[Speciality]:
    known: list[Speciality] = clinician.knows  # type: ignore[attr-defined]
    return known


def _offered(clinician: Clinician) -> list[Modality]:
    offered: list[Modality] = clinician.offers  # type: ignore[attr-defined]
    return offered


def _match(
    one: Ranked,
    clinician: Clinician,
    times: _Times,
    rooms: Mapping[int, Room],
    names: Mapping[int, str],
    primary: int | None,
) -> Match:
    key, preferences = one.candidate.key, times.preferences
    found = times.fitting.get(key) or times.first.get(key)
    time = None
    if found:
        way, start = found
        time = HourTime(way, start.begins, start.ends, clinician.user, rooms.get(start.room_id or 0))
    return Match(
        clinician=clinician,
        reasons=_reasons(one, time, names, preferences),
        missed=[_in_words(wish, names, preferences) for wish in one.missed],
        time=time,
        fits=key in times.fitting,
        yours=key == primary,
        takes_new=one.candidate.takes_new,
    )


# ── In words ──────────────────────────────────────────────────────────────────────────────────────────────────


def _reasons(one: Ranked, time: HourTime | None, names: Mapping[int, str], preferences: Preferences) -> list[str]:
    """Speaks Spanish. Free in the evening: Tuesday 1 December, 5:30 pm. What is alike is said in one sentence."""
    said: list[str] = []
    by_subject: dict[About, list[str]] = {}
    for wish in one.met:
        by_subject.setdefault(wish.about, []).append(_in_words(wish, names, preferences))
    for about, words in by_subject.items():
        listed = get_text_list(words, _("and"))
        if about == About.LANGUAGE:
            said.append(_("Speaks %(what)s") % {"what": listed})
        elif about == About.TIME and time:
            said.append(_("Free as you can come: %(when)s") % {"when": day_clock(time.begins)})
        elif about == About.GENDER:
            said.append(_("As you wished: %(what)s") % {"what": listed})
        elif about == About.SPECIALITY:
            said.append(_("Knows well: %(what)s") % {"what": listed})
        elif about == About.METHOD:
            said.append(_("Works with: %(what)s") % {"what": listed})
    return said


def _in_words(wish: Wish, names: Mapping[int, str], preferences: Preferences) -> str:
    if wish.about == About.LANGUAGE:
        return str(Language(wish.value).label)
    if wish.about == About.GENDER:
        return str(Gender(wish.value).label).lower()
    if wish.about == About.SPECIALITY:
        return names.get(int(wish.value), _("something that is not on the list any more"))
    if wish.about == About.METHOD:
        return str(Method(wish.value).label)
    return times_in_words(preferences)


def times_in_words(preferences: Preferences) -> str:
    """Afternoons and evenings, by video"""
    parts = {
        PartOfDay.MORNING: _("mornings"),
        PartOfDay.AFTERNOON: _("afternoons"),
        PartOfDay.EVENING: _("evenings"),
    }
    where = {Where.ROOM: _("in a room"), Where.VIDEO: _("by video")}
    when = get_text_list([word for part, word in parts.items() if part in preferences.parts], _("and"))
    return ", ".join(filter(None, (when, where.get(Where(preferences.where), ""))))
