"""Missed sessions: how many in a row, and what each asks of people. Nobody is ever discharged by a count.

A row is broken by coming. What was excused or cancelled by us, and what nobody has recorded yet, neither adds to it
nor breaks it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from iop_portal.followups.acting import resolve_follow_ups_about
from iop_portal.followups.escalation import admins_of, care_team_of
from iop_portal.followups.models import FollowUp
from iop_portal.followups.owing import owe_follow_up
from iop_portal.people.models import Enrolment, Program, User
from iop_portal.prepared import Statement
from scheduling.models import Attendance, Booking, marked

MISSED = Attendance.State.MISSED
# How far back a row is followed: longer than any that nobody has looked into.
LOOK_BACK = timedelta(days=60)
LATELY = timedelta(days=30)
# How long a client is told on their first page that a miss can be made up.
SAID_FOR = timedelta(days=7)
# What the first miss of a row asks for, the second, and each from the third on.
OUTREACH, ESCALATION, REVIEW = ASKS = ("missed_session", "missed_twice", "missed_review")

COUNTED = Statement(
    "missed",
    """
    SELECT person_id, program_id,
           count(*) FILTER (WHERE state = 'missed' AND begins > coalesce(came, '-infinity')),
           count(*) FILTER (WHERE state = 'missed' AND begins > %(lately)s)
    FROM (
        SELECT b.person_id, s.program_id, lower(b.during) AS begins, fact.state,
               max(lower(b.during)) FILTER (WHERE fact.state = ANY(%(came)s))
               OVER (PARTITION BY b.person_id, s.program_id) AS came
        FROM scheduling_booking b
        JOIN scheduling_session s ON s.id = b.session_id
        CROSS JOIN LATERAL (
            SELECT a.state FROM scheduling_attendance a WHERE a.booking_id = b.id ORDER BY a.number DESC LIMIT 1
        ) fact
        WHERE b.person_id = ANY(%(people)s) AND b.occupies
          AND lower(b.during) > %(since)s AND lower(b.during) <= %(now)s
    ) told
    GROUP BY person_id, program_id
""",
    {"people": list, "now": datetime, "since": datetime, "lately": datetime},
    {"came": [str(state) for state in Attendance.CAME]},
)


@dataclass(frozen=True)
class Missed:
    """How many sessions somebody missed: in a row until now, and in the last thirty days."""

    in_a_row: int = 0
    lately: int = 0


def missed_by(people: Iterable[int], *, now: datetime) -> dict[tuple[int, int], Missed]:
    """By person and program, for many at once. One query, and none for nobody."""
    keys = list(people)
    if not keys:
        return {}
    found = COUNTED.ask(people=keys, now=now, since=now - LOOK_BACK, lately=now - LATELY)
    return {(person, program): Missed(row, lately) for person, program, row, lately in found}


def missed_last(person: User, *, now: datetime) -> Booking | None:
    """What a person missed in the last week, if they have not been here since nor made up for it. One query."""
    made_up = Booking.objects.live().filter(makes_up_for=OuterRef("pk"))
    lately = Booking.objects.live().filter(
        ~Exists(made_up), person=person, during__startswith__gt=now - SAID_FOR, during__startswith__lte=now
    )
    for told in marked(lately).order_by("-during"):
        if told.attended in (MISSED, *Attendance.CAME):
            return told if told.attended == MISSED else None
    return None


def settle_misses(
    places: Sequence[Booking], program: Program, *, newly_missed: bool = False, by: User, now: datetime
) -> None:
    """After something was recorded about these places: owe what a miss asks for, and take back what nobody has taken
    on and nothing asks for any more.

    A miss asks for one thing, by its place in the row; where a correction changes the row, it may ask for another.
    """
    waiting = FollowUp.objects.open().filter(
        kind__in=ASKS, program=program, client__in=[one.person_id for one in places]
    )
    untouched = list(waiting.filter(acknowledged_at=None))
    asked = {follow_up.client_id for follow_up in untouched}
    for place in places:
        if newly_missed or place.person_id in asked:
            mine = [one for one in untouched if one.client_id == place.person_id]
            _settle(place, program, mine, newly_missed=newly_missed, by=by, now=now)


def _settle(
    place: Booking, program: Program, waiting: list[FollowUp], *, newly_missed: bool, by: User, now: datetime
) -> None:
    rows = _rows(place.person, program, now=now)
    asking = {place.pk} if newly_missed else set()
    for follow_up in waiting:
        missed, asks = rows.get(follow_up.about_id, (None, ""))
        if asks == follow_up.kind:
            continue
        about = missed or Booking.objects.get(pk=follow_up.about_id)
        outcome = _("Nothing to do any more: what was recorded has changed.")
        resolve_follow_ups_about(about, kind=follow_up.kind, outcome=outcome, by=by, now=now)
        asking |= {about.pk} if missed else set()
    for key in asking & set(rows):
        _ask(*rows[key], program, by=by, now=now)


def _ask(missed: Booking, kind: str, program: Program, *, by: User, now: datetime) -> None:
    """Of whoever looks after them here; of nobody, where they are not in the program any more."""
    client = missed.person
    if not Enrolment.objects.live().filter(client=client, program=program).exists():
        return
    team, admins = care_team_of(client, program), admins_of(program, about=client)
    owners = [*team, *admins, by]
    if kind == ESCALATION:
        # As any other follow-up goes on: past the primary counsellor, who has the first one.
        owners = [one for one in (*admins, *team) if one != owners[0]] or owners
    owe_follow_up(kind, about=missed, program=program, owner=owners[0], client=client, by=by, now=now)


def _rows(person: User, program: Program, *, now: datetime) -> dict[int, tuple[Booking, str]]:
    """Each miss with what it asks for, by its key."""
    told = Booking.objects.live().filter(
        person=person, session__program=program, during__startswith__gt=now - LOOK_BACK, during__startswith__lte=now
    )
    found, row = {}, 0
    for booking in marked(told).select_related("person").order_by("during"):
        if booking.attended == MISSED:
            row += 1
            found[booking.pk] = (booking, ASKS[min(row, len(ASKS)) - 1])
        elif booking.attended in Attendance.CAME:
            row = 0
    return found
