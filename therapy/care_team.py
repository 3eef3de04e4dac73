"""Who is there for somebody: told on each page that is about them."""

from __future__ import annotations

from django.db.models import QuerySet

from iop_portal.people.models import CareTeam, Enrolment, User
from iop_portal.people.roles import Role
from iop_portal.people.seeing import programs_of


def team_of(enrolment: Enrolment) -> QuerySet[CareTeam]:
    """The primary counsellor first. One query, as they are shown."""
    return _shown().filter(enrolment=enrolment)


def team_around(client: User, *, reader: User) -> QuerySet[CareTeam]:
    """In the programs where the reader works: that somebody is in another one as well is not told to this one."""
    here = programs_of(reader, Role.CLINICIAN)
    return _shown().filter(enrolment__client=client, enrolment__state__in=Enrolment.LIVE, enrolment__program__in=here)


def _shown() -> QuerySet[CareTeam]:
    return CareTeam.objects.filter(until=None).select_related("clinician__clinician")
