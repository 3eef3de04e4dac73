"""Admission, change and discharge, with what they mean for the calendar: a track's series are booked and given back.

What care is prescribed is therapy's to say. Whoever changes it comes through here, so that nobody stays booked where
they are not expected any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import ngettext

from iop_portal.accounts import enrolments
from iop_portal.audit import trail
from iop_portal.notices import outbox
from iop_portal.people.models import Enrolment, User
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile, version_of
from iop_portal.writes import write
from scheduling.assigning import assign, brought_no_more, enrolments_on, on_tracks, release_assigned, release_everything
from scheduling.models import Series, TrackSeries
from scheduling.short_weeks import settle_short_week
from scheduling.taking_part import end_with_stay
from therapy.admitting import admit_into_care
from therapy.care_changes import tell_of_change
from therapy.leaving import settle_stay
from therapy.models import Prescription, Track
from therapy.prescribing import change_prescription, prescription_version


@dataclass(frozen=True)
class Booked:
    """What is prescribed now, and how many places were booked and given back for it."""

    prescription: Prescription
    assigned: int
    released: int


@write
def admit_into_track(
    enrolment: Enrolment,
    *,
    counsellor: User | None,
    track: Track,
    phase: str,
    hours: int,
    days: int,
    by: User,
    now: datetime,
) -> Booked:
    """Admit and prescribe, and book what the track brings. Without a counsellor, the present primary one stays."""
    prescribed = admit_into_care(
        enrolment, counsellor=counsellor, track=track, phase=phase, hours=hours, days=days, by=by, now=now
    )
    return _follow(prescribed, by=by, now=now)


@write
def change_care(
    enrolment: Enrolment,
    *,
    seen: str,
    track: Track,
    phase: str,
    hours: int,
    days: int,
    reason: str = "",
    by: User,
    now: datetime,
) -> Booked:
    """Another track or phase, or other hours: sessions ahead follow it, and the client hears of it. `seen` and `reason`
    as in `change_prescription`."""
    prescribed = change_prescription(
        enrolment, seen=seen, track=track, phase=phase, hours=hours, days=days, reason=reason, by=by, now=now
    )
    booked = _follow(prescribed, by=by, now=now)
    if seen and prescription_version(prescribed) != seen:
        tell_of_change(prescribed, by_mail=not (booked.assigned or booked.released), now=now)
    return booked


@write
def discharge_from_care(enrolment: Enrolment, *, reason: str, by: User, now: datetime) -> int:
    """The enrolment ends, and with it everything that is booked ahead in this program (how many places), taking part
    in courses, and what only a care team could have seen to."""
    ended = enrolments.discharge(enrolment, reason=reason, by=by, now=now)
    released = release_everything(ended, by=by, now=now)
    end_with_stay(ended, by=by, now=now)
    settle_stay(ended, by=by, now=now)
    settle_short_week(ended, by=by, now=now)
    _tell(ended, assigned=0, released=released, by=by, now=now)
    return released


def _follow(prescribed: Prescription, *, by: User, now: datetime) -> Booked:
    enrolment = Enrolment.objects.select_related("program", "client").get(pk=prescribed.enrolment_id)
    done = _followed(enrolment, by=by, now=now)
    return Booked(prescribed, done.assigned, done.released)


def _followed(enrolment: Enrolment, *, by: User, now: datetime) -> Followed:
    """What is booked ahead follows what the track brings now."""
    released = release_assigned(enrolment, by=by, now=now)
    assigned = len(assign(enrolment, by=by, now=now))
    _tell(enrolment, assigned=assigned, released=released, by=by, now=now)
    return Followed(assigned, released, people=int(assigned + released > 0))


def _tell(enrolment: Enrolment, *, assigned: int, released: int, by: User, now: datetime) -> None:
    """One mail for all of it: sixty that each say one time would not be read."""
    if assigned or released:
        facts = {"assigned": assigned, "released": released}
        entry = trail.record("track.followed", enrolment, client=enrolment.client, by=by, at=now, facts=facts)
        outbox.queue("appointments_changed", to=enrolment.client, client=enrolment.client, about=entry, now=now)


@write
def book_for_tracks(series: Iterable[Series], *, by: User, now: datetime) -> int:
    """Put whoever is on a track that has one of these series into what there is of them now, and tell each of it in one
    mail: how many places."""
    booked = 0
    for enrolment in on_tracks(TrackSeries.objects.filter(series__in=list(series))):
        assigned = len(assign(enrolment, by=by, now=now))
        _tell(enrolment, assigned=assigned, released=0, by=by, now=now)
        booked += assigned
    return booked


# ── Which series a track has ──────────────────────────────────────────────────────────────────────────────────


def phases_of(track: Track) -> dict[int, tuple[str, ...]]:
    """For each series of the track the phases in which it is booked."""
    return {each.series_id: tuple(each.phases) for each in TrackSeries.objects.filter(track=track).order_by("series")}


def track_series_version(track: Track) -> str:
    return version_of(_Held(phases_of(track)), ["phases"])


@dataclass(frozen=True)
class _Held:
    phases: dict[int, tuple[str, ...]]


class PlacesHeld(Refused):
    """Nobody's places are given back unasked."""

    def __str__(self) -> str:
        people, places = int(str(self.words["people"])), int(str(self.words["places"]))
        return ngettext(
            "%(people)d person holds places ahead that the track would bring no more: %(places)d in all. "
            "Say that they are given back, or tick the series again.",
            "%(people)d people hold places ahead that the track would bring no more: %(places)d in all. "
            "Say that they are given back, or tick the series again.",
            people,
        ) % {"people": people, "places": places}


@dataclass(frozen=True)
class Followed:
    """What a change of a track's series meant for whoever is on it: places, and how many people it touched."""

    assigned: int = 0
    released: int = 0
    people: int = 0


@write
def set_track_series(
    track: Track,
    wanted: Mapping[Series, tuple[str, ...]],
    *,
    seen: str,
    give_back: bool = False,
    by: User,
    now: datetime,
) -> Followed:
    """Say which series a track has, and in which phases. Whoever is on it follows at once, and hears of it in one mail.

    Where somebody holds places that it then brings no more, it is refused unless those are given back.
    """
    Track.objects.select_for_update(no_key=True).get(pk=track.pk)
    if track_series_version(track) != seen:
        raise ChangedMeanwhile
    before = phases_of(track)
    after = {series.pk: phases for series, phases in wanted.items() if phases}
    if before == after:
        return Followed()
    TrackSeries.objects.filter(track=track).exclude(series__in=after).delete()
    for series, phases in after.items():
        TrackSeries.objects.update_or_create(track=track, series_id=series, defaults={"phases": list(phases)})
    facts = {"added": len(set(after) - set(before)), "removed": len(set(before) - set(after))}
    trail.record("track.series_set", track, by=by, at=now, facts=facts)
    enrolments = enrolments_on(track)
    if not give_back:
        held = [len(brought_no_more(each, now=now)) for each in enrolments]
        if sum(held):
            raise PlacesHeld(people=sum(places > 0 for places in held), places=sum(held))
    done = [_followed(each, by=by, now=now) for each in enrolments]
    return Followed(
        sum(each.assigned for each in done), sum(each.released for each in done), sum(each.people for each in done)
    )
