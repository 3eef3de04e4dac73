"""A week planned among two hundred sessions: by itself, against the clock, and as the page that suggests it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from scheduling.planner import SECONDS, plan_week
from scheduling.wanted_week import Question
from tests.benchmarks.ratios import Target, ask, measure, tell, tell_seconds
from tests.factories import NOON, ModalityFactory, TrackFactory, clinician, enrolled, introduced, session_at
from tests.scheduling.weeks import full_week
from tests.signing_in import sign_in
from therapy.models import ClinicalPolicy, Prescription

CANDIDATES, WEEKS = 200, 40
PATIENT = 30
# So many sessions on each of seven days, of so many kinds.
A_DAY, KINDS = 28, 7
SIZES = {"35": 5, str(7 * A_DAY): A_DAY}
ALONE = f"a week among {CANDIDATES} sessions, planned"


def measure_planner() -> list[bool]:
    """Weeks of different kinds: the longest of them counts, since somebody waits for it."""
    client = sign_in(Client(), enrolled())
    weeks = [full_week(CANDIDATES, seed=seed) for seed in range(WEEKS)]
    longest = max(_seconds(week, time.process_time) for week in weeks)
    turns = itertools.cycle(weeks)
    alone = measure(lambda: partial(_seconds, next(turns)), client)
    pages = {size: measure(_page(a_day), client) for size, a_day in SIZES.items()}
    return [
        tell_seconds(f"{ALONE}: the longest", longest, SECONDS),
        tell(ALONE, alone, Target(30)),
        *(tell(f"page of a week planned among {size} sessions", each, Target(15)) for size, each in pages.items()),
        len({each.queries for each in pages.values()}) == 1,
    ]


def _seconds(week: Question, clock: Callable[[], float] = time.perf_counter) -> float:
    """HiGHS has one thread here: by the clock of the process it is as long as on a machine that does nothing else."""
    began = clock()
    plan = plan_week(week, seconds=PATIENT)
    took = clock() - began
    if not plan.proven:
        raise SystemExit("a week was not proven to be the best")
    return took


def _page(a_day: int) -> Callable[[], Callable[[], float]]:
    """Nine hours on three days are prescribed; nothing is booked yet."""
    groups = [ModalityFactory()]
    program = groups[0].program
    groups += [ModalityFactory(program=program) for _number in range(KINDS - 1)]
    person = enrolled(program)
    ClinicalPolicy.objects.create(program=program, week_starts_on=timezone.localdate().weekday())
    Prescription.objects.create(
        enrolment=person.enrolments.get(),
        track=TrackFactory(program=program),
        phase="core",
        hours=9,
        days=3,
        since=NOON.date(),
    )
    begins = timezone.now() + timedelta(hours=3)
    for number in range(7 * a_day):
        day, turn = divmod(number, a_day)
        leader = clinician(program)
        introduced(leader, *groups)
        at = begins + timedelta(days=day, minutes=turn * 40)
        session_at(groups[number % KINDS], at, leader, minutes=(45, 60, 90)[number % 3])
    client = sign_in(Client(), person)
    return lambda: partial(ask, client, reverse("scheduling:plan_my_week"))
