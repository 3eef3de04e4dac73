"""At night only what cannot wait goes out, by the wall clock of the program."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from iop_portal.notices.delivery import deliver_owed
from iop_portal.notices.models import Notice
from iop_portal.notices.quiet import morning_after
from tests.factories import NOON, ProgramFactory, admin

NEW_YORK = ZoneInfo("America/New_York")
NIGHT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 25, 13, 0, tzinfo=UTC)


def here(*parts):
    return datetime(*parts, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("begins", "ends", "now", "morning"),
    [
        (time(21), time(8), here(2026, 11, 24, 12), None),
        (time(21), time(8), here(2026, 11, 24, 20, 59), None),
        (time(21), time(8), here(2026, 11, 24, 21), here(2026, 11, 25, 8)),
        (time(21), time(8), here(2026, 11, 25, 7, 59), here(2026, 11, 25, 8)),
        (time(21), time(8), here(2026, 11, 25, 8), None),
        (time(13), time(14), here(2026, 11, 24, 13, 30), here(2026, 11, 24, 14)),
        (time(13), time(14), here(2026, 11, 24, 14), None),
        # The clocks go back at two in the morning of 1 November: the night is an hour longer.
        (time(21), time(8), here(2026, 10, 31, 23), here(2026, 11, 1, 8)),
    ],
)
def test_the_morning_after_a_quiet_hour(begins, ends, now, morning):
    program = ProgramFactory.build(quiet_from=begins, quiet_until=ends, zone="America/New_York")
    assert morning_after(program, now.astimezone(UTC)) == morning


@pytest.mark.django_db
def test_what_can_wait_rests_until_morning_and_has_not_failed(owed, sent_to):
    notice = owed(admin(ProgramFactory()), waits=lambda person, morning: True)
    with time_machine.travel(NIGHT, tick=False):
        assert deliver_owed() == 0
    notice.refresh_from_db()
    assert (notice.state, notice.attempts, notice.resting_until, sent_to()) == (Notice.State.OWED, 0, MORNING, [])
    with time_machine.travel(MORNING - timedelta(seconds=1), tick=False):
        assert deliver_owed() == 0
    with time_machine.travel(MORNING, tick=False):
        assert deliver_owed() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("waits", [None, lambda person, morning: False], ids=["never waits", "is due before morning"])
def test_what_cannot_wait_goes_out_at_night(owed, waits):
    owed(admin(ProgramFactory()), waits=waits)
    with time_machine.travel(NIGHT, tick=False):
        assert deliver_owed() == 1


@pytest.mark.django_db
def test_by_day_nothing_waits(owed):
    owed(admin(ProgramFactory()), waits=lambda person, morning: True)
    with time_machine.travel(NOON, tick=False):
        assert deliver_owed() == 1
