"""Booking: the one place where a seat or an hour is taken, and given back.

Locks are taken in the order session (or room), clinician, person, by the triggers of the models as well. Who loses a
race is refused by the constraints there; the checks here are for what no constraint says, and for telling why.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.notices import outbox
from iop_portal.people.models import Enrolment, Program, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.givers import givers_of
from scheduling.lines import take_up
from scheduling.models import Booking, CalendarDelivery, Facilitation, Room, Session
from scheduling.openings import Start, bookable_window, openings, starts
from scheduling.reminders import withdraw_reminders
from scheduling.seats import Seat, seat_in
from therapy.models import ClinicalPolicy, Format, Modality
from therapy.prescribing import policy_of

# Without letters and digits that are easily taken for one another.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


class SessionGone(Refused):
    message = _("This session cannot be booked any more. Choose another time.")
    constraint = "bookings_are_of_live_sessions"


class SessionMoved(SessionGone):
    constraint = "bookings_have_their_sessions_time"


class SessionFull(Refused):
    message = _("No place is left here. Choose another time.")
    constraint = "a_seat_for_everybody"


class HourTaken(Refused):
    message = _("This time is not free any more. Choose another time.")
    constraint = "a_clinician_is_in_one_session_at_a_time"


class HourOff(HourTaken):
    """Time off that was noted meanwhile reads like a time that is taken: it is nobody's business."""

    constraint = "while_away_nobody_leads"


class RoomTaken(HourTaken):
    constraint = "a_room_holds_one_session_at_a_time"


class AlreadyBusy(Refused):
    message = _("You have something booked at that time. Choose another time, or cancel the other booking first.")
    constraint = "a_person_is_in_one_place_at_a_time"


class AlreadyBooked(Refused):
    message = _("You have a place in this session already.")
    constraint = "one_live_booking_per_person_and_session"


class TooSoon(Refused):
    message = _("This begins too soon to be booked here. Choose a later time, or call us.")


class HourPassed(Refused):
    message = _("This time has passed. Choose a time that is still ahead.")


class TooFar(Refused):
    message = _("This is too far ahead to be booked yet. Choose an earlier time.")


class NotOffered(Refused):
    message = _("This cannot be booked here. Choose what you would like again.")


class LengthNotOffered(Refused):
    message = _("Choose one of the lengths that are offered.")
    status = 400


class NotBookedAnyMore(Refused):
    message = _("This booking has been cancelled already.")


class HasBegun(Refused):
    message = _("This session has begun. If you cannot come, please call us.")


# ── What a person may book ────────────────────────────────────────────────────────────────────────────────────


def enrolments_of(person: User) -> list[tuple[Enrolment, ClinicalPolicy]]:
    """Live ones, each with what holds in its program. One query."""
    found = Enrolment.objects.live().filter(client=person).select_related("program__policy")
    return [(one, held_policy(one.program)) for one in found]


def held_policy(program: Program) -> ClinicalPolicy:
    """What holds in a program, or the defaults: without a query where it was fetched with the program."""
    return getattr(program, "policy", None) or ClinicalPolicy(program=program)


# ── Taking a place ────────────────────────────────────────────────────────────────────────────────────────────


def book_seat(session: Session, *, person: User, by: User, now: datetime) -> Booking:
    """Take one seat."""
    try:
        return _take_seat(session, person=person, by=by, now=now)
    except (SessionFull, AlreadyBooked, AlreadyBusy):
        # The database says the first of its rules that is broken; another may be the one to tell.
        takeable(seat_in(session, person=person, now=now))
        raise


@write
def _take_seat(session: Session, *, person: User, by: User, now: datetime) -> Booking:
    return _recorded(take_seat(session, person=person, by=by, now=now), by=by, now=now)


def take_seat(session: Session, *, person: User, by: User, now: datetime, **links: Booking | None) -> Booking:
    """Inside a write. The insert locks session, then person, and the database itself refuses who lost a race.

    Whoever asked under the lock would keep the others waiting while question and answer travel: fifty on one seat
    took a second. What no constraint says is asked under the locks, of the one who has the seat.
    """
    made = _insert(session, person=person, by=by, now=now, **links)
    offer = offered(seat_in(session, person=person, now=now))
    if offer.barred:
        raise SessionFull
    if offer.mine:
        take_up(offer.mine, made, by=by, now=now)
    return made


def offered(seat: Seat | None) -> Seat:
    """The same seat, if it is offered now. Raises the Refused that says why not: of any other session, nothing."""
    if seat is None:
        raise SessionGone
    if seat.too_soon and not seat.kept:
        raise TooSoon
    if seat.too_far:
        raise TooFar
    return seat


def takeable(seat: Seat | None) -> Seat:
    """The same seat, if nothing stands in the way of the person either."""
    seat = offered(seat)
    if seat.clash is not None:
        raise AlreadyBooked if seat.booked else AlreadyBusy
    if not seat.left:
        raise SessionFull
    return seat


def book_hour(
    modality: Modality,
    *,
    clinician: User,
    begins: datetime,
    minutes: int,
    room: Room | None,
    person: User,
    by: User,
    now: datetime,
) -> Booking:
    """Take time with a counsellor, in a room of theirs or by video (no room). It becomes a session of its own."""
    hour = Start(begins, begins + timedelta(minutes=minutes), clinician.pk, room.pk if room else None)
    if minutes not in modality.lengths:
        raise LengthNotOffered
    try:
        return _take_hour(modality, hour, clinician=clinician, person=person, by=by, now=now)
    except (HourTaken, AlreadyBusy):
        check_own_time(hour, modality, person)
        raise


@write
def _take_hour(modality: Modality, hour: Start, *, clinician: User, person: User, by: User, now: datetime) -> Booking:
    return _recorded(take_hour(modality, hour, clinician=clinician, person=person, by=by, now=now), by=by, now=now)


def take_hour(
    modality: Modality,
    hour: Start,
    *,
    clinician: User,
    person: User,
    by: User,
    now: datetime,
    **links: Booking | None,
) -> Booking:
    """Inside a write. The inserts lock room and clinician: see `take_seat`."""
    session = Session.objects.create(
        program=modality.program,
        modality=modality,
        during=hour.during,
        room_id=hour.room_id,
        video=hour.room_id is None,
        capacity=1,
        listed=False,
    )
    Facilitation.objects.create(session=session, clinician=clinician, during=hour.during)
    person = User.objects.lock_no_key(person.pk)
    _check_hour(modality, hour, clinician=clinician, person=person, now=now, besides=session)
    return _insert(session, person=person, by=by, now=now, **links)


def check_hour(
    modality: Modality,
    hour: Start,
    *,
    clinician: User,
    person: User,
    now: datetime,
    instead_of: Booking | None = None,
) -> None:
    """Nothing but the times that the page offers can be booked. Raises the Refused that says why not.

    What would be given up for it stands in nobody's way.
    """
    if hour.minutes not in modality.lengths:
        raise LengthNotOffered
    check_own_time(hour, modality, person, instead_of=instead_of)
    besides = instead_of.session if instead_of else None
    _check_hour(modality, hour, clinician=clinician, person=person, now=now, besides=besides)


def _check_hour(
    modality: Modality,
    hour: Start,
    *,
    clinician: User,
    person: User,
    now: datetime,
    besides: Session | None = None,
) -> None:
    policy = _check_giver(modality, clinician=clinician, on=hour.begins, person=person)
    if hour.begins <= now:
        raise HourPassed
    first, last = bookable_window(policy, now=now)
    if hour.begins < first:
        raise TooSoon
    if hour.ends > last:
        raise TooFar
    stretches = openings(
        [clinician],
        modality=modality,
        policy=policy,
        begin=hour.begins,
        end=hour.ends,
        now=now,
        besides=besides,
    )
    if hour not in starts(stretches, minutes=hour.minutes, zone=modality.program.zone):
        raise HourTaken


@write
def cancel_booking(booking: Booking, *, told: bool = True, by: User, now: datetime) -> Booking:
    """Give a place back. Late is after the policy's window; it is said, and never refused.

    An hour made for one person is cancelled with them, so that the clinician is free again. Where several are given
    back at once they are `told` by the caller, save for those whose calendar lives on mail: it would keep the entry.
    """
    session = Session.objects.select_for_update(of=("self",)).select_related("program").get(pk=booking.session_id)
    locked = Booking.objects.select_for_update(of=("self",)).select_related("person").get(pk=booking.pk)
    if not locked.occupies:
        raise NotBookedAnyMore
    if session.starts_at <= now:
        raise HasBegun
    late = now > free_until(session.program, session.starts_at)
    locked.state = Booking.State.LATE_CANCELLED if late else Booking.State.CANCELLED
    locked.occupies = False
    locked.cancelled_at, locked.cancelled_by = now, by
    locked.save(update_fields=["state", "occupies", "cancelled_at", "cancelled_by"])
    if session.for_one_alone:
        session.state, session.live = Session.State.CANCELLED, False
        session.save(update_fields=["state", "live"])
    outbox.withdraw(about=locked, now=now)
    withdraw_reminders([locked], now=now)
    trail.record("booking.cancelled", locked, client=locked.person, by=by, at=now, facts={"late": late})
    by_mail = CalendarDelivery.objects.filter(person=locked.person, way=CalendarDelivery.Way.MAIL)
    if told or by_mail.exists():
        outbox.queue("booking_cancelled", to=locked.person, client=locked.person, about=locked, now=now)
    return locked


def free_until(program: Program, begins: datetime) -> datetime:
    """Until when a booking is cancelled without being late."""
    return begins - policy_of(program).cancel_window


def bookings_of(person: User) -> QuerySet[Booking]:
    return Booking.objects.live().filter(person=person)


def check_own_time(start: Start, modality: Modality, person: User, *, instead_of: Booking | None = None) -> None:
    booked = bookings_of(person).filter(during__overlap=start.during)
    if instead_of:
        booked = booked.exclude(pk=instead_of.pk)
    clash = booked.select_related("session").first()
    if clash is not None:
        same = clash.during == start.during and clash.session.modality_id == modality.pk
        raise AlreadyBooked if same else AlreadyBusy


def _check_giver(modality: Modality, *, clinician: User, on: datetime, person: User) -> ClinicalPolicy:
    """Whether this clinician gives this modality to this person at all; what holds in the program, if they do."""
    enrolled = {one.program_id: (one, policy) for one, policy in enrolments_of(person)}
    if modality.program_id not in enrolled or not modality.in_use or modality.format != Format.INDIVIDUAL:
        raise NotOffered
    enrolment, policy = enrolled[modality.program_id]
    if enrolment.state == Enrolment.State.REFERRED and not modality.for_applicants:
        raise NotOffered
    if not givers_of(modality, person=person, on=on, only=clinician):
        raise NotOffered
    return policy


def _insert(session: Session, *, person: User, by: User, now: datetime, **links: Booking | None) -> Booking:
    return Booking.objects.create(
        session=session,
        person=person,
        during=session.during,
        reference=new_reference(),
        booked_at=now,
        booked_by=by,
        **links,
    )


def _recorded(booking: Booking, *, by: User, now: datetime) -> Booking:
    trail.record("booking.created", booking, client=booking.person, by=by, at=now)
    outbox.queue("seat_booked", to=booking.person, client=booking.person, about=booking, now=now)
    return booking


def new_reference() -> str:
    """Short enough to be read out on the phone: ABCD-2345. It opens nothing by itself."""
    letters = "".join(secrets.choice(ALPHABET) for _position in range(8))
    return f"{letters[:4]}-{letters[4:]}"
