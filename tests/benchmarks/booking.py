"""Open times and booking, among no bookings, a thousand and half a million."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from iop_portal.demo.bulk import Crowd, book_crowd, gather_crowd
from iop_portal.people.models import User
from scheduling.models import Booking, Session
from tests.benchmarks.ratios import Found, Target, ask, measure, tell, tell_spread
from tests.factories import ModalityFactory, clinician, enrolled, introduced, session_at
from tests.signing_in import sign_in

CLIENTS, WEEKS = 5_000, 20
# How many of them have booked when it is measured, each five times a week. The timetable is there from the start, so
# that the same times are open at all sizes: what differs is what the database holds.
SIZES = {"0": 0, "1,000": 10, "500,000": CLIENTS}
ONE_DAY, MONTH = 1, 28
DAY_ROW = "open times of a clinician, one day"
MONTH_ROW = "open times of twenty clinicians, a month"
BOOKING_ROW = "booking, request to redirect"
TARGETS = {DAY_ROW: Target(2, 6), MONTH_ROW: Target(6, 6), BOOKING_ROW: Target(3, 14)}


def measure_booking() -> list[bool]:
    """Told once, in one database: it grows between the sizes."""
    crowd = gather_crowd(clients=CLIENTS, weeks=WEEKS, now=timezone.now())
    person = enrolled(crowd.program)
    client = sign_in(Client(), person)
    works = works_of(crowd, client, person)
    found: dict[str, dict[str, Found]] = {name: {} for name in works}
    told, before = [], 0
    for size, clients in SIZES.items():
        book_crowd(crowd, after=before, until=clients)
        before = clients
        for name, work in works.items():
            found[name][size] = each = measure(work, client)
            told.append(tell(f"{name}, among {size} bookings", each, TARGETS[name]))
    return told + [tell_spread(name, sizes) for name, sizes in found.items()]


def works_of(crowd: Crowd, client: Client, person: User) -> dict[str, Callable[[], Callable[[], float]]]:
    """The first three rows of the design, each as `measure` wants it."""
    counsellor = crowd.counselling.given_by.order_by("pk").first().user_id
    seat = seats(crowd, person)
    return {
        DAY_ROW: lambda: partial(ask, client, open_times(crowd, counsellor, ONE_DAY)),
        MONTH_ROW: lambda: partial(ask, client, open_times(crowd, 0, MONTH)),
        BOOKING_ROW: lambda: partial(ask, client, place_in(next(seat)), post=True),
    }


def open_times(crowd: Crowd, counsellor: int, days: int) -> str:
    return reverse("open_times", args=[crowd.counselling.pk, counsellor, days])


def seats(crowd: Crowd, person: User) -> Iterator[Session]:
    """Sessions of the next days that the person may book, each of them free again when its turn comes back."""
    way = ModalityFactory(program=crowd.program, name="Bench group")
    leader = clinician(crowd.program)
    introduced(leader, way)
    begins = timezone.now() + timedelta(days=3)
    made = [session_at(way, begins + at * timedelta(hours=2), leader, capacity=500) for at in range(40)]
    for session in itertools.cycle(made):
        Booking.objects.filter(person=person, occupies=True).update(
            state=Booking.State.CANCELLED, occupies=False, cancelled_at=timezone.now(), cancelled_by=person
        )
        yield session


def place_in(session: Session) -> str:
    return f"{reverse('scheduling:check')}?session={session.pk}"
