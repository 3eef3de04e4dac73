"""Moving a booking to another time, and making up for one that was missed.

The old place is kept until the new one is taken. Both happen in one transaction, so that a time that overlaps the old
one can be had, and who loses the race for the new place still has the old.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.notices import outbox
from iop_portal.people.models import Enrolment, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling import booking
from scheduling.booking import (
    AlreadyBooked,
    AlreadyBusy,
    HasBegun,
    HourTaken,
    LengthNotOffered,
    NotBookedAnyMore,
    NotOffered,
    SessionFull,
    held_policy,
)
from scheduling.care import WEEK, first_day
from scheduling.finding import local_midnight, want_of
from scheduling.models import Attendance, Booking, Room, Session, newest_state
from scheduling.openings import Start
from scheduling.reminders import withdraw_reminders
from scheduling.seats import seat_in
from scheduling.week import with_sessions
from therapy.models import ClinicalPolicy, Modality


class ArrangedTogether(Refused):
    message = _("This was arranged together with you. To find another time, please call us.")


class MovedAlready(Refused):
    message = _("This has been moved to another time already.")


class MadeUpAlready(Refused):
    message = _("You have another time for this one already.")
    constraint = "what_was_missed_is_made_up_once"


class TooLateToMakeUp(Refused):
    message = _("What was missed is made up in the same week or in the one after. That time has passed.")


class OutOfWeeks(Refused):
    message = _("Choose a time in the week of the session that you missed, or in the week after.")


class EnoughMadeUp(Refused):
    message = _("In that week you make up for as much as there can be. Choose a time in another week, or call us.")


@dataclass(frozen=True)
class Change:
    """What may become of a booking: another time instead of it, of one of these kinds, that begins before `until`."""

    old: Booking
    policy: ClinicalPolicy
    makes_up: bool
    until: datetime | None

    @property
    def is_hour(self) -> bool:
        return self.old.session.for_one_alone

    @property
    def late(self) -> bool:
        return self.old.cancelled_at is not None and self.old.cancelled_at > self.free_until

    @property
    def free_until(self) -> datetime:
        return self.old.starts_at - self.policy.cancel_window

    def ways(self) -> list[Modality]:
        """Its own kind first, then those that do the same in another way: as many people, by the same method."""
        own = self.old.session.modality
        alike = Q(program=own.program_id, format=own.format, method=own.method, in_use=True)
        found = Modality.objects.filter(Q(pk=own.pk) if self.is_hour else alike).select_related("program__policy")
        return sorted(found, key=lambda way: way.pk != own.pk)

    def allows(self, modality: Modality, begins: datetime) -> None:
        """Raises the Refused that says why not."""
        if modality not in self.ways():
            raise NotOffered
        if self.until is not None and begins >= self.until:
            raise OutOfWeeks


def change_of(held: Booking, *, now: datetime) -> Change:
    """For a booking with its session, modality and program. Raises the Refused that says why it stays as it is."""
    session = held.session
    policy = held_policy(session.program)
    if want_of(session.modality) is None:
        raise ArrangedTogether
    begun = held.occupies and held.starts_at <= now
    missed = begun and held.attended == Attendance.State.MISSED
    if begun and not missed:
        raise HasBegun
    if held.occupies and not missed:
        # One that makes up for another stays within the weeks of that one, and what is assigned within its own.
        made_up = _made_up_with(held)
        return Change(held, policy, makes_up=False, until=_end_of_next_week(made_up, policy) if made_up else None)
    if held.state == Booking.State.MOVED:
        raise MovedAlready
    given_back = held.assigned and held.state == Booking.State.CANCELLED
    if not (missed or given_back or held.state == Booking.State.LATE_CANCELLED):
        raise NotBookedAnyMore
    until = _end_of_next_week(held, policy)
    if now >= until:
        raise TooLateToMakeUp
    if held.made_up_by.filter(occupies=True).exists():
        raise MadeUpAlready
    return Change(held, policy, makes_up=True, until=until)


def missed_by(person: User, *, now: datetime) -> list[Change]:
    """What somebody could make up for now, the oldest first. Two queries."""
    enrolled = Enrolment.objects.live().filter(client=person).values("program")
    made_up = Booking.objects.live().filter(makes_up_for=OuterRef("pk"))
    missed = Booking.objects.annotate(said=newest_state()).filter(
        ~Exists(made_up),
        Q(state=Booking.State.LATE_CANCELLED)
        | Q(state=Booking.State.CANCELLED, assigned=True)
        | Q(said=Attendance.State.MISSED),
        person=person,
        session__program__in=enrolled,
        during__startswith__gt=now - 3 * WEEK,
    )
    changes = []
    for held in with_sessions(missed.select_related("session__program__policy")):
        policy = held_policy(held.session.program)
        until = _end_of_next_week(held, policy)
        if now < until and policy.make_ups_per_week and want_of(held.session.modality) is not None:
            changes.append(Change(held, policy, makes_up=True, until=until))
    return changes


def move_to_seat(held: Booking, session: Session, *, by: User, now: datetime) -> Booking:
    """A place in a listed session, instead of what is held: the new booking."""
    try:
        return _move_to_seat(held, session, by=by, now=now)
    except (SessionFull, AlreadyBooked, AlreadyBusy):
        # The database says the first of its rules that is broken; another may be the one to tell.
        booking.takeable(seat_in(session, person=held.person, now=now, instead_of=held))
        raise


@write
def _move_to_seat(held: Booking, session: Session, *, by: User, now: datetime) -> Booking:
    if session.pk == held.session_id:
        raise AlreadyBooked
    change = _let_go(held, by=by, now=now)
    made = booking.take_seat(session, person=change.old.person, by=by, now=now, **_links(change))
    change.allows(made.session.modality, made.starts_at)
    return _moved(change, made, by=by, now=now)


def move_to_hour(
    held: Booking, *, clinician: User, begins: datetime, room: Room | None, by: User, now: datetime
) -> Booking:
    """Another hour of the same length, in a room or by video (no room), instead of the one that is held."""
    ends = begins + timedelta(minutes=held.session.minutes)
    hour = Start(begins, ends, clinician.pk, room.pk if room else None)
    if hour.minutes not in held.session.modality.lengths:
        raise LengthNotOffered
    try:
        return _move_to_hour(held, hour, clinician=clinician, by=by, now=now)
    except (HourTaken, AlreadyBusy):
        booking.check_own_time(hour, held.session.modality, held.person, instead_of=held)
        raise


@write
def _move_to_hour(held: Booking, hour: Start, *, clinician: User, by: User, now: datetime) -> Booking:
    change = _let_go(held, by=by, now=now)
    old = change.old
    change.allows(old.session.modality, hour.begins)
    made = booking.take_hour(
        old.session.modality, hour, clinician=clinician, person=old.person, by=by, now=now, **_links(change)
    )
    return _moved(change, made, by=by, now=now)


def _let_go(held: Booking, *, by: User, now: datetime) -> Change:
    """Give up what is held, for as long as this transaction lasts: what is missed already is only held fast.

    The row of a listed session is not locked for it. Two people who change places would each hold the session that
    the other wants.
    """
    with_all = ("person", "session__modality", "session__program__policy")
    if held.session.for_one_alone:
        Session.objects.select_for_update().get(pk=held.session_id)
    old = Booking.objects.select_for_update(of=("self",)).select_related(*with_all).get(pk=held.pk)
    change = change_of(old, now=now)
    if change.makes_up:
        return change
    old.state, old.occupies = Booking.State.MOVED, False
    old.cancelled_at, old.cancelled_by = now, by
    old.save(update_fields=["state", "occupies", "cancelled_at", "cancelled_by"])
    if change.is_hour:
        Session.objects.filter(pk=old.session_id).update(state=Session.State.CANCELLED, live=False)
    return change


def _links(change: Change) -> dict[str, Booking | None]:
    if change.makes_up:
        return {"makes_up_for": change.old}
    return {"moved_from": change.old, "makes_up_for": _made_up_with(change.old)}


def _made_up_with(held: Booking) -> Booking | None:
    """What another time for this one makes up for: what this one does, or itself, where it is assigned."""
    return held.makes_up_for or (held if held.assigned else None)


def _moved(change: Change, made: Booking, *, by: User, now: datetime) -> Booking:
    """The inserts hold the person's row, so that nobody else counts what they make up for."""
    if made.makes_up_for:
        _check_cap(change, made)
    if change.makes_up:
        trail.record("booking.made_up", made, client=made.person, by=by, at=now)
        outbox.queue("seat_booked", to=made.person, client=made.person, about=made, now=now)
        return made
    outbox.withdraw(about=change.old, now=now)
    withdraw_reminders([change.old], now=now)
    trail.record("booking.rescheduled", made, client=made.person, by=by, at=now, facts={"late": change.late})
    outbox.queue("booking_moved", to=made.person, client=made.person, about=made, now=now)
    return made


def _check_cap(change: Change, made: Booking) -> None:
    zone = made.session.program.zone
    monday = first_day(timezone.localdate(made.starts_at, ZoneInfo(zone)), change.policy.week_starts_on)
    that_week = Booking.objects.live().filter(
        person=made.person,
        session__program=made.session.program_id,
        makes_up_for__isnull=False,
        during__startswith__gte=local_midnight(monday, zone),
        during__startswith__lt=local_midnight(monday + WEEK, zone),
    )
    if that_week.count() > change.policy.make_ups_per_week:
        raise EnoughMadeUp


def _end_of_next_week(held: Booking, policy: ClinicalPolicy) -> datetime:
    zone = policy.program.zone
    week = first_day(timezone.localdate(held.starts_at, ZoneInfo(zone)), policy.week_starts_on)
    return local_midnight(week + 2 * WEEK, zone)
