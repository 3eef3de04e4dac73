"""People's own calendars: brought, read while they are wanted, given up, and removed with all that came of them."""

from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from iop_portal.audit.models import Entry
from iop_portal.notices.models import Notice
from scheduling import calendar_reading, fetching, own_calendars
from scheduling.commitments import busy_times
from scheduling.models import BusyTime, OwnCalendar
from scheduling.own_calendars import Brought, CannotRead, read_due_calendars
from scheduling.tasks import read_own_calendars
from tests.factories import NOON, UserFactory
from tests.scheduling.booking_world import TOMORROW, Clinic
from tests.scheduling.calendars import NINE_TO_FIVE, calendar_of, event
from tests.scheduling.test_fetching import HOST, at, certificate, policy, server  # noqa: F401  fixtures
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db

OWN = reverse("scheduling:own_times")
FILE = reverse("scheduling:bring_calendar", args=["file"])
ADDRESS = reverse("scheduling:bring_calendar", args=["address"])
WORK = Brought("work", whole_days=False)
SAID = {"kind": "work", "whole_days": "skip"}


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def maya():
    return UserFactory(zone="America/New_York")


def words(response):
    return " ".join(strip_tags(response.content.decode()).split())


def follow(person, address="webcal://calendar.example/a.ics", now=NOON):
    return own_calendars.follow_address(person, address, WORK, by=person, now=now)


# ── Files ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_becomes_busy_times_and_nothing_else(maya):
    made = own_calendars.bring_file(maya, calendar_of(NINE_TO_FIVE), WORK, by=maya, now=NOON)
    assert (made.read_at, made.read_until, made.from_file) == (NOON, NOON + own_calendars.AHEAD, True)
    found = busy_times(maya, begin=NOON, end=NOON + timedelta(days=7))
    assert (len(found), {one.word for one in found}) == (6, {"work"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT c::text || b::text FROM scheduling_owncalendar c, scheduling_busytime b")
        assert not any("zq-" in row.lower() for (row,) in cursor.fetchall())
    entry = Entry.objects.get(verb="own_calendar.brought")
    assert (entry.client, entry.facts) == (maya, {})


def test_what_cannot_be_read_says_why_and_how_to_mend_it_and_leaves_nothing(maya):
    with pytest.raises(CannotRead) as refused:
        own_calendars.bring_file(maya, b"hello", WORK, by=maya, now=NOON)
    assert str(refused.value) == (
        "We could not read this calendar. What is there is not a calendar. "
        "Choose the file that your calendar exports: its name ends in .ics."
    )
    assert not OwnCalendar.objects.exists()
    assert not Entry.objects.filter(verb__startswith="own_calendar").exists()


def test_every_trouble_has_its_sentences():
    told = {*calendar_reading.Trouble, *fetching.Trouble}
    assert told == set(OwnCalendar.Trouble.values) == set(own_calendars.HOW_TO_MEND)


def test_somebody_brings_three_calendars_at_most_and_a_place_is_free_again(maya):
    first, *_others = [follow(maya) for _number in range(3)]
    with pytest.raises(own_calendars.ThreeAlready):
        follow(maya)
    own_calendars.remove_calendar(first, by=maya, now=NOON)
    assert follow(maya).place == 1
    assert follow(UserFactory()).place == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        OwnCalendar.objects.create(person=maya, place=4, kind="work", added_at=NOON)


def test_nobody_is_busy_by_somebody_else_s_calendar(maya):
    own_calendars.bring_file(UserFactory(), calendar_of(NINE_TO_FIVE), WORK, by=maya, now=NOON)
    assert busy_times(maya, begin=NOON, end=NOON + timedelta(days=7)) == []


# ── Addresses ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_address_lies_sealed_and_is_said_nowhere(maya, caplog, server, policy):  # noqa: F811
    caplog.set_level("DEBUG")
    follow(maya, at(server, "/zq-secret"))
    read_due_calendars(now=NOON, policy=policy())
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(c)::text FROM scheduling_owncalendar c")
        (row,) = cursor.fetchone()
        cursor.execute("SELECT row_to_json(e)::text FROM audit_entry e")
        rows = [row, *(told for (told,) in cursor.fetchall())]
    assert not any("zq-secret" in told or HOST in told for told in [*rows, caplog.text])
    assert "own calendar not read" in caplog.text
    assert OwnCalendar.objects.get().address == at(server, "/zq-secret")


def test_a_worker_reads_it_and_reads_it_again_an_hour_later(maya, server, policy):  # noqa: F811
    server.answers["/a.ics"] = (200, {}, calendar_of(NINE_TO_FIVE))
    follow(maya, at(server))
    assert read_due_calendars(now=NOON, policy=policy()) == 1
    held = OwnCalendar.objects.get()
    assert (held.failures, held.trouble, held.read_at) == (0, "", NOON)
    hour = timedelta(hours=1)
    assert hour <= held.next_try_at - NOON < hour + own_calendars.JITTER
    assert read_due_calendars(now=NOON + timedelta(minutes=59), policy=policy()) == 0

    server.answers["/a.ics"] = (200, {}, calendar_of(event("20261125T150000Z", "20261125T160000Z")))
    assert read_due_calendars(now=NOON + 2 * hour, policy=policy()) == 1
    (found,) = busy_times(maya, begin=NOON, end=NOON + timedelta(days=30))
    assert found.ends - found.begins == hour


def test_what_was_read_before_stays_while_it_cannot_be_read_for_a_while(maya, server, policy):  # noqa: F811
    server.answers["/a.ics"] = (200, {}, calendar_of(NINE_TO_FIVE))
    follow(maya, at(server))
    read_due_calendars(now=NOON, policy=policy())
    server.answers["/a.ics"] = (200, {}, b"<html>signed out</html>")
    read_due_calendars(now=NOON + timedelta(hours=2), policy=policy())
    held = OwnCalendar.objects.get()
    assert (held.failures, held.trouble, held.read_at) == (1, "not_a_calendar", NOON)
    assert busy_times(maya, begin=NOON, end=NOON + timedelta(days=1))


def test_after_a_week_it_is_given_up_and_the_person_hears_of_it(maya):
    """The portal's own policy: the address leads to this machine."""
    follow(maya, "https://localhost/a.ics")
    BusyTime.objects.create(calendar=OwnCalendar.objects.get(), during=(NOON, NOON + timedelta(hours=1)))
    now, rests = NOON, []
    for _number in range(own_calendars.MOST_FAILURES):
        assert read_due_calendars(now=now) == 1
        held = OwnCalendar.objects.get()
        if held.next_try_at:
            rests.append(held.next_try_at - now)
            now = held.next_try_at
    assert [round(rest / timedelta(hours=1)) for rest in rests] == [1, 2, 4, 8, 16, 24, 24, 24, 24, 24]
    assert (held.address, held.given_up_at, held.trouble) == (None, now, "forbidden")
    assert not BusyTime.objects.exists()
    assert read_due_calendars(now=now + timedelta(days=30)) == 0
    assert [(one.kind, one.to) for one in Notice.objects.owed()] == [("own_calendar_given_up", maya)]

    own_calendars.remove_calendar(held, by=maya, now=now)
    assert not Notice.objects.owed().exists()


def test_two_runs_at_once_read_it_once_and_one_that_was_lost_is_taken_up(maya):
    made = follow(maya)
    claimed = own_calendars._claim(now=NOON)
    assert claimed == made
    assert own_calendars._claim(now=NOON + timedelta(minutes=1)) is None
    later = NOON + own_calendars.LEASE
    assert own_calendars._claim(now=later) == made
    # Whoever was taken for lost comes back too late.
    own_calendars._note_reading(claimed, [(NOON, later)], now=later)
    assert not BusyTime.objects.exists()


def test_a_calendar_that_is_removed_while_it_is_read_stays_removed(maya):
    follow(maya)
    claimed = own_calendars._claim(now=NOON)
    own_calendars.remove_calendar(OwnCalendar.objects.get(), by=maya, now=NOON)
    own_calendars._note_reading(claimed, [(NOON, NOON + timedelta(hours=1))], now=NOON)
    own_calendars._note_failure(claimed, OwnCalendar.Trouble.REFUSED, now=NOON)
    assert not OwnCalendar.objects.exists()
    assert not BusyTime.objects.exists()
    with pytest.raises(own_calendars.Removed):
        own_calendars.remove_calendar(claimed, by=maya, now=NOON)


def test_nobody_reads_for_somebody_who_is_gone_and_the_task_runs(maya):
    follow(maya, "https://localhost/a.ics")
    maya.is_active = False
    maya.save()
    read_own_calendars()
    assert OwnCalendar.objects.get().tried_at is None


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("an_own_calendar_is_read_again_where_it_has_an_address", {"next_try_at": NOON}),
        ("an_own_calendar_is_read_again_where_it_has_an_address", {"address": "sealed"}),
        ("a_calendar_given_up_keeps_no_address", {"address": "s", "next_try_at": NOON, "given_up_at": NOON}),
    ],
)
def test_the_database_keeps_the_rules_of_calendars(maya, name, columns):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        OwnCalendar.objects.create(person=maya, place=1, kind="work", added_at=NOON, **columns)


# ── Pages ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def clinic():
    return Clinic()


@pytest.fixture
def browser(client, clinic):
    return sign_in(client, clinic.maya)


def upload(data, name="work.ics"):
    return SimpleUploadedFile(name, data, "text/calendar")


def test_a_client_brings_a_file_and_times_say_what_they_overlap(browser, clinic):
    clinic.session(TOMORROW)
    response = browser.post(FILE, {**SAID, "file": upload(calendar_of(NINE_TO_FIVE))}, follow=True)
    assert response.redirect_chain == [(OWN, 302)]
    assert "From a file of 24 November 2026. It holds until 23 May 2027." in words(response)
    assert "Overlaps work" in words(browser.get(reverse("scheduling:when", args=["group"])))
    assert "<b>Work</b>" in browser.get(reverse("scheduling:my_week")).content.decode()


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"file": None}, "file", "Choose the file that your calendar exported."),
        ({"file": b""}, "file", "We could not read this calendar. What is there is not a calendar."),
        ({"file": b"BEGIN:VCALENDAR" + b"x" * 1_000_001}, "file", "It is larger than 1 MB."),
        ({"file": calendar_of(event("20261125T100000Z", "20261125T100100Z", "RRULE:FREQ=SECONDLY"))}, "file",
         "An entry in it repeats more than a few times a day."),
        ({"kind": ""}, "kind", "Choose an answer for “What does it mostly hold?”"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_taken_says_how_to_mend_it(browser, changes, field, sentence):
    given = {**SAID, "file": calendar_of(NINE_TO_FIVE), **changes}
    given["file"] = "" if given["file"] is None else upload(given["file"])
    response = browser.post(FILE, given)
    assert (response.status_code, list(response.context["form"].errors)) == (400, [field])
    assert sentence in response.context["form"].errors[field][0]
    assert not OwnCalendar.objects.exists()


@pytest.fixture
def held(clinic):
    return own_calendars.bring_file(clinic.maya, calendar_of(NINE_TO_FIVE), WORK, by=clinic.maya, now=NOON)


def newer(held):
    return reverse("scheduling:renew_own_calendar", args=[held.pk])


SATURDAY = calendar_of(event("20261128T150000Z", "20261128T160000Z"))


def test_a_newer_file_takes_the_place_of_the_one_before_in_the_same_row(browser, clinic, held):
    assert "Bring a newer file: Work" in words(browser.get(OWN))
    assert "Bring a newer file of “Work”" in words(browser.get(newer(held)))
    with time_machine.travel(NOON + timedelta(days=3), tick=False):
        again = sign_in(browser, clinic.maya)
        response = again.post(newer(held), {"whole_days": "keep", "file": upload(SATURDAY)}, follow=True)
    assert response.redirect_chain == [(OWN, 302)]
    assert "Work From a file of 27 November 2026. It holds until 26 May 2027." in words(response)
    one = OwnCalendar.objects.get()
    assert (one.pk, one.place, one.kind, one.whole_days, one.added_at) == (held.pk, held.place, "work", True, NOON)
    assert [busy.during.lower for busy in one.busy_times.all()] == [NOON + timedelta(days=3, hours=22)]
    assert Entry.objects.get(verb="own_calendar.renewed").client == clinic.maya


def test_a_newer_file_that_cannot_be_read_leaves_what_was_there(browser, held):
    before = list(held.busy_times.values_list("pk", flat=True))
    response = browser.post(newer(held), {"whole_days": "keep", "file": upload(b"not a calendar")})
    form = response.context["form"]
    assert (response.status_code, list(form.errors), form["whole_days"].value()) == (400, ["file"], "keep")
    held.refresh_from_db()
    assert (list(held.busy_times.values_list("pk", flat=True)), held.whole_days) == (before, False)


def test_a_newer_file_is_of_one_s_own_calendar_that_came_by_a_file(browser, clinic, held):
    followed = follow(clinic.maya)
    assert browser.get(newer(followed)).status_code == 404
    with pytest.raises(own_calendars.NotOfAFile):
        own_calendars.renew_file(followed, SATURDAY, whole_days=False, by=clinic.maya, now=NOON)
    ben = sign_in(browser, clinic.client("Ben"))
    assert ben.post(newer(held), {"whole_days": "keep", "file": upload(SATURDAY)}).status_code == 404
    assert held.busy_times.count() > 1
    own_calendars.remove_calendar(held, by=clinic.maya, now=NOON)
    with pytest.raises(own_calendars.Removed):
        own_calendars.renew_file(held, SATURDAY, whole_days=False, by=clinic.maya, now=NOON)


def test_a_file_larger_than_memory_should_hold_is_not_even_taken_in(browser):
    response = browser.post(FILE, {**SAID, "file": BytesIO(b"x" * 4_100_000)})
    assert response.status_code == 413


def test_an_address_is_brought_watched_and_removed(browser, clinic):
    response = browser.post(ADDRESS, {**SAID, "address": "webcal://calendar.example/zq-secret.ics"}, follow=True)
    assert "We are about to read it." in words(response)
    assert "zq-secret" not in response.content.decode()
    held = OwnCalendar.objects.get()
    held.failures, held.trouble = 1, "refused"
    held.save()
    assert "It does not let us read the calendar. Let your calendar make a new private address" in words(
        browser.get(OWN)
    )
    remove = reverse("scheduling:remove_own_calendar", args=[held.pk])
    assert "Remove your calendar “Work”?" in words(browser.get(remove))
    assert "It is removed, and all the times that came from it." in words(browser.post(remove, follow=True))
    assert browser.get(remove).status_code == 404


def test_an_address_to_mend_keeps_what_was_typed(browser):
    response = browser.post(ADDRESS, {**SAID, "address": "http://calendar.example/a.ics"})
    assert response.status_code == 400
    assert 'value="http://calendar.example/a.ics"' in response.content.decode()
    assert "The address begins with http://" in response.context["form"].errors["address"][0]
    assert browser.get(reverse("scheduling:bring_calendar", args=["pigeon"])).status_code == 404


def test_nobody_else_removes_it(client, clinic):
    held = follow(clinic.maya)
    ben = sign_in(client, clinic.client("Ben"))
    assert ben.post(reverse("scheduling:remove_own_calendar", args=[held.pk])).status_code == 404
    assert "Remove" not in words(ben.get(OWN))
    assert OwnCalendar.objects.get() == held


def test_the_page_asks_as_much_of_three_calendars_as_of_one(browser, clinic):
    found = []
    for _number in range(3):
        follow(clinic.maya)
        with CaptureQueriesContext(connection) as asked:
            browser.get(OWN)
        found.append(len(asked))
    assert found[0] == found[2]
