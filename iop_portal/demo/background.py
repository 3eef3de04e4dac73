"""The people in the background, made in bulk under the same constraints as everybody else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from iop_portal.audit.models import Entry
from iop_portal.demo.cast import PASSWORD, Extra
from iop_portal.demo.devices import give_device
from iop_portal.people.models import CareTeam, Enrolment, Program, RoleHeld, User
from iop_portal.people.roles import Role

# So many days back, by the clock on the wall where the program is.
Ago = Callable[[int], datetime]


def add_staff(program: Program, extras: Iterable[Extra], *, ago: Ago) -> dict[str, User]:
    """Clinicians by the first part of their address, such as daniel.reyes. The last has yet to sign in."""
    users = _accounts(extras, program)
    RoleHeld.objects.bulk_create(RoleHeld(user=user, program=program, role=Role.CLINICIAN) for user in users)
    for days, user in enumerate(users[:-1], start=1):
        give_device(user)
        user.last_login = ago(days)
    User.objects.bulk_update(users, ["last_login"])
    return _by_name(users)


def add_clients(program: Program, extras: tuple[Extra, ...], staff: dict[str, User], *, ago: Ago) -> dict[str, User]:
    """Clients by the first part of their address, each with the counsellor that the cast names."""
    users = _accounts(extras, program)
    enrolments = Enrolment.objects.bulk_create(
        _enrolment(user, extra, program, ago) for user, extra in zip(users, extras, strict=True)
    )
    CareTeam.objects.bulk_create(
        CareTeam(
            enrolment=enrolment,
            clinician=staff[extra.counsellor],
            part=CareTeam.Part.PRIMARY,
            since=ago(extra.referred),
            until=None if extra.discharged is None else ago(extra.discharged),
        )
        for enrolment, extra in zip(enrolments, extras, strict=True)
        if extra.counsellor
    )
    Entry.objects.bulk_create(
        Entry(
            at=ago(days),
            verb=verb,
            actor=staff.get(extra.counsellor),
            client=enrolment.client,
            object_type=enrolment._meta.label_lower,
            object_id=enrolment.pk,
        )
        for enrolment, extra in zip(enrolments, extras, strict=True)
        for verb, days in (
            ("enrolment.referred", extra.referred),
            ("enrolment.admitted", extra.admitted),
            ("enrolment.discharged", extra.discharged),
        )
        if days is not None
    )
    return _by_name(users)


def _accounts(extras: Iterable[Extra], program: Program) -> list[User]:
    """One hash serves them all: they share a password that everybody knows."""
    password = make_password(PASSWORD)
    users: list[User] = User.objects.bulk_create(
        User(
            email=extra.email,
            preferred_name=extra.name,
            surname=extra.surname,
            pronouns=extra.pronouns,
            zone=program.zone,
            password=password,
        )
        for extra in extras
    )
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users
    )
    return users


def _enrolment(user: User, extra: Extra, program: Program, ago: Ago) -> Enrolment:
    state = Enrolment.State.REFERRED
    if extra.admitted is not None:
        state = Enrolment.State.ADMITTED
    if extra.discharged is not None:
        state = Enrolment.State.DISCHARGED
    return Enrolment(
        client=user,
        program=program,
        state=state,
        referred_on=ago(extra.referred).date(),
        admitted_on=None if extra.admitted is None else ago(extra.admitted).date(),
        discharged_on=None if extra.discharged is None else ago(extra.discharged).date(),
        discharge_reason="" if extra.discharged is None else _reason(extra),
    )


def _reason(extra: Extra) -> str:
    """Most complete it; every seventh goes on elsewhere, every fifth chooses to leave."""
    number = len(extra.name) + (extra.discharged or 0)
    if number % 7 == 0:
        return Enrolment.Reason.TRANSFERRED
    return Enrolment.Reason.LEFT if number % 5 == 0 else Enrolment.Reason.COMPLETED


def _by_name(users: list[User]) -> dict[str, User]:
    return {user.email.partition("@")[0]: user for user in users}
