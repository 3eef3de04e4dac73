"""Rooms of video calls: where a clinician holds theirs, and opening and closing one for a session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import RoleHeld, User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.joining import NotByVideo, SessionIsOver, TooEarlyToJoin, arrivals_in
from scheduling.models import Arrival, Facilitation, Session, VideoAddress, VideoRoom
from scheduling.models.joining import EARLY
from therapy.models import Credential


class NotSecure(Refused):
    message = _("The address has to begin with https:// and lead to the host of the call, without a name before it.")
    constraint = "a_video_address_is_secure"
    status = 400


class RoomNotSecure(NotSecure):
    constraint = "a_video_room_is_secure"


class NoAddress(Refused):
    message = _("Write the address of the call first. People see it only while the room is open.")
    status = 400


class TooEarlyToOpen(TooEarlyToJoin):
    message = _("The room can be opened from %(time)s on.")


class IsCancelled(Refused):
    message = _("This session is cancelled.")


@dataclass(frozen=True)
class Coming:
    """The door of a session, as those who lead it see it."""

    session: Session
    room: VideoRoom | None
    arrivals: Sequence[Arrival]
    has_address: bool
    now: datetime

    @property
    def doors_at(self) -> datetime:
        return self.session.starts_at - EARLY

    @property
    def door_is_open(self) -> bool:
        return self.session.live and self.doors_at <= self.now < self.session.ends_at

    @property
    def shown(self) -> bool:
        """There is something to see: a room to open or close, or where somebody is. Who came, the roster says."""
        somewhere = any(one.in_private is not None for one in self.arrivals)
        return bool(self.door_is_open or self.room or somewhere)

    @property
    def version(self) -> str:
        """The same as long as the page would say the same."""
        seen = [f"{one.pk}.{one.joined_at is not None}.{one.in_private}" for one in self.arrivals]
        return "-".join([str(self.room.pk if self.room else 0), str(self.door_is_open), *seen])


def sessions_led_by(clinician: User) -> QuerySet[Session]:
    """Where they still work."""
    works = RoleHeld.objects.in_force().filter(user=clinician, role=Role.CLINICIAN).values("program")
    led = Facilitation.objects.filter(clinician=clinician).values("session")
    return Session.objects.filter(pk__in=led, program__in=works)


def coming_to(session: Session, *, leader: User, now: datetime) -> Coming:
    """Three queries, however many have come."""
    room = VideoRoom.objects.open().filter(session=session).first()
    return Coming(session, room, arrivals_in(session), bool(address_of(leader)), now)


def address_of(clinician: User) -> str:
    """Of the video calls that they hold, or nothing."""
    return VideoAddress.objects.filter(clinician=clinician).values_list("address", flat=True).first() or ""


def licensed_in(state: str, session: Session) -> bool:
    """Whether somebody who leads it holds a credential that is valid there on that day."""
    leaders = session.facilitations.values("clinician")
    return Credential.objects.filter(
        clinician__user__in=leaders, state=state, expires_on__gte=session.starts_at.date()
    ).exists()


@write
def set_address(clinician: User, address: str, *, by: User, now: datetime) -> None:
    """From the next room on that they open. Without an address they have none any more."""
    if not address:
        if VideoAddress.objects.filter(clinician=clinician).delete()[0]:
            trail.record("video.address_removed", clinician, by=by, at=now)
        return
    if address_of(clinician) != address:
        VideoAddress.objects.update_or_create(clinician=clinician, defaults={"address": address, "set_at": now})
        trail.record("video.address_set", clinician, by=by, at=now)


@write
def open_room(session: Session, *, address: str = "", by: User, now: datetime) -> VideoRoom:
    """Let in whoever waits. Without an address it is held where this clinician always does; with another one than
    before, the call moves there."""
    locked = Session.objects.select_for_update(of=("self",), no_key=True).get(pk=session.pk)
    if not locked.live:
        raise IsCancelled
    if not locked.video:
        raise NotByVideo
    if now >= locked.ends_at:
        raise SessionIsOver
    if now < locked.starts_at - EARLY:
        raise TooEarlyToOpen.until(locked.starts_at - EARLY, now=now)
    address = address or address_of(by)
    if not address:
        raise NoAddress
    before = VideoRoom.objects.open().filter(session=locked).first()
    if before and before.address == address:
        return before
    if before:
        _close(before, by=by, now=now)
    room = VideoRoom.objects.create(session=locked, address=address, opened_at=now, opened_by=by)
    trail.record("video.opened", room, by=by, at=now)
    return room


@write
def close_room(session: Session, *, by: User, now: datetime) -> None:
    """Nobody else is shown the address. Closing twice is harmless."""
    locked = Session.objects.select_for_update(of=("self",), no_key=True).get(pk=session.pk)
    for room in VideoRoom.objects.open().filter(session=locked):
        _close(room, by=by, now=now)


def _close(room: VideoRoom, *, by: User, now: datetime) -> None:
    room.closed_at, room.closed_by = now, by
    room.save(update_fields=["closed_at", "closed_by"])
    trail.record("video.closed", room, by=by, at=now)
