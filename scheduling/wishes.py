"""Wishes for one's week: what somebody wrote down, or what their last weeks suggest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from iop_portal.audit import trail
from iop_portal.people.models import CareTeam, Enrolment, User
from iop_portal.writes import write
from scheduling.models import Booking, Facilitation, Firmness, WeekWishes
from therapy.models import Format, Method, Modality, PlanShare, Prescription

# How far back it counts what somebody is used to.
LATELY = timedelta(weeks=4)
MINUTES = 50
MOST_WISHED = 5


@dataclass(frozen=True)
class Habits:
    """What somebody is used to: whom they know, who is their counsellor, what they came to in the last four weeks.

    `ways` are keys of modalities, of all that is booked since then, the latest last.
    """

    counsellor: int | None
    known: frozenset[int]
    ways: tuple[int, ...]

    def count(self, modalities: Sequence[Modality]) -> int:
        keys = {one.pk for one in modalities}
        return sum(way in keys for way in self.ways)


def habits_of(person: User, *, now: datetime) -> Habits:
    """Three queries."""
    team = dict(
        CareTeam.objects.filter(enrolment__client=person, enrolment__state__in=Enrolment.LIVE, until=None).values_list(
            "clinician", "part"
        )
    )
    lately = Booking.objects.live().filter(person=person, during__startswith__gte=now - LATELY)
    led = Facilitation.objects.filter(session__bookings__in=lately.values("pk")).values_list("clinician", flat=True)
    counsellor = next((key for key, part in team.items() if part == CareTeam.Part.PRIMARY), None)
    ways = tuple(lately.order_by("during").values_list("session__modality", flat=True))
    return Habits(counsellor, frozenset(team) | frozenset(led), ways)


def usual_way(talks: Sequence[Modality], habits: Habits) -> Modality | None:
    """The kind of time with a counsellor that they had last, or else what most people come for."""
    by_key = {one.pk: one for one in talks}
    for key in reversed(habits.ways):
        if key in by_key:
            return by_key[key]
    special = (Method.ASSESSMENT, Method.MEDICATION)
    return min(talks, key=lambda one: (one.method in special, MINUTES not in one.lengths, one.name), default=None)


def wishes_of(person: User, offered: Sequence[Modality], habits: Habits, mix: Sequence[PlanShare] = ()) -> WeekWishes:
    """What they wrote down, or else what their care plan, their track and the last weeks suggest. Two queries."""
    held = WeekWishes.objects.filter(person=person).first()
    if held is not None:
        return held
    prescribed = Prescription.objects.current().filter(enrolment__client=person).select_related("track").first()
    workshops = [one for one in offered if one.format == Format.WORKSHOP]
    return WeekWishes(
        person=person,
        in_parts=Firmness.IF_POSSIBLE if prescribed else Firmness.NO_MATTER,
        parts=[prescribed.track.part_of_day] if prescribed else [],
        one_to_one=_planned(mix, Format.INDIVIDUAL) if mix else int(habits.counsellor is not None),
        workshops=_planned(mix, Format.WORKSHOP) if mix else round(habits.count(workshops) / 4),
    )


def written_by(person: User) -> bool:
    """Whether they wrote wishes for their week down."""
    return WeekWishes.objects.filter(person=person).exists()


def _planned(mix: Sequence[PlanShare], kind: Format) -> int:
    return min(MOST_WISHED, sum(share.times for share in mix if share.modality.format == kind))


@write
def save_wishes(person: User, wished: Mapping[str, Any], *, by: User, now: datetime) -> WeekWishes:
    """Replace what was wished for before: `wished` holds the columns of `WeekWishes`."""
    person = User.objects.lock_no_key(person.pk)
    made, _new = WeekWishes.objects.update_or_create(person=person, defaults=dict(wished))
    trail.record("wishes.saved", made, client=person, by=by, at=now)
    return made
