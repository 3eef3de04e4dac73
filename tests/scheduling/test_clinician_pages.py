"""What clinicians do with their time: weekly hours, days that differ, today, and who is booked."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.urls import reverse

from iop_portal.audit.models import Entry
from iop_portal.people.models import RoleHeld
from scheduling.hours import Stretch, hours_version, set_weekly_hours, weekly_hours
from scheduling.models import DayException, WeeklyHours
from tests.factories import (
    NOON,
    ModalityFactory,
    ProgramFactory,
    RoomFactory,
    clinician,
    enrolled,
    introduced,
    on_care_team,
    seated,
    session_at,
)
from tests.signing_in import sign_in
from tests.therapy.test_client_pages import words

pytestmark = pytest.mark.django_db
MY_HOURS = reverse("scheduling:my_hours")


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def program():
    return ProgramFactory(name="Harbor House", zone="America/New_York")


@pytest.fixture
def room(program):
    return RoomFactory(program=program, name="Room 2")


@pytest.fixture
def amara(client, program):
    user = clinician(program, preferred_name="Amara", surname="Osei")
    sign_in(client, user)
    return user


def monday(program):
    return reverse("scheduling:weekday_hours", args=[program.pk, 0])


def typed(*lines, seen="", initial=0, **more):
    """What the page posts: one line of hours for each of (from, until, room, video)."""
    data = {"form-TOTAL_FORMS": len(lines), "form-INITIAL_FORMS": initial, "seen": seen, **more}
    for at, (begins, ends, room, video) in enumerate(lines):
        data |= {f"form-{at}-begins": begins, f"form-{at}-ends": ends, f"form-{at}-room": room.pk if room else ""}
        data |= {f"form-{at}-video": "on"} if video else {}
    return data


def mondays(amara, program):
    return [(one.begins, one.ends, one.room, one.video) for one in weekly_hours(amara, program=program, weekday=0)]


# ── Every week ────────────────────────────────────────────────────────────────────────────────────────────────


def test_hours_are_added_and_shown(client, amara, program, room):
    lines = (("09:00", "12:00", room, True), ("13:00", "17:00", None, True), ("", "", None, False))
    response = client.post(monday(program), typed(*lines), follow=True)
    assert response.redirect_chain == [(MY_HOURS, 302)]
    assert "9:00 am–12:00 pm · Room 2, or by video" in words(response)
    assert "1:00–5:00 pm · By video" in words(response)
    assert "10 minutes before and after each of your sessions stay free." in words(response)
    assert mondays(amara, program) == [(time(9), time(12), room, True), (time(13), time(17), None, True)]


def test_hours_are_changed_and_removed(client, amara, program, room):
    set_weekly_hours(
        amara,
        program=program,
        weekday=0,
        stretches=[Stretch(time(9), time(12), room), Stretch(time(13), time(17))],
        by=amara,
        now=NOON,
    )
    seen = hours_version(weekly_hours(amara, program=program, weekday=0))
    lines = (("10:00", "12:00", room, False), ("13:00", "17:00", None, True), ("", "", None, False))
    client.post(monday(program), typed(*lines, seen=seen, initial=2, **{"form-1-DELETE": "on"}))
    assert mondays(amara, program) == [(time(10), time(12), room, False)]
    assert client.get(monday(program)).status_code == 200


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([("12:00", "09:00", None, True)], "Hours have to end after they begin."),
        ([("09:00", "12:00", None, False)], "Choose a room, or say that you work by video, or both."),
        ([("09:00", "12:00", None, True), ("11:00", "14:00", None, True)], "These hours overlap others"),
        ([("25:00", "12:00", None, True)], "Enter a valid time."),
        ([("09:00", "", None, True)], "Fill in “Until”"),
    ],
)
def test_a_refusal_stands_in_the_page_and_nothing_typed_is_lost(client, amara, program, lines, sentence):
    response = client.post(monday(program), typed(*lines))
    assert sentence in words(response)
    for at, (begins, ends, _room, _video) in enumerate(lines):
        assert response.context["formset"].forms[at]["begins"].value() == begins
        assert response.context["formset"].forms[at]["ends"].value() == ends
    assert mondays(amara, program) == []


def test_a_room_of_another_program_or_out_of_use_is_not_taken(client, amara, program):
    for other in (RoomFactory(), RoomFactory(program=program, in_use=False)):
        response = client.post(monday(program), typed(("09:00", "12:00", other, True)))
        assert "Choose one of the answers to “Room”" in words(response)
    assert mondays(amara, program) == []


def test_a_stale_page_is_refused_once_shows_both_and_then_means_it(client, amara, program):
    set_weekly_hours(amara, program=program, weekday=0, stretches=[Stretch(time(8), time(9))], by=amara, now=NOON)
    stale = typed(("13:00", "17:00", None, True), seen="")
    response = client.post(monday(program), stale)
    assert response.status_code == 409
    assert "Somebody changed this while you had it open" in words(response)
    assert "8:00–9:00 am" in words(response)
    assert mondays(amara, program) == [(time(8), time(9), None, True)]
    client.post(monday(program), stale | {"seen": response.context["form"]["seen"].value()})
    assert mondays(amara, program) == [(time(13), time(17), None, True)]


@pytest.mark.parametrize("weekday", [7, 99])
def test_an_eighth_day_does_not_exist(client, amara, program, weekday):
    assert client.get(reverse("scheduling:weekday_hours", args=[program.pk, weekday])).status_code == 404


def test_a_program_where_one_does_not_work_does_not_exist(client, amara):
    elsewhere = ProgramFactory()
    assert client.get(monday(elsewhere)).status_code == 404
    assert client.post(monday(elsewhere), typed(("09:00", "12:00", None, True))).status_code == 404
    assert WeeklyHours.objects.count() == 0


def test_hours_are_kept_for_something_and_stay_so_when_they_are_saved_again(client, amara, program):
    talk, first, other = (
        ModalityFactory(program=program, name=name, format="individual")
        for name in ("Counselling", "First talk", "Medication visit")
    )
    introduced(amara, talk, first, ModalityFactory(program=program))
    kept = typed(("09:00", "12:00", None, True), ("", "", None, False)) | {"form-0-only_for": [first.pk]}
    response = client.post(monday(program), kept, follow=True)
    assert "9:00 am–12:00 pm · By video · only First talk" in words(response)
    page = client.get(monday(program))
    assert [label for _key, label in page.context["formset"].forms[0]["only_for"].field.choices] == [
        "Counselling",
        "First talk",
    ]
    assert page.context["formset"].forms[0]["only_for"].value() == [first.pk]
    seen = hours_version(weekly_hours(amara, program=program, weekday=0))
    client.post(monday(program), kept | {"form-INITIAL_FORMS": 1, "seen": seen})
    assert [line.way_keys for line in weekly_hours(amara, program=program, weekday=0)] == [[first.pk]]
    refused = client.post(monday(program), kept | {"form-0-only_for": [other.pk]})
    assert "Choose one of the answers to “Only for”" in words(refused)


def test_who_gives_nothing_one_to_one_keeps_hours_for_nothing(client, amara, program):
    introduced(amara, ModalityFactory(program=program))
    assert "Only for" not in words(client.get(monday(program)))


# ── One day ───────────────────────────────────────────────────────────────────────────────────────────────────


def one_day(program, on="2026-12-01"):
    return reverse("scheduling:except_day", args=[program.pk, on])


def test_what_is_booked_on_the_day_stands_first(client, amara, program):
    late = datetime(2026, 12, 1, 23, 30, tzinfo=ZoneInfo(program.zone))
    for begins in (late, late + timedelta(days=1), late - timedelta(days=1)):
        session_at(ModalityFactory(program=program, name=f"Group {begins:%d}"), begins, amara, minutes=20)
    said = words(client.get(one_day(program)))
    assert "Group 01" in said
    assert "Group 30" not in said
    assert "Group 02" not in said


def test_a_day_off_is_taken_and_taken_back(client, amara, program):
    response = client.post(one_day(program), typed(kind="off"), follow=True)
    assert "Tuesday 1 December" in words(response)
    assert "Away all day" in words(response)
    exception = DayException.objects.get()
    client.post(reverse("scheduling:end_exception", args=[exception.pk]))
    assert DayException.objects.count() == 0


def test_other_hours_hold_on_one_day(client, amara, program, room):
    client.post(one_day(program), typed(("10:00", "12:00", room, False), kind="other"))
    (line,) = DayException.objects.get(on=date(2026, 12, 1)).hours.all()
    assert (line.begins, line.ends, line.room, line.video) == (time(10), time(12), room, False)


def test_other_hours_of_one_day_are_kept_for_something(client, amara, program):
    way = ModalityFactory(program=program, name="Counselling", format="individual")
    introduced(amara, way)
    kept = typed(("10:00", "12:00", None, True), kind="other") | {"form-0-only_for": [way.pk]}
    assert "10:00 am–12:00 pm · By video · only Counselling" in words(client.post(one_day(program), kept, follow=True))


def test_other_hours_without_any_are_refused(client, amara, program):
    response = client.post(one_day(program), typed(("", "", None, False), kind="other"))
    assert "Say from when until when you work" in words(response)
    assert DayException.objects.count() == 0


def test_a_day_that_has_passed_or_has_been_changed_already_is_refused(client, amara, program):
    choose = reverse("scheduling:choose_day", args=[program.pk])
    assert "Choose a day that has not passed." in words(client.get(choose, {"on": "2026-11-23"}))
    response = client.post(one_day(program, "2026-11-23"), typed(kind="off"))
    assert "Choose a day that has not passed." in words(response)
    client.post(one_day(program), typed(kind="off"))
    response = client.post(one_day(program), typed(kind="off"))
    assert response.status_code == 409
    assert "You have said something about this day already." in words(response)
    assert DayException.objects.count() == 1


@pytest.mark.parametrize("on", ["tomorrow", "2026-02-30", "20261125", "2026-W48-3", "9" * 40])
def test_a_day_that_is_none_does_not_exist(client, amara, program, on):
    assert client.get(one_day(program, on)).status_code == 404


def test_nobody_takes_back_another_clinicians_day(client, amara, program):
    other = DayException.objects.create(clinician=clinician(program), program=program, on=date(2026, 12, 1))
    assert client.post(reverse("scheduling:end_exception", args=[other.pk])).status_code == 404


def test_the_hours_and_days_of_others_are_not_among_ones_own(client, amara, program):
    jonah = clinician(program)
    set_weekly_hours(jonah, program=program, weekday=0, stretches=[Stretch(time(8), time(9))], by=jonah, now=NOON)
    DayException.objects.create(clinician=jonah, program=program, on=date(2026, 12, 1))
    (working,) = client.get(reverse("scheduling:my_hours")).context["working"]
    assert ([day.lines for day in working.week if day.lines], working.exceptions) == ([], [])


# ── Today, and who is booked ──────────────────────────────────────────────────────────────────────────────────


def test_today_shows_sessions_with_room_seats_and_names_and_how_soon_the_next_begins(client, amara, program, room):
    group = session_at(
        ModalityFactory(program=program, name="Skills group"),
        NOON + timedelta(minutes=8),
        amara,
        room=room,
        video=False,
    )
    seated(enrolled(program, preferred_name="Ana", surname="Kowalski"), group)
    theo = enrolled(program, preferred_name="Theo", surname="Reed")
    way = ModalityFactory(program=program, name="Counselling", format="individual")
    seated(theo, session_at(way, NOON + timedelta(hours=3), amara, capacity=1, listed=False))
    session_at(way, NOON + timedelta(hours=20), amara, capacity=1, listed=False)
    said = words(client.get(reverse("home:caseload")))
    assert "2 sessions · Nothing needs you right now" in said
    assert "Skills group Room 2 · 1 of 8 booked · in 8 minutes Ana K." in said
    assert "Theo R. Counselling · video" in said
    assert "Kowalski" not in said


def test_the_day_says_with_whom_one_leads(client, amara, program):
    jonah, tom = (clinician(program, preferred_name=name, surname="Weiss") for name in ("Jonah", "Tom"))
    session_at(ModalityFactory(program=program, name="Skills group"), NOON, amara, jonah, tom)
    session_at(ModalityFactory(program=program, name="Art group"), NOON + timedelta(hours=2), amara)
    said = words(client.get(reverse("home:caseload")))
    assert "Skills group video · 0 of 8 booked · with Jonah and Tom" in said
    assert "Art group video · 0 of 8 booked Roster" in said
    assert "with Jonah and Tom" in words(client.get(one_day(program, "2026-11-24")))


@pytest.mark.parametrize("size", [1, 6])
def test_the_day_costs_the_same_however_full_it_is(client, amara, program, size, django_assert_num_queries):
    way = ModalityFactory(program=program)
    for at in range(size):
        session = session_at(way, NOON + timedelta(minutes=40 * at), amara, minutes=30)
        for _ in range(size):
            seated(enrolled(program), session)
    client.get(reverse("home:caseload"))
    with django_assert_num_queries(DAY_QUERIES):
        client.get(reverse("home:caseload"))


DAY_QUERIES = 12


@pytest.mark.parametrize("size", [1, 6])
def test_hours_cost_the_same_however_many_there_are(client, amara, program, size, django_assert_num_queries):
    talks = [ModalityFactory(program=program, format="individual") for _ in range(6)]
    for weekday in range(size):
        stretches = [Stretch(time(8 + n), time(9 + n)) for n in range(size)]
        set_weekly_hours(amara, program=program, weekday=weekday, stretches=stretches, by=amara, now=NOON)
        for line in WeeklyHours.objects.filter(weekday=weekday):
            line.only_for.add(*talks[:size])
        exception = DayException.objects.create(clinician=amara, program=program, on=date(2026, 12, 1 + weekday))
        exception.hours.create(begins=time(9), ends=time(10), video=True)
    client.get(MY_HOURS)
    with django_assert_num_queries(HOURS_QUERIES):
        client.get(MY_HOURS)


HOURS_QUERIES = 8


def roster(session):
    return reverse("scheduling:roster", args=[session.pk])


def test_who_leads_a_session_sees_everybody_who_is_booked_and_leaves_a_trace(client, amara, program):
    group = session_at(ModalityFactory(program=program), NOON, amara)
    seated(enrolled(program, preferred_name="Ana", surname="Kowalski"), group)
    gone = enrolled(program, preferred_name="Ben", surname="Stone")
    seated(gone, group, state="cancelled", occupies=False, cancelled_at=NOON)
    said = words(client.get(roster(group)))
    assert "Ana K." in said
    assert "Ben" not in said
    assert "1 of 8" in said
    assert [(one.actor, one.object_id, one.facts) for one in Entry.objects.filter(verb="roster.read")] == [
        (amara, group.pk, {"count": 1})
    ]


def test_a_record_is_led_to_where_one_may_open_it(client, amara, program):
    group = session_at(ModalityFactory(program=program), NOON, amara)
    maya, ana = enrolled(program), enrolled(program)
    on_care_team(amara, maya)
    for person in (maya, ana):
        seated(person, group)
    page = client.get(roster(group)).content.decode()
    assert reverse("home:client", args=[maya.pk]) in page
    assert reverse("home:client", args=[ana.pk]) not in page


def test_a_care_team_sees_its_own_client_on_it_and_how_many_others(client, amara, program):
    group = session_at(ModalityFactory(program=program), NOON, clinician(program))
    maya = enrolled(program, preferred_name="Maya", surname="Torres")
    on_care_team(amara, maya)
    seated(maya, group)
    seated(enrolled(program, preferred_name="Ana", surname="Kowalski"), group)
    said = words(client.get(roster(group)))
    assert "Maya T." in said
    assert "Ana" not in said
    assert "2 of 8" in said


def test_a_session_that_is_nothing_of_ones_own_does_not_exist(client, amara, program):
    group = session_at(ModalityFactory(program=program), NOON, clinician(program))
    seated(enrolled(program), group)
    assert client.get(roster(group)).status_code == 404
    own = session_at(ModalityFactory(program=program), NOON, amara)
    RoleHeld.objects.filter(user=amara).delete()
    RoleHeld.objects.create(user=amara, program=ProgramFactory(), role="clinician")
    assert client.get(roster(own)).status_code == 404


@pytest.mark.parametrize("on", ["0001-01-01", "1999-12-31", "2026-11-23", "2101-01-01", "9999-12-31"])
def test_a_day_that_nobody_changes_is_refused_in_words(client, amara, program, on):
    chosen = client.get(reverse("scheduling:choose_day", args=[program.pk]), {"on": on})
    assert chosen.status_code == 400
    assert "Choose a day" in words(chosen)
    url = reverse("scheduling:except_day", args=[program.pk, on])
    assert client.get(url).status_code in (200, 404)
    assert client.post(url, {"kind": "off"}).status_code in (400, 404)
    assert DayException.objects.count() == 0
