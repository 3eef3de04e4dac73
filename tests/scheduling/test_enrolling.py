"""A track brings its series: admission books them, a change of care adjusts them, a discharge gives them back."""

from datetime import timedelta

import pytest

from iop_portal.notices.models import Notice
from iop_portal.people.models import Apart, Enrolment
from iop_portal.versions import ChangedMeanwhile
from scheduling import tasks
from scheduling.assigning import assign, assign_everybody, unassigned
from scheduling.booking import cancel_booking
from scheduling.enrolling import (
    Followed,
    PlacesHeld,
    admit_into_track,
    change_care,
    discharge_from_care,
    phases_of,
    set_track_series,
    track_series_version,
)
from scheduling.making import make_due
from scheduling.models import Booking, CalendarDelivery, Session
from tests.factories import NOON, TrackFactory, clinician, introduced, seated
from tests.scheduling.series_world import MONDAY, THURSDAY, TUESDAY, WEDNESDAY, Timetable, state
from therapy.models import Credential, Prescription
from therapy.prescribing import current_prescription, prescribe, prescription_version

pytestmark = pytest.mark.django_db
Phase = Prescription.Phase
CORE = {"phase": Phase.CORE, "hours": 9, "days": 3}
BOTH = (Phase.ORIENTATION.value, Phase.CORE.value)


@pytest.fixture
def clinic():
    return Timetable()


@pytest.fixture
def evening(clinic):
    return TrackFactory(program=clinic.program, name="Evening")


@pytest.fixture
def groups(clinic):
    """Monday and Thursday, for everybody; Tuesday, for the first weeks alone."""
    return clinic.series(), clinic.series(weekdays=(TUESDAY,))


@pytest.fixture
def offered(clinic, evening, groups):
    bring(clinic, evening, {groups[0]: (*BOTH, Phase.STEP_DOWN.value), groups[1]: BOTH})
    return groups


@pytest.fixture
def maya(clinic):
    return Enrolment.objects.get(client=clinic.maya)


def bring(clinic, track, wanted, now=NOON, **more):
    return set_track_series(track, wanted, seen=track_series_version(track), by=clinic.dana, now=now, **more)


def change(clinic, enrolment, track, now=NOON, **care):
    seen = prescription_version(current_prescription(enrolment))
    return change_care(enrolment, seen=seen, track=track, **CORE | care, reason="We agreed.", by=clinic.amara, now=now)


def booked(person, **fields):
    return Booking.objects.live().filter(person=person, **fields)


def mails(kind):
    return [each.to.preferred_name for each in Notice.objects.owed().filter(kind=kind)]


def test_admission_books_what_the_track_brings_and_says_so_once(clinic, evening, offered):
    noor = clinic.client("Noor", "referred")
    done = admit_into_track(
        noor.enrolments.get(), counsellor=clinic.amara, track=evening, **CORE, by=clinic.dana, now=NOON
    )
    assert done.assigned == Session.objects.filter(live=True).count() == 25
    assert set(booked(noor).values_list("assigned", "booked_by")) == {(True, clinic.dana.pk)}
    assert mails("appointments_changed") == ["Noor"]
    assert mails("seat_booked") == []


def test_whose_calendar_lives_on_mail_gets_each_as_an_invitation(clinic, evening, offered, maya):
    CalendarDelivery.objects.create(person=clinic.maya, way=CalendarDelivery.Way.MAIL, made_at=NOON)
    change(clinic, maya, evening)
    assert len(mails("seat_booked")) == 25


def test_whose_calendar_does_not_live_on_mail_gets_none_because_somebody_elses_does(clinic, evening, offered, maya):
    CalendarDelivery.objects.create(person=clinic.client("Ben"), way=CalendarDelivery.Way.MAIL, made_at=NOON)
    change(clinic, maya, evening)
    assert (booked(clinic.maya).count(), mails("seat_booked")) == (25, [])


def test_a_change_of_phase_gives_back_what_is_not_for_it_and_keeps_what_was_chosen(clinic, evening, offered, maya):
    change(clinic, maya, evening)
    own = seated(clinic.maya, clinic.session(NOON + timedelta(days=1), clinic.jonah))
    done = change(clinic, maya, evening, phase=Phase.STEP_DOWN, hours=6, days=2, now=NOON + timedelta(minutes=1))
    assert (done.assigned, done.released) == (0, 9)
    assert {each.session.series for each in booked(clinic.maya).select_related("session__series")} == {offered[0], None}
    own.refresh_from_db()
    assert own.occupies
    gone = Booking.objects.filter(person=clinic.maya, session__series=offered[1])
    assert set(gone.values_list("state", flat=True)) == {Booking.State.CANCELLED_BY_PROGRAM}


def test_a_change_back_books_again_what_we_took_away(clinic, evening, offered, maya):
    change(clinic, maya, evening)
    change(clinic, maya, evening, phase=Phase.STEP_DOWN)
    assert change(clinic, maya, evening).assigned == 9


def test_another_track_takes_the_place_of_the_first(clinic, evening, offered, maya):
    change(clinic, maya, evening)
    morning = TrackFactory(program=clinic.program, name="Morning")
    late = clinic.series(weekdays=(WEDNESDAY,))
    bring(clinic, morning, {late: BOTH})
    done = change(clinic, maya, morning)
    assert (done.assigned, done.released) == (8, 25)


def test_a_discharge_gives_back_everything_ahead_in_this_program_and_nothing_behind(clinic, evening, offered, maya):
    past = seated(clinic.maya, clinic.session(NOON - timedelta(days=1), clinic.jonah))
    alone = clinic.session(NOON + timedelta(days=1), clinic.jonah, modality=clinic.talk, listed=False, capacity=1)
    seated(clinic.maya, alone)
    change(clinic, maya, evening)
    assert discharge_from_care(maya, reason="completed", by=clinic.dana, now=NOON) == 26
    assert list(booked(clinic.maya)) == [past]
    alone.refresh_from_db()
    assert not alone.live
    assert Session.objects.filter(series=offered[0], live=True).count() == 16
    assert assign_everybody(now=NOON) == 0


def test_every_night_books_what_was_made(clinic, evening, offered, maya):
    change(clinic, maya, evening)
    later = NOON + timedelta(days=7)
    assert make_due(now=later) == 3
    assert assign_everybody(now=later) == 3
    assert assign_everybody(now=later) == 0


def test_a_place_that_somebody_gave_back_is_not_booked_again(clinic, evening, offered, maya):
    change(clinic, maya, evening)
    cancel_booking(booked(clinic.maya).earliest("during"), by=clinic.maya, now=NOON)
    assert assign(maya, by=None, now=NOON) == []
    left = unassigned(maya, now=NOON, until=NOON + timedelta(days=15))
    assert [each.why for each in left] == ["They gave this place back"]


def test_a_place_that_somebody_else_gave_back_is_booked(clinic, evening, offered, maya):
    ben = clinic.client("Ben")
    first = Session.objects.filter(series=offered[0]).earliest("during")
    cancel_booking(seated(ben, first), by=ben, now=NOON)
    change(clinic, maya, evening)
    assert first in [each.session for each in booked(clinic.maya).select_related("session")]
    assert unassigned(maya, now=NOON, until=NOON + timedelta(days=15)) == []


def test_own_bookings_full_sessions_and_people_kept_apart_are_respected_and_shown(clinic, evening, groups, maya):
    first, second, third = Session.objects.filter(series=groups[0]).order_by("during")[:3]
    seated(clinic.maya, clinic.session(first.starts_at, clinic.jonah))
    for _seat in range(8):
        seated(clinic.client("Somebody"), second)
    ben = clinic.client("Ben")
    seated(ben, third)
    one, other = sorted([clinic.maya.pk, ben.pk])
    Apart.objects.create(one_id=one, other_id=other, asked_by="client", set_by=clinic.amara, since=NOON)
    prescribe(maya, track=evening, **CORE, by=clinic.amara, now=NOON)
    assert bring(clinic, evening, {groups[0]: BOTH}) == Followed(assigned=13, released=0, people=1)
    left = unassigned(maya, now=NOON, until=NOON + timedelta(days=15))
    assert [(each.session, each.why) for each in left] == [
        (first, "Something else is booked then"),
        (second, "No place is left"),
        (third, "No place is left"),
    ]


@pytest.mark.parametrize("first", ["Maya", "Ben"])
def test_two_kept_apart_are_not_brought_together_whichever_of_them_is_there_first(clinic, evening, groups, first):
    """A pair has one row: Maya stands before Ben in it."""
    ben = clinic.client("Ben")
    there, comes = (clinic.maya, ben) if first == "Maya" else (ben, clinic.maya)
    Apart.objects.create(one=clinic.maya, other=ben, asked_by="client", set_by=clinic.amara, since=NOON)
    met = Session.objects.filter(series=groups[0]).earliest("during")
    seated(there, met)
    prescribe(comes.enrolments.get(), track=evening, **CORE, by=clinic.amara, now=NOON)
    bring(clinic, evening, {groups[0]: BOTH})
    left = unassigned(comes.enrolments.get(), now=NOON, until=NOON + timedelta(days=15))
    assert [(each.session, each.why) for each in left] == [(met, "No place is left")]


def test_of_two_groups_at_one_time_each_person_stays_in_one(clinic, evening, groups, maya):
    lena = clinician(clinic.program)
    introduced(lena, clinic.group)
    beside = clinic.series(leaders=(lena,), room=None, video=True)
    ben = Enrolment.objects.get(client=clinic.client("Ben"))
    for enrolment in (maya, ben):
        prescribe(enrolment, track=evening, **CORE, by=clinic.amara, now=NOON)
    bring(clinic, evening, {groups[0]: BOTH, beside: BOTH})
    where = [set(booked(each.client).values_list("session__series", flat=True)) for each in (maya, ben)]
    assert where == [{groups[0].pk}, {beside.pk}]
    make_due(now=NOON + timedelta(days=7))
    assign_everybody(now=NOON + timedelta(days=7))
    assert where == [set(booked(each.client).values_list("session__series", flat=True)) for each in (maya, ben)]


def test_a_series_that_is_cut_in_two_keeps_its_track(clinic, evening, offered, maya):
    change(clinic, maya, evening)
    rest = clinic.change(offered[0], following=NOON.date() + timedelta(days=14), capacity=7).series
    assert set(phases_of(evening)) == {offered[0].pk, offered[1].pk, rest.pk}
    assert booked(clinic.maya).count() == 25
    assert rest.weekdays == [MONDAY, THURSDAY]


def test_the_series_of_a_track_are_saved_only_on_what_one_saw(clinic, evening, offered):
    with pytest.raises(ChangedMeanwhile):
        set_track_series(evening, {}, seen="old", by=clinic.dana, now=NOON)
    assert bring(clinic, evening, {offered[0]: BOTH}) == Followed()
    assert phases_of(evening) == {offered[0].pk: BOTH}


def test_nobody_is_assigned_who_is_not_admitted_or_has_no_prescription(clinic, evening, offered, maya):
    assert assign(maya, by=None, now=NOON) == []
    assert unassigned(maya, now=NOON, until=NOON + timedelta(days=14)) == []


def test_the_nightly_task_may_run_twice(clinic, evening, offered, maya):
    change(clinic, maya, evening)
    tasks.make_sessions()
    once = state()
    tasks.make_sessions()
    assert state() == once


def test_nobody_is_put_where_nobody_with_a_valid_credential_leads(clinic, evening, offered, maya):
    ends = NOON.date() + timedelta(days=9)
    Credential.objects.filter(clinician__user=clinic.amara).update(expires_on=ends)
    prescribe(maya, track=evening, **CORE, by=clinic.amara, now=NOON)
    made = assign(maya, by=clinic.dana, now=NOON)
    assert {(booking.starts_at - NOON) < timedelta(days=10) for booking in made} == {True}
    left = unassigned(maya, now=NOON, until=NOON + timedelta(days=15))
    assert {each.why for each in left} == {"Nobody with a valid credential leads it"}
    assert len(left) == 2


def test_a_series_that_a_track_loses_gives_back_what_it_booked_once_somebody_has_said_so(
    clinic, evening, offered, maya
):
    ben = Enrolment.objects.get(client=clinic.client("Ben"))
    for enrolment in (maya, ben):
        change(clinic, enrolment, evening)
    own = Session.objects.filter(series=offered[1]).earliest("during")
    booked(clinic.maya, session=own).update(assigned=False)
    cancel_booking(booked(ben.client, session=own).get(), by=ben.client, now=NOON)
    Notice.objects.all().delete()
    with pytest.raises(PlacesHeld, match="2 people hold places ahead that the track would bring no more: 16 in all"):
        bring(clinic, evening, {offered[0]: BOTH})
    assert set(phases_of(evening)) == {each.pk for each in offered}
    done = bring(clinic, evening, {offered[0]: BOTH}, give_back=True)
    assert done == Followed(assigned=0, released=16, people=2)
    assert [each.session for each in booked(clinic.maya, session__series=offered[1])] == [own]
    assert booked(clinic.maya, session__series=offered[0]).count() == 16
    assert sorted(mails("appointments_changed")) == ["Ben", "Maya"]
    assert mails("booking_cancelled") == []


def test_a_phase_that_is_taken_off_a_series_gives_back_for_those_alone_who_are_in_it(clinic, evening, offered, maya):
    ben = Enrolment.objects.get(client=clinic.client("Ben"))
    change(clinic, maya, evening)
    change(clinic, ben, evening, phase=Phase.ORIENTATION)
    done = bring(clinic, evening, {offered[0]: BOTH, offered[1]: (Phase.ORIENTATION.value,)}, give_back=True)
    assert (done.people, booked(clinic.maya, session__series=offered[1]).count()) == (1, 0)
    assert booked(ben.client, session__series=offered[1]).exists()


def test_a_series_that_a_track_gains_is_booked_at_once_and_told_by_one_mail(clinic, evening, groups, maya):
    prescribe(maya, track=evening, **CORE, by=clinic.amara, now=NOON)
    done = bring(clinic, evening, {groups[0]: BOTH, groups[1]: BOTH})
    assert done == Followed(assigned=25, released=0, people=1)
    assert mails("appointments_changed") == ["Maya"]
