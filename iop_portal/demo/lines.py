"""Who waits for a place in the story: three for a workshop that is full, and somebody to whom a place is offered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from iop_portal.demo.background import Ago
from iop_portal.demo.cast import PERSONAS
from iop_portal.people.models import Enrolment, Program, User
from iop_portal.refusals import Refused
from scheduling.booking import book_seat, cancel_booking
from scheduling.models import Booking, Session
from scheduling.waiting import join_line, offer_free_places

FULL, FREED = "Back to work", "Time and free evenings"


def tell_lines(program: Program, *, ago: Ago, now: datetime) -> None:
    """Called once everybody has booked what they attend."""
    full, freed = (_coming(program, name, now) for name in (FULL, FREED))
    clients = _clients(program)
    _fill(full, clients, at=ago(3))
    for hours in (0, 2, 8):
        _wait(full, clients, at=ago(1) + timedelta(hours=hours))
    held = _fill(freed, clients, at=ago(3))
    _wait(freed, clients, at=ago(2))
    cancel_booking(held, by=held.person, now=now - timedelta(minutes=20))
    offer_free_places(now=now)


def _coming(program: Program, name: str, now: datetime) -> Session:
    soon = now + timedelta(days=2)
    return Session.objects.filter(program=program, modality__name=name, live=True, during__startswith__gt=soon)[0]


def _clients(program: Program) -> Iterator[User]:
    personas = [persona.email for persona in PERSONAS]
    admitted = User.objects.filter(enrolments__program=program, enrolments__state=Enrolment.State.ADMITTED)
    return iter(list(admitted.exclude(email__in=personas).order_by("pk")))


def _fill(session: Session, clients: Iterator[User], *, at: datetime) -> Booking:
    """Every place is taken, by whoever has nothing else then. The first of the bookings."""
    made: list[Booking] = []
    while len(made) < session.capacity:
        person = next(clients)
        with suppress(Refused):
            made.append(book_seat(session, person=person, by=person, now=at))
    return made[0]


def _wait(session: Session, clients: Iterator[User], *, at: datetime) -> None:
    person = next(clients)
    join_line(session, person=person, by=person, now=at)
