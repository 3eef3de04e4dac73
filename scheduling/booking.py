"""Booking: the one place where a seat or an hour is taken, and given back.

Locks are taken in the order session, clinician, person. The checks under them make a refusal readable; the
constraints of the models say the same again to whatever comes past here.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from psycopg2.extras import DateTimeTZRange

from iop_portal.audit import trail
from iop_portal.notices import outbox
from iop_portal.people.models import Apart, Enrolment, Program, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.models import Booking, Facilitation, Room, Session
from scheduling.openings import bookable_window, openings
from therapy.models import Clinician, Credential, Format, Modality
from therapy.prescribing import policy_of

# Without letters and digits that are easily taken for one another.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


class SessionGone(Refused):
    message = _("This session cannot be booked any more. Choose another time.")
    constraint = "bookings_are_of_live_sessions"


class SessionFull(Refused):
    message = _("The last place has just been taken. Here are the nearest other times.")
    constraint = "a_seat_for_everybody"


class HourTaken(Refused):
    message = _("This time has just been taken. Here are the nearest other times.")
    constraint = "a_clinician_is_in_one_session_at_a_time"


class RoomTaken(HourTaken):
    constraint = "a_room_holds_one_session_at_a_time"


class AlreadyBusy(Refused):
    message = _("You have something booked at that time. Choose another time, or cancel the other booking first.")
    constraint = "a_person_is_in_one_place_at_a_time"


class AlreadyBooked(Refused):
    message = _("You have a place in this session already.")
    constraint = "one_live_booking_per_person_and_session"


class NotOffered(Refused):
    message = _("This cannot be booked here. Choose what you would like again.")


class LengthNotOffered(Refused):
    message = _("Choose one of the lengths that are offered.")
    status = 400


class NotBookedAnyMore(Refused):
    message = _("This booking has been cancelled already.")


class HasBegun(Refused):
    message = _("This session has begun. If you cannot come, please call us.")


def bookable_by(person: User, *, now: datetime) -> QuerySet[Session]:
    """Listed sessions of the programs that a person is in, within notice and horizon.

    Somebody who is not admitted yet finds assessments only. Sessions without any leader whose credential is valid
    on that day are left out.
    """
    within = Q(pk__in=[])
    for enrolment in Enrolment.objects.live().filter(client=person).select_related("program"):
        first, last = bookable_window(policy_of(enrolment.program), now=now)
        offered = Q(program=enrolment.program, during__startswith__gte=first, during__startswith__lte=last)
        if enrolment.state == Enrolment.State.REFERRED:
            offered &= Q(modality__for_applicants=True)
        within |= offered
    return Session.objects.filter(within, live=True, listed=True, modality__in_use=True).filter(
        Exists(led_by_the_qualified())
    )


def led_by_the_qualified() -> QuerySet[Facilitation]:
    valid = Credential.objects.filter(
        clinician__user=OuterRef("clinician"), expires_on__gte=OuterRef("session__during__startswith__date")
    )
    return Facilitation.objects.filter(Exists(valid), session=OuterRef("pk"), clinician__is_active=True)


def kept_apart_from(person: User) -> set[int]:
    """Keys of everybody whom a person must not meet."""
    pairs = Apart.objects.live().filter(Q(one=person) | Q(other=person)).values_list("one", "other")
    return {key for pair in pairs for key in pair} - {person.pk}


def clinicians_for(person: User, modality: Modality, *, on: datetime) -> QuerySet[Clinician]:
    """Who gives a modality to a person: working for the program, with a valid credential, not kept apart."""
    return (
        Clinician.objects.filter(
            gives=modality,
            user__in=User.objects.clinicians_of(modality.program),
            credentials__expires_on__gte=on.date(),
        )
        .exclude(user__in=kept_apart_from(person))
        .distinct()
        .select_related("user")
    )


@write
def book_seat(session: Session, *, person: User, by: User, now: datetime) -> Booking:
    """Take one seat. Locking session, then person, makes the checks below trustworthy."""
    locked = Session.objects.select_for_update(of=("self",), no_key=True).filter(pk=session.pk).first()
    person = User.objects.lock_no_key(person.pk)
    if locked is None or not bookable_by(person, now=now).filter(pk=locked.pk).exists():
        raise SessionGone
    _check_free(person, locked)
    if _meets_somebody_kept_apart(person, locked) or open_seats(locked) < 1:
        raise SessionFull
    return _place(locked, person=person, by=by, now=now)


@write
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
    clinician = User.objects.lock_no_key(clinician.pk)
    person = User.objects.lock_no_key(person.pk)
    if minutes not in modality.lengths:
        raise LengthNotOffered
    if not _offered_to(person, modality, clinician=clinician, begins=begins):
        raise NotOffered
    ends = begins + timedelta(minutes=minutes)
    if not _open(modality.program, clinician=clinician, room=room, begins=begins, ends=ends, now=now):
        raise HourTaken
    during = DateTimeTZRange(begins, ends, "[)")
    if bookings_of(person).filter(during__overlap=during).exists():
        raise AlreadyBusy
    session = Session.objects.create(
        program=modality.program,
        modality=modality,
        during=during,
        room=room,
        video=room is None,
        capacity=1,
        listed=False,
    )
    Facilitation.objects.create(session=session, clinician=clinician, during=during)
    return _place(session, person=person, by=by, now=now)


@write
def cancel_booking(booking: Booking, *, by: User, now: datetime) -> Booking:
    """Give a place back. Late is after the policy's window; it is said, and never refused.

    An hour made for one person is cancelled with them, so that the clinician is free again.
    """
    session = Session.objects.select_for_update(of=("self",)).select_related("program").get(pk=booking.session_id)
    locked = Booking.objects.select_for_update(of=("self",)).select_related("person").get(pk=booking.pk)
    if not locked.occupies:
        raise NotBookedAnyMore
    if session.starts_at <= now:
        raise HasBegun
    late = now > free_until(session)
    locked.state = Booking.State.LATE_CANCELLED if late else Booking.State.CANCELLED
    locked.occupies = False
    locked.cancelled_at, locked.cancelled_by = now, by
    locked.save(update_fields=["state", "occupies", "cancelled_at", "cancelled_by"])
    if not session.listed:
        session.state, session.live = Session.State.CANCELLED, False
        session.save(update_fields=["state", "live"])
    outbox.withdraw(about=locked, now=now)
    trail.record("booking.cancelled", locked, client=locked.person, by=by, at=now, facts={"late": late})
    outbox.queue("booking_cancelled", to=locked.person, client=locked.person, about=locked, now=now)
    return locked


def free_until(session: Session) -> datetime:
    """Until when a booking is cancelled without being late."""
    return session.starts_at - policy_of(session.program).cancel_window


def bookings_of(person: User) -> QuerySet[Booking]:
    return Booking.objects.live().filter(person=person)


def open_seats(session: Session) -> int:
    return session.capacity - Booking.objects.live().filter(session=session, takes_seat=True).count()


def _check_free(person: User, session: Session) -> None:
    clash = bookings_of(person).filter(during__overlap=session.during).first()
    if clash is not None:
        raise AlreadyBooked if clash.session_id == session.pk else AlreadyBusy


def _meets_somebody_kept_apart(person: User, session: Session) -> bool:
    apart = kept_apart_from(person)
    return bool(apart) and (
        Booking.objects.live().filter(session=session, person__in=apart).exists()
        or Facilitation.objects.filter(session=session, clinician__in=apart).exists()
    )


def _offered_to(person: User, modality: Modality, *, clinician: User, begins: datetime) -> bool:
    enrolment = Enrolment.objects.live().filter(client=person, program=modality.program).first()
    if enrolment is None or not modality.in_use or modality.format != Format.INDIVIDUAL:
        return False
    if enrolment.state == Enrolment.State.REFERRED and not modality.for_applicants:
        return False
    return clinicians_for(person, modality, on=begins).filter(user=clinician).exists()


def _open(
    program: Program, *, clinician: User, room: Room | None, begins: datetime, ends: datetime, now: datetime
) -> bool:
    found = openings([clinician], program=program, policy=policy_of(program), begin=begins, end=ends, now=now)
    place = room.pk if room else None
    return any(opening.room_id == place and opening.begins <= begins and ends <= opening.ends for opening in found)


def _place(session: Session, *, person: User, by: User, now: datetime) -> Booking:
    booking = Booking.objects.create(
        session=session,
        person=person,
        during=session.during,
        reference=new_reference(),
        booked_at=now,
        booked_by=by,
    )
    trail.record("booking.created", booking, client=person, by=by, at=now)
    outbox.queue("seat_booked", to=person, client=person, about=booking, now=now)
    return booking


def new_reference() -> str:
    """Short enough to be read out on the phone: ABCD-2345. It opens nothing by itself."""
    letters = "".join(secrets.choice(ALPHABET) for _position in range(8))
    return f"{letters[:4]}-{letters[4:]}"
