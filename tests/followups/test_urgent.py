from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from iop_portal.followups import kinds
from iop_portal.followups.acting import (
    CannotWait,
    DoneElsewhere,
    NoLongerYours,
    NotAClinicianHere,
    acknowledge_follow_up,
    hand_over,
    resolve_follow_up,
    resolve_follow_ups_about,
    snooze_follow_up,
)
from iop_portal.followups.escalation import escalate_overdue, stands_still
from iop_portal.followups.models import FollowUp
from iop_portal.followups.owing import owe_follow_up
from iop_portal.notices import kinds as notices
from iop_portal.notices.models import Notice
from iop_portal.people.models import CareTeam, Enrolment
from tests.factories import NOON, ProgramFactory, clinician
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db

WITHIN = timedelta(minutes=10)


@pytest.fixture
def alarm(monkeypatch, harbor, maya):
    """Owe something urgent about Maya, done on a page of its own. It goes on every ten minutes."""
    kind = kinds.Kind(
        name="alarm",
        about="people.user",
        title="Call now",
        why="It cannot wait.",
        due_in=timedelta(minutes=15),
        page="home:client",
        urgent=True,
    )
    monkeypatch.setitem(kinds.registry, "alarm", kind)

    def owe(owner, **how):
        how = {"within": WITHIN, **how}
        return owe_follow_up("alarm", about=maya, program=harbor, owner=owner, client=maya, by=None, now=NOON, **how)

    return owe


def test_what_is_urgent_needs_a_page_where_it_is_done():
    with pytest.raises(ValueError, match="needs a page"):
        kinds.Kind(name="x", about="people.user", title="", why="", due_in=WITHIN, urgent=True)


def test_it_cannot_be_put_off_nor_closed_in_passing(alarm, amara):
    follow_up = alarm(amara)

    with pytest.raises(CannotWait):
        snooze_follow_up(follow_up, until=NOON + timedelta(hours=1), by=amara, now=NOON)
    with pytest.raises(DoneElsewhere):
        resolve_follow_up(follow_up, outcome="Fine", by=amara, now=NOON)
    with pytest.raises(IntegrityError, match="what_is_urgent_is_not_put_off"), transaction.atomic():
        FollowUp.objects.update(snoozed_until=NOON + timedelta(hours=1))
    assert FollowUp.objects.get().is_open


def test_it_goes_on_every_few_minutes_until_it_is_done(alarm, amara, ben, office, maya):
    alarm(amara)
    owners = []
    for minute in range(0, 51, 5):
        escalate_overdue(now=NOON + timedelta(minutes=minute))
        owners.append(FollowUp.objects.get().owner)
    assert owners == [amara, amara, office, office, ben, ben, amara, amara, office, office, ben]

    resolve_follow_ups_about(maya, kind="alarm", outcome="Spoken with", by=ben, now=NOON + timedelta(minutes=51))
    assert escalate_overdue(now=NOON + timedelta(hours=9)) == 0


def test_having_it_holds_it_for_those_minutes_and_may_be_said_again(alarm, amara, office):
    follow_up = alarm(amara)
    acknowledge_follow_up(follow_up, by=amara, now=NOON + timedelta(minutes=9))

    assert escalate_overdue(now=NOON + timedelta(minutes=18)) == 0
    acknowledge_follow_up(follow_up, by=amara, now=NOON + timedelta(minutes=18))
    assert escalate_overdue(now=NOON + timedelta(minutes=27)) == 0
    assert escalate_overdue(now=NOON + timedelta(minutes=28)) == 1
    assert FollowUp.objects.get().owner == office


def test_who_is_on_duty_sees_it_without_being_on_the_care_team(alarm, lena, amara, ben):
    follow_up = alarm(lena, on_duty=True)

    assert list(FollowUp.objects.visible_to(lena)) == [follow_up]
    assert escalate_overdue(now=NOON) == 0
    assert escalate_overdue(now=NOON + WITHIN) == 1
    assert FollowUp.objects.get().owner == amara
    assert not FollowUp.objects.visible_to(lena).exists()


def test_who_does_not_work_there_any_more_has_nothing_on_duty(alarm, lena):
    alarm(lena, on_duty=True)
    lena.roles_held.update(program=ProgramFactory())
    assert not FollowUp.objects.visible_to(lena).exists()


def test_off_duty_it_would_lie_with_somebody_who_cannot_see_it(alarm, lena, amara):
    alarm(lena)

    assert not FollowUp.objects.visible_to(lena).exists()
    assert escalate_overdue(now=NOON) == 1


def test_it_does_not_go_to_who_has_another_act_about_the_same(alarm, lena, amara, ben, monkeypatch):
    other = kinds.registry["alarm"]
    monkeypatch.setitem(kinds.registry, "second", kinds.Kind(**{**vars(other), "name": "second"}))
    first = alarm(lena, on_duty=True)
    owe_follow_up(
        "second", about=first.client, program=first.program, owner=amara, client=first.client, by=None, now=NOON
    )

    escalate_overdue(now=NOON + WITHIN)
    assert FollowUp.objects.get(kind="alarm").owner == ben


def test_an_admin_gives_it_to_a_clinician_who_is_told(alarm, office, lena, amara):
    follow_up = alarm(office)

    hand_over(follow_up, to=lena, by=office, now=NOON)
    follow_up.refresh_from_db()
    assert (follow_up.owner, follow_up.on_duty, follow_up.escalated_from) == (lena, True, office)
    assert list(Notice.objects.owed().values_list("kind", "to")) == [("follow_up_escalated", lena.pk)]
    with pytest.raises(NoLongerYours):
        hand_over(follow_up, to=amara, by=office, now=NOON)


def test_nobody_gives_it_to_a_clinician_of_another_program(alarm, office):
    with pytest.raises(NotAClinicianHere):
        hand_over(alarm(office), to=clinician(), by=office, now=NOON)
    assert FollowUp.objects.get().owner == office


def test_the_page_says_how_long_it_is_held_and_offers_no_later(client, alarm, amara):
    follow_up = alarm(amara)
    sign_in(client, amara)
    page = client.get(reverse("followups:one", args=[follow_up.pk])).content.decode()

    assert "it stays with you for 10 minutes" in page
    assert "Put it off" not in page
    refused = client.post(reverse("followups:snooze", args=[follow_up.pk]), {"later": "hour"}, follow=True)
    assert "This cannot be put off." in refused.content.decode()


def test_readiness_sees_that_what_cannot_wait_stands_still(alarm, amara, office):
    follow_up = alarm(amara)
    silence, due = timedelta(minutes=5), NOON + WITHIN

    assert not stands_still(now=due + silence - timedelta(seconds=1), since=silence)
    assert stands_still(now=due + silence, since=silence)
    escalate_overdue(now=due + silence)
    assert not stands_still(now=due + silence, since=silence)
    assert stands_still(now=due + 2 * silence + WITHIN, since=silence)
    resolve_follow_ups_about(follow_up.client, kind="alarm", outcome="Spoken with", by=amara, now=due)
    assert not stands_still(now=due + timedelta(days=1), since=silence)


def test_what_is_late_and_can_wait_is_no_alarm(call, amara):
    call(amara)
    assert not stands_still(now=NOON + timedelta(days=3), since=timedelta(minutes=5))


def test_a_mail_about_it_waits_for_no_morning(alarm, amara):
    """Ten minutes before the quiet hours end, and for ten minutes at most: the mail goes out now."""
    follow_up = alarm(amara)
    follow_up.due_at = NOON + timedelta(days=1)
    told = notices.registry["follow_up_owed"]
    assert told.waits(follow_up, NOON + timedelta(hours=2)) is False
    follow_up.within = None
    assert told.waits(follow_up, NOON + timedelta(hours=2)) is True


def test_who_is_on_the_care_team_elsewhere_alone_has_no_part_in_it(alarm, amara, office, maya, harbor):
    follow_up = alarm(amara)
    amara.care_teams.update(until=NOON)
    away = Enrolment.objects.create(
        client=maya, program=ProgramFactory(), state="admitted", referred_on=NOON.date(), admitted_on=NOON.date()
    )
    CareTeam.objects.create(enrolment=away, clinician=amara, part="member", since=NOON)

    assert not FollowUp.objects.visible_to(amara).exists()
    assert escalate_overdue(now=NOON) == 1
    follow_up.refresh_from_db()
    assert follow_up.owner == office
