"""Waiting as a client does it: from a full time to a place that is kept, and what becomes of it."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from scheduling import booking, waiting
from scheduling.models import Booking, Waiting
from scheduling.tasks import offer_free_places
from tests.factories import NOON, seated
from tests.scheduling.booking_world import TOMORROW, Clinic
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db

WEEK, TODAY = reverse("scheduling:my_week"), reverse("home:landing")
TIMES = reverse("scheduling:when", args=["group"])


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def clinic():
    return Clinic()


@pytest.fixture
def ben(clinic):
    return clinic.client("Ben")


@pytest.fixture
def maya(client, clinic):
    sign_in(client, clinic.maya)
    return clinic.maya


@pytest.fixture
def full(clinic, ben):
    """One place, which is Ben's."""
    session = clinic.session(TOMORROW, capacity=1)
    seated(ben, session)
    return session


@pytest.fixture
def kept(full, ben, maya):
    """A place that is kept for Maya."""
    entry = waiting.join_line(full, person=maya, by=maya, now=NOON)
    booking.cancel_booking(Booking.objects.get(person=ben), by=ben, now=NOON)
    offer_free_places()
    entry.refresh_from_db()
    assert entry.state == "offered"
    return entry


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def slots(response):
    return [slot for day in response.context["days"] for slot in (*day.first, *day.more)]


def place(entry, name="place"):
    return reverse(f"scheduling:{name}", args=[entry.pk])


def test_a_full_time_says_how_many_wait_and_leads_to_waiting(client, clinic, full, maya):
    for name in ("Ana", "Cleo"):
        person = clinic.client(name)
        waiting.join_line(full, person=person, by=person, now=NOON)
    page = client.get(TIMES)
    assert "Full, 2 waiting" in words(page)
    assert "Wait for a place" in words(page)
    (slot,) = slots(page)
    asked = client.get(slot.url)
    assert "It is full, and 2 people wait." in words(asked)
    assert Waiting.objects.count() == 2
    led = client.post(slot.url, follow=True)
    entry = Waiting.objects.get(person=maya)
    assert led.request["PATH_INFO"] == place(entry)
    assert "2 people are before you." in words(led)
    assert [slot.url for slot in slots(client.get(TIMES))] == [place(entry)]
    assert "You are waiting" in words(client.get(TIMES))
    assert "You wait, 2 people are before you" in words(client.get(WEEK))


def test_waiting_twice_leads_to_the_same_place_in_line(client, full, maya):
    url = reverse("scheduling:wait", args=[full.pk])
    first, again = client.post(url, follow=True), client.post(url, follow=True)
    assert first.request["PATH_INFO"] == again.request["PATH_INFO"] == place(Waiting.objects.get())


def test_a_place_that_was_free_after_all_is_booked_and_not_waited_for(client, clinic, maya):
    session = clinic.session(TOMORROW)
    led = client.post(reverse("scheduling:wait", args=[session.pk]), follow=True)
    assert led.redirect_chain[-1][0] == f"{reverse('scheduling:check')}?session={session.pk}"
    assert Waiting.objects.count() == 0


def test_who_has_a_place_is_led_to_it(client, clinic, maya):
    held = seated(maya, clinic.session(TOMORROW))
    led = client.post(reverse("scheduling:wait", args=[held.session_id]), follow=True)
    assert led.request["PATH_INFO"] == reverse("scheduling:booked", args=[held.pk])


def test_who_has_something_else_is_told_of_it_where_there_is_a_place(client, clinic, maya):
    seated(maya, clinic.session(TOMORROW))
    other = clinic.session(TOMORROW + timedelta(minutes=30), clinic.jonah)
    page = client.get(reverse("scheduling:wait", args=[other.pk]))
    assert page.status_code == 409
    assert "You have something booked at that time." in words(page)


def test_booking_what_is_full_leads_to_waiting_for_it(client, full, maya):
    page = client.post(f"{reverse('scheduling:check')}?session={full.pk}")
    assert f'href="{reverse("scheduling:wait", args=[full.pk])}"' in page.content.decode()


def test_a_place_that_is_kept_stands_on_the_first_page_in_the_week_and_among_the_times(client, kept):
    for page in (TODAY, WEEK, TIMES):
        assert f'href="{place(kept)}"' in client.get(page).content.decode()
    assert "It is kept for you until Tuesday 24 November, 2:00 pm" in words(client.get(TODAY))
    assert "Kept for you" in words(client.get(TIMES))


def test_looking_at_a_place_takes_nothing(client, kept):
    client.get(place(kept))
    client.get(place(kept, "leave"))
    assert client.get(place(kept, "accept")).status_code == 405
    kept.refresh_from_db()
    assert kept.state == "offered"


def test_a_place_is_taken(client, kept, maya):
    led = client.post(place(kept, "accept"), follow=True)
    (held,) = Booking.objects.live().filter(person=maya)
    assert led.request["PATH_INFO"] == reverse("scheduling:booked", args=[held.pk])
    assert "The place is yours." in words(led)
    assert "You took this place" in words(client.get(place(kept)))
    assert "You took the place" in words(client.get(WEEK))


def test_a_place_is_let_go_and_one_may_wait_again(client, kept, maya):
    assert "It goes to the next person who waits." in words(client.get(place(kept, "leave")))
    client.post(place(kept, "leave"))
    kept.refresh_from_db()
    assert kept.state == "declined"
    assert "You let the place go" in words(client.get(WEEK))
    assert reverse("scheduling:wait", args=[kept.session_id]) in client.get(place(kept)).content.decode()


def test_a_place_that_ran_out_says_so_without_blame(client, kept):
    with time_machine.travel(NOON + timedelta(hours=2), tick=False):
        sign_in(client, kept.person)
        page = client.post(place(kept, "accept"))
        assert page.status_code == 409
        assert "This place is not kept for you any more." in words(page)
        offer_free_places()
        assert "This place was not kept any longer" in words(client.get(place(kept)))
        assert "A place was offered, and not kept any longer" in words(client.get(WEEK))
        assert place(kept) not in client.get(TODAY).content.decode()


def test_what_it_would_collide_with_is_said_and_given_up_only_if_it_was_seen(client, clinic, kept, maya):
    other = seated(maya, clinic.session(TOMORROW + timedelta(minutes=30), clinic.jonah))
    page = client.get(place(kept))
    assert "If you take the place, you give it up: Skills group, Wednesday 25 November, 12:30 pm" in words(page)
    assert client.post(place(kept, "accept")).status_code == 409
    for odd in ("abc", "9" * 30, "-1"):
        assert client.post(place(kept, "accept"), {"instead_of": odd}).status_code == 409
    assert Booking.objects.get(pk=other.pk).occupies
    client.post(place(kept, "accept"), {"instead_of": other.pk})
    (held,) = Booking.objects.live().filter(person=maya)
    assert held.session == kept.session


def test_nobody_gives_up_what_is_somebody_elses(client, clinic, kept, ben):
    theirs = seated(ben, clinic.session(TOMORROW + timedelta(minutes=30), clinic.jonah))
    client.post(place(kept, "accept"), {"instead_of": theirs.pk})
    assert Booking.objects.get(pk=theirs.pk).occupies


def test_a_place_in_line_is_ones_own(client, clinic, full, maya):
    ana = clinic.client("Ana")
    entry = waiting.join_line(full, person=ana, by=ana, now=NOON)
    for name in ("place", "leave"):
        assert client.get(place(entry, name)).status_code == 404
    for name in ("accept", "leave"):
        assert client.post(place(entry, name)).status_code == 404


def test_what_cannot_be_had_cannot_be_waited_for(client, clinic, maya):
    hidden = clinic.session(TOMORROW, listed=False)
    assert client.get(reverse("scheduling:wait", args=[hidden.pk])).status_code == 404
    soon = clinic.session(NOON + timedelta(minutes=90), clinic.jonah, capacity=1)
    page = client.get(reverse("scheduling:wait", args=[soon.pk]))
    assert page.status_code == 409
    assert "This begins too soon to be booked here." in words(page)


def test_the_roster_counts_who_waits(client, clinic, kept):
    sign_in(client, clinic.amara)
    page = client.get(reverse("scheduling:roster", args=[kept.session_id]))
    assert "0 waiting, 1 place offered" in words(page)


def test_the_week_takes_the_same_queries_however_much_one_waits_for(client, clinic, full, maya):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            client.get(WEEK)
        return len(asked)

    waiting.join_line(full, person=maya, by=maya, now=NOON)
    queries()
    few = queries()
    for days in (1, 2, 3):
        session = clinic.session(TOMORROW + timedelta(days=days), capacity=1)
        seated(clinic.client(f"Old{days}"), session)
        waiting.join_line(session, person=maya, by=maya, now=NOON)
    assert queries() == few


def test_nothing_is_called_not_urgent_beside_a_place_that_is_kept_for_a_while(client, clinic, kept):
    sign_in(client, kept.person)
    assert ("A place is free for you" in words(client.get("/")), "urgent" in words(client.get("/"))) == (True, False)
    waiting.leave_line(kept, by=kept.person, now=NOON)
    assert "Nothing here is urgent" in words(client.get("/"))
