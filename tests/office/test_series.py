"""The office keeps the timetable: series, single sessions of them, closed days, and what a track brings."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from iop_portal.people.models import Enrolment
from scheduling.changing import cancel_session
from scheduling.models import Booking, Closure, Series, Session, Skipped
from tests.factories import TrackFactory, seated
from tests.office.test_care import filled, words
from tests.scheduling.series_world import Timetable
from tests.signing_in import sign_in
from therapy.prescribing import prescribe

pytestmark = pytest.mark.django_db
# A place where it is as late as in Greenwich, all year.
HERE = "Africa/Abidjan"


@pytest.fixture
def clinic():
    return Timetable(zone=HERE)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def series(clinic, now):
    """On every day of the week, from tomorrow on."""
    return clinic.series(weekdays=tuple(range(7)), zone=HERE, begins_on=now.date() + timedelta(days=1), now=now)


@pytest.fixture
def office(client, clinic):
    return sign_in(client, clinic.dana)


@pytest.fixture
def session(series):
    return series.sessions.order_by("during")[2]


def page(name, *args):
    return reverse(f"office:{name}", args=args)


def test_a_series_is_added_and_stands_on_the_timetable(office, clinic, now):
    wish = {
        "modality": clinic.group.pk,
        "weekdays": ["0", "3"],
        "at": "17:30",
        "minutes": "90",
        "zone": "America/New_York",
        "room": clinic.room.pk,
        "leaders": [clinic.amara.pk],
        "capacity": "8",
        "minimum": "2",
        "listed": "on",
        "begins_on": now.date().isoformat(),
    }
    answer = office.post(page("add_series", clinic.program.pk), wish, follow=True)
    assert "It is on the timetable, eight weeks ahead." in words(answer)
    assert "Monday and Thursday, 5:30 pm" in words(answer)
    assert Series.objects.get().sessions.count() in (16, 17)
    assert "Skills group" in words(office.get(page("series_list", clinic.program.pk)))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("weekdays", [], "Choose an answer for “Days”"),
        ("capacity", "9", "There can be 8 places at most"),
        ("minimum", "9", "The fewest people are at least one"),
        ("room", "", "Choose a room, or say that it is by video, or both."),
        ("begins_on", "2020-01-01", "Choose a first day that has not passed"),
        ("leaders", [], "Who leads it"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_lost(office, clinic, now, field, value, said):
    wish = {
        "modality": clinic.group.pk,
        "weekdays": ["0"],
        "at": "17:30",
        "minutes": "90",
        "zone": HERE,
        "room": clinic.room.pk,
        "leaders": [clinic.amara.pk],
        "capacity": "8",
        "minimum": "2",
        "begins_on": now.date().isoformat(),
    }
    answer = office.post(page("add_series", clinic.program.pk), wish | {field: value})
    assert answer.status_code == 400
    assert said in words(answer)
    assert 'value="17:30"' in answer.content.decode()


def test_a_series_changes_from_a_day_on(office, series, session):
    wish = filled(office.get(page("change_series", series.pk)))
    wish |= {"at": "18:00", "following": session.occurrence.isoformat()}
    answer = office.post(page("change_series", series.pk), wish, follow=True)
    assert "54 sessions are different now." in words(answer)
    series.refresh_from_db()
    assert series.until == session.occurrence - timedelta(days=1)


@pytest.mark.parametrize(("scope", "different"), [("one", 1), ("following", 54), ("all", 56)])
def test_one_session_changes_alone_or_with_those_that_follow_or_with_all(office, series, session, scope, different):
    wish = filled(office.get(page("change_occurrence", session.pk)))
    answer = office.post(page("change_occurrence", session.pk), wish | {"at": "19:00", "scope": scope}, follow=True)
    assert f"{different} session{'s are' if different > 1 else ' is'} different now." in words(answer)
    assert Session.objects.filter(during__startswith__hour=19).count() == different


def test_only_what_differs_from_the_session_reaches_the_others(office, series, session):
    wish = filled(office.get(page("change_occurrence", session.pk)))
    office.post(page("change_occurrence", session.pk), wish | {"at": "19:00", "scope": "one"})
    wish = filled(office.get(page("change_occurrence", session.pk)))
    office.post(page("change_occurrence", session.pk), wish | {"capacity": "5", "scope": "all"})
    assert set(Session.objects.values_list("capacity", flat=True)) == {5}
    assert Session.objects.filter(during__startswith__hour=19).count() == 1


def test_places_of_people_who_are_busy_are_given_back_only_when_asked(office, clinic, series, session):
    booking = seated(clinic.maya, session)
    seated(clinic.maya, clinic.session(session.starts_at + timedelta(hours=2), clinic.jonah))
    wish = filled(office.get(page("change_occurrence", session.pk))) | {"at": "19:30"}
    asked = office.post(page("change_occurrence", session.pk), wish)
    assert asked.status_code == 409
    assert "Give back the places of people who have something else then" in words(asked)
    assert office.post(page("change_occurrence", session.pk), wish | {"give_back": "on"}).status_code == 302
    booking.refresh_from_db()
    assert booking.state == Booking.State.CANCELLED_BY_PROGRAM


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(office, clinic, series, session, now):
    wish = filled(office.get(page("change_occurrence", session.pk))) | {"at": "19:30"}
    clinic.change(series, capacity=6, now=now)
    answer = office.post(page("change_occurrence", session.pk), wish)
    assert (answer.status_code, "Somebody changed this" in words(answer)) == (409, True)


@pytest.mark.parametrize(("scope", "cancelled"), [("one", 1), ("following", 54)])
def test_one_session_or_the_rest_is_cancelled(office, series, session, scope, cancelled):
    asked = office.get(page("cancel_occurrence", session.pk))
    assert "0 people are booked." in words(asked)
    assert office.post(page("cancel_occurrence", session.pk), {"scope": scope}).status_code == 302
    assert Session.objects.filter(live=False).count() == cancelled


def test_a_series_ends(office, series, session):
    first = {"first": session.occurrence.isoformat()}
    answer = office.post(page("end_series", series.pk), first, follow=True)
    assert "It ends. 54 sessions are cancelled" in words(answer)
    assert office.post(page("end_series", series.pk), first).status_code == 409


def test_days_that_could_not_be_made_are_shown_and_tried_again_or_left_out(office, clinic, series, now):
    other = clinic.session(now + timedelta(days=3), clinic.jonah)
    late = clinic.series(
        weekdays=(other.starts_at.weekday(),),
        at=other.starts_at.time().replace(microsecond=0),
        zone=HERE,
        leaders=(clinic.jonah,),
        video=True,
        room=None,
        begins_on=other.starts_at.date(),
        now=now,
    )
    shown = words(office.get(page("series", late.pk)))
    assert "Days that could not be made" in shown
    assert "Somebody who leads is busy (Jonah Weiss)" in shown
    assert "1 day missing" in words(office.get(page("series_list", clinic.program.pk)))
    again = page("try_series_again", late.pk)
    assert "Something is still in the way." in words(office.post(again, follow=True))
    cancel_session(other, by=clinic.dana, now=now)
    assert "All of them are there now." in words(office.post(again, follow=True))
    Skipped.objects.create(series=late, occurrence=now.date(), why="room", since=now)
    assert "These days are left out." in words(office.post(page("leave_series_out", late.pk), follow=True))


def test_too_few_people_are_seen_by_office_and_clinician(office, clinic, series, session, client_class):
    assert "Fewer than 2" in words(office.get(page("series", series.pk)))
    roster = reverse("scheduling:roster", args=[session.pk])
    amara = sign_in(client_class(), clinic.amara)
    assert "At least 2 should be booked." in words(amara.get(roster))
    for name in ("Ana", "Ben"):
        seated(clinic.client(name), session)
    assert "At least 2 should be booked." not in words(amara.get(roster))


def test_closed_days_are_added_after_asking_and_taken_back(office, clinic, series, session):
    day = session.occurrence.isoformat()
    wish = {"begins_on": day, "ends_on": day, "why": "Staff day"}
    asked = office.post(page("add_closure", clinic.program.pk), wish)
    assert (asked.status_code, "1 session is planned then" in words(asked)) == (409, True)
    answer = office.post(page("add_closure", clinic.program.pk), wish | {"sure": "on"}, follow=True)
    assert "Staff day" in words(answer)
    closure = Closure.objects.get()
    assert "after all?" in words(office.get(page("end_closure", closure.pk)))
    answer = office.post(page("end_closure", closure.pk), follow=True)
    assert "Open again. 1 session is back." in words(answer)
    assert not Closure.objects.exists()


def test_a_track_is_told_its_series(office, clinic, series):
    track = TrackFactory(program=clinic.program, name="Evening")
    clinic_page = page("track_series", track.pk)
    wish = filled(office.get(clinic_page)) | {f"series-{series.pk}": ["orientation", "core"]}
    assert office.post(clinic_page, wish).status_code == 302
    assert list(track.track_series.values_list("series", "phases")) == [(series.pk, ["orientation", "core"])]
    assert "Evening" in words(office.get(page("series", series.pk)))
    assert office.post(clinic_page, wish).status_code == 409


def test_taking_a_series_off_a_track_asks_once_and_loses_nothing(office, clinic, series, now):
    track = TrackFactory(program=clinic.program, name="Evening")
    clinic_page, name = page("track_series", track.pk), f"series-{series.pk}"
    enrolment = Enrolment.objects.get(client=clinic.maya)
    prescribe(enrolment, track=track, phase="core", hours=9, days=3, by=clinic.amara, now=now)
    many = Session.objects.filter(series=series).count()
    form = filled(office.get(clinic_page))
    said = words(office.post(clinic_page, form | {name: ["orientation", "core"]}, follow=True))
    assert f"Saved. {many} places were booked. 1 person is told." in said
    form = filled(office.get(clinic_page)) | {name: ["orientation"]}
    asked = office.post(clinic_page, form)
    assert asked.status_code == 409
    assert f"1 person holds places ahead that the track would bring no more: {many} in all." in words(asked)
    assert asked.context["form"][name].value() == ["orientation"]
    said = words(office.post(clinic_page, form | {"give_back": "on"}, follow=True))
    assert f"Saved. {many} places were given back. 1 person is told." in said


def queries_of(office, url):
    with CaptureQueriesContext(connection) as asked:
        assert office.get(url).status_code == 200
    return len(asked)


def test_the_timetable_asks_as_often_for_one_series_as_for_many(office, clinic, series, now):
    url, one = page("series_list", clinic.program.pk), page("series", series.pk)
    few = queries_of(office, url), queries_of(office, one)
    for hour in (8, 10, 12):
        clinic.series(at=series.at.replace(hour=hour), zone=HERE, begins_on=now.date() + timedelta(days=1), now=now)
    for name in ("Ana", "Ben"):
        seated(clinic.client(name), series.sessions.latest("during"))
    assert (queries_of(office, url), queries_of(office, one)) == few
