"""Roles given by a program, and whether somebody may sign in at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from allauth.usersessions.models import UserSession
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from iop_portal.accounts.care_teams import leave_care_team
from iop_portal.audit import trail
from iop_portal.people.models import CareTeam, Enrolment, Program, RoleHeld, User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.writes import write


class RoleHeldAlready(Refused):
    message = _("This person has this role already.")
    constraint = "a_role_is_held_once"


class LastAdmin(Refused):
    message = _("A program keeps at least one admin. Give somebody else this role first.")


class RoleGone(Refused):
    message = _("This person no longer has this role.")


class NotThisOfficesAlone(Refused):
    """Said alike, whether they work elsewhere or are a client there."""

    message = _("This account is not yours alone to close or open. End their role here instead.")


class NotOneself(Refused):
    message = _("You cannot do this to your own account. Please ask another admin.")


@dataclass(frozen=True)
class EndedInternship:
    """The last day of it, and the programs whose office can say that it goes on."""

    last_day: date
    programs: list[Program]


def ended_internship(user: User, *, now: datetime) -> EndedInternship | None:
    """Of somebody who would be a clinician, had their last day as an intern not passed."""
    if user.intern_until is None or user.intern_until >= timezone.localdate(now):
        return None
    held = RoleHeld.objects.filter(user=user, role=Role.CLINICIAN).values("program")
    programs = list(Program.objects.filter(pk__in=held))
    return EndedInternship(user.intern_until, programs) if programs else None


@write
def give_role(user: User, *, role: Role, program: Program, by: User | None, now: datetime) -> RoleHeld:
    held = RoleHeld.objects.create(user=user, program=program, role=role)
    trail.record("role.given", held, by=by, at=now, facts={"role": role})
    return held


@write
def take_role(held: RoleHeld, *, by: User, now: datetime) -> None:
    """Places on care teams end with the role, and so do sessions. Locking the admins keeps two from leaving at once."""
    program_roles = RoleHeld.objects.select_for_update().filter(program=held.program_id, role=held.role)
    holders = {row.pk: row for row in program_roles.order_by("pk")}
    if held.pk not in holders:
        raise RoleGone
    if held.role == Role.ADMIN and len(holders) == 1:
        raise LastAdmin
    if held.role == Role.CLINICIAN:
        for place in CareTeam.objects.filter(
            clinician=held.user_id,
            enrolment__program=held.program_id,
            enrolment__in=Enrolment.objects.live(),
            until=None,
        ):
            leave_care_team(place, by=by, now=now)
    trail.record("role.taken", held, by=by, at=now, facts={"role": held.role})
    holders[held.pk].delete()
    for session in UserSession.objects.filter(user=held.user_id):
        session.end()


@write
def close_account(user: User, *, by: User, now: datetime) -> None:
    """Nobody signs in with it until it is opened again. What is written stays, and its sessions end at once."""
    if user == by:
        raise NotOneself
    _refuse_where_others_have_a_say(user, by)
    _set_active(user, False)
    trail.record("account.closed", user, by=by, at=now)


@write
def reopen_account(user: User, *, by: User, now: datetime) -> None:
    _refuse_where_others_have_a_say(user, by)
    _set_active(user, True)
    trail.record("account.reopened", user, by=by, at=now)


def _refuse_where_others_have_a_say(user: User, by: User) -> None:
    run = Program.objects.run_by(by)
    stays = Enrolment.objects.live().filter(client=user).exclude(program__in=run)
    if stays.exists() or RoleHeld.objects.filter(user=user).exclude(program__in=run).exists():
        raise NotThisOfficesAlone


def _set_active(user: User, active: bool) -> None:
    locked = User.objects.lock_no_key(user.pk)
    locked.is_active = active
    locked.save(update_fields=["is_active"])
