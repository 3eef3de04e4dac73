"""Moving as a client does it: from what is booked, over the other times, to the new one."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from scheduling import booking
from scheduling.models import Booking
from tests.factories import NOON, seated
from tests.scheduling.booking_world import TOMORROW, Clinic
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db

WEEK = reverse("scheduling:my_week")


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


@pytest.fixture
def held(clinic, maya):
    return booking.book_seat(clinic.session(TOMORROW), person=maya, by=maya, now=NOON)


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def times(held, query=""):
    return reverse("scheduling:move", args=[held.pk]) + query


def check(held, query):
    return reverse("scheduling:check_move", args=[held.pk]) + query


def slots(response):
    return [slot for day in response.context["days"] for slot in (*day.first, *day.more)]


def live(person):
    return list(Booking.objects.filter(person=person, occupies=True))


def test_the_week_and_the_booking_lead_to_the_other_times_and_to_the_new_one(client, clinic, maya, held):
    other = clinic.session(TOMORROW + timedelta(minutes=30), clinic.jonah)
    for page in (client.get(WEEK), client.get(reverse("scheduling:booked", args=[held.pk]))):
        assert f'href="{times(held)}"' in page.content.decode()
    (slot,) = slots(client.get(times(held)))
    assert slot.url == check(held, f"?session={other.pk}")

    page = client.get(slot.url)
    assert "Old time Wednesday 25 November, 12:00–1:30 pm Skills group with Amara" in words(page)
    assert "New time Wednesday 25 November, 12:30–2:00 pm" in words(page)
    led = client.post(slot.url, follow=True)
    (now,) = live(maya)
    assert (now.session, now.moved_from) == (other, held)
    assert led.request["PATH_INFO"] == reverse("scheduling:booked", args=[now.pk])
    assert "Moved from Wednesday 25 November, 12:00 pm" in words(led)
    assert "Moved from Wednesday 25 November, 12:00 pm" in words(client.get(WEEK))


def test_looking_changes_nothing(client, clinic, maya, held):
    other = clinic.session(TOMORROW + timedelta(days=1))
    client.get(check(held, f"?session={other.pk}"))
    assert live(maya) == [held]


def test_a_place_lost_meanwhile_says_so_keeps_the_old_one_and_offers_the_nearest(client, clinic, maya, held):
    full, free = clinic.session(TOMORROW + timedelta(days=1), capacity=1), clinic.session(TOMORROW + timedelta(days=2))
    seated(clinic.client("Ben"), full)
    page = client.post(check(held, f"?session={full.pk}"))
    assert page.status_code == 409
    assert "Nothing has changed You still have your place: Skills group, Wednesday 25 November" in words(page)
    assert "No place is left here." in words(page)
    assert [slot.url for slot in page.context["slots"]] == [check(held, f"?session={free.pk}")]
    assert live(maya) == [held]


def test_what_was_moved_says_where_to(client, clinic, maya, held):
    client.post(check(held, f"?session={clinic.session(TOMORROW + timedelta(days=1)).pk}"))
    page = client.get(reverse("scheduling:booked", args=[held.pk]))
    assert "This was moved" in words(page)
    assert "It has another time now: Thursday 26 November, 12:00 pm" in words(page)
    again = client.get(times(held))
    assert again.status_code == 409
    assert "This has been moved to another time already." in words(again)


def test_an_hour_is_looked_for_with_the_same_counsellor_first_and_then_with_anybody(client, clinic, maya):
    clinic.hours(begins="12:00", ends="14:00")
    clinic.hours(clinic.jonah, begins="16:00", ends="17:00")
    hour = booking.book_hour(
        clinic.talk, clinician=clinic.amara, begins=TOMORROW, minutes=50, room=None, person=maya, by=maya, now=NOON
    )
    same = slots(client.get(times(hour)))
    assert {slot.time.clinician for slot in same} == {clinic.amara}
    assert TOMORROW + timedelta(minutes=30) in [slot.time.begins for slot in same]
    assert TOMORROW not in [slot.time.begins for slot in same]

    anybody = client.get(times(hour, "?counsellor=any"))
    jonahs = [slot for slot in slots(anybody) if slot.time.clinician == clinic.jonah]
    assert jonahs
    page = client.get(jonahs[0].url)
    assert page.context["when_url"] == times(hour, "?counsellor=any")
    client.post(jonahs[0].url)
    (now,) = live(maya)
    assert (now.session.facilitations.get().clinician, now.session.minutes) == (clinic.jonah, 50)


def test_a_late_move_is_said_before(client, clinic, maya):
    soon = booking.book_seat(clinic.session(NOON + timedelta(hours=5)), person=maya, by=maya, now=NOON)
    other = clinic.session(TOMORROW + timedelta(days=1))
    assert "so moving it counts as late. You may still move it." in words(client.get(times(soon)))
    assert "so moving it counts as late. You may still move it." in words(
        client.get(check(soon, f"?session={other.pk}"))
    )


def test_what_was_missed_is_made_up_from_the_week(client, clinic, maya):
    begins = NOON - timedelta(hours=20)
    late = booking.book_seat(clinic.session(begins), person=maya, by=maya, now=NOON - timedelta(days=3))
    booking.cancel_booking(late, by=maya, now=begins - timedelta(hours=1))
    other, too_far = clinic.session(TOMORROW), clinic.session(NOON + timedelta(days=14))
    page = client.get(WEEK)
    assert "You could make up for" in words(page)
    assert f'href="{times(late)}"' in page.content.decode()
    (slot,) = slots(client.get(times(late)))
    assert slot.time.session == other
    assert "Missed Monday 23 November, 4:00–5:30 pm" in words(client.get(slot.url))
    refused = client.post(check(late, f"?session={too_far.pk}"))
    assert (refused.status_code, live(maya)) == (409, [])
    assert "Makes up for one that you missed." in words(client.post(slot.url, follow=True))
    assert "You could make up for" not in words(client.get(WEEK))


@pytest.mark.parametrize("query", ["", "?session=abc", "?at=yesterday", "?giver=1"])
def test_an_address_without_a_time_leads_back_to_the_times(client, clinic, maya, held, query):
    assert client.get(check(held, query)).url == times(held)


def test_what_somebody_else_booked_does_not_exist(client, clinic, maya):
    ben = clinic.client("Ben")
    theirs = booking.book_seat(clinic.session(TOMORROW), person=ben, by=ben, now=NOON)
    other = clinic.session(TOMORROW + timedelta(days=1))
    assert client.get(times(theirs)).status_code == 404
    assert client.post(check(theirs, f"?session={other.pk}")).status_code == 404


def test_what_was_made_for_somebody_elses_hour_does_not_exist(client, clinic, maya, held):
    theirs = clinic.session(TOMORROW + timedelta(days=1), clinic.jonah, listed=False)
    url = check(held, f"?session={theirs.pk}")
    assert (client.get(url).status_code, client.post(url).status_code) == (404, 404)
    assert [one.session for one in live(maya)] == [held.session]


def test_the_times_take_the_same_queries_however_many_there_are(client, clinic, maya, held):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            client.get(times(held))
        return len(asked)

    clinic.session(TOMORROW + timedelta(days=1))
    queries()
    few = queries()
    for days in (2, 3):
        clinic.session(TOMORROW + timedelta(days=days), clinic.amara, room=clinic.room)
        clinic.session(TOMORROW + timedelta(days=days), clinic.jonah)
    assert queries() == few
