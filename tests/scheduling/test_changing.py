"""A session is cancelled or moved with everybody in it: places are kept, people hear of it, nobody is in two places."""

from datetime import timedelta

import pytest
from django.core import mail
from psycopg2.extras import DateTimeTZRange

from iop_portal.audit.models import Entry
from iop_portal.notices.delivery import deliver_owed
from iop_portal.notices.models import Notice
from iop_portal.people.models import Apart
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling import changing
from scheduling.booking import HourOff, book_seat
from scheduling.changing import (
    Changed,
    LeaderAway,
    Setting,
    cancel_session,
    move_session,
    move_sessions,
    setting_of,
)
from scheduling.models import Booking, CalendarDelivery, Facilitation, Room, Session, TimeOff
from scheduling.time_off import end_time_off
from tests.factories import NOON, RoomFactory, UserFactory, introduced, seated
from tests.scheduling.booking_world import TOMORROW, Clinic
from therapy.models import Credential

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LATER = TOMORROW + timedelta(hours=3)


def at(begins, minutes=90):
    return DateTimeTZRange(begins, begins + timedelta(minutes=minutes), "[)")


@pytest.fixture
def clinic():
    return Clinic(awake=True)


@pytest.fixture
def group(clinic):
    return clinic.session(room=clinic.room)


@pytest.fixture
def ben(clinic):
    return clinic.client("Ben")


@pytest.fixture
def booked(clinic, group, ben):
    return [book_seat(group, person=person, by=person, now=NOON) for person in (clinic.maya, ben)]


def owed(kind=None):
    found = Notice.objects.owed().order_by("pk")
    return [(each.kind, each.to.preferred_name) for each in found if kind in (None, each.kind)]


def sent_at(moment):
    mail.outbox.clear()
    deliver_owed(clock=lambda: moment)
    return [(letter.to[0], letter.subject) for letter in mail.outbox]


# ── Cancelling ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_cancelled_session_frees_everybody_and_tells_who_was_booked(clinic, group, booked, ben):
    cancel_session(group, by=clinic.amara, now=NOON)
    group.refresh_from_db()
    assert (group.state, group.live) == (Session.State.CANCELLED, False)
    rows = Booking.objects.order_by("pk")
    assert [(b.state, b.occupies, b.cancelled_at, b.cancelled_by) for b in rows] == [
        (Booking.State.CANCELLED_BY_PROGRAM, False, NOON, clinic.amara)
    ] * 2
    # What said that they have an appointment is not owed any more.
    assert owed() == [("booking_cancelled", "Maya"), ("booking_cancelled", "Ben")]
    again = clinic.session(room=clinic.room)
    assert book_seat(again, person=ben, by=ben, now=NOON).occupies


def test_who_cancelled_whose_session_stands_in_the_trail(clinic, group, booked, ben):
    cancel_session(group, by=clinic.amara, now=NOON)
    lines = Entry.objects.filter(verb__contains="cancelled").order_by("pk")
    assert [(line.verb, line.client, line.actor, line.facts) for line in lines] == [
        ("booking.cancelled_by_program", clinic.maya, clinic.amara, {}),
        ("booking.cancelled_by_program", ben, clinic.amara, {}),
        ("session.cancelled", None, clinic.amara, {"booked": 2}),
    ]


def test_a_session_is_cancelled_in_silence_where_people_are_told_otherwise(clinic, group, booked):
    cancel_session(group, by=clinic.amara, now=NOON, told=False)
    assert owed() == []


def test_a_session_is_cancelled_once_and_before_it_begins(clinic, group):
    with pytest.raises(changing.SessionHasBegun):
        cancel_session(group, by=clinic.amara, now=TOMORROW)
    cancel_session(group, by=clinic.amara, now=NOON)
    with pytest.raises(changing.SessionCancelled):
        cancel_session(group, by=clinic.amara, now=NOON)


# ── Moving ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_moved_session_keeps_its_people_and_tells_them_the_new_time(clinic, group, booked):
    assert move_session(group, during=at(LATER), by=clinic.amara, now=NOON) == Changed(sessions=1, moved=2)
    assert [(b.occupies, b.during) for b in Booking.objects.all()] == [(True, at(LATER))] * 2
    assert group.facilitations.get().during == at(LATER)
    assert owed("session_moved") == [("session_moved", "Maya"), ("session_moved", "Ben")]
    sent_at(NOON)
    moved = [letter for letter in mail.outbox if letter.subject == "An appointment has changed"]
    assert len(moved) == 2
    assert "3:00 pm" in moved[0].body


def test_people_hear_of_every_move_and_of_the_last_alone_where_it_was_moved_twice(clinic, group, booked):
    sent_at(NOON)
    move_session(group, during=at(LATER), by=clinic.amara, now=NOON)
    assert len(sent_at(NOON)) == 2
    move_session(group, during=at(LATER + HOUR), by=clinic.amara, now=NOON)
    move_session(group, during=at(LATER + 2 * HOUR), by=clinic.amara, now=NOON)
    assert len(sent_at(NOON)) == 2
    assert "5:00 pm" in mail.outbox[0].body


def test_a_move_is_not_told_once_it_is_cancelled(clinic, group, booked):
    sent_at(NOON)
    move_session(group, during=at(LATER), by=clinic.amara, now=NOON)
    cancel_session(group, by=clinic.amara, now=NOON)
    assert {subject for _to, subject in sent_at(NOON)} == {"An appointment was cancelled"}


def test_a_moved_invitation_replaces_the_one_that_was_sent(clinic, group, booked):
    CalendarDelivery.objects.create(person=clinic.maya, way=CalendarDelivery.Way.MAIL, made_at=NOON)
    sent_at(NOON)
    move_session(group, during=at(LATER), by=clinic.amara, now=NOON)
    sent_at(NOON)
    (letter,) = [letter for letter in mail.outbox if letter.to == [clinic.maya.email]]
    (part,) = [content for content, kind in letter.alternatives if kind.startswith("text/calendar")]
    assert "METHOD:REQUEST" in part
    assert f"UID:{booked[0].reference}" in part
    assert "SEQUENCE:1" in part


def test_another_leader_is_not_worth_a_mail_and_another_room_is(clinic, group, booked):
    move_session(group, leaders=[clinic.jonah], by=clinic.amara, now=NOON)
    assert [each.clinician for each in group.facilitations.all()] == [clinic.jonah]
    assert owed("session_moved") == []
    move_session(group, room=RoomFactory(program=clinic.program), by=clinic.amara, now=NOON)
    assert len(owed("session_moved")) == 2


def test_what_stays_the_same_is_not_told_and_not_written_down(clinic, group, booked):
    assert move_session(group, during=group.during, by=clinic.amara, now=NOON) == Changed()
    assert not Entry.objects.filter(verb="session.moved").exists()


def test_two_sessions_take_one_anothers_time_in_one_move(clinic, group, booked, ben):
    other = clinic.session(LATER, room=clinic.room)
    seated(ben, other)
    swap = {
        group: Setting(at(LATER), clinic.room, False, (clinic.amara,), 8),
        other: Setting(at(TOMORROW), clinic.room, False, (clinic.amara,), 8),
    }
    assert move_sessions(swap, by=clinic.amara, now=NOON) == Changed(sessions=2, moved=3)
    assert [each.starts_at for each in Session.objects.order_by("pk")] == [LATER, TOMORROW]


def busy_leader(clinic, group):
    clinic.session(LATER, clinic.amara)
    return {"during": at(LATER)}, "Amara Okafor leads something else on Wednesday 25 November, 8:00 pm."


def busy_room(clinic, group):
    clinic.session(LATER, clinic.jonah, room=clinic.room)
    return {"during": at(LATER)}, "Room 2 is taken on Wednesday 25 November, 8:00 pm."


def busy_person(clinic, group):
    seated(clinic.maya, clinic.session(LATER, clinic.jonah))
    return {"during": at(LATER)}, "1 place is taken by somebody who has something else booked at the new time."


def ended_credential(clinic, group):
    Credential.objects.filter(clinician__user=clinic.jonah).update(expires_on=NOON.date())
    return {"leaders": [clinic.jonah]}, "Jonah Weiss’s last credential is valid until 24 November 2026"


def no_credential(clinic, group):
    Credential.objects.filter(clinician__user=clinic.jonah).delete()
    return {"leaders": [clinic.jonah]}, "Jonah Weiss has no credential on record."


def stranger(clinic, group):
    return {"leaders": [UserFactory(preferred_name="Ida", surname="Roth")]}, "Ida Roth does not work here"


def nobody(clinic, group):
    return {"leaders": []}, "Choose at least one person who leads."


def kept_apart(clinic, group):
    one, other = sorted([clinic.maya.pk, clinic.jonah.pk])
    Apart.objects.create(one_id=one, other_id=other, asked_by="client", set_by=clinic.amara, since=NOON)
    return {"leaders": [clinic.jonah]}, "Somebody who is booked does not meet one of these leaders here."


def passed(clinic, group):
    return {"during": at(NOON - HOUR)}, "This time has passed."


def too_long(clinic, group):
    return {"during": at(LATER, 500)}, "A session lasts from 5 minutes to 8 hours."


def room_elsewhere(clinic, group):
    return {"room": RoomFactory()}, "Choose a room of this program that is in use."


@pytest.mark.parametrize(
    "case",
    [
        busy_leader,
        busy_room,
        busy_person,
        ended_credential,
        no_credential,
        stranger,
        nobody,
        kept_apart,
        passed,
        too_long,
        room_elsewhere,
    ],
)
def test_what_cannot_be_is_refused_in_words_and_leaves_no_trace(clinic, group, booked, case):
    Room.objects.filter(pk=clinic.room.pk).update(seats=8)
    change, sentence = case(clinic, group)
    held, entries = setting_of(group), Entry.objects.count()
    with pytest.raises(Refused, match=sentence):
        move_session(group, by=clinic.amara, now=NOON, **change)
    group = Session.objects.get(pk=group.pk)
    assert (setting_of(group), Entry.objects.count()) == (held, entries)


def test_who_cannot_come_then_gives_their_place_back_where_that_is_asked_for(clinic, group, booked, ben):
    own = seated(ben, clinic.session(LATER, clinic.jonah))
    changed = move_session(group, during=at(LATER), give_back=True, by=clinic.amara, now=NOON)
    assert changed == Changed(sessions=1, moved=1, given_back=1)
    own.refresh_from_db()
    assert own.occupies
    assert [b.state for b in booked if b.refresh_from_db() is None] == ["booked", "program"]
    assert owed("session_moved") == [("session_moved", "Maya")]
    assert owed("booking_cancelled") == [("booking_cancelled", "Ben")]


def test_fewer_places_than_are_taken_are_refused(clinic, group, booked):
    wanted = {group: Setting(group.during, clinic.room, False, (clinic.amara,), 1)}
    with pytest.raises(changing.SeatsTaken):
        move_sessions(wanted, by=clinic.amara, now=NOON)


def test_a_clinician_of_another_days_credential_may_not_be_moved_to(clinic, group, booked):
    """The day counts on which the session is, not the one on which it is moved."""
    profile = clinic.jonah.clinician
    profile.credentials.update(expires_on=TOMORROW.date())
    move_session(group, leaders=[clinic.jonah], by=clinic.amara, now=NOON)
    with pytest.raises(Refused, match="valid until 25 November 2026, and the session is on 26 November 2026"):
        move_session(group, during=at(LATER + timedelta(days=1)), by=clinic.amara, now=NOON)
    introduced(UserFactory())


# ── Time off ──────────────────────────────────────────────────────────────────────────────────────────────────


def away(who, clinic, begins, ends):
    during = DateTimeTZRange(begins, ends, "[)")
    return TimeOff.objects.create(clinician=who, program=clinic.program, during=during, noted_at=NOON, noted_by=who)


def test_nothing_moves_to_where_who_leads_it_is_away(clinic, group, booked):
    away(clinic.amara, clinic, LATER, LATER + HOUR)
    with pytest.raises(LeaderAway, match=r"Amara Okafor is away on Wednesday 25 November, 8:00 pm\."):
        move_session(group, during=at(LATER), by=clinic.amara, now=NOON)
    assert Session.objects.get(pk=group.pk).starts_at == TOMORROW
    move_session(group, during=at(LATER), leaders=[clinic.jonah], by=clinic.amara, now=NOON)
    assert Session.objects.get(pk=group.pk).starts_at == LATER


def test_nothing_is_given_to_who_is_away_then_and_everything_to_who_is_back(clinic, group):
    noted = away(clinic.jonah, clinic, TOMORROW, TOMORROW + HOUR)
    with pytest.raises(LeaderAway, match="Jonah Weiss is away"):
        move_session(group, leaders=[clinic.amara, clinic.jonah], by=clinic.amara, now=NOON)
    end_time_off(noted, by=clinic.jonah, now=NOON)
    move_session(group, leaders=[clinic.amara, clinic.jonah], by=clinic.amara, now=NOON)
    assert group.facilitations.count() == 2


def test_time_off_of_another_program_is_in_nobody_s_way(clinic, group):
    there = Clinic()
    away(clinic.amara, there, LATER, LATER + HOUR)
    assert move_session(group, during=at(LATER), by=clinic.amara, now=NOON).sessions == 1


def test_the_database_puts_nobody_into_time_off_either(clinic, group):
    away(clinic.jonah, clinic, TOMORROW, TOMORROW + HOUR)
    away(clinic.amara, clinic, LATER, LATER + HOUR)

    @write
    def given():
        Facilitation.objects.create(session=group, clinician=clinic.jonah, during=group.during)

    @write
    def moved():
        Session.objects.filter(pk=group.pk).update(during=at(LATER))

    for wrong in (given, moved):
        with pytest.raises(HourOff):
            wrong()
    Session.objects.filter(pk=group.pk).update(live=False, state="cancelled")
    moved()
