"""Whatever somebody asks for that cannot be: a clear sentence, the right status, nothing half-written.

Each case makes its world and gives the address that is asked for. Looking at it and booking it answer alike.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from iop_portal.accounts.apart import keep_apart
from iop_portal.audit.models import Entry
from iop_portal.notices.models import Notice
from iop_portal.people.models import Apart
from scheduling import booking
from scheduling.models import Booking, Facilitation, Session
from tests.factories import NOON, ModalityFactory, enrolled
from tests.scheduling.booking_world import TOMORROW, Clinic
from tests.signing_in import sign_in
from therapy.models import Credential, Format

pytestmark = pytest.mark.django_db

CHECK = reverse("scheduling:check")
GONE = booking.SessionGone.message
FULL = booking.SessionFull.message
TAKEN = booking.HourTaken.message
NOT_OFFERED = booking.NotOffered.message
UNREADABLE = "Choose a time from the list."


@pytest.fixture
def clinic():
    return Clinic()


def written():
    """All that booking writes."""
    return (
        list(Booking.objects.order_by("pk").values_list("pk", "state")),
        list(Session.objects.order_by("pk").values_list("pk", "live")),
        Facilitation.objects.count(),
        Notice.objects.filter(about_type="scheduling.booking").count(),
        Entry.objects.filter(verb__startswith="booking.").count(),
    )


def answers_to(client, person, url, *, at=NOON):
    """The pages that looking and booking give, after which everything is as it was."""
    with time_machine.travel(at, tick=False):
        sign_in(client, person)
        before = written()
        pages = [client.get(url), client.post(url)]
        assert written() == before
    return pages


def refused(client, person, url, status, sentence, *, at=NOON):
    looked, booked = answers_to(client, person, url, at=at)
    assert (looked.status_code, booked.status_code) == (status, status)
    if sentence:
        assert (looked.context["why"], booked.context["why"]) == (str(sentence), str(sentence))
        assert str(sentence) in booked.content.decode()


def seat(session):
    return f"{CHECK}?session={session.pk if isinstance(session, Session) else session}"


def hour(clinic, begins=TOMORROW, **answers):
    given = {"way": clinic.talk.pk, "minutes": 50, "giver": clinic.amara.pk, "at": moment(begins), **answers}
    return f"{CHECK}?" + "&".join(f"{name}={value}" for name, value in given.items())


def moment(at):
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


# ── Places ────────────────────────────────────────────────────────────────────────────────────────────────────


def full(clinic):
    session = clinic.session(capacity=1)
    booking.book_seat(session, person=clinic.client("Ben"), by=clinic.maya, now=NOON)
    return session


def clashing(clinic):
    booking.book_seat(clinic.session(), person=clinic.maya, by=clinic.maya, now=NOON)
    return clinic.session(TOMORROW + timedelta(minutes=89), clinic.jonah)


def with_somebody_kept_apart(clinic):
    ben, session = clinic.client("Ben"), clinic.session()
    booking.book_seat(session, person=ben, by=ben, now=NOON)
    keep_apart(clinic.maya, ben, asked_by=Apart.AskedBy.SAFETY, by=clinic.amara, now=NOON)
    return session


def led_by_somebody_kept_apart(clinic):
    keep_apart(clinic.jonah, clinic.maya, asked_by=Apart.AskedBy.STAFF, by=clinic.amara, now=NOON)
    return clinic.session(TOMORROW, clinic.jonah)


def without_credential(clinic):
    Credential.objects.update(expires_on=TOMORROW.date() - timedelta(days=1))
    return clinic.session()


def of_a_retired_way(clinic):
    clinic.group.in_use = False
    clinic.group.save()
    return clinic.session()


def for_a_family(clinic):
    """Arranged with the family, and booked by nobody alone."""
    way = ModalityFactory(program=clinic.program, format=Format.FAMILY)
    clinic.amara.clinician.gives.add(way)
    return clinic.session(modality=way)


def of_one_s_own_past(clinic):
    """Visible, since it was booked: cancelled by the program since."""
    session = clinic.session()
    booking.book_seat(session, person=clinic.maya, by=clinic.maya, now=NOON)
    Booking.objects.update(state="program", occupies=False, cancelled_at=NOON)
    Session.objects.update(state="cancelled", live=False)
    return session


SEATS = {
    "full": (full, 409, FULL),
    "past": (lambda clinic: clinic.session(NOON - timedelta(hours=3)), 409, GONE),
    "begun this moment": (lambda clinic: clinic.session(NOON), 409, GONE),
    "within notice": (lambda clinic: clinic.session(NOON + timedelta(minutes=119)), 409, booking.TooSoon.message),
    "beyond the horizon": (lambda clinic: clinic.session(NOON + timedelta(days=29)), 409, booking.TooFar.message),
    "hidden": (lambda clinic: clinic.session(listed=False), 404, ""),
    "cancelled": (lambda clinic: clinic.session(state="cancelled", live=False), 409, GONE),
    "cancelled by the program": (of_one_s_own_past, 409, GONE),
    "clashing by a minute": (clashing, 409, booking.AlreadyBusy.message),
    "with somebody kept apart": (with_somebody_kept_apart, 409, FULL),
    "led by somebody kept apart": (led_by_somebody_kept_apart, 409, FULL),
    "of another program": (lambda clinic: Clinic(name="Juniper House").session(), 404, ""),
    "without a valid credential": (without_credential, 409, GONE),
    "without a leader": (lambda clinic: Session.objects.get(pk=clinic.session().pk), 409, GONE),
    "of a way not in use": (of_a_retired_way, 409, GONE),
    "for a family": (for_a_family, 409, GONE),
    "none": (lambda clinic: 10**9, 404, ""),
    "the last key there is": (lambda clinic: 2**63 - 1, 404, ""),
    "past the last key": (lambda clinic: 2**63, 400, UNREADABLE),
    "no key": (lambda clinic: "abc", 400, UNREADABLE),
    "below zero": (lambda clinic: -1, 400, UNREADABLE),
    "a list": (lambda clinic: "1,2", 400, UNREADABLE),
    "a query in a key": (lambda clinic: "1%20OR%201=1", 400, UNREADABLE),
    "a null byte": (lambda clinic: "1%00", 400, UNREADABLE),
}


@pytest.mark.parametrize(("make", "status", "sentence"), SEATS.values(), ids=SEATS)
def test_a_place_that_cannot_be_had(client, clinic, make, status, sentence, request):
    session = make(clinic)
    if "without a leader" in request.node.callspec.id:
        Facilitation.objects.all().delete()
    refused(client, clinic.maya, seat(session), status, sentence)


# ── Hours ─────────────────────────────────────────────────────────────────────────────────────────────────────


def taken(clinic):
    ben = clinic.client("Ben")
    wish = {"clinician": clinic.amara, "begins": TOMORROW, "minutes": 50, "room": None}
    booking.book_hour(clinic.talk, **wish, person=ben, by=ben, now=NOON)
    return hour(clinic)


def within_the_buffer(clinic):
    taken(clinic)
    return hour(clinic, TOMORROW + timedelta(minutes=30), minutes=25)


def over_one_s_own(clinic):
    booking.book_seat(clinic.session(TOMORROW, clinic.jonah), person=clinic.maya, by=clinic.maya, now=NOON)
    return hour(clinic, TOMORROW + timedelta(minutes=60))


def with_one_kept_apart(clinic):
    clinic.hours(clinic.jonah)
    keep_apart(clinic.maya, clinic.jonah, asked_by=Apart.AskedBy.CLIENT, by=clinic.amara, now=NOON)
    return hour(clinic, giver=clinic.jonah.pk)


def with_one_who_left(clinic):
    clinic.amara.is_active = False
    clinic.amara.save()
    return hour(clinic)


def with_an_expired_credential(clinic):
    Credential.objects.update(expires_on=TOMORROW.date() - timedelta(days=1))
    return hour(clinic)


def of_an_unused_way(clinic):
    clinic.talk.in_use = False
    clinic.talk.save()
    return hour(clinic)


HOURS = {
    "taken": (taken, 409, TAKEN),
    "within the buffer": (within_the_buffer, 409, TAKEN),
    "outside hours": (lambda clinic: hour(clinic, TOMORROW.replace(hour=3)), 409, TAKEN),
    "across the end of hours": (lambda clinic: hour(clinic, TOMORROW.replace(hour=21, minute=30)), 409, TAKEN),
    "off the half hour": (lambda clinic: hour(clinic, TOMORROW + timedelta(minutes=10)), 409, TAKEN),
    "past": (lambda clinic: hour(clinic, NOON - timedelta(hours=1)), 409, booking.HourPassed.message),
    "within notice": (lambda clinic: hour(clinic, NOON + timedelta(hours=1)), 409, booking.TooSoon.message),
    "beyond the horizon": (lambda clinic: hour(clinic, NOON + timedelta(days=28)), 409, booking.TooFar.message),
    "over something of one's own": (over_one_s_own, 409, booking.AlreadyBusy.message),
    "a length that is not offered": (lambda clinic: hour(clinic, minutes=55), 400, booking.LengthNotOffered.message),
    "a length of a working day": (lambda clinic: hour(clinic, minutes=600), 400, booking.LengthNotOffered.message),
    "no length": (lambda clinic: hour(clinic, minutes=0), 400, UNREADABLE),
    "a length below zero": (lambda clinic: hour(clinic, minutes=-50), 400, UNREADABLE),
    "a length in words": (lambda clinic: hour(clinic, minutes="fifty"), 400, UNREADABLE),
    "with somebody kept apart": (with_one_kept_apart, 409, NOT_OFFERED),
    "with somebody who does not give it": (
        lambda clinic: hour(clinic, way=clinic.first_talk.pk, minutes=60, giver=clinic.jonah.pk),
        409,
        NOT_OFFERED,
    ),
    "with somebody who left": (with_one_who_left, 404, ""),
    "with an expired credential": (with_an_expired_credential, 409, NOT_OFFERED),
    "with somebody of another program": (lambda clinic: hour(clinic, giver=Clinic(name="J").amara.pk), 404, ""),
    "with a client": (lambda clinic: hour(clinic, giver=clinic.maya.pk), 404, ""),
    "of another program": (lambda clinic: hour(clinic, way=Clinic(name="J").talk.pk), 404, ""),
    "of a group": (lambda clinic: hour(clinic, way=clinic.group.pk), 404, ""),
    "of a way not in use": (of_an_unused_way, 404, ""),
    "in a room of another program": (lambda clinic: hour(clinic, room=Clinic(name="J").room.pk), 404, ""),
    "in a room where nobody works": (lambda clinic: hour(clinic, room=clinic.room.pk), 409, TAKEN),
    "at no time": (lambda clinic: hour(clinic, at="tomorrow"), 400, UNREADABLE),
    "at a time without a zone": (lambda clinic: hour(clinic, at="2026-11-25T17:00"), 400, UNREADABLE),
    "on the 30th of February": (lambda clinic: hour(clinic, at="2027-02-30T17:00Z"), 400, UNREADABLE),
    "at 25 o'clock": (lambda clinic: hour(clinic, at="2026-11-25T25:00Z"), 400, UNREADABLE),
    "in the year 9999": (lambda clinic: hour(clinic, at="9999-12-31T23:59Z"), 400, UNREADABLE),
    "in the year 1": (lambda clinic: hour(clinic, at="0001-01-01T00:00Z"), 400, UNREADABLE),
    "in a zone that is none": (lambda clinic: hour(clinic, at="2026-11-25T17:00%2B99:00"), 400, UNREADABLE),
}


@pytest.mark.parametrize(("make", "status", "sentence"), HOURS.values(), ids=HOURS)
def test_an_hour_that_cannot_be_had(client, clinic, make, status, sentence):
    clinic.hours()
    refused(client, clinic.maya, make(clinic), status, sentence)


@pytest.mark.parametrize(
    ("now", "begins"),
    [
        # Spring, 14 March 2027: there is no 2:30, and what it would be is 3:30, outside these hours.
        (datetime(2027, 3, 12, tzinfo=UTC), datetime(2027, 3, 14, 7, 30, tzinfo=UTC)),
        # Autumn, 1 November 2026: 1:30 comes twice, the later is meant, and these hours begin with it.
        (datetime(2026, 10, 30, tzinfo=UTC), datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
    ],
    ids=["skipped in spring", "doubled in autumn"],
)
def test_an_hour_inside_a_clock_change_is_not_offered(client, clinic, now, begins):
    clinic.hours(begins="01:30", ends="03:00")
    refused(client, clinic.maya, hour(clinic, begins, minutes=25), 409, TAKEN, at=now)


@pytest.mark.parametrize("missing", ["way", "minutes", "giver", "at"])
def test_an_address_that_lacks_an_answer_leads_to_the_first_question(client, clinic, missing):
    clinic.hours()
    for page in answers_to(client, clinic.maya, hour(clinic, **{missing: ""})):
        assert (page.status_code, page.url) == (302, reverse("scheduling:book"))


# ── People ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", ["referred", "discharged"])
def test_who_is_not_admitted_takes_neither_a_place_nor_an_hour(client, clinic, state):
    clinic.hours()
    ada = clinic.client("Ada", state)
    refused(client, ada, seat(clinic.session(TOMORROW + timedelta(days=1))), 409, GONE)
    refused(client, ada, hour(clinic), 409, NOT_OFFERED)


def test_a_client_of_another_program_finds_nothing_here(client, clinic):
    clinic.hours()
    stranger = enrolled()
    for url in (seat(clinic.session()), hour(clinic, TOMORROW + timedelta(hours=3))):
        refused(client, stranger, url, 404, "")


@pytest.mark.parametrize(
    ("zone", "begins", "valid_until", "may"),
    [
        ("America/New_York", datetime(2026, 11, 27, 1, tzinfo=UTC), date(2026, 11, 26), True),
        ("Pacific/Auckland", datetime(2026, 11, 26, 19, tzinfo=UTC), date(2026, 11, 26), False),
        ("Pacific/Auckland", datetime(2026, 11, 26, 19, tzinfo=UTC), date(2026, 11, 27), True),
    ],
    ids=["the last evening", "the morning after, far east", "the last morning, far east"],
)
@pytest.mark.parametrize("reader", ["Pacific/Pago_Pago", "Pacific/Kiritimati"])
def test_a_credential_is_valid_by_the_calendar_of_the_program(client, zone, begins, valid_until, may, reader):
    clinic = Clinic(zone=zone)
    clinic.maya.zone = reader
    clinic.maya.save()
    clinic.hours(begins="00:00", ends="23:59")
    Credential.objects.update(expires_on=valid_until)
    session = clinic.session(begins)
    for url, sentence in ((seat(session), GONE), (hour(clinic, begins + timedelta(hours=2)), NOT_OFFERED)):
        looked, booked = [], []
        if may:
            with time_machine.travel(NOON, tick=False):
                sign_in(client, clinic.maya)
                looked, booked = client.get(url), client.post(url)
            assert (looked.status_code, booked.status_code) == (200, 302)
        else:
            refused(client, clinic.maya, url, 409, sentence)


# ── Pages that are old, and buttons pressed twice ─────────────────────────────────────────────────────────────


def looked_at(client, person, url):
    sign_in(client, person)
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("kind", ["seat", "hour"])
def test_a_button_pressed_twice_books_once(client, clinic, kind):
    clinic.hours(clinic.jonah)
    url = seat(clinic.session()) if kind == "seat" else hour(clinic, giver=clinic.jonah.pk)
    with time_machine.travel(NOON, tick=False):
        looked_at(client, clinic.maya, url)
        first = client.post(url)
        before = written()
        assert (client.post(url).status_code, client.post(url).url) == (302, first.url)
        assert written() == before
    assert Booking.objects.count() == Notice.objects.filter(kind="seat_booked").count() == 1
    assert Entry.objects.filter(verb="booking.created").count() == 1


STALE = {
    "cancelled meanwhile": (lambda clinic: Session.objects.update(state="cancelled", live=False), GONE),
    "hidden meanwhile": (lambda clinic: Session.objects.update(listed=False), None),
    "its way retired meanwhile": (lambda clinic: type(clinic.group).objects.update(in_use=False), GONE),
    "its leader's credential ended": (lambda clinic: Credential.objects.update(expires_on=NOON.date()), GONE),
    "its leader away": (lambda clinic: Facilitation.objects.all().delete(), GONE),
    "discharged meanwhile": (lambda clinic: discharged(clinic.maya), GONE),
    "kept apart from its leader": (lambda clinic: kept_apart(clinic), FULL),
}


def discharged(person):
    person.enrolments.update(state="discharged", discharge_reason="left", discharged_on=NOON.date())


def kept_apart(clinic):
    keep_apart(clinic.maya, clinic.amara, asked_by=Apart.AskedBy.CLIENT, by=clinic.jonah, now=NOON)


@pytest.mark.parametrize(("happens", "sentence"), STALE.values(), ids=STALE)
def test_a_page_that_is_not_true_any_more_books_nothing(client, clinic, happens, sentence):
    url = seat(clinic.session())
    with time_machine.travel(NOON, tick=False):
        looked_at(client, clinic.maya, url)
        happens(clinic)
        before = written()
        page = client.post(url)
        assert written() == before
    assert page.status_code == (409 if sentence else 404)
    if sentence:
        assert page.context["why"] == str(sentence)


def test_a_session_that_moves_while_it_is_booked_is_not_booked_at_its_old_time(clinic):
    """Between the page that read it and the insert: the foreign key would refuse it at the end of the transaction."""
    session = clinic.session()
    Session.objects.filter(pk=session.pk).update(
        during=(session.starts_at + timedelta(hours=4), session.ends_at + timedelta(hours=4))
    )
    before = written()
    with pytest.raises(booking.SessionGone):
        booking.book_seat(session, person=clinic.maya, by=clinic.maya, now=NOON)
    assert written() == before


@pytest.mark.parametrize("name", ["booked", "cancel", "calendar_file"])
@pytest.mark.parametrize("key", [0, 10**9, 2**63 - 1, 10**30])
def test_a_booking_that_is_none_does_not_exist(client, clinic, name, key):
    sign_in(client, clinic.maya)
    assert client.get(reverse(f"scheduling:{name}", args=[key])).status_code == 404


# ── Looking for times ─────────────────────────────────────────────────────────────────────────────────────────

ODD = ["abc", "-1", "9" * 40, "%00", "2026-02-30", "0001-01-01", "9999-12-31", "%F0%9F%8C%99"]


@pytest.mark.parametrize("value", ODD)
def test_odd_answers_in_an_address_are_passed_over(client, clinic, value):
    clinic.hours()
    clinic.session()
    odd = "&".join(f"{name}={value}" for name in ("counsellor", "where", "part", "day", "at", "giver", "room"))
    pages = [
        f"{reverse('scheduling:when', args=['group'])}?way={value}&{odd}",
        f"{reverse('scheduling:when', args=['counsellor'])}?way={clinic.talk.pk}&minutes=50&{odd}",
        f"{reverse('scheduling:how', args=['counsellor'])}?way={clinic.talk.pk}&minutes={value}&{odd}",
        f"{reverse('scheduling:my_week')}?{odd}",
    ]
    with time_machine.travel(NOON, tick=False):
        sign_in(client, clinic.maya)
        assert [client.get(page).status_code for page in pages] == [200] * 4


def test_a_page_about_what_cannot_be_read_leads_to_the_first_question(client, clinic):
    sign_in(client, clinic.maya)
    page = client.get(f"{CHECK}?session=abc").content.decode()
    assert f'href="{reverse("scheduling:book")}">See all times' in page
