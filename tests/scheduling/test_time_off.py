"""Time off: what it hits stands first, what becomes of that is chosen, and nothing is offered in it."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from psycopg2.extras import DateTimeTZRange

from iop_portal.audit.models import Entry
from iop_portal.notices.models import Notice
from iop_portal.people.models import RoleHeld
from scheduling import time_off
from scheduling.booking import HourTaken, book_hour, book_seat
from scheduling.finding import hour_times
from scheduling.models import Booking, Facilitation, Session, TimeOff
from scheduling.time_off import Away
from tests.factories import NOON, ModalityFactory, ProgramFactory, admin, clinician, introduced, seated, session_at
from tests.scheduling.booking_world import Clinic
from tests.signing_in import sign_in
from tests.therapy.test_client_pages import words

pytestmark = pytest.mark.django_db

ZONE = ZoneInfo("America/New_York")
TUESDAY = date(2026, 12, 1)
THURSDAY = date(2026, 12, 3)


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def clinic():
    return Clinic()


def at(day, hour, minute=0):
    return datetime(2026, 12, day, hour, minute, tzinfo=ZONE)


def days(first=TUESDAY, last=THURSDAY, **more):
    return Away(first, last, **more).during("America/New_York")


def take(clinic, during=None, *, kept=(), by=None, seen=None, clinician=None):
    clinician = clinician or clinic.amara
    during = during or days()
    found = time_off.hits(clinician, program=clinic.program, during=during, now=NOON)
    return time_off.take_time_off(
        clinician,
        program=clinic.program,
        during=during,
        kept=[one.pk for one in kept],
        seen=time_off.hits_version(found) if seen is None else seen,
        by=by or clinician,
        now=NOON,
    )


def leaders(session):
    return [one.clinician for one in Facilitation.objects.filter(session=session)]


# ── What it does ──────────────────────────────────────────────────────────────────────────────────────────────


def test_what_it_hits_is_listed_with_how_many_are_booked_and_with_whom(clinic):
    before = clinic.session(at(1, 0) - timedelta(hours=2), clinic.amara, minutes=90)
    into = clinic.session(at(1, 0) - timedelta(minutes=20), clinic.amara, minutes=30)
    shared = clinic.session(at(2, 17), clinic.amara, clinic.jonah)
    clinic.session(at(3, 10), clinic.jonah)
    clinic.session(at(3, 12), clinic.amara, live=False, state="cancelled")
    away = ProgramFactory()
    RoleHeld.objects.create(user=clinic.amara, program=away, role="clinician")
    session_at(ModalityFactory(program=away), at(3, 15), clinic.amara)
    after = clinic.session(at(4, 0), clinic.amara)
    seated(clinic.maya, shared)
    seated(clinic.client("Theo"), shared, state="cancelled", occupies=False, cancelled_at=NOON)
    found = time_off.hits(clinic.amara, program=clinic.program, during=days(), now=NOON)
    assert [(one.session, one.booked, one.beside) for one in found] == [(into, 0, ""), (shared, 1, "Jonah")]
    assert not {before, after} & {one.session for one in found}


def test_what_nobody_else_leads_is_cancelled_and_whoever_is_booked_hears_of_it(clinic):
    group = clinic.session(at(2, 17), clinic.amara)
    booked = book_seat(group, person=clinic.maya, by=clinic.maya, now=NOON)
    clinic.hours()
    hour = book_hour(
        clinic.talk,
        clinician=clinic.amara,
        begins=at(1, 9),
        minutes=50,
        room=None,
        person=clinic.maya,
        by=clinic.maya,
        now=NOON,
    )
    made = take(clinic)
    for one in (booked, hour):
        one.refresh_from_db()
        assert (one.state, one.occupies) == (Booking.State.CANCELLED_BY_PROGRAM, False)
    assert not Session.objects.filter(live=True).exists()
    told = Notice.objects.filter(kind="booking_cancelled").values_list("to", "about_id")
    assert set(told) == {(clinic.maya.pk, booked.pk), (clinic.maya.pk, hour.pk)}
    entry = Entry.objects.get(verb="time_off.taken")
    assert (entry.object_id, entry.actor, entry.facts) == (made.pk, clinic.amara, {"cancelled": 2, "kept": 0})


def test_what_is_kept_is_led_by_the_others_who_are_told(clinic):
    shared = clinic.session(at(2, 17), clinic.amara, clinic.jonah)
    booked = seated(clinic.maya, shared)
    take(clinic, kept=[shared])
    shared.refresh_from_db()
    booked.refresh_from_db()
    assert (shared.live, booked.occupies, leaders(shared)) == (True, True, [clinic.jonah])
    assert list(Notice.objects.values_list("kind", "to")) == [("timetable_changed", clinic.jonah.pk)]


def test_what_is_shared_can_be_cancelled_too(clinic):
    shared = clinic.session(at(2, 17), clinic.amara, clinic.jonah)
    take(clinic)
    shared.refresh_from_db()
    assert not shared.live
    assert not Notice.objects.exists()


def test_what_nobody_else_leads_is_not_kept_and_nothing_happens(clinic):
    alone = clinic.session(at(2, 17), clinic.amara)
    with pytest.raises(time_off.NobodyElseLeads):
        take(clinic, kept=[alone])
    assert (Session.objects.get().live, TimeOff.objects.count()) == (True, 0)


def test_what_came_meanwhile_is_looked_at_first(clinic):
    clinic.session(at(2, 17), clinic.amara)
    with pytest.raises(time_off.HitsChanged):
        take(clinic, seen="")
    assert (Session.objects.get().live, TimeOff.objects.count()) == (True, 0)


def test_nothing_is_offered_or_booked_while_somebody_is_away_and_everything_again_once_it_is_taken_back(clinic):
    clinic.hours()
    made = take(clinic, days(TUESDAY, TUESDAY, begins=time(11), ends=time(15)))
    wish = {"clinician": clinic.amara, "minutes": 50, "room": None, "person": clinic.maya, "by": clinic.maya}

    def offered():
        times = hour_times(clinic.maya, clinic.talk, minutes=50, begin=at(1, 0), end=at(2, 0), now=NOON)
        return {f"{one.begins.astimezone(ZONE):%H:%M}" for one in times}

    assert {"10:00", "15:00"} < offered()
    assert not {"10:30", "11:00", "14:00", "14:30"} & offered()
    with pytest.raises(HourTaken):
        book_hour(clinic.talk, begins=at(1, 14), now=NOON, **wish)
    time_off.end_time_off(made, by=clinic.amara, now=NOON)
    assert {"11:00", "14:30"} < offered()
    book_hour(clinic.talk, begins=at(1, 14), now=NOON, **wish)


def test_it_is_taken_back_once_and_what_was_cancelled_stays_cancelled(clinic):
    group = clinic.session(at(2, 17), clinic.amara)
    made = take(clinic)
    time_off.end_time_off(made, by=clinic.amara, now=NOON)
    with pytest.raises(time_off.TakenBackAlready):
        time_off.end_time_off(made, by=clinic.amara, now=NOON)
    group.refresh_from_db()
    made.refresh_from_db()
    assert (group.live, made.ended_by, made.ended_at) == (False, clinic.amara, NOON)
    assert Entry.objects.filter(verb="time_off.taken_back").count() == 1
    take(clinic)


def test_whom_the_office_notes_as_away_is_told(clinic):
    dana = admin(clinic.program)
    shared = clinic.session(at(2, 17), clinic.amara, clinic.jonah)
    made = take(clinic, by=dana, kept=[shared])
    told = Notice.objects.filter(kind="timetable_changed", about_id=made.pk)
    assert {one.to for one in told} == {clinic.amara, clinic.jonah}


@pytest.mark.parametrize(
    ("during", "refusal"),
    [
        ((date(2026, 11, 20), date(2026, 11, 23)), time_off.TimeOffIsOver),
        ((TUESDAY, date(2028, 12, 1)), time_off.TimeOffTooFar),
    ],
)
def test_what_is_over_or_too_far_is_refused(clinic, during, refusal):
    with pytest.raises(refusal):
        take(clinic, days(*during), seen="")


def test_it_has_to_end_after_it_begins():
    for away in (Away(THURSDAY, TUESDAY), Away(TUESDAY, TUESDAY, begins=time(12), ends=time(12))):
        with pytest.raises(time_off.TimeOffWithoutLength):
            away.during("America/New_York")


def test_one_is_away_once_at_a_time_in_a_program(clinic):
    take(clinic)
    with pytest.raises(time_off.AwayAlready):
        take(clinic, days(THURSDAY, THURSDAY))
    take(clinic, days(THURSDAY, THURSDAY), clinician=clinic.jonah)


# ── What the database keeps ───────────────────────────────────────────────────────────────────────────────────


def noted(clinic, during=None, **fields):
    return TimeOff.objects.create(
        **{
            "clinician": clinic.amara,
            "program": clinic.program,
            "during": during or days(),
            "noted_at": NOON,
            "noted_by": clinic.amara,
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"during": DateTimeTZRange(None, NOON, "[)")}, "time_off_begins_and_ends"),
        ({"during": DateTimeTZRange(NOON, NOON, "[)")}, "time_off_begins_and_ends"),
        ({"ended_at": NOON}, "time_off_is_taken_back_by_somebody"),
        ({"during": days(THURSDAY, date(2026, 12, 9))}, "one_time_off_at_a_time"),
    ],
)
def test_the_database_refuses_what_is_no_time_off(clinic, fields, rule):
    if rule == "one_time_off_at_a_time":
        noted(clinic)
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        noted(clinic, **fields)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE scheduling_timeoff SET during = tstzrange('2026-12-02', '2026-12-03')",
        "UPDATE scheduling_timeoff SET noted_at = now()",
        "DELETE FROM scheduling_timeoff",
    ],
)
def test_what_was_noted_is_never_rewritten(clinic, statement):
    noted(clinic)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_what_was_taken_back_stays_so(clinic):
    noted(clinic, ended_at=NOON, ended_by=clinic.amara)
    with pytest.raises(IntegrityError), transaction.atomic():
        TimeOff.objects.update(ended_at=None, ended_by=None)


# ── In words ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("away", "said"),
    [
        (Away(TUESDAY, TUESDAY), "Tuesday 1 December"),
        (Away(TUESDAY, THURSDAY), "Tuesday 1 December – Thursday 3 December"),
        (Away(TUESDAY, THURSDAY, time(13)), "Tuesday 1 December, 1:00 pm – Thursday 3 December"),
        (Away(TUESDAY, THURSDAY, None, time(12)), "Tuesday 1 December – Thursday 3 December, 12:00 pm"),
        (Away(TUESDAY, TUESDAY, time(9), time(12)), "Tuesday 1 December, 9:00 am to 12:00 pm"),
        (Away(TUESDAY, TUESDAY, time(9)), "Tuesday 1 December, from 9:00 am"),
        (Away(TUESDAY, TUESDAY, None, time(12)), "Tuesday 1 December, until 12:00 pm"),
    ],
)
def test_it_is_said_by_the_programs_clock(away, said):
    assert time_off.in_words(away.during("Europe/Berlin"), "Europe/Berlin") == said


# ── Pages ─────────────────────────────────────────────────────────────────────────────────────────────────────


def held(person, program):
    return RoleHeld.objects.get(user=person, program=program, role="clinician").pk


def page(person, program):
    return reverse("scheduling:time_off", args=[held(person, program)])


def check(person, program, **more):
    wish = {"first": "2026-12-01", "last": "2026-12-03", **more}
    query = "&".join(f"{name}={value}" for name, value in wish.items())
    return f"{reverse('scheduling:check_time_off', args=[held(person, program)])}?{query}"


def test_a_clinician_sees_what_it_hits_confirms_and_takes_it_back(client, clinic):
    alone = clinic.session(at(1, 17), clinic.amara)
    shared = clinic.session(at(2, 17), clinic.amara, clinic.jonah)
    other = clinic.session(at(3, 17), clinic.amara, clinic.jonah)
    for session in (alone, shared):
        seated(clinic.maya, session)
    sign_in(client, clinic.amara)
    assert page(clinic.amara, clinic.program) in client.get(reverse("scheduling:my_hours")).content.decode()
    response = client.get(check(clinic.amara, clinic.program))
    said = words(response)
    assert "Tuesday 1 December – Thursday 3 December" in said
    assert "These are cancelled Tue 1 Dec Skills group 5:00–6:30 pm · 1 person booked" in said
    assert "Keep it, led by Jonah" in said
    assert "Maya" not in said
    assert TimeOff.objects.count() == 0
    answers = {"seen": response.context["form"]["seen"].value(), f"session-{other.pk}": "cancel"}
    response = client.post(check(clinic.amara, clinic.program), answers, follow=True)
    assert response.redirect_chain == [(page(clinic.amara, clinic.program), 302)]
    assert [Session.objects.get(pk=one.pk).live for one in (alone, shared, other)] == [False, True, False]
    assert "Tuesday 1 December – Thursday 3 December" in words(response)
    response = client.post(reverse("scheduling:end_time_off", args=[TimeOff.objects.get().pk]), follow=True)
    assert "Sessions that were cancelled stay cancelled." in words(response)
    assert "No time off is noted." in words(response)
    assert not TimeOff.objects.standing().exists()
    again = client.post(reverse("scheduling:end_time_off", args=[TimeOff.objects.get().pk]), follow=True)
    assert "has been taken back already" in words(again)


def test_what_was_booked_meanwhile_is_shown_before_anything_happens(client, clinic):
    sign_in(client, clinic.amara)
    seen = client.get(check(clinic.amara, clinic.program)).context["form"]["seen"].value()
    clinic.session(at(1, 17), clinic.amara)
    response = client.post(check(clinic.amara, clinic.program), {"seen": seen or ""})
    assert response.status_code == 409
    assert "Meanwhile something was booked" in words(response)
    assert "Skills group" in words(response)
    assert TimeOff.objects.count() == 0
    client.post(check(clinic.amara, clinic.program), {"seen": response.context["form"]["seen"].value()})
    assert TimeOff.objects.count() == 1


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"last": "2026-11-30"}, "Time off has to end after it begins."),
        ({"first": "2026-11-01", "last": "2026-11-02"}, "This time has passed."),
        ({"last": "2999-01-01"}, "Choose days within the next two years."),
        ({"first": "0001-01-01"}, "Choose days within the next two years."),
        ({"last": "2028-12-24"}, "Choose days within the next two years."),
        ({"begins": "25:00"}, "Enter a valid time."),
        ({"first": ""}, "Fill in “First day”"),
    ],
)
def test_what_has_to_be_mended_is_said_and_nothing_typed_is_lost(client, clinic, wish, sentence):
    sign_in(client, clinic.amara)
    for ask in (client.get, client.post):
        response = ask(check(clinic.amara, clinic.program, **wish))
        assert response.status_code == 400
        assert sentence in words(response)
        for name, value in wish.items():
            assert response.context["form"][name].value() == value


def test_what_is_noted_is_ones_own_here_and_neither_over_nor_taken_back(client, clinic):
    mine = noted(clinic)
    noted(clinic, clinician=clinic.jonah)
    noted(clinic, program=ProgramFactory())
    noted(clinic, days(date(2026, 11, 20), date(2026, 11, 22)))
    noted(clinic, days(date(2026, 12, 20), date(2026, 12, 22)), ended_at=NOON, ended_by=clinic.amara)
    sign_in(client, clinic.amara)
    shown = client.get(page(clinic.amara, clinic.program)).context["noted"]
    assert [each.time_off for each in shown] == [mine]


def test_being_away_twice_is_refused_before_it_is_confirmed(client, clinic):
    noted(clinic)
    sign_in(client, clinic.amara)
    response = client.get(check(clinic.amara, clinic.program))
    assert response.status_code == 409
    assert "noted as time off already" in words(response)


def test_the_office_notes_it_for_a_clinician_of_its_programs_and_sees_numbers_alone(client, clinic):
    seated(clinic.maya, clinic.session(at(1, 17), clinic.amara))
    sign_in(client, admin(clinic.program))
    staff = client.get(reverse("office:staff", args=[clinic.program.pk])).content.decode()
    assert page(clinic.amara, clinic.program) in staff
    response = client.get(check(clinic.amara, clinic.program))
    assert "Time off of Amara Okafor" in words(response)
    assert "1 person booked" in words(response)
    assert "Maya" not in words(response)
    client.post(check(clinic.amara, clinic.program), {"seen": response.context["form"]["seen"].value()})
    made = TimeOff.objects.get()
    assert (made.clinician, made.noted_by.roles, Booking.objects.get().occupies) == (
        clinic.amara,
        frozenset({"admin"}),
        False,
    )
    client.post(reverse("scheduling:end_time_off", args=[made.pk]))
    assert not TimeOff.objects.standing().exists()


def test_nobody_notes_it_for_a_colleague_or_for_another_program(client, clinic):
    made = noted(clinic)
    elsewhere = admin(ProgramFactory())
    RoleHeld.objects.create(user=clinic.amara, program=elsewhere.roles_held.get().program, role="clinician")
    both = introduced(clinician(clinic.program)).user
    for person in (clinic.jonah, elsewhere, both):
        sign_in(client, person)
        assert client.get(page(clinic.amara, clinic.program)).status_code == 404
        assert client.post(check(clinic.amara, clinic.program), {"seen": ""}).status_code == 404
        assert client.post(reverse("scheduling:end_time_off", args=[made.pk])).status_code == 404
    assert TimeOff.objects.standing().get() == made


@pytest.mark.parametrize("size", [1, 6])
def test_the_list_costs_the_same_however_much_it_hits(client, clinic, size, django_assert_num_queries):
    for number in range(size):
        session = clinic.session(at(1, 9 + 2 * number), *[clinic.amara, clinic.jonah][: 1 + number % 2])
        seated(clinic.maya, session)
    sign_in(client, clinic.amara)
    client.get(check(clinic.amara, clinic.program))
    with django_assert_num_queries(CHECK_QUERIES):
        client.get(check(clinic.amara, clinic.program))


CHECK_QUERIES = 7
