"""Rooms: the places where sessions are held."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from iop_portal.versions import save_edit, version_of
from iop_portal.writes import write
from scheduling.models import Room


class RoomNameTaken(Refused):
    message = _("The program already has a room of that name. Choose another name.")
    constraint = "rooms_of_a_program_have_names_of_their_own"


class SeatsOutOfRange(Refused):
    message = _("A room has from 1 to 500 seats.")
    constraint = "a_room_has_1_to_500_seats"


@dataclass(frozen=True)
class RoomDetails:
    name: str
    seats: int
    directions: str = ""
    step_free: bool = False


DETAILS = tuple(field.name for field in fields(RoomDetails))


def room_version(room: Room) -> str:
    return version_of(room, DETAILS)


@write
def add_room(program: Program, details: RoomDetails, *, by: User, now: datetime) -> Room:
    room = Room.objects.create(program=program, **asdict(details))
    trail.record("room.added", room, by=by, at=now)
    return room


@write
def change_room(room: Room, details: RoomDetails, *, seen: str, by: User, now: datetime) -> Room:
    """Save what an admin changed. `seen` is the `room_version` that they had before them."""
    room, changed = save_edit(room, asdict(details), seen=seen)
    if changed:
        trail.record("room.changed", room, by=by, at=now, facts={"fields": ", ".join(changed)})
    return room


@write
def take_room_out_of_use(room: Room, *, by: User, now: datetime) -> None:
    """No new session is put there. The room stays, since what was held in it refers to it."""
    if Room.objects.filter(pk=room.pk, in_use=True).update(in_use=False):
        trail.record("room.taken_out_of_use", room, by=by, at=now)


@write
def put_room_back_in_use(room: Room, *, by: User, now: datetime) -> None:
    if Room.objects.filter(pk=room.pk, in_use=False).update(in_use=True):
        trail.record("room.put_back_in_use", room, by=by, at=now)
