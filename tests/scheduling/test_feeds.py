"""The calendar feed: the same as the week shows, read by whoever has the address and by nobody else."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events
import time_machine
import vobject
from django.conf import settings
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from icalendar import Calendar
from psycopg2.extras import DateTimeTZRange
from pytest_django.asserts import assertRedirects

from iop_portal.audit.models import Entry as TrailEntry
from iop_portal.consents.consenting import revoke_consent
from iop_portal.consents.models import Category
from iop_portal.logs import PlainFacts
from iop_portal.notices import outbox
from iop_portal.notices.delivery import deliver_owed
from iop_portal.notices.models import Notice
from iop_portal.people.models import RoleHeld
from iop_portal.people.roles import Role
from scheduling import booking, feeds
from scheduling.changing import move_session
from scheduling.models import Booking, CalendarDelivery, Reminder, Room, Session
from scheduling.week import week_of
from tests.factories import NOON, ModalityFactory, enrolled, permission_of, seated
from tests.factories import held as held_role
from tests.scheduling.booking_world import TOMORROW, Clinic
from tests.signing_in import sign_in
from therapy.models import Format

pytestmark = pytest.mark.django_db
NEW_YORK = ZoneInfo("America/New_York")
MY_CALENDAR = "scheduling:my_calendar"


@pytest.fixture
def clinic():
    return Clinic(zone="America/New_York", address="14 Mill Street")


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def address_of(person, *, tells_more=False):
    return reverse("scheduling:calendar_feed", args=[feeds.make_feed(person, tells_more=tells_more, now=NOON)])


def read(address, **headers):
    """As a calendar reads: without a session."""
    return Client().get(address, headers=headers)


def events(answer):
    return {str(event["UID"]).partition("@")[0]: event for event in Calendar.from_ical(answer.content).walk("VEVENT")}


def titles(answer):
    return [str(event["SUMMARY"]) for event in events(answer).values()]


# ── What it says ──────────────────────────────────────────────────────────────────────────────────────────────


def test_it_says_of_each_booking_that_there_is_an_appointment_and_nothing_else(clinic):
    held = seated(clinic.maya, clinic.session(TOMORROW, room=clinic.room))
    answer = read(address_of(clinic.maya))
    (event,) = events(answer).values()

    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert str(event["UID"]).startswith(held.reference)
    assert set(event) == {"UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "CLASS", "STATUS"}
    for told in ("Skills", "Room 2", "Mill Street", "Amara", "Maya", "Person", clinic.program.name):
        assert told not in answer.content.decode()


def test_a_client_may_choose_that_it_says_what_and_where(clinic):
    seated(clinic.maya, clinic.session(TOMORROW, room=clinic.room))
    (event,) = events(read(address_of(clinic.maya, tells_more=True))).values()

    assert event["SUMMARY"] == "Skills group"
    assert event["LOCATION"] == "Room 2 or by video. Second floor. 14 Mill Street"


def test_a_cancelled_booking_stays_with_a_higher_sequence(clinic):
    held = seated(clinic.maya, clinic.session(TOMORROW))
    address = address_of(clinic.maya)
    (before,) = events(read(address)).values()
    booking.cancel_booking(held, by=clinic.maya, now=NOON)
    (after,) = events(read(address)).values()

    assert (after["UID"], after["STATUS"]) == (before["UID"], "CANCELLED")
    assert after["SEQUENCE"] > before["SEQUENCE"]


def test_a_session_that_moves_raises_the_sequence_and_one_that_is_merely_saved_does_not(clinic):
    session = clinic.session(TOMORROW)
    seated(clinic.maya, session)
    address = address_of(clinic.maya)
    (first,) = events(read(address)).values()
    session.during = DateTimeTZRange(TOMORROW + timedelta(hours=1), TOMORROW + timedelta(hours=3), "[)")
    session.save()
    (moved,) = events(read(address)).values()
    session.capacity = 7
    session.revision = 0
    session.save()
    (saved,) = events(read(address)).values()

    assert (moved["SEQUENCE"], moved["DTSTART"].dt) == (first["SEQUENCE"] + 1, TOMORROW + timedelta(hours=1))
    assert saved["SEQUENCE"] == moved["SEQUENCE"]


def test_a_clinician_finds_what_they_lead_and_nobody_by_name(clinic):
    seated(clinic.maya, clinic.session(TOMORROW))
    clinic.hours()
    booking.book_hour(
        clinic.talk,
        clinician=clinic.amara,
        begins=TOMORROW + timedelta(days=1),
        minutes=50,
        room=None,
        person=clinic.maya,
        by=clinic.maya,
        now=NOON,
    )

    assert titles(read(address_of(clinic.amara))) == ["Appointment", "Appointment"]
    answer = read(address_of(clinic.amara, tells_more=True))
    assert titles(answer) == ["Group", "One to one, M. T."]
    assert "Maya" not in answer.content.decode()
    assert "LOCATION" not in answer.content.decode()


def test_a_clinician_does_not_find_what_colleagues_lead(clinic):
    own, theirs = clinic.session(TOMORROW), clinic.session(TOMORROW + timedelta(days=1), clinic.jonah)
    for leader, session in ((clinic.amara, own), (clinic.jonah, theirs)):
        assert list(events(read(address_of(leader)))) == [f"led-{session.facilitations.get().pk}"]


def test_who_works_there_no_more_finds_none_of_it(clinic):
    clinic.session(TOMORROW)
    address = address_of(clinic.amara)
    RoleHeld.objects.filter(user=clinic.amara).delete()

    assert events(read(address)) == {}


def test_it_reaches_from_a_month_back_to_half_a_year_ahead(clinic):
    for days in (-31, -29, 179, 181):
        seated(clinic.maya, clinic.session(NOON + timedelta(days=days)))

    days = sorted((event["DTSTART"].dt - NOON).days for event in events(read(address_of(clinic.maya))).values())
    assert days == [-29, 179]


def test_it_tells_calendars_how_often_to_ask(clinic):
    lines = read(address_of(clinic.maya)).content.decode().splitlines()
    assert {"REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"} <= set(lines)


def test_line_breaks_and_commands_in_names_stay_text(clinic):
    clinic.group.name = "Group; with, signs\\n"
    clinic.group.save()
    Room.objects.filter(pk=clinic.room.pk).update(directions="up\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:Forged")
    seated(clinic.maya, clinic.session(TOMORROW, room=clinic.room))
    answer = read(address_of(clinic.maya, tells_more=True))

    assert titles(answer) == ["Group; with, signs\\n"]
    assert "\r\nSUMMARY:Forged" not in answer.content.decode()


def by_icalendar(content):
    calendar = Calendar.from_ical(content)
    assert calendar.errors == []
    return {
        (event["UID"], event["DTSTART"].dt.astimezone(UTC), event["DTEND"].dt.astimezone(UTC), event["STATUS"])
        for event in calendar.walk("VEVENT")
    }


def by_vobject(content):
    """Another reader than the one that wrote it, with time zones of its own making."""
    (calendar,) = vobject.readComponents(content.decode())
    calendar.validate(raiseException=True)
    return {
        (
            event.uid.value,
            event.dtstart.value.astimezone(UTC),
            event.dtend.value.astimezone(UTC),
            event.status.value,
        )
        for event in calendar.vevent_list
    }


def by_unfolding(content):
    """As a program would that shows a calendar day by day."""
    shown = recurring_ical_events.of(Calendar.from_ical(content)).between(NOON - 2 * feeds.BACK, NOON + 2 * feeds.AHEAD)
    return {
        (event["UID"], event["DTSTART"].dt.astimezone(UTC), event["DTEND"].dt.astimezone(UTC), event["STATUS"])
        for event in shown
    }


def test_five_hundred_entries_over_a_clock_change_are_those_of_the_week(clinic):
    """With a session that was moved and a booking that was cancelled: every week, read back, shows the same."""
    begins = datetime(2026, 10, 30, 18, tzinfo=NEW_YORK)
    for number in range(500):
        day = begins + timedelta(days=number // 5)
        seated(clinic.maya, clinic.session(day.replace(hour=8 + 3 * (number % 5)), capacity=2))
    held = list(Booking.objects.order_by("pk"))
    booking.cancel_booking(held[300], by=clinic.maya, now=NOON)
    moved = held[310].session
    later = DateTimeTZRange(moved.starts_at + timedelta(minutes=20), moved.ends_at + timedelta(minutes=20), "[)")
    move_session(moved, during=later, by=clinic.amara, now=NOON)

    answer = read(address_of(clinic.maya))
    told = events(answer)
    assert len(told) == 500
    assert by_icalendar(answer.content) == by_vobject(answer.content) == by_unfolding(answer.content)
    assert len(by_vobject(answer.content)) == 500
    live = {
        (event["DTSTART"].dt.astimezone(UTC), event["DTEND"].dt.astimezone(UTC))
        for event in told.values()
        if event["STATUS"] == "CONFIRMED"
    }
    shown = set()
    for week in range(16):
        days = week_of(clinic.maya, day=(begins + timedelta(weeks=week)).date(), now=NOON).days
        blocks = [block for day in days for block in (*day.daytime, *day.evening) if block.booking.occupies]
        shown |= {(block.begins.astimezone(UTC), block.ends.astimezone(UTC)) for block in blocks}
    assert live == shown
    assert len(live) == 499
    walls = {event["DTSTART"].dt.hour for event in told.values()}
    assert walls == {8, 11, 14, 17, 20}


@pytest.mark.parametrize("tells_more", [False, True])
def test_two_other_readers_take_everything_that_is_told(clinic, tells_more):
    seated(clinic.maya, clinic.session(TOMORROW, room=clinic.room))
    seated(clinic.maya, clinic.session(datetime(2027, 3, 14, 18, tzinfo=NEW_YORK)))
    held = seated(clinic.maya, clinic.session(TOMORROW + timedelta(days=1)))
    booking.cancel_booking(held, by=clinic.maya, now=NOON)
    for person in (clinic.maya, clinic.amara):
        content = read(address_of(person, tells_more=tells_more)).content
        assert len(by_vobject(content)) == 3
        assert by_icalendar(content) == by_vobject(content) == by_unfolding(content)


# ── Relatives and alumni ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def rosa(clinic):
    return held_role(Role.FAMILY, clinic.program, preferred_name="Rosa")


@pytest.fixture
def together(clinic):
    return clinic.session(TOMORROW, modality=ModalityFactory(program=clinic.program, format=Format.FAMILY))


def test_a_relative_finds_their_own_appointments_as_long_as_they_may_know_of_them(clinic, rosa, together):
    permission = permission_of(clinic.maya, recipient=rosa, category=Category.FAMILY_SESSIONS)
    seated(clinic.maya, together)
    seated(clinic.maya, clinic.session(TOMORROW + timedelta(days=1)))
    own = seated(rosa, together)
    address = address_of(rosa)
    first = read(address)
    assert list(events(first)) == [own.reference]

    revoke_consent(permission, by=clinic.maya, now=NOON)
    after = read(address, if_none_match=first.headers["ETag"])
    assert (after.status_code, events(after)) == (200, {})


@pytest.mark.parametrize("of", ["another category", "somebody else", "another program"])
def test_another_permission_tells_a_relative_nothing_of_family_sessions(clinic, rosa, together, of):
    client, category, recipient = clinic.maya, Category.FAMILY_SESSIONS, rosa
    if of == "another category":
        category = Category.APPOINTMENTS
    elif of == "another program":
        client = enrolled(preferred_name="Zoe")
    else:
        recipient = held_role(Role.FAMILY, clinic.program)
    permission_of(client, recipient=recipient, category=category)
    seated(rosa, together)
    assert events(read(address_of(rosa))) == {}


def test_what_a_relative_booked_for_themself_needs_no_permission(clinic, rosa):
    seated(rosa, clinic.session(TOMORROW, modality=clinic.workshop))
    assert titles(read(address_of(rosa, tells_more=True))) == ["Sleep and rest"]


@pytest.mark.parametrize("kind", ["seat_booked", "reminder"])
def test_nothing_about_a_family_session_goes_out_once_the_permission_is_taken_back(clinic, rosa, together, kind):
    permission = permission_of(clinic.maya, recipient=rosa, category=Category.FAMILY_SESSIONS)
    for state in ("permitted", "taken back"):
        own = seated(rosa, together)
        if state == "taken back":
            revoke_consent(permission, by=clinic.maya, now=NOON)
        about = own if kind == "seat_booked" else Reminder.objects.create(booking=own, begins=own.starts_at)
        outbox.queue(kind, to=rosa, about=about, now=NOON)
        mail.outbox.clear()
        deliver_owed(clock=lambda: NOON)
        assert sum(rosa.email in letter.to for letter in mail.outbox) == (state == "permitted")
        own.delete()


def test_a_message_about_a_family_session_leads_a_relative_to_its_door(clinic, client, rosa, together):
    permission = permission_of(clinic.maya, recipient=rosa, category=Category.FAMILY_SESSIONS)
    own, foreign = seated(rosa, together), seated(clinic.maya, together)
    sign_in(client, rosa)
    assertRedirects(client.get(reverse("scheduling:booked", args=[own.pk])), reverse("scheduling:join", args=[own.pk]))
    assert client.get(reverse("scheduling:booked", args=[foreign.pk])).status_code == 404
    revoke_consent(permission, by=clinic.maya, now=NOON)
    assert client.get(reverse("scheduling:booked", args=[own.pk])).status_code == 404


def test_an_alum_and_a_relative_find_the_way_to_their_calendar_and_make_an_address(clinic, client, rosa):
    session = clinic.session(TOMORROW)
    for person in (enrolled(clinic.program, "discharged", preferred_name="Sam"), rosa):
        seated(person, session)
        sign_in(client, person)
        assert reverse(MY_CALENDAR) in client.get("/").content.decode()
        address = shown(client.post(reverse(BEGIN), {"way": "feed", "detail": "little"}))
        assert titles(read(address)) == ["Appointment"]


# ── Whether it has changed ────────────────────────────────────────────────────────────────────────────────────


def test_what_has_not_changed_is_not_sent_again(clinic):
    seated(clinic.maya, clinic.session(TOMORROW))
    address = address_of(clinic.maya)
    first = read(address)
    again = read(address, if_none_match=first.headers["ETag"])

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def cancel(clinic, held):
    booking.cancel_booking(held, by=clinic.maya, now=NOON)


def book(clinic, held):
    seated(clinic.maya, clinic.session(TOMORROW + timedelta(days=2)))


def move(clinic, held):
    Session.objects.filter(pk=held.session_id).update(
        during=DateTimeTZRange(TOMORROW + timedelta(hours=1), TOMORROW + timedelta(hours=2), "[)")
    )


def rename(clinic, held):
    clinic.group.name = "Another name"
    clinic.group.save()


def direct(clinic, held):
    Room.objects.update(directions="past the kitchen")


def tell_less(clinic, held):
    feeds.set_detail(clinic.maya, tells_more=False, now=NOON)


def go_on(clinic, held):
    """So long that the appointment is too far back to be told."""
    clinic.clock.move_to(NOON + timedelta(days=40), tick=False)


@pytest.mark.parametrize("change", [cancel, book, move, rename, direct, tell_less, go_on])
def test_whatever_changes_what_it_says_changes_its_version(clinic, now, change):
    clinic.clock = now
    held = seated(clinic.maya, clinic.session(TOMORROW, room=clinic.room))
    address = address_of(clinic.maya, tells_more=True)
    before = read(address)
    change(clinic, held)

    after = read(address, if_none_match=before.headers["ETag"])
    assert (after.status_code, after.content != before.content) == (200, True)


def test_a_name_that_changes_reaches_the_clinicians_feed(clinic):
    way = clinic.session(TOMORROW, modality=clinic.talk, capacity=1)
    seated(clinic.maya, way)
    address = address_of(clinic.amara, tells_more=True)
    before = read(address)
    clinic.maya.preferred_name = "Zoe"
    clinic.maya.save()

    assert titles(read(address, if_none_match=before.headers["ETag"])) == ["One to one, Z. T."]


@pytest.mark.parametrize("size", [1, 30])
def test_the_number_of_queries_does_not_grow(clinic, size):
    for number in range(size):
        seated(clinic.maya, clinic.session(TOMORROW + timedelta(hours=3 * number)))
    found = []
    for person in (clinic.maya, clinic.amara):
        address = address_of(person, tells_more=True)
        etag = read(address).headers["ETag"]
        for headers in ({}, {"if_none_match": etag}):
            with CaptureQueriesContext(connection) as queries:
                read(address, **headers)
            found.append(len(queries))
    assert found == [4, 2, 8, 4]


# ── The address ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_address_is_kept_nowhere_and_a_new_one_ends_the_old(clinic):
    first = address_of(clinic.maya)
    second = address_of(clinic.maya)

    assert (read(first).status_code, read(second).status_code) == (404, 200)
    assert second.rpartition("/")[2].removesuffix(".ics") not in str(list(CalendarDelivery.objects.values()))


def test_nobody_is_shown_changes_or_ends_the_calendar_of_somebody_else(clinic):
    ben = clinic.client("Ben")
    address = address_of(clinic.maya)
    assert feeds.delivery_of(ben) is None
    with pytest.raises(feeds.NoDelivery):
        feeds.set_detail(ben, tells_more=True, now=NOON)
    with pytest.raises(feeds.NoDelivery):
        feeds.end_delivery(ben, now=NOON)
    assert (read(address).status_code, feeds.delivery_of(clinic.maya).tells_more) == (200, False)


def test_wrong_replaced_ended_and_of_a_closed_account_are_answered_alike(clinic):
    wrong = reverse("scheduling:calendar_feed", args=["x" * 43])
    replaced, address = address_of(clinic.maya), address_of(clinic.maya)
    clinic.maya.is_active = False
    clinic.maya.save()
    answers = [read(each) for each in (wrong, replaced, address)]
    clinic.maya.is_active = True
    clinic.maya.save()
    feeds.end_delivery(clinic.maya, now=NOON)
    answers.append(read(address))

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len({str(sorted(answer.headers.items())) for answer in answers}) == 1
    assert "noindex" in answers[0].headers["X-Robots-Tag"]


def test_a_reading_is_told_to_the_person(clinic, client):
    sign_in(client, clinic.maya)
    address = address_of(clinic.maya)
    assert "No calendar has read it yet." in client.get(reverse(MY_CALENDAR)).content.decode()
    read(address)

    assert "A calendar last read it around" in client.get(reverse(MY_CALENDAR)).content.decode()


def test_no_cache_that_others_share_keeps_it_and_no_referrer_gives_it_away(clinic):
    headers = read(address_of(clinic.maya)).headers
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("private, no-cache", "no-referrer")
    assert "noindex" in headers["X-Robots-Tag"]
    assert "Set-Cookie" not in headers


def test_no_line_of_the_log_holds_the_address(clinic, caplog):
    """Neither of a reading, nor of one that failed."""
    address = address_of(clinic.maya)
    caplog.set_level("DEBUG")
    read(address)
    make = PlainFacts().format
    read(address.replace(".ics", "x.ics"))
    told = [make(record) for record in caplog.records]
    assert any("scheduling:calendar_feed" in line for line in told)
    assert address.rpartition("/")[2].removesuffix(".ics") not in "".join(told)


def test_making_one_is_recorded_and_told_by_mail(clinic):
    address_of(clinic.maya)
    entry = TrailEntry.objects.get(verb="calendar.address_made")
    assert (entry.actor, entry.client) == (clinic.maya, clinic.maya)
    assert Notice.objects.filter(kind="account_changed", to=clinic.maya, about_id=entry.pk).exists()


# ── The pages ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def maya(client, clinic):
    sign_in(client, clinic.maya)
    return client


BEGIN, REPLACE, DETAIL, END = (
    f"scheduling:{name}" for name in ("begin_calendar", "replace_calendar_address", "calendar_detail", "end_calendar")
)


def shown(page):
    return page.content.decode().partition(f"<code>{settings.PORTAL_ORIGIN}")[2].partition("</code>")[0]


def test_the_address_is_shown_once_and_works(clinic, maya):
    seated(clinic.maya, clinic.session(TOMORROW))
    address = shown(maya.post(reverse(BEGIN), {"way": "feed", "detail": "more"}))

    assert titles(read(address)) == ["Skills group"]
    assert address not in maya.get(reverse(MY_CALENDAR)).content.decode()


def test_another_address_is_asked_for_first_and_says_as_much(clinic, maya):
    seated(clinic.maya, clinic.session(TOMORROW))
    first = address_of(clinic.maya, tells_more=True)
    assert "Make a new calendar address?" in maya.get(reverse(REPLACE)).content.decode()
    assert read(first).status_code == 200
    second = shown(maya.post(reverse(REPLACE)))

    assert read(first).status_code == 404
    assert titles(read(second)) == ["Skills group"]


def test_ending_it_is_asked_for_first(clinic, maya):
    address = address_of(clinic.maya)
    assert "Stop sending your appointments" in maya.get(reverse(END)).content.decode()
    assert read(address).status_code == 200
    assert maya.post(reverse(END)).status_code == 302

    assert read(address).status_code == 404


@pytest.mark.parametrize("name", [REPLACE, END])
def test_what_is_not_there_is_neither_replaced_nor_ended(clinic, maya, name):
    for ask in (maya.get, maya.post):
        assert ask(reverse(name)).headers["Location"] == reverse(MY_CALENDAR)
    assert not CalendarDelivery.objects.exists()


def test_what_it_says_can_be_changed_without_a_new_address(clinic, maya):
    seated(clinic.maya, clinic.session(TOMORROW))
    address = address_of(clinic.maya)
    assert maya.post(reverse(DETAIL), {"detail": "more"}).status_code == 302

    assert titles(read(address)) == ["Skills group"]


@pytest.mark.parametrize("answers", [{}, {"way": "feed", "detail": "everything"}, {"way": "pigeon", "detail": "more"}])
def test_an_answer_that_is_none_of_those_offered_is_mended(clinic, maya, answers):
    page = maya.post(reverse(BEGIN), answers)
    assert page.status_code == 400
    assert "What may each entry say?" in page.content.decode()
    assert not CalendarDelivery.objects.exists()


def test_choosing_after_it_was_ended_elsewhere_says_so(clinic, maya):
    page = maya.post(reverse(DETAIL), {"detail": "more"})
    assert page.status_code == 409
    assert "do not go to a calendar any more" in page.content.decode()


def test_whoever_leads_sessions_is_not_offered_invitations(clinic, client):
    sign_in(client, clinic.amara)
    assert "by mail, as an invitation" not in client.get(reverse(MY_CALENDAR)).content.decode()
    assert client.post(reverse(BEGIN), {"way": "mail", "detail": "more"}).status_code == 400


# ── By mail ───────────────────────────────────────────────────────────────────────────────────────────────────


def invitations():
    """The calendars in the mails that went out, each with the method that its mail names."""
    deliver_owed(clock=lambda: NOON)
    found = []
    for letter in mail.outbox:
        for part in letter.message().walk():
            if part.get_content_type() == "text/calendar":
                found.append((part.get_param("method"), Calendar.from_ical(part.get_payload(decode=True))))
    mail.outbox.clear()
    return found


def by_mail(clinic, maya, detail="little"):
    assert maya.post(reverse(BEGIN), {"way": "mail", "detail": detail}).status_code == 302
    held = booking.book_seat(clinic.session(TOMORROW, room=clinic.room), person=clinic.maya, by=clinic.maya, now=NOON)
    ((method, calendar),) = invitations()
    return held, method, calendar


def test_a_booking_comes_as_an_invitation_to_the_person_alone(clinic, maya):
    held, method, calendar = by_mail(clinic, maya)
    (event,) = calendar.walk("VEVENT")

    assert (method, calendar["METHOD"]) == ("REQUEST", "REQUEST")
    assert str(event["UID"]).startswith(held.reference)
    assert (event["SUMMARY"], "LOCATION" in event) == ("Appointment", False)
    assert event["ATTENDEE"] == f"mailto:{clinic.maya.email}"
    assert event["ORGANIZER"].partition(":")[2] in settings.DEFAULT_FROM_EMAIL
    assert event["ORGANIZER"].params["CN"] == clinic.program.sender


def test_a_cancelled_booking_is_taken_back_by_mail(clinic, maya):
    held, _method, before = by_mail(clinic, maya, detail="more")
    booking.cancel_booking(held, by=clinic.maya, now=NOON)
    ((method, after),) = invitations()
    (first,), (last,) = before.walk("VEVENT"), after.walk("VEVENT")

    assert first["SUMMARY"] == "Skills group"
    assert (method, last["UID"], last["STATUS"]) == ("CANCEL", first["UID"], "CANCELLED")
    assert last["SEQUENCE"] > first["SEQUENCE"]


def test_who_did_not_choose_invitations_gets_none(clinic):
    address_of(clinic.maya)
    booking.book_seat(clinic.session(TOMORROW), person=clinic.maya, by=clinic.maya, now=NOON)
    assert invitations() == []


def test_it_is_the_address_or_the_mail_and_never_both(clinic, maya):
    address = address_of(clinic.maya)
    feeds.mail_invitations(clinic.maya, tells_more=False, now=NOON)

    assert read(address).status_code == 404
    with pytest.raises(IntegrityError), transaction.atomic():
        CalendarDelivery.objects.update(token_hash="0" * 64)
