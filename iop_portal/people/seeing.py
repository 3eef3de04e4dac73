"""Who may see whom: the one place of these rules.

A view fetches through `.visible_to(user)`, so that what one may not see does not exist. Querysets here ask the
database each time: a place on a care team, or glass that was broken, ends at the next request.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Concat
from django.utils import timezone

from iop_portal.people.roles import ENROLLED_ROLES, Role

if TYPE_CHECKING:
    from iop_portal.people.models import User


def _model(name: str) -> Any:
    return apps.get_model("people", name)


def roles_of(user: User) -> frozenset[Role]:
    """One query. Being a client somewhere outweighs having been one elsewhere."""
    held = _model("RoleHeld").objects.in_force().filter(user=user).values_list("role")
    states = _model("Enrolment").objects.filter(client=user).values_list("state")
    found = {value for (value,) in held.union(states)}
    roles = {Role(value) for value in found if value not in ENROLLED_ROLES}
    for state in ("admitted", "referred", "discharged"):
        if state in found:
            roles.add(ENROLLED_ROLES[state])
            break
    return frozenset(roles)


def still_works(person: str = "", now: datetime | None = None) -> Q:
    """No intern whose last day has passed: the one place of this rule. `person` leads to the user, as "clinician__".

    They hold no role as a clinician any more, whatever is written down of them: neither pages nor notes, plans,
    numbers, messages or sessions of anybody are theirs. What they are besides, they stay.
    """
    day = timezone.localdate(now)
    return Q(**{f"{person}intern_until": None}) | Q(**{f"{person}intern_until__gte": day})


class RoleHeldQuerySet(models.QuerySet[Any]):
    def in_force(self, now: datetime | None = None) -> Self:
        """Without those of interns whose time is over."""
        return self.filter(~Q(role=Role.CLINICIAN) | still_works("user__", now))


def programs_of(user: User, role: Role, now: datetime | None = None) -> Any:
    """Keys of the programs in which a role is held."""
    return _model("RoleHeld").objects.in_force(now).filter(user=user, role=role).values("program")


def places_on_care_teams(user: User, now: datetime | None = None) -> Any:
    """A clinician's places on care teams, while the enrolment is not over and they work in its program."""
    return _model("CareTeam").objects.filter(
        clinician=user,
        until=None,
        enrolment__state__in=("referred", "admitted"),
        enrolment__program__in=programs_of(user, Role.CLINICIAN, now),
    )


def on_care_team(user: User, now: datetime | None = None) -> Any:
    """Keys of the clients of these care teams."""
    return places_on_care_teams(user, now).values("enrolment__client")


def behind_broken_glass(user: User, now: datetime) -> Any:
    """Keys of clients whose record a clinician has broken the glass for, and still may read."""
    return (
        _model("BrokenGlass")
        .objects.filter(
            clinician=user,
            since__lte=now,
            until__gt=now,
            program__in=programs_of(user, Role.CLINICIAN, now),
        )
        .values("client")
    )


def kept_apart(one: str, other: str) -> Exists:
    """Whether the two people to whom these fields of a row lead are kept apart."""
    one_way, other_way = Q(one=OuterRef(one), other=OuterRef(other)), Q(one=OuterRef(other), other=OuterRef(one))
    return Exists(_model("Apart").objects.live().filter(one_way | other_way))


class ProgramQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """Programs one works for, is enrolled in, or belongs to the family of."""
        return self.filter(
            Q(pk__in=_model("RoleHeld").objects.in_force().filter(user=user).values("program"))
            | Q(pk__in=_model("Enrolment").objects.filter(client=user).values("program"))
        )

    def run_by(self, user: User) -> Self:
        """Programs that an admin configures."""
        return self.filter(pk__in=programs_of(user, Role.ADMIN))


class UserQuerySet(models.QuerySet[Any]):
    def lock_no_key(self, pk: int) -> Any:
        """The row, locked without blocking everybody's foreign-key inserts."""
        return self.select_for_update(no_key=True).get(pk=pk)

    def open_to(self, user: User, now: datetime | None = None) -> Self:
        """Clients whose record one may read: one's own, of one's care teams, behind glass broken for a while."""
        now = now or timezone.now()
        return self.filter(
            Q(pk=user.pk, enrolments__isnull=False)
            | Q(pk__in=on_care_team(user, now))
            | Q(pk__in=behind_broken_glass(user, now))
        ).distinct()

    def free_to_meet(self, person: User) -> Self:
        """Without those who are kept apart from somebody."""
        apart = _model("Apart").objects.live()
        return self.exclude(pk__in=apart.filter(one=person).values("other")).exclude(
            pk__in=apart.filter(other=person).values("one")
        )

    def caseload_of(self, user: User) -> Self:
        """Clients of a clinician's care teams."""
        return self.filter(pk__in=on_care_team(user))

    def clients_of_programs_run_by(self, user: User) -> Self:
        """Clients an admin enrols and discharges: names and dates, never their record."""
        mine = _model("Enrolment").objects.filter(client=OuterRef("pk"), program__in=programs_of(user, Role.ADMIN))
        return self.filter(Exists(mine))

    def staff_of_programs_run_by(self, user: User) -> Self:
        held = _model("RoleHeld").objects.filter(
            user=OuterRef("pk"),
            program__in=programs_of(user, Role.ADMIN),
            role__in=(Role.CLINICIAN, Role.ADMIN),
        )
        return self.filter(Exists(held))

    def belonging_to_programs_run_by(self, user: User) -> Self:
        """Everybody who has a role or an enrolment in a program that an admin runs."""
        run = programs_of(user, Role.ADMIN)
        held = _model("RoleHeld").objects.filter(user=OuterRef("pk"), program__in=run)
        enrolled = _model("Enrolment").objects.filter(client=OuterRef("pk"), program__in=run)
        return self.filter(Exists(held) | Exists(enrolled))

    def named(self, text: str) -> Self:
        """People whose whole name or address holds these letters."""
        whole = Concat("preferred_name", Value(" "), "surname")
        return self.annotate(whole_name=whole).filter(Q(whole_name__icontains=text) | Q(email__icontains=text))

    def clinicians_of(self, program: Any) -> Self:
        held = _model("RoleHeld").objects.filter(user=OuterRef("pk"), program=program, role=Role.CLINICIAN)
        return self.filter(Exists(held), still_works(), is_active=True)


class EnrolmentQuerySet(models.QuerySet[Any]):
    def live(self) -> Self:
        return self.filter(state__in=("referred", "admitted"))

    def visible_to(self, user: User, now: datetime | None = None) -> Self:
        """One's own, those of one's care teams, those behind broken glass, and those an admin administers."""
        now = now or timezone.now()
        return self.filter(
            Q(client=user)
            | Q(client__in=on_care_team(user, now))
            | Q(client__in=behind_broken_glass(user, now))
            | Q(program__in=programs_of(user, Role.ADMIN))
        )

    def run_by(self, user: User) -> Self:
        """Enrolments in the programs that an admin configures."""
        return self.filter(program__in=programs_of(user, Role.ADMIN))


class BrokenGlassQuerySet(models.QuerySet[Any]):
    def reviewable_by(self, user: User) -> Self:
        """Every opening in the programs an admin runs."""
        return self.filter(program__in=programs_of(user, Role.ADMIN))

    def open_at(self, now: datetime) -> Self:
        return self.filter(since__lte=now, until__gt=now)


class ApartQuerySet(models.QuerySet[Any]):
    def live(self) -> Self:
        return self.filter(until=None)

    def between(self, one: User, other: User) -> Self:
        low, high = sorted((one.pk, other.pk))
        return self.live().filter(one=low, other=high)
