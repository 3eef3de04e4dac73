"""What a miss asks of people: the first, the second in a row, the third; and what takes it back."""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_portal.followups.acting import acknowledge_follow_up, resolve_follow_up
from iop_portal.followups.models import FollowUp
from iop_portal.notices.models import Notice
from iop_portal.people.models import Apart, CareTeam, Enrolment
from scheduling.attendance import Said, mark, mark_rest, take_back
from scheduling.misses import LOOK_BACK, Missed, missed_by, missed_last
from scheduling.models import Attendance
from scheduling.rosters import MARKED_WITHIN, watch_rosters
from scheduling.tasks import watch_rosters as watch_task
from tests.factories import NOON, ProgramFactory, admin, clinician, on_care_team, seated
from tests.scheduling.booking_world import Clinic
from tests.signing_in import sign_in
from tests.therapy.test_client_pages import words

pytestmark = pytest.mark.django_db

OUTREACH, TWICE, REVIEW = "missed_session", "missed_twice", "missed_review"


@pytest.fixture
def clinic():
    return Clinic(name="Harbor House")


def places(clinic, count, person=None):
    """One a day until yesterday, the oldest first."""
    days = range(count, 0, -1)
    return [seated(person or clinic.maya, clinic.session(NOON - timedelta(days=day))) for day in days]


def say(place, state, *, by, now=NOON):
    said = Said(state, reason="a cold" if state == "excused" else "")
    return mark(place, said, seen=place.attendance.count(), by=by, now=now)


def owed():
    return list(FollowUp.objects.open().order_by("pk").values_list("kind", "about_id"))


def missed(clinic, person=None, now=NOON):
    person = person or clinic.maya
    return missed_by([person.pk], now=now).get((person.pk, clinic.program.pk), Missed())


# ── One, two, three ───────────────────────────────────────────────────────────────────────────────────────────


def test_each_miss_of_a_row_asks_for_more_and_never_ends_anything(clinic):
    dana = admin(clinic.program)
    days = places(clinic, 4)
    for place in days:
        say(place, "missed", by=clinic.amara)
    kinds = [OUTREACH, TWICE, REVIEW, REVIEW]
    assert owed() == [(kind, place.pk) for kind, place in zip(kinds, days, strict=True)]
    found = FollowUp.objects.order_by("pk")
    assert [one.owner for one in found] == [clinic.amara, dana, clinic.amara, clinic.amara]
    assert [one.due_at - NOON for one in found] == [
        timedelta(hours=4),
        timedelta(hours=2),
        timedelta(days=1),
        timedelta(days=1),
    ]
    assert {(one.client, one.program) for one in found} == {(clinic.maya, clinic.program)}
    assert Enrolment.objects.get(client=clinic.maya).state == "admitted"


def test_who_looks_after_them_hears_of_it_by_a_mail_that_says_nothing(clinic):
    say(places(clinic, 1)[0], "missed", by=clinic.amara)
    assert list(Notice.objects.values_list("kind", "to")) == [("follow_up_owed", clinic.amara.pk)]


def test_the_second_goes_past_the_primary_counsellor_and_stays_where_nobody_else_is(clinic):
    CareTeam.objects.filter(clinician=clinic.amara).update(part="primary")
    first, second = places(clinic, 2)
    for place in (first, second):
        say(place, "missed", by=clinic.amara)
    assert FollowUp.objects.get(kind=TWICE).owner == clinic.amara
    FollowUp.objects.all().delete()
    on_care_team(clinic.jonah, clinic.maya)
    say(second, "excused", by=clinic.amara)
    say(second, "missed", by=clinic.amara)
    assert FollowUp.objects.get(kind=TWICE).owner == clinic.jonah


def test_without_a_care_team_an_admin_is_asked_and_without_one_who_marked_it(clinic):
    CareTeam.objects.update(until=NOON)
    (place,) = places(clinic, 1)
    say(place, "missed", by=clinic.amara)
    assert FollowUp.objects.get().owner == clinic.amara
    dana = admin(clinic.program)
    FollowUp.objects.all().delete()
    say(place, "excused", by=clinic.amara)
    say(place, "missed", by=clinic.amara)
    assert FollowUp.objects.get().owner == dana


def test_an_admin_who_is_kept_apart_from_the_client_is_not_asked(clinic):
    CareTeam.objects.update(until=NOON)
    dana, noor = admin(clinic.program), admin(clinic.program)
    one, other = sorted((dana, clinic.maya), key=lambda person: person.pk)
    Apart.objects.create(one=one, other=other, asked_by="client", set_by=noor, since=NOON)
    (place,) = places(clinic, 1)
    say(place, "missed", by=clinic.amara)
    assert FollowUp.objects.get().owner == noor


def test_what_somebody_else_missed_makes_no_row_longer(clinic):
    theirs = seated(clinic.client("Ben"), clinic.session(NOON - timedelta(days=2)))
    (own,) = places(clinic, 1)
    for place in (theirs, own):
        say(place, "missed", by=clinic.amara)
    assert owed() == [(OUTREACH, theirs.pk), (OUTREACH, own.pk)]


@pytest.mark.parametrize("left", ["discharged", "nowhere"])
def test_of_somebody_who_is_not_in_the_program_nobody_is_asked_though_others_are_in_it(clinic, left):
    clinic.client("Ben")
    (place,) = places(clinic, 1)
    enrolled = Enrolment.objects.filter(client=clinic.maya)
    if left == "discharged":
        enrolled.update(state="discharged", discharge_reason="left", discharged_on=NOON.date())
    else:
        enrolled.update(program=ProgramFactory())
    say(place, "missed", by=clinic.amara)
    assert owed() == []


@pytest.mark.parametrize(
    ("states", "row"),
    [
        (["missed", "missed"], 2),
        (["missed", "present"], 0),
        (["missed", "late", "missed"], 1),
        (["missed", "left_early"], 0),
        (["missed", "excused", "missed"], 2),
        (["missed", "cancelled", "missed", "excused"], 2),
        (["missed", None, "missed", None], 2),
        (["present", "missed", "missed", "missed"], 3),
        (["cancelled", "cancelled", "excused"], 0),
    ],
)
def test_a_row_is_broken_by_coming_and_by_nothing_else(clinic, states, row):
    days = places(clinic, len(states))
    for place, state in zip(days, states, strict=True):
        if state:
            say(place, state, by=clinic.amara)
    assert missed(clinic) == Missed(row, states.count("missed"))


def test_what_we_cancelled_is_never_held_against_anybody(clinic):
    for place in places(clinic, 3):
        say(place, "cancelled", by=clinic.amara)
    assert (missed(clinic), owed()) == (Missed(), [])


def test_only_what_was_missed_in_this_program_counts_and_not_for_ever(clinic):
    old = seated(clinic.maya, clinic.session(NOON - LOOK_BACK - timedelta(hours=1)))
    month = seated(clinic.maya, clinic.session(NOON - timedelta(days=31)))
    other = Clinic()
    elsewhere = seated(clinic.maya, other.session(NOON - timedelta(days=3)))
    for place, by in ((old, clinic.amara), (month, clinic.amara), (elsewhere, other.amara)):
        say(place, "missed", by=by)
    assert missed(clinic) == Missed(in_a_row=1, lately=0)
    assert missed(other, clinic.maya) == Missed(1, 1)


# ── Taking back ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_miss_that_is_undone_or_corrected_takes_back_what_it_had_caused(clinic):
    (place,) = places(clinic, 1)
    fact = say(place, "missed", by=clinic.amara)
    take_back(place.session, [fact.pk], by=clinic.amara, now=NOON)
    assert owed() == []
    say(place, "missed", by=clinic.amara)
    say(place, "excused", by=clinic.amara)
    assert owed() == []
    outcomes = set(FollowUp.objects.values_list("outcome", "resolved_by"))
    assert outcomes == {("Nothing to do any more: what was recorded has changed.", clinic.amara.pk)}


def test_undoing_a_correction_asks_again(clinic):
    (place,) = places(clinic, 1)
    say(place, "missed", by=clinic.amara)
    fact = say(place, "present", by=clinic.amara)
    assert owed() == []
    take_back(place.session, [fact.pk], by=clinic.amara, now=NOON)
    assert owed() == [(OUTREACH, place.pk)]


def test_the_row_is_counted_anew_for_those_that_follow(clinic):
    one, two, three = places(clinic, 3)
    for place in (one, two, three):
        say(place, "missed", by=clinic.amara)
    say(one, "excused", by=clinic.amara)
    assert set(owed()) == {(OUTREACH, two.pk), (TWICE, three.pk)}
    say(two, "late", by=clinic.amara)
    assert owed() == [(OUTREACH, three.pk)]


def test_coming_later_does_not_take_back_what_is_owed(clinic):
    one, two = places(clinic, 2)
    say(one, "missed", by=clinic.amara)
    mark_rest(two.session, by=clinic.amara, now=NOON)
    assert owed() == [(OUTREACH, one.pk)]


def test_what_somebody_has_taken_on_or_done_stays_with_them(clinic):
    (place,) = places(clinic, 1)
    say(place, "missed", by=clinic.amara)
    taken = acknowledge_follow_up(FollowUp.objects.get(), by=clinic.amara, now=NOON)
    say(place, "excused", by=clinic.amara)
    assert owed() == [(OUTREACH, place.pk)]
    resolve_follow_up(taken, outcome="We spoke.", by=clinic.amara, now=NOON)
    say(place, "present", by=clinic.amara)
    assert FollowUp.objects.get().outcome == "We spoke."


def test_two_who_mark_everybody_owe_one_miss_once(clinic):
    (place,) = places(clinic, 1)
    say(place, "missed", by=clinic.amara)
    say(place, "missed", by=clinic.amara)
    assert len(owed()) == 1


SAYINGS = st.sampled_from(["present", "missed", "excused", "cancelled", "undo"])


@settings(max_examples=40, deadline=None)
@given(acts=st.lists(st.tuples(st.integers(0, 4), SAYINGS), max_size=14))
def test_whatever_is_said_in_whatever_order_each_miss_asks_for_what_its_place_in_the_row_asks(acts):
    """The oracle walks through the five sessions from the first to the last."""
    with transaction.atomic():
        clinic = Clinic()
        days = places(clinic, 5)
        for at, state in acts:
            last = days[at].attendance.last()
            if state != "undo":
                say(days[at], state, by=clinic.amara)
            elif last and last.takes_back_id is None:
                take_back(days[at].session, [last.pk], by=clinic.amara, now=NOON)
        row, expected = 0, set()
        for place in days:
            last = place.attendance.last()
            state = last.state if last else "open"
            row = row + 1 if state == "missed" else 0 if state in Attendance.CAME else row
            if state == "missed":
                expected.add(((OUTREACH, TWICE, REVIEW)[min(row, 3) - 1], place.pk))
        assert missed(clinic).in_a_row == row
        assert set(owed()) == expected
        transaction.set_rollback(True)


# ── Rosters that nobody has marked ────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def over(clinic):
    return clinic.session(NOON - timedelta(minutes=90) - MARKED_WITHIN)


def test_a_leader_is_asked_once_who_came(clinic, over):
    seated(clinic.maya, over)
    assert (watch_rosters(now=NOON - timedelta(seconds=1)), watch_rosters(now=NOON)) == (0, 1)
    assert watch_rosters(now=NOON + timedelta(hours=1)) == 0
    (asked,) = FollowUp.objects.all()
    assert (asked.kind, asked.about_id, asked.owner, asked.client) == ("roster_unmarked", over.pk, clinic.amara, None)


def test_marking_everybody_ends_it_and_undoing_asks_again(clinic, over):
    maya, ben = seated(clinic.maya, over), seated(clinic.client("Ben"), over)
    watch_rosters(now=NOON)
    say(maya, "present", by=clinic.amara)
    assert owed() == [("roster_unmarked", over.pk)]
    fact = say(ben, "excused", by=clinic.amara, now=NOON + timedelta(minutes=1))
    assert owed() == []
    assert watch_rosters(now=NOON + timedelta(hours=1)) == 0
    take_back(over, [fact.pk], by=clinic.amara, now=NOON + timedelta(minutes=2))
    assert watch_rosters(now=NOON + timedelta(hours=1)) == 1


def test_a_roster_that_somebody_saw_to_otherwise_is_not_asked_for_again(clinic, over):
    seated(clinic.maya, over)
    watch_rosters(now=NOON)
    resolve_follow_up(FollowUp.objects.get(), outcome="Amara is away.", by=clinic.amara, now=NOON)
    assert watch_rosters(now=NOON + timedelta(hours=1)) == 0


def test_nobody_is_asked_where_nobody_was_booked_nor_of_what_did_not_take_place_or_is_long_ago(clinic, over):
    cancelled = clinic.session(NOON - timedelta(hours=9), state="cancelled", live=False)
    old = clinic.session(NOON - timedelta(days=8))
    seated(clinic.maya, old)
    seated(clinic.maya, over, state="cancelled", occupies=False, cancelled_at=NOON)
    assert cancelled.bookings.count() == 0
    assert watch_rosters(now=NOON) == 0


def test_where_the_leader_has_left_an_admin_is_asked_and_without_one_it_is_logged(clinic, over, caplog):
    seated(clinic.maya, over)
    clinic.amara.roles_held.all().delete()
    assert watch_rosters(now=NOON) == 0
    assert "nobody to ask who came" in caplog.text
    dana = admin(clinic.program)
    assert watch_rosters(now=NOON) == 1
    assert FollowUp.objects.get().owner == dana


def test_the_task_looks_at_the_clock_itself(clinic, over):
    seated(clinic.maya, over)
    with time_machine.travel(NOON, tick=False):
        watch_task()
        watch_task()
    assert FollowUp.objects.count() == 1


# ── What people read ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_follow_up_leads_who_may_to_the_record_or_the_roster(client, clinic, over):
    place = seated(clinic.maya, over)
    watch_rosters(now=NOON)
    say(place, "missed", by=clinic.amara)
    seated(clinic.client("Ben"), over)
    dana = admin(clinic.program)
    roster, outreach = FollowUp.objects.order_by("pk")
    FollowUp.objects.update(owner=dana, resolved_at=None, resolved_by=None, outcome="")
    links = {
        roster: reverse("scheduling:roster", args=[over.pk]),
        outreach: reverse("home:client", args=[clinic.maya.pk]),
    }
    for reader, sees in ((clinic.amara, True), (dana, False)):
        FollowUp.objects.update(owner=reader)
        sign_in(client, reader)
        for follow_up, link in links.items():
            page = client.get(reverse("followups:one", args=[follow_up.pk])).content.decode()
            assert (f'href="{link}"' in page) == sees


def test_today_tells_a_client_kindly_that_a_miss_can_be_made_up_until_they_have_been_here(client, clinic):
    one, two = places(clinic, 2)
    say(one, "missed", by=clinic.amara)
    with time_machine.travel(NOON, tick=False):
        sign_in(client, clinic.maya)
        said = words(client.get(reverse("home:landing")))
        assert "We missed you Nothing is lost: choose a time to make it up." in said
        say(two, "late", by=clinic.amara)
        assert "We missed you" not in words(client.get(reverse("home:landing")))


def test_a_miss_is_not_brought_up_again_after_a_week_nor_to_anybody_else(clinic):
    (place,) = places(clinic, 1)
    say(place, "missed", by=clinic.amara)
    assert missed_last(clinic.maya, now=NOON) == place
    assert missed_last(clinic.maya, now=place.starts_at + timedelta(days=7)) is None
    assert missed_last(clinic.client("Ben"), now=NOON) is None
    assert missed_last(clinician(clinic.program), now=NOON) is None
