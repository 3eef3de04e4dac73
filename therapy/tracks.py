"""Tracks: ways through the program that fit a kind of life, such as evenings."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from iop_portal.versions import save_edit, version_of
from iop_portal.writes import write
from therapy.models import Track


class TrackNameTaken(Refused):
    message = _("The program already has a track of that name. Choose another name.")
    constraint = "tracks_of_a_program_have_names_of_their_own"


class UnknownPartOfDay(Refused):
    message = _("Choose the part of the day from the list.")
    constraint = "a_track_has_a_part_of_day"
    status = 400


@dataclass(frozen=True)
class TrackDetails:
    name: str
    part_of_day: str
    about: str = ""


DETAILS = tuple(field.name for field in fields(TrackDetails))


def track_version(track: Track) -> str:
    return version_of(track, DETAILS)


@write
def add_track(program: Program, details: TrackDetails, *, by: User, now: datetime) -> Track:
    track = Track.objects.create(program=program, **asdict(details))
    trail.record("track.added", track, by=by, at=now)
    return track


@write
def change_track(track: Track, details: TrackDetails, *, seen: str, by: User, now: datetime) -> Track:
    """Save what an admin changed. `seen` is the `track_version` that they had before them."""
    track, changed = save_edit(track, asdict(details), seen=seen)
    if changed:
        trail.record("track.changed", track, by=by, at=now, facts={"fields": ", ".join(changed)})
    return track


@write
def retire_track(track: Track, *, by: User, now: datetime) -> None:
    """Nobody new is put on it. Those who are on it stay."""
    if Track.objects.filter(pk=track.pk, in_use=True).update(in_use=False):
        trail.record("track.retired", track, by=by, at=now)


@write
def bring_track_back(track: Track, *, by: User, now: datetime) -> None:
    if Track.objects.filter(pk=track.pk, in_use=False).update(in_use=True):
        trail.record("track.brought_back", track, by=by, at=now)
