from datetime import timedelta

import pytest

from iop_portal.audit.models import Entry
from iop_portal.followups.acting import (
    AlreadyResolved,
    DoneElsewhere,
    NoLongerYours,
    OutcomeMissing,
    SnoozedTooLong,
    acknowledge_follow_up,
    resolve_follow_up,
    resolve_follow_ups_about,
    snooze_follow_up,
)
from iop_portal.followups.models import FollowUp
from iop_portal.followups.owing import owe_follow_up
from iop_portal.notices.models import Notice
from tests.factories import NOON, ProgramFactory, admin

pytestmark = pytest.mark.django_db


def test_what_is_owed_stands_with_its_owner_and_time_and_the_owner_is_told(call, amara, maya):
    follow_up = call(amara)

    assert (follow_up.owner, follow_up.client, follow_up.due_at) == (amara, maya, NOON + timedelta(hours=2))
    assert list(Notice.objects.values_list("kind", "to", "about_id")) == [("follow_up_owed", amara.pk, follow_up.pk)]
    assert list(Entry.objects.values_list("verb", "client", "facts")) == [("follow_up.owed", maya.pk, {"kind": "call"})]


def test_an_act_is_owed_once_while_it_is_open(call, amara, ben):
    first = call(amara)
    assert call(ben) == first
    assert FollowUp.objects.get().owner == amara

    resolve_follow_up(first, outcome="Reached her", by=amara, now=NOON)
    assert call(ben) != first
    assert FollowUp.objects.open().get().owner == ben


def test_an_act_about_something_else_cannot_be_owed(call, amara, harbor):
    with pytest.raises(TypeError, match=r"about people\.user"):
        owe_follow_up("call", about=harbor, program=harbor, owner=amara, by=None, now=NOON)


def test_whoever_takes_it_on_owns_it(call, amara, ben):
    follow_up = acknowledge_follow_up(call(amara), by=ben, now=NOON)

    assert (follow_up.owner, follow_up.acknowledged_by, follow_up.acknowledged_at) == (ben, ben, NOON)
    assert [f.owner for f in FollowUp.objects.waiting_for(ben, NOON)] == [ben]
    assert list(FollowUp.objects.waiting_for(amara, NOON)) == []


def test_taking_on_twice_is_one_entry(call, amara):
    follow_up = call(amara)
    acknowledge_follow_up(follow_up, by=amara, now=NOON)
    acknowledge_follow_up(follow_up, by=amara, now=NOON + timedelta(minutes=1))

    assert Entry.objects.filter(verb="follow_up.acknowledged").count() == 1


def test_what_is_put_off_comes_back(call, amara):
    until = NOON + timedelta(hours=5)
    snooze_follow_up(call(amara), until=until, by=amara, now=NOON)

    assert list(FollowUp.objects.waiting_for(amara, until - timedelta(seconds=1))) == []
    assert FollowUp.objects.waiting_for(amara, until).count() == 1
    assert Entry.objects.get(verb="follow_up.snoozed").facts == {"hours": 5}


@pytest.mark.parametrize("delay", [timedelta(0), timedelta(days=-1), timedelta(days=3, seconds=1)])
def test_it_is_put_off_for_three_days_at_most(call, amara, delay):
    follow_up = call(amara)

    with pytest.raises(SnoozedTooLong):
        snooze_follow_up(follow_up, until=NOON + delay, by=amara, now=NOON)
    assert FollowUp.objects.get().snoozed_until is None


def test_it_is_done_with_an_outcome(call, amara, maya):
    resolve_follow_up(call(amara), outcome="  Reached her at noon ", by=amara, now=NOON)

    done = FollowUp.objects.get()
    assert (done.outcome, done.resolved_by, done.resolved_at) == ("Reached her at noon", amara, NOON)
    assert list(FollowUp.objects.waiting_for(amara, NOON)) == []
    assert Entry.objects.get(verb="follow_up.resolved").client == maya


def test_it_is_not_done_without_an_outcome(call, amara):
    follow_up = call(amara)

    with pytest.raises(OutcomeMissing):
        resolve_follow_up(follow_up, outcome=" \n", by=amara, now=NOON)
    assert FollowUp.objects.open().count() == 1


def test_what_is_done_on_a_page_of_its_own_is_not_done_here(harbor, office):
    message = Notice(pk=7)
    follow_up = owe_follow_up("dead_letter", about=message, program=harbor, owner=office, by=None, now=NOON)

    with pytest.raises(DoneElsewhere):
        resolve_follow_up(follow_up, outcome="Seen", by=office, now=NOON)
    assert resolve_follow_ups_about(message, kind="dead_letter", outcome="Let go", by=office, now=NOON) == 1


def test_what_is_done_is_done(call, amara):
    follow_up = call(amara)
    resolve_follow_up(follow_up, outcome="Reached", by=amara, now=NOON)

    for act in (
        lambda: resolve_follow_up(follow_up, outcome="Again", by=amara, now=NOON),
        lambda: acknowledge_follow_up(follow_up, by=amara, now=NOON),
        lambda: snooze_follow_up(follow_up, until=NOON + timedelta(hours=1), by=amara, now=NOON),
    ):
        with pytest.raises(AlreadyResolved):
            act()
    assert FollowUp.objects.get().outcome == "Reached"


def test_nobody_acts_on_what_they_may_not_see(call, amara, lena, office):
    follow_up = call(amara)

    for stranger in (lena, office, admin()):
        with pytest.raises(NoLongerYours):
            resolve_follow_up(follow_up, outcome="Mine now", by=stranger, now=NOON)
        with pytest.raises(NoLongerYours):
            acknowledge_follow_up(follow_up, by=stranger, now=NOON)


def test_the_act_itself_resolves_what_was_owed_whoever_owned_it(call, amara, lena, maya):
    call(amara)

    assert resolve_follow_ups_about(maya, kind="call", outcome="Called", by=lena, now=NOON) == 1
    assert resolve_follow_ups_about(maya, kind="call", outcome="Called", by=lena, now=NOON) == 0
    assert FollowUp.objects.get().resolved_by == lena


# ── Who sees it ───────────────────────────────────────────────────────────────────────────────────────────────


def seen_by(user):
    return FollowUp.objects.visible_to(user).count()


def test_an_act_of_care_is_for_the_care_team_alone(call, amara, ben, lena, office, maya):
    call(amara)

    assert [seen_by(user) for user in (amara, ben, lena, office, maya)] == [1, 1, 0, 0, 0]


def test_an_admin_sees_an_act_of_care_that_came_to_them(call, amara, office):
    call(amara)
    FollowUp.objects.update(owner=office)

    assert (seen_by(office), seen_by(amara)) == (1, 1)


def test_a_clinician_who_left_the_team_sees_nothing_of_it(call, amara):
    call(amara)
    amara.care_teams.update(until=NOON)

    assert seen_by(amara) == 0


def test_an_act_of_another_program_does_not_tell_that_the_client_is_there_too(call, amara, ben):
    call(ben)
    FollowUp.objects.update(program=ProgramFactory(), owner=ben)

    assert (seen_by(amara), seen_by(ben)) == (0, 0)


def test_an_act_of_the_office_is_for_the_admins_of_the_program_and_its_owner(tidy, office, amara, harbor):
    tidy(office)

    assert [seen_by(user) for user in (office, admin(harbor), admin(), amara)] == [1, 1, 0, 0]
