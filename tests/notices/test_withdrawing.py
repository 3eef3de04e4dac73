"""Delivery and revocation at once, on connections of their own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event

import pytest
from django.core import mail
from django.core.mail.backends import locmem
from django.db import connection, transaction
from django.utils import timezone

from iop_portal.notices import outbox
from iop_portal.notices.delivery import carry_out, claim_next, deliver_owed
from iop_portal.notices.lines import MailLine
from iop_portal.notices.models import Notice
from iop_portal.people.models import User
from tests.factories import NOON, UserFactory
from tests.patience import until

pytestmark = pytest.mark.django_db(transaction=True)
SOON = timedelta(seconds=10).total_seconds()


class SlowMailServer(locmem.EmailBackend):
    """Says when it has been given a mail, and takes it when it is told to."""

    given = Event()
    take = Event()

    def send_messages(self, messages):
        self.given.set()
        assert self.take.wait(SOON)
        return super().send_messages(messages)


@pytest.fixture
def slow_mail_server(settings):
    SlowMailServer.given.clear()
    SlowMailServer.take.clear()
    settings.EMAIL_BACKEND = f"{__name__}.SlowMailServer"
    yield SlowMailServer
    SlowMailServer.take.set()


@pytest.fixture
def elsewhere():
    """Run a function in a thread with a connection of its own."""
    with ThreadPoolExecutor(4) as pool:

        def run(function, *args, **kwargs):
            def alone():
                try:
                    return function(*args, **kwargs)
                finally:
                    connection.close()

            return pool.submit(alone)

        yield run


def waits_for_a_lock():
    """Somebody in this database waits for somebody else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0]


@transaction.atomic
def withdraw(person):
    return outbox.withdraw(about=person, now=NOON)


def test_withdrawing_waits_for_the_mail_that_is_on_its_way(owed, clock, slow_mail_server, elsewhere):
    notice = owed()
    delivery = elsewhere(deliver_owed, clock=clock)
    assert slow_mail_server.given.wait(SOON)

    withdrawal = elsewhere(withdraw, notice.to)
    until(waits_for_a_lock)
    assert not withdrawal.done()
    slow_mail_server.take.set()

    assert (delivery.result(SOON), withdrawal.result(SOON)) == (1, 0)
    assert Notice.objects.get().state == "sent"


def test_nothing_goes_out_while_a_withdrawal_is_under_way_nor_after(owed, clock, elsewhere):
    notice = owed()
    with transaction.atomic():
        assert outbox.withdraw(about=notice.to, now=NOON) == 1
        assert elsewhere(deliver_owed, clock=clock).result(SOON) == 0
    assert elsewhere(deliver_owed, clock=clock).result(SOON) == 0

    assert mail.outbox == []
    assert Notice.objects.get().state == "withdrawn"


def test_what_is_withdrawn_between_claim_and_sending_stays(owed, clock, elsewhere):
    notice = owed()
    claimed = claim_next(now=NOON)
    assert claimed == notice.pk
    assert elsewhere(withdraw, notice.to).result(SOON) == 1

    assert carry_out(claimed, line=MailLine(), now=NOON) is False
    assert mail.outbox == []


def test_a_revocation_that_committed_since_the_claim_is_seen(owed, clock, elsewhere):
    """The fact alone, without a withdrawal: it is read again under the lock, not from the claim's snapshot."""
    notice = owed(still_owed=lambda person: person.surname != "revoked")
    claimed = claim_next(now=NOON)
    elsewhere(User.objects.filter(pk=notice.to.pk).update, surname="revoked").result(SOON)

    assert carry_out(claimed, line=MailLine(), now=NOON) is False
    assert Notice.objects.get().state == "withdrawn"


def test_delivery_gives_way_to_the_write_that_withdraws(owed, clock, elsewhere):
    """The writer holds the subject and wants the notice; delivery holds the notice and wants the subject."""
    asked, held = Event(), Event()

    def mint(person, to):
        asked.set()
        assert held.wait(SOON)
        User.objects.filter(pk=person.pk).update(surname="minted")
        return {}

    notice = owed(words=mint)
    delivery = elsewhere(deliver_owed, clock=clock)
    assert asked.wait(SOON)
    begun = timezone.now()
    with transaction.atomic():
        User.objects.select_for_update().get(pk=notice.to.pk)
        held.set()
        assert outbox.withdraw(about=notice.to, now=NOON) == 1
    assert timezone.now() - begun < timedelta(seconds=5)

    assert delivery.result(SOON) == 0
    assert mail.outbox == []
    assert Notice.objects.get().state == "withdrawn"


def test_any_number_of_runs_at_once_send_each_message_once(owed, clock, elsewhere):
    for number in range(40):
        owed(name=f"hello {number}")
    start = Barrier(3)

    def run():
        start.wait(SOON)
        return deliver_owed(clock=clock)

    runs = [elsewhere(run) for _ in range(3)]
    assert sum(run.result(SOON) for run in runs) == 40
    assert len(mail.outbox) == 40
    assert len({message.to[0] for message in mail.outbox}) == 40
    assert set(Notice.objects.values_list("state", "attempts")) == {("sent", 1)}


def test_a_claimed_message_goes_out_although_another_run_holds_its_row_for_a_moment(owed, clock, elsewhere):
    """PostgreSQL locks a row that has changed since the look before it sees that it is due no longer."""
    owed()
    claimed = claim_next(now=NOON)
    with transaction.atomic():
        Notice.objects.select_for_update().get(pk=claimed)
        carried_out = elsewhere(carry_out, claimed, line=MailLine(), now=NOON)
        until(lambda: waits_for_a_lock() or carried_out.done())

    assert carried_out.result(SOON) is True
    assert len(mail.outbox) == 1


def test_two_transactions_that_owe_the_same_owe_it_once(kind, elsewhere):
    person = UserFactory()
    kind()
    owe = lambda: outbox.queue("hello", to=person, about=person, now=NOON)  # noqa: E731
    with transaction.atomic():
        owe()
        second = elsewhere(owe)
        until(waits_for_a_lock)
    second.result(SOON)

    assert Notice.objects.count() == 1
