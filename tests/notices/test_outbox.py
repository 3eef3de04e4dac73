from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from iop_portal.audit.models import Entry
from iop_portal.followups.models import FollowUp
from iop_portal.notices import outbox
from iop_portal.notices.models import Notice
from tests.factories import NOON, ProgramFactory, UserFactory, admin

pytestmark = pytest.mark.django_db


@pytest.fixture
def amara():
    return admin(preferred_name="Amara")


@pytest.fixture
def task(amara):
    """Anything that a registered kind of notice is about."""
    program = amara.roles_held.get().program
    return FollowUp.objects.create(
        program=program,
        kind="dead_letter",
        owner=amara,
        about_type="notices.notice",
        about_id=1,
        made_at=NOON,
        due_at=NOON + timedelta(hours=8),
    )


def owe(task, **how):
    outbox.queue("follow_up_owed", **{"to": task.owner, "about": task, "now": NOON, **how})


def test_a_notice_is_owed_once_however_often_it_is_queued(task):
    owe(task)
    owe(task, now=NOON + timedelta(minutes=1))

    assert [(notice.kind, notice.to, notice.state, notice.owed_at) for notice in Notice.objects.all()] == [
        ("follow_up_owed", task.owner, "owed", NOON)
    ]


def test_another_person_or_lead_time_is_another_notice(task):
    owe(task)
    owe(task, lead=timedelta(hours=24))
    owe(task, to=UserFactory())

    assert Notice.objects.count() == 3


@pytest.mark.parametrize("to", ["somebody", "nobody"])
def test_the_database_itself_refuses_to_owe_twice(task, to):
    person = task.owner.pk if to == "somebody" else None
    insert = """
        INSERT INTO notices_notice (kind, to_id, about_type, about_id, lead, owed_at, not_before, state, attempts,
                                    last_error)
        VALUES ('x', %s, 'followups.followup', 1, '0', now(), now(), 'owed', 0, '')
    """
    with connection.cursor() as cursor:
        cursor.execute(insert, [person])
        with pytest.raises(IntegrityError, match="a_notice_is_owed_once"), transaction.atomic():
            cursor.execute(insert, [person])


def test_a_kind_that_nobody_registered_cannot_be_owed(task):
    with pytest.raises(KeyError, match="no_such_kind"):
        outbox.queue("no_such_kind", to=task.owner, about=task)


def test_a_notice_about_something_else_cannot_be_owed(task):
    with pytest.raises(TypeError, match=r"is about followups\.followup"):
        outbox.queue("follow_up_owed", to=task.owner, about=task.program)


def test_a_notice_without_recipient_cannot_be_owed_unless_its_kind_finds_the_address(task):
    with pytest.raises(TypeError, match="needs a person"):
        outbox.queue("follow_up_owed", to=None, about=task)


def test_withdrawing_ends_what_is_owed_about_the_subject_and_nothing_else(task):
    other = FollowUp.objects.create(
        program=task.program,
        kind="dead_letter",
        owner=task.owner,
        about_type="notices.notice",
        about_id=2,
        made_at=NOON,
        due_at=NOON,
    )
    owe(task)
    owe(task, lead=timedelta(hours=1))
    owe(other)

    assert outbox.withdraw(about=task, now=NOON) == 2
    assert [notice.about_id for notice in Notice.objects.owed()] == [other.pk]
    assert {notice.ended_at for notice in Notice.objects.filter(state="withdrawn")} == {NOON}


def test_withdrawing_leaves_what_was_sent(task):
    owe(task)
    Notice.objects.update(state="sent", ended_at=NOON)

    assert outbox.withdraw(about=task, now=NOON) == 0
    assert Notice.objects.get().state == "sent"


def test_withdrawing_can_be_kept_to_one_kind(task):
    owe(task)
    outbox.queue("follow_up_escalated", to=task.owner, about=task, now=NOON)

    assert outbox.withdraw(about=task, kind="follow_up_escalated", now=NOON) == 1
    assert [notice.kind for notice in Notice.objects.owed()] == ["follow_up_owed"]


@pytest.fixture
def dead(task):
    owe(task)
    Notice.objects.update(state="dead", ended_at=NOON, attempts=8, last_error="SMTPDataError")
    return Notice.objects.get()


def test_a_dead_message_is_tried_again_with_all_its_attempts(dead, amara):
    outbox.retry_dead(dead, by=amara, now=NOON)

    again = Notice.objects.get()
    assert (again.state, again.attempts, again.last_error, again.ended_at) == ("owed", 0, "", None)
    assert list(Entry.objects.values_list("verb", "actor")) == [("notice.retried", amara.pk)]


def test_a_dead_message_is_let_go(dead, amara):
    outbox.drop_dead(dead, by=amara, now=NOON)

    assert Notice.objects.get().state == "withdrawn"
    assert list(Entry.objects.values_list("verb", "actor")) == [("notice.dropped", amara.pk)]


@pytest.mark.parametrize("act", [outbox.retry_dead, outbox.drop_dead])
@pytest.mark.parametrize("state", ["owed", "sent", "withdrawn"])
def test_only_what_is_dead_is_tried_again_or_let_go(dead, amara, act, state):
    Notice.objects.update(state=state, ended_at=None if state == "owed" else NOON)

    with pytest.raises(outbox.NotDead):
        act(dead, by=amara, now=NOON)
    assert Notice.objects.get().state == state
    assert Entry.objects.count() == 0


def test_the_longest_wait_is_that_of_the_oldest_message_due(task):
    assert outbox.longest_wait(now=NOON) == timedelta(0)
    owe(task)
    owe(task, lead=timedelta(hours=1), not_before=NOON + timedelta(days=1))
    Notice.objects.update(resting_until=NOON + timedelta(hours=3))

    assert outbox.longest_wait(now=NOON + timedelta(minutes=5)) == timedelta(minutes=5)


def test_owing_costs_one_statement(task, django_assert_num_queries):
    ProgramFactory()
    with django_assert_num_queries(1):
        owe(task)
