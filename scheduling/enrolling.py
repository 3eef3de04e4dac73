"""Admission, change and discharge, with what they mean for the calendar: a track's series are booked and given back.

What care is prescribed is therapy's to say. Whoever changes it comes through here, so that nobody stays booked where
they are not expected any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from iop_portal.accounts import enrolments
from iop_portal.audit import trail
from iop_portal.notices import outbox
from iop_portal.people.models import Enrolment, User
from iop_portal.versions import ChangedMeanwhile, version_of
from iop_portal.writes import write
from scheduling.assigning import assign, assign_those_of, on_tracks, release_assigned, release_everything
from scheduling.models import Series, TrackSeries
from therapy.admitting import admit_into_care
from therapy.models import Prescription, Track
from therapy.prescribing import change_prescription


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
    by: User,
    now: datetime,
) -> Booked:
    """Another track or phase, or other hours: sessions ahead follow it. `seen` as in `change_prescription`."""
    prescribed = change_prescription(
        enrolment, seen=seen, track=track, phase=phase, hours=hours, days=days, by=by, now=now
    )
    return _follow(prescribed, by=by, now=now)


@write
def discharge_from_care(enrolment: Enrolment, *, by: User, now: datetime) -> int:
    """The enrolment ends, and with it everything that is booked ahead in this program: how many places."""
    ended = enrolments.discharge(enrolment, by=by, now=now)
    released = release_everything(ended, by=by, now=now)
    _tell(ended, assigned=0, released=released, by=by, now=now)
    return released


def _follow(prescribed: Prescription, *, by: User, now: datetime) -> Booked:
    enrolment = Enrolment.objects.select_related("program", "client").get(pk=prescribed.enrolment_id)
    released = release_assigned(enrolment, by=by, now=now)
    assigned = len(assign(enrolment, by=by, now=now))
    _tell(enrolment, assigned=assigned, released=released, by=by, now=now)
    return Booked(prescribed, assigned, released)


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


@write
def set_track_series(
    track: Track, wanted: Mapping[Series, tuple[str, ...]], *, seen: str, by: User, now: datetime
) -> int:
    """Say which series a track has, and in which phases. Whoever is on it is booked at once: how many places.

    Nobody is taken out of a series that the track had: they planned around it.
    """
    Track.objects.select_for_update(no_key=True).get(pk=track.pk)
    if track_series_version(track) != seen:
        raise ChangedMeanwhile
    before = phases_of(track)
    after = {series.pk: phases for series, phases in wanted.items() if phases}
    if before == after:
        return 0
    TrackSeries.objects.filter(track=track).exclude(series__in=after).delete()
    for series, phases in after.items():
        TrackSeries.objects.update_or_create(track=track, series_id=series, defaults={"phases": list(phases)})
    facts = {"added": len(set(after) - set(before)), "removed": len(set(before) - set(after))}
    trail.record("track.series_set", track, by=by, at=now, facts=facts)
    changed = Series.objects.filter(pk__in=[key for key, phases in after.items() if before.get(key) != phases])
    return sum(assign_those_of(series, by=by, now=now) for series in changed.order_by("pk"))
