from datetime import timedelta

import pytest

from iop_portal.audit.models import Entry
from iop_portal.followups import tasks
from iop_portal.followups.acting import acknowledge_follow_up, resolve_follow_up, snooze_follow_up
from iop_portal.followups.escalation import EVERY, care_team_of, escalate_overdue
from iop_portal.followups.models import TAKEN_ON_HOLDS, FollowUp, Heartbeat
from iop_portal.notices.models import Notice
from tests.factories import NOON, admin, enrolled, on_care_team

pytestmark = pytest.mark.django_db

DUE = NOON + timedelta(hours=2)


def owner():
    return FollowUp.objects.get().owner


def test_nothing_goes_on_before_it_is_due(call, amara, office):
    call(amara)

    assert escalate_overdue(now=DUE - timedelta(seconds=1)) == 0
    assert owner() == amara


def test_what_is_due_and_not_taken_on_goes_to_an_admin_who_is_told(call, amara, office, maya):
    follow_up = call(amara)

    assert escalate_overdue(now=DUE) == 1
    follow_up.refresh_from_db()
    assert (follow_up.owner, follow_up.escalated_from, follow_up.escalated_at) == (office, amara, DUE)
    told = Notice.objects.owed().values_list("kind", "to", "client")
    assert list(told) == [("follow_up_escalated", office.pk, maya.pk)]
    entry = Entry.objects.get(verb="follow_up.escalated")
    assert (entry.client, entry.actor, entry.facts) == (maya, None, {"kind": "call", "time": 1})


def test_it_goes_on_each_hour_and_round_until_somebody_has_it(call, amara, ben, office):
    call(amara)
    owners = []
    for hour in range(6):
        assert escalate_overdue(now=DUE + hour * EVERY) == 1
        owners.append(owner())

    assert owners == [office, ben, amara, office, ben, amara]
    assert Notice.objects.filter(kind="follow_up_escalated").count() == 6


def test_a_second_run_passes_nothing_on_twice(call, amara, ben, office):
    call(amara)
    escalate_overdue(now=DUE)

    assert escalate_overdue(now=DUE + EVERY - timedelta(seconds=1)) == 0
    assert owner() == office


def test_what_was_taken_on_stays_for_a_day(call, amara, office):
    acknowledge_follow_up(call(amara), by=amara, now=DUE)

    assert escalate_overdue(now=DUE + TAKEN_ON_HOLDS - timedelta(seconds=1)) == 0
    assert escalate_overdue(now=DUE + TAKEN_ON_HOLDS) == 1
    assert owner() == office
    assert FollowUp.objects.get().acknowledged_at is None


def test_what_was_put_off_stays_until_a_day_after_the_snooze(call, amara, office):
    until = NOON + timedelta(days=3)
    snooze_follow_up(call(amara), until=until, by=amara, now=NOON)

    assert escalate_overdue(now=until + TAKEN_ON_HOLDS - timedelta(seconds=1)) == 0
    assert escalate_overdue(now=until + TAKEN_ON_HOLDS) == 1
    assert FollowUp.objects.get().snoozed_until is None


def test_what_is_done_goes_nowhere(call, amara, office):
    resolve_follow_up(call(amara), outcome="Reached", by=amara, now=NOON)

    assert escalate_overdue(now=DUE + timedelta(days=9)) == 0


def test_without_an_admin_it_goes_to_the_care_team(call, amara, ben):
    call(amara)

    escalate_overdue(now=DUE)
    assert owner() == ben


def test_with_nobody_else_there_its_owner_is_told_again_and_the_log_says_so(tidy, office, amara, caplog):
    follow_up = tidy(office)

    assert escalate_overdue(now=DUE) == 1
    assert escalate_overdue(now=DUE + EVERY) == 1
    assert owner() == office
    assert Notice.objects.filter(kind="follow_up_escalated", to=office).count() == 2
    assert [(record.getMessage(), record.facts) for record in caplog.records] == [
        ("follow-up has nobody to go on to", {"follow_up": follow_up.pk, "kind": "tidy"})
    ] * 2


def test_an_act_of_the_office_goes_to_another_admin_and_never_to_a_clinician(tidy, office, amara, harbor):
    other = admin(harbor)
    tidy(office)

    owners = []
    for hour in range(3):
        escalate_overdue(now=DUE + hour * EVERY)
        owners.append(owner())
    assert owners == [other, office, other]


@pytest.mark.parametrize("gone", ["left the team", "lost the role", "may not sign in", "client was discharged"])
def test_what_lies_with_somebody_who_cannot_see_to_it_goes_on_at_once(call, amara, office, maya, gone):
    call(amara)
    if gone == "left the team":
        amara.care_teams.update(until=NOON)
    elif gone == "lost the role":
        amara.roles_held.all().delete()
    elif gone == "may not sign in":
        amara.is_active = False
        amara.save()
    else:
        maya.enrolments.update(state="discharged", discharge_reason="left", discharged_on=NOON.date())

    assert escalate_overdue(now=NOON) == 1
    assert owner() == office


def test_somebody_inactive_is_never_next(call, amara, ben, office):
    office.is_active = False
    office.save()
    call(amara)

    escalate_overdue(now=DUE)
    assert owner() == ben


def test_the_old_owner_gets_no_mail_about_it_any_more(call, amara, office):
    call(amara)
    escalate_overdue(now=DUE)

    assert list(Notice.objects.filter(to=amara).values_list("state", flat=True)) == ["withdrawn"]


def test_the_watch_leaves_a_sign_that_it_came_to_its_end(call, amara, office):
    assert list(Heartbeat.objects.all()) == []
    tasks.escalate_overdue()
    tasks.escalate_overdue()

    assert [beat.name for beat in Heartbeat.objects.all()] == ["escalation"]


def test_a_watch_that_dies_on_the_way_leaves_no_sign(monkeypatch):
    def dies(*, now):
        raise RuntimeError

    monkeypatch.setattr(tasks.escalation, "escalate_overdue", dies)
    with pytest.raises(RuntimeError):
        tasks.escalate_overdue()
    assert list(Heartbeat.objects.all()) == []


def test_a_care_team_is_that_of_one_client(harbor, maya, amara, ben, lena):
    theo = enrolled(harbor)
    on_care_team(lena, theo, part="primary")
    assert (care_team_of(maya, harbor), care_team_of(theo, harbor)) == ([amara, ben], [lena])
