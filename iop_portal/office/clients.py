"""Clients as admins see them: who they are, where their enrolment stands, who looks after them. Nothing clinical."""

from __future__ import annotations

from django.db.models import Prefetch, Q, QuerySet

from iop_portal.office.desk import without_counsellor
from iop_portal.people.models import Apart, CareTeam, Enrolment, Program, User

PER_PAGE = 50
WITHOUT = "without"


def enrolments_of(program: Program, *, show: str, name: str) -> QuerySet[Enrolment]:
    """The enrolments of a program with their client, and their primary counsellor in `primary`, by name.

    `show` is a state, "without" for those without a primary counsellor, or empty for all live ones.
    """
    found: QuerySet[Enrolment] = Enrolment.objects.filter(program=program)
    if show == WITHOUT:
        found = without_counsellor(found)
    elif show:
        found = found.filter(state=show)
    else:
        found = found.filter(state__in=Enrolment.LIVE)
    if name:
        found = found.filter(client__in=User.objects.named(name).values("pk"))
    primary = CareTeam.objects.filter(part=CareTeam.Part.PRIMARY, until=None).select_related("clinician")
    return (
        found.select_related("client")
        .prefetch_related(Prefetch("care_team", primary, to_attr="primary"))
        .order_by("client__preferred_name", "client__surname", "pk")
    )


def people_of(program: Program) -> QuerySet[User]:
    """Everybody who may meet there: its clients, referred or admitted, and its clinicians."""
    clients = Enrolment.objects.live().filter(program=program).values("client")
    people: QuerySet[User] = User.objects.filter(
        Q(pk__in=clients) | Q(pk__in=User.objects.clinicians_of(program).values("pk"))
    )
    return people


def apart_in(program: Program) -> QuerySet[Apart]:
    """Pairs kept apart who both belong, or once belonged, to the program."""
    belonged = User.objects.filter(Q(enrolments__program=program) | Q(roles_held__program=program)).values("pk")
    pairs: QuerySet[Apart] = Apart.objects.live().filter(one__in=belonged, other__in=belonged)
    return pairs.select_related("one", "other", "set_by").order_by("-since", "-pk")
