"""Series: made ahead of time, once, at their wall time; edits reach what is made, and keep whoever is booked."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg2.extras import DateTimeTZRange

from iop_portal.followups.models import FollowUp
from iop_portal.notices.models import Notice
from iop_portal.people.models import Enrolment
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from scheduling.assigning import assign
from scheduling.booking import cancel_booking
from scheduling.changing import Changed, cancel_session, move_session
from scheduling.closing import ClosureHits, Reopened, close_program, closures_of, end_closure
from scheduling.enrolling import set_track_series, track_series_version
from scheduling.finding import hour_times
from scheduling.making import make_due, make_sessions
from scheduling.models import Booking, Closure, Series, Session, Skipped, TimeOff
from scheduling.rooms import take_room_out_of_use
from scheduling.series import (
    SeriesEnded,
    change_series,
    days_after,
    end_series,
    leave_out_skipped,
    pattern_of,
    series_version,
    try_skipped_again,
)
from scheduling.time_off import end_time_off
from scheduling.walltime import moment_of, stretch_of
from tests.factories import NOON, RoomFactory, TrackFactory, clinician, introduced, seated
from tests.scheduling.series_world import FRIDAY, MONDAY, THURSDAY, TODAY, TUESDAY, WEDNESDAY, Timetable, days, state
from therapy.models import Credential
from therapy.prescribing import prescribe

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)
FIRST = date(2026, 11, 26)


@pytest.fixture
def clinic():
    return Timetable()


@pytest.fixture
def series(clinic):
    return clinic.series()


def session_on(series, day):
    return Session.objects.get(series=series, occurrence=day)


def owed(kind):
    return sorted(each.to.preferred_name for each in Notice.objects.owed().filter(kind=kind))


def book(session, person):
    """Whatever the horizon of booking is."""
    return seated(person, session)


# ── The wall clock ────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(available_timezones())),
    st.dates(date(2000, 1, 1), date(2037, 12, 31)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
)
def test_an_occurrence_keeps_its_wall_time_in_any_zone_on_any_day(zone, day, at):
    here = moment_of(day, at, zone).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    wall = datetime.combine(day, at)
    if here == wall:
        return
    # The clock skips it: then it is as long after midnight as it would have been.
    before = (wall - timedelta(days=2)).replace(tzinfo=ZoneInfo(zone)).utcoffset()
    after = (wall + timedelta(days=2)).replace(tzinfo=ZoneInfo(zone)).utcoffset()
    assert timedelta(0) < here - wall <= max(after - before, timedelta(hours=24))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["America/New_York", "America/Denver", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    st.dates(date(2024, 1, 1), date(2029, 12, 31)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
)
def test_the_database_says_the_same_of_a_wall_time(zone, day, at):
    with connection.cursor() as cursor:
        cursor.execute("SELECT (%s::date + %s::time) AT TIME ZONE %s", [day, at, zone])
        assert cursor.fetchone()[0] == moment_of(day, at, zone)


def test_a_wall_time_that_is_skipped_comes_later_and_of_two_the_later_is_meant():
    spring, autumn, zone = date(2027, 3, 14), date(2026, 11, 1), "America/New_York"
    assert moment_of(spring, time(2, 30), zone).astimezone(ZoneInfo(zone)).time() == time(3, 30)
    assert moment_of(autumn, time(1, 30), zone).astimezone(ZoneInfo(zone)).utcoffset() == timedelta(hours=-5)
    during = stretch_of(autumn, time(0, 30), zone, minutes=90)
    assert during.upper - during.lower == timedelta(minutes=90)


@settings(max_examples=15, deadline=None)
@given(
    zone=st.sampled_from(["America/New_York", "America/Denver", "Europe/London", "Australia/Sydney", "Pacific/Apia"]),
    at=st.times(max_value=time(23, 0)).map(lambda at: at.replace(second=0, microsecond=0)),
    begins=st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    weekdays=st.sets(st.integers(0, 6), min_size=1),
    later=st.integers(0, 20),
)
def test_any_series_keeps_its_wall_time_and_is_made_once(zone, at, begins, weekdays, later):
    with transaction.atomic():
        clinic = Timetable(zone=zone)
        clinic.amara.clinician.credentials.update(expires_on=date(2035, 1, 1))
        now = datetime.combine(begins, time(0, 0), ZoneInfo(zone))
        made = clinic.series(
            weekdays=tuple(weekdays), at=at, zone=zone, begins_on=begins, room=None, video=True, now=now
        )
        for moment in (now + timedelta(days=later), now + timedelta(days=later)):
            make_sessions(made, now=moment)
        once = state()
        make_sessions(made, now=now + timedelta(days=later))
        assert state() == once
        sessions = Session.objects.filter(series=made)
        wanted = [begins + timedelta(days=n) for n in range(56 + later + 1)]
        wanted = [day for day in wanted if day.weekday() in weekdays and moment_of(day, at, zone) > now]
        assert sorted(s.occurrence for s in sessions) == wanted
        assert all(s.starts_at == moment_of(s.occurrence, at, zone) and s.minutes == 90 for s in sessions)
        transaction.set_rollback(True)


# ── Making ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_series_is_there_for_eight_weeks_as_soon_as_it_is_added(clinic, series):
    found = days(series)
    assert (found[0], found[-1], len(found)) == (FIRST, date(2027, 1, 18), 16)
    made = session_on(series, FIRST)
    assert (made.room, made.capacity, made.listed, made.modality) == (clinic.room, 8, True, clinic.group)
    assert [each.clinician for each in made.facilitations.all()] == [clinic.amara]


def test_what_is_cancelled_or_moved_is_never_made_again(clinic, series):
    cancel_session(session_on(series, FIRST), by=clinic.dana, now=NOON)
    moved = session_on(series, FIRST + WEEK)
    move_session(moved, during=stretch_of(FIRST + WEEK, time(9), "UTC", minutes=90), by=clinic.dana, now=NOON)
    before = state()
    assert make_due(now=NOON) == 0
    assert state() == before


def test_each_night_makes_the_day_that_comes_into_reach(clinic, series):
    assert make_due(now=NOON + timedelta(days=2)) == 1
    assert days(series)[-1] == date(2027, 1, 21)


def test_a_series_ends_on_its_last_day(clinic):
    series = clinic.series(until=date(2026, 12, 3))
    assert days(series) == [FIRST, date(2026, 11, 30), date(2026, 12, 3)]
    assert make_due(now=NOON + timedelta(days=30)) == 0


def test_what_has_begun_is_not_made(clinic):
    series = clinic.series(weekdays=(TUESDAY,), at=time(11), begins_on=TODAY)
    assert days(series)[0] == TODAY + WEEK


def busy_leader(clinic):
    clinic.session(moment_of(FIRST, time(18), "America/New_York"))
    return "leader", clinic.amara


def busy_room(clinic):
    clinic.session(moment_of(FIRST, time(18), "America/New_York"), clinic.jonah, room=clinic.room)
    return "room", None


def ended_credential(clinic):
    Credential.objects.filter(clinician__user=clinic.amara).update(expires_on=FIRST)
    return "credential", clinic.amara


@pytest.mark.parametrize("case", [busy_leader, busy_room])
def test_a_day_on_which_something_is_in_the_way_is_skipped_and_somebody_is_told(clinic, case):
    why = case(clinic)
    series = clinic.series()
    assert days(series)[0] == date(2026, 11, 30)
    skipped = Skipped.objects.get()
    assert (skipped.occurrence, (skipped.why, skipped.clinician)) == (FIRST, why)
    owner = FollowUp.objects.open().get(kind="series_skipped")
    assert (owner.owner, owner.about_id) == (clinic.dana, clinic.program.pk)
    make_due(now=NOON)
    assert (Skipped.objects.count(), FollowUp.objects.count()) == (1, 1)


def test_a_leader_who_is_away_is_left_out_and_a_day_without_any_is_skipped(clinic):
    for who in (clinic.amara, clinic.jonah):
        days_off = DateTimeTZRange(NOON, NOON + timedelta(days=3 if who == clinic.amara else 10), "[)")
        TimeOff.objects.create(clinician=who, program=clinic.program, during=days_off, noted_at=NOON, noted_by=who)
    both = clinic.series(leaders=(clinic.amara, clinic.jonah))
    assert (Skipped.objects.get().occurrence, Skipped.objects.get().why) == (FIRST, "away")
    assert [each.clinician for each in session_on(both, days(both)[0]).facilitations.all()] == [clinic.amara]
    assert session_on(both, days(both)[-1]).facilitations.count() == 2


def test_a_day_in_time_off_is_made_in_the_night_after_it_was_taken_back(clinic):
    days_off = DateTimeTZRange(NOON, NOON + timedelta(days=3), "[)")
    fields = {"program": clinic.program, "during": days_off, "noted_at": NOON, "noted_by": clinic.amara}
    noted = TimeOff.objects.create(clinician=clinic.amara, **fields)
    series = clinic.series()
    assert make_due(now=NOON) == 0
    assert [(each.occurrence, each.clinician) for each in Skipped.objects.all()] == [(FIRST, clinic.amara)]
    end_time_off(noted, by=clinic.amara, now=NOON)
    assert make_due(now=NOON) == 1
    assert (days(series)[0], Skipped.objects.count()) == (FIRST, 0)


def test_days_after_a_credential_has_ended_are_skipped(clinic):
    ended_credential(clinic)
    series = clinic.series()
    assert days(series) == [FIRST]
    assert Skipped.objects.filter(why="credential", clinician=clinic.amara).count() == 15


def test_nobody_begins_a_series_with_a_credential_that_has_ended(clinic):
    Credential.objects.filter(clinician__user=clinic.amara).update(expires_on=TODAY - timedelta(days=1))
    with pytest.raises(Refused, match="Amara Okafor’s last credential is valid until 23 November 2026"):
        clinic.series()


def test_what_was_skipped_is_made_once_the_way_is_free(clinic):
    other = clinic.session(moment_of(FIRST, time(18), "America/New_York"))
    series = clinic.series()
    cancel_session(other, by=clinic.dana, now=NOON)
    assert make_due(now=NOON) == 1
    assert (days(series)[0], Skipped.objects.count()) == (FIRST, 0)


def test_an_admin_tries_again_or_leaves_out_what_was_skipped(clinic):
    other = clinic.session(moment_of(FIRST, time(18), "America/New_York"))
    series = clinic.series()
    assert try_skipped_again(series, by=clinic.dana, now=NOON) == 1
    assert leave_out_skipped(series, by=clinic.dana, now=NOON) == 1
    assert not FollowUp.objects.open().exists()
    cancel_session(other, by=clinic.dana, now=NOON)
    assert make_due(now=NOON) == 0


def test_a_room_out_of_use_and_a_leader_who_left_are_in_the_way(clinic, series):
    Session.objects.all().update(series=None, occurrence=None)
    take_room_out_of_use(clinic.room, by=clinic.dana, now=NOON)
    make_due(now=NOON)
    assert set(Skipped.objects.values_list("why", flat=True)) == {"room"}
    clinic.amara.roles_held.all().delete()
    make_due(now=NOON)
    assert set(Skipped.objects.values_list("why", flat=True)) == {"left"}


# ── Changing ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_all_of_it_changes_and_people_keep_their_places(clinic, series):
    booked = book(session_on(series, FIRST), clinic.maya)
    edited = clinic.change(series, at=time(18), capacity=7)
    assert edited.changed == Changed(sessions=16, moved=1)
    booked.refresh_from_db()
    assert booked.occupies
    assert booked.starts_at == moment_of(FIRST, time(18), "America/New_York")
    assert set(Session.objects.values_list("capacity", flat=True)) == {7}
    assert owed("session_moved") == ["Maya"]
    assert Series.objects.get() == edited.series


def test_this_and_following_leaves_what_comes_before_as_it_is(clinic, series):
    cut = FIRST + WEEK
    booked = [book(session_on(series, day), clinic.maya) for day in (FIRST, cut)]
    rest = clinic.change(series, following=cut, at=time(19)).series
    series.refresh_from_db()
    assert (series.until, rest.begins_on, rest.at) == (cut - timedelta(days=1), cut, time(19))
    assert days(series) == [FIRST, FIRST + timedelta(days=4)]
    assert (days(rest)[0], len(days(rest))) == (cut, 14)
    assert [b.occupies for b in booked if b.refresh_from_db() is None] == [True, True]
    assert Notice.objects.filter(kind="session_moved").count() == 1
    before = state()
    make_due(now=NOON)
    assert state() == before


def test_this_and_following_from_the_first_day_on_is_all_of_it(clinic, series):
    assert clinic.change(series, following=FIRST, at=time(19)).series == series
    assert Series.objects.count() == 1


def test_a_day_that_moves_within_the_week_takes_its_people_along(clinic, series):
    booked = book(session_on(series, FIRST), clinic.maya)
    clinic.change(series, weekdays=(MONDAY, FRIDAY))
    booked.refresh_from_db()
    assert booked.starts_at == moment_of(FIRST + timedelta(days=1), time(17, 30), "America/New_York")
    assert {day.weekday() for day in days(series)} == {MONDAY, FRIDAY}


def test_a_day_that_is_dropped_is_cancelled_and_made_anew_when_it_comes_back(clinic, series):
    booked = book(session_on(series, FIRST), clinic.maya)
    edited = clinic.change(series, weekdays=(MONDAY,))
    booked.refresh_from_db()
    assert (edited.cancelled, booked.state) == (8, Booking.State.CANCELLED_BY_PROGRAM)
    assert owed("booking_cancelled") == ["Maya"]
    assert clinic.change(series, weekdays=(MONDAY, THURSDAY)).made == 8


def test_a_day_more_is_made_at_once(clinic, series):
    assert clinic.change(series, weekdays=(MONDAY, WEDNESDAY, THURSDAY)).made == 8


def test_weekdays_are_matched_in_their_order():
    assert days_after((0, 3), (0, 4)) == {0: 0, 3: 4}
    assert days_after((0, 1, 3), (1, 2)) == {0: 2, 1: 1, 3: None}
    assert days_after((0,), (0, 5)) == {0: 0}


def test_what_was_changed_by_itself_keeps_what_was_changed_there(clinic, series):
    own, other = session_on(series, FIRST), RoomFactory(program=clinic.program)
    move_session(own, during=stretch_of(FIRST, time(9), "America/New_York", minutes=90), by=clinic.dana, now=NOON)
    cancel_session(session_on(series, FIRST + WEEK), by=clinic.dana, now=NOON)
    clinic.change(series, at=time(18), room=other)
    own.refresh_from_db()
    assert (own.starts_at, own.room) == (moment_of(FIRST, time(9), "America/New_York"), other)
    assert not session_on(series, FIRST + WEEK).live


def test_two_series_cannot_take_one_another_s_time_and_say_so(clinic, series):
    clinic.series(weekdays=(TUESDAY,), room=None, video=True)
    with pytest.raises(Refused, match="Amara Okafor leads something else on"):
        clinic.change(series, weekdays=(TUESDAY, THURSDAY))
    assert {day.weekday() for day in days(series)} == {MONDAY, THURSDAY}


def test_people_who_are_busy_at_the_new_time_are_asked_about_first(clinic, series):
    booked = book(session_on(series, FIRST), clinic.maya)
    seated(clinic.maya, clinic.session(moment_of(FIRST, time(20), "America/New_York"), clinic.jonah))
    with pytest.raises(Refused, match="1 place is taken by somebody"):
        clinic.change(series, at=time(20))
    assert clinic.change(series, at=time(20), give_back=True).changed.given_back == 1
    booked.refresh_from_db()
    assert booked.state == Booking.State.CANCELLED_BY_PROGRAM


def test_an_edit_of_what_somebody_else_changed_meanwhile_is_not_saved(clinic, series):
    seen = series_version(series)
    clinic.change(series, at=time(18))
    with pytest.raises(ChangedMeanwhile):
        change_series(series, pattern_of(series), seen=seen, by=clinic.dana, now=NOON)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"weekdays": ()}, "at least one day"),
        ({"minutes": 4}, "5 minutes to 8 hours"),
        ({"room": None}, "Choose a room, or say"),
        ({"capacity": 9}, "There can be 8 places at most"),
        ({"minimum": 9}, "The fewest people"),
        ({"minimum": 0}, "The fewest people"),
        ({"until": TODAY - timedelta(days=1)}, "last day"),
        ({"zone": "Mars/Olympus"}, "time zone"),
        ({"leaders": ()}, "at least one person"),
        ({"begins_on": TODAY - timedelta(days=1)}, "first day"),
    ],
)
def test_a_pattern_that_cannot_be_is_refused_in_words(clinic, changes, sentence):
    with pytest.raises(Refused, match=sentence):
        clinic.series(**changes)
    assert not Series.objects.exists()


def test_a_series_is_of_what_is_meant_for_several(clinic):
    with pytest.raises(Refused, match="meant for several people"):
        clinic.series(clinic.talk)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("weekdays = '{}'", "a_series_is_on_weekdays"),
        ("weekdays = '{7}'", "a_series_is_on_weekdays"),
        ("minutes = 4", "a_series_lasts_from_5_minutes_to_8_hours"),
        ("room_id = NULL", "a_series_is_somewhere"),
        ("capacity = 501", "a_series_has_1_to_500_seats"),
        ("minimum = 9", "a_series_is_held_for_no_more_than_it_has_seats"),
        ("until = begins_on - 2", "a_series_ends_after_it_begins"),
    ],
)
def test_the_database_keeps_what_a_series_is(series, change, rule):
    assert broken(f"UPDATE scheduling_series SET {change}") == rule


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("occurrence = '2026-11-26'", "an_occurrence_of_a_series_is_made_once"),
        ("occurrence = NULL", "a_session_of_a_series_is_one_of_its_days"),
    ],
)
def test_the_database_keeps_an_occurrence_single(series, change, rule):
    assert broken(f"UPDATE scheduling_session SET {change}") == rule


def broken(sql):
    with pytest.raises(IntegrityError) as raised, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    return raised.value.__cause__.diag.constraint_name


# ── Ending ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_rest_of_a_series_is_cancelled_and_told(clinic, series):
    booked = [book(session_on(series, day), clinic.maya) for day in (FIRST, FIRST + WEEK)]
    assert end_series(series, first=FIRST + WEEK, by=clinic.dana, now=NOON) == 14
    assert [b.occupies for b in booked if b.refresh_from_db() is None] == [True, False]
    assert owed("booking_cancelled") == ["Maya"]
    assert make_due(now=NOON + WEEK) == 0
    with pytest.raises(SeriesEnded):
        end_series(series, first=FIRST + WEEK, by=clinic.dana, now=NOON)


def test_a_place_in_a_closed_series_is_given_back_without_ending_it_for_the_others(clinic):
    series = clinic.series(listed=False)
    booking = book(session_on(series, FIRST), clinic.maya)
    cancel_booking(booking, by=clinic.maya, now=NOON)
    assert session_on(series, FIRST).live


# ── Closures ──────────────────────────────────────────────────────────────────────────────────────────────────


def close(clinic, first=FIRST, last=FIRST, **fields):
    return close_program(
        clinic.program, begins_on=first, ends_on=last, why="Thanksgiving", by=clinic.dana, now=NOON, **fields
    )


def test_a_closure_asks_first_and_then_cancels_what_is_there(clinic, series):
    book(session_on(series, FIRST), clinic.maya)
    with pytest.raises(ClosureHits, match="1 session is planned then, and 1 place in them is booked"):
        close(clinic)
    held = session_on(series, FIRST)
    assert close(clinic, sure=True) == 1
    held.refresh_from_db()
    assert (held.live, held.series) == (False, None)
    assert owed("booking_cancelled") == ["Maya"]


def test_series_skip_a_closure_until_it_is_taken_back(clinic):
    close(clinic)
    series = clinic.series()
    assert days(series)[0] == date(2026, 11, 30)
    assert not Skipped.objects.exists()
    make_due(now=NOON)
    assert days(series)[0] == date(2026, 11, 30)
    done = end_closure(closures_of(clinic.program, now=NOON).get(), by=clinic.dana, now=NOON)
    assert (done, days(series)[0]) == (Reopened(sessions=1, skipped=0, booked=0), FIRST)


def test_what_a_closure_cancelled_comes_back_with_whom_the_track_brings(clinic, series):
    """Ben chose it, Maya is on the track: she is booked anew and told, his place stays cancelled."""
    track = TrackFactory(program=clinic.program)
    set_track_series(track, {series: ("core",)}, seen=track_series_version(track), by=clinic.dana, now=NOON)
    maya = Enrolment.objects.get(client=clinic.maya)
    prescribe(maya, track=track, phase="core", hours=9, days=3, by=clinic.amara, now=NOON)
    assign(maya, by=clinic.dana, now=NOON)
    book(session_on(series, FIRST), clinic.client("Ben"))
    close(clinic, sure=True)
    done = end_closure(Closure.objects.get(), by=clinic.dana, now=NOON)
    assert done == Reopened(sessions=1, skipped=0, booked=1)
    again = session_on(series, FIRST)
    assert [each.person for each in again.bookings.all()] == [clinic.maya]
    assert owed("appointments_changed") == ["Maya"]


def test_a_closure_that_is_taken_back_brings_nothing_that_was_cancelled_or_moved_by_itself(clinic, series):
    """Thursday's was cancelled; Monday's was moved to Friday, which then was closed."""
    cancel_session(session_on(series, FIRST), by=clinic.dana, now=NOON)
    monday, friday = FIRST + timedelta(days=4), FIRST + timedelta(days=1)
    moved = session_on(series, monday)
    move_session(moved, during=stretch_of(friday, time(17, 30), series.zone, minutes=90), by=clinic.dana, now=NOON)
    close(clinic, FIRST, friday, sure=True)
    assert end_closure(Closure.objects.get(), by=clinic.dana, now=NOON) == Reopened(0, 0, 0)
    make_due(now=NOON)
    assert [session_on(series, day).live for day in (FIRST, monday)] == [False, False]


def test_what_is_in_the_way_of_a_reopened_day_is_said(clinic, series):
    close(clinic, sure=True)
    clinic.session(moment_of(FIRST, series.at, series.zone), clinic.amara)
    done = end_closure(Closure.objects.get(), by=clinic.dana, now=NOON)
    assert done == Reopened(sessions=0, skipped=1, booked=0)


def test_nothing_is_offered_on_a_closed_day(clinic):
    clinic.hours()
    close(clinic)
    begin = NOON + timedelta(days=1)
    times = hour_times(clinic.maya, clinic.talk, minutes=50, begin=begin, end=begin + timedelta(days=4), now=NOON)
    zone = ZoneInfo(clinic.program.zone)
    offered = {found.begins.astimezone(zone).date() for found in times}
    assert offered == {FIRST + timedelta(days=number) for number in (-1, 1, 2, 3)}


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        (TODAY - timedelta(days=1), TODAY, "have not passed"),
        (FIRST, FIRST - timedelta(days=1), "cannot come before"),
        (FIRST, FIRST + timedelta(days=31), "31 days at most"),
    ],
)
def test_days_that_cannot_be_closed_are_refused_in_words(clinic, first, last, sentence):
    with pytest.raises(Refused, match=sentence):
        close(clinic, first, last)
    assert not Closure.objects.exists()


def test_closures_do_not_overlap(clinic):
    close(clinic, FIRST, FIRST + timedelta(days=2))
    with pytest.raises(Refused, match="closed on one of these days already"):
        close(clinic, FIRST + timedelta(days=2), FIRST + timedelta(days=3))
    assert broken("UPDATE scheduling_closure SET ends_on = begins_on - 1") == "a_closure_ends_after_it_begins"


def test_another_leader_takes_over_a_series(clinic, series):
    lena = clinician(clinic.program)
    introduced(lena, clinic.group)
    clinic.change(series, leaders=(lena,))
    assert {f.clinician for s in Session.objects.all() for f in s.facilitations.all()} == {lena}
