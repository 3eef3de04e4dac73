"""Waiting for a place: in order, one offer after the other, and nobody overtakes."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from iop_portal.accounts.apart import keep_apart
from iop_portal.accounts.enrolments import discharge
from iop_portal.audit.models import Entry
from iop_portal.notices.delivery import deliver_owed
from iop_portal.notices.models import Notice
from iop_portal.people.models import Apart
from scheduling import booking, moving, waiting
from scheduling.changing import cancel_session, move_session
from scheduling.enrolling import discharge_from_care
from scheduling.models import Booking, Session, Waiting
from tests.factories import NOON, seated
from tests.scheduling.booking_world import TOMORROW, Clinic
from therapy.models import ClinicalPolicy

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return Clinic()


@pytest.fixture
def people(clinic):
    return [clinic.client(name) for name in ("Ana", "Ben", "Cleo")]


@pytest.fixture
def full(clinic):
    """One place, which is Maya's."""
    session = clinic.session(TOMORROW, capacity=1)
    booking.book_seat(session, person=clinic.maya, by=clinic.maya, now=NOON)
    return session


def join(session, person, now=NOON):
    return waiting.join_line(session, person=person, by=person, now=now)


def free(session, now=NOON):
    """Its first booking is cancelled."""
    held = Booking.objects.live().filter(session=session).first()
    booking.cancel_booking(held, by=held.person, now=now)


def serve(now=NOON):
    return waiting.offer_free_places(now=now)


def accept(entry, now=NOON, **fields):
    return waiting.accept_offer(entry, by=entry.person, now=now, **fields)


def states(session):
    return [(entry.person.preferred_name, entry.state) for entry in Waiting.objects.filter(session=session)]


# ── In line ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_those_who_wait_stand_in_the_order_in_which_they_joined(full, people):
    """Whatever the clocks of two servers say."""
    join(full, people[0], now=NOON)
    join(full, people[1], now=NOON - timedelta(seconds=5))
    assert [entry.person for entry in Waiting.objects.in_line()] == people[:2]
    assert [entry.before for person in people[:2] for entry in waiting.own_waits(person)] == [0, 1]


def test_who_could_book_does_not_wait(clinic, people):
    with pytest.raises(waiting.PlaceIsFree):
        join(clinic.session(TOMORROW, capacity=1), people[0])


def test_nobody_waits_twice_nor_for_what_they_have(full, clinic, people):
    join(full, people[0])
    with pytest.raises(waiting.AlreadyWaiting):
        join(full, people[0])
    with pytest.raises(booking.AlreadyBooked):
        join(full, clinic.maya)


def test_nobody_waits_for_what_is_not_offered_to_them(full, clinic):
    for person in (clinic.client("Ada", "referred"), Clinic().maya):
        with pytest.raises(booking.SessionGone):
            join(full, person)


def test_the_line_is_closed_shortly_before(clinic, people):
    ClinicalPolicy.objects.create(program=clinic.program, notice_minutes=0)
    session = clinic.session(NOON + timedelta(minutes=30), capacity=1)
    seated(clinic.maya, session)
    with pytest.raises(waiting.LineClosed):
        join(session, people[0])


def test_who_has_something_else_then_may_wait_and_keeps_it(full, clinic, people):
    other = booking.book_seat(clinic.session(TOMORROW, clinic.jonah), person=people[0], by=people[0], now=NOON)
    join(full, people[0])
    other.refresh_from_db()
    assert other.occupies


# ── Offered ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_freed_place_is_offered_to_the_first_and_kept_for_them(full, people):
    first, second = join(full, people[0]), join(full, people[1])
    assert serve() == 0
    free(full)
    assert (serve(), serve()) == (1, 0)
    first.refresh_from_db()
    assert (first.state, first.offered_at, first.expires_at) == ("offered", NOON, NOON + timedelta(hours=2))
    assert Notice.objects.get(kind="place_offered").to == people[0]
    for person in (people[1], people[2]):
        with pytest.raises(booking.SessionFull):
            booking.book_seat(full, person=person, by=person, now=NOON)
    made = accept(first)
    first.refresh_from_db()
    assert (made.person, first.state, first.booking, first.ended_by) == (people[0], "accepted", made, people[0])
    second.refresh_from_db()
    assert second.state == "waiting"


def test_until_it_is_offered_nobody_overtakes(full, people):
    join(full, people[0])
    free(full)
    with pytest.raises(booking.SessionFull):
        booking.book_seat(full, person=people[1], by=people[1], now=NOON)
    made = booking.book_seat(full, person=people[0], by=people[0], now=NOON)
    assert states(full) == [("Ana", "accepted")]
    assert Waiting.objects.get().booking == made


def test_a_move_does_not_overtake_either(full, clinic, people):
    join(full, people[0])
    free(full)
    held = booking.book_seat(clinic.session(TOMORROW + timedelta(days=1)), person=people[1], by=people[1], now=NOON)
    with pytest.raises(booking.SessionFull):
        moving.move_to_seat(held, full, by=people[1], now=NOON)
    held.refresh_from_db()
    assert held.occupies


def test_an_offered_place_is_taken_by_moving_to_it_too(full, clinic, people):
    held = booking.book_seat(
        clinic.session(TOMORROW + timedelta(minutes=30), clinic.jonah), person=people[0], by=people[0], now=NOON
    )
    join(full, people[0])
    free(full)
    serve()
    made = moving.move_to_seat(held, full, by=people[0], now=NOON)
    assert states(full) == [("Ana", "accepted")]
    assert Waiting.objects.get().booking == made


def test_a_declined_offer_goes_to_the_next_and_so_does_one_that_ran_out(full, people):
    entries = [join(full, person) for person in people]
    free(full)
    serve()
    waiting.leave_line(entries[0], by=people[0], now=NOON)
    assert serve() == 1
    assert states(full) == [("Ana", "declined"), ("Ben", "offered"), ("Cleo", "waiting")]
    later = NOON + timedelta(hours=2)
    assert serve(later - timedelta(seconds=1)) == 0
    assert serve(later) == 1
    assert states(full) == [("Ana", "declined"), ("Ben", "lapsed"), ("Cleo", "offered")]
    with pytest.raises(waiting.OfferGone):
        accept(entries[1], now=later)


def test_an_offer_that_ran_out_is_gone_before_anybody_has_noted_it(full, people):
    entry = join(full, people[0])
    free(full)
    serve()
    with pytest.raises(waiting.OfferGone):
        accept(entry, now=NOON + timedelta(hours=2))


def test_who_stops_waiting_begins_again_at_the_end(full, people):
    first = join(full, people[0])
    join(full, people[1])
    waiting.leave_line(first, by=people[0], now=NOON)
    with pytest.raises(waiting.WaitsNoMore):
        waiting.leave_line(first, by=people[0], now=NOON)
    join(full, people[0])
    assert [entry.person for entry in Waiting.objects.in_line()] == [people[1], people[0]]


def test_two_kept_apart_are_passed_over_without_a_word(clinic, people):
    session = clinic.session(TOMORROW, capacity=2)
    seated(clinic.maya, session)
    ben = seated(clinic.client("Ben2"), session)
    keep_apart(clinic.maya, people[0], asked_by=Apart.AskedBy.CLIENT, by=clinic.amara, now=NOON)
    join(session, people[0])
    join(session, people[1])
    booking.cancel_booking(ben, by=ben.person, now=NOON)
    assert serve() == 1
    assert states(session) == [("Ana", "waiting"), ("Ben", "offered")]
    # One who could not take it keeps nobody else from it.
    waiting.leave_line(Waiting.objects.get(person=people[1]), by=people[1], now=NOON)
    assert booking.book_seat(session, person=people[2], by=people[2], now=NOON)


def test_two_kept_apart_are_not_offered_places_beside_one_another(clinic, people):
    session = clinic.session(TOMORROW, capacity=2)
    held = [seated(clinic.client(f"Old{n}"), session) for n in range(2)]
    keep_apart(people[0], people[1], asked_by=Apart.AskedBy.CLIENT, by=clinic.amara, now=NOON)
    for person in people:
        join(session, person)
    for one in held:
        booking.cancel_booking(one, by=one.person, now=NOON)
    assert serve() == 2
    assert states(session) == [("Ana", "offered"), ("Ben", "waiting"), ("Cleo", "offered")]


def test_who_left_the_program_or_has_come_to_a_place_waits_no_more(full, clinic, people):
    for person in people:
        join(full, person)
    free(full)
    discharge(people[0].enrolments.get(), reason="left", by=clinic.amara, now=NOON)
    assert serve() == 1
    assert states(full) == [("Ana", "withdrawn"), ("Ben", "offered"), ("Cleo", "waiting")]


def test_who_was_given_a_place_in_another_way_waits_no_more(full, people):
    join(full, people[0])
    join(full, people[1])
    full.capacity = 2
    full.save()
    seated(people[0], full)
    serve()
    assert states(full) == [("Ana", "withdrawn"), ("Ben", "waiting")]


def test_more_seats_are_offered_to_as_many(full, people):
    for person in people:
        join(full, person)
    full.capacity = 3
    full.save()
    assert serve() == 2
    assert [state for _name, state in states(full)] == ["offered", "offered", "waiting"]


# ── What overlaps ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def torn(full, clinic, people):
    """Ana is offered a place over something that she has booked."""
    other = booking.book_seat(
        clinic.session(TOMORROW + timedelta(minutes=30), clinic.jonah), person=people[0], by=people[0], now=NOON
    )
    entry = join(full, people[0])
    free(full)
    serve()
    return entry, other


def test_nothing_is_given_up_unasked(torn):
    entry, other = torn
    with pytest.raises(booking.AlreadyBusy):
        accept(entry)
    entry.refresh_from_db()
    other.refresh_from_db()
    assert (entry.state, other.occupies) == ("offered", True)


def test_what_overlaps_is_given_up_for_it(torn):
    entry, other = torn
    made = accept(entry, instead_of=[other])
    other.refresh_from_db()
    assert (made.session, other.state) == (entry.session, "cancelled")


def test_only_what_was_seen_is_given_up(torn, clinic):
    entry, other = torn
    elsewhere = seated(entry.person, clinic.session(TOMORROW + timedelta(days=2)))
    for seen in ([elsewhere], [other, elsewhere]):
        with pytest.raises(waiting.OtherThanShown):
            accept(entry, instead_of=seen)
    assert Booking.objects.live().filter(person=entry.person).count() == 2


# ── Until when ────────────────────────────────────────────────────────────────────────────────────────────────


def at(hour, minute=0, day=24):
    """By the clock of New York, where the program is."""
    return (
        datetime(2026, 11, day, hour + 5, minute, tzinfo=UTC)
        if hour < 19
        else datetime(2026, 11, day + 1, hour - 19, minute, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("now", "begins", "until"),
    [
        (at(12), at(17, day=26), at(14)),
        (at(20), at(17, day=26), at(9, day=25)),
        (at(23), at(17, day=26), at(10, day=25)),
        (at(12), at(13), at(12, 30)),
        (at(23), at(8, day=25), at(7, 30, day=25)),
    ],
    ids=["by day", "in the evening", "at night", "shortly before", "early in the morning"],
)
def test_an_offer_stands_outside_quiet_hours_and_while_one_can_still_come(clinic, now, begins, until):
    session = Session.objects.get(pk=clinic.session(begins).pk)
    assert waiting.stands_until(session, now=now) == until


@pytest.mark.parametrize(("minutes", "quiet"), [(15, time(21)), (2880, time(8, 1))], ids=["short", "a minute a day"])
def test_however_long_the_quiet_hours_are_it_comes_to_an_end(clinic, minutes, quiet):
    ClinicalPolicy.objects.create(program=clinic.program, offer_minutes=minutes)
    clinic.program.quiet_from = quiet
    clinic.program.save()
    session = Session.objects.get(pk=clinic.session(NOON + timedelta(days=20)).pk)
    assert waiting.stands_until(session, now=NOON) > NOON


def test_a_mail_rests_at_night_unless_the_place_would_be_gone_by_morning(clinic, people, mailoutbox):
    night = at(23)
    seat, early = (clinic.session(begins, capacity=1) for begins in (at(17, day=26), at(8, day=25)))
    for session, person in ((seat, people[0]), (early, people[1])):
        seated(clinic.maya, session)
        join(session, person)
    for session in (seat, early):
        free(session, now=NOON)
    mailoutbox.clear()
    Notice.objects.all().delete()
    assert serve(night) == 2
    deliver_owed(clock=lambda: night)
    assert [letter.to for letter in mailoutbox] == [[people[1].email]]
    deliver_owed(clock=lambda: at(8, 1, day=25))
    assert [letter.to for letter in mailoutbox] == [[people[1].email], [people[0].email]]


def test_when_it_begins_nobody_waits_any_more(full, people):
    entry = join(full, people[0])
    assert serve(TOMORROW - timedelta(minutes=31)) == 0
    serve(TOMORROW - timedelta(minutes=30))
    entry.refresh_from_db()
    assert (entry.state, entry.offered_at, entry.ended_by) == ("lapsed", None, None)


@pytest.mark.parametrize(
    ("freed", "after", "words"),
    [
        (True, timedelta(hours=2), "the time to take it has run out"),
        (False, TOMORROW - NOON - timedelta(minutes=30), "Nothing became free"),
    ],
    ids=["kept and run out", "nothing came"],
)
def test_who_waited_in_vain_is_told_so(full, people, mailoutbox, freed, after, words):
    entry = join(full, people[0])
    if freed:
        free(full)
        serve()
    serve(NOON + after)

    deliver_owed(clock=lambda: NOON + after)

    assert [words in letter.body for letter in mailoutbox if letter.to == [people[0].email]] == [True]
    assert Waiting.objects.get(pk=entry.pk).state == "lapsed"


def test_who_leaves_the_program_waits_for_nothing_in_it(full, people, clinic):
    entry, other = join(full, people[0]), join(full, people[1])

    discharge_from_care(people[0].enrolments.get(), reason="left", by=clinic.amara, now=NOON)

    assert [Waiting.objects.get(pk=each.pk).state for each in (entry, other)] == ["withdrawn", "waiting"]


# ── What else happens to a session ────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def offered(full, people):
    for person in people[:2]:
        join(full, person)
    free(full)
    serve()
    return full


def test_a_session_that_is_cancelled_closes_its_line(offered, clinic):
    cancel_session(offered, by=clinic.amara, now=NOON)
    assert [state for _name, state in states(offered)] == ["withdrawn", "withdrawn"]
    assert Notice.objects.owed().filter(kind="place_offered").count() == 0


def test_a_line_of_what_does_not_take_place_is_closed_whoever_cancelled_it(offered):
    Session.objects.filter(pk=offered.pk).update(state="cancelled", live=False)
    serve()
    assert [state for _name, state in states(offered)] == ["withdrawn", "withdrawn"]


def test_a_session_that_moves_keeps_its_line_and_its_offers(offered, clinic, people):
    during = type(offered.during)(TOMORROW + timedelta(hours=1), TOMORROW + timedelta(hours=2), "[)")
    move_session(Session.objects.get(pk=offered.pk), during=during, by=clinic.amara, now=NOON)
    assert states(offered) == [("Ana", "offered"), ("Ben", "waiting")]
    assert accept(Waiting.objects.get(person=people[0])).during == during


def test_an_offer_for_what_has_begun_is_gone(offered, people):
    earlier = type(offered.during)(NOON + timedelta(minutes=60), NOON + timedelta(minutes=90), "[)")
    Session.objects.filter(pk=offered.pk).update(during=earlier)
    entry = Waiting.objects.get(person=people[0])
    with pytest.raises(booking.SessionGone):
        accept(entry, now=NOON + timedelta(minutes=61))
    serve(NOON + timedelta(minutes=61))
    assert [state for _name, state in states(offered)] == ["lapsed", "lapsed"]


def test_every_step_is_on_the_trail(offered, people):
    waiting.leave_line(Waiting.objects.get(person=people[0]), by=people[0], now=NOON)
    serve()
    accept(Waiting.objects.get(person=people[1]))
    verbs = (
        Entry.objects.filter(verb__startswith="waiting.").order_by("pk").values_list("verb", "client__preferred_name")
    )
    assert list(verbs) == [
        ("waiting.joined", "Ana"),
        ("waiting.joined", "Ben"),
        ("waiting.offered", "Ana"),
        ("waiting.declined", "Ana"),
        ("waiting.offered", "Ben"),
        ("waiting.accepted", "Ben"),
    ]


def test_one_line_that_fails_keeps_no_other_back(clinic, people, monkeypatch):
    sessions = [clinic.session(TOMORROW + timedelta(days=n), capacity=1) for n in range(2)]
    for session in sessions:
        seated(clinic.maya, session)
        join(session, people[0])
        free(session)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE scheduling_waiting ADD CONSTRAINT planted CHECK (state <> 'offered' OR session_id <> %s)",
            [sessions[0].pk],
        )
    assert serve() == 1
    assert states(sessions[1]) == [("Ana", "offered")]


def test_what_is_shown_to_staff_counts_everybody(offered, people):
    waiting.leave_line(Waiting.objects.get(person=people[0]), by=people[0], now=NOON)
    serve()
    assert waiting.line_of(offered) == waiting.Line(waiting=0, offered=1, accepted=0, declined=1, lapsed=0)


def test_serving_asks_the_same_however_many_wait_elsewhere(clinic, people, django_assert_num_queries):
    for number in range(3):
        session = clinic.session(TOMORROW + timedelta(days=number), capacity=1)
        seated(clinic.maya, session)
        join(session, people[0])
    with django_assert_num_queries(2):
        serve()


# ── Past the portal ───────────────────────────────────────────────────────────────────────────────────────────


def change(entry, **columns):
    sets = ", ".join(f"{name} = %s" for name in columns)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE scheduling_waiting SET {sets} WHERE id = %s", [*columns.values(), entry.pk])


OFFER = {"state": "offered", "offered_at": NOON, "expires_at": NOON + timedelta(hours=1)}


def test_the_database_offers_no_seat_that_is_taken(full, people):
    entry = join(full, people[0])
    with pytest.raises(IntegrityError, match="every seat is taken"):
        change(entry, **OFFER)


def test_the_database_gives_nobody_an_offered_seat(offered, people):
    with pytest.raises(IntegrityError, match="every seat is taken"), transaction.atomic():
        seated(people[2], offered)
    with pytest.raises(IntegrityError, match="every seat is taken"):
        change(Waiting.objects.get(person=people[1]), **OFFER)


def test_the_database_keeps_the_capacity_above_what_is_offered(clinic, people):
    session = clinic.session(TOMORROW, capacity=2)
    held = [seated(clinic.client(f"Old{n}"), session) for n in range(2)]
    join(session, people[0])
    booking.cancel_booking(held[0], by=held[0].person, now=NOON)
    serve()
    with pytest.raises(IntegrityError, match="more seats are taken"), transaction.atomic():
        Session.objects.filter(pk=session.pk).update(capacity=1)


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"state": "elsewhere"}, "an_offer_stands|who_waits_is_in_a_known_state"),
        ({"state": "lapsed"}, "who_waits_no_more_stopped_at_a_time"),
        ({"ended_at": NOON}, "who_waits_no_more_stopped_at_a_time"),
        ({"offered_at": NOON}, "an_offer_stands_from_a_time_until_a_time"),
        ({"state": "declined", "ended_at": NOON}, "an_offer_stands_from_a_time_until_a_time"),
        ({"state": "accepted", "ended_at": NOON}, "a_place_is_accepted_by_booking_it"),
        (OFFER | {"expires_at": NOON}, "an_offer_stands_from_a_time_until_a_time"),
    ],
)
def test_the_database_keeps_the_states_whole(full, people, columns, rule):
    entry = join(full, people[0])
    full.capacity = 9
    full.save()
    with pytest.raises(IntegrityError, match=rule):
        change(entry, **columns)


def test_the_database_lets_nobody_wait_twice(full, people):
    join(full, people[0])
    with pytest.raises(IntegrityError, match="one_waits_once_for_a_session"), transaction.atomic():
        Waiting.objects.create(session=full, person=people[0], joined_at=NOON)
