"""Moving a booking, and making up for one that was missed: the old place is kept until the new one is taken."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction

from iop_portal.accounts.apart import keep_apart
from iop_portal.audit.models import Entry
from iop_portal.notices.delivery import deliver_owed
from iop_portal.notices.models import Notice
from iop_portal.people.models import Apart
from iop_portal.refusals import Refused
from scheduling import booking, moving
from scheduling.attendance import Said, mark
from scheduling.booking import HasBegun
from scheduling.feeds import mail_invitations
from scheduling.misses import missed_last
from scheduling.models import Booking, Session
from tests.factories import NOON, ModalityFactory, enrolled, seated
from tests.scheduling.booking_world import TOMORROW, Clinic
from therapy.models import ClinicalPolicy, Format, Method

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return Clinic()


@pytest.fixture
def maya(clinic):
    return clinic.maya


def held_at(clinic, begins, person=None, **fields):
    person = person or clinic.maya
    when = min(NOON, begins) - timedelta(days=1)
    return booking.book_seat(clinic.session(begins, **fields), person=person, by=person, now=when)


def moved(held, session, now=NOON):
    return moving.move_to_seat(held, session, by=held.person, now=now)


def live():
    return list(Booking.objects.live().order_by("pk"))


# ── Places ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_booking_moves_to_another_time_and_is_linked_to_what_it_was(clinic, maya):
    old, other = held_at(clinic, TOMORROW), clinic.session(TOMORROW + timedelta(days=2))
    new = moved(old, other)

    old.refresh_from_db()
    assert (old.state, old.occupies, old.cancelled_at, old.cancelled_by) == ("moved", False, NOON, maya)
    assert (new.session, new.person, new.moved_from, new.makes_up_for) == (other, maya, old, None)
    assert live() == [new]
    assert old.session.live


def test_it_moves_to_a_time_that_overlaps_its_own(clinic):
    old = held_at(clinic, TOMORROW)
    other = clinic.session(TOMORROW + timedelta(minutes=30), clinic.jonah)
    assert moved(old, other).session == other


def test_a_full_time_leaves_it_where_it_was(clinic):
    old = held_at(clinic, TOMORROW)
    full = clinic.session(TOMORROW + timedelta(days=2), capacity=1)
    seated(clinic.client("Ben"), full)
    before = Notice.objects.count(), Entry.objects.count()
    with pytest.raises(booking.SessionFull):
        moved(old, full)
    old.refresh_from_db()
    assert (old.state, old.occupies) == ("booked", True)
    assert Booking.objects.filter(person=clinic.maya).count() == 1
    assert (Notice.objects.count(), Entry.objects.count()) == before


def test_what_else_is_booked_stands_in_the_way(clinic):
    old = held_at(clinic, TOMORROW)
    held_at(clinic, TOMORROW + timedelta(days=2))
    other = clinic.session(TOMORROW + timedelta(days=2, minutes=30), clinic.jonah)
    with pytest.raises(booking.AlreadyBusy):
        moved(old, other)
    assert Booking.objects.get(pk=old.pk).occupies


def test_two_kept_apart_do_not_meet_by_a_move(clinic):
    from_here = held_at(clinic, TOMORROW)
    ben = clinic.client("Ben")
    other = clinic.session(TOMORROW + timedelta(days=2))
    seated(ben, other)
    keep_apart(clinic.maya, ben, asked_by=Apart.AskedBy.CLIENT, by=clinic.amara, now=NOON)
    with pytest.raises(booking.SessionFull):
        moved(from_here, other)
    assert Booking.objects.get(pk=from_here.pk).occupies


@pytest.mark.parametrize(
    ("kind", "may"),
    [
        ({"format": Format.GROUP, "method": Method.SKILLS}, True),
        ({"format": Format.GROUP, "method": Method.ART}, False),
        ({"format": Format.WORKSHOP, "method": Method.SKILLS}, False),
        ({"format": Format.GROUP, "method": Method.SKILLS, "in_use": False}, False),
    ],
    ids=["alike", "another method", "another format", "retired"],
)
def test_it_moves_within_its_kind_and_what_does_the_same(clinic, kind, may):
    way = ModalityFactory(program=clinic.program, **kind)
    old, other = held_at(clinic, TOMORROW), clinic.session(TOMORROW + timedelta(days=1), modality=way)
    if may:
        assert moved(old, other).session == other
    else:
        with pytest.raises(Refused):
            moved(old, other)
        assert live() == [old]


def test_it_does_not_move_to_its_own_session(clinic):
    old = held_at(clinic, TOMORROW)
    with pytest.raises(booking.AlreadyBooked):
        moved(old, old.session)
    assert live() == [old]


def test_nobody_moves_to_another_program(clinic, maya):
    elsewhere = Clinic()
    old, other = held_at(clinic, TOMORROW), elsewhere.session(TOMORROW + timedelta(days=1))
    with pytest.raises(booking.SessionGone):
        moved(old, other)
    assert live() == [old]


@pytest.mark.parametrize(
    ("state", "refusal"),
    [("cancelled", booking.NotBookedAnyMore), ("program", booking.NotBookedAnyMore), ("moved", moving.MovedAlready)],
)
def test_what_is_not_held_any_more_does_not_move(clinic, maya, state, refusal):
    session = clinic.session(TOMORROW)
    old = seated(maya, session, state=state, occupies=False, cancelled_at=NOON)
    with pytest.raises(refusal):
        moved(old, clinic.session(TOMORROW + timedelta(days=1)))
    assert live() == []


def test_what_has_begun_does_not_move(clinic):
    old = held_at(clinic, TOMORROW)
    with pytest.raises(booking.HasBegun):
        moved(old, clinic.session(TOMORROW + timedelta(days=1)), now=TOMORROW)


def test_family_sessions_are_moved_together_with_the_family(clinic, maya):
    family = ModalityFactory(program=clinic.program, format=Format.FAMILY)
    old = seated(maya, clinic.session(TOMORROW, modality=family))
    with pytest.raises(moving.ArrangedTogether):
        moved(old, clinic.session(TOMORROW + timedelta(days=1), modality=family))


@pytest.mark.parametrize(("before", "late"), [(timedelta(hours=24), False), (timedelta(hours=23), True)])
def test_a_late_move_is_said_to_be_late_and_never_refused(clinic, before, late):
    old = held_at(clinic, TOMORROW + timedelta(days=1))
    moved(old, clinic.session(TOMORROW + timedelta(days=4)), now=old.starts_at - before)
    assert Entry.objects.get(verb="booking.rescheduled").facts == {"late": late}


# ── Messages ──────────────────────────────────────────────────────────────────────────────────────────────────


def send_everything():
    deliver_owed(clock=lambda: NOON)
    sent, mail.outbox[:] = list(mail.outbox), []
    return sent


def test_one_mail_says_the_new_time_and_no_other_goes_out(clinic):
    old = held_at(clinic, TOMORROW)
    moved(old, clinic.session(TOMORROW + timedelta(days=2)))
    (letter,) = send_everything()
    assert letter.subject == "An appointment has a new time"
    assert "Friday 27 November, 12:00 pm" in letter.body
    assert "Wednesday 25 November, 12:00 pm" in letter.body


def test_the_invitation_asks_for_the_new_time_and_takes_the_old_ones_back(clinic, maya):
    mail_invitations(maya, tells_more=False, now=NOON)
    first = held_at(clinic, TOMORROW)
    second = moved(first, clinic.session(TOMORROW + timedelta(days=2)))
    third = moved(second, clinic.session(TOMORROW + timedelta(days=3)))
    (letter,) = send_everything()
    parts = [part for part in letter.message().walk() if part.get_content_type() == "text/calendar"]
    texts = [part.get_payload(decode=True).decode() for part in parts]
    assert [part.get_param("method") for part in parts] == ["REQUEST", "CANCEL", "CANCEL"]
    for text, one, status in zip(texts, (third, second, first), ("CONFIRMED", "CANCELLED", "CANCELLED"), strict=True):
        assert f"UID:{one.reference}@" in text
        assert f"STATUS:{status}" in text
        assert f"METHOD:{'REQUEST' if status == 'CONFIRMED' else 'CANCEL'}" in text


# ── Hours ─────────────────────────────────────────────────────────────────────────────────────────────────────


def hour_of(clinic, begins, counsellor=None, person=None):
    person = person or clinic.maya
    return booking.book_hour(
        clinic.talk,
        clinician=counsellor or clinic.amara,
        begins=begins,
        minutes=50,
        room=None,
        person=person,
        by=person,
        now=NOON,
    )


def to_hour(held, begins, clinician):
    return moving.move_to_hour(held, clinician=clinician, begins=begins, room=None, by=held.person, now=NOON)


def test_an_hour_moves_even_into_its_own_time_and_the_counsellor_is_free_again(clinic):
    clinic.hours()
    old = hour_of(clinic, TOMORROW)
    new = to_hour(old, TOMORROW + timedelta(minutes=30), clinic.amara)
    old.refresh_from_db()
    assert (old.state, old.session.state, old.session.live) == ("moved", "cancelled", False)
    assert (new.session.minutes, new.session.facilitations.get().clinician, new.moved_from) == (50, clinic.amara, old)
    assert not old.session.facilitations.get().live
    hour_of(clinic, TOMORROW + timedelta(minutes=90), person=clinic.client("Ben"))


def test_an_hour_moves_to_another_counsellor(clinic):
    clinic.hours(clinic.jonah)
    clinic.hours()
    old = hour_of(clinic, TOMORROW)
    assert to_hour(old, TOMORROW, clinic.jonah).session.facilitations.get().clinician == clinic.jonah


def test_an_hour_that_is_taken_leaves_the_old_one(clinic):
    clinic.hours()
    old = hour_of(clinic, TOMORROW)
    hour_of(clinic, TOMORROW + timedelta(hours=1), person=clinic.client("Ben"))
    sessions = Session.objects.count()
    with pytest.raises(booking.HourTaken):
        to_hour(old, TOMORROW + timedelta(hours=1), clinic.amara)
    old.refresh_from_db()
    assert (old.occupies, old.session.live, old.session.facilitations.get().live) == (True, True, True)
    assert Session.objects.count() == sessions


# ── Making up ─────────────────────────────────────────────────────────────────────────────────────────────────


def missed_at(clinic, begins, person=None):
    """Cancelled an hour before it began."""
    held = held_at(clinic, begins, person)
    return booking.cancel_booking(held, by=held.person, now=begins - timedelta(hours=1))


@pytest.fixture
def missed(clinic):
    """On a Monday."""
    return missed_at(clinic, NOON - timedelta(hours=23, minutes=59))


def test_what_is_recorded_as_missed_is_made_up_too_and_what_was_attended_is_not(clinic):
    begins = NOON - timedelta(hours=4)
    held = seated(clinic.maya, clinic.session(begins))
    with pytest.raises(HasBegun):
        moved(held, clinic.session(TOMORROW))
    mark(held, Said("missed"), seen=0, by=clinic.amara, now=NOON)
    held = Booking.objects.get(pk=held.pk)
    assert [change.old for change in moving.missed_by(clinic.maya, now=NOON)] == [held]
    assert missed_last(clinic.maya, now=NOON) == held
    made = moved(held, clinic.session(TOMORROW + timedelta(days=1)))
    held.refresh_from_db()
    assert (held.state, held.occupies, made.makes_up_for, made.moved_from) == ("booked", True, held, None)
    assert (moving.missed_by(clinic.maya, now=NOON), missed_last(clinic.maya, now=NOON)) == ([], None)
    booking.cancel_booking(made, by=clinic.maya, now=NOON)
    mark(held, Said("present"), seen=1, by=clinic.amara, now=NOON)
    assert moving.missed_by(clinic.maya, now=NOON) == []
    with pytest.raises(HasBegun):
        moved(Booking.objects.get(pk=held.pk), clinic.session(TOMORROW + timedelta(days=2)))


def test_what_was_missed_is_made_up_by_a_session_that_is_linked_to_it(clinic, missed):
    made = moved(missed, clinic.session(TOMORROW))
    missed.refresh_from_db()
    assert (missed.state, made.makes_up_for, made.moved_from) == ("late", missed, None)
    assert Notice.objects.filter(kind="seat_booked", about_id=made.pk).count() == 1
    assert Entry.objects.filter(verb="booking.made_up", client=clinic.maya).count() == 1


def test_it_is_made_up_once_and_again_when_that_was_cancelled(clinic, missed):
    made = moved(missed, clinic.session(TOMORROW))
    with pytest.raises(moving.MadeUpAlready):
        moved(missed, clinic.session(TOMORROW + timedelta(days=1)))
    booking.cancel_booking(made, by=clinic.maya, now=NOON)
    assert moved(missed, clinic.session(TOMORROW + timedelta(days=2))).makes_up_for == missed


@pytest.mark.parametrize(("days", "may"), [(5, True), (12, True), (13, False)])
def test_it_is_made_up_in_the_same_week_or_the_next(clinic, missed, days, may):
    """It is Tuesday: twelve days on is the last Sunday."""
    session = clinic.session(NOON + timedelta(days=days))
    if may:
        assert moved(missed, session).makes_up_for == missed
    else:
        with pytest.raises(moving.OutOfWeeks):
            moved(missed, session)
        assert live() == []


def test_after_the_next_week_it_is_made_up_no_more(clinic, missed):
    with pytest.raises(moving.TooLateToMakeUp):
        moved(missed, clinic.session(NOON + timedelta(days=14)), now=NOON + timedelta(days=13))
    assert moving.missed_by(clinic.maya, now=NOON + timedelta(days=13)) == []


def test_what_makes_up_may_be_moved_within_the_same_weeks(clinic, missed):
    made = moved(missed, clinic.session(TOMORROW))
    again = moved(made, clinic.session(TOMORROW + timedelta(days=1)))
    assert (again.makes_up_for, again.moved_from) == (missed, made)
    with pytest.raises(moving.OutOfWeeks):
        moved(again, clinic.session(NOON + timedelta(days=20)))


def test_a_week_makes_up_for_no_more_than_the_program_says(clinic):
    ClinicalPolicy.objects.create(program=clinic.program, make_ups_per_week=1)
    first = missed_at(clinic, NOON - timedelta(hours=23))
    second = missed_at(clinic, NOON - timedelta(hours=20))
    moved(first, clinic.session(TOMORROW))
    with pytest.raises(moving.EnoughMadeUp):
        moved(second, clinic.session(TOMORROW + timedelta(days=1)))
    assert moved(second, clinic.session(NOON + timedelta(days=7))).makes_up_for == second


def test_what_is_assigned_is_made_up_by_moving_it_within_its_weeks(clinic, maya):
    old = seated(maya, clinic.session(TOMORROW), assigned=True)
    with pytest.raises(moving.OutOfWeeks):
        moved(old, clinic.session(NOON + timedelta(days=13)))
    new = moved(old, clinic.session(TOMORROW + timedelta(days=1)))
    assert (new.moved_from, new.makes_up_for, new.assigned) == (old, old, False)


def test_what_is_assigned_and_was_given_back_is_made_up_too(clinic, maya):
    old = seated(maya, clinic.session(TOMORROW + timedelta(days=3)), assigned=True)
    booking.cancel_booking(old, by=maya, now=NOON)
    old.refresh_from_db()
    assert [change.old for change in moving.missed_by(maya, now=NOON)] == [old]
    assert moved(old, clinic.session(TOMORROW)).makes_up_for == old


def test_what_can_be_made_up_is_listed_while_it_can(clinic, missed):
    cancelled_in_time = held_at(clinic, TOMORROW + timedelta(days=3))
    booking.cancel_booking(cancelled_in_time, by=clinic.maya, now=NOON)
    missed_at(clinic, NOON - timedelta(hours=22), clinic.client("Ben"))
    assert [change.old for change in moving.missed_by(clinic.maya, now=NOON)] == [missed]
    moved(missed, clinic.session(TOMORROW))
    assert moving.missed_by(clinic.maya, now=NOON) == []


def test_who_has_left_makes_up_for_nothing_though_others_stay(clinic, missed):
    clinic.client("Ben")
    clinic.maya.enrolments.update(state="discharged", discharge_reason="completed", discharged_on=NOON.date())
    assert moving.missed_by(clinic.maya, now=NOON) == []


def test_where_nothing_is_made_up_nothing_is_listed(clinic, missed):
    ClinicalPolicy.objects.create(program=clinic.program, make_ups_per_week=0)
    assert moving.missed_by(clinic.maya, now=NOON) == []


def test_listing_it_asks_twice_however_much_was_missed(clinic, missed, django_assert_num_queries):
    with django_assert_num_queries(2):
        moving.missed_by(clinic.maya, now=NOON)
    for hours in (20, 17):
        missed_at(clinic, NOON - timedelta(hours=hours))
    with django_assert_num_queries(2):
        assert len(moving.missed_by(clinic.maya, now=NOON)) == 3


# ── Past the portal ───────────────────────────────────────────────────────────────────────────────────────────


def point(made, column, other):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE scheduling_booking SET {column} = %s WHERE id = %s", [other.pk, made.pk])


def test_the_database_knows_that_one_moves_and_makes_up_for_ones_own(clinic, missed):
    mine = held_at(clinic, TOMORROW + timedelta(days=1))
    theirs = held_at(clinic, TOMORROW, enrolled(clinic.program))
    for column in ("moved_from_id", "makes_up_for_id"):
        with pytest.raises(IntegrityError, match="of somebody else"):
            point(mine, column, theirs)
    with pytest.raises(IntegrityError, match="not moved"):
        point(mine, "moved_from_id", missed)
    point(mine, "makes_up_for_id", missed)


def test_the_database_lets_nothing_be_moved_or_made_up_twice(clinic, missed):
    old = held_at(clinic, TOMORROW)
    moved(old, clinic.session(TOMORROW + timedelta(days=1)))
    moved(missed, clinic.session(TOMORROW + timedelta(days=2)))
    other = held_at(clinic, TOMORROW + timedelta(days=4))
    with pytest.raises(IntegrityError, match="moved_from_id"):
        point(other, "moved_from_id", old)
    with pytest.raises(IntegrityError, match="what_was_missed_is_made_up_once"):
        point(other, "makes_up_for_id", missed)
