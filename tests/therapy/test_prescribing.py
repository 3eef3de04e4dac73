from datetime import timedelta

import pytest

from iop_portal.accounts.care_teams import CannotJoin
from iop_portal.accounts.enrolments import NotReferred
from iop_portal.audit.models import Entry
from iop_portal.people.models import Apart, CareTeam
from iop_portal.versions import ChangedMeanwhile
from tests.factories import NOON, ProgramFactory, TrackFactory, admin, clinician, enrolled, on_care_team
from therapy import prescribing
from therapy.admitting import NoPrimaryCounsellor, admit_into_care, primary_counsellor
from therapy.models import Prescription
from therapy.prescribing import (
    change_prescription,
    current_prescription,
    enrolments_cared_for,
    prescribe,
    prescription_version,
)

pytestmark = pytest.mark.django_db

CORE = {"phase": "core", "hours": 9, "days": 3}
LATER = NOON + timedelta(days=14)


@pytest.fixture
def program():
    return ProgramFactory(zone="America/New_York")


@pytest.fixture
def evening(program):
    return TrackFactory(program=program, name="Evening")


@pytest.fixture
def amara(program):
    return clinician(program)


@pytest.fixture
def maya(program, amara):
    client = enrolled(program)
    on_care_team(amara, client, part="primary")
    return client.enrolments.get()


def verbs():
    return list(Entry.objects.order_by("pk").values_list("verb", flat=True))


# ── Prescribing ───────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_prescribed_holds_from_today_and_the_one_before_ends(maya, evening, amara):
    first = prescribe(maya, track=evening, by=amara, now=NOON, **CORE)
    wanted = {"phase": "step_down", "hours": 6, "days": 2, "reason": "Your weeks hold."}
    prescribe(maya, track=evening, by=amara, now=LATER, **wanted)
    held = current_prescription(maya)
    assert (held.phase, held.hours, held.days, held.since) == ("step_down", 6, 2, LATER.date())
    first.refresh_from_db()
    assert (first.since, first.until) == (NOON.date(), LATER.date())
    assert verbs() == ["care.prescribed", "care.prescribed"]


def test_late_in_the_evening_it_is_still_today_where_the_program_is(maya, evening, amara):
    late = NOON.replace(hour=3)
    assert prescribe(maya, track=evening, by=amara, now=late, **CORE).since == NOON.date() - timedelta(days=1)


def test_the_same_again_changes_nothing(maya, evening, amara):
    first = prescribe(maya, track=evening, by=amara, now=NOON, **CORE)
    assert prescribe(maya, track=evening, by=amara, now=LATER, **CORE) == first
    assert Prescription.objects.count() == 1
    assert verbs() == ["care.prescribed"]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"hours": 41}, prescribing.HoursNotPrescribable),
        ({"days": 8}, prescribing.DaysNotPrescribable),
        ({"phase": "final"}, prescribing.UnknownPhase),
    ],
)
def test_what_makes_no_sense_is_refused_and_what_held_goes_on(maya, evening, amara, changes, refusal):
    held = prescribe(maya, track=evening, by=amara, now=NOON, **CORE)
    with pytest.raises(refusal):
        prescribe(maya, track=evening, by=amara, now=LATER, reason="We agreed.", **CORE | changes)
    assert current_prescription(maya) == held


def test_a_track_of_another_program_is_refused(maya, amara):
    with pytest.raises(prescribing.TrackElsewhere):
        prescribe(maya, track=TrackFactory(), by=amara, now=NOON, **CORE)


def test_nobody_new_comes_onto_a_retired_track_but_who_is_on_it_may_stay(program, maya, amara):
    retired = TrackFactory(program=program, in_use=False)
    with pytest.raises(prescribing.TrackRetired):
        prescribe(maya, track=retired, by=amara, now=NOON, **CORE)
    retired.in_use = True
    prescribe(maya, track=retired, by=amara, now=NOON, **CORE)
    retired.in_use = False
    retired.save()
    assert prescribe(maya, track=retired, by=amara, now=LATER, phase="core", hours=12, days=4).hours == 12


def test_care_is_prescribed_to_people_who_are_admitted(program, evening, amara):
    for state in ("referred", "discharged"):
        with pytest.raises(prescribing.NotAdmitted):
            prescribe(enrolled(program, state).enrolments.get(), track=evening, by=amara, now=NOON, **CORE)


def test_what_somebody_else_prescribed_meanwhile_is_not_overwritten(maya, evening, amara):
    seen = prescription_version(None)
    change_prescription(maya, seen=seen, track=evening, by=amara, now=NOON, **CORE)
    with pytest.raises(ChangedMeanwhile):
        change_prescription(maya, seen=seen, track=evening, by=amara, now=NOON, phase="core", hours=12, days=4)
    assert current_prescription(maya).hours == 9


def test_a_clinician_prescribes_for_their_own_care_teams_while_they_last(program, maya, amara):
    on_care_team(clinician(program), enrolled(program))
    assert list(enrolments_cared_for(amara)) == [maya]
    CareTeam.objects.filter(clinician=amara).update(until=NOON)
    assert list(enrolments_cared_for(amara)) == []


def test_who_no_longer_works_in_the_program_prescribes_nothing_there(maya, amara):
    amara.roles_held.all().delete()
    assert list(enrolments_cared_for(amara)) == []


# ── Admitting ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def applicant(program):
    return enrolled(program, "referred").enrolments.get()


@pytest.fixture
def ada(program):
    return admin(program)


def test_admission_names_a_counsellor_and_prescribes(applicant, evening, amara, ada):
    admit_into_care(applicant, counsellor=amara, track=evening, by=ada, now=NOON, **CORE)
    applicant.refresh_from_db()
    assert applicant.state == "admitted"
    assert primary_counsellor(applicant) == amara
    assert current_prescription(applicant).track == evening


def test_a_counsellor_who_is_there_already_stays(applicant, evening, amara, ada):
    on_care_team(amara, applicant.client, part="primary")
    admit_into_care(applicant, counsellor=None, track=evening, by=ada, now=NOON, **CORE)
    assert primary_counsellor(applicant) == amara
    assert "care_team.joined" not in verbs()


def test_another_counsellor_takes_over_and_the_first_stays_on_the_team(program, applicant, evening, amara, ada):
    on_care_team(amara, applicant.client, part="primary")
    lena = clinician(program)
    admit_into_care(applicant, counsellor=lena, track=evening, by=ada, now=NOON, **CORE)
    parts = CareTeam.objects.filter(enrolment=applicant, until=None).values_list("clinician", "part")
    assert set(parts) == {(amara.pk, "member"), (lena.pk, "primary")}


def test_nobody_is_admitted_without_a_counsellor_and_nothing_is_half_done(applicant, evening, ada):
    with pytest.raises(NoPrimaryCounsellor):
        admit_into_care(applicant, counsellor=None, track=evening, by=ada, now=NOON, **CORE)
    applicant.refresh_from_db()
    assert applicant.state == "referred"
    assert verbs() == []


@pytest.mark.parametrize("fault", ["apart", "elsewhere", "track"])
def test_what_is_refused_at_admission_leaves_the_person_referred(applicant, evening, amara, ada, fault):
    track, counsellor, refusal = evening, amara, CannotJoin
    if fault == "apart":
        one, other = sorted((amara, applicant.client), key=lambda person: person.pk)
        Apart.objects.create(one=one, other=other, asked_by="client", set_by=ada, since=NOON)
    elif fault == "elsewhere":
        counsellor = clinician()
    else:
        track, refusal = TrackFactory(), prescribing.TrackElsewhere
    with pytest.raises(refusal):
        admit_into_care(applicant, counsellor=counsellor, track=track, by=ada, now=NOON, **CORE)
    applicant.refresh_from_db()
    assert applicant.state == "referred"
    assert not CareTeam.objects.filter(enrolment=applicant).exists()
    assert verbs() == []


def test_nobody_is_admitted_twice(maya, evening, ada):
    with pytest.raises(NotReferred):
        admit_into_care(maya, counsellor=None, track=evening, by=ada, now=NOON, **CORE)
