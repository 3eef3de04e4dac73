"""Plan my week: what is asked of the planner, the pages, and booking all of it or nothing."""

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from iop_portal.audit.models import Entry
from scheduling import booking, choices
from scheduling.choices import Key, Pick, SeatChoice, read_key
from scheduling.commitments import Terms, add_commitment
from scheduling.models import Booking, Firmness, Session, WeekWishes
from scheduling.planning import Answers, propose
from scheduling.wanted_week import Rule
from scheduling.wishes import Habits, habits_of, save_wishes, wishes_of
from tests.factories import NOON, ModalityFactory, RoomFactory, seated
from tests.scheduling.booking_world import TOMORROW, Clinic
from tests.signing_in import sign_in
from therapy.care_plans import plan_of
from therapy.models import Format, Prescription
from therapy.plan_drafting import sign_plan, write_mix, write_text
from therapy.plan_texts import Content, fingerprint_of

pytestmark = pytest.mark.django_db

PLAN = reverse("scheduling:plan_my_week")
INSTEAD = reverse("scheduling:plan_instead")
WISHES = reverse("scheduling:week_wishes")
NEW_YORK = ZoneInfo("America/New_York")
EVENING = TOMORROW + timedelta(hours=5, minutes=30)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def clinic():
    """It is Tuesday noon. On the evenings from Wednesday to Saturday the group meets, at 5:30 pm."""
    clinic = Clinic()
    clinic.prescribe(clinic.maya, hours=3, days=2)
    clinic.evenings = [clinic.session(EVENING + days * DAY, room=clinic.room, video=False) for days in range(4)]
    return clinic


@pytest.fixture
def maya(client, clinic):
    sign_in(client, clinic.maya)
    return clinic.maya


def wish(clinic, **wished):
    return save_wishes(clinic.maya, {"one_to_one": 0, **wished}, by=clinic.maya, now=NOON)


def at_work(clinic, begins="09:00", ends="17:00", weekdays=(0, 1, 2, 3, 4), **fields):
    terms = Terms("work", "", weekdays, time.fromisoformat(begins), time.fromisoformat(ends), NOON.date(), **fields)
    return add_commitment(clinic.maya, terms, by=clinic.maya, now=NOON)


def sessions(proposal):
    return [one.time.session for one in proposal.suggested]


def planned(clinic, **answers):
    return propose(clinic.maya, Answers(**answers), now=NOON)


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


# ── What is planned ───────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_missing_is_suggested_and_no_more(clinic):
    wish(clinic)
    proposal = planned(clinic)
    assert len(proposal.suggested) == 2
    assert proposal.plan.proven
    assert (proposal.care_then.hours, len(proposal.care_then.days), proposal.care_then.open) == ("3", 2, 0)
    assert Booking.objects.count() == 0


def test_what_is_booked_stays_and_counts(clinic):
    wish(clinic)
    booking.book_seat(clinic.evenings[1], person=clinic.maya, by=clinic.maya, now=NOON)
    proposal = planned(clinic)
    assert len(proposal.suggested) == 1
    assert clinic.evenings[1] not in sessions(proposal)


def test_nobody_is_planned_for_without_hours(clinic):
    assert propose(clinic.client("Ben"), Answers(), now=NOON) is None


def test_wished_days_are_chosen_where_it_can_be(clinic):
    wish(clinic, on_weekdays=Firmness.IF_POSSIBLE, weekdays=[3, 5])
    assert sessions(planned(clinic)) == [clinic.evenings[1], clinic.evenings[3]]
    wish(clinic, on_weekdays=Firmness.IF_POSSIBLE, weekdays=[0])
    assert len(planned(clinic).suggested) == 2


def test_what_is_always_wished_is_never_broken_and_the_page_says_what_would_make_it_fit(client, clinic, maya):
    wish(clinic, on_weekdays=Firmness.ALWAYS, weekdays=[4])
    proposal = planned(clinic)
    assert sessions(proposal) == [clinic.evenings[2]]
    assert set(proposal.plan.clash) <= {Rule.WEEKDAYS, Rule.HOURS, Rule.DAYS}
    page = words(client.get(PLAN))
    assert "1½ hours more." in page
    assert "you would have 3 of 3 hours." in page
    assert "always on the days that you chose" in page
    assert "Without any one of them the others would fit." in page


def test_sessions_fit_around_work_and_the_way_from_it(clinic):
    at_work(clinic)
    early = clinic.session(EVENING - timedelta(minutes=30), clinic.jonah, room=None)
    there = RoomFactory(program=clinic.program)
    in_person = clinic.session(EVENING - timedelta(minutes=30) + DAY, clinic.jonah, room=there, video=False)
    wish(clinic, travel_minutes=30)
    proposal = planned(clinic)
    assert Rule.COMMITMENTS not in proposal.slots[_key(proposal, early)].against
    assert Rule.COMMITMENTS in proposal.slots[_key(proposal, in_person)].against
    assert not proposal.plan.against(Rule.COMMITMENTS)


def _key(proposal, session):
    return next(key for key, found in proposal.times.items() if found.session == session)


def test_the_page_says_why_each_session_is_there(client, clinic, maya):
    at_work(clinic)
    wish(clinic)
    page = words(client.get(PLAN))
    assert "Half an hour after work. With Amara, whom you know. 8 places left." in page
    assert "3 hours on 2 days. You need 3 on 2." in page
    assert "Work: all of that stays yours." in page
    assert "No other week keeps more of your wishes." in page


def test_a_week_that_falls_short_has_no_tick_beside_its_hours(client, clinic, maya):
    Prescription.objects.update(hours=30)
    wish(clinic)
    page = words(client.get(PLAN))
    assert "You need" not in page
    assert "hours more." in page


def test_an_hour_with_the_counsellor_is_in_it_where_it_is_wished_for(clinic):
    clinic.hours(clinic.amara)
    clinic.hours(clinic.jonah)
    wish(clinic, one_to_one=1)
    talks = [one.time for one in planned(clinic).suggested if one.time.modality.format == Format.INDIVIDUAL]
    assert [(one.modality, one.clinician) for one in talks] == [(clinic.talk, clinic.amara)]


def test_without_wishes_written_down_the_track_and_the_last_weeks_suggest_them(clinic):
    clinic.session(TOMORROW - timedelta(hours=2), room=clinic.room, video=False)
    proposal = planned(clinic)
    assert (proposal.wishes.parts, proposal.wishes.in_parts) == (["evening"], Firmness.IF_POSSIBLE)
    assert proposal.wishes.one_to_one == 1
    assert proposal.wishes.pk is None
    assert {session.starts_at.astimezone(NEW_YORK).hour for session in sessions(proposal)} == {17}


def planned_for(clinic, mix):
    """A care plan that both signed, with so much of each way a week."""
    enrolment = clinic.maya.enrolments.get()
    write_text(enrolment, "matters", "Quiet.", seen=fingerprint_of(Content(), "matters"), by=clinic.maya, now=NOON)
    mix = {way.pk: times for way, times in mix.items()}
    write_mix(enrolment, mix, seen=fingerprint_of(Content(), "mix"), by=clinic.maya, now=NOON)
    read = plan_of(enrolment).draft.plan.fingerprint
    for person in (clinic.maya, clinic.amara):
        sign_plan(enrolment, name=person.full_name, read=read, by=person, now=NOON)


def test_a_week_is_made_up_as_the_care_plan_says(client, clinic, maya):
    art = ModalityFactory(program=clinic.program, name="Art group")
    clinic.session(EVENING + DAY, clinic.jonah, modality=art)
    wish(clinic)
    planned_for(clinic, {art: 1, clinic.group: 1})
    assert sorted(one.time.modality.name for one in planned(clinic).suggested) == ["Art group", "Skills group"]
    assert "Made up as your care plan says." in words(client.get(PLAN))


def test_without_wishes_the_care_plan_says_how_often_one_to_one(clinic):
    clinic.hours(clinic.amara)
    planned_for(clinic, {clinic.talk: 2, clinic.workshop: 1})
    proposal = planned(clinic)
    assert (proposal.wishes.one_to_one, proposal.wishes.workshops) == (2, 1)
    assert sum(one.time.modality == clinic.talk for one in proposal.suggested) == 2


def test_what_the_care_plan_has_and_the_week_has_not_is_told_with_why(client, clinic, maya):
    family = ModalityFactory(program=clinic.program, name="Family session", format=Format.FAMILY)
    gone = ModalityFactory(program=clinic.program, name="Old group", in_use=False)
    other = ModalityFactory(program=clinic.program, name="Morning group")
    full = ModalityFactory(program=clinic.program, name="Full group")
    clinic.session(EVENING + DAY - timedelta(hours=8), clinic.jonah, modality=other)
    taken = clinic.session(EVENING + 2 * DAY, clinic.jonah, modality=full, capacity=1)
    seated(clinic.client("Ben"), taken)
    wish(clinic, in_parts=Firmness.ALWAYS, parts=["evening"])
    planned_for(clinic, {family: 1, gone: 1, other: 1, full: 1, clinic.talk: 1, clinic.workshop: 1, clinic.group: 1})
    page = words(client.get(PLAN))
    for said in (
        "Family session, once a week. Family sessions are arranged with the family.",
        "Old group, once a week. It is not offered at present.",
        "Morning group, once a week. Every open time goes against something that you wish for “always”.",
        "Full group, once a week. No place is left.",
        "One-to-one counselling, once a week. You wish for less time one to one.",
        "Sleep and rest, once a week. No time for it is open in this week.",
    ):
        assert said in page
    assert "Skills group, once a week" not in page


def test_what_others_are_used_to_and_wish_for_suggests_nothing(clinic):
    """Everything is Maya's: a track, a counsellor, a group that she came to, wishes. Ben has none of it."""
    ben = clinic.client("Ben")
    seated(clinic.maya, clinic.session(NOON - DAY, clinic.jonah))
    save_wishes(clinic.maya, {"one_to_one": 3}, by=clinic.maya, now=NOON)
    habits = habits_of(ben, now=NOON)
    assert habits == Habits(counsellor=None, known=frozenset(), ways=())
    suggested = wishes_of(ben, [clinic.workshop], habits)
    assert (suggested.person, suggested.pk, suggested.one_to_one) == (ben, None, 0)
    assert (suggested.parts, suggested.in_parts) == ([], Firmness.NO_MATTER)
    assert habits_of(clinic.maya, now=NOON) == Habits(
        clinic.amara.pk, frozenset({clinic.amara.pk, clinic.jonah.pk}), (clinic.group.pk,)
    )


def test_full_sessions_and_those_that_overlap_are_told_of(client, clinic, maya):
    seated(maya, clinic.session(NOON - 7 * DAY))
    full = clinic.evenings[0]
    Session.objects.filter(pk=full.pk).update(capacity=1)
    booking.book_seat(full, person=clinic.client("Ben"), by=maya, now=NOON)
    at_work(clinic, begins="16:00", ends="20:00", weekdays=(3,))
    wish(clinic)
    answer = client.get(PLAN)
    page = words(answer)
    assert "Skills group, Wednesday 25 November, 5:30 pm. No place is left. Wait for a place" in page
    assert reverse("scheduling:wait", args=[full.pk]) in answer.content.decode()
    assert "Skills group, Thursday 26 November, 5:30 pm. It overlaps work, or the way there." in page


# ── Something else instead ────────────────────────────────────────────────────────────────────────────────────


def test_not_this_one_plans_the_rest_around_it(client, clinic, maya):
    wish(clinic)
    first = client.get(PLAN).context["cards"]
    again = client.get(first[0].without_url).context["cards"]
    assert first[0].one.key not in [card.one.key for card in again]
    assert first[1].one.key in [card.one.key for card in again]
    assert len(again) == 2


def test_another_session_is_chosen_instead_and_stays(client, clinic, maya):
    wish(clinic)
    cards = client.get(PLAN).context["cards"]
    page = client.get(cards[0].another_url)
    offered = [one.time.session for one in page.context["found"]]
    assert set(offered) == set(clinic.evenings) - {card.one.time.session for card in cards}
    chosen = page.context["found"][-1]
    then = client.get(chosen.url)
    assert chosen.time.session in [card.one.time.session for card in then.context["cards"]]
    assert cards[1].one.key in [card.one.key for card in then.context["cards"]]
    assert cards[0].one.key not in [card.one.key for card in then.context["cards"]]
    assert "You chose this." in words(then)


def test_what_was_chosen_and_is_gone_is_said(client, clinic, maya):
    wish(clinic)
    cards = client.get(PLAN).context["cards"]
    chosen = client.get(cards[0].another_url).context["found"][0]
    Session.objects.filter(pk=chosen.time.session.pk).update(capacity=1)
    booking.book_seat(chosen.time.session, person=clinic.client("Ben"), by=maya, now=NOON)
    assert "Something that you chose cannot be had any more." in words(client.get(chosen.url))


@pytest.mark.parametrize(
    "odd",
    [
        "?day=0001-01-01",
        "?keep=seat-1",
        "?keep=seat-1-99999999T9999Z&out=hour-1-1-20261125T2230Z-1-x",
        "?keep=seat-999999999999-20261125T2230Z",
        "?had=seat-%00-20261125T2230Z&of[]=x",
        f"?{'&'.join(['out=seat-1-20261125T2230Z'] * 500)}",
    ],
)
def test_odd_addresses_plan_a_week_all_the_same(client, clinic, maya, odd):
    assert client.get(PLAN + odd).status_code == 200
    assert client.get(INSTEAD + odd).status_code == 302


def test_keys_are_read_as_they_are_written():
    assert read_key("seat-12-20261125T2230Z") == Key(datetime(2026, 11, 25, 22, 30, tzinfo=ZoneInfo("UTC")), session=12)
    assert read_key("hour-3-50-20261125T2230Z-7-0") == Key(
        datetime(2026, 11, 25, 22, 30, tzinfo=ZoneInfo("UTC")), way=3, minutes=50, giver=7
    )
    for odd in ("", "seat-0-20261125T2230Z", "seat-1-20261325T2230Z", "seat-１-20261125T2230Z", "hour-3-50-x-7-0"):
        assert read_key(odd) is None


# ── Booking it ────────────────────────────────────────────────────────────────────────────────────────────────


def taken(page):
    return {"take": [card.one.key for card in page.context["cards"]]}


def test_what_is_ticked_is_booked_together(client, clinic, maya):
    clinic.hours()
    wish(clinic, one_to_one=1)
    page = client.get(PLAN)
    answer = client.post(PLAN, taken(page))
    assert answer.url == f"{reverse('scheduling:my_week')}?day=2026-11-25"
    held = Booking.objects.filter(person=maya, occupies=True)
    assert sorted(one.starts_at for one in held) == [card.one.time.begins for card in page.context["cards"]]
    assert len(held) == len(page.context["cards"]) >= 2


def test_all_or_nothing_a_lost_race_says_which_and_plans_anew(client, clinic, maya):
    wish(clinic)
    page = client.get(PLAN)
    lost = page.context["cards"][1].one.time.session
    Session.objects.filter(pk=lost.pk).update(capacity=1)
    booking.book_seat(lost, person=clinic.client("Ben"), by=maya, now=NOON)
    answer = client.post(PLAN, taken(page))
    assert answer.status_code == 409
    assert "Skills group" in answer.context["refusal"]
    assert "No place is left here." in answer.context["refusal"]
    assert "Nothing was booked." in answer.context["refusal"]
    assert lost not in [card.one.time.session for card in answer.context["cards"]]
    assert Booking.objects.filter(person=maya).count() == 0
    assert Entry.objects.filter(verb="booking.created", client=maya).count() == 0


def test_a_session_that_moved_since_is_refused_in_words(client, clinic, maya):
    wish(clinic)
    page = client.get(PLAN)
    moved = page.context["cards"][0].one.time.session
    later = type(moved.during)(moved.starts_at + timedelta(minutes=15), moved.ends_at + timedelta(minutes=15), "[)")
    Session.objects.filter(pk=moved.pk).update(during=later)
    answer = client.post(PLAN, taken(page))
    assert answer.status_code == 409
    assert "This session has been moved to another time. Nothing was booked." in answer.context["refusal"]
    assert Booking.objects.filter(person=maya).count() == 0


def test_sent_twice_it_is_booked_once(client, clinic, maya):
    wish(clinic)
    form = taken(client.get(PLAN))
    assert client.post(PLAN, form).url == client.post(PLAN, form).url
    assert Booking.objects.filter(person=maya).count() == 2


def test_nothing_ticked_is_said(client, clinic, maya):
    wish(clinic)
    answer = client.post(PLAN)
    assert (answer.status_code, answer.context["refusal"][:9]) == (400, "Tick at l")
    assert len(answer.context["cards"]) == 2


def test_sessions_elsewhere_do_not_exist(client, clinic, maya):
    away = Clinic(name="Juniper House")
    moment = "20261125T2230Z"
    for key in (
        f"seat-{away.session(EVENING).pk}-{moment}",
        f"seat-{clinic.session(EVENING, clinic.jonah, listed=False).pk}-{moment}",
        f"hour-{away.talk.pk}-50-{moment}-{clinic.amara.pk}-0",
        f"hour-{away.talk.pk}-50-{moment}-{away.amara.pk}-0",
        f"hour-{clinic.group.pk}-50-{moment}-{clinic.amara.pk}-0",
        f"hour-{clinic.talk.pk}-50-{moment}-{away.amara.pk}-0",
        f"hour-{clinic.talk.pk}-50-{moment}-{maya.pk}-0",
        f"hour-{clinic.talk.pk}-50-{moment}-{clinic.amara.pk}-{away.room.pk}",
        "nonsense",
    ):
        assert client.post(PLAN, {"take": [key]}).status_code == 404
    assert Booking.objects.count() == 0


def test_two_that_take_the_same_places_the_other_way_round_both_get_an_answer(clinic):
    """What is booked first does not depend on the order in which it was ticked."""
    ben = clinic.client("Ben")
    picks = [Pick(SeatChoice(ben, one), one.starts_at) for one in clinic.evenings[:2]]
    with CaptureQueriesContext(connection) as asked:
        choices.book_all(picks[::-1], person=ben, now=NOON)
    locks = [one["sql"] for one in asked if "FOR UPDATE" in one["sql"] or "FOR NO KEY UPDATE" in one["sql"]]
    assert "scheduling_session" in locks[0]
    assert "ORDER BY" in locks[0]


# ── Wishes ────────────────────────────────────────────────────────────────────────────────────────────────────


WISHED = {
    "around_commitments": "always",
    "on_weekdays": "if_possible",
    "weekdays": ["2", "5"],
    "in_parts": "no_matter",
    "familiar_people": "no_matter",
    "short_waits": "if_possible",
    "few_trips": "always",
    "most_trips": "2",
    "travel_minutes": "25",
    "one_to_one": "0",
    "workshops": "1",
}


def test_wishes_are_saved_and_lead_back_to_the_week_that_was_open(client, clinic, maya):
    answer = client.post(f"{WISHES}?day=2026-12-01", WISHED)
    assert answer.url == f"{PLAN}?day=2026-12-01"
    held = WeekWishes.objects.get(person=maya)
    assert (held.weekdays, held.most_trips, held.travel_minutes, held.workshops) == ([2, 5], 2, 25, 1)
    assert Entry.objects.filter(verb="wishes.saved", client=maya).count() == 1
    client.post(WISHES, {**WISHED, "travel_minutes": "40"})
    assert WeekWishes.objects.get(person=maya).travel_minutes == 40


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"weekdays": []}, "Choose at least one day"),
        ({"in_parts": "always"}, "Choose at least one time of day"),
        ({"most_trips": "9"}, "7 is the most."),
        ({"few_trips": "perhaps"}, "Choose one of the answers to “Few days on which I travel to you”"),
    ],
)
def test_wishes_that_say_too_little_are_asked_for_in_words(client, clinic, maya, changes, said):
    answer = client.post(WISHES, {**WISHED, **changes})
    assert answer.status_code == 400
    assert said in words(answer)
    assert not WeekWishes.objects.exists()


def test_fields_of_others_are_not_read(client, clinic, maya):
    ben = clinic.client("Ben")
    client.post(WISHES, {**WISHED, "person": ben.pk, "person_id": ben.pk})
    assert [one.person for one in WeekWishes.objects.all()] == [maya]


@pytest.mark.parametrize(
    "broken",
    [
        {"on_weekdays": "always"},
        {"in_parts": "if_possible"},
        {"weekdays": [7]},
        {"parts": ["night"]},
        {"few_trips": "perhaps"},
        {"most_trips": 8},
        {"travel_minutes": 181},
        {"one_to_one": 6},
        {"workshops": 6},
    ],
)
def test_the_database_keeps_wishes_whole(clinic, broken):
    with pytest.raises(IntegrityError), transaction.atomic():
        WeekWishes.objects.create(person=clinic.maya, **broken)


# ── Where it is found, and how many queries ───────────────────────────────────────────────────────────────────


def test_my_week_and_today_lead_here_while_hours_are_missing(client, clinic, maya):
    week, today = reverse("scheduling:my_week"), reverse("home:landing")
    assert f'href="{PLAN}?day=2026-11-23"' in client.get(week).content.decode()
    assert f'href="{PLAN}"' in client.get(today).content.decode()
    booking.book_seat(clinic.evenings[0], person=maya, by=maya, now=NOON)
    assert f'href="{PLAN}"' in client.get(today).content.decode()
    assert f"{PLAN}?day=2026-11-16" not in client.get(f"{week}?day=2026-11-17").content.decode()
    wish(clinic)
    client.post(PLAN, taken(client.get(PLAN)))
    assert PLAN not in client.get(week).content.decode()


def test_the_pages_ask_the_database_as_often_for_many_sessions_as_for_one(client, clinic, maya):
    clinic.hours(room=clinic.room)
    wish(clinic, one_to_one=1)
    client.get(PLAN)

    def queries(path):
        with CaptureQueriesContext(connection) as asked:
            assert client.get(path).status_code == 200
        return len(asked)

    def all_pages():
        return queries(PLAN), queries(client.get(PLAN).context["cards"][0].another_url), queries(WISHES)

    few = all_pages()
    for hours in range(1, 6):
        way = ModalityFactory(program=clinic.program)
        clinic.session(EVENING + timedelta(hours=2 * hours), clinic.jonah, modality=way)
        at_work(clinic, "06:00", "07:00", weekdays=(hours,))
    assert all_pages() == few == (23, 22, 9)
