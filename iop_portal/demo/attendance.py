"""Who came in the story: most people most of the time. Of the last day nobody has said yet.

Maya and Theo were there whenever nothing else is told of them, and so was Ray until this week.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Prefetch

from iop_portal.people.models import Program, User
from scheduling.attendance import Said, mark
from scheduling.joining import come_to_room
from scheduling.models import Attendance, Booking, Facilitation, Session
from therapy.models import Format

State = Attendance.State
# Of a hundred bookings so many, and what their people were excused for.
SHARES = ((85, State.PRESENT), (4, State.LATE), (2, State.LEFT_EARLY), (4, State.EXCUSED), (5, State.MISSED))
REASONS = ("A cold", "Her child was ill", "Work called him in", "A medical appointment")
UNMARKED_FOR = timedelta(days=1)
SHORTER = 25
LATEST = timedelta(minutes=21)


def tell_attendance(program: Program, *, now: datetime) -> None:
    """In bulk; what the personas missed goes through the same functions as in life."""
    with connection.cursor() as cursor:
        # So many rows are new that the database would guess wrong about them.
        cursor.execute("ANALYZE scheduling_session, scheduling_booking, scheduling_facilitation")
    leaders = Prefetch("session__facilitations", Facilitation.objects.select_related("clinician"))
    over = Booking.objects.live().filter(session__program=program, during__endswith__lte=now - UNMARKED_FOR)
    told = list(over.select_related("person", "session__modality").prefetch_related(leaders).order_by("during", "pk"))
    maya = [booking for booking in told if _is(booking, "maya") and _excusable(booking, now)][-1:]
    ray = [booking for booking in told if _is(booking, "ray.dawson")][-2:]
    missed = {booking.pk for booking in maya + ray}
    facts = (_fact(booking) for booking in told if booking.pk not in missed)
    Attendance.objects.bulk_create(facts, batch_size=2000)
    _maya(maya)
    _ray(ray, now=now)
    _arrivals(program, now=now)


def _arrivals(program: Program, *, now: datetime) -> None:
    """Of Amara's newest group, which nobody has marked, most said at the door that they were there; one came late."""
    begun = Session.objects.filter(program=program, live=True, facilitations__clinician__email="amara@portal.test")
    groups = begun.exclude(room=None).exclude(modality__format=Format.INDIVIDUAL)
    newest = groups.filter(during__startswith__lt=now, during__endswith__gt=now - UNMARKED_FOR)
    for session in newest.order_by("-during")[:1]:
        people = Booking.objects.live().filter(session=session).select_related("person").order_by("pk")
        for number, booking in enumerate(list(people)[:-2]):
            came = session.starts_at + (LATEST if number == 1 else timedelta(minutes=number - 6))
            if came <= now:
                come_to_room(booking, by=booking.person, now=came)


def _maya(missed: list[Booking]) -> None:
    """She missed one, and told Amara the next day why."""
    for booking in missed:
        evening = booking.ends_at + timedelta(minutes=10)
        why = Said(State.EXCUSED, reason="Her train did not run")
        mark(booking, Said(State.MISSED), seen=0, by=_leader(booking), now=evening)
        mark(booking, why, seen=1, by=_leader(booking), now=evening + timedelta(hours=15))


def _ray(missed: list[Booking], *, now: datetime) -> None:
    """He did not come to the last two; it was recorded this hour, and somebody has to call."""
    for booking in missed:
        mark(booking, Said(State.MISSED), seen=0, by=_leader(booking), now=now - timedelta(hours=1))


def _is(booking: Booking, slug: str) -> bool:
    return booking.person.email == f"{slug}@portal.test"


def _excusable(booking: Booking, now: datetime) -> bool:
    return booking.session.modality.name == "Skills group" and booking.ends_at <= now - timedelta(days=6)


def _leader(booking: Booking) -> User:
    return booking.session.facilitations.all()[0].clinician


def _fact(booking: Booking) -> Attendance:
    state = _state(booking)
    minutes = booking.session.minutes
    minutes = {State.PRESENT: minutes, State.LATE: minutes - SHORTER, State.LEFT_EARLY: minutes - SHORTER}.get(state, 0)
    return Attendance(
        booking=booking,
        number=1,
        state=state,
        minutes=minutes,
        by_video=minutes > 0 and booking.session.room_id is None,
        reason=REASONS[booking.pk % len(REASONS)] if state == State.EXCUSED else "",
        recorded_by=_leader(booking),
        recorded_at=booking.ends_at + timedelta(minutes=5),
    )


def _state(booking: Booking) -> Attendance.State:
    if booking.person.email.startswith(("maya@", "theo@", "ray.dawson@")):
        return State.PRESENT
    number = (booking.person_id * 37 + booking.session_id * 61) % 100
    for share, state in SHARES:
        number -= share
        if number < 0:
            return state
    raise AssertionError("the shares are of a hundred")
