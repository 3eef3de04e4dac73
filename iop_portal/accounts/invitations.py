"""Invitations: the only way in. Each fixes an address, a program and a role, and is good for one person, once.

The link is minted when its mail is sent: a random token, of which only the SHA-256 is kept. Minting another
makes the one before useless, so that a mail that was sent twice leaves one link that works, the newest.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from iop_portal.accounts.care_teams import CannotJoin, join_care_team
from iop_portal.accounts.enrolments import admit, refer
from iop_portal.accounts.models import Invitation
from iop_portal.accounts.roles import give_role
from iop_portal.audit import trail
from iop_portal.notices import outbox
from iop_portal.people.models import CareTeam, Enrolment, Program, RoleHeld, User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.writes import write

GOOD_FOR = timedelta(days=7)


class InvitedAlready(Refused):
    message = _("An invitation to this address is open already. You can send it again.")
    constraint = "one_open_invitation_per_address_and_role"


class HereAlready(Refused):
    message = _("Somebody with this address has this role in your program already.")


class WrongCounsellor(Refused):
    message = _("Choose a clinician of this program.")


class InvitationOver(Refused):
    message = _("This invitation has been accepted or withdrawn already.")


class InvitationGone(Refused):
    """Said alike of a link that is used, withdrawn, too old, altered or made up."""

    message = _("This link cannot be used. Ask the person who invited you for a new one.")
    status = 404


class SignInFirst(Refused):
    message = _("There is an account with your address already. Sign in with it to accept.")


class SomebodyElses(Refused):
    message = _("This invitation is for a different e-mail address than the one you signed in with.")
    status = 403


@dataclass(frozen=True)
class NewPerson:
    """What somebody says of themselves when they accept. Address and role are not theirs to say."""

    preferred_name: str
    surname: str
    pronouns: str
    zone: str
    password: str


@write
def invite(
    *,
    email: str,
    preferred_name: str,
    program: Program,
    role: Role,
    by: User | None,
    now: datetime,
    surname: str = "",
    enrol_as: str = "",
    counsellor: User | None = None,
) -> Invitation:
    """Owe an invitation. The mail, like the answer, is the same whether or not the address has an account."""
    email = email.strip().lower()
    if _is_here(email, program, role):
        raise HereAlready
    if counsellor is not None and not User.objects.clinicians_of(program).filter(pk=counsellor.pk).exists():
        raise WrongCounsellor
    invitation = Invitation.objects.create(
        email=email,
        preferred_name=preferred_name,
        surname=surname,
        program=program,
        role=role,
        enrol_as=enrol_as,
        counsellor=counsellor,
        invited_by=by,
        invited_at=now,
        expires_at=now + GOOD_FOR,
    )
    trail.record("invitation.made", invitation, by=by, at=now, facts={"role": role})
    outbox.queue("invitation", to=None, about=invitation, now=now)
    return invitation


@write
def withdraw_invitation(invitation: Invitation, *, by: User | None, now: datetime) -> Invitation:
    """Its mail first: delivery holds the mail's row while it mints the link in the invitation's."""
    outbox.withdraw(about=invitation, now=now)
    invitation = _locked(Q(pk=invitation.pk))
    if invitation.accepted_at is not None or invitation.withdrawn_at is not None:
        raise InvitationOver
    invitation.withdrawn_at = now
    invitation.save(update_fields=["withdrawn_at"])
    trail.record("invitation.withdrawn", invitation, by=by, at=now)
    return invitation


@write
def invite_again(invitation: Invitation, *, by: User | None, now: datetime) -> Invitation:
    """A new invitation with a new link; the old one dies, expired or not."""
    old = withdraw_invitation(invitation, by=by, now=now)
    return invite(
        email=old.email,
        preferred_name=old.preferred_name,
        surname=old.surname,
        program=old.program,
        role=Role(old.role),
        enrol_as=old.enrol_as,
        counsellor=old.counsellor,
        by=by,
        now=now,
    )


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def open_invitation(token_hash: str, *, now: datetime) -> Invitation:
    """The invitation that a link opens. Raises InvitationGone, whatever is wrong with it."""
    invitation = Invitation.objects.select_related("program").filter(_opens(token_hash, now)).first()
    if invitation is None:
        raise InvitationGone
    return invitation


def account_for(invitation: Invitation) -> User | None:
    """Whose address it is. An address that somebody merely claimed, without confirming it, is not theirs."""
    confirmed = EmailAddress.objects.filter(email=invitation.email, verified=True).values("user")
    return User.objects.filter(Q(email=invitation.email) | Q(pk__in=confirmed)).first()


@write
def accept_invitation(token_hash: str, *, person: NewPerson, now: datetime) -> User:
    """Open an account and take the place that was offered. Of two browsers at once, one gets it."""
    password = make_password(person.password)
    invitation = _locked(_opens(token_hash, now))
    if account_for(invitation) is not None:
        raise SignInFirst
    try:
        with transaction.atomic():
            user = User.objects.create(
                email=invitation.email,
                preferred_name=person.preferred_name,
                surname=person.surname,
                pronouns=person.pronouns,
                zone=person.zone,
                password=password,
            )
    except IntegrityError as error:
        # Two invitations of one address, accepted at the same moment: each holds only its own row.
        if account_for(invitation) is None:
            raise
        raise SignInFirst from error
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    trail.record("account.opened", user, by=user, at=now)
    _take_place(invitation, user, now=now)
    return user


@write
def accept_as_member(token_hash: str, *, by: User, now: datetime) -> User:
    """Somebody who has an account takes one more place. Raises SomebodyElses for any other account."""
    invitation = _locked(_opens(token_hash, now))
    if account_for(invitation) != by:
        raise SomebodyElses
    _take_place(invitation, by, now=now)
    return by


def _take_place(invitation: Invitation, user: User, *, now: datetime) -> None:
    invitation.accepted_at = now
    invitation.accepted_by = user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    enrolment = None
    if invitation.role == Role.CLIENT:
        enrolment = _enrol(invitation, user, now=now)
    else:
        give_role(user, role=Role(invitation.role), program=invitation.program, by=invitation.invited_by, now=now)
    trail.record(
        "invitation.accepted",
        invitation,
        client=user if enrolment else None,
        by=user,
        at=now,
        facts={"role": invitation.role},
    )


def _enrol(invitation: Invitation, client: User, *, now: datetime) -> Enrolment:
    enrolment = refer(client, program=invitation.program, by=invitation.invited_by, now=now)
    if invitation.enrol_as == Enrolment.State.ADMITTED:
        enrolment = admit(enrolment, by=invitation.invited_by, now=now)
    if invitation.counsellor is not None:
        try:
            join_care_team(
                enrolment,
                clinician=invitation.counsellor,
                part=CareTeam.Part.PRIMARY,
                by=invitation.invited_by,
                now=now,
            )
        except CannotJoin:
            # Since the invitation the counsellor left, or the two are kept apart: a person choosing is owed,
            # not a word to the client.
            trail.record("care_team.not_joined", enrolment, client=client, by=None, at=now)
    return enrolment


def still_owed(invitation: Invitation, now: datetime | None = None) -> bool:
    now = now or timezone.now()
    return invitation.accepted_at is None and invitation.withdrawn_at is None and invitation.expires_at > now


def words(invitation: Invitation, to: User | None) -> Mapping[str, object]:
    """Mint the link. It is made of the configured origin, never of what a request called the host."""
    token = secrets.token_urlsafe(32)
    Invitation.objects.filter(pk=invitation.pk).update(token_hash=hash_of(token))
    return {
        "link": settings.PORTAL_ORIGIN + reverse("accounts:invitation_link", args=[token]),
        "expires_at": invitation.expires_at,
    }


def address(invitation: Invitation) -> str:
    return invitation.email


def _opens(token_hash: str, now: datetime) -> Q:
    return Q(token_hash=token_hash, accepted_at=None, withdrawn_at=None, expires_at__gt=now)


def _locked(which: Q) -> Invitation:
    invitation = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("program", "counsellor", "invited_by")
        .filter(which)
        .first()
    )
    if invitation is None:
        raise InvitationGone
    return invitation


def _is_here(email: str, program: Program, role: Role) -> bool:
    if role == Role.CLIENT:
        return Enrolment.objects.live().filter(client__email=email, program=program).exists()
    return RoleHeld.objects.filter(user__email=email, program=program, role=role).exists()
