"""How long pages take, as ratios to a bare view of the portal in the same run.

Absolute times on a shared machine mean little. Page and bare view take turns, and their medians are compared. One
JSON object a line; the exit code is 1 where one misses its target. A row asks for its page at two sizes, and the
number of queries has to be the same for both.
"""

import gc
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from iop_portal.followups.models import FollowUp
from iop_portal.people.models import CareTeam, Enrolment, User
from tests.factories import NOON, ProgramFactory, clinician, permission_of
from tests.signing_in import sign_in

WARM_UP, ROUNDS = 5, 60


@dataclass(frozen=True)
class Row:
    """`prepare(size)` makes the data and says who asks, and for which address."""

    name: str
    prepare: Callable[[int], tuple[User, str]]
    sizes: tuple[int, int]
    times_bare: float
    most_queries: int | None = None


def caseload(size: int) -> tuple[User, str]:
    """A clinician with this many clients on their care teams, some of whom need somebody or permit something."""
    program = ProgramFactory()
    counsellor = clinician(program)
    clients = User.objects.bulk_create(
        User(email=f"c{size}-{n}@portal.test", preferred_name=f"Client {n}", surname="Tester") for n in range(size)
    )
    on = NOON - timedelta(days=30)
    enrolments = Enrolment.objects.bulk_create(
        Enrolment(client=client, program=program, state="admitted", referred_on=on.date(), admitted_on=on.date())
        for client in clients
    )
    CareTeam.objects.bulk_create(
        CareTeam(enrolment=enrolment, clinician=counsellor, part="primary", since=on) for enrolment in enrolments
    )
    FollowUp.objects.bulk_create(
        FollowUp(
            program=program,
            kind="consent_withdrawn",
            owner=counsellor,
            client=client,
            about_type="consents.consent",
            about_id=client.pk,
            made_at=on,
            due_at=on + timedelta(days=1),
        )
        for client in clients[::20]
    )
    for client in clients[::10]:
        permission_of(client, now=NOON)
    return counsellor, reverse("home:caseload")


ROWS = [
    Row("caseload of 200 clients", caseload, sizes=(20, 200), times_bare=4),
]


def measure(row: Row) -> dict[str, object]:
    small, large = row.sizes
    few = queries_of(*row.prepare(small))
    person, address = row.prepare(large)
    many = queries_of(person, address)
    ratio = ratio_of(person, address)
    most = row.most_queries
    return {
        "name": row.name,
        "ratio": round(ratio, 2),
        "queries": {str(small): few, str(large): many},
        "target": {"ratio": row.times_bare, "queries": "constant" if most is None else f"constant, at most {most}"},
        "ok": ratio <= row.times_bare and few == many and (most is None or many <= most),
    }


def queries_of(person: User, address: str) -> int:
    client = sign_in(Client(), person)
    ask(client, address)
    with CaptureQueriesContext(connection) as queries:
        ask(client, address)
    return len(queries)


def ratio_of(person: User, address: str) -> float:
    client = sign_in(Client(), person)
    bare, page = [], []
    for times in range(WARM_UP + ROUNDS):
        took = ask(client, reverse("bare")), ask(client, address)
        if times == WARM_UP:
            gc.collect()
            gc.freeze()
        if times >= WARM_UP:
            bare.append(took[0])
            page.append(took[1])
    return statistics.median(page) / statistics.median(bare)


def ask(client: Client, address: str, *, post: bool = False) -> float:
    began = time.perf_counter()
    response = client.post(address) if post else client.get(address)
    took = time.perf_counter() - began
    if response.status_code != (302 if post else 200):
        raise SystemExit(f"{address} answered {response.status_code}")
    return took


def main(*others: Callable[[], list[bool]]) -> int:
    """The rows here, and what else is measured in the same run: whether everything met its target."""
    settings.ROOT_URLCONF = "tests.benchmarks.urls"
    connection.creation.create_test_db(verbosity=0)
    try:
        told = []
        for row in ROWS:
            found = measure(row)
            print(json.dumps(found), flush=True)
            told.append(bool(found["ok"]))
        for other in others:
            told += other()
    finally:
        connection.creation.destroy_test_db(settings.DATABASES["default"]["NAME"], verbosity=0)
    return 0 if all(told) else 1
