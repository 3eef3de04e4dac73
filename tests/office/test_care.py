"""The office keeps the rules, tracks, what is offered, who gives it, and admits people into care."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from iop_portal.people.models import CareTeam
from tests.factories import ModalityFactory, TrackFactory, clinician, enrolled, introduced, on_care_team
from therapy.models import ClinicalPolicy, Clinician, Credential, Modality, Prescription, Track
from therapy.prescribing import current_prescription
from therapy.standard import STANDARD

TODAY = timezone.localdate()


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def filled(response):
    """What the form of a page would send if nothing were changed."""
    form = response.context["form"]
    values = {name: field.value() for name, field in ((each.name, each) for each in form)}
    return {name: "" if value is None else value for name, value in values.items() if value is not False}


def queries_of(office, url):
    with CaptureQueriesContext(connection) as asked:
        assert office.get(url).status_code == 200
    return len(asked)


# ── Rules ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def rules(program):
    return f"/office/programs/{program.pk}/rules/"


def test_rules_are_shown_as_they_hold_and_changed(office, program, rules):
    wish = filled(office.get(rules))
    assert (wish["hours_per_week"], wish["cancel_hours"]) == (9, 24)
    assert office.post(rules, wish | {"cancel_hours": 48}).status_code == 302
    assert ClinicalPolicy.objects.get(program=program).cancel_hours == 48


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("hours_per_week", 0, "A week has from 1 to 40 hours of care."),
        ("days_per_week", 8, "A week has from 1 to 7 days of care."),
        ("horizon_days", 181, "People can book from 1 to 180 days ahead."),
        ("notice_minutes", 20_000, None),
        ("notice_minutes", 20_161, "two weeks at most"),
        ("cancel_hours", 169, "until a week before at most"),
        ("buffer_minutes", 61, "an hour at most between two sessions"),
        ("grace_minutes", 61, "an hour of grace at most"),
        ("grace_minutes", "", "Fill in"),
        ("make_ups_per_week", 8, "make up for 7 sessions at most"),
        ("offer_minutes", 14, "15 minutes at least"),
        ("week_starts_on", 9, "Choose one of the answers"),
        ("hours_per_week", 10**12, "is the most."),
    ],
)
def test_rules_that_make_no_sense_come_back_with_a_sentence_at_their_field(office, rules, field, value, said):
    response = office.post(rules, filled(office.get(rules)) | {field: value})
    if said is None:
        assert response.status_code == 302
    else:
        assert said in " ".join(response.context["form"].errors[field])
        assert not ClinicalPolicy.objects.exists()


def test_rules_changed_meanwhile_are_shown_side_by_side(office, program, rules):
    stale = filled(office.get(rules))
    office.post(rules, stale | {"horizon_days": 14})
    response = office.post(rules, stale | {"horizon_days": 60})
    assert response.status_code == 409
    (difference,) = response.context["form"].differences
    assert (difference.theirs, difference.yours) == ("14", "60")
    assert office.post(rules, filled(response)).status_code == 302
    assert ClinicalPolicy.objects.get().horizon_days == 60


# ── Tracks ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_track_is_added_changed_retired_and_put_back(office, program):
    wish = {"name": "Evening", "part_of_day": "evening", "about": "", "seen": ""}
    asked = office.get(f"/office/programs/{program.pk}/tracks/new/").context["form"]
    assert [str(choice.data["value"]) for choice in asked["part_of_day"]] == ["morning", "afternoon", "evening"]
    office.post(f"/office/programs/{program.pk}/tracks/new/", wish)
    track = Track.objects.get()
    page = f"/office/tracks/{track.pk}/"
    office.post(page, filled(office.get(page)) | {"about": "For people who work."})
    office.post(f"{page}out-of-use/")
    track.refresh_from_db()
    assert (track.name, track.about, track.in_use) == ("Evening", "For people who work.", False)
    assert "Out of use" in words(office.get(f"/office/programs/{program.pk}/tracks/"))
    office.post(f"{page}in-use/")
    assert Track.objects.get().in_use


def test_two_tracks_of_one_name_are_refused_at_the_name(office, program):
    TrackFactory(program=program, name="Evening")
    response = office.post(f"/office/programs/{program.pk}/tracks/new/", {"name": "evening", "part_of_day": "evening"})
    assert response.status_code == 409
    assert response.context["form"].errors.keys() == {"name"}


# ── What is offered ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def way(program):
    return ModalityFactory(program=program, name="Skills group", lengths=[60, 90])


def test_a_way_is_written_and_found_by_clients(office, program, way):
    wish = filled(office.get(f"/office/ways/{way.pk}/"))
    added = wish | {"name": "Art group", "lengths": "90, 75 60", "needs": ["emotional", "behavioural"]}
    assert office.post(f"/office/programs/{program.pk}/ways/new/", added).status_code == 302
    made = Modality.objects.get(name="Art group")
    assert (made.program, made.lengths, made.needs) == (program, [60, 75, 90], ["emotional", "behavioural"])
    assert list(Modality.objects.visible_to(enrolled(program))) == [made, way]


def test_the_form_shows_lengths_as_people_write_them(office, way):
    assert filled(office.get(f"/office/ways/{way.pk}/"))["lengths"] == "60, 90"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("lengths", "an hour", "Write minutes as numbers"),
        ("lengths", "52", "in steps of 5 minutes"),
        ("lengths", "²5", "Write minutes as numbers"),
        ("lengths", "9" * 50, "in steps of 5 minutes"),
        ("lengths", "", "Fill in"),
        ("needs", [], "Choose an answer"),
        ("needs", ["sleep"], "Choose one of the answers"),
        ("clinical_cap", 101, "100 people at most"),
        ("format", "individual", None),
        ("name", "Two\u202elines", "on one line"),
        ("what_happens", "", "Fill in"),
    ],
)
def test_what_cannot_be_offered_comes_back_with_a_sentence_at_its_field(office, way, field, value, said):
    page = f"/office/ways/{way.pk}/"
    response = office.post(page, filled(office.get(page)) | {field: value})
    where, sentence = (field, said) if said else ("clinical_cap", "One to one is for one person.")
    assert sentence in " ".join(response.context["form"].errors[where])
    way.refresh_from_db()
    assert (way.lengths, way.clinical_cap) == ([60, 90], 8)


def test_a_way_changed_meanwhile_is_shown_side_by_side_with_every_tick_kept(office, way):
    page = f"/office/ways/{way.pk}/"
    stale = filled(office.get(page))
    office.post(page, stale | {"lengths": "45"})
    response = office.post(page, stale | {"needs": ["emotional", "behavioural"]})
    assert response.status_code == 409
    assert {each.label: (each.theirs, each.yours) for each in response.context["form"].differences} == {
        "Lengths, in minutes": ("45", "60, 90"),
        "What it helps with": ("behavioural", "emotional, behavioural"),
    }
    assert office.post(page, filled(response)).status_code == 302
    way.refresh_from_db()
    assert (way.needs, way.lengths) == (["emotional", "behavioural"], [60, 90])


def test_a_way_leaves_the_catalogue_and_comes_back(office, program, way):
    office.post(f"/office/ways/{way.pk}/in-use/")
    assert not Modality.objects.visible_to(enrolled(program)).exists()
    office.post(f"/office/ways/{way.pk}/in-use/", {"back": "1"})
    assert Modality.objects.visible_to(enrolled(program)).exists()


def test_the_standard_list_is_added_once(office, program):
    page = f"/office/programs/{program.pk}/ways/"
    assert "Nothing is on offer yet." in words(office.get(page))
    assert f"{len(STANDARD)} were added." in words(office.post(f"{page}standard/", follow=True))
    assert "on the list already" in words(office.post(f"{page}standard/", follow=True))
    assert Modality.objects.filter(program=program).count() == len(STANDARD)


def test_the_list_of_ways_asks_the_same_number_of_questions_whatever_its_size(office, program, way):
    page = f"/office/programs/{program.pk}/ways/"
    few = queries_of(office, page)
    for _ in range(20):
        introduced(clinician(program), ModalityFactory(program=program))
    assert queries_of(office, page) == few == 5


# ── Clinicians ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def amara(program, way):
    return introduced(clinician(program, preferred_name="Amara", surname="Osei"), way)


@pytest.fixture
def page(program, amara):
    return f"/office/programs/{program.pk}/clinicians/{amara.pk}/"


def test_a_clinician_is_introduced_from_the_list_of_those_who_are_not(office, program, amara):
    lena = clinician(program, preferred_name="Lena")
    listed = f"/office/programs/{program.pk}/clinicians/"
    html = office.get(listed).content.decode()
    assert f'href="{listed}new/?who={lena.pk}"' in html
    wish = filled(office.get(f"{listed}new/?who={lena.pk}")) | {"title": "Psychologist"}
    office.post(f"{listed}new/", wish)
    assert Clinician.objects.get(user=lena).title == "Psychologist"
    assert office.post(f"{listed}new/", wish).context["form"].errors.keys() == {"user"}


def test_what_ran_out_is_said_plainly(office, program, amara, page):
    Credential.objects.update(expires_on=TODAY - timedelta(days=3))
    assert "Takes no new sessions" in words(office.get(f"/office/programs/{program.pk}/clinicians/"))
    said = words(office.get(page))
    assert "No credential is valid today." in said
    assert "Expired on" in said


def test_what_will_run_out_soon_is_said_too(office, amara, page):
    Credential.objects.update(expires_on=TODAY + timedelta(days=20))
    said = words(office.get(page))
    assert "Only until" in said
    assert "No credential is valid" not in said


def test_a_credential_is_added_changed_and_ended(office, program, amara, page):
    wish = {"kind": "CADC", "state": "ny", "expires_on": TODAY + timedelta(days=300), "seen": ""}
    assert office.post(f"{page}credentials/new/", wish).status_code == 302
    made = Credential.objects.get(kind="CADC")
    assert (made.clinician, made.state) == (amara, "NY")
    one = f"/office/programs/{program.pk}/credentials/{made.pk}/"
    office.post(one, filled(office.get(one)) | {"expires_on": TODAY + timedelta(days=500)})
    made.refresh_from_db()
    assert made.expires_on == TODAY + timedelta(days=500)
    assert "End the CADC of Amara Osei?" in words(office.get(f"{one}end/"))
    office.post(f"{one}end/")
    made.refresh_from_db()
    assert made.expires_on < TODAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "LCSW"}, "kind"),
        ({"kind": "BSC"}, "kind"),
        ({"state": "N1"}, "state"),
        ({"state": "NYC"}, "state"),
        ({"expires_on": "0206-01-01"}, "expires_on"),
        ({"expires_on": "soon"}, "expires_on"),
    ],
)
def test_what_cannot_be_a_credential_comes_back_at_its_field(office, amara, page, changes, field):
    wish = {"kind": "CADC", "state": "NY", "expires_on": TODAY + timedelta(days=300)} | changes
    assert office.post(f"{page}credentials/new/", wish).context["form"].errors.keys() == {field}
    assert Credential.objects.count() == 1


def test_what_somebody_leads_is_ticked_and_what_changed_meanwhile_is_not_lost(office, program, amara, way, page):
    art = ModalityFactory(program=program, name="Art group")
    elsewhere = ModalityFactory()
    amara.gives.add(elsewhere)
    stale = filled(office.get(f"{page}leads/"))
    assert office.post(f"{page}leads/", stale | {"modalities": [art.pk]}).status_code == 302
    assert set(amara.gives.all()) == {art, elsewhere}
    response = office.post(f"{page}leads/", stale | {"modalities": [art.pk, way.pk]})
    assert response.status_code == 409
    office.post(f"{page}leads/", {"modalities": [art.pk, way.pk], "seen": response.context["form"].data["seen"]})
    assert set(amara.gives.all()) == {art, way, elsewhere}


def test_what_another_program_offers_cannot_be_ticked(office, amara, page):
    response = office.post(f"{page}leads/", {"modalities": [ModalityFactory().pk], "seen": ""})
    assert response.context["form"].errors.keys() == {"modalities"}


def test_title_and_words_are_changed(office, amara, page):
    office.post(f"{page}change/", filled(office.get(f"{page}change/")) | {"title": "Head of the team"})
    amara.refresh_from_db()
    assert amara.title == "Head of the team"


def test_a_clinician_or_credential_of_another_program_is_not_there_under_ones_own(office, program, elsewhere):
    stranger = introduced(clinician(elsewhere))
    base = f"/office/programs/{program.pk}"
    credential = stranger.credentials.get()
    for url in (
        f"{base}/clinicians/{stranger.pk}/",
        f"{base}/clinicians/{stranger.pk}/change/",
        f"{base}/clinicians/{stranger.pk}/leads/",
        f"{base}/clinicians/{stranger.pk}/credentials/new/",
        f"{base}/credentials/{credential.pk}/",
        f"{base}/credentials/{credential.pk}/end/",
    ):
        assert office.get(url).status_code == 404


def test_the_list_of_clinicians_asks_the_same_number_of_questions_whatever_its_size(office, program, amara):
    listed = f"/office/programs/{program.pk}/clinicians/"
    few = queries_of(office, listed)
    for _ in range(12):
        introduced(clinician(program), ModalityFactory(program=program))
    assert queries_of(office, listed) == few == 9


# ── Admission ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def applicant(program):
    return enrolled(program, "referred", preferred_name="Derek").enrolments.get()


def test_somebody_is_admitted_with_a_counsellor_a_track_and_the_programs_usual_hours(office, program, applicant, amara):
    track = TrackFactory(program=program)
    page = f"/office/enrolments/{applicant.pk}/admit/"
    wish = filled(office.get(page))
    assert (wish["hours"], wish["days"], wish["phase"], wish["counsellor"]) == (9, 3, "orientation", "")
    response = office.post(page, wish | {"counsellor": amara.user.pk, "track": track.pk})
    assert response.url == f"/office/enrolments/{applicant.pk}/"
    applicant.refresh_from_db()
    assert applicant.state == "admitted"
    assert current_prescription(applicant).track == track
    assert CareTeam.objects.get(enrolment=applicant, until=None).part == "primary"


def test_a_counsellor_who_was_there_already_is_chosen_beforehand(office, program, applicant, amara):
    on_care_team(amara.user, applicant.client, part="primary")
    assert filled(office.get(f"/office/enrolments/{applicant.pk}/admit/"))["counsellor"] == amara.user.pk


@pytest.mark.parametrize("missing", ["counsellor", "track", "phase", "hours", "days"])
def test_nobody_is_admitted_by_halves(office, program, applicant, amara, missing):
    track = TrackFactory(program=program)
    wish = {"counsellor": amara.user.pk, "track": track.pk, "phase": "core", "hours": 9, "days": 3} | {missing: ""}
    response = office.post(f"/office/enrolments/{applicant.pk}/admit/", wish)
    assert response.context["form"].errors.keys() == {missing}
    applicant.refresh_from_db()
    assert applicant.state == "referred"
    assert not Prescription.objects.exists()


def test_sent_twice_somebody_is_admitted_once_and_told_so(office, program, applicant, amara):
    wish = {"counsellor": amara.user.pk, "track": TrackFactory(program=program).pk, "phase": "core"}
    page = f"/office/enrolments/{applicant.pk}/admit/"
    office.post(page, wish | {"hours": 9, "days": 3})
    response = office.post(page, wish | {"hours": 12, "days": 4})
    assert response.status_code == 409
    assert "Only somebody who has been referred can be admitted." in words(response)
    assert current_prescription(applicant).hours == 9
