"""Who came: what may be said by whom, what counts, and what the database itself refuses."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_portal.audit.models import Entry
from iop_portal.people.models import RoleHeld
from scheduling import attendance
from scheduling.attendance import (
    UNDO_FOR,
    MarkedMeanwhile,
    NoMinutes,
    NotBegun,
    NotExpected,
    NothingToTakeBack,
    NotYoursToMark,
    ReasonMissing,
    Said,
    TooManyMinutes,
    mark,
    mark_rest,
    record_of,
    take_back,
    usual_minutes,
)
from scheduling.models import Attendance, Booking, Session, marked
from scheduling.rosters import open_roster
from tests.factories import NOON, clinician, on_care_team, seated
from tests.scheduling.booking_world import TOMORROW, Clinic
from therapy.models import ClinicalPolicy

pytestmark = pytest.mark.django_db

STATES = [str(state) for state in Attendance.State if state != "open"]


@pytest.fixture
def clinic():
    return Clinic()


@pytest.fixture
def group(clinic):
    """Ninety minutes that ended half an hour ago."""
    return clinic.session(NOON - timedelta(hours=2))


@pytest.fixture
def place(clinic, group):
    return seated(clinic.maya, group)


def say(place, state, *, by, seen=None, now=NOON, **more):
    reason = "at the doctor’s" if state == "excused" else ""
    said = Said(state, more.pop("minutes", None), more.pop("reason", reason), **more)
    return mark(place, said, seen=place.attendance.count() if seen is None else seen, by=by, now=now)


def held(place):
    told = marked(Booking.objects.filter(pk=place.pk)).get()
    return told.attended, told.attended_minutes


def test_the_newest_fact_counts_and_those_before_it_stay(clinic, place):
    assert held(place) == (None, 0)
    say(place, "missed", by=clinic.amara)
    say(place, "late", minutes=70, by=clinic.amara, now=NOON + timedelta(days=1))
    assert held(place) == ("late", 70)
    assert list(place.attendance.values_list("number", "state", "minutes")) == [(1, "missed", 0), (2, "late", 70)]
    assert (place.attended, place.attended_minutes) == held(place)


def test_each_fact_is_a_line_in_the_record_that_its_client_reads(clinic, place):
    say(place, "present", by=clinic.amara)
    say(place, "excused", by=clinic.amara)
    take_back(place.session, [place.attendance.last().pk], by=clinic.amara, now=NOON)
    lines = Entry.objects.filter(client=clinic.maya, verb__startswith="attendance.").order_by("pk")
    assert list(lines.values_list("verb", "facts")) == [
        ("attendance.present", {"minutes": 90}),
        ("attendance.excused", {}),
        ("attendance.taken_back", {"minutes": 90}),
    ]
    assert "doctor" not in str(list(lines.values()))


@pytest.mark.parametrize(
    ("state", "after", "minutes"),
    [
        ("present", 120, 90),
        ("late", 120, 75),  # the least that the program calls late
        ("late", 20, 70),  # has come now
        ("late", 0, 90),
        ("left_early", 120, 75),
        ("left_early", 40, 40),  # leaves now
        ("left_early", 0, 1),
        ("excused", 120, 0),
        ("missed", 120, 0),
        ("cancelled", 120, 0),
    ],
)
def test_what_one_button_records(clinic, group, state, after, minutes):
    assert usual_minutes(state, group, now=group.starts_at + timedelta(minutes=after)) == minutes


def test_grace_is_the_program_s_own_and_longer_than_a_short_session_it_leaves_a_minute(clinic, group):
    ClinicalPolicy.objects.create(program=clinic.program, grace_minutes=60)
    short = clinic.session(NOON - timedelta(hours=5), minutes=25)
    assert [usual_minutes("late", Session.objects.get(pk=one.pk), now=NOON) for one in (group, short)] == [30, 1]


@pytest.mark.parametrize(
    ("state", "more", "refusal"),
    [
        ("present", {"minutes": 91}, TooManyMinutes),
        ("late", {"minutes": 0}, NoMinutes),
        ("excused", {"reason": "  "}, ReasonMissing),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_no_trace(clinic, place, state, more, refusal):
    with pytest.raises(refusal):
        say(place, state, by=clinic.amara, **more)
    assert place.attendance.count() == 0


def test_what_has_not_begun_or_was_given_back_cannot_be_marked(clinic, group):
    ahead = seated(clinic.maya, clinic.session(TOMORROW))
    with pytest.raises(NotBegun):
        say(ahead, "present", by=clinic.amara)
    with pytest.raises(NotBegun):
        mark_rest(ahead.session, by=clinic.amara, now=TOMORROW - timedelta(seconds=1))
    given_back = seated(clinic.client("Ben"), group, state="late", occupies=False, cancelled_at=NOON)
    with pytest.raises(NotExpected):
        say(given_back, "missed", by=clinic.amara)
    assert Attendance.objects.count() == 0


def test_minutes_and_reasons_of_who_did_not_come_are_dropped(clinic, place):
    made = say(place, "missed", minutes=40, reason="overslept", by_video=True, by=clinic.amara)
    assert (made.minutes, made.reason, made.by_video) == (0, "", False)


def test_in_a_room_it_is_said_who_came_by_video(clinic):
    both = clinic.session(NOON - timedelta(hours=2), room=clinic.room)
    maya, ben = seated(clinic.maya, both), seated(clinic.client("Ben"), both)
    by_video = [say(maya, "present", by=clinic.amara), say(ben, "present", by_video=True, by=clinic.amara)]
    assert [fact.by_video for fact in by_video] == [False, True]


# ── Who may ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_care_team_may_correct_what_is_marked_and_nothing_else(clinic):
    group = clinic.session(NOON - timedelta(hours=2), clinic.jonah)
    place, other = seated(clinic.maya, group), seated(clinic.client("Ben"), group)
    with pytest.raises(NotYoursToMark):
        say(place, "present", by=clinic.amara)
    for one in (place, other):
        say(one, "missed", by=clinic.jonah)
    say(place, "excused", by=clinic.amara)
    with pytest.raises(NotYoursToMark):
        say(other, "excused", by=clinic.amara)
    assert [held(place)[0], held(other)[0]] == ["excused", "missed"]
    with pytest.raises(NotYoursToMark):
        mark_rest(group, by=clinic.amara, now=NOON)


def test_a_care_team_of_another_program_corrects_nothing_here(clinic, place):
    say(place, "missed", by=clinic.amara)
    elsewhere = Clinic()
    second = clinic.maya.enrolments.create(program=elsewhere.program, state="referred", referred_on=NOON.date())
    second.care_team.create(clinician=elsewhere.jonah, since=NOON)
    with pytest.raises(NotYoursToMark):
        say(place, "present", by=elsewhere.jonah)


def test_nobody_else_says_who_came(clinic, place):
    stranger = clinician(clinic.program)
    for nobody in (stranger, clinic.jonah, clinic.maya):
        with pytest.raises(NotYoursToMark):
            say(place, "present", by=nobody)
    RoleHeld.objects.filter(user=clinic.amara).delete()
    with pytest.raises(NotYoursToMark):
        say(place, "present", by=clinic.amara)
    assert Attendance.objects.count() == 0


# ── Two at once ───────────────────────────────────────────────────────────────────────────────────────────────


def test_who_marks_what_a_colleague_has_marked_meanwhile_is_refused(clinic):
    group = clinic.session(NOON - timedelta(hours=2), clinic.amara, clinic.jonah)
    place = seated(clinic.maya, group)
    say(place, "late", by=clinic.jonah, seen=0)
    with pytest.raises(MarkedMeanwhile):
        say(place, "missed", by=clinic.amara, seen=0)
    assert held(place)[0] == "late"


def test_a_button_that_is_pressed_twice_says_it_once(clinic, place):
    first = say(place, "present", by=clinic.amara, seen=0)
    assert say(place, "present", by=clinic.amara, seen=0) == first
    assert place.attendance.count() == 1


def test_everybody_present_is_said_of_those_of_whom_nothing_is_said(clinic, group, place):
    ben, cleo = (seated(clinic.client(name), group) for name in ("Ben", "Cleo"))
    say(ben, "missed", by=clinic.amara)
    say(cleo, "present", by=clinic.amara)
    take_back(group, [cleo.attendance.get().pk], by=clinic.amara, now=NOON)
    made = mark_rest(group, by=clinic.amara, now=NOON)
    assert {fact.booking for fact in made} == {place, cleo}
    assert [held(one) for one in (place, ben, cleo)] == [("present", 90), ("missed", 0), ("present", 90)]
    assert mark_rest(group, by=clinic.amara, now=NOON) == []


# ── Undo ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_undo_brings_back_what_was_said_before(clinic, place):
    say(place, "late", minutes=50, by=clinic.amara)
    wrong = say(place, "missed", by=clinic.amara)
    (back,) = take_back(place.session, [wrong.pk], by=clinic.amara, now=NOON)
    assert (back.takes_back, held(place)) == (wrong, ("late", 50))


def test_undo_of_the_first_thing_said_leaves_nothing_recorded(clinic, place):
    wrong = say(place, "missed", by=clinic.amara)
    take_back(place.session, [wrong.pk], by=clinic.amara, now=NOON)
    assert held(place)[0] is None
    told = record_of(place, reader=clinic.amara, now=NOON)
    assert (told.now, [fact.state for fact in told.before]) == (None, ["open", "missed"])


def test_undo_is_for_oneself_for_the_newest_and_for_a_while(clinic, group, place):
    on_care_team(clinic.jonah, clinic.maya)
    first = say(place, "missed", by=clinic.amara)
    attempts = [
        (clinic.jonah, [first.pk], NOON),
        (clinic.amara, [first.pk], NOON + UNDO_FOR + timedelta(seconds=1)),
        (clinic.amara, [], NOON),
        (clinic.amara, [first.pk, first.pk + 1000], NOON),
    ]
    for by, facts, now in attempts:
        with pytest.raises(NothingToTakeBack):
            take_back(group, facts, by=by, now=now)
    say(place, "excused", by=clinic.jonah)
    with pytest.raises(NothingToTakeBack):
        take_back(group, [first.pk], by=clinic.amara, now=NOON)
    assert held(place)[0] == "excused"


def test_an_undo_is_not_undone(clinic, group, place):
    take_back(group, [say(place, "missed", by=clinic.amara).pk], by=clinic.amara, now=NOON)
    with pytest.raises(NothingToTakeBack):
        take_back(group, [place.attendance.last().pk], by=clinic.amara, now=NOON)


def test_everybody_at_once_is_undone_at_once(clinic, group, place):
    seated(clinic.client("Ben"), group)
    made = mark_rest(group, by=clinic.amara, now=NOON)
    take_back(group, [fact.pk for fact in made], by=clinic.amara, now=NOON)
    assert [held(one)[0] for one in group.bookings.all()] == [None, None]


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.sampled_from(["maya", "ben"]), st.sampled_from(STATES), st.integers(1, 90)),
        st.tuples(st.just("undo"), st.sampled_from(["maya", "ben"])),
        st.tuples(st.just("rest")),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(acts=ACTS)
def test_whatever_the_order_the_minutes_are_those_of_the_last_word_that_stands(acts):
    """The oracle keeps a pile of words a person; saying adds one, undoing takes the last away unless it was one."""
    with transaction.atomic():
        clinic = Clinic()
        group = clinic.session(NOON - timedelta(hours=2))
        places = {"maya": seated(clinic.maya, group), "ben": seated(clinic.client("Ben"), group)}
        piles = {name: [("open", 0)] for name in places}
        undone = dict.fromkeys(places, True)
        for act, *rest in acts:
            if act == "say":
                name, state, minutes = rest
                minutes = minutes if state in Attendance.CAME else 0
                say(places[name], state, minutes=minutes, by=clinic.amara)
                if piles[name][-1] != (state, minutes):
                    piles[name].append((state, minutes))
                    undone[name] = False
            elif act == "undo":
                (name,) = rest
                last = places[name].attendance.last()
                if undone[name]:
                    with pytest.raises(NothingToTakeBack):
                        take_back(group, [last.pk] if last else [], by=clinic.amara, now=NOON)
                else:
                    take_back(group, [last.pk], by=clinic.amara, now=NOON)
                    # What it brings back is a word of its own: it stands on top of the pile.
                    piles[name].append(piles[name][-2])
                    undone[name] = True
            else:
                mark_rest(group, by=clinic.amara, now=NOON)
                for name in places:
                    if piles[name][-1][0] == "open":
                        piles[name].append(("present", 90))
                        undone[name] = False
        for name, place in places.items():
            state, minutes = piles[name][-1]
            told = marked(Booking.objects.filter(pk=place.pk)).get()
            assert (told.attended or "open", told.attended_minutes or 0) == (state, minutes)
        transaction.set_rollback(True)


# ── What the database itself keeps ────────────────────────────────────────────────────────────────────────────


def raw(place, **columns):
    values = {
        "booking_id": place.pk,
        "number": 1,
        "state": "present",
        "minutes": 90,
        "by_video": False,
        "reason": "",
        "takes_back_id": None,
        "recorded_by_id": place.person_id,
        "recorded_at": NOON,
    } | columns
    names = ", ".join(values)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO scheduling_attendance ({names}) VALUES ({', '.join(['%s'] * len(values))})",
            list(values.values()),
        )


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"number": 2}, "facts_about_a_booking_follow_one_another"),
        ({"number": 0}, "facts_about_a_booking_follow_one_another"),
        ({"minutes": 91}, "minutes_fit_the_session"),
        ({"minutes": 0}, "minutes_are_of_those_who_came"),
        ({"state": "missed"}, "minutes_are_of_those_who_came"),
        ({"state": "missed", "minutes": 0, "by_video": True}, "minutes_are_of_those_who_came"),
        ({"state": "asleep"}, "attendance_has_a_state"),
        ({"state": "excused", "minutes": 0}, "a_reason_is_given_where_it_is_excused"),
        ({"reason": "why not"}, "a_reason_is_given_where_it_is_excused"),
        ({"state": "open", "minutes": 0}, "only_taking_back_leaves_it_open"),
        ({"recorded_at": NOON - timedelta(hours=3)}, "attendance_is_of_sessions_that_have_begun"),
    ],
)
def test_raw_sql_is_held_to_the_same_rules(place, columns, constraint):
    with pytest.raises(IntegrityError) as refused:
        raw(place, **columns)
    assert refused.value.__cause__.diag.constraint_name == constraint
    assert Attendance.objects.count() == 0


def test_a_place_that_was_given_back_takes_no_facts(clinic, group):
    place = seated(clinic.maya, group, state="cancelled", occupies=False, cancelled_at=NOON)
    with pytest.raises(IntegrityError) as refused:
        raw(place)
    assert refused.value.__cause__.diag.constraint_name == "attendance_is_of_live_bookings"


def test_only_the_newest_fact_of_the_same_place_is_taken_back(clinic, group, place):
    other = say(seated(clinic.client("Ben"), group), "present", by=clinic.amara)
    first = say(place, "missed", by=clinic.amara)
    say(place, "present", by=clinic.amara)
    for fact in (other, first):
        with pytest.raises(IntegrityError):
            raw(place, number=3, takes_back_id=fact.pk)


def test_two_facts_of_one_number_do_not_stand_side_by_side(place):
    """The trigger looks first; where two look at once, the index has the last word."""
    raw(place)
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE scheduling_attendance DISABLE TRIGGER USER")
    with pytest.raises(IntegrityError, match="facts_about_a_booking_follow_one_another"):
        raw(place)


def test_a_booking_cannot_be_deleted_from_under_its_facts(clinic, place):
    say(place, "present", by=clinic.amara)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM scheduling_booking WHERE id = %s; SET CONSTRAINTS ALL IMMEDIATE", [place.pk])


def test_marking_costs_the_same_however_many_facts_there_are(clinic, place, django_assert_num_queries):
    say(place, "present", by=clinic.amara)
    with django_assert_num_queries(MARK_QUERIES):
        say(place, "late", by=clinic.amara, seen=1)
    for state in ("present", "excused", "present"):
        say(place, state, by=clinic.amara)
    with django_assert_num_queries(MARK_QUERIES):
        say(place, "late", by=clinic.amara, seen=5)


MARK_QUERIES = 13


def test_last_act_is_what_was_recorded_at_once(clinic, group, place):
    seated(clinic.client("Ben"), group)
    mark_rest(group, by=clinic.amara, now=NOON)
    places = open_roster(group, by=clinic.amara, now=NOON).places
    keys = [entry.fact.pk for entry in places]
    assert sorted(attendance.last_act(places, keys)) == sorted(keys)
    assert attendance.last_act(places, keys[:1]) == []


def test_a_session_of_another_length_bounds_the_minutes(clinic):
    short = clinic.session(NOON - timedelta(hours=3), minutes=25)
    place = seated(clinic.maya, short)
    with pytest.raises(TooManyMinutes):
        say(place, "present", minutes=26, by=clinic.amara)
    assert say(place, "present", by=clinic.amara).minutes == 25
