"""Answering by a link: once, for one thing, without signing in, and never by merely opening it."""

import re
from datetime import timedelta
from hashlib import sha256

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from iop_portal.audit.models import Entry
from iop_portal.logs import PlainFacts
from iop_portal.notices.delivery import deliver_owed
from iop_portal.notices.models import Notice, Reach
from scheduling import answering
from scheduling.booking import cancel_booking
from scheduling.models import AnswerLink, Booking, Reminder, Session
from scheduling.reminders import owe_reminders
from tests.factories import NOON, seated
from tests.scheduling.booking_world import Clinic
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db
BEGINS = NOON + timedelta(hours=6)
NOW = BEGINS - timedelta(hours=2)


@pytest.fixture(autouse=True)
def at_the_time():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def clinic():
    return Clinic()


@pytest.fixture
def booking(clinic):
    return seated(clinic.maya, clinic.session(BEGINS))


@pytest.fixture
def links(booking):
    """The paths of the three links that came by mail, by their purpose."""
    owe_reminders(now=NOW)
    deliver_owed()
    paths = re.findall(r"http://127\.0\.0\.1:8000(/a/[\w-]+/)", mail.outbox[-1].body)
    return dict(zip(("come", "cancel", "late"), paths, strict=True))


def answer_of(booking):
    return Reminder.objects.values_list("answer", "late_by").get(booking=booking)


def rows():
    return list(AnswerLink.objects.values_list("used_at")), list(Booking.objects.values_list("state"))


@pytest.mark.parametrize("purpose", ["come", "cancel", "late"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_a_link_changes_nothing_and_shows_nothing_but_when(client, links, method, purpose):
    before = rows()
    for _ in range(2):
        answer = getattr(client, method)(links[purpose])
        assert answer.status_code == 200
    assert rows() == before
    assert answer["Referrer-Policy"] == "strict-origin"
    assert answer["Cache-Control"] == "no-store"
    if method == "get":
        page = answer.content.decode()
        assert "Tuesday 24 November, 6:00 pm" in page
        for word in ("Maya", "Amara", "Skills group", "Room 2"):
            assert word not in page


def test_to_say_that_one_comes(client, clinic, booking, links):
    assert client.post(links["come"]).url == "/answered/come/"
    assert answer_of(booking) == ("comes", None)
    entry = Entry.objects.get(verb="booking.confirmed")
    assert (entry.client, entry.actor, entry.object_id) == (clinic.maya, clinic.maya, booking.pk)


def test_to_say_how_late_one_will_be(client, booking, links):
    assert client.post(links["late"], {"late_by": "20"}).url == "/answered/late/"
    assert answer_of(booking) == ("late", 20)
    assert Entry.objects.get(verb="booking.late_announced").facts == {"late_by": 20}


@pytest.mark.parametrize("late_by", ["", "15", "-10", "600", "x"])
def test_only_what_is_offered_can_be_said(client, booking, links, late_by):
    answer = client.post(links["late"], {"late_by": late_by})
    assert answer.status_code == 400
    assert answer_of(booking) == ("", None)
    assert client.post(links["late"], {"late_by": "10"}).status_code == 302


def test_to_cancel(client, clinic, booking, links):
    assert client.post(links["cancel"]).url == "/answered/cancel/"
    booking.refresh_from_db()
    assert (booking.state, booking.cancelled_by) == ("late", clinic.maya)
    assert Notice.objects.filter(kind="booking_cancelled", to=clinic.maya).count() == 1


def test_the_last_answer_holds(client, booking, links):
    client.post(links["late"], {"late_by": "30"})
    client.post(links["come"])
    assert answer_of(booking) == ("comes", None)


# ── Links that cannot be used ─────────────────────────────────────────────────────────────────────────────────


def used(client, booking, links, clock):
    client.post(links["come"])


def too_old(client, booking, links, clock):
    clock.move_to(BEGINS)


def cancelled(client, booking, links, clock):
    cancel_booking(booking, by=booking.person, now=NOW)


def moved(client, booking, links, clock):
    during = Session.objects.get(pk=booking.session_id).during
    later = type(during)(during.lower + timedelta(days=1), during.upper + timedelta(days=1), "[)")
    Session.objects.filter(pk=booking.session_id).update(during=later)


def closed(client, booking, links, clock):
    type(booking.person).objects.filter(pk=booking.person_id).update(is_active=False)


@pytest.mark.parametrize("end", [used, too_old, cancelled, moved, closed])
def test_a_link_that_cannot_be_used_is_answered_like_one_that_never_was(client, booking, links, at_the_time, end):
    never = client.get("/a/never-was-one-of-these/")
    end(client, booking, links, at_the_time)
    before = rows()
    for method in ("get", "post"):
        answer = getattr(client, method)(links["come"])
        assert (answer.status_code, answer.content) == (404, never.content)
        assert answer["Referrer-Policy"] == "no-referrer"
    assert rows() == before


def test_one_purpose_does_not_do_for_another(client, booking, links):
    client.post(links["come"], {"late_by": "20", "purpose": "cancel"})
    booking.refresh_from_db()
    assert (booking.state, answer_of(booking)) == ("booked", ("comes", None))


def test_only_the_hash_is_kept_and_a_newer_message_has_links_of_its_own(booking, links):
    token = links["come"].split("/")[2]
    link = AnswerLink.objects.get(purpose="come")
    assert link.token_hash == sha256(token.encode()).hexdigest()
    assert (link.person, link.reminder.booking, link.expires_at) == (booking.person, booking, BEGINS)


def test_a_form_from_elsewhere_is_refused(links):
    answer = Client(enforce_csrf_checks=True).post(links["come"])
    assert answer.status_code == 403
    assert AnswerLink.objects.get(purpose="come").used_at is None


def test_tokens_are_tried_out_at_a_slow_pace(client, links):
    for _ in range(60):
        client.get("/a/guess/")
    assert client.get(links["come"]).status_code == 429
    assert client.post(links["come"]).status_code == 429


def test_no_token_reaches_the_log(client, links, caplog):
    caplog.set_level("DEBUG")
    client.get(links["come"])
    client.post(links["come"])
    written = "\n".join(PlainFacts().format(record) for record in caplog.records)
    assert '"view": "scheduling:answer"' in written
    assert links["come"].split("/")[2] not in written


def test_what_was_answered_is_no_secret_and_what_was_not_is_no_page(client):
    assert client.get("/answered/come/").status_code == 200
    assert client.get("/answered/anything/").status_code == 404


def test_the_place_is_told_to_who_wants_it(clinic, booking):
    clinic.program.address = "48 Canal Street"
    Reach.objects.create(person=clinic.maya, tells_place=True)
    held = Booking.objects.select_related("session__program").get(pk=booking.pk)
    assert answering.place_told(held, clinic.maya) == "By video"
    assert answering.place_told(held, clinic.amara) == ""


# ── Where it is seen ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("purpose", "late_by", "said"), [("come", "", "confirmed"), ("late", "20", "about 20 minutes late")]
)
def test_whoever_leads_sees_it_on_their_day_and_on_the_roster(client, clinic, booking, links, purpose, late_by, said):
    client.post(links[purpose], {"late_by": late_by})
    sign_in(client, clinic.amara)
    assert f"Maya T. ({said})" in client.get("/caseload/").content.decode()
    assert said in client.get(f"/sessions/{booking.session_id}/").content.decode()


def test_what_was_said_of_the_old_time_is_not_said_of_the_new(client, clinic, booking, links, at_the_time):
    client.post(links["come"])
    moved(client, booking, links, at_the_time)
    sign_in(client, clinic.amara)
    assert "confirmed" not in client.get(f"/sessions/{booking.session_id}/").content.decode()


# ── What the database says ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "wrong",
    [
        {"answer": "comes", "answered_at": None},
        {"answer": "comes", "answered_at": NOON, "late_by": 10},
        {"answer": "late", "answered_at": NOON},
        {"answer": "late", "answered_at": NOON, "late_by": 15},
    ],
)
def test_an_answer_is_whole(booking, wrong):
    with pytest.raises(IntegrityError, match="an_answer_is_whole"), transaction.atomic():
        Reminder.objects.create(booking=booking, begins=BEGINS, **wrong)
