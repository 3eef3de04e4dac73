from datetime import timedelta

import pytest

from iop_portal.followups import dead_letters
from iop_portal.followups.escalation import EVERY
from iop_portal.followups.models import FollowUp
from iop_portal.notices import outbox
from iop_portal.notices.models import Notice
from tests.factories import NOON, admin

pytestmark = pytest.mark.django_db


@pytest.fixture
def dead(call, amara, office):
    """A message to Amara that could not be delivered."""
    call(amara)
    Notice.objects.update(state="dead", ended_at=NOON, attempts=8)
    return Notice.objects.get()


def open_ones():
    return list(FollowUp.objects.open().filter(kind="dead_letter").values_list("about_id", "owner"))


def test_an_admin_of_the_program_is_owed_a_look_at_each_dead_message_once(dead, office):
    assert dead_letters.watch_dead_letters(now=NOON) == 1
    assert dead_letters.watch_dead_letters(now=NOON + EVERY) == 0
    assert open_ones() == [(dead.pk, office.pk)]


def test_where_the_program_has_no_admin_another_one_is(dead, office):
    office.roles_held.all().delete()
    other = admin()

    dead_letters.watch_dead_letters(now=NOON)
    assert open_ones() == [(dead.pk, other.pk)]
    assert list(dead_letters.dead_letters_for(other)) == [dead]


def test_with_no_admin_at_all_the_log_says_so_and_it_is_found_later(dead, office, harbor, caplog):
    office.roles_held.all().delete()
    assert dead_letters.watch_dead_letters(now=NOON) == 0
    assert [(record.getMessage(), record.facts) for record in caplog.records] == [
        ("no admin to tell of a dead notice", {"notice": dead.pk, "kind": "follow_up_owed"})
    ]

    admin(harbor)
    assert dead_letters.watch_dead_letters(now=NOON) == 1


def test_admins_see_those_of_the_programs_they_run(dead, office, amara):
    dead_letters.watch_dead_letters(now=NOON)

    assert list(dead_letters.dead_letters_for(office)) == [dead]
    assert list(dead_letters.dead_letters_for(admin())) == []
    assert list(dead_letters.dead_letters_for(amara)) == []


def test_trying_again_owes_it_anew_and_settles_the_follow_up(dead, office):
    dead_letters.watch_dead_letters(now=NOON)
    dead_letters.try_again(dead, by=office, now=NOON)

    dead.refresh_from_db()
    assert (dead.state, open_ones()) == ("owed", [])
    assert list(dead_letters.dead_letters_for(office)) == []
    assert FollowUp.objects.get(kind="dead_letter").outcome == "Sent again"


def test_what_dies_again_is_owed_a_look_again(dead, office):
    dead_letters.watch_dead_letters(now=NOON)
    dead_letters.try_again(dead, by=office, now=NOON)
    Notice.objects.filter(pk=dead.pk).update(state="dead", ended_at=NOON + timedelta(hours=9))

    assert dead_letters.watch_dead_letters(now=NOON + timedelta(hours=9)) == 1
    assert open_ones() == [(dead.pk, office.pk)]


def test_letting_go_sends_nothing_and_settles_the_follow_up(dead, office):
    dead_letters.watch_dead_letters(now=NOON)
    dead_letters.let_go(dead, by=office, now=NOON)

    dead.refresh_from_db()
    assert (dead.state, open_ones()) == ("withdrawn", [])


def test_somebody_else_was_faster(dead, office):
    dead_letters.watch_dead_letters(now=NOON)
    dead_letters.let_go(dead, by=office, now=NOON)

    with pytest.raises(outbox.NotDead):
        dead_letters.try_again(dead, by=office, now=NOON)
    assert FollowUp.objects.get(kind="dead_letter").outcome == "Let go"


def test_an_admin_with_a_broken_mailbox_causes_no_endless_mail(dead, office):
    for minute in range(5):
        dead_letters.watch_dead_letters(now=NOON + timedelta(minutes=minute))
        Notice.objects.owed().update(state="dead", ended_at=NOON + timedelta(minutes=minute))

    assert open_ones() == [(dead.pk, office.pk)]
