"""Invitations: the only way in."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import Enrolment, Program, User, plain_line
from iop_portal.people.roles import Role
from iop_portal.people.seeing import programs_of
from iop_portal.sealing import SealedTextField

INVITED_ROLES = (Role.CLIENT, Role.FAMILY, Role.CLINICIAN, Role.ADMIN)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def run_by(self, user: User) -> InvitationQuerySet:
        """Invitations to the programs that an admin runs."""
        return self.filter(program__in=Program.objects.run_by(user))

    def of_clients_by(self, user: User) -> InvitationQuerySet:
        """Clients whom a clinician invited, to programs where they still work."""
        return self.filter(invited_by=user, role=Role.CLIENT, program__in=programs_of(user, Role.CLINICIAN))

    def unanswered(self) -> InvitationQuerySet:
        """Neither accepted nor withdrawn: open, or expired."""
        return self.filter(accepted_at=None, withdrawn_at=None)

    def expired(self, now: datetime) -> InvitationQuerySet:
        return self.unanswered().filter(expires_at__lte=now)


class Invitation(models.Model):
    """Fixes an address, a program and a role. The link is minted when the mail is sent; only its hash is kept."""

    email = models.EmailField(_("e-mail address"))
    preferred_name = models.CharField(_("name we call them"), max_length=60, validators=[plain_line])
    surname = models.CharField(_("last name"), max_length=80, blank=True, validators=[plain_line])
    program = models.ForeignKey(Program, models.PROTECT, related_name="invitations")
    role = models.CharField(_("role"), max_length=12, choices=[(role.value, role.label) for role in INVITED_ROLES])
    # For a client: how they enter the program, and who will be their primary counsellor.
    enrol_as = models.CharField(max_length=12, blank=True, choices=Enrolment.State)
    counsellor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    token_hash = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 (unique once minted)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(InvitationQuerySet)()

    class Meta:
        ordering = ("-invited_at", "-pk")
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                "program",
                "role",
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="one_open_invitation_per_address_and_role",
            ),
            models.CheckConstraint(
                name="an_invitation_is_accepted_by_somebody",
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
            ),
            models.CheckConstraint(
                name="an_invitation_is_not_accepted_and_withdrawn",
                condition=Q(accepted_at=None) | Q(withdrawn_at=None),
            ),
            models.CheckConstraint(
                name="only_clients_are_enrolled_by_invitation",
                condition=(Q(role="client") & Q(enrol_as__in=["referred", "admitted"]))
                | (~Q(role="client") & Q(enrol_as="", counsellor=None)),
            ),
            models.CheckConstraint(name="an_invitation_expires_later", condition=Q(expires_at__gt=F("invited_at"))),
        ]

    def __str__(self) -> str:
        return f"Invitation #{self.pk}"


class FormerAddress(models.Model):
    """Where an account's mail went before, sealed, so that its change can be told there. Kept for a while only."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    email = SealedTextField()
    replaced_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Former address #{self.pk}"
