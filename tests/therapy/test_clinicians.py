from datetime import date, timedelta

import pytest

from iop_portal.audit.models import Entry
from iop_portal.people.models import Apart
from iop_portal.versions import ChangedMeanwhile
from tests.factories import NOON, ModalityFactory, ProgramFactory, admin, clinician, enrolled, held, introduced
from therapy import clinicians
from therapy.clinicians import (
    CredentialDetails,
    add_credential,
    change_credential,
    change_profile,
    change_what_is_given,
    clinicians_giving,
    clinicians_seen_by,
    credential_version,
    end_credential,
    gives_version,
    introduce_clinician,
    profile_version,
)
from therapy.models import Clinician, Credential

pytestmark = pytest.mark.django_db

TODAY = NOON.date()
LICENCE = CredentialDetails("CADC", "NY", TODAY + timedelta(days=200))


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def ada(program):
    return admin(program)


@pytest.fixture
def amara(program):
    return introduced(clinician(program))


def verbs():
    return list(Entry.objects.order_by("pk").values_list("verb", flat=True))


# ── Introducing ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_clinician_is_introduced_once(program, ada):
    lena = clinician(program)
    words = {"title": "Counsellor", "about": "", "by": ada, "now": NOON}
    assert introduce_clinician(lena, program=program, **words).user == lena
    with pytest.raises(clinicians.IntroducedAlready):
        introduce_clinician(lena, program=program, **words)
    assert verbs() == ["clinician.introduced"]


def test_only_clinicians_of_the_program_are_introduced(program, ada):
    for other in (clinician(), enrolled(program), admin(program)):
        with pytest.raises(clinicians.NotAClinicianHere):
            introduce_clinician(other, program=program, title="Counsellor", about="", by=ada, now=NOON)
    assert not Clinician.objects.exists()


def test_a_clinician_changes_their_own_words_and_keeps_their_title(amara):
    change_profile(amara, about="I laugh a lot.", seen=profile_version(amara), by=amara.user, now=NOON)
    amara.refresh_from_db()
    assert (amara.title, amara.about) == ("Counsellor", "I laugh a lot.")
    assert Entry.objects.get().facts == {"fields": "about"}


def test_stale_words_are_refused(amara, ada):
    seen = profile_version(amara)
    change_profile(amara, title="Psychologist", about="I listen first.", seen=seen, by=ada, now=NOON)
    with pytest.raises(ChangedMeanwhile):
        change_profile(amara, about="I laugh a lot.", seen=seen, by=amara.user, now=NOON)


# ── What they give ────────────────────────────────────────────────────────────────────────────────────────────


def test_one_program_changes_what_is_given_in_it_and_not_what_is_given_elsewhere(program, ada, amara):
    art, sleep = ModalityFactory(program=program), ModalityFactory(program=program)
    elsewhere = ModalityFactory()
    amara.gives.set([art, elsewhere])
    change_what_is_given(amara, [sleep], program=program, seen=gives_version(amara, program), by=ada, now=NOON)
    assert set(amara.gives.all()) == {sleep, elsewhere}
    assert Entry.objects.get().facts == {"added": 1, "removed": 1}


def test_what_another_program_offers_cannot_be_given_here(program, ada, amara):
    with pytest.raises(clinicians.GivenElsewhere):
        change_what_is_given(amara, [ModalityFactory()], program=program, seen="", by=ada, now=NOON)


def test_stale_choices_are_refused(program, ada, amara):
    art = ModalityFactory(program=program)
    seen = gives_version(amara, program)
    change_what_is_given(amara, [art], program=program, seen=seen, by=ada, now=NOON)
    with pytest.raises(ChangedMeanwhile):
        change_what_is_given(amara, [], program=program, seen=seen, by=ada, now=NOON)
    assert list(amara.gives.all()) == [art]


# ── Credentials ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_credential_is_added_changed_and_ended_and_stays_on_record(amara, ada):
    made = add_credential(amara, LICENCE, by=ada, now=NOON)
    renewed = CredentialDetails("CADC", "NY", TODAY + timedelta(days=900))
    change_credential(made, renewed, seen=credential_version(made), by=ada, now=NOON)
    end_credential(made, by=ada, now=NOON)
    end_credential(made, by=ada, now=NOON)
    made.refresh_from_db()
    assert made.expires_on == TODAY - timedelta(days=1)
    assert verbs() == ["credential.added", "credential.changed", "credential.ended"]


@pytest.mark.parametrize(
    ("details", "refusal"),
    [
        (CredentialDetails("LCSW", "NY", LICENCE.expires_on), clinicians.HeldAlready),
        (CredentialDetails("BSC", "NY", LICENCE.expires_on), clinicians.UnknownCredential),
        (CredentialDetails("CADC", "n1", LICENCE.expires_on), clinicians.UnknownState),
        (CredentialDetails("CADC", "NY", date(206, 1, 1)), clinicians.OddDate),
        (CredentialDetails("CADC", "NY", date(2066, 1, 1)), clinicians.OddDate),
    ],
)
def test_what_cannot_be_a_credential_is_refused(amara, ada, details, refusal):
    with pytest.raises(refusal):
        add_credential(amara, details, by=ada, now=NOON)
    assert Credential.objects.count() == 1


def test_a_stale_change_of_a_credential_is_refused(amara, ada):
    held_ = amara.credentials.get()
    seen = credential_version(held_)
    end_credential(held_, by=ada, now=NOON)
    with pytest.raises(ChangedMeanwhile):
        change_credential(held_, LICENCE, seen=seen, by=ada, now=NOON)


# ── Who finds whom ────────────────────────────────────────────────────────────────────────────────────────────


def test_people_of_the_program_find_who_works_there_with_what_is_valid_and_offered(program, amara):
    art = ModalityFactory(program=program)
    amara.gives.set([art, ModalityFactory(program=program, in_use=False), ModalityFactory()])
    Credential.objects.create(clinician=amara, kind="CADC", state="NY", expires_on=TODAY - timedelta(days=1))
    introduced(clinician())
    for state in ("referred", "admitted", "discharged"):
        (found,) = clinicians_seen_by(enrolled(program, state), today=TODAY)
        assert (found, [held_.kind for held_ in found.valid], found.offers) == (amara, ["LCSW"], [art])


def test_relatives_and_strangers_find_nobody(program, amara):
    for stranger in (held("family", program), enrolled(), clinician()):
        assert not clinicians_seen_by(stranger, today=TODAY).exists()


def test_who_left_or_whose_account_is_closed_is_not_found(program, amara):
    maya = enrolled(program)
    amara.user.is_active = False
    amara.user.save()
    assert not clinicians_seen_by(maya, today=TODAY).exists()
    amara.user.is_active = True
    amara.user.save()
    assert clinicians_seen_by(maya, today=TODAY).exists()
    amara.user.roles_held.all().delete()
    assert not clinicians_seen_by(maya, today=TODAY).exists()


def test_two_people_kept_apart_do_not_find_one_another_whoever_came_first(program, ada):
    before = enrolled(program)
    amara = introduced(clinician(program), ModalityFactory(program=program))
    after = enrolled(program)
    way = amara.gives.get()
    for client in (before, after):
        one, other = sorted((client, amara.user), key=lambda person: person.pk)
        apart = Apart.objects.create(one=one, other=other, asked_by="client", set_by=ada, since=NOON)
        assert not clinicians_giving(way, to=client, today=TODAY).exists()
        apart.until = NOON
        apart.save()
        assert clinicians_giving(way, to=client, today=TODAY).exists()


def test_whom_others_are_kept_apart_from_is_found_by_everybody_else(program, ada):
    way = ModalityFactory(program=program)
    before = enrolled(program)
    amara = introduced(clinician(program), way)
    after, theo = enrolled(program), enrolled(program)
    for one, other in ((before, amara.user), (amara.user, after)):
        Apart.objects.create(one=one, other=other, asked_by="client", set_by=ada, since=NOON)
    assert list(clinicians_giving(way, to=theo, today=TODAY)) == [amara]


def test_only_who_has_a_valid_credential_is_said_to_give_a_modality(program):
    art = ModalityFactory(program=program)
    amara = introduced(clinician(program), art)
    introduced(clinician(program), art, expires_on=TODAY - timedelta(days=1))
    introduced(clinician(program))
    assert list(clinicians_giving(art, to=enrolled(program), today=TODAY)) == [amara]


def test_the_office_finds_its_own_clinicians(program, ada, amara):
    introduced(clinician())
    assert list(Clinician.objects.run_by(ada)) == [amara]
    assert list(Credential.objects.run_by(ada)) == list(amara.credentials.all())
    assert not Clinician.objects.run_by(clinician(program)).exists()
