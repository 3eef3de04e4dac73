"""A new program, with what every program begins with."""

from __future__ import annotations

from datetime import datetime

from iop_portal.accounts.programs import ProgramDetails, open_program
from iop_portal.people.models import Program, User
from iop_portal.writes import write
from therapy.phases import offer_standard_guide
from therapy.standard_specialities import offer_standard_specialities


@write
def open_program_with_guide(details: ProgramDetails, *, by: User, now: datetime) -> Program:
    """People ask from their first day what their phase is for, and who knows what they come with: no program is
    without words for it."""
    program = open_program(details, by=by, now=now)
    offer_standard_guide(program, by=by, now=now)
    offer_standard_specialities(program, by=by, now=now)
    return program
