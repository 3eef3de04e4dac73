"""What the office's first page shows: what waits for the admin, and the numbers of their programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from iop_portal.accounts.models import Invitation
from iop_portal.followups.dead_letters import dead_letters_for
from iop_portal.followups.models import FollowUp
from iop_portal.people.models import BrokenGlass, CareTeam, Enrolment, Program, RoleHeld, User
from iop_portal.people.roles import STAFF_ROLES
from scheduling.credentials import InternLeaves, interns_who_leave_sessions
from scheduling.minimum import TooFew, too_few_run_by
from scheduling.models import Room
from therapy.alerts import KINDS as ALERTS
from therapy.oncall import programs_without_anybody

MOST_TOLD = 5
# Follow-ups whose subjects the desk counts in a line of their own.
COUNTED_BY_THEMSELVES = ("glass_review", "dead_letter")


@dataclass(frozen=True)
class Desk:
    """The programs with their numbers, and how many of each thing wait for the admin."""

    programs: list[Program]
    follow_ups: int
    glass: int
    messages: int
    # With an open act about a client that cannot wait, or a roster on which nobody stands now.
    alerts: int
    nobody_on_call: list[Program]
    # Sessions that begin soon with too few people: as many as are told, and how many more there are.
    too_few: list[TooFew]
    more_too_few: int
    interns: list[InternLeaves]

    @property
    def anything(self) -> bool:
        of_programs = any(program.expired or program.without for program in self.programs)  # type: ignore[attr-defined]
        waiting = self.follow_ups or self.glass or self.messages or self.alerts
        return bool(of_programs or waiting or self.nobody_on_call or self.too_few or self.interns)


def desk_of(admin: User, *, now: datetime) -> Desk:
    programs = list(programs_with_numbers(admin, now=now))
    waiting = FollowUp.objects.waiting_for(admin, now).aggregate(
        alerts=Count("pk", filter=Q(kind__in=ALERTS)),
        others=Count("pk", filter=~Q(kind__in=(*COUNTED_BY_THEMSELVES, *ALERTS))),
    )
    too_few = too_few_run_by(admin, now=now)
    return Desk(
        programs=programs,
        alerts=waiting["alerts"],
        nobody_on_call=programs_without_anybody(programs, now),
        follow_ups=waiting["others"],
        glass=BrokenGlass.objects.reviewable_by(admin).filter(reviewed_at=None).exclude(clinician=admin).count(),
        messages=dead_letters_for(admin).count(),
        too_few=too_few[:MOST_TOLD],
        more_too_few=len(too_few[MOST_TOLD:]),
        interns=interns_who_leave_sessions(programs, now=now),
    )


def programs_with_numbers(admin: User, *, now: datetime) -> QuerySet[Program]:
    """The programs an admin runs, each with what is in it counted, and what there waits for somebody."""
    programs: QuerySet[Program] = Program.objects.run_by(admin)
    return programs.annotate(
        clients=_count(Enrolment.objects.live(), "client"),
        staff=_count(RoleHeld.objects.filter(role__in=STAFF_ROLES), "user"),
        rooms_in_use=_count(Room.objects.filter(in_use=True), "pk"),
        unanswered=_count(Invitation.objects.unanswered(), "pk"),
        expired=_count(Invitation.objects.expired(now), "pk"),
        without=_count(without_counsellor(Enrolment.objects.all()), "pk"),
    )


def without_counsellor(enrolments: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    """Live enrolments that nobody is the primary counsellor of."""
    primary = CareTeam.objects.filter(enrolment=OuterRef("pk"), part=CareTeam.Part.PRIMARY, until=None)
    return enrolments.filter(~Exists(primary), state__in=Enrolment.LIVE)


def _count(rows: QuerySet[Any], of: str) -> Coalesce:
    """How many there are in the program of the outer query."""
    counted = rows.filter(program=OuterRef("pk")).order_by().values("program").annotate(n=Count(of, distinct=True))
    return Coalesce(Subquery(counted.values("n"), output_field=IntegerField()), 0)
