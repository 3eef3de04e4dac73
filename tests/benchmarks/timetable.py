"""The timetable of a week: a team of six, and one of thirty."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from iop_portal.people.models import User
from scheduling.finding import local_midnight
from scheduling.timetable import week_of
from tests.benchmarks.ratios import Found, Target, ask, measure, tell
from tests.factories import ModalityFactory, ProgramFactory, RoomFactory, clinician, enrolled, seated, session_at
from tests.signing_in import sign_in

TEAMS = (6, 30)
DAYS, GROUP = 5, 6


def measure_timetable() -> list[bool]:
    """By clinician and by room. It asks the database as often for a small team as for a large one."""
    told, asked = [], []
    for size in TEAMS:
        client = sign_in(Client(), team(size))
        for by in ("clinician", "room"):
            address = f"{reverse('scheduling:timetable')}?by={by}"
            found = _found(client, address)
            told.append(tell(f"timetable of {size} clinicians, by {by}", found, Target(6)))
            asked.append((by, found.queries))
    return [*told, len(set(asked)) == 2]


def _found(client: Client, address: str) -> Found:
    return measure(lambda: partial(ask, client, address), client)


def team(size: int) -> User:
    """Each leads a group and two hours one to one on five days, and everybody comes. One of them reads."""
    program = ProgramFactory()
    group = ModalityFactory(program=program)
    talk = ModalityFactory(program=program, format="individual", lengths=[50])
    people = [clinician(program) for _ in range(size)]
    monday = local_midnight(week_of(program, None, now=timezone.now()), program.zone)
    for leader in people:
        room = RoomFactory(program=program)
        clients = [enrolled(program) for _ in range(GROUP)]
        for day in range(DAYS):
            morning = monday + timedelta(days=day, hours=9)
            held = session_at(group, morning, leader, room=room)
            for client in clients:
                seated(client, held)
            for hour, client in enumerate(clients[:2], start=2):
                begins = morning + timedelta(hours=hour)
                alone = session_at(talk, begins, leader, minutes=50, capacity=1, listed=False, room=room, video=False)
                seated(client, alone)
    return people[0]
