"""The pages on which people say what they keep free, and those that say what overlaps it."""

from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from scheduling.commitments import Terms, add_commitment
from scheduling.models import Booking, Commitment
from tests.factories import NOON
from tests.scheduling.booking_world import TOMORROW, Clinic
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db

TODAY = NOON.date()
OWN = reverse("scheduling:own_times")
WEEKLY = reverse("scheduling:add_own_time", args=["weekly"])
ONCE = reverse("scheduling:add_own_time", args=["once"])
WORKDAYS = ["0", "1", "2", "3", "4"]
WORK = {"kind": "work", "weekdays": WORKDAYS, "begins": "09:00", "ends": "17:00", "since": "2026-11-24"}


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def clinic():
    return Clinic()


@pytest.fixture
def maya(client, clinic):
    return sign_in(client, clinic.maya)


def words(response):
    return " ".join(strip_tags(response.content.decode()).split())


def kept_by(person, **changes):
    every_day = Terms("work", "", tuple(range(7)), time(9), time(17), TODAY)
    return add_commitment(person, replace(every_day, **changes), by=person, now=NOON)


def test_a_client_writes_down_their_work_and_finds_it_in_their_week(maya, clinic):
    response = maya.post(WEEKLY, WORK, follow=True)
    assert response.redirect_chain == [(OWN, 302)]
    assert "Work Monday, Tuesday, Wednesday, Thursday and Friday, 9:00 am–5:00 pm" in words(response)
    week = maya.get(reverse("scheduling:my_week")).content.decode()
    assert week.count('<li class="block-own hatched block-own-long"><b>Work</b>') == 4


def test_a_single_day_is_written_down_with_a_word_of_one_s_own(maya, clinic):
    once = {"kind": "care", "name": "Leo’s football", "since": "2026-11-28", "begins": "10:00", "ends": "11:30"}
    assert "Leo’s football Saturday 28 November, 10:00–11:30 am" in words(maya.post(ONCE, once, follow=True))
    assert Commitment.objects.get().person == clinic.maya


@pytest.mark.parametrize(
    ("page", "changes", "field", "sentence"),
    [
        (WEEKLY, {"weekdays": []}, "weekdays", "Choose at least one day of the week."),
        (WEEKLY, {"weekdays": ["7"]}, "weekdays", "Choose one of the answers to “On which days?”"),
        (WEEKLY, {"ends": "09:00"}, "ends", "Choose an end that is another time than the beginning."),
        (WEEKLY, {"until": "2026-11-23"}, "until", "Choose a last day that is not before the first."),
        (WEEKLY, {"since": "0026-11-24"}, "since", "Type the year with four digits, such as 2026."),
        (WEEKLY, {"since": "2029-11-24"}, "since", "Choose a first day within the next two years."),
        (ONCE, {"since": "2026-11-23"}, "since", "Choose a day that has not passed."),
        (ONCE, {"kind": "fun"}, "kind", "Choose one of the answers to “What is it?”"),
        (ONCE, {"name": "x" * 41}, "name", None),
        (ONCE, {"name": "one\u2028line"}, "name", "Use letters, signs and spaces only, on one line."),
        (ONCE, {"begins": "late"}, "begins", None),
    ],
)
def test_what_cannot_be_written_down_says_how_to_mend_it_and_loses_nothing(maya, page, changes, field, sentence):
    response = maya.post(page, {**WORK, "name": "Night desk", **changes})
    errors = response.context["form"].errors
    assert (response.status_code, list(errors)) == (400, [field])
    assert sentence is None or errors[field] == [sentence]
    if field != "name":
        assert 'value="Night desk"' in response.content.decode()
    assert not Commitment.objects.exists()


def test_a_page_that_is_neither_weekly_nor_once_does_not_exist(maya):
    assert maya.get(reverse("scheduling:add_own_time", args=["yearly"])).status_code == 404


def test_what_is_kept_free_is_changed_and_ended(maya, clinic):
    held = kept_by(clinic.maya, since=TODAY - timedelta(days=9))
    change = reverse("scheduling:change_own_time", args=[held.pk])
    assert 'value="09:00"' in maya.get(change).content.decode()
    assert maya.post(change, {**WORK, "since": "2026-11-15", "ends": "18:00"}).url == OWN
    held.refresh_from_db()
    assert (held.ends, held.weekdays) == (time(18), [0, 1, 2, 3, 4])
    end = reverse("scheduling:end_own_time", args=[held.pk])
    assert "End “Work”?" in words(maya.get(end))
    response = maya.post(end, follow=True)
    assert "Nothing is written down yet." in words(response)
    assert maya.get(end).status_code == maya.post(change, WORK).status_code == 404


def test_nobody_else_opens_changes_or_ends_it(client, clinic):
    held = kept_by(clinic.maya)
    for other in (clinic.client("Ben"), clinic.amara):
        browser = sign_in(client, other)
        for name in ("change_own_time", "end_own_time"):
            answer = browser.post(reverse(f"scheduling:{name}", args=[held.pk]), WORK)
            assert answer.status_code == (403 if other == clinic.amara else 404)
    ben = sign_in(client, clinic.client("Ben"))
    assert "Work" not in words(ben.get(reverse("scheduling:my_week")))
    assert "Nothing is written down yet." in words(ben.get(OWN))
    assert Commitment.objects.get() == held


# ── Booking ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_times_say_what_they_overlap_and_can_be_booked_all_the_same(maya, clinic):
    kept_by(clinic.maya)
    at_work, after = clinic.session(TOMORROW), clinic.session(TOMORROW + timedelta(hours=10))
    times = maya.get(reverse("scheduling:when", args=["group"])).content.decode()
    assert times.count("Overlaps work") == 1
    check = f"{reverse('scheduling:check')}?session="
    assert "This overlaps work. You may still book it" in words(maya.get(f"{check}{at_work.pk}"))
    assert "overlaps work" not in words(maya.get(f"{check}{after.pk}"))
    assert maya.post(f"{check}{at_work.pk}").status_code == 302
    assert Booking.objects.get().session == at_work


def test_hours_with_a_counsellor_and_other_times_instead_say_it_too(maya, clinic):
    clinic.hours()
    kept_by(clinic.maya, begins=time(9), ends=time(10), name="Leo’s school")
    query = f"?way={clinic.talk.pk}&minutes=50&day=2026-11-25"
    times = maya.get(reverse("scheduling:when", args=["counsellor"]) + query).content.decode()
    assert times.count("Overlaps Leo’s school") == 2 * 7  # at 9 and half past, on each of seven days
    refused = maya.get(f"{reverse('scheduling:check')}{query}&giver={clinic.amara.pk}&at=2026-11-25T13:00Z")
    assert refused.status_code == 409
    assert refused.content.decode().count("Overlaps Leo’s school") == 2


def test_whatever_somebody_keeps_free_the_pages_ask_the_same_number_of_questions(maya, clinic):
    for hours in range(4):
        clinic.session(TOMORROW + timedelta(hours=3 * hours))
    pages = [reverse("scheduling:when", args=["group"]), reverse("scheduling:my_week"), OWN]
    counts = []
    for many in (1, 7):
        for number in range(many):
            kept_by(clinic.maya, name=f"Thing {many} {number}")
        counts.append([])
        for page in pages:
            with CaptureQueriesContext(connection) as asked:
                assert maya.get(page).status_code == 200
            counts[-1].append(len(asked))
    assert counts[0] == counts[1]


# ── My week ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_night_shift_stands_in_both_days_and_in_order_with_what_is_booked(maya, clinic):
    kept_by(clinic.maya, weekdays=(1,), begins=time(22), ends=time(6), name="Night shift")
    week = maya.get(reverse("scheduling:my_week")).context["week"]
    tuesday, wednesday = week.days[1], week.days[2]
    zone = ZoneInfo(clinic.maya.zone)
    assert [(one.word, one.begins.astimezone(zone).hour) for one in tuesday.evening] == [("Night shift", 22)]
    assert [(one.word, one.ends.astimezone(zone).hour) for one in wednesday.daytime] == [("Night shift", 6)]


def test_a_message_says_that_it_was_saved(maya):
    response = maya.post(WEEKLY, WORK)
    assert [str(told) for told in get_messages(response.wsgi_request)] == [
        "Saved. From now on we tell you when a session overlaps it."
    ]
