"""Courses: made of series and single sessions, joined and left at once, and counted from what is recorded."""

from dataclasses import replace
from datetime import time, timedelta

import pytest
from django.db import IntegrityError, transaction

from iop_portal.accounts.apart import keep_apart
from iop_portal.audit.models import Entry
from iop_portal.notices.models import Notice
from iop_portal.people.models import Apart, Enrolment
from iop_portal.versions import ChangedMeanwhile
from scheduling import courses, tasks
from scheduling.booking import book_seat, cancel_booking
from scheduling.commitments import Terms, add_commitment
from scheduling.courses import CourseDetails, Parts, course_version, end_course, progress_in, taken_by
from scheduling.enrolling import discharge_from_care
from scheduling.models import Booking, Course, CourseSeries, Participation, Waiting
from scheduling.moving import move_to_seat
from scheduling.series import change_series, pattern_of, series_version
from scheduling.taking_part import (
    JoinedAlready,
    NotForYou,
    NotTakingPart,
    What,
    book_course,
    book_courses,
    join_course,
    leave_course,
    part_of,
    steps_ahead,
)
from tests.factories import (
    NOON,
    ModalityFactory,
    ProgramFactory,
    admin,
    clinician,
    enrolled,
    held,
    on_care_team,
    seated,
)
from tests.scheduling.course_world import SLEEP, WEEK, School
from tests.scheduling.series_world import MONDAY, TODAY, TUESDAY
from therapy.models import Format

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return School()


def progress(school, person=None, now=NOON):
    return progress_in([school.course], person=person or school.maya, now=now)[school.course.pk]


def booked(person):
    return list(Booking.objects.live().filter(person=person).order_by("during").values_list("session", flat=True))


def whats(school, person=None, **wishes):
    return [step.what for step in steps_ahead(school.course, person or school.maya, now=NOON, **wishes)]


# ── The office ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_course_is_made_of_series_and_of_single_sessions(school):
    single = school.session(NOON + 2 * WEEK)
    made = school.make(name="Two things", singles=[single])
    assert set(courses.sessions_of(made)) == {*school.sessions, single}
    assert courses.leaders_of([made]) == {made.pk: (school.amara,)}


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"name": "SLEEP and rest"}, courses.CourseNameTaken),
        ({"name": "Other", "sessions": 0, "needed": 0}, courses.OddNumber),
        ({"name": "Other", "needed": 0}, courses.NeedsTooMany),
        ({"name": "Other", "needed": 5}, courses.NeedsTooMany),
        ({"name": "Other", "series": False}, courses.NothingInIt),
    ],
)
def test_what_no_course_can_be(school, changes, refusal):
    with pytest.raises(refusal):
        school.make(**changes)
    assert [course.name for course in Course.objects.all()] == ["Sleep and rest"]


def test_a_course_is_of_one_program(school):
    other = School(name="Elsewhere House")
    with pytest.raises(courses.OfAnotherProgram):
        school.make(name="Other", series=other.evenings)
    with pytest.raises(courses.OfAnotherProgram):
        school.make(name="Other", singles=[other.session()])


def test_a_course_is_not_overwritten(school):
    seen, parts = course_version(school.course), Parts((school.evenings,))
    courses.change_course(school.course, replace(SLEEP, name="Rest"), parts, seen=seen, by=school.dana, now=NOON)
    with pytest.raises(ChangedMeanwhile):
        courses.change_course(school.course, SLEEP, parts, seen=seen, by=school.dana, now=NOON)
    line = Entry.objects.get(verb="course.changed")
    assert (line.facts, line.actor) == ({"fields": "name"}, school.dana)


def test_what_people_joined_for_stays(school):
    school.join()
    more = school.series(school.group, weekdays=(MONDAY,))

    def change(details=SLEEP, *series):
        seen = course_version(school.course)
        courses.change_course(
            school.course, details, Parts(series or (school.evenings,)), seen=seen, by=school.dana, now=NOON
        )

    with pytest.raises(courses.GetsNoHarder):
        change(replace(SLEEP, needed=4))
    with pytest.raises(courses.StaysOnceJoined):
        change(SLEEP, more)
    change(replace(SLEEP, needed=2), school.evenings, more)
    school.course.refresh_from_db()
    assert (school.course.needed, school.course.series.count()) == (2, 2)
    for raw in (
        lambda: Course.objects.update(needed=3),
        lambda: CourseSeries.objects.all().delete(),
        lambda: CourseSeries.objects.filter(series=more).update(series=school.evenings),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            raw()


def test_this_and_following_stays_in_the_course(school):
    pattern = replace(pattern_of(school.evenings), at=time(18))
    following = TODAY + 2 * WEEK
    change_series(
        school.evenings,
        pattern,
        following=following,
        seen=series_version(school.evenings),
        by=school.dana,
        now=NOON,
    )
    assert courses.sessions_of(school.course).count() == 4
    assert school.course.series.count() == 2


def test_the_office_counts_and_reads_no_names(school):
    school.join()
    leave_course(school.join(school.client("Theo")).participation, by=school.maya, now=NOON)
    (line,) = courses.lines_of(school.program)
    assert (line.taking_part, line.left, line.leaders) == (1, 1, (school.amara,))


def test_what_is_done_to_one_course_leaves_the_others_as_they_were(school):
    """The other one has a series and a single session of its own, somebody in it, and has ended."""
    monday, single = school.series(school.group, weekdays=(MONDAY,)), school.session(NOON + 2 * WEEK, school.jonah)
    other = school.make(name="Other", series=monday, singles=[single])
    join_course(other, by=school.client("Theo"), now=NOON)
    end_course(other, by=school.dana, now=NOON)
    seen, parts = course_version(school.course), Parts((), (school.session(NOON + 3 * WEEK),))

    def state():
        other.refresh_from_db()
        progress_of = progress_in([other], person=Enrolment.objects.get(client__preferred_name="Theo").client, now=NOON)
        return course_version(other), other.ended_at, len(progress_of[other.pk].places)

    before = state()
    changed = courses.change_course(school.course, SLEEP, parts, seen=seen, by=school.dana, now=NOON)
    assert set(courses.sessions_of(changed)) == set(parts.singles)
    assert Entry.objects.get(verb="course.changed").facts == {"fields": "series"}
    end_course(changed, by=school.dana, now=NOON)
    courses.open_course_again(changed, by=school.dana, now=NOON)
    courses.open_course_again(changed, by=school.dana, now=NOON)
    assert Entry.objects.filter(verb="course.opened_again").count() == 1
    leave_course(school.join(now=NOON).participation, by=school.maya, now=NOON)
    book_courses(now=NOON)
    assert state() == before
    assert [line.taking_part for line in courses.lines_of(school.program) if line.course == other] == [1]


def test_nothing_changed_is_not_written_down(school):
    seen = course_version(school.course)
    courses.change_course(school.course, SLEEP, Parts((school.evenings,)), seen=seen, by=school.dana, now=NOON)
    assert not Entry.objects.filter(verb="course.changed").exists()


# ── Joining ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_joins_has_a_place_in_all_of_it_and_hears_of_it_once(school):
    joined = school.join()
    assert (joined.booked, joined.waiting, joined.left_out) == (4, 0, 0)
    assert booked(school.maya) == [each.pk for each in school.sessions]
    assert not Booking.objects.filter(assigned=True).exists()
    assert [notice.kind for notice in Notice.objects.filter(to=school.maya)] == ["appointments_changed"]
    assert Entry.objects.get(verb="course.joined").client == school.maya


def test_what_cannot_be_had_is_left_out_and_said(school):
    one, two, three, four = school.sessions
    seated(school.maya, school.session(one.starts_at, school.jonah))
    theo = school.client("Theo")
    two.capacity = 1
    two.save()
    book_seat(two, person=theo, by=theo, now=NOON)
    book_seat(three, person=school.maya, by=school.maya, now=NOON)
    evening = Terms("work", "", (TUESDAY,), time(17), time(19), four.starts_at.date())
    add_commitment(school.maya, evening, by=school.maya, now=NOON)
    assert whats(school) == [What.BUSY, What.WAIT, What.HELD, What.BOOK]
    assert whats(school, around_own_time=True) == [What.BUSY, What.WAIT, What.HELD, What.OWN]
    assert [step.overlaps for step in steps_ahead(school.course, school.maya, now=NOON)] == ["", "", "", "work"]
    joined = school.join(around_own_time=True)
    assert (joined.booked, joined.waiting, joined.left_out) == (0, 1, 2)
    assert Waiting.objects.get(person=school.maya).session == two


def test_a_group_that_nobody_books_alone_is_booked_with_its_course(school):
    closed = school.series(school.group, weekdays=(MONDAY,), listed=False, until=TODAY + 2 * WEEK, capacity=2)
    school.course = school.make(name="Closed", series=closed)
    assert school.join().booked == 2
    school.join(school.client("Theo"))
    late = school.join(school.client("Ana"))
    assert (late.booked, late.waiting, late.left_out) == (0, 0, 2)


def test_who_is_kept_apart_finds_it_full(school):
    theo = school.client("Theo")
    keep_apart(school.maya, theo, asked_by=Apart.AskedBy.CLIENT, by=school.amara, now=NOON)
    school.join(theo)
    assert whats(school) == [What.WAIT] * 4
    assert (school.join().booked, booked(school.maya)) == (0, [])


def test_nobody_is_booked_into_what_begins_too_soon(school):
    soon = school.sessions[0].starts_at - timedelta(minutes=30)
    joined = school.join(now=soon)
    assert (joined.booked, joined.left_out) == (3, 1)


def test_no_more_is_booked_than_the_course_has(school):
    endless = school.series(school.group, weekdays=(MONDAY,))
    school.course = school.make(name="Rolling", series=endless)
    assert endless.sessions.count() > 4
    assert school.join().booked == 4
    assert book_courses(now=NOON) == 0


@pytest.mark.parametrize("state", ["referred", "discharged"])
def test_only_who_is_admitted_joins(school, state):
    for person in (school.client("Theo", state), enrolled(), school.amara):
        with pytest.raises(NotForYou):
            school.join(person)
    theirs = Enrolment.objects.filter(state=state).first()
    with pytest.raises(IntegrityError, match="not admitted there"), transaction.atomic():
        Participation.objects.create(course=school.course, enrolment=theirs, joined_at=NOON)


def test_a_course_is_joined_once_and_not_when_it_has_ended(school):
    school.join()
    with pytest.raises(JoinedAlready):
        school.join()
    assert len(booked(school.maya)) == 4
    end_course(school.course, by=school.dana, now=NOON)
    with pytest.raises(courses.CourseEnded):
        school.join(school.client("Theo"))
    courses.open_course_again(school.course, by=school.dana, now=NOON)
    assert school.join(Enrolment.objects.exclude(client=school.maya).get().client).booked == 4


@pytest.mark.parametrize("days_ago", [1, 99])
def test_who_is_in_two_programs_joins_by_the_one_that_holds_it(school, days_ago):
    day = TODAY - timedelta(days=days_ago)
    school.maya.enrolments.create(program=ProgramFactory(), state="admitted", referred_on=day, admitted_on=day)
    assert school.join().participation.enrolment.program == school.program


def test_to_take_part_is_of_one_person_in_one_course(school):
    theo, other = school.client("Theo"), school.make(name="Other")
    mine, theirs = school.join().participation, join_course(other, by=theo, now=NOON).participation
    found = [part_of(course, person) for course in (school.course, other) for person in (school.maya, theo)]
    assert found == [mine, None, None, theirs]
    leave_course(mine, by=school.maya, now=NOON)
    again = school.join().participation
    assert part_of(school.course, school.maya) == again


def test_who_joins_in_the_middle_is_booked_into_what_is_ahead_and_missed_nothing(school):
    joined = school.join(now=school.sessions[1].ends_at)
    assert (joined.booked, joined.waiting, joined.left_out) == (2, 0, 0)
    assert booked(school.maya) == [each.pk for each in school.sessions[2:]]


# ── Leaving, and the night ────────────────────────────────────────────────────────────────────────────────────


def test_who_leaves_gives_back_what_is_ahead_and_keeps_what_was(school):
    part = school.join().participation
    later = school.sessions[0].ends_at
    school.mark(0)
    assert leave_course(part, by=school.maya, now=later) == 3
    assert booked(school.maya) == [school.sessions[0].pk]
    states = Booking.objects.exclude(occupies=True).values_list("state", flat=True)
    assert set(states) == {Booking.State.CANCELLED}
    kinds = list(Notice.objects.filter(to=school.maya).values_list("kind", flat=True))
    assert kinds == ["appointments_changed"] * 2
    with pytest.raises(NotTakingPart):
        leave_course(part, by=school.maya, now=later)
    assert progress(school, now=later).came == 1
    assert school.join(now=later).booked == 3


def test_what_a_track_brings_stays_when_the_course_is_left(school):
    Booking.objects.filter(pk=seated(school.maya, school.sessions[0]).pk).update(assigned=True)
    part = school.join().participation
    leave_course(part, by=school.maya, now=NOON)
    assert booked(school.maya) == [school.sessions[0].pk]


def test_who_leaves_waits_no_more(school):
    theo, one = school.client("Theo"), school.sessions[0]
    one.capacity = 1
    one.save()
    book_seat(one, person=theo, by=theo, now=NOON)
    leave_course(school.join().participation, by=school.maya, now=NOON)
    assert not Waiting.objects.live().exists()


def test_the_night_books_what_is_new_and_nothing_that_was_given_back(school):
    school.join()
    cancel_booking(school.place(1), by=school.maya, now=NOON)
    single = school.session(NOON + 3 * WEEK)
    courses.change_course(
        school.course,
        SLEEP,
        Parts((school.evenings,), (single,)),
        seen=course_version(school.course),
        by=school.dana,
        now=NOON,
    )
    assert (book_courses(now=NOON), book_courses(now=NOON)) == (1, 0)
    one, _two, three, four = (each.pk for each in school.sessions)
    assert sorted(booked(school.maya)) == sorted([one, three, four, single.pk])
    assert Entry.objects.get(verb="course.sessions_booked").actor is None


def test_the_night_books_nothing_for_who_has_left_or_after_the_end(school):
    part = school.join().participation
    end_course(school.course, by=school.dana, now=NOON)
    Booking.objects.all().delete()
    assert book_courses(now=NOON) == 0
    courses.open_course_again(school.course, by=school.dana, now=NOON)
    discharge_from_care(part.enrolment, reason="completed", by=school.dana, now=NOON)
    tasks.make_sessions()
    assert booked(school.maya) == []


@pytest.mark.parametrize("why", ["left", "discharged", "locked out"])
def test_the_night_books_nothing_for_who_is_gone(school, why):
    """Asked of one by one as well: somebody may leave after the night has made its list."""
    part = school.join().participation
    Booking.objects.all().delete()
    Participation.objects.create(course=school.make(name="Other"), enrolment=part.enrolment, joined_at=NOON)
    if why == "left":
        leave_course(part, by=school.maya, now=NOON)
        assert book_course(part, now=NOON) == 0
    elif why == "discharged":
        discharge_from_care(part.enrolment, reason="completed", by=school.dana, now=NOON)
        assert (book_courses(now=NOON), book_course(part, now=NOON)) == (0, 0)
    else:
        school.maya.is_active = False
        school.maya.save()
        assert book_courses(now=NOON) == 0
    assert booked(school.maya) == []


def test_taking_part_is_a_fact(school):
    part = school.join().participation
    leave_course(part, by=school.maya, now=NOON)
    for raw in (
        lambda: Participation.objects.update(left_at=None),
        lambda: Participation.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="taking part is only ended"), transaction.atomic():
            raw()


def test_who_may_see_that_somebody_takes_part(school):
    school.join()
    strangers = (clinician(school.program), clinician(), school.dana, held("family", school.program))
    member = clinician(school.program)
    on_care_team(member, school.maya)
    seen = [Participation.objects.visible_to(person).count() for person in (school.maya, school.amara, member)]
    assert seen == [1, 1, 1]
    assert [Participation.objects.visible_to(person).count() for person in strangers] == [0] * 4
    assert taken_by(school.maya, reader=school.dana, now=NOON) == []
    (taken,) = taken_by(school.maya, reader=school.amara, now=NOON)
    assert (taken.course, taken.progress.came) == (school.course, 0)


# ── How far somebody is ───────────────────────────────────────────────────────────────────────────────────────


def test_what_counts_is_what_is_recorded(school):
    school.join()
    for number, state in enumerate(("present", "late", "missed")):
        school.mark(number, state)
    now = school.sessions[2].ends_at
    told = progress(school, now=now)
    assert (told.came, told.still_needed, told.complete, len(told.ahead)) == (2, 1, False, 1)
    school.mark(2, "left_early", seen=1)
    told = progress(school, now=now)
    assert (told.came, told.complete) == (3, True)
    assert told.days("America/New_York") == (TODAY, TODAY + 2 * WEEK)


def test_another_time_and_what_makes_up_count_in_its_place(school):
    school.join()
    jonah = ModalityFactory(program=school.program, name="Again", format=Format.WORKSHOP)
    instead = school.session(NOON + timedelta(days=2), school.jonah, modality=jonah)
    moved = move_to_seat(school.place(0), instead, by=school.maya, now=NOON)
    assert progress(school).places[0] == moved
    school.mark(1, "missed")
    later = school.sessions[1].ends_at
    again = school.session(later + timedelta(days=1), school.jonah, modality=jonah)
    made_up = move_to_seat(school.place(1), again, by=school.maya, now=later)
    assert made_up.makes_up_for == school.place(1)
    assert len(progress(school, now=later).places) == 5


def test_a_course_is_told_in_as_many_queries_as_ten(school, django_assert_num_queries):
    school.join()
    ten = [school.course, *(school.make(name=f"Course {n}") for n in range(9))]
    for some in (ten[:1], ten):
        with django_assert_num_queries(3):
            progress_in(some, person=school.maya, now=NOON)


def test_a_course_that_ended_undone_is_told_no_more_to_the_care_team(school):
    part = school.join().participation
    leave_course(part, by=school.maya, now=NOON)
    assert taken_by(school.maya, reader=school.amara, now=NOON) == []


def test_the_trail_names_who_did_it(school):
    other = admin(school.program)
    end_course(school.course, by=other, now=NOON)
    with pytest.raises(courses.CourseEnded):
        end_course(school.course, by=other, now=NOON)
    lines = list(Entry.objects.filter(verb__startswith="course.").order_by("pk").values_list("verb", "actor"))
    assert lines == [("course.added", school.dana.pk), ("course.ended", other.pk)]


def test_two_courses_are_joined_by_one_person(school):
    details = CourseDetails("Other", "Another.", "More.", "Skills course", 2, 1)
    monday = school.series(school.group, weekdays=(MONDAY,), until=TODAY + 2 * WEEK)
    other = courses.add_course(school.program, details, Parts((monday,)), by=school.dana, now=NOON)
    school.join()
    join_course(other, by=school.maya, now=NOON)
    assert len(booked(school.maya)) == 6


def test_taking_part_ends_with_the_stay_and_who_comes_back_may_join_again(school):
    school.join()
    school.mark(0)
    enrolment = school.maya.enrolments.get()
    later = NOON + timedelta(days=3)
    discharge_from_care(enrolment, reason="left", by=school.dana, now=later)
    assert Participation.objects.get().left_at == later

    Enrolment.objects.create(
        client=school.maya,
        program=school.program,
        state="admitted",
        referred_on=later.date(),
        admitted_on=later.date(),
    )
    assert part_of(school.course, school.maya).left_at == later
    assert school.join(now=later).booked == 3
