"""The pages of courses: for who takes part, for their care team, and for the office."""

from datetime import time

import pytest
import time_machine
from django.urls import reverse
from django.utils.html import strip_tags

from scheduling.booking import book_seat
from scheduling.commitments import Terms, add_commitment
from scheduling.models import Booking, Course, Participation
from tests.factories import NOON, clinician
from tests.scheduling.course_world import SLEEP, WEEK, School
from tests.scheduling.series_world import TUESDAY
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db
COURSES = reverse("scheduling:courses")


@pytest.fixture(autouse=True)
def tuesday():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def school():
    return School()


@pytest.fixture
def maya(client, school):
    return sign_in(client, school.maya)


def words(response):
    return " ".join(strip_tags(response.content.decode()).split())


def page(school):
    return reverse("scheduling:course", args=[school.course.pk])


def joining(school):
    return reverse("scheduling:join_course", args=[school.course.pk])


def test_courses_are_found_where_one_would_look(maya, school):
    for place in (reverse("home:more"), reverse("scheduling:book"), reverse("therapy:ways")):
        assert f'href="{COURSES}"' in maya.get(place).content.decode(), place
    told = words(maya.get(COURSES))
    assert "Sleep and rest Four evenings on how to come to rest. 4 sessions" in told
    assert "with Amara" in told


def test_somebody_reads_joins_and_leaves(maya, school):
    told = words(maya.get(page(school)))
    assert "You try one thing a week." in told
    for fact in ("4 sessions", "from 3 sessions on", "Amara", "Tuesday 24 November, 5:30 pm"):
        assert fact in told
    told = words(maya.get(joining(school)))
    assert told.count("A place is booked for you") == 4
    assert "Join, and book 4 sessions" in told
    assert "Your care team sees that you take part" in told
    said = words(maya.post(joining(school), follow=True))
    assert "You have joined. 4 sessions are booked." in said
    assert "0 of 4 sessions 3 more for a certificate." in said
    assert maya.get(joining(school)).status_code == 302
    assert maya.post(joining(school)).status_code == 409
    part = Participation.objects.get()
    leaving = reverse("scheduling:leave_course", args=[part.pk])
    assert "You give back these places" in words(maya.get(leaving))
    assert "You have left this course. What you came to stays yours." in words(maya.post(leaving, follow=True))
    assert not Booking.objects.live().exists()
    assert "You do not take part in this course any more." in words(maya.post(leaving, follow=True))


def test_what_cannot_be_had_is_said_before_and_after(maya, school):
    two, last_day = school.sessions[1], school.sessions[3].starts_at.date()
    theo = school.client("Theo")
    two.capacity = 1
    two.save()
    book_seat(two, person=theo, by=theo, now=NOON)
    kept = Terms("work", "", (TUESDAY,), time(17), time(19), last_day)
    add_commitment(school.maya, kept, by=school.maya, now=NOON)
    told = words(maya.get(joining(school)))
    assert "Full: you wait for a place" in told
    assert "overlaps: work" in told
    assert maya.post(joining(school), {"own_time": ""}).status_code == 400
    said = words(maya.post(joining(school), {"own_time": "around"}, follow=True))
    assert "2 sessions are booked. You wait for 1 place. What could not be booked stands below." in said
    assert "You wait for a place" in said
    assert Participation.objects.get().around_own_time


def test_progress_is_told_without_a_word_of_blame(maya, school):
    school.join()
    school.mark(0, "present")
    school.mark(1, "missed")
    with time_machine.travel(school.sessions[1].ends_at, tick=False):
        told = words(sign_in(maya, school.maya).get(page(school)))
        assert "1 of 4 sessions 2 more for a certificate." in told
        assert "You were there" in told
        assert "Missed Make up for it" in told
        assert "If you cannot come once, that happens." in told
        school.mark(1, "present", seen=1)
        school.mark(2, "present")
        told = words(maya.get(page(school)))
        assert "3 of 4 sessions The course is complete for you." in told
        assert "Complete: there is a certificate for you" in words(maya.get(COURSES))


def test_the_care_team_sees_it_on_the_client_page_and_nobody_else(client, school):
    school.join()
    school.mark(0, "present")
    chart = reverse("home:client", args=[school.maya.pk])
    told = words(sign_in(client, school.amara).get(chart))
    assert "Sleep and rest came to 1 of 4 sessions, certificate from 3 on" in told
    assert sign_in(client, clinician(school.program)).get(chart).status_code == 404
    assert "Maya" not in words(sign_in(client, school.dana).get(reverse("office:courses", args=[school.program.pk])))


def test_the_office_makes_changes_and_ends_a_course(client, school):
    dana = sign_in(client, school.dana)
    listed = reverse("office:courses", args=[school.program.pk])
    assert f'href="{listed}"' in dana.get(reverse("office:program", args=[school.program.pk])).content.decode()
    sent = {
        "name": "Money",
        "in_short": "Plan a month.",
        "about": "You plan.",
        "paper_title": "Skills course",
        "sessions": "2",
        "needed": "2",
        "series": [school.evenings.pk],
    }
    add = reverse("office:add_course", args=[school.program.pk])
    assert dana.post(add, {**sent, "series": []}).context["form"].errors == {
        "series": ["Choose at least one series or one session."]
    }
    assert list(dana.post(add, {**sent, "needed": "3"}).context["form"].errors) == ["needed"]
    dana.post(add, sent)
    made = Course.objects.get(name="Money")
    assert "Money" in words(dana.get(listed))
    change = reverse("office:change_course", args=[made.pk])
    seen = dana.get(change).context["form"]["seen"].value()
    assert dana.post(change, {**sent, "name": "Money matters", "seen": seen}).status_code == 302
    stale = dana.post(change, {**sent, "name": "Mine", "seen": seen})
    assert stale.status_code == 409
    assert "What stands there now: Money matters" in words(stale)
    end = reverse("office:end_course", args=[made.pk])
    assert "End Money matters?" in words(dana.get(end))
    dana.post(end)
    assert "Has ended" in words(dana.get(listed))
    assert "Money matters" not in words(sign_in(client, school.maya).get(COURSES))
    sign_in(client, school.dana).post(reverse("office:open_course_again", args=[made.pk]))
    assert not Course.objects.get(pk=made.pk).ended


def test_single_sessions_can_be_chosen_too(client, school):
    single = school.session(NOON + 2 * WEEK)
    dana = sign_in(client, school.dana)
    form = dana.get(reverse("office:add_course", args=[school.program.pk])).context["form"]
    assert list(form.fields["singles"].queryset) == [single]
    assert form["paper_title"].value() == "Skills course"


@pytest.mark.parametrize("number", [1, 6])
def test_the_lists_take_as_many_queries_for_many_as_for_one(client, school, number, django_assert_num_queries):
    for at in range(number):
        school.course = school.make(name=f"Course {at}", series=school.evenings)
        Participation.objects.create(course=school.course, enrolment=school.maya.enrolments.get(), joined_at=NOON)
    for person, address, queries in (
        (school.maya, COURSES, 13),
        (school.dana, reverse("office:courses", args=[school.program.pk]), 8),
    ):
        browser = sign_in(client, person)
        browser.get(address)
        with django_assert_num_queries(queries):
            browser.get(address)


def test_who_has_left_reads_and_cannot_join(client, school):
    sam = school.client("Sam", "discharged")
    browser = sign_in(client, sam)
    assert "To come back, or to begin, call us" in words(browser.get(page(school)))
    assert browser.get(joining(school)).status_code == 403
    assert SLEEP.name in words(browser.get(COURSES))
