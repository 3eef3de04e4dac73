"""A time that somebody chose, before and while it is booked: what it is now, and what else there is.

`instead_of` is the booking that they move to it, if they do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext_lazy as _

from iop_portal.markup import day_clock
from iop_portal.people.models import User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling import booking, finding, moving
from scheduling.finding import HourTime, SeatTime
from scheduling.models import Booking, Room, Session
from scheduling.openings import Start
from scheduling.seats import seat_in
from therapy.models import Modality


@dataclass(frozen=True)
class SeatChoice:
    """A place in a session that is listed."""

    person: User
    session: Session
    instead_of: Booking | None = None

    @property
    def begins(self) -> datetime:
        return self.session.starts_at

    @property
    def modality(self) -> Modality:
        return self.session.modality

    def look(self, *, now: datetime) -> SeatTime:
        """As it is at this moment. Raises the Refused that booking would raise."""
        seat = seat_in(self.session, person=self.person, now=now, instead_of=self.instead_of)
        return finding.seat_time(booking.takeable(seat))

    def book(self, *, now: datetime) -> Booking:
        if self.instead_of:
            return moving.move_to_seat(self.instead_of, self.session, by=self.person, now=now)
        return booking.book_seat(self.session, person=self.person, by=self.person, now=now)

    def nearest(self, *, now: datetime) -> Sequence[SeatTime]:
        return finding.nearest_seats(self.person, self.session, now=now, instead_of=self.instead_of)


@dataclass(frozen=True)
class HourChoice:
    """Time with a counsellor, in a room or by video (no room)."""

    person: User
    modality: Modality
    counsellor: User
    begins: datetime
    minutes: int
    room: Room | None
    instead_of: Booking | None = None

    def look(self, *, now: datetime) -> HourTime:
        """As it is at this moment. Raises the Refused that booking would raise."""
        ends = self.begins + timedelta(minutes=self.minutes)
        hour = Start(self.begins, ends, self.counsellor.pk, self.room.pk if self.room else None)
        booking.check_hour(
            self.modality, hour, clinician=self.counsellor, person=self.person, now=now, instead_of=self.instead_of
        )
        return HourTime(self.modality, self.begins, ends, self.counsellor, self.room)

    def book(self, *, now: datetime) -> Booking:
        if self.instead_of:
            return moving.move_to_hour(
                self.instead_of, clinician=self.counsellor, begins=self.begins, room=self.room, by=self.person, now=now
            )
        return booking.book_hour(
            self.modality,
            clinician=self.counsellor,
            begins=self.begins,
            minutes=self.minutes,
            room=self.room,
            person=self.person,
            by=self.person,
            now=now,
        )

    def nearest(self, *, now: datetime) -> Sequence[HourTime]:
        if self.minutes not in self.modality.lengths:
            return []
        return finding.nearest_hours(
            self.person,
            self.modality,
            minutes=self.minutes,
            at=self.begins,
            clinician=self.counsellor,
            now=now,
            instead_of=self.instead_of,
        )


def booked_at(person: User, moment: datetime) -> Booking | None:
    """What somebody has booked over a moment. It is one at most: nobody is in two places."""
    return booking.bookings_of(person).filter(during__contains=moment).first()


# ── Several at once ───────────────────────────────────────────────────────────────────────────────────────────


class NotAllBooked(Refused):
    message = _("%(what)s, %(when)s: %(why)s Nothing was booked.")


class MovedMeanwhile(Refused):
    message = _("This session has been moved to another time.")


@dataclass(frozen=True)
class Pick:
    """A choice, and when it was to begin as somebody saw it."""

    choice: SeatChoice | HourChoice
    begins: datetime


@write
def book_all(picks: Sequence[Pick], *, person: User, now: datetime) -> list[Booking]:
    """All of them or none. Raises NotAllBooked, which says which could not be had and why.

    Everything that booking locks is locked before the first is booked, in the order that holds everywhere: else two who
    take the same places in another order would wait for one another.
    """
    hours = [pick.choice for pick in picks if isinstance(pick.choice, HourChoice)]
    seats = {pick.choice.session.pk for pick in picks if isinstance(pick.choice, SeatChoice)}
    sessions = {one.pk: one for one in Session.objects.select_for_update().filter(pk__in=seats).order_by("pk")}
    rooms = {choice.room.pk for choice in hours if choice.room}
    list(Room.objects.select_for_update(no_key=True).filter(pk__in=rooms).order_by("pk"))
    counsellors = {choice.counsellor.pk for choice in hours}
    list(User.objects.select_for_update(no_key=True).filter(pk__in=counsellors).order_by("pk"))
    User.objects.lock_no_key(person.pk)
    return [_book(pick, sessions, now=now) for pick in picks]


def _book(pick: Pick, sessions: dict[int, Session], *, now: datetime) -> Booking:
    choice = pick.choice
    try:
        if isinstance(choice, SeatChoice):
            choice = replace(choice, session=sessions[choice.session.pk])
            if choice.begins != pick.begins:
                raise MovedMeanwhile
        return choice.book(now=now)
    except Refused as refusal:
        raise NotAllBooked(what=choice.modality.name, when=day_clock(pick.begins), why=refusal) from refusal


# ── As they stand in an address ───────────────────────────────────────────────────────────────────────────────

CLOCK = "%Y%m%dT%H%MZ"
KEY = re.compile(
    r"seat-(?P<session>[1-9]\d{0,17})-(?P<began>20\d{6}T\d{4}Z)"
    r"|hour-(?P<way>[1-9]\d{0,17})-(?P<minutes>[1-9]\d{0,2})-(?P<begins>20\d{6}T\d{4}Z)"
    r"-(?P<giver>[1-9]\d{0,17})-(?P<room>\d{1,18})",
    re.ASCII,
)


@dataclass(frozen=True)
class Key:
    """Which time is meant, by ids and moments alone: a session, or an hour that a giver has (room 0: by video)."""

    begins: datetime
    session: int = 0
    way: int = 0
    minutes: int = 0
    giver: int = 0
    room: int = 0


def key_of(time: SeatTime | HourTime) -> str:
    begins = time.begins.astimezone(UTC).strftime(CLOCK)
    if isinstance(time, SeatTime):
        return f"seat-{time.session.pk}-{begins}"
    minutes = (time.ends - time.begins) // timedelta(minutes=1)
    return f"hour-{time.modality.pk}-{minutes}-{begins}-{time.clinician.pk}-{time.room.pk if time.room else 0}"


def read_key(text: str) -> Key | None:
    """Nothing where it is none that `key_of` writes."""
    found = KEY.fullmatch(text)
    if found is None:
        return None
    try:
        begins = datetime.strptime(found["began"] or found["begins"], CLOCK).replace(tzinfo=UTC)
    except ValueError:
        return None
    names = ("session",) if found["session"] else ("way", "minutes", "giver", "room")
    return Key(begins, **{name: int(found[name]) for name in names})
