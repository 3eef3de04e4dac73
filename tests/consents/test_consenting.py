"""Giving, withdrawing and using a permission."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from iop_portal.audit.models import Entry
from iop_portal.consents.consenting import (
    NobodyElse,
    NoLiveConsent,
    NotEnrolledThere,
    NotYourName,
    OnlyTheClient,
    PermittedAlready,
    ReadAgain,
    RecordNotOpen,
    WrongEnd,
    fingerprint,
    live_consent,
    record_disclosure,
    revoke_consent,
    sign_consent,
    wording,
)
from iop_portal.consents.models import Category, Consent, Disclosure, Purpose, Revocation
from tests.factories import (
    NOON,
    ProgramFactory,
    UserFactory,
    clinician,
    enrolled,
    on_care_team,
    permission_of,
    wish_of,
)

LATER = NOON + timedelta(hours=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return ProgramFactory(name="Harbor House", zone="America/New_York")


@pytest.fixture
def maya(program):
    return enrolled(program, preferred_name="Maya", surname="O’Tester")


@pytest.fixture
def amara(program, maya):
    amara = clinician(program)
    on_care_team(amara, maya)
    return amara


def sign(maya, wish, *, signature="Maya O’Tester", read=None, by=None, now=NOON):
    read = fingerprint(wording(wish, client=maya)) if read is None else read
    return sign_consent(wish, signature=signature, read=read, client=maya, by=by or maya, now=now)


def test_the_text_holds_every_element_that_the_rule_asks_for(maya):
    consent = permission_of(
        maya,
        category=Category.PROGRESS,
        recipient_name="Rosa Lind",
        recipient_relation="my sister",
        purpose=Purpose.WORK_OR_SCHOOL,
        expires_on=date(2026, 12, 24),
    )
    for element in (
        "Maya O’Tester",  # (1) the patient
        "the people who care for me at Harbor House",  # (2) the discloser
        "A short statement, in general words, of how I am getting on",  # (3) how much and what kind
        "Rosa Lind, my sister",  # (4) the recipient
        "For my work or my school",  # (5) the purpose
        "I can take this back in writing at any time",  # (6) the right to revoke
        "because I had permitted it, cannot be made untold",  # (6) the reliance exception
        "Thursday 24 December 2026 (America/New_York)",  # (7) the expiry
        "Signed by typing my name: Maya O’Tester",  # (8) the signature
        "On Tuesday 24 November 2026, 12:00 pm (America/New_York)",  # (9) the date
        "My care does not depend on signing this",
    ):
        assert element in consent.text
    assert (consent.text_version, consent.language, consent.zone) == ("1", "en-us", "America/New_York")


def test_signing_is_in_the_trail_without_names(maya):
    consent = permission_of(maya)
    entry = Entry.objects.get(verb="consent.signed")
    assert (entry.actor, entry.client, entry.object_id, entry.at) == (maya, maya, consent.pk, NOON)
    assert entry.facts == {"category": "attendance"}


@pytest.mark.parametrize("typed", ["Maya O’Tester", "maya o'tester", "  Maya   O’TESTER "])
def test_one_signs_by_typing_ones_name(maya, typed):
    assert sign(maya, wish_of(maya), signature=typed).signed_name == "Maya O’Tester"


@pytest.mark.parametrize("typed", ["", "Maya", "Rosa Lind", "Maya O’Tester junior"])
def test_another_name_does_not_sign(maya, typed):
    with pytest.raises(NotYourName, match="Maya O’Tester"):
        sign(maya, wish_of(maya), signature=typed)
    assert not Consent.objects.exists()


def test_nobody_signs_for_somebody_else(maya, amara):
    with pytest.raises(OnlyTheClient):
        sign(maya, wish_of(maya), by=amara)
    assert not Consent.objects.exists()


def test_what_is_signed_is_what_was_read(maya):
    read = fingerprint(wording(wish_of(maya), client=maya))
    with pytest.raises(ReadAgain):
        sign(maya, wish_of(maya, category=Category.PROGRESS), read=read)
    assert not Consent.objects.exists()


def test_a_program_that_one_never_was_in_gets_no_permission(maya):
    with pytest.raises(NotEnrolledThere):
        sign(maya, wish_of(maya, program=ProgramFactory()))


@pytest.mark.parametrize("who", [{"recipient_name": "maya o'tester"}, {"recipient_address": "maya@portal.test"}])
def test_one_does_not_permit_telling_oneself(program, who):
    maya = enrolled(program, preferred_name="Maya", surname="O’Tester", email="maya@portal.test")
    with pytest.raises(NobodyElse):
        sign(maya, wish_of(maya, **who))


@pytest.mark.parametrize(
    ("last_day", "allowed"),
    [
        (date(2026, 11, 23), False),
        (date(2026, 11, 24), True),
        (date(2027, 11, 24), True),
        (date(2027, 11, 25), False),
    ],
)
def test_a_permission_ends_between_today_and_a_year_from_now_where_the_program_is(maya, last_day, allowed):
    evening = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)  # still 24 November, 8 pm, in New York
    if allowed:
        assert sign(maya, wish_of(maya, expires_on=last_day), now=evening).expires_on == last_day
    else:
        with pytest.raises(WrongEnd):
            sign(maya, wish_of(maya, expires_on=last_day), now=evening)


def test_two_clients_give_one_person_the_same_permission(maya):
    ben = enrolled(maya.enrolments.get().program)
    assert [permission_of(client, recipient_name="Rosa Lind").client for client in (maya, ben)] == [maya, ben]


def test_the_same_permission_is_not_given_twice(maya):
    permission_of(maya, recipient_name="Rosa Lind")
    with pytest.raises(PermittedAlready, match="24 December 2026"):
        permission_of(maya, recipient_name="rosa lind", now=LATER)


def test_after_withdrawing_it_can_be_given_again(maya):
    revoke_consent(permission_of(maya), by=maya, now=LATER)
    assert permission_of(maya, now=LATER).pk


def test_each_recipient_and_each_category_stands_by_itself(maya):
    rosa = UserFactory()
    given = permission_of(maya, recipient=rosa, category=Category.ATTENDANCE)
    permission_of(maya, category=Category.PLAN)
    at = {"client": maya, "now": NOON}
    assert live_consent(recipient=rosa, category=Category.ATTENDANCE, **at) == given
    assert live_consent(recipient=rosa, category=Category.PLAN, **at) is None
    assert live_consent(recipient=UserFactory(), category=Category.ATTENDANCE, **at) is None
    assert live_consent(recipient=rosa, category=Category.ATTENDANCE, client=enrolled(), now=NOON) is None


def test_a_withdrawn_permission_is_dead_at_once(maya):
    rosa = UserFactory()
    consent = permission_of(maya, recipient=rosa)
    revoke_consent(consent, by=maya, now=LATER)
    assert live_consent(client=maya, recipient=rosa, category=Category.ATTENDANCE, now=LATER) is None
    assert list(Consent.objects.live(LATER)) == []
    assert list(Consent.objects.over(LATER)) == [consent]
    assert Entry.objects.filter(verb="consent.withdrawn", client=maya, actor=maya).count() == 1


def test_withdrawing_twice_is_withdrawing_once(maya):
    consent = permission_of(maya)
    first = revoke_consent(consent, by=maya, now=LATER)
    assert revoke_consent(consent, by=maya, now=LATER + timedelta(days=1)) == first
    assert Entry.objects.filter(verb="consent.withdrawn").count() == 1


def test_only_the_client_withdraws(maya, amara):
    consent = permission_of(maya)
    with pytest.raises(OnlyTheClient):
        revoke_consent(consent, by=amara, now=LATER)
    with pytest.raises(IntegrityError, match="not a consent of this person"), transaction.atomic():
        Revocation.objects.create(consent=consent, by=amara, at=LATER)
    assert Consent.objects.live(LATER).get() == consent


@pytest.mark.parametrize(
    ("zone", "last_minute"),
    [
        ("America/New_York", datetime(2026, 11, 25, 4, 59, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2026, 11, 25, 7, 59, tzinfo=UTC)),
        ("Pacific/Auckland", datetime(2026, 11, 24, 10, 59, tzinfo=UTC)),
    ],
)
def test_a_permission_lives_until_the_last_minute_of_its_last_day_where_the_program_is(zone, last_minute):
    program = ProgramFactory(zone=zone)
    maya = enrolled(program)
    amara = clinician(program)
    on_care_team(amara, maya)
    consent = permission_of(maya, expires_on=date(2026, 11, 24), now=NOON - timedelta(days=2))
    assert record_disclosure(consent, what="Came twice", by=amara, now=last_minute)
    midnight = last_minute + timedelta(minutes=1)
    assert not Consent.objects.live(midnight).exists()
    with pytest.raises(NoLiveConsent):
        record_disclosure(consent, what="Came twice", by=amara, now=midnight)
    with pytest.raises(IntegrityError, match="no live consent"), transaction.atomic():
        Disclosure.objects.create(consent=consent, by=amara, what="Came twice", at=midnight)


def test_what_is_told_is_written_down(maya, amara):
    consent = permission_of(maya)
    told = record_disclosure(consent, what="Came to 6 of 6", by=amara, now=LATER)
    assert (told.consent, told.by, told.what, told.at) == (consent, amara, "Came to 6 of 6", LATER)
    entry = Entry.objects.get(verb="consent.disclosed")
    assert (entry.client, entry.actor, entry.facts) == (maya, amara, {"category": "attendance"})


def test_nothing_is_told_on_a_withdrawn_permission_whatever_time_is_given(maya, amara):
    consent = permission_of(maya)
    revoke_consent(consent, by=maya, now=LATER)
    for when in (NOON, LATER, LATER + timedelta(days=1)):
        with pytest.raises(NoLiveConsent):
            record_disclosure(consent, what="Came twice", by=amara, now=when)
        with pytest.raises(IntegrityError, match="no live consent"), transaction.atomic():
            Disclosure.objects.create(consent=consent, by=amara, what="Came twice", at=when)
    assert not Disclosure.objects.exists()


def test_nothing_is_told_before_the_signature(maya, amara):
    consent = permission_of(maya)
    with pytest.raises(NoLiveConsent):
        record_disclosure(consent, what="Came twice", by=amara, now=NOON - timedelta(seconds=1))


def test_only_somebody_to_whom_the_record_is_open_tells(maya, amara, program):
    consent = permission_of(maya)
    for stranger in (clinician(program), maya, UserFactory()):
        with pytest.raises(RecordNotOpen):
            record_disclosure(consent, what="Came twice", by=stranger, now=LATER)
    assert not Disclosure.objects.exists()


def test_a_permission_given_to_one_program_is_none_for_another(maya, amara, program):
    other = ProgramFactory()
    maya.enrolments.create(program=other, state="referred", referred_on=NOON.date())
    elsewhere, here = permission_of(maya, program=other), permission_of(maya, program=program)
    assert list(Consent.objects.usable_by(amara, NOON)) == [here]
    assert list(Consent.objects.visible_to(amara, NOON)) == [here]
    assert set(Consent.objects.visible_to(maya, NOON)) == {here, elsewhere}
    with pytest.raises(RecordNotOpen):
        record_disclosure(elsewhere, what="Came twice", by=amara, now=LATER)


def test_a_withdrawal_stands_after_what_was_told_last(maya, amara):
    consent = permission_of(maya)
    record_disclosure(consent, what="Came twice", by=amara, now=LATER)
    assert revoke_consent(consent, by=maya, now=LATER - timedelta(seconds=2)).at == LATER


def test_the_running_role_may_sign_tell_and_withdraw(as_running_role, program):
    maya = enrolled(program)
    amara = clinician(program)
    on_care_team(amara, maya)
    consent = permission_of(maya)
    record_disclosure(consent, what="Came twice", by=amara, now=LATER)
    revoke_consent(consent, by=maya, now=LATER)
    assert Consent.objects.over(LATER).get() == consent
