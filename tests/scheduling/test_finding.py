"""Finding a time: what is offered to whom, and what is nearest to a time that could not be had."""

from datetime import date, timedelta

import pytest

from iop_portal.accounts.apart import keep_apart
from iop_portal.people.models import Apart
from scheduling import booking, finding
from scheduling.finding import Want, Where
from tests.factories import NOON, ModalityFactory, on_care_team
from tests.scheduling.booking_world import TOMORROW, Clinic
from therapy.models import Credential, Format, PartOfDay

pytestmark = pytest.mark.django_db

WEEK = {"begin": NOON, "end": NOON + timedelta(days=7), "now": NOON}


@pytest.fixture
def clinic():
    return Clinic()


def sessions(clinic, person=None, **wishes):
    person = person or clinic.maya
    ways = finding.modalities_for(person, Want.GROUP)
    return [time.session for time in finding.seat_times(person, ways, **{**WEEK, **wishes})]


def hours(clinic, **wishes):
    return finding.hour_times(clinic.maya, clinic.talk, minutes=50, **{**WEEK, **wishes})


def test_what_is_wanted_stands_for_formats_and_family_is_not_booked_alone(clinic):
    family = ModalityFactory(program=clinic.program, format=Format.FAMILY)
    assert finding.want_of(family) is None
    assert [str(finding.want_of(way)) for way in (clinic.group, clinic.talk, clinic.workshop)] == [
        "group",
        "counsellor",
        "workshop",
    ]
    assert finding.modalities_for(clinic.maya, Want.WORKSHOP) == [clinic.workshop]


def test_what_is_retired_or_of_another_program_is_not_offered(clinic):
    Clinic(name="Juniper House").session()
    session = clinic.session()
    assert sessions(clinic) == [session]
    clinic.group.in_use = False
    clinic.group.save()
    assert sessions(clinic) == []


def test_an_applicant_finds_what_is_open_to_applicants(clinic):
    ada = clinic.client("Ada", "referred")
    clinic.session()
    assert sessions(clinic, ada) == []
    assert finding.bookable_modalities(ada) == [clinic.first_talk]


def test_a_group_led_by_somebody_kept_apart_has_no_place_left(clinic):
    clinic.session(TOMORROW, clinic.jonah)
    keep_apart(clinic.maya, clinic.jonah, asked_by=Apart.AskedBy.CLIENT, by=clinic.amara, now=NOON)
    (time,) = finding.seat_times(clinic.maya, [clinic.group], **WEEK)
    assert (time.seats_left, time.free) == (0, False)


def test_hours_leave_out_what_one_has_booked_and_whom_one_is_kept_apart_from(clinic):
    clinic.hours(begins="10:00", ends="14:00")
    clinic.hours(clinic.jonah, begins="10:00", ends="11:00")
    booking.book_seat(
        clinic.session(TOMORROW - timedelta(hours=1), clinic.jonah), person=clinic.maya, by=clinic.maya, now=NOON
    )
    keep_apart(clinic.maya, clinic.jonah, asked_by=Apart.AskedBy.CLIENT, by=clinic.amara, now=NOON)
    found = hours(clinic, begin=TOMORROW - timedelta(hours=12), end=TOMORROW + timedelta(hours=12))
    assert {time.clinician for time in found} == {clinic.amara}
    assert [f"{time.begins:%H:%M}" for time in found] == ["15:00", "17:30", "18:00"]


def test_who_gives_it_begins_with_ones_own_counsellor_whoever_else_is_cared_for(clinic):
    """The order of names alone would put Amara first."""
    theo = clinic.client("Theo")
    on_care_team(clinic.jonah, theo, part="primary")
    givers = finding.givers_for(theo, clinic.talk, now=NOON)
    assert (givers.people, givers.primary) == ((clinic.jonah, clinic.amara), clinic.jonah)


def test_hours_end_with_the_credential(clinic):
    clinic.hours(begins="12:00", ends="13:00")
    Credential.objects.filter(clinician__user=clinic.amara).update(expires_on=date(2026, 11, 26))
    assert [time.begins.day for time in hours(clinic)] == [25, 26]


def test_a_place_is_chosen_or_left_open(clinic):
    clinic.hours(begins="12:00", ends="13:00", room=clinic.room)
    day = {"begin": TOMORROW - timedelta(hours=2), "end": TOMORROW + timedelta(hours=2)}
    assert {time.room for time in hours(clinic, where=Where.ROOM, **day)} == {clinic.room}
    assert {time.room for time in hours(clinic, where=Where.VIDEO, **day)} == {None}
    assert {time.room for time in hours(clinic, **day)} == {clinic.room, None}
    assert [time.room for time in finding.one_each(hours(clinic, **day))] == [clinic.room]


def test_the_nearest_hours_are_with_the_same_counsellor_or_else_with_anybody(clinic):
    clinic.hours(clinic.jonah, begins="12:00", ends="13:00")
    wanted = {"minutes": 50, "at": TOMORROW, "clinician": clinic.amara, "now": NOON}
    assert {time.clinician for time in finding.nearest_hours(clinic.maya, clinic.talk, **wanted)} == {clinic.jonah}
    clinic.hours(clinic.amara, begins="15:00", ends="16:00")
    found = finding.nearest_hours(clinic.maya, clinic.talk, **wanted)
    assert [(time.clinician, time.begins.day) for time in found] == [(clinic.amara, day) for day in (24, 25, 26)]


def test_parts_of_the_day_are_those_of_one_s_own_clock():
    assert finding.fits_part_of_day(NOON, PartOfDay.AFTERNOON, "America/New_York")
    assert finding.fits_part_of_day(NOON, PartOfDay.MORNING, "America/Denver")
    assert finding.fits_part_of_day(NOON, PartOfDay.EVENING, "Europe/Berlin")
    assert finding.fits_part_of_day(NOON, "", "Europe/Berlin")
