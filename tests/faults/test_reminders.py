"""Every reminder that is due comes, by mail and by text, whatever dies or stands still on the way."""

import json
import os
import time
from datetime import timedelta
from signal import SIGKILL

import pytest
from django.utils import timezone

from iop_portal.notices.models import Notice, Reach
from iop_portal.people.models import User
from tests.factories import ModalityFactory, ProgramFactory, clinician, enrolled, introduced, seated, session_at, texted
from tests.faults.phones import WHERE, Provider
from tests.faults.test_outbox import MINUTE, child_of
from tests.patience import until

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
MANY = 30


@pytest.fixture
def provider():
    provider = Provider()
    yield provider
    provider.stop()


@pytest.fixture
def staff(staff, provider):
    staff.environment |= {"PORTAL_TEXT_BACKEND": "tests.faults.phones.Wire", WHERE: provider.port}
    return staff


@pytest.fixture
def booked(transactional_db, settings):
    """So many people with an appointment of which they are to be reminded by mail and text, from some time on."""
    settings.TEXT_BACKEND = "tests.faults.phones.Wire"

    def book(*, due_in=timedelta(0), many=MANY):
        program = ProgramFactory(awake=True)
        group = ModalityFactory(program=program)
        leader = introduced(clinician(program), group).user
        begins = timezone.now() + timedelta(hours=2) + due_in
        session = session_at(group, begins, leader, capacity=500)
        for number in range(many):
            person = enrolled(program, zone="UTC")
            texted(person, f"+1212555{number:04}")
            Reach.objects.create(person=person, reminders_by=["mail", "text"], leads=[120])
            booking = seated(person, session)
            type(booking).objects.filter(pk=booking.pk).update(booked_at=begins - timedelta(days=3))
        return begins - timedelta(hours=2)

    return book


def all_out(many=MANY):
    """Each is owed by both channels, and sent."""
    sent = Notice.objects.filter(kind="reminder", state="sent").count()
    return sent == 2 * many and not Notice.objects.owed().exists()


@pytest.fixture
def told(capsys, mail_server, provider):
    """Count what became of the reminders since they were due, and print it as one line."""

    def told(fault, due, **more):
        addresses = set(User.objects.filter(text_opt_ins__isnull=False).values_list("email", flat=True))
        mails = [mail for mail in mail_server.received if mail.to in addresses]
        texts = provider.received
        owed = Notice.objects.filter(kind="reminder").count()
        late = sorted(each.at - due.timestamp() for each in [*mails, *texts])
        there = len({mail.to for mail in mails}) + len({text.to for text in texts})
        counted = {
            "fault": fault,
            "owed": owed,
            "lost": owed - there,
            "duplicates": len(mails) + len(texts) - there,
            "late_p99_s": round(late[int(len(late) * 0.99)], 1),
            **more,
        }
        with capsys.disabled():
            print("\n" + json.dumps(counted))
        assert owed == 2 * len(addresses)
        return counted

    return told


def kill_once(worker, wanted):
    killed = []

    def kill(whom):
        if whom == wanted and not killed:
            killed.append(time.monotonic())
            os.kill(child_of(worker), SIGKILL)

    return kill


@pytest.mark.parametrize("what", ["mail", "text"])
def test_a_delivery_killed_between_send_and_mark_of_a_reminder_loses_nothing(
    staff, booked, mail_server, provider, told, what
):
    worker = staff.worker("prefork")
    due = booked()
    if what == "mail":
        wanted = User.objects.filter(text_opt_ins__isnull=False).order_by("pk")[7].email
        mail_server.when_taken = kill_once(worker, wanted)
    else:
        provider.when_taken = kill_once(worker, "+12125550007")
    staff.beat()
    staff.app.send_task("scheduling.owe_reminders")
    until(all_out, within=90)
    counted = told(f"killed between send and mark of a {what}", due)
    assert (counted["lost"], counted["duplicates"]) == (0, 1)
    if what == "text":
        keys = {text.key for text in provider.received if text.to == "+12125550007"}
        assert len(keys) == 1


def test_a_look_that_is_killed_is_made_again(staff, booked, told):
    """However far it came."""
    worker = staff.worker("prefork")
    due = booked()
    staff.app.send_task("scheduling.owe_reminders")
    until(lambda: Notice.objects.filter(kind="reminder").exists(), within=30)
    os.kill(child_of(worker), SIGKILL)
    staff.beat()
    until(all_out, within=120)
    counted = told("killed while looking", due, owed_when_killed=True)
    assert (counted["lost"], counted["duplicates"]) == (0, 0)


def test_two_beats_and_two_workers_remind_once(staff, booked, told):
    staff.worker()
    staff.worker()
    due = booked()
    staff.beat()
    staff.beat()
    for _ in range(6):
        staff.app.send_task("scheduling.owe_reminders")
    until(all_out, within=90)
    counted = told("two beats, two workers", due)
    assert (counted["lost"], counted["duplicates"]) == (0, 0)


def test_reminders_that_come_due_in_a_minute_without_redis_come_after_it(staff, booked, redis, told):
    staff.worker()
    staff.beat()
    redis.stop()
    stopped = time.monotonic()
    due = booked(due_in=timedelta(seconds=15))
    until(lambda: time.monotonic() > stopped + MINUTE, within=2 * MINUTE)
    assert not Notice.objects.filter(kind="reminder").exists()
    redis.start()
    mended = time.monotonic()
    until(all_out, within=120)
    counted = told("Redis stopped a minute", due, recover_s=round(time.monotonic() - mended, 1))
    assert (counted["lost"], counted["duplicates"]) == (0, 0)


def test_a_frozen_provider_of_texts_holds_up_no_mail(staff, booked, provider, told):
    staff.worker()
    provider.frozen = True
    due = booked()
    staff.beat()
    staff.app.send_task("scheduling.owe_reminders")
    begun = time.monotonic()
    until(lambda: Notice.objects.filter(kind="reminder", channel="mail", state="sent").count() == MANY, within=90)
    mails_s = round(time.monotonic() - begun, 1)
    until(lambda: provider.calls >= 1, within=60)
    until(lambda: Notice.objects.filter(last_error="ProviderAway").exists(), within=60)
    assert Notice.objects.filter(channel="text", state="sent").count() == 0

    provider.frozen = False
    thawed = time.monotonic()
    until(all_out, within=120)
    recover_s = round(time.monotonic() - thawed, 1)
    counted = told("a frozen provider of texts", due, mails_s=mails_s, recover_s=recover_s)
    assert (counted["lost"], counted["duplicates"]) == (0, 0)
    assert mails_s < 40
