"""What people keep free: what may be written down, and the times that come of it across clock changes."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iop_portal.audit.models import Entry
from scheduling import commitments
from scheduling.commitments import Busy, Terms, busy_times, merged, overlaps, wall_clock
from scheduling.models import Commitment
from tests.factories import NOON, UserFactory

pytestmark = pytest.mark.django_db

TODAY = NOON.date()
WORKDAYS = (0, 1, 2, 3, 4)


@pytest.fixture
def maya():
    return UserFactory(zone="America/New_York")


def work(**changes):
    return Terms(**{
        "kind": "work", "name": "", "weekdays": WORKDAYS, "begins": time(9), "ends": time(17), "since": TODAY, **changes
    })  # fmt: skip


def keep(person, **changes):
    return commitments.add_commitment(person, work(**changes), by=person, now=NOON)


def local(busy, zone="America/New_York"):
    there = ZoneInfo(zone)
    return [(one.begins.astimezone(there), one.ends.astimezone(there)) for one in busy]


def from_to(day, begins, ends, zone="America/New_York"):
    there = ZoneInfo(zone)
    return datetime.combine(day, begins, there), datetime.combine(day, ends, there)


# ── What may be written down ──────────────────────────────────────────────────────────────────────────────────


def test_work_is_kept_free_on_its_days_and_no_others(maya):
    keep(maya)
    tuesday = TODAY
    found = busy_times(maya, begin=NOON, end=NOON + timedelta(days=7))
    assert local(found) == [from_to(tuesday + timedelta(days=n), time(9), time(17)) for n in (0, 1, 2, 3, 6, 7)]
    assert {one.word for one in found} == {"work"}


def test_something_once_is_kept_free_once(maya):
    made = keep(maya, kind="other", name="Leo’s football", weekdays=(), since=TODAY + timedelta(days=4))
    assert made.until == made.since
    (found,) = busy_times(maya, begin=NOON, end=NOON + timedelta(days=60))
    assert found.word == "Leo’s football"


def test_a_night_shift_is_kept_free_until_the_morning(maya):
    keep(maya, weekdays=(0,), begins=time(22), ends=time(6), since=TODAY - timedelta(days=60))
    tuesday_morning = datetime.combine(TODAY, time(1), ZoneInfo(maya.zone))
    (found,) = busy_times(maya, begin=tuesday_morning, end=tuesday_morning + timedelta(hours=1))
    assert found.ends - found.begins == timedelta(hours=8)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"ends": time(9)}, commitments.WithoutLength),
        ({"until": TODAY - timedelta(days=1), "since": TODAY - timedelta(days=9)}, commitments.HasPassed),
        ({"until": TODAY, "since": TODAY + timedelta(days=1)}, commitments.EndsTooEarly),
        ({"weekdays": (), "since": TODAY - timedelta(days=1)}, commitments.HasPassed),
        ({"since": TODAY + timedelta(days=800)}, commitments.TooFarAway),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(maya, changes, refusal):
    with pytest.raises(refusal):
        keep(maya, **changes)
    assert not Commitment.objects.exists()
    assert not Entry.objects.filter(verb__startswith="commitment").exists()


def test_nobody_keeps_more_than_fifty_things_free(maya):
    for _number in range(commitments.MOST):
        keep(maya)
    with pytest.raises(commitments.TooMany):
        keep(maya)


def test_one_that_began_long_ago_can_be_changed_and_keeps_its_first_day(maya):
    made = keep(maya, since=TODAY - timedelta(days=400))
    terms = work(since=made.since, ends=time(18))
    commitments.change_commitment(made, terms, by=maya, now=NOON)
    made.refresh_from_db()
    assert (made.since, made.ends) == (TODAY - timedelta(days=400), time(18))


def test_what_is_ended_stays_in_the_weeks_before_and_frees_the_rest(maya):
    made = keep(maya, since=TODAY - timedelta(days=7))
    commitments.end_commitment(made, by=maya, now=NOON)
    found = busy_times(maya, begin=NOON - timedelta(days=30), end=NOON + timedelta(days=30))
    assert [begins.date() for begins, _ends in local(found)] == [TODAY - timedelta(days=n) for n in (7, 6, 5, 4, 1)]
    for again in (lambda: commitments.end_commitment(made, by=maya, now=NOON),
                  lambda: commitments.change_commitment(made, work(), by=maya, now=NOON)):  # fmt: skip
        with pytest.raises(commitments.Ended):
            again()


def test_what_never_began_leaves_no_row_when_it_is_ended(maya):
    made = keep(maya, since=TODAY + timedelta(days=3))
    commitments.end_commitment(made, by=maya, now=NOON)
    assert not Commitment.objects.exists()


def test_the_trail_says_that_something_is_kept_free_and_never_what(maya):
    made = keep(maya, kind="faith", name="Mass")
    commitments.change_commitment(made, work(kind="faith"), by=maya, now=NOON)
    commitments.end_commitment(made, by=maya, now=NOON)
    found = Entry.objects.filter(client=maya).order_by("pk").values_list("verb", "facts")
    assert list(found) == [("commitment.added", {}), ("commitment.changed", {}), ("commitment.ended", {})]


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("a_commitment_takes_some_time", {"begins": "09:00", "ends": "09:00"}),
        ("commitments_are_on_weekdays", {"weekdays": "{1,7}"}),
        ("a_commitment_of_one_day_has_one", {"weekdays": "{}"}),
        ("commitments_end_after_they_begin", {"until": "2026-01-01"}),
    ],
)
def test_the_database_keeps_the_rules_against_raw_sql(maya, name, columns):
    row = {
        "person_id": maya.pk, "kind": "work", "name": "", "weekdays": "{0}", "begins": "09:00", "ends": "17:00",
        "since": "2026-11-24", "until": None, **columns,
    }  # fmt: skip
    with pytest.raises(IntegrityError, match=name), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO scheduling_commitment ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})",
            list(row.values()),
        )


# ── What comes of it ──────────────────────────────────────────────────────────────────────────────────────────


def test_times_are_somebody_s_own(maya):
    keep(UserFactory())
    assert busy_times(maya, begin=NOON, end=NOON + timedelta(days=7)) == []


def test_it_takes_as_many_queries_for_one_thing_as_for_many(maya):
    found = []
    for _number in range(2):
        for _each in range(6):
            keep(maya, name="More")
        with CaptureQueriesContext(connection) as asked:
            busy_times(maya, begin=NOON, end=NOON + timedelta(days=90))
        found.append(len(asked))
    assert found == [2, 2]  # what was written down, and what was read from calendars


def test_nine_stays_nine_when_the_clock_changes(maya):
    keep(maya, weekdays=(6,), since=TODAY - timedelta(days=400))
    for sunday in (date(2026, 3, 8), date(2026, 11, 1)):
        day = datetime.combine(sunday, time(0), ZoneInfo(maya.zone))
        found = busy_times(maya, begin=day, end=day + timedelta(days=1))
        assert local(found) == [from_to(sunday, time(9), time(17))]


def test_what_touches_or_overlaps_is_one_if_it_is_for_the_same(maya):
    def busy(begins, ends, word):
        return Busy(NOON + timedelta(hours=begins), NOON + timedelta(hours=ends), word)

    assert merged([busy(3, 4, "work"), busy(0, 2, "work"), busy(2, 3, "work"), busy(1, 3, "school")]) == [
        busy(0, 4, "work"),
        busy(1, 3, "school"),
    ]
    assert merged([busy(0, 5, "work"), busy(1, 2, "work")]) == [busy(0, 5, "work")]


def test_what_a_time_overlaps_is_named_once_and_touching_is_not_overlapping(maya):
    hour = timedelta(hours=1)
    busy = [Busy(NOON, NOON + hour, "work"), Busy(NOON, NOON + 2 * hour, "school"), Busy(NOON, NOON + hour, "work")]
    assert overlaps(busy, NOON, NOON + hour) == "work and school"
    assert overlaps(busy, NOON + hour, NOON + 2 * hour) == "school"
    assert overlaps(busy, NOON - hour, NOON) == ""


# ── Against an obvious oracle ─────────────────────────────────────────────────────────────────────────────────

QUARTER = timedelta(minutes=15)
# Each with a day on which its clock changes; in Havana and Santiago it skips midnight, on Lord Howe half an hour.
CHANGES = [
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Havana", date(2026, 3, 8)),
    ("America/Santiago", date(2026, 9, 6)),
    ("America/Phoenix", date(2026, 3, 8)),
]
clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))


def quarters_of(day, zone):
    """Every quarter of an hour that somebody could read from a clock on a day, as moments."""
    around = datetime.combine(day, time(0), UTC) - timedelta(hours=15)
    moments = [around + number * QUARTER for number in range(4 * 54)]
    return [moment for moment in moments if moment.astimezone(zone).date() == day]


def read_from_clock(day, at, zone, *, latest):
    quarters = quarters_of(day, zone)
    shown = [moment for moment in quarters if moment.astimezone(zone).time() == at]
    if shown:
        return shown[-1] if latest else shown[0]
    # Skipped: as long after midnight as it would have been. Where midnight itself is skipped the day begins later.
    late = datetime.combine(day, quarters[0].astimezone(zone).time()) - datetime.combine(day, time(0))
    return quarters[0] + (datetime.combine(day, at) - datetime.combine(day, time(0))) + (timedelta(0) if late else late)


@given(change=st.sampled_from(CHANGES), away=st.integers(-1, 1), at=clocks, latest=st.booleans())
def test_a_wall_clock_is_read_as_an_obvious_oracle_reads_it(change, away, at, latest):
    zone, day = ZoneInfo(change[0]), change[1] + timedelta(days=away)
    assert wall_clock(day, at, zone, latest=latest) == read_from_clock(day, at, zone, latest=latest)


things = st.builds(
    dict,
    kind=st.sampled_from(["work", "school"]),
    weekdays=st.sets(st.integers(0, 6), min_size=1).map(tuple),
    begins=clocks,
    ends=clocks,
    first=st.integers(-6, 3),
    lasts=st.none() | st.integers(0, 9),
).filter(lambda thing: thing["begins"] != thing["ends"])


@given(
    change=st.sampled_from(CHANGES),
    kept=st.lists(things, max_size=3),
    begin=st.integers(-40, 40),
    lasts=st.integers(1, 120),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_busy_times_are_those_of_an_obvious_oracle_across_clock_changes(change, kept, begin, lasts):
    zone, middle = ZoneInfo(change[0]), change[1]
    begin = datetime.combine(middle, time(12), UTC) + timedelta(hours=begin)
    end = begin + timedelta(hours=lasts)
    with transaction.atomic():
        person = UserFactory(zone=zone.key)
        for thing in kept:
            since = middle + timedelta(days=thing["first"])
            Commitment.objects.create(
                person=person, kind=thing["kind"], weekdays=list(thing["weekdays"]), begins=thing["begins"],
                ends=thing["ends"], since=since,
                until=None if thing["lasts"] is None else since + timedelta(days=thing["lasts"]),
            )  # fmt: skip
        found = busy_times(person, begin=begin, end=end)
        transaction.set_rollback(True)

    wanted = {"work": set(), "school": set()}
    for thing in kept:
        for number in range(-12, 12):
            day = middle + timedelta(days=number)
            began = number - thing["first"]
            over = thing["lasts"] is not None and began > thing["lasts"]
            if day.weekday() not in thing["weekdays"] or began < 0 or over:
                continue
            last = day + timedelta(days=1) if thing["ends"] < thing["begins"] else day
            at = read_from_clock(day, thing["begins"], zone, latest=False)
            until = read_from_clock(last, thing["ends"], zone, latest=True)
            while at < until:
                wanted[thing["kind"]].add(at)
                at += QUARTER
    for word, moments in wanted.items():
        mine = [one for one in found if one.word == word]
        got = {
            moment
            for moment in (begin + number * QUARTER for number in range(4 * lasts))
            for one in mine
            if one.begins <= moment < one.ends
        }
        assert got == {moment for moment in moments if begin <= moment < end}
        assert all(earlier.ends < later.begins for earlier, later in pairwise(mine))
