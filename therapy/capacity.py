"""How many clients a primary counsellor has, against how many the program says."""

from __future__ import annotations

from django.db.models import Count

from iop_portal.people.models import CareTeam, Enrolment, Program
from therapy.prescribing import policy_of


def clients_of_counsellors(program: Program) -> dict[int, int]:
    """Live enrolments of the program by the key of their primary counsellor. One query."""
    held = CareTeam.objects.filter(
        part=CareTeam.Part.PRIMARY, until=None, enrolment__program=program, enrolment__state__in=Enrolment.LIVE
    )
    return dict(held.order_by().values("clinician").annotate(count=Count("pk")).values_list("clinician", "count"))


def full_counsellors(program: Program) -> frozenset[int]:
    """Keys of those who have as many as the program says, or more. Two queries, however many they are."""
    most = policy_of(program).clients_per_counsellor
    return frozenset(key for key, count in clients_of_counsellors(program).items() if count >= most)
