"""Programs: opened and changed by admins."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime, time

from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Program, RoleHeld, User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import save_edit, version_of
from iop_portal.writes import write


class ProgramNameTaken(Refused):
    message = _("There is already a program of that name. Choose another name.")
    constraint = "program_names_differ"


class QuietHoursHaveNoLength(Refused):
    message = _("Quiet hours have to begin and end at different times.")
    constraint = "quiet_hours_have_a_length"


@dataclass(frozen=True)
class ProgramDetails:
    """What an admin configures. `sender` is what mails are signed with: it must not say what is treated."""

    name: str
    sender: str
    zone: str
    phone: str
    after_hours_phone: str = ""
    address: str = ""
    quiet_from: time = time(21)
    quiet_until: time = time(8)


DETAILS = tuple(field.name for field in fields(ProgramDetails))


def program_version(program: Program) -> str:
    return version_of(program, DETAILS)


@write
def open_program(details: ProgramDetails, *, by: User, now: datetime) -> Program:
    """Open a program and make its opener an admin of it: nobody else could let anybody in."""
    program = Program.objects.create(**asdict(details))
    RoleHeld.objects.create(user=by, program=program, role=Role.ADMIN)
    trail.record("program.opened", program, by=by, at=now)
    return program


@write
def change_program(program: Program, details: ProgramDetails, *, seen: str, by: User, now: datetime) -> Program:
    """Save what an admin changed. `seen` is the `program_version` that they had before them."""
    program, changed = save_edit(program, asdict(details), seen=seen)
    if changed:
        trail.record("program.changed", program, by=by, at=now, facts={"fields": ", ".join(changed)})
    return program
