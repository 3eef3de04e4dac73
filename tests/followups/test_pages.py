from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from iop_portal.audit.models import Entry
from iop_portal.followups import kinds
from iop_portal.followups.acting import resolve_follow_up, snooze_follow_up
from iop_portal.followups.models import FollowUp
from iop_portal.followups.owing import owe_follow_up
from iop_portal.followups.waiting import mine, needs_you
from iop_portal.notices.models import Notice
from tests.factories import NOON, clinician, enrolled
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db
MINE = reverse("followups:mine")


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


def page(follow_up, name="one"):
    return reverse(f"followups:{name}", args=[follow_up.pk])


def text(answer):
    return " ".join(answer.content.decode().split())


def test_what_needs_one_stands_first_with_its_reason(client, call, tidy, amara):
    call(amara)

    shown = text(sign_in(client, amara).get(MINE))
    assert "1 thing needs you." in shown
    assert "Call after three missed sessions" in shown
    assert "Maya T. · due" in shown
    assert "Three in a row." in shown
    assert Entry.objects.get(verb="follow_ups.read").facts == {"count": 1}


def test_an_empty_page_says_what_will_be_there(client, amara):
    assert "Nothing needs you right now." in text(sign_in(client, amara).get(MINE))


def test_the_most_urgent_comes_first_and_what_is_late_says_so(call, tidy, amara, harbor):
    tidy(amara, now=NOON - timedelta(hours=3))
    call(amara, now=NOON)

    assert [(row.title, row.late) for row in needs_you(amara, now=NOON)] == [
        ("Look at the rooms", True),
        ("Call after three missed sessions", False),
    ]


def test_what_was_put_off_and_what_is_done_stand_apart(client, call, tidy, amara, harbor):
    snooze_follow_up(call(amara), until=NOON + timedelta(hours=5), by=amara, now=NOON)
    resolve_follow_up(tidy(amara), outcome="All clean", by=amara, now=NOON)

    page = mine(amara, now=NOON)
    assert [[row.title for row in rows] for rows in (page.open, page.snoozed, page.done)] == [
        [],
        ["Call after three missed sessions"],
        ["Look at the rooms"],
    ]
    shown = text(sign_in(client, amara).get(MINE))
    assert "back on Tuesday 24 November" in shown
    assert "All clean" in shown


def test_the_page_holds_one_s_own_while_one_looks_after_the_client(call, amara, ben, maya):
    """Both are on the care team: what one has, put off or did stands on nobody else's page."""
    place = maya.enrolments.get().care_team.filter(clinician=amara)

    def held():
        pages = (mine(person, now=NOON) for person in (amara, ben))
        return [[len(rows) for rows in (page.open, page.snoozed, page.done)] for page in pages]

    def held_off_the_team():
        place.update(until=NOON)
        found = held()
        place.update(until=None)
        return found

    nothing = [[0, 0, 0], [0, 0, 0]]
    follow_up = call(amara)
    assert held() == [[1, 0, 0], [0, 0, 0]]
    assert held_off_the_team() == nothing
    snooze_follow_up(follow_up, until=NOON + timedelta(hours=5), by=amara, now=NOON)
    assert held() == [[0, 1, 0], [0, 0, 0]]
    assert held_off_the_team() == nothing
    resolve_follow_up(follow_up, outcome="She is well", by=amara, now=NOON)
    assert held() == [[0, 0, 1], [0, 0, 0]]
    assert held_off_the_team() == nothing


def test_taking_it_on_from_the_page(client, call, amara):
    follow_up = call(amara)

    answer = sign_in(client, amara).post(page(follow_up, "acknowledge"), follow=True)
    assert "It is with you: Call after three missed sessions" in text(answer)
    assert FollowUp.objects.get().acknowledged_by == amara


@pytest.mark.parametrize(("later", "hours"), [("hour", 1), ("day", 24), ("days", 72)])
def test_putting_it_off_from_the_page(client, call, amara, later, hours):
    follow_up = call(amara)

    sign_in(client, amara).post(page(follow_up, "snooze"), {"later": later})
    assert FollowUp.objects.get().snoozed_until == NOON + timedelta(hours=hours)


def test_putting_it_off_for_something_that_was_not_offered_changes_nothing(client, call, amara):
    follow_up = call(amara)

    answer = sign_in(client, amara).post(page(follow_up, "snooze"), {"later": "year"}, follow=True)
    assert "Choose how long to put it off." in text(answer)
    assert FollowUp.objects.get().snoozed_until is None


def test_saying_how_it_came_out(client, call, amara, maya):
    follow_up = call(amara)
    signed_in = sign_in(client, amara)
    assert "How did it come out?" in text(signed_in.get(page(follow_up)))
    assert Entry.objects.get(verb="follow_up.viewed").client == maya

    answer = signed_in.post(page(follow_up), {"outcome": "Reached her"}, follow=True)
    assert "Done: Call after three missed sessions" in text(answer)
    assert FollowUp.objects.get().outcome == "Reached her"


def test_an_outcome_is_asked_for_and_nothing_is_lost(client, call, amara):
    follow_up = call(amara)

    answer = sign_in(client, amara).post(page(follow_up), {"outcome": "  "})
    assert "Fill in “How did it come out?”" in text(answer)
    assert FollowUp.objects.open().count() == 1


def test_a_second_click_says_that_it_is_done(client, call, amara):
    follow_up = call(amara)
    resolve_follow_up(follow_up, outcome="Reached", by=amara, now=NOON)
    signed_in = sign_in(client, amara)

    assert "Somebody has seen to this already." in text(signed_in.post(page(follow_up), {"outcome": "Again"}))
    for act in ("acknowledge", "snooze"):
        answer = signed_in.post(page(follow_up, act), {"later": "day"}, follow=True)
        assert "Somebody has seen to this already." in text(answer)
    assert FollowUp.objects.get().outcome == "Reached"


@pytest.mark.parametrize("act", ["one", "acknowledge", "snooze"])
def test_what_one_may_not_see_does_not_exist(client, call, amara, lena, office, act):
    follow_up = call(amara)
    before = FollowUp.objects.values().get()

    for stranger in (lena, office, clinician()):
        answer = sign_in(client, stranger).post(page(follow_up, act), {"later": "day", "outcome": "Mine"})
        assert answer.status_code == 404
    assert FollowUp.objects.values().get() == before


def test_clients_have_no_such_page(client, call, amara):
    assert sign_in(client, enrolled()).get(MINE).status_code == 403


def test_an_admin_to_whom_it_came_reads_the_rule_and_who_had_it(client, call, amara, office):
    follow_up = call(amara)
    FollowUp.objects.update(owner=office, escalated_from=amara, escalated_at=NOON)

    shown = text(sign_in(client, office).get(page(follow_up)))
    assert "Three in a row." in shown
    assert "before with Amara T. until" in shown


def test_what_is_done_elsewhere_leads_there(client, harbor, office):
    follow_up = owe_follow_up("dead_letter", about=Notice(pk=7), program=harbor, owner=office, by=None, now=NOON)

    shown = text(sign_in(client, office).get(page(follow_up)))
    assert f'href="{reverse("office:message", args=[7])}"' in shown
    assert "How did it come out?" not in shown
    answer = client.post(page(follow_up), {"outcome": "Seen"})
    assert "This is done on a page of its own." in text(answer)


@pytest.fixture
def plan(monkeypatch, harbor, maya):
    """Owe something about Maya that is done on a page of her care team."""
    kind = kinds.Kind(
        name="plan", about="people.user", title="Look", why="It is due.", due_in=timedelta(days=1), page="home:client"
    )
    monkeypatch.setitem(kinds.registry, "plan", kind)

    def owe(owner):
        return owe_follow_up("plan", about=maya, program=harbor, owner=owner, client=maya, by=None, now=NOON)

    return owe


def test_an_admin_to_whom_an_act_of_care_came_gives_it_to_the_care_team(client, plan, amara, ben, lena, office, maya):
    follow_up, there = plan(office), f'href="{reverse("home:client", args=[maya.pk])}"'
    shown = text(sign_in(client, office).get(page(follow_up)))
    assert (there in shown, "Amara Tester" in shown, "Ben Tester" in shown, "Lena" in shown) == (
        False,
        True,
        True,
        False,
    )
    assert client.post(page(follow_up), {"to": lena.pk}).status_code == 400
    assert client.post(page(follow_up), {"to": ben.pk}).url == reverse("followups:mine")
    follow_up.refresh_from_db()
    assert (follow_up.owner, follow_up.escalated_from) == (ben, office)
    assert there in text(sign_in(client, ben).get(page(follow_up)))


def test_where_nobody_is_on_the_care_team_the_admin_is_led_to_the_clients(client, plan, office, harbor):
    shown = text(sign_in(client, office).get(page(plan(office))))
    assert "Nobody is on their care team" in shown
    assert reverse("office:clients", args=[harbor.pk]) in shown


@pytest.mark.parametrize("count", [1, 8])
def test_the_list_costs_the_same_however_long_it_is(call, amara, harbor, count, django_assert_num_queries):
    first = call(amara)
    FollowUp.objects.bulk_create(
        FollowUp(
            program=harbor,
            kind="call",
            owner=amara,
            client=first.client,
            about_type="people.user",
            about_id=-number,
            made_at=NOON,
            due_at=NOON,
        )
        for number in range(1, count)
    )
    with django_assert_num_queries(1):
        assert len(needs_you(amara, now=NOON)) == count
    with django_assert_num_queries(3):
        mine(amara, now=NOON)
