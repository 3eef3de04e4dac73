"""How long pages take, as ratios to a bare view of the portal in the same run.

Absolute times on a shared machine mean little. Page and bare view take turns, and their medians are compared. One
JSON object a line; the exit code is 1 where one misses its target. Queries are all of a request, those of the
session, the person and their roles included.
"""

import gc
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from iop_portal.followups.models import FollowUp
from iop_portal.people.models import CareTeam, Enrolment, User
from scheduling.models import Attendance, Booking
from tests.factories import (
    NOON,
    ModalityFactory,
    ProgramFactory,
    TrackFactory,
    clinician,
    permission_of,
    seated,
    session_at,
)
from tests.signing_in import sign_in
from therapy.models import Prescription

WARM_UP, ROUNDS = 10, 80
# How far the ratios of one work at several sizes may lie apart: a fifth.
SPREAD = 1.2


@dataclass(frozen=True)
class Target:
    ratio: float
    queries: int | None = None


@dataclass(frozen=True)
class Found:
    """`ratio` to the bare view, and how often the database was asked."""

    ratio: float
    queries: int


def measure(
    prepare: Callable[[], Callable[[], float]], client: Client, *, against: Callable[[], float] | None = None
) -> Found:
    """`prepare` gives something to do once, which says how many seconds it took; so does `against`, the bare view
    unless it is another."""
    against = against or partial(ask, client, reverse("bare"))
    for _round in range(WARM_UP):
        against()
        prepare()()
    gc.collect()
    gc.freeze()
    work = prepare()
    with CaptureQueriesContext(connection) as queries:
        work()
        asked = len(queries)
    bare, page = [], []
    for _round in range(ROUNDS):
        work = prepare()
        bare.append(against())
        page.append(work())
    return Found(statistics.median(page) / statistics.median(bare), asked)


def tell(name: str, found: Found, target: Target) -> bool:
    ok = found.ratio <= target.ratio and (target.queries is None or found.queries <= target.queries)
    most = {"ratio": target.ratio, "queries": target.queries or "constant"}
    return _line(name, round(found.ratio, 2), found.queries, most, ok=ok)


def tell_spread(name: str, found: dict[str, Found]) -> bool:
    """Whether the size of the program leaves the work as it is: as many queries, and ratios within a fifth."""
    ratios = [each.ratio for each in found.values()]
    queries = sorted({each.queries for each in found.values()})
    spread = max(ratios) / min(ratios)
    name = f"{name}: the dearest of {' / '.join(found)} to the cheapest"
    ok = spread <= SPREAD and len(queries) == 1
    return _line(name, round(spread, 2), queries, {"ratio": SPREAD, "queries": "equal"}, ok=ok)


def tell_seconds(name: str, seconds: float, most: float) -> bool:
    """What somebody waits for may not take longer than this, on whatever machine."""
    ok = seconds < most
    print(json.dumps({"name": name, "seconds": round(seconds, 3), "target": {"seconds": most}, "ok": ok}), flush=True)
    return ok


def _line(name: str, ratio: float, queries: int | list[int], target: dict[str, object], *, ok: bool) -> bool:
    print(json.dumps({"name": name, "ratio": ratio, "queries": queries, "target": target, "ok": ok}), flush=True)
    return ok


def caseload(size: int) -> tuple[User, str]:
    """A clinician with this many clients on their care teams: care is planned for all of them, each came to a group
    for weeks or missed it, comes on two days more, and some need somebody or permit something."""
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
    track = TrackFactory(program=program)
    Prescription.objects.bulk_create(
        Prescription(enrolment=enrolment, track=track, phase="core", hours=9, days=3, since=on.date())
        for enrolment in enrolments
    )
    group, begins = ModalityFactory(program=program), timezone.now()
    for days in (*range(-40, 0, 4), -1, 1, 2):
        session = session_at(group, begins + timedelta(days=days), counsellor, capacity=500)
        places = [seated(client, session) for client in clients]
        if days < 0:
            _attended(places, counsellor, begins)
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


def _attended(places: list[Booking], by: User, now: datetime) -> None:
    """Every sixth missed it."""
    Attendance.objects.bulk_create(
        Attendance(
            booking=place,
            number=1,
            state="missed" if at % 6 == 0 else "present",
            minutes=0 if at % 6 == 0 else 90,
            recorded_by=by,
            recorded_at=now,
        )
        for at, place in enumerate(places)
    )


def measure_caseload() -> list[bool]:
    """From 50 on the page is as long as a page becomes; with 10 there is less of it."""
    found = {str(size): _caseload(size) for size in (10, 50, 200)}
    told = [tell(f"caseload of {size} clients", each, Target(4)) for size, each in found.items()]
    same = len({each.queries for each in found.values()}) == 1
    whole = {size: each for size, each in found.items() if size != "10"}
    return [*told, same, tell_spread("caseload", whole)]


def _caseload(size: int) -> Found:
    person, address = caseload(size)
    client = sign_in(Client(), person)
    return measure(lambda: partial(ask, client, address), client)


def ask(client: Client, address: str, *, post: bool = False, held: str = "") -> float:
    """`held` is the version that a reader has already."""
    began = time.perf_counter()
    headers = {"if-none-match": held} if held else None
    response = client.post(address) if post else client.get(address, headers=headers)
    took = time.perf_counter() - began
    if response.status_code != (302 if post else 304 if held else 200):
        raise SystemExit(f"{address} answered {response.status_code}")
    return took


def main(*works: Callable[[], list[bool]]) -> int:
    """Whether everything met its target, as an exit code."""
    settings.ROOT_URLCONF = "tests.benchmarks.urls"
    connection.creation.create_test_db(verbosity=0)
    try:
        told = [ok for work in works for ok in work()]
    finally:
        connection.creation.destroy_test_db(settings.DATABASES["default"]["NAME"], verbosity=0)
    return 0 if all(told) else 1
