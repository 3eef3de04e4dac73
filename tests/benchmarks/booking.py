"""Open times and booking, among no bookings, a thousand and half a million."""

from __future__ import annotations

import itertools
import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from iop_portal.demo.bulk import tell_crowd
from iop_portal.people.models import Program, User
from scheduling.models import Booking
from tests.benchmarks.ratios import WARM_UP, ask
from tests.factories import ModalityFactory, clinician, enrolled, introduced, session_at
from tests.signing_in import sign_in

# Clients of the crowd that is added; each books five times a week for twenty weeks.
SIZES = {"0": 0, "1,000": 10, "500,000": 4990}
ROUNDS = 30
# How far the ratios at the three sizes may lie apart.
SPREAD = 1.2


@dataclass(frozen=True)
class Work:
    """`ask(client)` gives seconds; `most_queries` counts what the work itself takes, past what every page takes."""

    name: str
    times_bare: float
    most_queries: int | None
    ask: Callable[[Client], float]


def works_among(program: Program, person: User) -> list[Work]:
    """The three rows of the design, in a program of any size."""
    seat = seats(program, person)
    return [
        Work("open times of a clinician, one day", 2, 6, lambda client: ask(client, open_times(program, 1, 1))),
        Work("open times of twenty clinicians, a month", 6, 6, lambda client: ask(client, open_times(program, 20, 28))),
        Work("booking, request to redirect", 3, 14, lambda client: book(client, next(seat))),
    ]


def open_times(program: Program, clinicians: int, days: int) -> str:
    return reverse("open_times", args=[program.pk, clinicians, days])


def seats(program: Program, person: User):
    """Sessions of next week that the person may book, each of them free again when its turn comes back."""
    way = ModalityFactory(program=program, name="Bench group")
    leader = clinician(program)
    introduced(leader, way)
    begins = timezone.now() + timedelta(days=3)
    made = [session_at(way, begins + at * timedelta(hours=2), leader, capacity=500) for at in range(40)]
    for session in itertools.cycle(made):
        Booking.objects.filter(person=person).update(
            state=Booking.State.CANCELLED, occupies=False, cancelled_at=timezone.now(), cancelled_by=person
        )
        yield session


def book(client: Client, session) -> float:
    return ask(client, f"{reverse('scheduling:check')}?session={session.pk}", post=True)


def measure_booking() -> list[bool]:
    """One line for each row, with all sizes."""
    found: dict[str, dict[str, tuple[float, int]]] = {}
    works: list[Work] = []
    for size, clients in SIZES.items():
        now = timezone.now()
        program = tell_crowd(clients=clients or 8, weeks=20 if clients else 1, now=_far(now) if not clients else now)
        person = enrolled(program)
        client = sign_in(Client(), person)
        works = works_among(program, person)
        for work in works:
            found.setdefault(work.name, {})[size] = _ratio(work, client), _queries(work, client)
    return [_told(work, found[work.name]) for work in works]


def _far(now: datetime) -> datetime:
    """A handful of bookings so long ago that nobody meets them: "none" still needs clinicians with hours."""
    return now - timedelta(weeks=200)


def _queries(work: Work, client: Client) -> int:
    counts = []
    for one in (lambda client: ask(client, reverse("bare")), work.ask):
        with CaptureQueriesContext(connection) as queries:
            one(client)
        counts.append(len(queries))
    # The bare view asks one question of its own.
    return counts[1] - counts[0] + 1


def _ratio(work: Work, client: Client) -> float:
    bare, page = [], []
    for times in range(WARM_UP + ROUNDS):
        took = ask(client, reverse("bare")), work.ask(client)
        if times >= WARM_UP:
            bare.append(took[0])
            page.append(took[1])
    return statistics.median(page) / statistics.median(bare)


def _told(work: Work, found: dict[str, tuple[float, int]]) -> bool:
    ratios = [ratio for ratio, _queries in found.values()]
    queries = {queries for _ratio, queries in found.values()}
    within = work.most_queries is None or max(queries) <= work.most_queries
    ok = max(ratios) <= work.times_bare and len(queries) == 1 and within and max(ratios) <= SPREAD * min(ratios)
    line = {
        "name": work.name,
        "ratio": {size: round(ratio, 2) for size, (ratio, _queries) in found.items()},
        "queries": {size: count for size, (_ratio, count) in found.items()},
        "target": {"ratio": work.times_bare, "queries": f"constant, at most {work.most_queries}", "spread": SPREAD},
        "ok": ok,
    }
    print(json.dumps(line), flush=True)
    return ok
