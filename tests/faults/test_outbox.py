"""What is owed arrives, whatever dies on the way."""

import os
import time
from pathlib import Path
from signal import SIGKILL

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db.models import Q
from django.utils import timezone

from iop_portal.followups.models import FollowUp
from iop_portal.notices.delivery import MOST_ATTEMPTS
from iop_portal.notices.models import Notice
from iop_portal.people.models import User
from tests.factories import UserFactory
from tests.faults.conftest import all_sent
from tests.faults.visitor import Visitor, portal, timed
from tests.patience import until

MINUTE = 60.0
pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


def child_of(process):
    """The process that does the work of a prefork worker."""
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(child)


class Killer:
    """Kills the delivering process the first time that a mail for the victim has come so far."""

    def __init__(self, victim, find):
        self.victim, self.find = victim, find
        self.at = None

    def __call__(self, recipient):
        if recipient == self.victim and self.at is None:
            self.at = time.monotonic()
            os.kill(self.find(), SIGKILL)


@pytest.mark.parametrize(
    ("pool", "moment"),
    [
        ("solo", "between send and mark"),
        ("prefork", "between send and mark"),
        ("prefork", "between claim and send"),
    ],
)
def test_a_killed_delivery_loses_nothing(staff, owe, mail_server, figures, pool, moment):
    worker = staff.worker(pool)
    addresses = owe(20)
    killer = Killer(addresses[7], (lambda: worker.pid) if pool == "solo" else (lambda: child_of(worker)))
    if moment == "between send and mark":
        mail_server.when_taken = killer
    else:
        mail_server.when_asked = killer
    staff.beat()
    staff.deliver_now()
    if pool == "solo":
        until(lambda: worker.poll() is not None, within=30)
        staff.worker()
    until(all_sent, within=60)

    whole = "worker" if pool == "solo" else "delivery process"
    counted = figures(f"{whole} killed {moment}", addresses, recover_s=time.monotonic() - killer.at)
    assert counted["lost"] == 0
    assert counted["duplicates"] == (1 if moment == "between send and mark" else 0)
    twice = {mail.message_id for mail in mail_server.received if mail.to == addresses[7]}
    assert len(twice) == 1
    assert set(Notice.objects.filter(attempts=2).values_list("to__email", flat=True)) == {addresses[7]}


def test_a_mail_server_that_greets_nobody_costs_time_and_no_attempt(staff, owe, mail_server, figures):
    mail_server.silent = True
    staff.worker()
    addresses = owe(10)
    staff.deliver_now()
    until(lambda: mail_server.callers, within=30)
    staff.beat()
    until(lambda: "mail server out of reach" in staff.words(), within=30)
    assert set(Notice.objects.values_list("state", "attempts")) == {("owed", 0)}

    mail_server.silent = False
    mended = time.monotonic()
    until(all_sent, within=60)
    counted = figures("mail server hanging", addresses, recover_s=time.monotonic() - mended)
    assert (counted["lost"], counted["duplicates"]) == (0, 0)


def test_a_mail_that_hangs_holds_the_others_up_for_ten_seconds(staff, owe, mail_server, figures):
    staff.worker()
    addresses = owe(10)
    mail_server.hangs_on = {addresses[0]}
    staff.beat()
    staff.deliver_now()
    until(lambda: Notice.objects.filter(state="sent").count() == 9, within=60)
    stuck = Notice.objects.get(to__email=addresses[0])
    assert (stuck.state, stuck.last_error) == ("owed", "SMTPServerDisconnected")

    mail_server.hangs_on = set()
    mended = time.monotonic()
    until(all_sent, within=60)
    others = figures("one mail hanging: the others", addresses[1:], recover_s=time.monotonic() - mended)
    assert (others["lost"], others["duplicates"]) == (0, 0)
    assert others["late_p99_s"] < 20


def test_refusals_for_now_are_tried_again_and_those_for_good_are_not(staff, owe, mail_server, figures):
    staff.worker()
    addresses = owe(10)
    later, never, dropped = addresses[:3]
    mail_server.refuses = {later: "451 later", never: "550 no such box"}
    mail_server.drops = {dropped}
    staff.beat()
    staff.deliver_now()
    until(lambda: Notice.objects.filter(state="sent").count() == 7, within=30)
    assert Notice.objects.get(to__email=never).state == "dead"
    assert dict(Notice.objects.owed().values_list("to__email", "last_error")) == {
        later: "SMTPRecipientsRefused",
        dropped: "SMTPServerDisconnected",
    }

    mail_server.refuses, mail_server.drops = {}, set()
    mended = time.monotonic()
    until(lambda: not Notice.objects.owed().exists(), within=60)
    good = [address for address in addresses if address != never]
    counted = figures("4xx, 5xx and a dropped line", good, recover_s=time.monotonic() - mended, dead=1)
    assert (counted["lost"], counted["duplicates"]) == (0, 0)
    assert never not in staff.words()


def able_to_sign_in(people):
    """At a server, which knows nothing of the tests' cheap passwords."""
    User.objects.filter(pk__in=[person.pk for person in people]).update(
        password=make_password("portal-demo", hasher="argon2")
    )
    for person in people:
        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return people


def test_in_a_minute_without_redis_people_sign_in_and_pages_write_and_messages_wait(staff, owe, redis, figures):
    staff.worker()
    staff.beat()
    people = able_to_sign_in(UserFactory.create_batch(6))
    with portal(staff.environment) as address:
        redis.stop()
        stopped = time.monotonic()
        addresses = owe(50)
        writing = time.monotonic() - stopped
        waits = []
        for number, person in enumerate(people, start=1):
            visitor = Visitor(address)
            (status, page), seconds = timed(lambda visitor=visitor, person=person: visitor.sign_in(person.email))
            assert (status, person.preferred_name in page) == (200, True)
            waits.append(seconds)
            until(lambda number=number: time.monotonic() > stopped + number * MINUTE / len(people), within=MINUTE)
    assert Notice.objects.owed().count() == 50
    # Both have noticed that it is gone, and look for it again.
    assert staff.words().count("onnection") >= 2

    redis.start()
    mended = time.monotonic()
    until(all_sent, within=90)
    counted = figures(
        "Redis stopped a minute",
        addresses,
        recover_s=time.monotonic() - mended,
        stopped_s=round(mended - stopped, 1),
        each_write_s=round(writing / 50, 3),
        signed_in=len(waits),
        slowest_sign_in_s=round(max(waits), 1),
    )
    assert (counted["lost"], counted["duplicates"]) == (0, 0)
    assert mended - stopped >= MINUTE


def test_a_database_that_freezes_between_send_and_mark_loses_nothing(staff, owe, mail_server, postgres, figures):
    """The one mail that had gone out and could not be marked goes out once more."""
    staff.worker()
    addresses = owe(20)
    froze = []

    def freeze(recipient):
        if recipient == addresses[7] and not froze:
            postgres.freeze()
            froze.append(time.monotonic())

    mail_server.when_taken = freeze
    staff.beat()
    staff.deliver_now()
    until(lambda: froze, within=60)
    # Whoever waits for it gives up, and is there for the next beat.
    until(lambda: "OperationalError" in staff.words(), within=60)
    postgres.thaw()
    thawed = time.monotonic()
    until(all_sent, within=90)
    counted = figures(
        "PostgreSQL frozen between send and mark",
        addresses,
        recover_s=time.monotonic() - thawed,
        frozen_s=round(thawed - froze[0], 1),
    )
    assert (counted["lost"], counted["duplicates"]) == (0, 1)
    assert {mail.to for mail in mail_server.received if mail.to == addresses[7]} == {addresses[7]}


@pytest.mark.parametrize("off", [3600, -3600], ids=["an hour ahead", "an hour behind"])
@pytest.mark.parametrize("whose", ["worker and beat", "beat"])
def test_a_clock_that_is_wrong_loses_nothing(staff, owe, figures, whose, off):
    staff.clock_off = off if whose == "worker and beat" else 0
    staff.worker()
    addresses = owe(20)
    staff.clock_off = off
    before = staff.tasks_taken()
    staff.beat()
    until(lambda: staff.tasks_taken() >= before + 2, within=90)
    sent_meanwhile = Notice.objects.filter(state="sent").count()

    staff.stop()
    staff.clock_off = 0
    mended = time.monotonic()
    staff.worker()
    staff.beat()
    until(all_sent, within=90)
    counted = figures(
        f"clock of {whose} {'an hour ahead' if off > 0 else 'an hour behind'}",
        addresses,
        recover_s=time.monotonic() - mended,
        sent_meanwhile=sent_meanwhile,
    )
    assert (counted["lost"], counted["duplicates"]) == (0, 0)


def test_an_emptied_redis_loses_nothing(staff, owe, figures):
    staff.worker()
    addresses = owe(50)
    for _ in range(5):
        staff.deliver_now()
    with staff.app.connection_for_write() as line:
        line.default_channel.client.flushall()
    emptied = time.monotonic()
    staff.beat()
    until(all_sent, within=60)

    counted = figures("Redis emptied", addresses, recover_s=time.monotonic() - emptied)
    assert (counted["lost"], counted["duplicates"]) == (0, 0)


def test_two_beats_and_two_workers_deliver_each_message_once(staff, owe, mail_server, figures):
    staff.worker()
    staff.worker()
    addresses = owe(100)
    staff.beat()
    staff.beat()
    begun = time.monotonic()
    until(all_sent, within=60)
    counted = figures("two beats, two workers", addresses, recover_s=time.monotonic() - begun)
    assert (counted["lost"], counted["duplicates"]) == (0, 0)
    assert len(mail_server.received) == 100
    assert set(Notice.objects.values_list("attempts", flat=True)) == {1}


def hurry():
    """Let the rests between two tries go by."""
    Notice.objects.owed().update(resting_until=timezone.now())


@pytest.mark.parametrize("poison", ["a kind that nobody knows", "a mail that kills its worker"])
def test_a_message_that_never_works_is_laid_before_an_admin_and_stops_no_other(
    staff, owe, mail_server, figures, poison
):
    worker = staff.worker("prefork")
    bad, *good = owe(10)
    if poison == "a kind that nobody knows":
        Notice.objects.filter(to__email=bad).update(kind="no_such_kind")
    else:
        Notice.objects.filter(to__email=bad).update(attempts=MOST_ATTEMPTS - 2)
        mail_server.when_asked = lambda recipient: recipient == bad and os.kill(child_of(worker), SIGKILL)
    begun = time.monotonic()
    while (stuck := Notice.objects.get(to__email=bad)).state == "owed":
        hurry()
        staff.deliver_now()
        tried = Q(attempts__gt=stuck.attempts) | Q(state="dead")
        until(lambda tried=tried: Notice.objects.filter(tried, to__email=bad).exists(), within=30)
    until(lambda: not Notice.objects.owed().exists(), within=30)
    staff.escalate_now()
    dead = Notice.objects.dead().get()
    until(lambda: FollowUp.objects.filter(kind="dead_letter", about_id=dead.pk).exists(), within=30)
    counted = figures(f"poison: {poison}", good, recover_s=time.monotonic() - begun, dead=1)
    assert (counted["lost"], counted["duplicates"]) == (0, 0)
