"""Reminders are found by looking, owed once, and sent at a sensible hour by the clock on the wall."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from iop_portal.notices.channels import Channel
from iop_portal.notices.delivery import deliver_owed
from iop_portal.notices.models import Notice, Reach, ReachDefault
from iop_portal.notices.models.reach import LEADS
from iop_portal.notices.quiet import OwnHours, morning_after
from scheduling.booking import cancel_booking
from scheduling.models import Booking, Reminder, Session
from scheduling.reminders import KIND, goes_out, lead_begins, owe_reminders
from tests.factories import NOON, enrolled, seated, texted
from tests.scheduling.booking_world import Clinic

NEW_YORK = ZoneInfo("America/New_York")
DAY, TWO_HOURS = timedelta(days=1), timedelta(hours=2)
NIGHT = OwnHours(time(21), time(8), "America/New_York")
BEGINS = NOON + timedelta(days=2, hours=6)


def here(*parts):
    return datetime(*parts, tzinfo=NEW_YORK)


# ── When ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("begins", "lead", "wanted"),
    [
        (here(2026, 11, 24, 17, 30), DAY, here(2026, 11, 23, 17, 30)),
        # Clocks go back on 1 November and forward on 14 March: the day before is an hour longer, or shorter.
        (here(2026, 11, 1, 17, 30), DAY, here(2026, 10, 31, 17, 30)),
        (here(2027, 3, 14, 17, 30), DAY, here(2027, 3, 13, 17, 30)),
        (here(2027, 3, 15, 2, 30), DAY, here(2027, 3, 14, 3, 30)),
        (here(2026, 11, 1, 17, 30), 7 * DAY, here(2026, 10, 25, 17, 30)),
        (here(2026, 11, 1, 3, 0), TWO_HOURS, datetime(2026, 11, 1, 6, 0, tzinfo=UTC)),
    ],
)
def test_days_are_counted_by_the_clock_on_the_wall_and_hours_by_the_hour(begins, lead, wanted):
    assert lead_begins(begins, lead, "America/New_York") == wanted


@pytest.mark.parametrize(
    ("begins", "lead", "sent"),
    [
        (here(2026, 11, 24, 17, 30), TWO_HOURS, here(2026, 11, 24, 15, 30)),
        # At 7 in the morning nobody is written to; at 8 an hour is left.
        (here(2026, 11, 24, 9, 0), TWO_HOURS, here(2026, 11, 24, 8, 0)),
        # At 8 there would be half an hour: it comes the evening before.
        (here(2026, 11, 24, 8, 30), TWO_HOURS, here(2026, 11, 23, 20, 55)),
        (here(2026, 11, 24, 8, 30), timedelta(minutes=30), here(2026, 11, 24, 8, 0)),
        (here(2026, 11, 24, 22, 0), DAY, here(2026, 11, 24, 8, 0)),
        (here(2026, 11, 24, 7, 0), DAY, here(2026, 11, 23, 8, 0)),
        (here(2026, 11, 24, 22, 30), timedelta(hours=1), here(2026, 11, 24, 20, 55)),
    ],
)
def test_in_quiet_hours_it_waits_for_the_morning_or_comes_the_evening_before(begins, lead, sent):
    assert goes_out(begins, lead, zone="America/New_York", quiet=NIGHT) == sent


@given(
    begins=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    lead=st.sampled_from(LEADS),
    hours=st.lists(st.times(), min_size=2, max_size=2, unique=True),
    zone=st.sampled_from(["America/New_York", "America/Denver", "Pacific/Apia", "Europe/Berlin"]),
)
def test_no_reminder_goes_out_in_quiet_hours_nor_once_it_has_begun(begins, lead, hours, zone):
    quiet = OwnHours(*hours, zone)
    lead = timedelta(minutes=lead)
    sent = goes_out(begins, lead, zone=zone, quiet=quiet)
    assert sent < begins
    if quiet.quiet_from.replace(second=0, microsecond=0) != quiet.quiet_until.replace(second=0, microsecond=0):
        span = datetime.combine(begins, quiet.quiet_from) - datetime.combine(begins, quiet.quiet_until)
        if (span % DAY) > timedelta(hours=2):
            assert morning_after(quiet, sent) is None


# ── Who ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def clinic(db):
    return Clinic()


@pytest.fixture
def booking(clinic):
    """Thursday, 6 pm, booked two days before Tuesday noon."""
    return seated(clinic.maya, clinic.session(BEGINS))


def owed():
    notices = Notice.objects.filter(kind=KIND).order_by("pk")
    return [(notice.lead, notice.channel, notice.not_before) for notice in notices]


def test_it_is_owed_when_its_time_has_come_and_not_before(booking):
    assert owe_reminders(now=BEGINS - DAY - timedelta(seconds=1)) == 0
    assert owe_reminders(now=BEGINS - DAY) == 1
    assert owed() == [(DAY, "mail", BEGINS - DAY)]


def test_however_often_it_is_looked_it_is_owed_once_for_each_lead_and_channel(clinic, booking, phones):
    texted(clinic.maya)
    Reach.objects.create(person=clinic.maya, reminders_by=["mail", "text"])
    for minutes in range(0, 24 * 60, 30):
        now = BEGINS - DAY + timedelta(minutes=minutes)
        owe_reminders(now=now)
        owe_reminders(now=now)
    assert owed() == [
        (DAY, "mail", BEGINS - DAY),
        (DAY, "text", BEGINS - DAY),
        (TWO_HOURS, "mail", BEGINS - TWO_HOURS),
        (TWO_HOURS, "text", BEGINS - TWO_HOURS),
    ]


def test_nothing_is_owed_once_it_has_begun(booking):
    assert owe_reminders(now=BEGINS) == 0


def test_who_books_late_is_not_reminded_of_what_has_passed(clinic):
    late = seated(clinic.maya, clinic.session(BEGINS))
    Booking.objects.filter(pk=late.pk).update(booked_at=BEGINS - timedelta(hours=5))
    assert owe_reminders(now=BEGINS - timedelta(hours=5)) == 0
    assert owe_reminders(now=BEGINS - TWO_HOURS) == 1


def test_after_a_long_silence_one_reminder_comes_and_not_all_of_them(booking):
    assert owe_reminders(now=BEGINS - timedelta(hours=1)) == 1
    assert owed() == [(TWO_HOURS, "mail", BEGINS - TWO_HOURS)]


def test_the_program_says_when_until_the_person_does(clinic, booking):
    ReachDefault.objects.create(program=clinic.program, leads=[60])
    assert owe_reminders(now=BEGINS - TWO_HOURS) == 0
    assert owe_reminders(now=BEGINS - timedelta(hours=1)) == 1
    Reach.objects.create(person=clinic.maya, leads=[30])
    owe_reminders(now=BEGINS - timedelta(minutes=30))
    assert [lead for lead, *_ in owed()] == [timedelta(hours=1), timedelta(minutes=30)]


def test_who_wants_no_reminders_gets_none(clinic, booking):
    Reach.objects.create(person=clinic.maya, reminders_by=[])
    assert owe_reminders(now=BEGINS - DAY) == 0


def test_a_booking_that_was_given_up_withdraws_its_reminder(clinic, booking):
    owe_reminders(now=BEGINS - DAY)
    cancel_booking(booking, by=clinic.maya, now=BEGINS - DAY)
    assert list(Notice.objects.filter(kind=KIND).values_list("state", flat=True)) == ["withdrawn"]
    assert owe_reminders(now=BEGINS - TWO_HOURS) == 0


def test_a_session_that_moves_withdraws_the_reminder_of_its_old_time_and_owes_one_of_the_new(clinic, booking):
    owe_reminders(now=BEGINS - DAY)
    moved = clinic.session(BEGINS + DAY, clinic.jonah).during
    Session.objects.filter(pk=booking.session_id).update(during=moved)
    assert owe_reminders(now=BEGINS) == 1

    notices = Notice.objects.filter(kind=KIND).order_by("pk")
    assert list(notices.values_list("state", "not_before")) == [("withdrawn", BEGINS - DAY), ("owed", BEGINS)]
    assert Reminder.objects.count() == 2


def test_what_was_given_up_by_any_way_is_not_sent(booking):
    owe_reminders(now=BEGINS - DAY)
    Booking.objects.filter(pk=booking.pk).update(state="program", occupies=False, cancelled_at=NOON)
    assert deliver_owed(clock=lambda: BEGINS - DAY) == 0
    assert mail.outbox == []


def test_nobody_is_reminded_who_may_not_sign_in(clinic, booking):
    clinic.maya.is_active = False
    clinic.maya.save()
    assert owe_reminders(now=BEGINS - DAY) == 0


def test_to_look_costs_the_same_however_many_are_booked(clinic):
    """Once they are owed: what is new costs one statement each."""
    session = clinic.session(BEGINS, capacity=20)
    counted = []
    for many in (1, 12):
        for _ in range(many):
            seated(enrolled(clinic.program), session)
        owe_reminders(now=BEGINS - DAY)
        with CaptureQueriesContext(connection) as asked:
            assert owe_reminders(now=BEGINS - DAY + timedelta(minutes=1)) == 0
        counted.append(len(asked))
    assert counted[0] == counted[1] <= 8


def test_the_mail_says_when_in_its_readers_hours_and_has_three_links(clinic, booking, monkeypatch):
    monkeypatch.setattr("scheduling.reminders.timezone.now", lambda: BEGINS - DAY)
    monkeypatch.setattr("scheduling.answering.timezone.now", lambda: BEGINS - DAY)
    owe_reminders(now=BEGINS - DAY)
    assert deliver_owed(clock=lambda: BEGINS - DAY) == 1
    (letter,) = mail.outbox
    assert letter.subject == "You have an appointment"
    assert "Thursday 26 November, 6:00 pm" in letter.body
    assert letter.body.count("http://127.0.0.1:8000/a/") == 3
    assert Channel.MAIL.value == Notice.objects.get(kind=KIND).channel
