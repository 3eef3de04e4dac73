"""Many clients at once, for benchmarks: a program of their own, whose sessions and bookings are a few statements.

Eight clients make a cohort that meets by video on five days a week. A clinician leads four cohorts, each at a time
of day of its own. Every row passes the same constraints and triggers as any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db import connection

from iop_portal.people.models import Enrolment, Program, RoleHeld, User
from iop_portal.people.roles import Role
from iop_portal.writes import write
from scheduling.models import WeeklyHours
from therapy.models import Clinician, Credential, Format, Modality
from therapy.standard import offer_standard_catalogue

COHORT, COHORTS_OF_A_CLINICIAN, WEEKS_AHEAD = 8, 4, 4
WEEKDAYS = range(5)
# So many of the clinicians, at most, also give counselling.
COUNSELLORS = 20
COUNSELLING = "One-to-one counselling"
# Cohorts whose bookings are made by one statement: all at once would take longer than the portal waits for its
# database.
BATCH = 4
GROWN = "scheduling_session, scheduling_facilitation, scheduling_booking"

# Checks that wait for the end of the transaction are looked through at every row that a trigger sees: with half a
# million of them waiting, one row would take as long as a hundred.
CHECK_AT_ONCE = "SET CONSTRAINTS ALL IMMEDIATE"
PLAN = """
    DROP TABLE IF EXISTS pg_temp.crowd;
    CREATE TEMPORARY TABLE crowd AS
    SELECT nextval(pg_get_serial_sequence('scheduling_session', 'id')) AS session, cohort,
           (%(clinicians)s::bigint[])[cohort / 4 + 1] AS clinician, tstzrange(at, at + interval '90 minutes') AS during
    FROM generate_series(0, %(cohorts)s - 1) AS cohort, generate_series(0, %(weeks)s - 1) AS week,
         generate_series(0, 4) AS weekday,
    LATERAL (SELECT (%(monday)s::date + week * 7 + weekday + make_time(9 + 2 * (cohort %% 4), 0, 0))
             AT TIME ZONE %(zone)s AS at) AS wall
"""
SESSIONS = """
    INSERT INTO scheduling_session (id, program_id, modality_id, during, video, capacity, listed, state, live)
    SELECT session, %(program)s, %(modality)s, during, true, 10, true, 'planned', true FROM crowd
"""
FACILITATIONS = """
    INSERT INTO scheduling_facilitation (session_id, clinician_id, during, live)
    SELECT session, clinician, during, true FROM crowd
"""
BOOKINGS = """
    INSERT INTO scheduling_booking
        (session_id, person_id, during, state, occupies, takes_seat, reference, booked_at, booked_by_id)
    SELECT session, client, during, 'booked', true, true,
           'X' || lpad(to_hex(session * 8 + (place - 1) %% 8), 8, '0'), lower(during) - interval '5 days', client
    FROM crowd JOIN unnest(%(clients)s::bigint[]) WITH ORDINALITY AS people (client, place) ON cohort = (place - 1) / 8
    WHERE place > %(after)s AND place <= %(until)s
    ORDER BY session
"""


@dataclass(frozen=True)
class Crowd:
    """People and a timetable. `clients` are keys, in the order in which they were made."""

    program: Program
    counselling: Modality
    clients: list[int]


@write
def tell_crowd(*, clients: int, weeks: int, now: datetime) -> Program:
    """So many clients over so many weeks, the last four of them ahead: five bookings a client and week."""
    crowd = gather_crowd(clients=clients, weeks=weeks, now=now)
    book_crowd(crowd, until=clients)
    return crowd.program


@write
def gather_crowd(*, clients: int, weeks: int, now: datetime) -> Crowd:
    """Everybody, and all sessions, into which nobody is booked yet.

    Who meets when stays in a temporary table until the connection ends or another crowd is gathered.
    """
    with connection.cursor() as cursor:
        cursor.execute(CHECK_AT_ONCE)
    program = Program.objects.create(
        name=f"Crowd {Program.objects.count()}", sender="Portal", zone="America/New_York", phone="(212) 555-0199"
    )
    cohorts = -(-clients // COHORT)
    people = _people(program, "client", clients)
    clinicians = _people(program, "clinician", -(-cohorts // COHORTS_OF_A_CLINICIAN))
    _enrol(program, people, now=now)
    group, counselling = _introduce(program, clinicians, now=now)
    values: dict[str, Any] = {
        "program": program.pk,
        "modality": group.pk,
        "zone": program.zone,
        "clinicians": [person.pk for person in clinicians],
        "cohorts": cohorts,
        "weeks": weeks,
        "monday": now.date() - timedelta(days=now.weekday(), weeks=max(0, weeks - WEEKS_AHEAD)),
    }
    with connection.cursor() as cursor:
        for statement in (PLAN, SESSIONS, FACILITATIONS, f"ANALYZE {GROWN}, people_user"):
            cursor.execute(statement, values)
    return Crowd(program, counselling, [person.pk for person in people])


@write
def book_crowd(crowd: Crowd, *, after: int = 0, until: int) -> None:
    """Book the clients from one place in the list of them to another into every session of theirs."""
    with connection.cursor() as cursor:
        cursor.execute(CHECK_AT_ONCE)
        # The trigger that counts seats plans its count once, while the table is still small enough to be read as a
        # whole, and would go on reading it.
        cursor.execute("SET LOCAL enable_seqscan = off")
        for first in range(after, until, BATCH * COHORT):
            last = min(until, first + BATCH * COHORT)
            cursor.execute(BOOKINGS, {"clients": crowd.clients, "after": first, "until": last})
        cursor.execute(f"ANALYZE {GROWN}")


def _people(program: Program, kind: str, count: int) -> list[User]:
    made: list[User] = User.objects.bulk_create(
        (
            User(
                email=f"crowd{program.pk}-{kind}{number}@portal.test",
                preferred_name=kind.title(),
                surname=f"No {number}",
                zone=program.zone,
                password="!",  # noqa: S106 (nobody signs in with it)
            )
            for number in range(count)
        ),
        batch_size=2000,
    )
    return made


def _enrol(program: Program, people: list[User], *, now: datetime) -> None:
    on = now.date() - timedelta(days=20)
    Enrolment.objects.bulk_create(
        (
            Enrolment(client=one, program=program, state=Enrolment.State.ADMITTED, referred_on=on, admitted_on=on)
            for one in people
        ),
        batch_size=2000,
    )


def _introduce(program: Program, clinicians: list[User], *, now: datetime) -> tuple[Modality, Modality]:
    """Clinicians with hours and credentials: what groups they all lead, and the counselling that some of them give."""
    offered = offer_standard_catalogue(program, by=clinicians[0], now=now)
    group = next(way for way in offered if way.format == Format.GROUP)
    counselling = next(way for way in offered if way.name == COUNSELLING)
    RoleHeld.objects.bulk_create(RoleHeld(user=one, program=program, role=Role.CLINICIAN) for one in clinicians)
    profiles = Clinician.objects.bulk_create(Clinician(user=one, title="Counsellor") for one in clinicians)
    Credential.objects.bulk_create(
        Credential(clinician=one, kind="LCSW", state="NY", expires_on=now.date() + timedelta(days=365))
        for one in profiles
    )
    gives = Clinician.gives.through
    gives.objects.bulk_create(gives(clinician=one, modality=group) for one in profiles)
    gives.objects.bulk_create(gives(clinician=one, modality=counselling) for one in profiles[:COUNSELLORS])
    WeeklyHours.objects.bulk_create(
        WeeklyHours(clinician=one, program=program, weekday=day, begins=time(8), ends=time(18), video=True)
        for one in clinicians
        for day in WEEKDAYS
    )
    return group, counselling
