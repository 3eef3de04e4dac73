from datetime import time

import pytest

from iop_portal.accounts.programs import (
    ProgramDetails,
    ProgramNameTaken,
    QuietHoursHaveNoLength,
    change_program,
    open_program,
    program_version,
)
from iop_portal.audit.models import Entry
from iop_portal.people.models import Program
from iop_portal.versions import ChangedMeanwhile
from tests.factories import NOON, admin

pytestmark = pytest.mark.django_db


def details(**changes):
    return ProgramDetails(
        **{"name": "Riverside", "sender": "Portal", "zone": "America/Chicago", "phone": "555 0100"} | changes
    )


def trail():
    return list(Entry.objects.order_by("pk").values_list("verb", "actor"))


def test_who_opens_a_program_runs_it():
    ada = admin()
    program = open_program(details(), by=ada, now=NOON)
    assert list(Program.objects.run_by(ada).filter(pk=program.pk)) == [program]
    assert trail() == [("program.opened", ada.pk)]


@pytest.mark.parametrize("name", ["Riverside", "riverside", "RIVERSIDE"])
def test_two_programs_never_share_a_name(name):
    ada = admin()
    open_program(details(), by=ada, now=NOON)
    with pytest.raises(ProgramNameTaken):
        open_program(details(name=name), by=ada, now=NOON)
    assert Program.objects.run_by(ada).filter(name__iexact="riverside").count() == 1


def test_quiet_hours_last():
    with pytest.raises(QuietHoursHaveNoLength):
        open_program(details(quiet_from=time(8), quiet_until=time(8)), by=admin(), now=NOON)


def test_a_change_says_in_the_trail_which_fields_but_not_what_they_hold():
    ada = admin()
    program = open_program(details(), by=ada, now=NOON)
    change_program(program, details(phone="555 0199"), seen=program_version(program), by=ada, now=NOON)
    program.refresh_from_db()
    assert program.phone == "555 0199"
    assert Entry.objects.get(verb="program.changed").facts == {"fields": "phone"}


def test_saving_what_is_there_already_leaves_no_trace():
    ada = admin()
    program = open_program(details(), by=ada, now=NOON)
    change_program(program, details(), seen=program_version(program), by=ada, now=NOON)
    assert trail() == [("program.opened", ada.pk)]


def test_what_changed_meanwhile_is_not_overwritten():
    ada = admin()
    program = open_program(details(), by=ada, now=NOON)
    seen = program_version(program)
    change_program(program, details(phone="555 0199"), seen=seen, by=ada, now=NOON)
    with pytest.raises(ChangedMeanwhile):
        change_program(program, details(phone="555 0111"), seen=seen, by=ada, now=NOON)
    program.refresh_from_db()
    assert program.phone == "555 0199"
