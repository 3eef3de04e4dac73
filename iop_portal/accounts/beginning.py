"""The very first admin, of a portal in which nobody could invite anybody yet."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from iop_portal.accounts.invitations import invite, invite_again
from iop_portal.accounts.models import Invitation
from iop_portal.accounts.programs import ProgramDetails
from iop_portal.audit import trail
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.writes import write


class NumberMissing(Refused):
    message = _("A new program needs a number that people can call: give one with --phone.")


@write
def invite_admin(email: str, *, preferred_name: str, details: ProgramDetails, now: datetime) -> Invitation:
    """Invite an admin of the program of this name, which is opened where there is none.

    Asked again it sends a new link, so that whoever runs the machine can mend a mail that was lost.
    """
    program = Program.objects.filter(name__iexact=details.name).first()
    if program is None:
        if not details.phone:
            raise NumberMissing
        program = Program.objects.create(**asdict(details))
        trail.record("program.opened", program, at=now)
    waiting = Invitation.objects.filter(
        email=email.strip().lower(), program=program, role=Role.ADMIN, accepted_at=None, withdrawn_at=None
    ).first()
    if waiting is not None:
        return invite_again(waiting, by=None, now=now)
    return invite(email=email, preferred_name=preferred_name, program=program, role=Role.ADMIN, by=None, now=now)
