"""Agreements: written by the office, signed by clients, owed anew with each version."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from iop_portal.consents.consenting import NotYourName
from iop_portal.versions import ChangedMeanwhile
from tests.factories import NOON, ProgramFactory, admin, enrolled
from therapy import agreements
from therapy.agreements import owed_by, publish_version, sign_agreement, signed_by
from therapy.models import Agreement, Signature

pytestmark = pytest.mark.django_db
RULES, GROUP, TELEHEALTH = Agreement.Kind
DAY = timedelta(days=1)


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def dana(program):
    return admin(program)


@pytest.fixture
def maya(program):
    return enrolled(program, preferred_name="Maya", surname="O’Neill")


def publish(program, by, kind=RULES, *, text="Be kind.", asked_for=True, seen=0, now=NOON):
    return publish_version(program, kind, text=text, asked_for=asked_for, seen=seen, by=by, now=now)


def test_what_is_published_is_owed_by_everybody_in_care_there(program, dana, maya):
    made = publish(program, dana)
    other, gone = enrolled(), enrolled(program, "discharged")
    assert [list(owed_by(one)) for one in (maya, other, gone)] == [[made], [], []]


def test_an_applicant_owes_the_one_about_video_alone(program, dana):
    applicant = enrolled(program, "referred")
    publish(program, dana, RULES)
    video = publish(program, dana, TELEHEALTH)
    assert list(owed_by(applicant)) == [video]


def test_signed_by_ones_own_name_it_is_owed_no_more(program, dana, maya):
    made = publish(program, dana)
    with pytest.raises(NotYourName):
        sign_agreement(made, name="Maya Someone", by=maya, now=NOON)
    signature = sign_agreement(made, name=" maya o'neill ", by=maya, now=NOON)
    assert (signature.signed_name, signature.signed_at) == ("maya o'neill", NOON)
    assert list(owed_by(maya)) == []
    with pytest.raises(agreements.SignedAlready):
        sign_agreement(made, name="Maya O’Neill", by=maya, now=NOON)


def test_a_new_version_is_owed_anew_and_the_old_one_stays_signed(program, dana, maya):
    first = publish(program, dana)
    sign_agreement(first, name=maya.full_name, by=maya, now=NOON)
    second = publish(program, dana, text="Be kind, and on time.", seen=1, now=NOON + DAY)
    assert list(owed_by(maya)) == [second]
    sign_agreement(second, name=maya.full_name, by=maya, now=NOON + DAY)
    assert [one.agreement for one in signed_by(maya)] == [second, first]
    assert set(Agreement.objects.visible_to(maya)) == {first, second}
    assert set(Agreement.objects.visible_to(enrolled(program))) == {second}


def test_a_text_that_was_replaced_meanwhile_is_not_signed(program, dana, maya):
    first = publish(program, dana)
    publish(program, dana, text="Be kind, and on time.", seen=1)
    with pytest.raises(agreements.NewerText):
        sign_agreement(first, name=maya.full_name, by=maya, now=NOON)


def test_who_is_not_there_signs_nothing(program, dana):
    made = publish(program, dana)
    for stranger in (enrolled(), enrolled(program, "discharged")):
        with pytest.raises(agreements.NotInTheProgram):
            sign_agreement(made, name=stranger.full_name, by=stranger, now=NOON)
    assert not Signature.objects.exists()


def test_a_version_that_is_not_asked_for_ends_the_asking(program, dana, maya):
    publish(program, dana)
    publish(program, dana, seen=1, asked_for=False)
    assert list(owed_by(maya)) == []


def test_of_two_admins_who_write_at_once_one_is_told(program, dana):
    publish(program, dana)
    with pytest.raises(ChangedMeanwhile):
        publish(program, dana)
    with pytest.raises(agreements.SaysNothing):
        publish(program, dana, text=" ", seen=1)
    with pytest.raises(agreements.NothingNew):
        publish(program, dana, text=" Be kind.", seen=1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE therapy_agreement SET text = 'x'",
        "DELETE FROM therapy_signature",
        "UPDATE therapy_signature SET signed_name = 'x'",
        "TRUNCATE therapy_signature",
    ],
)
def test_texts_and_signatures_never_change(program, dana, maya, statement):
    sign_agreement(publish(program, dana), name=maya.full_name, by=maya, now=NOON)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_database_counts_versions_and_signatures(program, dana, maya):
    made = publish(program, dana)
    sign_agreement(made, name=maya.full_name, by=maya, now=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        Signature.objects.create(agreement=made, client=maya, signed_name="Maya", signed_at=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        Agreement.objects.create(program=program, kind=RULES, version=1, text="x", published_at=NOON, published_by=dana)


def test_the_office_sees_how_many_signed_and_who_is_still_to(program, dana, maya):
    ben = enrolled(program)
    enrolled(program, "referred")
    made = publish(program, dana)
    sign_agreement(made, name=maya.full_name, by=maya, now=NOON)
    assert [(text.kind, text.held, text.signed, text.owing) for text in agreements.texts_of(program)] == [
        (RULES, made, 1, 1),
        (GROUP, None, 0, 0),
        (TELEHEALTH, None, 0, 0),
    ]
    assert list(agreements.still_to_sign(made)) == [ben]
    assert [one.client for one in agreements.signatures_under(made)] == [maya]


def test_who_leads_a_group_learns_who_has_still_to_sign(program, dana, maya):
    ben, gone, other = enrolled(program), enrolled(program, "discharged"), enrolled()
    keys = [one.pk for one in (maya, ben, gone, other)]
    assert agreements.without_signature(program, GROUP, keys) == set()
    made = publish(program, dana, GROUP)
    sign_agreement(made, name=maya.full_name, by=maya, now=NOON)
    assert agreements.without_signature(program, GROUP, keys) == {ben.pk}
    publish(program, dana, GROUP, seen=1, asked_for=False)
    assert agreements.without_signature(program, GROUP, keys) == set()


@pytest.mark.parametrize("kind", list(Agreement.Kind))
def test_each_kind_has_words_to_begin_with(kind):
    assert len(agreements.first_words(kind)) > 200


def test_what_another_has_signed_or_another_program_asks_for_is_not_one_s_own(program, dana, maya):
    ben, elsewhere = enrolled(program), ProgramFactory()
    zoe, their_office = enrolled(elsewhere), admin(elsewhere)
    text = publish(program, dana)
    theirs = publish(elsewhere, their_office)
    for person, agreement in ((ben, text), (zoe, theirs)):
        agreements.sign_agreement(agreement, name=person.full_name, by=person, now=NOON)
    assert [agreements.signature_under(text, person) is not None for person in (maya, ben, zoe)] == [False, True, False]
    assert list(agreements.signed_by(maya)) == []
    assert list(agreements.owed_by(maya)) == list(agreements.owed_by(maya, program=program)) == [text]
    assert list(agreements.owed_by(maya, program=elsewhere)) == []
    assert list(agreements.still_to_sign(text)) == [maya]
    assert agreements.held_version(program, text.kind) == text
    assert agreements.without_signature(program, text.kind, [maya.pk, ben.pk, zoe.pk]) == {maya.pk}
    told = next(each for each in agreements.texts_of(program) if each.held)
    assert (told.held, told.signed, told.owing) == (text, 1, 1)
