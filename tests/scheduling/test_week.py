"""My week: what stands in it, and how much of the prescribed care that is."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_portal.markup import hours_read, length_in_words
from scheduling import booking
from scheduling.attendance import Said, mark
from scheduling.care import Care, first_day, planned_for
from scheduling.week import coming, lately, next_two, week_of
from tests.factories import NOON, ModalityFactory, seated
from tests.scheduling.booking_world import TOMORROW, Clinic
from tests.signing_in import sign_in
from therapy.models import ClinicalPolicy

pytestmark = pytest.mark.django_db

WEEK = reverse("scheduling:my_week")
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def clinic():
    return Clinic()


def book(clinic, begins, *leaders, **fields):
    session = clinic.session(begins, *leaders, **fields)
    return booking.book_seat(session, person=clinic.maya, by=clinic.maya, now=begins - timedelta(days=2))


def care(clinic, now=NOON, day=None):
    """Of the running week, the page and the caseload have to say the same of it."""
    found = week_of(clinic.maya, day=day, now=now).care
    if day is None:
        planned = planned_for(clinic.maya.enrolments.values_list("pk", flat=True), now=now)
        assert [each.care for each in planned.values()] == ([found] if found else [])
    return found


def say(clinic, booked, state, **more):
    reason = "A cold" if state == "excused" else ""
    return mark(booked, Said(state, reason=reason, **more), seen=0, by=clinic.amara, now=NOON)


def test_hours_and_days_are_counted_against_what_is_prescribed(clinic):
    clinic.prescribe(clinic.maya, hours=9, days=3)
    say(clinic, book(clinic, NOON - timedelta(hours=4)), "present")
    book(clinic, TOMORROW)
    book(clinic, TOMORROW + timedelta(hours=3))
    found = care(clinic)
    assert (found.held, found.ahead, len(found.days)) == (90, 180, 2)
    assert (found.held_days, found.ahead_days) == ({NOON.date()}, {TOMORROW.date()})
    assert (found.hours, found.open_words) == ("4½", "4½ hours")
    assert (found.wanted_hours, found.wanted_days) == (9, 3)


@pytest.mark.parametrize(
    ("state", "minutes", "held"),
    [("present", None, 90), ("late", 61, 61), ("left_early", 30, 30), ("excused", None, 0), ("missed", None, 0)],
)
def test_delivered_are_the_minutes_that_somebody_was_there(clinic, state, minutes, held):
    clinic.prescribe(clinic.maya, hours=3, days=1)
    say(clinic, book(clinic, NOON - timedelta(hours=4)), state, minutes=minutes)
    found = care(clinic)
    assert (found.held, found.unrecorded, found.open) == (held, 0, 180 - held)
    assert found.days == found.held_days == ({NOON.date()} if held else frozenset())


def test_what_is_over_and_not_recorded_is_counted_apart(clinic):
    clinic.prescribe(clinic.maya, hours=9, days=3)
    say(clinic, book(clinic, NOON - timedelta(hours=4)), "present")
    book(clinic, NOON - timedelta(hours=2))
    book(clinic, NOON - timedelta(hours=24))
    book(clinic, TOMORROW)
    found = care(clinic)
    assert (found.held, found.unrecorded, found.ahead, found.projected) == (90, 180, 90, 360)
    assert (found.done, found.booked, found.open_words) == (1.5, 4.5, "3 hours")
    yesterday = NOON.date() - timedelta(days=1)
    assert found.unrecorded_days == {NOON.date(), yesterday}
    assert (found.ahead_days, len(found.days)) == ({TOMORROW.date()}, 3)


def test_who_is_marked_while_it_runs_has_been_there(clinic):
    clinic.prescribe(clinic.maya)
    say(clinic, book(clinic, NOON - timedelta(minutes=30)), "present")
    found = care(clinic)
    assert (found.held, found.ahead) == (90, 0)


@pytest.mark.parametrize(
    ("hours", "days", "short"), [(3, 2, False), (4, 2, True), (3, 3, True), (0, 0, False)], ids=str
)
def test_a_week_falls_short_by_hours_or_by_days(clinic, hours, days, short):
    clinic.prescribe(clinic.maya, hours=hours, days=days)
    book(clinic, NOON - timedelta(hours=24))
    book(clinic, TOMORROW)
    assert care(clinic).falls_short == short


@given(
    said=st.lists(
        st.tuples(st.integers(-20, 20), st.sampled_from(["", "present", "late", "missed", "excused", "cancelled"])),
        max_size=8,
        unique_by=lambda one: one[0],
    )
)
@settings(max_examples=30, deadline=None)
def test_the_week_equals_a_slow_and_obvious_count(said):
    """Sessions four hours apart around noon, some of them marked."""
    with transaction.atomic():
        clinic = Clinic()
        clinic.prescribe(clinic.maya)
        held = unrecorded = ahead = 0
        monday = datetime(2026, 11, 23, tzinfo=NEW_YORK)
        for slot, state in said:
            begins = NOON + timedelta(hours=4 * slot)
            booked = seated(clinic.maya, clinic.session(begins))
            if state and begins <= NOON:
                minutes = say(clinic, booked, state).minutes
            in_week = monday <= begins < monday + timedelta(days=7)
            if not in_week:
                continue
            if state and begins <= NOON:
                held += minutes
            elif begins + timedelta(minutes=90) <= NOON:
                unrecorded += 90
            else:
                ahead += 90
        found = care(clinic)
        assert (found.held, found.unrecorded, found.ahead) == (held, unrecorded, ahead)
        transaction.set_rollback(True)


def test_what_does_not_count_what_was_cancelled_and_what_lies_in_another_week_is_left_out(clinic):
    clinic.prescribe(clinic.maya)
    walk = ModalityFactory(program=clinic.program, name="Walk", counts=False)
    clinic.amara.clinician.gives.add(walk)
    book(clinic, TOMORROW, modality=walk)
    booking.cancel_booking(book(clinic, TOMORROW + timedelta(hours=3)), by=clinic.maya, now=NOON)
    book(clinic, TOMORROW + timedelta(days=7))
    found = care(clinic)
    assert (found.held, found.ahead, found.days) == (0, 0, frozenset())


def test_without_a_prescription_nothing_is_counted(clinic):
    assert care(clinic) is None


@pytest.mark.parametrize(
    ("starts_on", "begins"), [(0, date(2026, 11, 23)), (6, date(2026, 11, 22)), (2, date(2026, 11, 18))]
)
def test_a_week_begins_on_the_weekday_of_the_program(clinic, starts_on, begins):
    ClinicalPolicy.objects.create(program=clinic.program, week_starts_on=starts_on)
    assert week_of(clinic.maya, day=None, now=NOON).begins == begins
    assert first_day(begins, starts_on) == begins


def test_the_week_is_cut_at_midnight_of_the_program_and_shown_by_the_person_s_own_clock(clinic):
    """Sunday 11:30 pm in New York is Monday morning in Berlin: it counts for the old week, and stands on Monday."""
    clinic.prescribe(clinic.maya)
    clinic.maya.zone = "Europe/Berlin"
    clinic.maya.save()
    book(clinic, datetime(2026, 11, 29, 23, 30, tzinfo=NEW_YORK), minutes=25)
    this, following = (week_of(clinic.maya, day=day, now=NOON) for day in (date(2026, 11, 29), date(2026, 11, 30)))
    assert (this.care.ahead, following.care.ahead) == (25, 0)
    assert [day.on for day in following.days if day.daytime] == [date(2026, 11, 30)]
    assert not any(day.daytime or day.evening for day in this.days)


def test_a_week_with_a_clock_change_has_all_its_hours(clinic):
    clinic.prescribe(clinic.maya)
    clinic.amara.clinician.credentials.update(expires_on=date(2028, 1, 1))
    begins = datetime(2027, 3, 14, 22, 0, tzinfo=NEW_YORK)
    book(clinic, begins)
    assert care(clinic, now=begins - timedelta(days=1)).ahead == 90


@pytest.mark.parametrize(("minutes", "said"), [(0, "0"), (45, "¾"), (60, "1"), (90, "1½"), (410, "6.8"), (540, "9")])
def test_hours_are_written_as_people_write_them(minutes, said):
    assert hours_read(minutes) == said


def test_what_comes_next_is_what_runs_now_or_begins_next(clinic):
    running = book(clinic, NOON - timedelta(minutes=30))
    later = book(clinic, TOMORROW)
    book(clinic, NOON - timedelta(days=1))
    assert [block.booking for block in next_two(clinic.maya, now=NOON)] == [running, later]


def test_what_comes_and_what_came_is_ones_own(clinic):
    ben = clinic.client("Ben")
    past, ahead = clinic.session(NOON - timedelta(days=1)), clinic.session(TOMORROW)
    theirs = [seated(ben, session) for session in (past, ahead)]
    here = {"programs": [clinic.program.pk], "now": NOON, "most": 5}

    def told(person):
        lists = (next_two(person, now=NOON), coming(person, **here), lately(person, **here))
        return [[block.booking for block in blocks] for blocks in lists]

    assert told(clinic.maya) == [[], [], []]
    assert told(ben) == [[theirs[1]], [theirs[1]], [theirs[0]]]


# ── The pages ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def maya(client, clinic):
    with time_machine.travel(NOON, tick=False):
        sign_in(client, clinic.maya)
        yield clinic.maya


def test_the_week_leads_to_cancelling_what_has_not_begun_and_only_that(client, clinic, maya):
    over, ahead = book(clinic, NOON - timedelta(hours=4)), book(clinic, TOMORROW)
    page = client.get(WEEK).content.decode()
    assert reverse("scheduling:cancel", args=[ahead.pk]) in page
    assert reverse("scheduling:cancel", args=[over.pk]) not in page
    assert "Not recorded yet" in page


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("present", "You were there"),
        ("late", "You were there, a little later"),
        ("left_early", "You were there, and left earlier"),
        ("excused", "Excused"),
        ("missed", "Missed"),
        ("cancelled", "Cancelled by us"),
    ],
)
def test_what_became_of_a_session_is_said_in_kind_words(client, clinic, maya, state, said):
    booked = book(clinic, NOON - timedelta(hours=4))
    say(clinic, booked, state)
    assert f"{said}</span>" in client.get(WEEK).content.decode()
    page = strip_tags(client.get(reverse("scheduling:booked", args=[booked.pk])).content.decode())
    assert said in page
    assert ("Nothing is lost: choose a time to make it up." in page) == (state == "missed")


def test_weeks_follow_one_another_and_odd_days_lead_to_this_one(client, clinic, maya):
    assert client.get(f"{WEEK}?day=2026-12-02").context["week"].begins == date(2026, 11, 30)
    for odd in ("", "?day=", "?day=0001-01-01", "?day=9999-12-31", "?day=2026-13-01", "?day[]=x"):
        assert client.get(WEEK + odd).context["week"].begins == date(2026, 11, 23)


def test_the_week_takes_the_same_queries_however_full_it_is(client, clinic, maya):
    clinic.prescribe(maya)
    book(clinic, TOMORROW)
    client.get(WEEK)

    def queries():
        with CaptureQueriesContext(connection) as asked:
            client.get(WEEK)
        return len(asked)

    few = queries()
    for days in range(1, 5):
        book(clinic, TOMORROW + timedelta(days=days), clinic.amara, clinic.jonah, room=clinic.room)
    assert queries() == few == 11


def test_today_tells_what_is_next_and_what_follows_it(client, clinic, maya):
    book(clinic, NOON + timedelta(hours=5, minutes=30), room=clinic.room, video=False)
    book(clinic, NOON + timedelta(hours=8), clinic.jonah)
    shown = client.get(reverse("home:landing")).context["next"]
    assert (shown.day, shown.what, shown.who, shown.place) == (
        "Tonight",
        "Skills group",
        "With Amara",
        "Room 2. Second floor",
    )
    assert strip_tags(shown.then) == "Then 8:00–9:30 pm, Skills group, by video"


def test_today_counts_the_hours_of_this_week(client, clinic, maya):
    assert client.get(reverse("home:landing")).context["week"] is None
    clinic.prescribe(maya)
    book(clinic, TOMORROW)
    shown = client.get(reverse("home:landing")).context["week"]
    assert (shown.hours, shown.days, shown.note) == ("1½ of 9 hours", "1 of 3 days", "7½ hours still to choose.")


@pytest.mark.parametrize(("minutes", "said"), [(1, "1 minute"), (90, "90 minutes"), (60, "1 hour"), (120, "2 hours")])
def test_a_length_is_said_in_hours_where_it_is_hours(minutes, said):
    assert length_in_words(minutes) == said


@pytest.mark.parametrize(
    ("minutes", "days", "words"),
    [
        (360, 2, ("6 of 9 hours", "2 of 3 days")),
        (540, 3, ("9 of 9 hours", "3 of 3 days")),
        (630, 4, ("10½ hours, 9 planned", "4 days, 3 planned")),
    ],
)
def test_more_than_what_is_planned_is_said_as_more(minutes, days, words):
    on = frozenset(NOON.date() + timedelta(days=day) for day in range(days))
    care = Care(held=minutes, ahead=0, days=on, held_days=on, wanted_hours=9, wanted_days=3)
    assert (care.hours_of_wanted, care.days_of_wanted) == words
