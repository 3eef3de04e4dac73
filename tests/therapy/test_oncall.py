"""Who is on call at a moment, by the wall clock of the program, across nights, single days and clock changes."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction

from iop_portal.audit.models import Entry
from tests.factories import NOON, ProgramFactory, clinician
from therapy import oncall
from therapy.models import DAY, Duty
from therapy.oncall import Terms, add_weekly, next_staffed, on_call, on_duty, remove_duty, roster_of, set_day, staffed

pytestmark = pytest.mark.django_db

# Tuesday 24 November 2026, noon in New York.
TUESDAY, WEDNESDAY = 1, 2
OFFICE_HOURS = Terms(time(9), time(17))
NIGHT = Terms(time(21), time(7))


@pytest.fixture
def harbor():
    return ProgramFactory(name="Harbor House", zone="America/New_York")


@pytest.fixture
def amara(harbor):
    return clinician(harbor, preferred_name="Amara")


@pytest.fixture
def ben(harbor):
    return clinician(harbor, preferred_name="Ben")


def here(day, hour, minute=0):
    return datetime(2026, 11, day, 5, minute, tzinfo=UTC) + timedelta(hours=hour)


def weekly(program, who, *days, terms=OFFICE_HOURS):
    return add_weekly(program, who, days, terms, by=who, now=NOON)


def test_somebody_is_on_call_from_the_first_minute_until_the_last(harbor, amara):
    weekly(harbor, amara, TUESDAY)

    assert [on_call(harbor, here(24, *at)) for at in ((8, 59), (9, 0), (16, 59), (17, 0))] == [None, amara, amara, None]
    assert not staffed(harbor, here(25, 12))
    assert on_call(harbor, here(24, 12) + timedelta(days=7)) == amara


def test_a_night_goes_over_midnight_and_over_the_end_of_the_week(harbor, amara):
    weekly(harbor, amara, 6, terms=NIGHT)

    sunday = here(22, 23)
    assert on_call(harbor, sunday) == amara
    assert [each.until for each in on_duty(amara, sunday)] == [here(23, 7)]
    assert on_call(harbor, here(23, 6, 59)) == amara
    assert on_call(harbor, here(23, 7)) is None


def test_two_are_never_on_call_at_once(harbor, amara, ben):
    weekly(harbor, amara, TUESDAY)

    with pytest.raises(oncall.SomebodyIsOnCall):
        weekly(harbor, ben, WEDNESDAY, TUESDAY, terms=Terms(time(16, 59), time(18)))
    assert {duty.clinician for duty in Duty.objects.all()} == {amara}
    weekly(harbor, ben, TUESDAY, terms=Terms(time(17), time(18)))
    other = ProgramFactory()
    weekly(other, clinician(other), TUESDAY)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"weekday": 7}, "a_duty_is_weekly_or_of_one_day"),
        ({"weekday": 1, "day": date(2026, 11, 24)}, "a_duty_is_weekly_or_of_one_day"),
        ({}, "a_duty_is_weekly_or_of_one_day"),
        ({"weekday": 1, "begins": 600, "ends": 600}, "a_duty_ends_after_it_begins"),
        ({"weekday": 1, "ends": DAY + 1}, "a_duty_ends_after_it_begins"),
        ({"weekday": 1, "clinician": None}, "only_of_a_whole_day_nobody_is_on_call"),
        ({"day": date(2026, 11, 24), "clinician": None, "ends": 600}, "only_of_a_whole_day_nobody_is_on_call"),
    ],
)
def test_the_database_refuses_what_means_nothing(harbor, amara, fields, constraint):
    whole = {"program": harbor, "clinician": amara, "begins": 0, "ends": DAY, **fields}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Duty.objects.create(**whole)


def test_one_day_replaces_its_weekday_and_taking_it_back_brings_it_back(harbor, amara, ben):
    weekly(harbor, amara, TUESDAY)
    one = set_day(harbor, date(2026, 11, 24), ben, Terms(time(10), time(12)), by=ben, now=NOON)

    assert [on_call(harbor, here(24, hour)) for hour in (9, 10, 11, 12)] == [None, ben, ben, None]
    remove_duty(one, by=ben, now=NOON)
    assert on_call(harbor, here(24, 9)) == amara


def test_a_day_can_have_nobody_and_then_somebody_after_all(harbor, amara, ben):
    weekly(harbor, amara, TUESDAY)
    today = date(2026, 11, 24)
    set_day(harbor, today, None, None, by=amara, now=NOON)
    assert on_call(harbor, NOON) is None
    assert next_staffed(harbor, NOON) == here(24, 9) + timedelta(days=7)

    set_day(harbor, today, ben, OFFICE_HOURS, by=amara, now=NOON)
    assert on_call(harbor, NOON) == ben
    with pytest.raises(oncall.SomebodyIsOnCallThatDay):
        set_day(harbor, today, amara, OFFICE_HOURS, by=amara, now=NOON)
    with pytest.raises(oncall.OverMidnight):
        set_day(harbor, today, amara, NIGHT, by=amara, now=NOON)
    with pytest.raises(oncall.DayIsOver):
        set_day(harbor, date(2026, 11, 23), amara, OFFICE_HOURS, by=amara, now=NOON)


def test_who_no_longer_works_here_is_not_on_call(harbor, amara):
    weekly(harbor, amara, TUESDAY)
    amara.roles_held.all().delete()
    assert on_call(harbor, NOON) is None


def test_nobody_from_elsewhere_is_put_on_call(harbor):
    with pytest.raises(oncall.NotAClinicianOfTheProgram):
        weekly(harbor, clinician(), TUESDAY)
    with pytest.raises(oncall.NoWeekday):
        weekly(harbor, clinician(harbor))
    assert not Duty.objects.exists()


def test_hours_stay_the_same_on_the_wall_across_a_clock_change(harbor, amara):
    """The first of November 2026, when 1:30 comes twice, and 14 March 2027, when 2:30 is skipped."""
    weekly(harbor, amara, 6, terms=Terms(time(1, 30), time(9)))

    autumn = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert [on_call(harbor, autumn + timedelta(hours=after)) for after in (-1, 0, 1, 8)] == [None, amara, amara, amara]
    assert on_call(harbor, datetime(2026, 11, 1, 14, 0, tzinfo=UTC)) is None
    assert on_call(harbor, datetime(2027, 3, 14, 12, 59, tzinfo=UTC)) == amara
    assert on_call(harbor, datetime(2027, 3, 14, 13, 0, tzinfo=UTC)) is None


def test_it_is_staffed_again_from_the_next_stretch_on(harbor, amara):
    weekly(harbor, amara, WEDNESDAY)
    assert next_staffed(harbor, NOON) == here(25, 9)
    assert next_staffed(harbor, here(25, 10)) == here(25, 10)
    assert next_staffed(ProgramFactory(), NOON) is None


def test_one_is_told_until_when_one_is_on_call_and_for_whom(harbor, amara, ben):
    weekly(harbor, amara, TUESDAY)
    weekly(harbor, amara, TUESDAY, terms=Terms(time(17), time(20)))
    weekly(harbor, ben, TUESDAY, terms=Terms(time(20), time(22)))

    assert [(each.program, each.until) for each in on_duty(amara, NOON)] == [(harbor, here(24, 20))]
    assert on_duty(ben, NOON) == []


def test_each_change_of_the_roster_is_written_down(harbor, amara):
    made = weekly(harbor, amara, TUESDAY, terms=NIGHT)
    set_day(harbor, date(2026, 11, 30), None, None, by=amara, now=NOON)
    remove_duty(made[0], by=amara, now=NOON)

    written = list(Entry.objects.order_by("pk").values_list("verb", "facts"))
    assert written == [("duty.added", {"added": 2}), ("duty.day_set", {}), ("duty.removed", {})]


def test_the_roster_takes_the_same_queries_however_full(harbor, amara, ben, django_assert_num_queries):
    weekly(harbor, amara, TUESDAY)
    with django_assert_num_queries(5):
        roster_of(harbor, now=NOON)
    weekly(harbor, ben, 0, 2, 3, 4, 5, 6, terms=NIGHT)
    with django_assert_num_queries(5):
        assert len(roster_of(harbor, now=NOON).week) == 7


def test_the_desk_hears_of_programs_without_anybody_in_two_queries(harbor, amara, django_assert_num_queries):
    away = ProgramFactory()
    weekly(harbor, amara, TUESDAY)
    add_weekly(away, clinician(away), [WEDNESDAY], OFFICE_HOURS, by=amara, now=NOON)
    never = ProgramFactory()

    with django_assert_num_queries(2):
        assert oncall.programs_without_anybody([harbor, away, never], NOON) == [away]
    with django_assert_num_queries(2):
        assert oncall.programs_without_anybody([harbor, away, never], here(25, 12)) == [harbor]


def test_each_program_has_a_roster_of_its_own(harbor, amara):
    """Lena is on call day and night elsewhere, and on a single day of it; here nobody is on that day."""
    other = ProgramFactory(zone="America/New_York")
    lena = clinician(other)
    weekly(other, lena, *range(7), terms=Terms(time(0), time(0)))
    single = set_day(other, NOON.date(), lena, OFFICE_HOURS, by=lena, now=NOON)
    weekly(harbor, amara, TUESDAY, WEDNESDAY)
    kept = set(Duty.objects.filter(program=other).values_list("pk", flat=True))
    set_day(harbor, NOON.date(), None, None, by=amara, now=NOON)
    assert [on_call(program, here(24, 12)) for program in (harbor, other)] == [None, lena]
    assert next_staffed(harbor, here(24, 12)) == here(25, 9)
    assert [one.program for one in on_duty(lena, here(24, 12))] == [other]
    assert on_duty(amara, here(24, 12)) == []
    assert oncall.programs_without_anybody([harbor, other], here(24, 12)) == [harbor]
    roster = roster_of(harbor, now=NOON)
    assert {duty.clinician for _weekday, duties in roster.week for duty in duties} == {amara}
    assert [[duty.clinician for duty in duties] for _day, duties in roster.days] == [[None]]
    set_day(harbor, NOON.date(), amara, OFFICE_HOURS, by=amara, now=NOON)
    remove_duty(Duty.objects.get(program=harbor, day=NOON.date()), by=amara, now=NOON)
    assert set(Duty.objects.filter(program=other).values_list("pk", flat=True)) == kept
    assert single.pk in kept
