"""Booking as a client does it: the pages from what to booked."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from iop_portal.accounts.apart import keep_apart
from iop_portal.notices.models import Notice
from iop_portal.people.models import Apart
from scheduling import booking
from scheduling.models import Booking
from tests.factories import NOON, enrolled
from tests.scheduling.booking_world import TOMORROW, Clinic
from tests.signing_in import sign_in
from therapy.models import Credential

pytestmark = pytest.mark.django_db

BOOK = reverse("scheduling:book")
CHECK = reverse("scheduling:check")
GROUP_TIMES = reverse("scheduling:when", args=["group"])
TALK_TIMES = reverse("scheduling:when", args=["counsellor"])
TALK = reverse("scheduling:how", args=["counsellor"])


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def clinic():
    return Clinic()


@pytest.fixture
def maya(client, clinic):
    sign_in(client, clinic.maya)
    return clinic.maya


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def hour(clinic, begins=TOMORROW, **answers):
    given = {"way": clinic.talk.pk, "minutes": 50, "giver": clinic.amara.pk, "at": written(begins), **answers}
    return f"{CHECK}?" + "&".join(f"{name}={value}" for name, value in given.items())


def written(moment):
    return moment.strftime("%Y-%m-%dT%H:%MZ")


def booked_by(person):
    return list(Booking.objects.filter(person=person, occupies=True))


# ── What, how, when ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_page_offers_what_there_is_to_book(client, maya):
    assert [str(want) for want in client.get(BOOK).context["wants"]] == ["group", "counsellor", "workshop"]


def test_who_asked_for_whoever_is_free_finds_everybody_again_from_the_check(client, clinic, maya):
    clinic.hours(clinic.amara, room=clinic.room)
    asked = f"way={clinic.talk.pk}&minutes=50"
    slot = client.get(f"{TALK_TIMES}?{asked}").context["days"][0].first[0]
    assert "giver=" in slot.url
    check = client.get(slot.url).context
    assert (check["when_url"], check["how_url"]) == (f"{TALK_TIMES}?{asked}", f"{TALK}?{asked}")
    named = client.get(f"{TALK_TIMES}?{asked}&counsellor={clinic.amara.pk}").context["days"][0].first[0]
    assert client.get(named.url).context["when_url"] == f"{TALK_TIMES}?{asked}&counsellor={clinic.amara.pk}"


def test_an_applicant_is_offered_a_first_conversation_alone(client, clinic):
    clinic.session()
    sign_in(client, clinic.client("Ada", "referred"))
    assert [str(want) for want in client.get(BOOK).context["wants"]] == ["counsellor"]
    assert client.get(TALK).context["way"] == clinic.first_talk
    assert client.get(GROUP_TIMES).url == BOOK


def test_somebody_discharged_finds_nothing_to_book_and_whom_to_call(client, clinic):
    sign_in(client, clinic.client("Sam", "discharged"))
    page = client.get(BOOK)
    assert page.context["wants"] == []
    assert clinic.program.phone in words(page)


def test_the_kind_of_time_is_asked_where_there_are_several(client, clinic, maya):
    assert client.get(TALK).context["ways"] == [clinic.first_talk, clinic.talk]


def test_the_primary_counsellor_stands_first_and_is_chosen(client, clinic, maya):
    form = client.get(f"{TALK}?way={clinic.talk.pk}").context["form"]
    assert [label for _key, label in form.fields["counsellor"].choices] == [
        "Amara Okafor, your counsellor",
        "Jonah Weiss",
        "Whoever is free",
    ]
    assert form.initial == {"way": clinic.talk.pk, "counsellor": clinic.amara.pk, "minutes": 50, "where": "any"}


def test_what_was_answered_leads_to_the_times_and_back_with_the_same_answers(client, clinic, maya):
    answers = f"way={clinic.talk.pk}&minutes=25&counsellor={clinic.jonah.pk}&where=video"
    led = client.get(f"{TALK}?{answers}&go=1")
    assert led.url == f"{TALK_TIMES}?{answers}"
    back = client.get(led.url).context["back"]
    initial = client.get(back).context["form"].initial
    assert initial == {"way": clinic.talk.pk, "counsellor": clinic.jonah.pk, "minutes": 25, "where": "video"}


def test_a_length_that_is_not_offered_is_asked_again_and_keeps_the_rest(client, clinic, maya):
    page = client.get(f"{TALK}?way={clinic.talk.pk}&minutes=55&where=video&counsellor={clinic.jonah.pk}&go=1")
    assert page.status_code == 400
    assert "Choose one of the answers to “How long?”" in words(page)
    assert page.context["form"]["where"].value() == "video"


def test_a_way_leads_to_its_own_times(client, clinic, maya):
    def led(way):
        return client.get(reverse("scheduling:choose_time", args=[way.pk]), follow=True).request

    assert led(clinic.group)["PATH_INFO"] == GROUP_TIMES
    assert led(clinic.group)["QUERY_STRING"] == f"way={clinic.group.pk}"
    assert led(clinic.talk)["PATH_INFO"] == TALK


def slots(response):
    return [slot for day in response.context["days"] for slot in (*day.first, *day.more)]


def test_times_tell_how_many_places_are_left_and_what_overlaps(client, clinic, maya):
    open_one = clinic.session(TOMORROW, capacity=3)
    full = clinic.session(TOMORROW + timedelta(hours=3), capacity=1)
    over_lunch = clinic.session(TOMORROW + timedelta(hours=1), clinic.jonah)
    for session in (open_one, full):
        booking.book_seat(session, person=clinic.client("Ben"), by=maya, now=NOON)
    booking.book_seat(over_lunch, person=maya, by=maya, now=NOON)
    page = client.get(GROUP_TIMES)
    assert [(slot.time.session, slot.time.seats_left, slot.time.clashes, bool(slot.url)) for slot in slots(page)] == [
        (open_one, 2, True, False),
        (over_lunch, 7, False, False),
        # Full, so it leads to the line of those who wait for a place.
        (full, 0, False, True),
    ]
    for said in ("2 places left", "Overlaps something you have booked", "You are booked", "Full"):
        assert said in words(page)


def test_times_are_filtered_by_part_of_day_and_video(client, clinic, maya):
    lunch = clinic.session(TOMORROW)
    evening = clinic.session(TOMORROW + timedelta(hours=6), room=clinic.room, video=False)

    def found(query):
        return [slot.time.session for slot in slots(client.get(GROUP_TIMES + query))]

    assert found("") == [lunch, evening]
    assert found("?part=evening") == [evening]
    assert found("?where=video") == [lunch]
    assert found("?part=everything&where=moon&day=yesterday&way=x") == [lunch, evening]


def test_more_times_come_by_week_and_end_at_the_horizon(client, clinic, maya):
    clinic.session(TOMORROW + timedelta(days=7))
    first = client.get(GROUP_TIMES)
    assert slots(first) == []
    assert first.context["next_day"] == (TOMORROW + timedelta(days=7)).date()
    assert len(slots(client.get(f"{GROUP_TIMES}?day={first.context['span'].after}"))) == 1
    last = client.get(f"{GROUP_TIMES}?day=2099-12-31").context["span"]
    assert last.first == (NOON + timedelta(days=28)).date()
    assert last.after is None


def test_times_are_in_the_reader_s_own_zone_and_say_so(client, clinic, maya):
    clinic.session(datetime(2026, 11, 25, 17, 30, tzinfo=ZoneInfo("America/New_York")))
    assert "your own clock" not in words(client.get(GROUP_TIMES))
    maya.zone = "America/Denver"
    maya.save()
    page = words(client.get(GROUP_TIMES))
    assert "3:30–5:00 pm" in page
    assert "Times are by your own clock: Denver time." in page


def test_hours_with_a_counsellor_are_offered_once_a_time_with_the_primary_counsellor_first(client, clinic, maya):
    clinic.hours(clinic.jonah, begins="09:00", ends="11:00")
    clinic.hours(clinic.amara, begins="10:00", ends="11:00", room=clinic.room)
    page = client.get(f"{TALK_TIMES}?way={clinic.talk.pk}&minutes=50&day=2026-11-25")
    first_day = [*page.context["days"][0].first]
    assert [(slot.time.clinician.preferred_name, slot.time.room) for slot in first_day] == [
        ("Jonah", None),
        ("Jonah", None),
        ("Amara", clinic.room),
    ]


# ── Check, and book ───────────────────────────────────────────────────────────────────────────────────────────


def test_checking_says_everything_before_it_is_booked(client, clinic, maya):
    session = clinic.session(TOMORROW + timedelta(hours=5, minutes=30), room=clinic.room, video=False)
    page = words(client.get(f"{CHECK}?session={session.pk}"))
    for said in (
        "Skills group",
        "Wednesday 25 November, 5:30–7:00 pm",
        "Amara",
        "Room 2. Second floor",
        "You can cancel it until Tuesday 24 November, 5:30 pm; after that it counts as a late cancellation.",
    ):
        assert said in page
    assert booked_by(maya) == []


def test_a_place_is_booked_and_said_so_with_a_reference(client, clinic, maya):
    session = clinic.session()
    answer = client.post(f"{CHECK}?session={session.pk}")
    (held,) = booked_by(maya)
    assert answer.url == reverse("scheduling:booked", args=[held.pk])
    page = words(client.get(answer.url))
    assert "You are booked" in page
    assert held.reference in page
    assert [notice.kind for notice in Notice.objects.filter(to=maya)] == ["seat_booked"]


def test_an_hour_is_booked_in_a_room(client, clinic, maya):
    clinic.hours(room=clinic.room)
    client.post(hour(clinic, room=clinic.room.pk))
    (held,) = booked_by(maya)
    assert (held.starts_at, held.session.minutes, held.session.room) == (TOMORROW, 50, clinic.room)
    assert [one.clinician for one in held.session.facilitations.all()] == [clinic.amara]


@pytest.mark.parametrize("kind", ["seat", "hour"])
def test_booking_twice_leads_to_the_first_booking(client, clinic, maya, kind):
    clinic.hours(clinic.jonah)
    url = hour(clinic, giver=clinic.jonah.pk) if kind == "hour" else f"{CHECK}?session={clinic.session().pk}"
    assert client.post(url).url == client.post(url).url == client.get(url).url
    assert len(booked_by(maya)) == 1


def test_fields_of_the_post_are_not_read(client, clinic, maya):
    session, other = clinic.session(), clinic.session(TOMORROW + timedelta(days=1))
    ben = clinic.client("Ben")
    extra = {
        "session": other.pk,
        "person": ben.pk,
        "person_id": ben.pk,
        "status": "admitted",
        "state": "late",
        "role": "admin",
        "clinician": clinic.jonah.pk,
        "takes_seat": "",
        "reference": "AAAA-AAAA",
    }
    client.post(f"{CHECK}?session={session.pk}", extra)
    (held,) = Booking.objects.all()
    assert (held.session, held.person, held.state, held.takes_seat) == (session, maya, "booked", True)
    assert held.reference != "AAAA-AAAA"
    assert maya.roles == {"client"}


# ── Refusals ──────────────────────────────────────────────────────────────────────────────────────────────────


def refused(client, url):
    """The sentence, the same for looking and for booking, with nothing booked."""
    before = Booking.objects.count()
    pages = [client.get(url), client.post(url)]
    assert len({page.context["why"] for page in pages}) == 1
    assert len({page.status_code for page in pages}) == 1
    assert Booking.objects.count() == before
    return pages[1]


def test_a_lost_race_says_so_and_offers_the_nearest_places(client, clinic, maya):
    session = clinic.session(capacity=1)
    later = [clinic.session(TOMORROW + timedelta(days=days)) for days in (1, 2, 3, 4)]
    booking.book_seat(session, person=clinic.client("Ben"), by=maya, now=NOON)
    page = refused(client, f"{CHECK}?session={session.pk}")
    assert (page.status_code, page.context["why"]) == (409, "No place is left here. Choose another time.")
    assert [slot.time.session for slot in page.context["slots"]] == later[:3]
    assert f"session={later[0].pk}" in page.context["slots"][0].url


def test_a_lost_hour_offers_the_nearest_hours(client, clinic, maya):
    clinic.hours()
    ben = clinic.client("Ben")
    begins = TOMORROW.replace(hour=16)
    booking.book_hour(
        clinic.talk, clinician=clinic.amara, begins=begins, minutes=50, room=None, person=ben, by=ben, now=NOON
    )
    page = refused(client, hour(clinic, begins))
    assert page.status_code == 409
    assert [written(slot.time.begins)[11:] for slot in page.context["slots"]] == ["14:30Z", "15:00Z", "17:00Z"]


def test_who_must_not_meet_finds_no_place_and_is_not_told_why(client, clinic, maya):
    ben = clinic.client("Ben")
    keep_apart(maya, ben, asked_by=Apart.AskedBy.CLIENT, by=clinic.amara, now=NOON)
    with_ben, full = clinic.session(), clinic.session(TOMORROW + timedelta(hours=2), capacity=1)
    booking.book_seat(with_ben, person=ben, by=ben, now=NOON)
    booking.book_seat(full, person=clinic.client("Cleo"), by=ben, now=NOON)

    def said(session):
        return re.sub(r"\d+", "", words(refused(client, f"{CHECK}?session={session.pk}")))

    assert said(with_ben) == said(full)
    assert [slot.time.seats_left for slot in slots(client.get(GROUP_TIMES))] == [0, 0]


def test_a_session_elsewhere_a_hidden_one_and_none_at_all_look_the_same(client, clinic, maya):
    elsewhere = Clinic(name="Juniper House").session()
    hidden = clinic.session(listed=False)
    for key in (elsewhere.pk, hidden.pk, 10**9, 2**63 - 1):
        assert client.get(f"{CHECK}?session={key}").status_code == 404
        assert client.post(f"{CHECK}?session={key}").status_code == 404
    assert booked_by(maya) == []


GONE = "This session cannot be booked any more. Choose another time."
SOON = "This begins too soon to be booked here. Choose a later time, or call us."
FAR = "This is too far ahead to be booked yet. Choose an earlier time."


@pytest.mark.parametrize(
    ("away", "said"),
    [
        (timedelta(hours=-3), GONE),
        (timedelta(minutes=119), SOON),
        (timedelta(days=28, minutes=1), FAR),
    ],
    ids=["past", "too soon", "too far"],
)
def test_a_session_outside_notice_and_horizon_says_so(client, clinic, maya, away, said):
    assert refused(client, f"{CHECK}?session={clinic.session(NOON + away).pk}").context["why"] == said


def test_a_cancelled_session_one_without_a_valid_credential_and_one_not_open_to_applicants_are_gone(client, clinic):
    sign_in(client, clinic.maya)
    cancelled = clinic.session(state="cancelled", live=False)
    assert refused(client, f"{CHECK}?session={cancelled.pk}").context["why"] == GONE
    Credential.objects.filter(clinician__user=clinic.jonah).update(expires_on=NOON.date())
    expired = clinic.session(TOMORROW + timedelta(days=1), clinic.jonah)
    assert refused(client, f"{CHECK}?session={expired.pk}").context["why"] == GONE
    open_one = clinic.session(TOMORROW + timedelta(days=2))
    for state in ("referred", "discharged"):
        sign_in(client, clinic.client("Ada", state))
        assert refused(client, f"{CHECK}?session={open_one.pk}").context["why"] == GONE


def test_what_overlaps_says_what_to_do(client, clinic, maya):
    booking.book_seat(clinic.session(), person=maya, by=maya, now=NOON)
    other = clinic.session(TOMORROW + timedelta(minutes=30), clinic.jonah)
    assert refused(client, f"{CHECK}?session={other.pk}").context["why"] == str(booking.AlreadyBusy())
    clinic.hours(clinic.jonah)
    assert refused(client, hour(clinic, giver=clinic.jonah.pk)).context["why"] == str(booking.AlreadyBusy())


@pytest.mark.parametrize(
    ("begins", "answers", "status", "said"),
    [
        (TOMORROW + timedelta(minutes=10), {}, 409, booking.HourTaken.message),
        (TOMORROW.replace(hour=3), {}, 409, booking.HourTaken.message),
        (NOON + timedelta(minutes=60), {}, 409, SOON),
        (NOON + timedelta(days=40), {}, 409, FAR),
        (TOMORROW, {"minutes": 55}, 400, booking.LengthNotOffered.message),
    ],
    ids=["off the half hour", "outside hours", "below notice", "beyond the horizon", "another length"],
)
def test_an_hour_that_is_not_offered_says_so(client, clinic, maya, begins, answers, status, said):
    clinic.hours()
    page = refused(client, hour(clinic, begins, **answers))
    assert (page.status_code, page.context["why"]) == (status, str(said))


@pytest.mark.parametrize("at", ["2027-03-14T02:30", "tomorrow", "9999-12-31T23:59Z", "2026-11-25T17:00+99:00"])
def test_a_time_that_is_no_moment_is_not_guessed(client, clinic, maya, at):
    page = client.post(hour(clinic, at=at))
    assert page.status_code == 400
    assert page.context["why"] == "Choose a time from the list."
    assert booked_by(maya) == []


def test_an_hour_inside_a_clock_change_is_not_offered(client, clinic, maya):
    """On 14 March 2027 there is no 2:30 in New York: the moment that it would be is 3:30, outside these hours."""
    clinic.hours(begins="01:00", ends="03:00")
    with time_machine.travel(datetime(2027, 3, 12, tzinfo=ZoneInfo("UTC")), tick=False):
        sign_in(client, maya)
        page = refused(client, hour(clinic, datetime(2027, 3, 14, 7, 30, tzinfo=ZoneInfo("UTC"))))
    assert page.context["why"] == str(booking.HourTaken.message)


def test_an_hour_cannot_be_taken_with_the_ids_of_others(client, clinic, maya):
    clinic.hours()
    away = Clinic(name="Juniper House")
    keep_apart(maya, clinic.jonah, asked_by=Apart.AskedBy.SAFETY, by=clinic.amara, now=NOON)
    clinic.hours(clinic.jonah)
    for answers in (
        {"way": away.talk.pk},
        {"way": clinic.group.pk},
        {"giver": away.amara.pk},
        {"giver": maya.pk},
        {"room": away.room.pk},
    ):
        assert client.post(hour(clinic, **answers)).status_code == 404
    assert client.post(hour(clinic, room=clinic.room.pk)).status_code == 409
    kept_apart = client.post(hour(clinic, giver=clinic.jonah.pk))
    assert (kept_apart.status_code, kept_apart.context["why"]) == (409, str(booking.NotOffered.message))
    assert booked_by(maya) == []


def test_an_applicant_books_a_first_conversation_and_nothing_else(client, clinic):
    clinic.hours()
    ada = clinic.client("Ada", "referred")
    sign_in(client, ada)
    assert client.post(hour(clinic)).context["why"] == str(booking.NotOffered.message)
    client.post(hour(clinic, way=clinic.first_talk.pk, minutes=60))
    assert [held.session.modality for held in booked_by(ada)] == [clinic.first_talk]


# ── Whose it is ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["booked", "cancel", "calendar_file"])
def test_somebody_else_s_booking_does_not_exist(client, clinic, maya, name):
    ben = clinic.client("Ben")
    held = booking.book_seat(clinic.session(), person=ben, by=ben, now=NOON)
    url = reverse(f"scheduling:{name}", args=[held.pk])
    assert client.get(url).status_code == 404
    if name == "cancel":
        assert client.post(url).status_code == 404
    assert booked_by(ben) == [held]


def test_what_a_clinician_may_see_is_not_theirs_to_cancel(client, clinic):
    """Amara, who is enrolled elsewhere herself, leads Maya's session."""
    held = booking.book_seat(clinic.session(), person=clinic.maya, by=clinic.maya, now=NOON)
    other = enrolled().enrolments.get()
    other.client = clinic.amara
    other.save()
    sign_in(client, clinic.amara)
    assert client.post(reverse("scheduling:cancel", args=[held.pk])).status_code == 404


# ── Cancelling ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("away", "said", "state"),
    [
        (timedelta(hours=25), "You are in time", "cancelled"),
        (timedelta(hours=23), "this counts as a late cancellation", "late"),
    ],
)
def test_cancelling_says_before_whether_it_is_late(client, clinic, maya, away, said, state):
    held = booking.book_seat(clinic.session(NOON + away), person=maya, by=maya, now=NOON)
    url = reverse("scheduling:cancel", args=[held.pk])
    assert said in words(client.get(url))
    assert client.post(url).url == f"{reverse('scheduling:my_week')}?day=2026-11-25"
    held.refresh_from_db()
    assert (held.state, held.occupies) == (state, False)
    assert set(Notice.objects.filter(to=maya).values_list("kind", "state")) == {
        ("seat_booked", "withdrawn"),
        ("booking_cancelled", "owed"),
    }


def test_cancelling_twice_or_after_it_began_is_refused_in_words(client, clinic, maya):
    held = booking.book_seat(clinic.session(), person=maya, by=maya, now=NOON)
    url = reverse("scheduling:cancel", args=[held.pk])
    with time_machine.travel(TOMORROW, tick=False):
        sign_in(client, maya)
        assert client.get(url).url == reverse("scheduling:booked", args=[held.pk])
        began = client.post(url)
    assert (began.status_code, began.context["why"]) == (409, str(booking.HasBegun.message))
    client.post(url)
    twice = client.post(url)
    assert (twice.status_code, twice.context["why"]) == (409, str(booking.NotBookedAnyMore.message))


# ── How many queries ──────────────────────────────────────────────────────────────────────────────────────────


def queries_of(ask, *what):
    with CaptureQueriesContext(connection) as asked:
        assert ask(*what).status_code in (200, 302)
    return len(asked)


def test_booking_a_seat_takes_few_queries_from_request_to_redirect(client, clinic, maya):
    session = clinic.session()
    client.get(BOOK)
    assert queries_of(client.post, f"{CHECK}?session={session.pk}") <= 14


def test_the_pages_ask_the_database_as_often_for_many_sessions_as_for_one(client, clinic, maya):
    clinic.hours(room=clinic.room)
    clinic.prescribe(maya)
    pages = [GROUP_TIMES, f"{TALK_TIMES}?way={clinic.talk.pk}&minutes=50", f"{CHECK}?session={clinic.session().pk}"]
    client.get(BOOK)
    few = [queries_of(client.get, page) for page in pages]
    for days in range(1, 6):
        session = clinic.session(TOMORROW + timedelta(days=days), clinic.amara, clinic.jonah, room=clinic.room)
        for name in ("Ben", "Cleo"):
            booking.book_seat(session, person=clinic.client(name), by=maya, now=NOON)
    assert [queries_of(client.get, page) for page in pages] == few == [14, 16, 14]


def test_a_way_of_another_program_leads_to_no_times(client, maya):
    other = Clinic()
    assert client.get(reverse("scheduling:choose_time", args=[other.talk.pk])).status_code == 404
