"""The timetable of the week: what is held, where, by whom and how full; never who comes."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.urls import reverse
from django.utils.html import strip_tags
from psycopg2.extras import DateTimeTZRange

from iop_portal.people.models import RoleHeld
from scheduling.models import TimeOff, TrackSeries
from tests.factories import (
    NOON,
    ModalityFactory,
    ProgramFactory,
    RoomFactory,
    TrackFactory,
    admin,
    clinician,
    enrolled,
    introduced,
    on_care_team,
    seated,
    session_at,
    weekly,
)
from tests.signing_in import sign_in
from tests.therapy.test_client_pages import words
from therapy.models import ClinicalPolicy

pytestmark = pytest.mark.django_db
URL = reverse("scheduling:timetable")


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def program():
    return ProgramFactory(name="Harbor House", zone="America/New_York")


@pytest.fixture
def amara(client, program):
    user = clinician(program, preferred_name="Amara", surname="Osei")
    sign_in(client, user)
    return user


@pytest.fixture
def jonah(program):
    return clinician(program, preferred_name="Jonah", surname="Weiss")


@pytest.fixture
def group(program):
    return ModalityFactory(program=program, name="Skills group")


@pytest.fixture
def talk(program):
    return ModalityFactory(program=program, name="Counselling", format="individual")


def at(program, day, hour, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo(program.zone))


def told(response):
    """What stands on each line that has anything, day by day."""
    lines = response.context["timetable"].lines
    return {
        line.name: [
            (
                f"{cell.on:%a}",
                *(f"{strip_tags(entry.what)}: {entry.text}".replace("\xa0", " ") for entry in cell.entries),
            )
            for cell in line.cells
            if cell.entries
        ]
        for line in lines
        if any(cell.entries for cell in line.cells)
    }


def test_each_clinician_has_a_line_that_says_where_with_whom_and_how_full(client, amara, jonah, program, group, talk):
    room = RoomFactory(program=program, name="Room 2")
    held = session_at(group, at(program, 24, 17, 30), amara, jonah, room=room, video=True)
    seated(enrolled(program), held)
    seated(enrolled(program), held, state="cancelled", occupies=False, cancelled_at=NOON)
    seated(enrolled(program), session_at(talk, at(program, 26, 9), jonah, minutes=50, capacity=1, listed=False))
    response = client.get(URL)
    assert told(response) == {
        "Amara Osei": [("Tue", "Skills group: Room 2, with Jonah · also by video · 1 of 8")],
        "Jonah Weiss": [
            ("Tue", "Skills group: Room 2, with Amara · also by video · 1 of 8"),
            ("Thu", "Counselling: by video"),
        ],
    }
    assert "5:30–7:00 pm" in words(response)


def test_each_room_has_a_line_with_initials_where_it_is_one_to_one(client, amara, jonah, program, group, talk):
    room = RoomFactory(program=program, name="Room 2")
    session_at(group, at(program, 24, 17, 30), amara, jonah, room=room, video=False)
    session_at(talk, at(program, 24, 9), jonah, minutes=50, room=room, capacity=1, listed=False)
    session_at(talk, at(program, 25, 9), amara, minutes=50, capacity=1, listed=False)
    assert told(client.get(URL, {"by": "room"})) == {
        "Room 2": [("Tue", "Counselling: J. W. · also by video", "Skills group: Amara and Jonah · 0 of 8")],
        "By video": [("Wed", "Counselling: A. O.")],
    }


def test_nobody_who_is_booked_is_named_not_even_ones_own_clients(client, amara, jonah, program, group, talk):
    for leader, way in ((amara, talk), (jonah, talk), (amara, group), (jonah, group)):
        person = enrolled(program, preferred_name="Zq-ana", surname="Zq-kowalski")
        on_care_team(leader, person)
        hour = 9 + 2 * [talk, group].index(way)
        seated(person, session_at(way, at(program, 24, hour), leader, capacity=1, minutes=50))
    for by in ("clinician", "room"):
        response = client.get(URL, {"by": by})
        assert str(told(response)).count("Counselling") == 2
        assert "Zq-" not in response.content.decode()


def test_an_admin_sees_the_same_without_a_way_to_a_roster(client, amara, program, group):
    own = session_at(group, at(program, 24, 9), amara)
    assert reverse("scheduling:roster", args=[own.pk]) in client.get(URL).content.decode()
    sign_in(client, admin(program))
    page = client.get(URL)
    assert told(page) == {"Amara Osei": [("Tue", "Skills group: by video · 0 of 8")]}
    assert "/sessions/" not in page.content.decode()


def test_one_opens_rosters_from_it_only_of_what_one_leads(client, amara, jonah, program, group):
    session_at(group, at(program, 24, 9), jonah)
    assert "/sessions/" not in client.get(URL).content.decode()


def test_a_program_where_one_does_not_work_is_not_shown(client, amara, program, group):
    away = ProgramFactory(name="Far House")
    session_at(ModalityFactory(program=away), at(program, 24, 9), clinician(away))
    response = client.get(URL, {"program": away.pk})
    assert (response.context["timetable"].program, told(response)) == (program, {})
    assert "Far House" not in words(response)
    RoleHeld.objects.create(user=amara, program=away, role="clinician")
    response = client.get(URL, {"program": away.pk})
    assert response.context["timetable"].program == away
    assert len(told(response)) == 1


@pytest.mark.parametrize(
    ("wish", "lines"),
    [
        ({"clinician": "jonah"}, {"Jonah Weiss": 2}),
        ({"room": "room"}, {"Amara Osei": 1, "Jonah Weiss": 1}),
        ({"way": "talk"}, {"Jonah Weiss": 1}),
        ({"clinician": "amara", "way": "talk"}, {}),
        ({"clinician": "nobody"}, {"Amara Osei": 1, "Jonah Weiss": 2}),
    ],
)
def test_it_is_narrowed(client, amara, jonah, program, group, talk, wish, lines):
    room = RoomFactory(program=program)
    session_at(group, at(program, 24, 17), amara, jonah, room=room)
    session_at(talk, at(program, 26, 9), jonah, minutes=50)
    keys = {"jonah": jonah.pk, "amara": amara.pk, "room": room.pk, "talk": talk.pk, "nobody": "x"}
    response = client.get(URL, {name: keys[value] for name, value in wish.items()})
    assert {name: len(days) for name, days in told(response).items()} == lines
    assert ("Nothing like that is held in this week." in words(response)) == (not lines)


def test_it_is_narrowed_to_what_a_track_has(client, amara, jonah, program, group):
    introduced(amara, group)
    series = weekly(group, amara, by=admin(program), now=NOON)
    evening, morning, day = (TrackFactory(program=program) for _ in range(3))
    for track in (evening, morning):
        TrackSeries.objects.create(track=track, series=series, phases=["core"])
    session_at(group, NOON + timedelta(days=7), jonah)
    wish = {"day": "2026-12-01"}
    assert [*told(client.get(URL, wish))] == ["Amara Osei", "Jonah Weiss"]
    assert [*told(client.get(URL, wish | {"track": evening.pk}))] == ["Amara Osei"]
    assert told(client.get(URL, wish | {"track": day.pk})) == {}


def test_weeks_are_the_programs_own_by_its_own_clock(client, amara, program, group):
    """Sunday evening in New York is Monday where the reader is, and the program's week begins on Sunday."""
    amara.zone = "Asia/Tokyo"
    amara.save()
    ClinicalPolicy.objects.create(program=program, week_starts_on=6)
    session_at(group, at(program, 22, 20), amara)
    session_at(group, at(program, 28, 20), amara)
    session_at(group, at(program, 29, 20), amara)
    response = client.get(URL)
    assert [day for day, *_ in told(response)["Amara Osei"]] == ["Sun", "Sat"]
    assert "8:00–9:30 pm" in words(response)
    assert "by the clock in New York" in words(response)
    after = client.get(URL + response.context["here"]["after"])
    assert [f"{day:%a %d}" for day in after.context["timetable"].days][:2] == ["Sun 29", "Mon 30"]
    assert client.get(URL, {"day": "9999-12-31"}).context["timetable"].begins == response.context["timetable"].begins


def test_a_weekend_without_anything_takes_no_room(client, amara, program, group):
    session_at(group, at(program, 24, 20), amara)
    assert len(client.get(URL).context["timetable"].days) == 5
    session_at(group, at(program, 28, 20), amara)
    assert [f"{day:%a}" for day in client.get(URL).context["timetable"].days][-1] == "Sat"


def away(person, program, begin, end, **fields):
    days = DateTimeTZRange(begin, end, "[)")
    return TimeOff.objects.create(
        clinician=person, program=program, during=days, noted_at=NOON, noted_by=person, **fields
    )


def test_who_is_away_is_seen_day_by_day_until_it_is_taken_back(client, amara, jonah, program):
    away(jonah, program, at(program, 23, 13), at(program, 25, 12))
    away(jonah, program, at(program, 26, 9), at(program, 26, 10, 30))
    away(amara, program, at(program, 23, 0), at(program, 24, 0), ended_at=NOON, ended_by=amara)
    away(jonah, ProgramFactory(), at(program, 27, 0), at(program, 28, 0))
    lines = {line.name: line.cells for line in client.get(URL).context["timetable"].lines}
    assert [cell.away for cell in lines["Amara Osei"]] == [()] * 5
    assert [list(cell.away) for cell in lines["Jonah Weiss"]] == [
        ["Away from 1:00 pm"],
        ["Away"],
        ["Away until 12:00 pm"],
        ["Away from 9:00 am until 10:30 am"],
        [],
    ]


def test_who_left_stands_there_while_they_lead_something_and_cancelled_sessions_do_not(client, amara, program, group):
    gone = clinician(program, preferred_name="Tom", surname="Beck", is_active=False)
    session_at(group, at(program, 24, 9), gone, room=RoomFactory(program=program, name="Old room", in_use=False))
    session_at(group, at(program, 24, 12), gone, live=False, state="cancelled")
    assert told(client.get(URL)) == {
        "Tom Beck": [("Tue", "Skills group: Old room · also by video · 0 of 8")],
    }
    assert "Old room" in told(client.get(URL, {"by": "room"}))


@pytest.mark.parametrize("people", [2, 30])
@pytest.mark.parametrize("by", ["clinician", "room"])
def test_it_costs_the_same_for_two_clinicians_as_for_thirty(
    client, amara, program, by, people, django_assert_num_queries
):
    group = ModalityFactory(program=program)
    rooms = [RoomFactory(program=program) for _ in range(people)]
    for number in range(people):
        leader = clinician(program)
        for day in range(2):
            held = session_at(group, at(program, 24 + day, 9), leader, room=rooms[number])
            for _ in range(day):
                seated(enrolled(program), held)
        away(leader, program, at(program, 26, 0), at(program, 28, 0))
    client.get(URL)
    with django_assert_num_queries(TIMETABLE_QUERIES[by]):
        assert len(told(client.get(URL, {"by": by}))) == people


# By room nobody is asked who is away.
TIMETABLE_QUERIES = {"clinician": 10, "room": 9}
