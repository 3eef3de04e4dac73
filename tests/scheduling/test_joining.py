"""At the door of a session: where to go, or where somebody is; who waits, who is let in, and who is not."""

from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from psycopg2.extras import DateTimeTZRange

from iop_portal.accounts.sessions import TOUCHED
from iop_portal.audit.models import Entry
from iop_portal.consents.consenting import revoke_consent
from iop_portal.consents.models import Category
from iop_portal.people.models import RoleHeld
from iop_portal.people.roles import Role
from scheduling import booking, joining, video
from scheduling.joining import Said, Stage, TooEarlyToJoin, door_of, tidy_whereabouts
from scheduling.models import Arrival, Booking, Session, VideoRoom, Whereabouts
from scheduling.tasks import tidy_whereabouts as tidy_task
from scheduling.week import with_sessions
from tests.factories import (
    NOON,
    ModalityFactory,
    clinician,
    held,
    introduced,
    on_care_team,
    permission_of,
    seated,
)
from tests.scheduling.booking_world import Clinic
from tests.signing_in import sign_in
from tests.therapy.test_client_pages import words
from therapy.models import Format

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
BEGINS = NOON + timedelta(hours=2)
DOORS = BEGINS - timedelta(minutes=15)
ENDS = BEGINS + timedelta(minutes=90)
ADDRESS = "https://video.example/amara-room?pwd=1"
AT_HOME = {"place": "at home: 7 Elm Row, Zq-town", "state": "NY", "phone": "(212) 555-0101", "in_private": "yes"}
SAID = Said(AT_HOME["place"], "NY", AT_HOME["phone"], in_private=True)


@pytest.fixture
def clinic():
    return Clinic(zone="America/New_York", address="14 Mill Street", phone="(212) 555-0142")


@pytest.fixture(autouse=True)
def at():
    """The door has just opened; `at(moment)` goes on."""
    with time_machine.travel(DOORS, tick=False) as clock:
        yield clock.move_to


@pytest.fixture
def call(clinic):
    return clinic.session(BEGINS)


@pytest.fixture
def visit(clinic):
    return clinic.session(BEGINS, room=clinic.room, video=False)


def signed_in(person):
    return sign_in(Client(), person)


@pytest.fixture
def maya(clinic):
    return signed_in(clinic.maya)


@pytest.fixture
def amara(clinic):
    return signed_in(clinic.amara)


def join_url(booked):
    return reverse("scheduling:join", args=[booked.pk])


def door(booked, stage=""):
    return reverse("scheduling:door", args=[booked.pk]) + f"?stage={stage}"


def heading(page):
    return page.content.decode().partition("<h1>")[2].partition("</h1>")[0].rpartition("</svg>")[2].strip()


def open_up(clinic, session, address=ADDRESS):
    return video.open_room(session, address=address, by=clinic.amara, now=BEGINS)


# ── In a room ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_in_a_room_it_says_where_to_go_and_saying_that_one_is_here_is_a_wish(clinic, maya, visit):
    booked = seated(clinic.maya, visit)
    page = maya.get(join_url(booked))
    assert heading(page) == "Where to go"
    assert "Room 2. Second floor. 14 Mill Street" in words(page)
    assert "There are steps." in words(page)

    page = maya.post(reverse("scheduling:here", args=[booked.pk]), follow=True)
    assert heading(page) == "We know that you are here"
    assert "Since 1:45 pm." in words(page)
    arrival = Arrival.objects.get()
    assert (arrival.booking, arrival.at, arrival.by_video) == (booked, DOORS, False)
    assert Entry.objects.get(verb="arrival.in_room").client == clinic.maya


def test_a_room_that_can_be_reached_without_steps_says_so(clinic, maya, visit):
    clinic.room.step_free = True
    clinic.room.save()
    assert "Without steps" in words(maya.get(join_url(seated(clinic.maya, visit))))


def test_where_there_is_a_room_and_video_one_may_change_ones_mind(clinic, maya):
    booked = seated(clinic.maya, clinic.session(BEGINS, room=clinic.room))
    assert heading(maya.get(join_url(booked))) == "Where to go"
    assert heading(maya.get(join_url(booked) + "?video")) == "Before you join"
    maya.post(join_url(booked), AT_HOME)
    assert Arrival.objects.get().by_video is True

    maya.post(reverse("scheduling:here", args=[booked.pk]))
    assert heading(maya.get(join_url(booked))) == "We know that you are here"
    assert (Arrival.objects.get().by_video, Whereabouts.objects.count()) == (False, 0)


@pytest.mark.parametrize(
    ("session", "ask", "sentence"),
    [("call", "here", "held by video alone"), ("visit", "join", "not held by video")],
)
def test_nobody_comes_where_it_is_not_held(clinic, maya, request, session, ask, sentence):
    booked = seated(clinic.maya, request.getfixturevalue(session))
    page = maya.post(reverse(f"scheduling:{ask}", args=[booked.pk]), AT_HOME)
    assert page.status_code == 409
    assert sentence in words(page)
    assert not Arrival.objects.exists()


# ── By video ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_is_asked_waits_and_sees_the_address_only_once_the_room_is_open(clinic, maya, call):
    clinic.maya.phone = "(646) 555-0199"
    clinic.maya.save()
    booked = seated(clinic.maya, call)
    page = maya.get(join_url(booked))
    assert heading(page) == "Before you join"
    assert 'value="(646) 555-0199"' in page.content.decode()

    page = maya.post(join_url(booked), AT_HOME, follow=True)
    assert heading(page) == "You are at the door. Amara lets you in."
    assert "at home: 7 Elm Row, Zq-town, New York" in words(page)
    assert "video.example" not in page.content.decode()

    open_up(clinic, call)
    page = maya.get(join_url(booked))
    assert heading(page) == "The room is open"
    assert f'href="{ADDRESS}" target="_blank" rel="noopener noreferrer"' in page.content.decode()
    arrival = Arrival.objects.get()
    assert (arrival.at, arrival.joined_at) == (DOORS, DOORS)
    verbs = Entry.objects.filter(client=clinic.maya).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["arrival.by_video", "arrival.joined"]


def test_an_open_room_is_not_told_to_who_has_not_said_where_they_are(clinic, maya, call):
    booked = seated(clinic.maya, call)
    open_up(clinic, call)
    for page in (maya.get(join_url(booked)), maya.get(door(booked)), maya.post(join_url(booked), {"place": ""})):
        assert "video.example" not in page.content.decode()
    assert heading(page) == "Before you join"


def test_a_closed_room_is_told_to_nobody_any_more(clinic, maya, call):
    booked = seated(clinic.maya, call)
    maya.post(join_url(booked), AT_HOME)
    open_up(clinic, call)
    maya.get(join_url(booked))
    video.close_room(call, by=clinic.amara, now=BEGINS)
    page = maya.get(join_url(booked))
    assert heading(page) == "The room is closed for now"
    assert "video.example" not in page.content.decode()


def test_who_may_be_overheard_is_advised_and_goes_on(clinic, maya, call):
    booked = seated(clinic.maya, call)
    page = maya.post(join_url(booked), {**AT_HOME, "in_private": "no"}, follow=True)
    assert heading(page) == "You are at the door. Amara lets you in."
    assert "Others may hear you" in words(page)
    open_up(clinic, call)
    assert ADDRESS in maya.get(join_url(booked)).content.decode()


def test_what_was_said_can_be_changed_and_is_not_forgotten_meanwhile(clinic, maya, call):
    booked = seated(clinic.maya, call)
    maya.post(join_url(booked), AT_HOME)
    page = maya.get(join_url(booked) + "?again")
    assert 'value="at home: 7 Elm Row, Zq-town"' in page.content.decode()
    maya.post(join_url(booked), {**AT_HOME, "place": "in a parked car, Oak Street", "state": "NJ"})
    told = Whereabouts.objects.get()
    assert (told.place, told.state) == ("in a parked car, Oak Street", "NJ")
    assert Arrival.objects.get().at == DOORS


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"place": ""}, "Fill in “Where are you now?”"),
        ({"place": "x" * 201}, "it may have 200 characters, and has 201."),
        ({"place": "home\nBcc: all"}, "Use letters, signs and spaces only, on one line."),
        ({"state": ""}, "Choose an answer for “In which state is that?”"),
        ({"state": "QQ"}, "Choose one of the answers to “In which state is that?”"),
        ({"phone": ""}, "Fill in “On which number can we call you back?”"),
        ({"phone": "none"}, "Write the whole number, with the area code."),
        ({"phone": "5" * 41}, "it may have 40 characters, and has 41."),
        ({"in_private": ""}, "Choose an answer for “Are you somewhere where nobody can listen?”"),
        ({"in_private": "maybe"}, "Choose one of the answers"),
    ],
)
def test_a_bad_answer_is_mended_and_nothing_typed_is_lost(clinic, maya, call, change, sentence):
    page = maya.post(join_url(seated(clinic.maya, call)), AT_HOME | change)
    assert page.status_code == 400
    assert sentence in words(page)
    kept = page.context["form"]
    assert {name: kept[name].value() for name in AT_HOME} == AT_HOME | change
    assert not Arrival.objects.exists()


def test_where_somebody_is_lies_sealed(clinic, maya, call):
    maya.post(join_url(seated(clinic.maya, call)), AT_HOME)
    with connection.cursor() as cursor:
        cursor.execute("SELECT place, state, phone FROM scheduling_whereabouts")
        row = cursor.fetchone()
    assert all(value.startswith("gAAAA") for value in row)


# ── When, and who ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("moment", "first", "status", "sentence"),
    [
        (DOORS - MINUTE, "You can join from 1:45 pm", 409, "You can join from 1:45 pm on."),
        (DOORS - timedelta(days=1), "You can join from 1:45 pm", 409, "from Tuesday 24 November, 1:45 pm on"),
        (DOORS, "Before you join", 302, ""),
        (ENDS - MINUTE, "Before you join", 302, ""),
        (ENDS, "This session is over", 409, "This session is over."),
    ],
)
def test_the_door_is_open_from_fifteen_minutes_before_until_the_end(
    clinic, maya, call, at, moment, first, status, sentence
):
    booked = seated(clinic.maya, call)
    at(moment)
    maya = signed_in(clinic.maya)
    assert heading(maya.get(join_url(booked))) == first
    page = maya.post(join_url(booked), AT_HOME)
    assert page.status_code == status
    assert sentence in (words(page) if sentence else "")
    assert Arrival.objects.exists() == (status == 302)


def test_who_cancelled_a_second_ago_learns_nothing_any_more(clinic, maya, call):
    booked = seated(clinic.maya, call)
    maya.post(join_url(booked), AT_HOME)
    open_up(clinic, call)
    booking.cancel_booking(booked, by=clinic.maya, now=DOORS)
    page = maya.get(join_url(booked))
    assert (page.status_code, heading(page)) == (410, "You are not booked here any more")
    for each in (page, maya.get(door(booked)), maya.post(join_url(booked), AT_HOME)):
        assert "video.example" not in each.content.decode()
        assert heading(each) == "You are not booked here any more"
    assert maya.post(reverse("scheduling:here", args=[booked.pk])).status_code == 409


def test_somebody_elses_booking_does_not_exist(clinic, maya, call):
    booked = seated(clinic.client("Ben"), call)
    for page in (maya.get(join_url(booked)), maya.post(join_url(booked), AT_HOME), maya.get(door(booked))):
        assert page.status_code == 404
    assert maya.post(reverse("scheduling:here", args=[booked.pk])).status_code == 404


def test_a_relative_who_is_booked_joins_by_their_own_booking(clinic, call):
    seated(clinic.maya, call)
    relative = held(Role.FAMILY, clinic.program, preferred_name="Rosa")
    booked = seated(relative, call, takes_seat=False)
    rosa = signed_in(relative)
    assert reverse("scheduling:join", args=[booked.pk]) in rosa.get("/").content.decode()
    page = rosa.post(join_url(booked), AT_HOME, follow=True)
    assert heading(page) == "You are at the door. Amara lets you in."
    assert "Maya" not in words(page)
    open_up(clinic, call)
    assert ADDRESS in rosa.get(join_url(booked)).content.decode()

    Booking.objects.filter(pk=booked.pk).update(state="program", occupies=False, cancelled_at=DOORS)
    page = rosa.get(join_url(booked))
    assert (page.status_code, "video.example" in page.content.decode()) == (410, False)
    assert join_url(booked) not in rosa.get("/").content.decode()


def test_a_relative_is_at_the_door_of_a_family_session_only_as_long_as_it_is_permitted(clinic):
    relative = held(Role.FAMILY, clinic.program, preferred_name="Rosa")
    permission = permission_of(clinic.maya, recipient=relative, category=Category.FAMILY_SESSIONS)
    session = clinic.session(BEGINS, modality=ModalityFactory(program=clinic.program, format=Format.FAMILY))
    seated(clinic.maya, session)
    booked = seated(relative, session)
    rosa = signed_in(relative)
    rosa.post(join_url(booked), AT_HOME)
    open_up(clinic, session)
    assert ADDRESS in rosa.get(join_url(booked)).content.decode()

    revoke_consent(permission, by=clinic.maya, now=DOORS)
    for page in (rosa.get(join_url(booked)), rosa.get(door(booked)), rosa.post(join_url(booked), AT_HOME)):
        assert page.status_code == 404
    assert join_url(booked) not in rosa.get("/").content.decode()
    assert signed_in(clinic.maya).get(reverse("scheduling:my_week")).status_code == 200


def test_whoever_came_before_a_session_moved_comes_anew(clinic, maya, call, at):
    booked = seated(clinic.maya, call)
    maya.post(join_url(booked), AT_HOME)
    later = timedelta(hours=5)
    Session.objects.filter(pk=call.pk).update(during=DateTimeTZRange(BEGINS + later, ENDS + later, "[)"))
    at(DOORS + later)
    page = signed_in(clinic.maya).get(join_url(booked))
    assert heading(page) == "Before you join"
    assert joining.arrivals_in(call) == []
    booked.refresh_from_db()
    assert joining.read_whereabouts(booked, by=clinic.amara, now=DOORS + later) is None
    joining.come_by_video(booked, SAID, by=clinic.maya, now=DOORS + later)
    assert [arrival.at for arrival in joining.arrivals_in(call)] == [DOORS + later]


def refused(sql, *values):
    with pytest.raises(DatabaseError) as raised, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
    return raised.value.__cause__.diag.constraint_name


ARRIVE = "INSERT INTO scheduling_arrival (booking_id, at, by_video, joined_at) VALUES (%s, %s, %s, %s)"


def test_the_database_lets_nobody_arrive_who_is_not_expected(clinic, call):
    booked = seated(clinic.maya, call)
    nobody = "arrivals_are_of_live_bookings_at_their_time"
    for moment in (DOORS - MINUTE, ENDS):
        assert refused(ARRIVE, booked.pk, moment, True, None) == nobody
    assert refused(ARRIVE, booked.pk, BEGINS, False, BEGINS) == "one_joins_by_video_after_arriving"
    assert refused(ARRIVE, booked.pk, BEGINS, True, DOORS) == "one_joins_by_video_after_arriving"
    booking.cancel_booking(booked, by=clinic.maya, now=DOORS)
    assert refused(ARRIVE, booked.pk, BEGINS, True, None) == nobody


def test_the_refusal_says_when(clinic, call):
    booked = seated(clinic.maya, call)
    with pytest.raises(TooEarlyToJoin, match=r"^You can join from 6:45 pm on\.$"):
        joining.come_by_video(booked, SAID, by=clinic.maya, now=DOORS - MINUTE)


# ── Waiting ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_page_that_looks_by_itself_gets_nothing_until_something_has_changed(clinic, maya, call):
    booked = seated(clinic.maya, call)
    maya.post(join_url(booked), AT_HOME)
    assert f'hx-get="{door(booked, Stage.WAIT)}"' in maya.get(join_url(booked)).content.decode()
    assert maya.get(door(booked, Stage.WAIT)).status_code == 204
    open_up(clinic, call)
    page = maya.get(door(booked, Stage.WAIT))
    assert (page.status_code, heading(page)) == (200, "The room is open")
    assert "<html" not in page.content.decode()
    assert maya.get(door(booked, Stage.OPEN)).status_code == 204


def test_looking_by_itself_extends_nothing(clinic, maya, call, at):
    booked = seated(clinic.maya, call)
    maya.post(join_url(booked), AT_HOME)
    before = maya.session[TOUCHED]
    at(DOORS + 5 * MINUTE)
    maya.get(door(booked, Stage.WAIT), headers={"X-Portal-Poll": "1"})
    assert maya.session[TOUCHED] == before
    maya.get(join_url(booked))
    assert maya.session[TOUCHED] > before


def test_a_form_that_somebody_fills_in_stays_as_it_is(clinic, maya, call):
    assert "hx-get" not in maya.get(join_url(seated(clinic.maya, call))).content.decode().partition("<main")[2]


def test_the_door_takes_the_same_queries_however_many_are_there(clinic, call):
    booked = seated(clinic.maya, call)
    joining.come_by_video(booked, SAID, by=clinic.maya, now=DOORS)

    def asked():
        with CaptureQueriesContext(connection) as queries:
            found = joining.with_arrivals(with_sessions(Booking.objects.filter(pk=booked.pk))).get()
            assert door_of(found, now=DOORS).stage == Stage.WAIT
            video.coming_to(call, leader=clinic.amara, now=DOORS)
        return len(queries)

    few = asked()
    for name in ("Ben", "Cleo", "Dan"):
        other = clinic.client(name)
        joining.come_by_video(seated(other, call), SAID, by=other, now=DOORS)
    assert asked() == few == 6


# ── Those who lead it ─────────────────────────────────────────────────────────────────────────────────────────


def roster(session):
    return reverse("scheduling:roster", args=[session.pk])


def opening(session):
    return reverse("scheduling:open_room", args=[session.pk])


def test_the_roster_says_who_waits_and_who_has_joined(clinic, amara, maya, call, at):
    booked = seated(clinic.maya, call)
    assert "Nobody has said yet that they are here." in words(amara.get(roster(call)))
    maya.post(join_url(booked), {**AT_HOME, "in_private": "no"})
    page = words(amara.get(roster(call)))
    assert "Maya T. waiting since 1:45 pm" in page
    assert "may be overheard" in page
    assert "Elm Row" not in page

    at(BEGINS)
    amara, maya = signed_in(clinic.amara), signed_in(clinic.maya)
    open_up(clinic, call)
    maya.get(join_url(booked))
    assert "Maya T. joined at 2:00 pm" in words(amara.get(roster(call)))


def test_an_open_roster_asks_by_itself_and_hears_only_what_is_new(clinic, amara, call):
    booked = seated(clinic.maya, call)
    coming = reverse("scheduling:coming", args=[call.pk])
    version = video.coming_to(call, leader=clinic.amara, now=DOORS).version
    assert amara.get(f"{coming}?version={version}").status_code == 204
    joining.come_by_video(booked, SAID, by=clinic.maya, now=DOORS)
    assert "Maya T." in words(amara.get(f"{coming}?version={version}"))


def test_who_does_not_lead_it_sees_neither_who_waits_nor_where_they_are(clinic, call):
    booked = seated(clinic.maya, call)
    joining.come_by_video(booked, SAID, by=clinic.maya, now=DOORS)
    on_care_team(clinic.jonah, clinic.maya)
    jonah = signed_in(clinic.jonah)
    assert "waiting since" not in words(jonah.get(roster(call)))
    for name, *more in (("coming",), ("open_room",), ("whereabouts", booked.pk)):
        assert jonah.get(reverse(f"scheduling:{name}", args=[call.pk, *more])).status_code == 404
    assert jonah.post(reverse("scheduling:close_room", args=[call.pk])).status_code == 404


def test_who_leads_it_but_works_there_no_more_opens_nothing(clinic, amara, call):
    RoleHeld.objects.filter(user=clinic.amara).delete()
    RoleHeld.objects.create(user=clinic.amara, program=clinician().roles_held.get().program, role=Role.CLINICIAN)
    assert amara.post(opening(call), {"address": ADDRESS}).status_code == 404


def test_where_somebody_is_is_read_on_a_page_of_its_own_and_leaves_a_trace(clinic, amara, call):
    booked = seated(clinic.maya, call)
    joining.come_by_video(booked, SAID, by=clinic.maya, now=DOORS)
    page = words(amara.get(reverse("scheduling:whereabouts", args=[call.pk, booked.pk])))
    assert "at home: 7 Elm Row, Zq-town" in page
    assert "holds a valid credential" not in page
    entry = Entry.objects.get(verb="whereabouts.read")
    assert (entry.client, entry.actor) == (clinic.maya, clinic.amara)


def test_it_is_said_where_nobody_is_licensed(clinic, amara, call):
    booked = seated(clinic.maya, call)
    joining.come_by_video(booked, Said("Oak Street", "NJ", "2125550101", True), by=clinic.maya, now=DOORS)
    where = reverse("scheduling:whereabouts", args=[call.pk, booked.pk])
    assert "holds a valid credential for where this is: New Jersey" in words(amara.get(where))


def test_of_another_session_or_a_cancelled_booking_there_is_nothing_to_read(clinic, amara, call):
    booked = seated(clinic.maya, call)
    other = clinic.session(BEGINS + timedelta(days=1))
    assert amara.get(reverse("scheduling:whereabouts", args=[other.pk, booked.pk])).status_code == 404
    booking.cancel_booking(booked, by=clinic.maya, now=DOORS)
    assert amara.get(reverse("scheduling:whereabouts", args=[call.pk, booked.pk])).status_code == 404


def test_the_room_is_opened_in_one_press_with_the_usual_address(clinic, amara, call):
    video.set_address(clinic.amara, ADDRESS, by=clinic.amara, now=NOON)
    day = amara.get(reverse("home:caseload"))
    assert f'action="{opening(call)}"' in day.content.decode()
    page = amara.post(opening(call), follow=True)
    assert "The room is open." in words(page)
    room = VideoRoom.objects.get()
    assert (room.address, room.opened_by, room.opened_at, room.closed_at) == (ADDRESS, clinic.amara, DOORS, None)
    assert "room open" in words(amara.get(reverse("home:caseload")))

    amara.post(reverse("scheduling:close_room", args=[call.pk]))
    amara.post(reverse("scheduling:close_room", args=[call.pk]))
    room.refresh_from_db()
    assert (room.closed_at, room.closed_by) == (DOORS, clinic.amara)
    assert Entry.objects.filter(verb="video.closed").count() == 1


def test_without_an_address_one_is_asked_for(clinic, amara, call):
    page = amara.post(opening(call))
    assert page.status_code == 400
    assert "Write the address of the call first." in words(page)
    assert not VideoRoom.objects.exists()


def test_another_address_moves_the_call_and_the_same_one_opens_nothing_twice(clinic, call):
    first = open_up(clinic, call)
    assert open_up(clinic, call) == first
    second = open_up(clinic, call, "https://video.example/other")
    assert list(VideoRoom.objects.open()) == [second]


UNSAFE = [
    "javascript:alert(1)",
    "JAVASCRIPT://video.example/%0aalert(1)",
    "data:text/html,hello",
    "http://video.example/amara",
    "//video.example/amara",
    "video.example/amara",
    "https://",
    "https://portal@video.example/amara",
    "https://video.example:x/",
    "https://video.example\\@elsewhere.example/",
    "https://video.example/a b",
    "https://video.example/\u202eaaa",
    "https://video.example/" + "a" * 500,
]


@pytest.mark.parametrize("address", UNSAFE)
def test_an_address_that_is_not_what_it_seems_is_not_taken(clinic, amara, call, address):
    for url in (opening(call), reverse("scheduling:video_address")):
        page = amara.post(url, {"address": address})
        assert page.status_code == 400
        assert page.context["form"]["address"].value() == address
    assert (VideoRoom.objects.count(), video.address_of(clinic.amara)) == (0, "")


@pytest.mark.parametrize("address", [one for one in UNSAFE[:10] if one != "https://video.example:x/"])
def test_the_domain_and_the_database_refuse_it_too(clinic, call, address):
    with pytest.raises(video.NotSecure):
        open_up(clinic, call, address)
    with pytest.raises(video.NotSecure):
        video.set_address(clinic.amara, address, by=clinic.amara, now=NOON)


@pytest.mark.parametrize(
    ("moment", "sentence"),
    [(DOORS - MINUTE, "The room can be opened from 1:45 pm on."), (ENDS, "This session is over.")],
)
def test_too_early_or_too_late_no_room_is_opened(clinic, call, at, moment, sentence):
    at(moment)
    page = signed_in(clinic.amara).post(opening(call), {"address": ADDRESS})
    assert page.status_code == 409
    assert sentence in words(page)
    assert page.context["form"]["address"].value() == ADDRESS


def test_no_room_is_opened_for_what_is_cancelled_or_in_a_room(clinic, amara, call):
    Session.objects.filter(pk=call.pk).update(state="cancelled", live=False)
    assert "This session is cancelled." in words(amara.post(opening(call), {"address": ADDRESS}))
    visit = clinic.session(BEGINS, clinic.jonah, room=clinic.room, video=False)
    assert "not held by video" in words(signed_in(clinic.jonah).post(opening(visit), {"address": ADDRESS}))
    room = "INSERT INTO scheduling_videoroom (session_id, address, opened_at, opened_by_id) VALUES (%s, %s, now(), %s)"
    for session in (call, visit):
        assert refused(room, session.pk, ADDRESS, clinic.amara.pk) == "video_rooms_are_of_live_sessions_by_video"


def test_a_usual_address_is_shown_changed_and_removed(clinic, amara):
    usual = reverse("scheduling:video_address")
    for address in (ADDRESS, "https://video.example/new", ""):
        assert amara.post(usual, {"address": address}).status_code == 302
        assert video.address_of(clinic.amara) == address
        assert (address or "You have not said yet") in words(amara.get(reverse("scheduling:my_hours")))
    verbs = ["video.address_set", "video.address_set", "video.address_removed"]
    assert list(Entry.objects.filter(verb__startswith="video").order_by("pk").values_list("verb", flat=True)) == verbs


def test_a_usual_address_is_ones_own(clinic):
    theirs = "https://video.example/jonah"
    video.set_address(clinic.jonah, theirs, by=clinic.jonah, now=NOON)
    assert video.address_of(clinic.amara) == ""
    video.set_address(clinic.amara, ADDRESS, by=clinic.amara, now=NOON)
    video.set_address(clinic.amara, "", by=clinic.amara, now=NOON)
    assert (video.address_of(clinic.amara), video.address_of(clinic.jonah)) == ("", theirs)


def test_whoever_leads_it_too_sees_and_opens_the_same_room(clinic, call):
    other = clinician(clinic.program, preferred_name="Tom")
    introduced(other, clinic.group)
    call.facilitations.create(clinician=other, during=call.during)
    open_up(clinic, call)
    assert ADDRESS in signed_in(other).get(roster(call)).content.decode()


# ── Where it leads from ───────────────────────────────────────────────────────────────────────────────────────


def test_today_the_week_and_the_booking_lead_to_the_door_once_it_is_open(clinic, call, at):
    booked = seated(clinic.maya, call)
    pages = ["/", reverse("scheduling:my_week"), reverse("scheduling:booked", args=[booked.pk])]
    at(DOORS - MINUTE)
    seated(clinic.maya, clinic.session(BEGINS + timedelta(hours=4)))
    maya = signed_in(clinic.maya)
    today, week, own = (maya.get(page).content.decode() for page in pages)
    then = 'Then <span class="nowrap">6:00–7:30 pm</span>, Skills group, by video'
    assert f"You can join by video from 1:45 pm on. {then}" in today
    assert "From 1:45 pm on you" in own
    assert (join_url(booked) in today, join_url(booked) in week) == (False, False)
    at(DOORS)
    for page in pages:
        assert join_url(booked) in signed_in(clinic.maya).get(page).content.decode()


# ── Forgetting ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_day_after_the_session_nobody_knows_where_people_were(clinic, call):
    joining.come_by_video(seated(clinic.maya, call), SAID, by=clinic.maya, now=DOORS)
    assert tidy_whereabouts(now=ENDS + timedelta(hours=24)) == 0
    assert tidy_whereabouts(now=ENDS + timedelta(hours=24, seconds=1)) == 1
    assert (Whereabouts.objects.count(), Arrival.objects.count()) == (0, 1)


def test_of_a_cancelled_booking_it_is_forgotten_a_day_after_it_was_told(clinic, at):
    far = clinic.session(BEGINS)
    booked = seated(clinic.maya, far)
    joining.come_by_video(booked, SAID, by=clinic.maya, now=DOORS)
    booking.cancel_booking(booked, by=clinic.maya, now=DOORS)
    Session.objects.filter(pk=far.pk).update(
        during=DateTimeTZRange(BEGINS + timedelta(days=9), ENDS + timedelta(days=9), "[)")
    )
    at(DOORS + timedelta(hours=24, seconds=1))
    tidy_task()
    assert not Whereabouts.objects.exists()
