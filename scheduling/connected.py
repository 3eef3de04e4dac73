"""Staying connected: a weekly look at what holds somebody's life, and what to protect next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.booking import enrolments_of
from scheduling.care import first_day
from scheduling.commitments import today_of
from scheduling.models import Area, Commitment, How, Look
from therapy.models import ClinicalPolicy

SHOWN = 12
# A week can be looked at once most of it has been.
FROM_DAY = 4

# What is kept free for a part of life.
KINDS = {
    Area.WORK: Commitment.Kind.WORK,
    Area.SCHOOL: Commitment.Kind.SCHOOL,
    Area.RELATIONSHIPS: Commitment.Kind.CARE,
    Area.COMMUNITY: Commitment.Kind.MEETING,
    Area.REST: Commitment.Kind.OTHER,
}


class WeekIsOver(Refused):
    message = _("That week is over, and what you said of it stays as it was. This is a new one.")


class NotWhole(Refused):
    message = _("Answer all five, or save it for later.")
    status = 400
    constraint = "a_finished_look_back_is_whole"


class NotFinished(Refused):
    message = _("Finish it first. Then you can share it.")
    constraint = "a_look_back_is_shared_when_it_is_finished"


@dataclass(frozen=True)
class Row:
    """One part of life over the weeks, oldest first: how it went, as the value and in words."""

    name: str | Promise
    states: Sequence[str]
    words: Sequence[str | Promise]


@dataclass(frozen=True)
class Picture:
    weeks: Sequence[date]
    rows: Sequence[Row]


def this_week(person: User, *, now: datetime) -> date:
    """The first day of the program's week, by the person's own calendar."""
    enrolled = enrolments_of(person)
    policy = enrolled[0][1] if enrolled else ClinicalPolicy()
    return first_day(today_of(person, now), policy.week_starts_on)


def look_of(person: User, week: date) -> Look | None:
    return Look.objects.filter(person=person, week=week).first()


def begun_this_week(person: User, *, now: datetime) -> bool | None:
    """Whether a look back at this week was begun. None where nothing waits: it is too early, or it is done."""
    week = this_week(person, now=now)
    if (today_of(person, now) - week).days < FROM_DAY:
        return None
    found = look_of(person, week)
    if found is None:
        return False
    return None if found.finished_at else True


def picture_of(looks: Sequence[Look]) -> Picture:
    """Of finished ones, given newest first."""
    in_order = list(reversed(looks))
    rows = []
    for area in Area:
        states = [look.answer(area) for look in in_order]
        rows.append(Row(area.label, states, [How(state).label for state in states]))
    return Picture([look.week for look in in_order], rows)


def prefilled(look: Look) -> dict[str, object]:
    """What to protect, as something that is kept free."""
    return {"kind": KINDS[Area(look.protect)], "name": look.words if len(look.words) <= 40 else ""}


@write
def save_look(person: User, answers: Mapping[str, str], *, week: date, finished: bool, by: User, now: datetime) -> Look:
    """`week` is the one that the page was about: one left open over the end of a week changes nothing in the next."""
    person = User.objects.lock_no_key(person.pk)
    if week != this_week(person, now=now):
        raise WeekIsOver
    if finished and not all(answers[area] for area in Area):
        raise NotWhole
    look = look_of(person, week) or Look(person=person, week=week, begun_at=now)
    if look.finished_at and not finished:
        raise NotWhole
    for name in (*Area.values, "protect", "words"):
        setattr(look, name, answers[name])
    look.finished_at = (look.finished_at or now) if finished else None
    look.save()
    trail.record("connected.looked", look, client=person, by=by, at=now)
    return look


@write
def share_look(look: Look, *, by: User, now: datetime) -> None:
    held = _locked(look)
    if held.finished_at is None:
        raise NotFinished
    if held.shared_at is None:
        held.shared_at = now
        held.save(update_fields=["shared_at"])
        trail.record("connected.shared", held, client=held.person, by=by, at=now)


@write
def unshare_look(look: Look, *, by: User, now: datetime) -> None:
    """From the next page on nobody reads it any more."""
    held = _locked(look)
    if held.shared_at is not None:
        held.shared_at = None
        held.save(update_fields=["shared_at"])
        trail.record("connected.unshared", held, client=held.person, by=by, at=now)


def looks_by(person: User) -> QuerySet[Look]:
    """All that they finished, the newest first."""
    found: QuerySet[Look] = Look.objects.finished().filter(person=person)
    return found


def shared_of(person: User) -> tuple[int, int]:
    """How many of their finished looks back their care team may read, and how many there are. One query."""
    counted = Look.objects.filter(person=person, finished_at__isnull=False)
    found = counted.aggregate(shared=Count("pk", filter=Q(shared_at__isnull=False)), every=Count("pk"))
    return found["shared"], found["every"]


def read_shared(client: User, *, by: User, now: datetime) -> list[Look]:
    """What the client shares with a clinician of their care team, newest first. That it was read is written down."""
    found = list(Look.objects.shown_to(by).filter(person=client)[:SHOWN])
    if found:
        trail.record("connected.read", client=client, by=by, at=now, facts={"count": len(found)})
    return found


def _locked(look: Look) -> Look:
    return Look.objects.select_for_update(of=("self",)).select_related("person").get(pk=look.pk)
