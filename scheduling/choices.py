"""A time that somebody chose, before and while it is booked: what it is now, and what else there is.

`instead_of` is the booking that they move to it, if they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from iop_portal.people.models import User
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
