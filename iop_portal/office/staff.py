"""The staff of a program, as its admins see them."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Exists, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Greatest

from iop_portal.people.models import Program, RoleHeld, User
from iop_portal.people.roles import STAFF_ROLES

PER_PAGE = 50


def staff_of(program: Program) -> QuerySet[User]:
    """Everybody with a staff role there: with `roles_here`, whether they have a `second_step`, and `last_seen`."""
    held = RoleHeld.objects.filter(program=program, role__in=STAFF_ROLES)
    devices = Authenticator.objects.filter(user=OuterRef("pk")).exclude(type=Authenticator.Type.RECOVERY_CODES)
    sessions = UserSession.objects.filter(user=OuterRef("pk")).order_by("-last_seen_at").values("last_seen_at")[:1]
    users: QuerySet[User] = User.objects.filter(Exists(held.filter(user=OuterRef("pk"))))
    return users.annotate(
        second_step=Exists(devices), last_seen=Greatest("last_login", Subquery(sessions))
    ).prefetch_related(Prefetch("roles_held", held.order_by("role"), to_attr="roles_here"))
