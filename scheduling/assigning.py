"""What a track brings with it: its series are booked for whoever is on it, in the phases that they are for.

Nobody is put where they have something else, where they gave a place back, where no place is left, or where they would
meet somebody from whom they are kept apart. What was left out for that stands on the client's page for the care team.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from itertools import chain
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.notices import outbox
from iop_portal.people.models import Apart, Enrolment, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.booking import new_reference
from scheduling.changing import release
from scheduling.leading import led_with_credential
from scheduling.lines import leave_lines_of
from scheduling.models import Booking, CalendarDelivery, Facilitation, Series, Session, TrackSeries, Waiting
from therapy.models import Prescription, Track

log = logging.getLogger(__name__)

FULL, BUSY = _("No place is left"), _("Something else is booked then")
NOT_LED = _("Nobody with a valid credential leads it")
GIVEN_BACK, WAITS = _("They gave this place back"), _("They wait for a place there")
# Whoever gave a place back, or moved it, is not put there again.
BY_THEMSELVES = (Booking.State.CANCELLED, Booking.State.LATE_CANCELLED, Booking.State.MOVED)


@dataclass(frozen=True)
class Unassigned:
    """A session of somebody's track into which they are not booked, and why."""

    session: Session
    why: str


# ── Which series ──────────────────────────────────────────────────────────────────────────────────────────────


def series_for(enrolment: Enrolment, *, now: datetime) -> list[Series]:
    """Those of the track in this phase. Of several at one time it is one: where the person was, or the emptiest."""
    prescribed = Prescription.objects.current().filter(enrolment=enrolment).first()
    if enrolment.state != Enrolment.State.ADMITTED or prescribed is None:
        return []
    today = now.astimezone(ZoneInfo(enrolment.program.zone)).date()
    links = TrackSeries.objects.filter(track=prescribed.track_id, phases__contains=[prescribed.phase])
    offered = Series.objects.held_from(today).filter(program=enrolment.program_id, pk__in=links.values("series"))
    mine = Q(sessions__bookings__person=enrolment.client_id, sessions__bookings__occupies=True)
    taken = Q(sessions__during__startswith__gt=now, sessions__bookings__occupies=True)
    ranked = offered.annotate(
        mine=Count("sessions__bookings", filter=mine, distinct=True),
        taken=Count("sessions__bookings", filter=taken, distinct=True),
    ).order_by("-mine", "taken", "pk")
    chosen: list[Series] = []
    for series in ranked:
        if not any(_at_once(series, other) for other in chosen):
            chosen.append(series)
    return chosen


def _at_once(one: Series, other: Series) -> bool:
    return bool(set(one.weekdays) & set(other.weekdays)) and _begins(one) < _ends(other) and _begins(other) < _ends(one)


def _begins(series: Series) -> int:
    return _minute(series.at)


def _ends(series: Series) -> int:
    return _minute(series.at) + series.minutes


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


# ── Booking them ──────────────────────────────────────────────────────────────────────────────────────────────


@write
def assign(enrolment: Enrolment, *, by: User | None, now: datetime) -> list[Booking]:
    """Book what the track of this enrolment brings and they do not have yet."""
    sessions = lock_sessions(_wanted(enrolment, now=now))
    person = User.objects.lock_no_key(enrolment.client_id)
    if not Enrolment.objects.live().filter(pk=enrolment.pk).exists():
        return []
    free = [session for session, why in looked_at(person, sessions, zone=enrolment.program.zone) if not why]
    made = take_places(free, person=person, assigned=True, by=by, now=now)
    if made:
        facts = {"assigned": len(made)}
        trail.record("track.sessions_booked", enrolment, client=person, by=by, at=now, facts=facts)
    return made


def take_places(
    sessions: Iterable[Session], *, person: User, assigned: bool, by: User | None, now: datetime
) -> list[Booking]:
    """Inside a write that has locked sessions and person, and looked at them."""
    made = Booking.objects.bulk_create(
        Booking(
            session=session,
            person=person,
            during=session.during,
            assigned=assigned,
            reference=new_reference(),
            booked_at=now,
            booked_by=by,
        )
        for session in sessions
    )
    if made:
        _invite(made, person, now=now)
    return made


def _invite(bookings: Iterable[Booking], person: User, *, now: datetime) -> None:
    """Whose calendar lives on mail gets each as an invitation; nobody else is written to as often as that."""
    if CalendarDelivery.objects.filter(person=person, way=CalendarDelivery.Way.MAIL).exists():
        for booking in bookings:
            outbox.queue("seat_booked", to=person, client=person, about=booking, now=now)


def unassigned(enrolment: Enrolment, *, now: datetime, until: datetime) -> list[Unassigned]:
    """What of their track somebody is not booked into, and why. Nothing is locked, nothing written."""
    wanted = _wanted(enrolment, now=now).filter(during__startswith__lt=until)
    sessions = wanted.select_related("modality").order_by("during")
    found = looked_at(enrolment.client, sessions, zone=enrolment.program.zone)
    return [Unassigned(session, why) for session, why in found if why]


def _wanted(enrolment: Enrolment, *, now: datetime) -> QuerySet[Session]:
    """Sessions ahead of the series that are for them, without those into which they are booked."""
    booked = Booking.objects.live().filter(person=enrolment.client_id).values("session")
    ahead: QuerySet[Session] = Session.objects.upcoming(now)
    return ahead.filter(series__in=series_for(enrolment, now=now)).exclude(pk__in=booked)


def lock_sessions(sessions: QuerySet[Session]) -> list[Session]:
    """Sessions before the person, by key, as everywhere: then what is seen below stays true."""
    return list(sessions.select_for_update(of=("self",), no_key=True).order_by("pk"))


def looked_at(
    person: User, sessions: Iterable[Session], *, zone: str, again: bool = False
) -> list[tuple[Session, str]]:
    """Each with why the person is not put there, or nothing. As many queries for one as for a hundred.

    Somebody who asks for it `again` is put also where they gave a place back.
    """
    wanted = sorted(sessions, key=lambda session: session.starts_at)
    if not wanted:
        return []
    keys = [session.pk for session in wanted]
    live = Booking.objects.live()
    taken: defaultdict[int, int] = defaultdict(int)
    people: defaultdict[int, set[int]] = defaultdict(set)
    for key, who, takes_seat in live.filter(session__in=keys).values_list("session", "person", "takes_seat"):
        taken[key] += takes_seat
        people[key].add(who)
    waits = set()
    for key, who in Waiting.objects.live().filter(session__in=keys).values_list("session", "person"):
        # While somebody waits, a free place is theirs.
        if who == person.pk:
            waits.add(key)
        else:
            taken[key] += 1
            people[key].add(who)
    for key, who in Facilitation.objects.filter(session__in=keys).values_list("session", "clinician"):
        people[key].add(who)
    by_themselves = Booking.objects.filter(person=person, session__in=keys, state__in=BY_THEMSELVES)
    given_back = set(by_themselves.values_list("session", flat=True))
    apart = _apart_from(person)
    led = led_with_credential(keys, zone=zone)
    busy = [(each.starts_at, each.ends_at) for each in live.filter(person=person)]
    found = []
    for session in wanted:
        why = ""
        if session.pk in given_back and not again:
            why = str(GIVEN_BACK)
        elif session.pk in waits:
            why = str(WAITS)
        elif any(begins < session.ends_at and session.starts_at < ends for begins, ends in busy):
            why = str(BUSY)
        elif session.pk not in led:
            why = str(NOT_LED)
        elif taken[session.pk] >= session.capacity or people[session.pk] & apart:
            why = str(FULL)
        else:
            busy.append((session.starts_at, session.ends_at))
        found.append((session, why))
    return found


def _apart_from(person: User) -> set[int]:
    pairs = Apart.objects.live().filter(Q(one=person) | Q(other=person)).values_list("one", "other")
    return set(chain.from_iterable(pairs)) - {person.pk}


# ── Giving them back ──────────────────────────────────────────────────────────────────────────────────────────


@write
def release_assigned(enrolment: Enrolment, *, by: User | None, now: datetime) -> int:
    """Give back what was assigned and their track brings no more: how many places."""
    return release(brought_no_more(enrolment, now=now), by=by, now=now)


def brought_no_more(enrolment: Enrolment, *, now: datetime) -> QuerySet[Booking]:
    """Places ahead that a track booked and theirs does not bring any more."""
    kept = series_for(enrolment, now=now)
    return _ahead(enrolment, now=now).filter(assigned=True).exclude(session__series__in=kept)


@write
def release_everything(enrolment: Enrolment, *, by: User | None, now: datetime) -> int:
    """Whoever has left the program is expected nowhere in it and waits for nothing: how many places they gave back."""
    leave_lines_of(enrolment, by=by, now=now)
    released = release(_ahead(enrolment, now=now), by=by, now=now)
    # Whoever books at this very moment waits here for the person. What was quicker goes too; what comes later finds
    # that they have left.
    User.objects.lock_no_key(enrolment.client_id)
    return released + release(_ahead(enrolment, now=now), by=by, now=now)


def _ahead(enrolment: Enrolment, *, now: datetime) -> QuerySet[Booking]:
    ahead: QuerySet[Booking] = Booking.objects.live()
    return ahead.filter(person=enrolment.client_id, session__program=enrolment.program_id, during__startswith__gt=now)


# ── For everybody ─────────────────────────────────────────────────────────────────────────────────────────────


def assign_everybody(*, now: datetime) -> int:
    """Every night, after sessions were made: how many places were booked."""
    booked = 0
    for enrolment in on_tracks(TrackSeries.objects.all()):
        try:
            booked += len(assign(enrolment, by=None, now=now))
        except Refused as refusal:
            log.error("track not booked", extra={"facts": {"enrolment": enrolment.pk, "why": type(refusal).__name__}})
    return booked


def assign_those_of(series: Series, *, by: User | None, now: datetime) -> int:
    """What was just made or changed of one series."""
    return sum(len(assign(each, by=by, now=now)) for each in on_tracks(series.track_series.all()))


def on_tracks(links: QuerySet[TrackSeries]) -> list[Enrolment]:
    """Who is admitted and on one of these tracks."""
    return _on(Prescription.objects.current().filter(track__in=links.values("track")))


def enrolments_on(track: Track) -> list[Enrolment]:
    return _on(Prescription.objects.current().filter(track=track))


def _on(prescribed: QuerySet[Prescription]) -> list[Enrolment]:
    admitted = Enrolment.objects.filter(state=Enrolment.State.ADMITTED, pk__in=prescribed.values("enrolment"))
    return list(admitted.select_related("program", "client").order_by("pk"))
