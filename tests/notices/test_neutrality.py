"""No mail and no text says what the program treats, that somebody is treated, or more of them than their chosen name.

Over every registered kind: one that is added later is covered, and fails here until it has a sample below.
"""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.utils import timezone
from psycopg2.extras import DateTimeTZRange

from iop_portal.accounts.models import FormerAddress, Invitation
from iop_portal.audit import trail
from iop_portal.consents.consenting import revoke_consent
from iop_portal.followups.models import FollowUp
from iop_portal.notices.channels import Channel
from iop_portal.notices.kinds import registry
from iop_portal.notices.letters import write_letter, write_text
from iop_portal.notices.models import Notice, PhoneCode, Reach, TextOptOut
from scheduling.models import Booking, OwnCalendar, Reminder, TimeOff, Waiting
from tests.factories import (
    NOON,
    ModalityFactory,
    ProgramFactory,
    TrackFactory,
    admin,
    clinician,
    enrolled,
    introduced,
    on_care_team,
    permission_of,
    session_at,
    texted,
)
from therapy.asking import ask
from therapy.counsellor_requests import ask_for_counsellor
from therapy.instruments import instruments
from therapy.models import CounsellorRequest, Thread, Unread
from therapy.prescribing import prescribe

pytestmark = pytest.mark.django_db

TELLING = """
    abstinen addict aftercare alcohol alum anonymous anxi attend behavio clinic client consent counsel craving depress
    detox diagnos discharg doctor dose drink drug enrol famil group health hospital intensive iop lapse medic meeting
    mental mindful naloxone outpatient patient phase plan prescri program psych recover rehab relapse session sober
    substance suicid therap track trauma treat trigger wellness
"""
PROGRAM = "Harbor House Evening Program"


@pytest.fixture
def harbor():
    return ProgramFactory(name=PROGRAM, sender="Portal", phone="+1 555 0142", address="12 Quay Street")


@pytest.fixture
def maya(harbor):
    return enrolled(harbor, email="maya.torres@portal.test", preferred_name="Maya", surname="Torres", pronouns="xe/xem")


def invitation(harbor, maya):
    return Invitation.objects.create(
        email="maya.torres@portal.test",
        preferred_name="Maya",
        surname="Torres",
        program=harbor,
        role="client",
        enrol_as="admitted",
        invited_at=NOON,
        expires_at=NOON + timedelta(days=7),
    )


def follow_up(harbor, maya):
    return FollowUp.objects.create(
        program=harbor,
        kind="dead_letter",
        owner=admin(harbor, preferred_name="Olga", surname="Office"),
        client=maya,
        about_type="notices.notice",
        about_id=1,
        made_at=NOON,
        due_at=NOON,
    )


def consent(harbor, maya):
    return permission_of(maya)


def revocation(harbor, maya):
    return revoke_consent(permission_of(maya), by=maya, now=NOON)


def own_calendar(harbor, maya):
    return OwnCalendar.objects.create(person=maya, place=1, kind="work", added_at=NOON, given_up_at=NOON)


def reset_asked(harbor, maya):
    return trail.record("account.reset_asked", maya, at=NOON)


def address_asked(harbor, maya):
    address = EmailAddress.objects.create(user=maya, email="maya.new@portal.test", verified=False, primary=False)
    return trail.record("account.address_asked", address, by=maya, at=NOON)


def account_change(harbor, maya):
    return trail.record("account.recovery_codes_made", maya, by=maya, at=NOON)


def former_address(harbor, maya):
    return FormerAddress.objects.create(user=maya, email="maya.before@portal.test", replaced_at=NOON)


def booking(harbor, maya):
    group = ModalityFactory(program=harbor, name="Trauma group")
    session = session_at(group, NOON, introduced(clinician(harbor, preferred_name="Olga"), group).user)
    return Booking.objects.create(
        session=session, person=maya, during=session.during, reference="ABCD-2345", booked_at=NOON, booked_by=maya
    )


def time_off(harbor, maya):
    colleague = clinician(harbor, preferred_name="Olga")
    days = DateTimeTZRange(NOON, NOON + timedelta(days=3), "[)")
    return TimeOff.objects.create(clinician=colleague, program=harbor, during=days, noted_at=NOON, noted_by=colleague)


def move(harbor, maya):
    return trail.record("booking.moved", booking(harbor, maya), client=maya, at=NOON)


def reminder(harbor, maya):
    held = booking(harbor, maya)
    return Reminder.objects.create(booking=held, begins=timezone.now() + timedelta(days=1))


def phone_code(harbor, maya):
    times = {"asked_at": NOON, "expires_at": NOON + timedelta(minutes=10)}
    signed = {"text": "I ask", "text_version": "1", "language": "en-us", "signed_name": "Maya Torres"}
    return PhoneCode.objects.create(person=maya, phone="+12125550100", **signed, **times)


def opt_out(harbor, maya):
    return TextOptOut.objects.create(opt_in=texted(maya), how=TextOptOut.How.PAGE, at=NOON)


def wish(harbor, maya):
    admin(harbor)
    asked = ask_for_counsellor(maya.enrolments.get(), wanted=None, words="Trauma", by=maya, now=NOON)
    CounsellorRequest.objects.filter(pk=asked.pk).update(
        state="declined", reply="Relapse", closed_at=NOON, closed_by=maya
    )
    asked.refresh_from_db()
    return asked


def changed_care(harbor, maya):
    track = TrackFactory(program=harbor, name="Trauma track")
    return prescribe(maya.enrolments.get(), track=track, phase="core", hours=9, days=3, by=None, now=NOON)


def place_on_team(harbor, maya):
    return on_care_team(clinician(harbor, preferred_name="Olga"), maya)


def place(harbor, maya):
    session = booking(harbor, enrolled(harbor, preferred_name="Ben")).session
    times = {"joined_at": NOON, "offered_at": NOON, "expires_at": NOON + timedelta(hours=2)}
    return Waiting.objects.create(session=session, person=maya, state=Waiting.State.OFFERED, **times)


def unread(harbor, maya):
    amara = clinician(harbor, preferred_name="Olga")
    on_care_team(amara, maya)
    thread = Thread.objects.create(
        client=maya, program=harbor, subject="Trauma", begun_at=NOON, begun_by=maya, last_at=NOON
    )
    return Unread.objects.create(thread=thread, person=maya, since=NOON)


def asking(harbor, maya):
    return ask(maya.enrolments.get(), instruments()["gad-7"], by=None, now=NOON)


# By what a kind is about or, where that does not say enough, by its name.
SAMPLES = {
    "account_changed": account_change,
    "accounts.formeraddress": former_address,
    "confirm_address": address_asked,
    "password_reset": reset_asked,
    "appointments_changed": move,
    "session_moved": move,
    "accounts.invitation": invitation,
    "consents.consent": consent,
    "consents.revocation": revocation,
    "followups.followup": follow_up,
    "scheduling.booking": booking,
    "scheduling.owncalendar": own_calendar,
    "scheduling.timeoff": time_off,
    "scheduling.waiting": place,
    "scheduling.reminder": reminder,
    "therapy.unread": unread,
    "therapy.asking": asking,
    "therapy.counsellorrequest": wish,
    "people.careteam": place_on_team,
    "therapy.prescription": changed_care,
    "notices.phonecode": phone_code,
    "notices.textoptout": opt_out,
}
BY_MAIL = sorted(name for name, kind in registry.items() if Channel.MAIL in kind.channels)
BY_TEXT = sorted(name for name, kind in registry.items() if Channel.TEXT in kind.channels)
IN_PORTAL = sorted(name for name, kind in registry.items() if Channel.PORTAL in kind.channels)


def sample_of(name, harbor, maya):
    kind = registry[name]
    sample = SAMPLES.get(kind.name) or SAMPLES.get(kind.about)
    assert sample, f"a sample of {kind.about} is missing above"
    to = None if kind.address else maya
    return Notice(pk=7, kind=kind.name, to=to), kind, sample(harbor, maya)


@pytest.fixture(params=BY_MAIL)
def letter(request, harbor, maya):
    return write_letter(*sample_of(request.param, harbor, maya))


def everything_in(letter):
    """The mail as it goes over the wire, decoded, without the address that it has to carry."""
    wire = letter.message()
    headers = [f"{name}: {value}" for name, value in wire.items() if name != "To"]
    return "\n".join([*headers, letter.body, *(str(content) for content, _ in letter.alternatives)])


def telling(text):
    """Words that tell: those that begin as one of the list."""
    return re.findall(rf"\b(?:{'|'.join(TELLING.split())})\w*", text.lower())


def test_no_mail_tells_what_it_is_about(letter):
    without_links = re.sub(r"https?://\S+", "", everything_in(letter))
    assert telling(without_links) == []
    assert PROGRAM not in everything_in(letter)


def test_the_gate_sees_a_telling_word():
    assert telling("Your relapse prevention plan") == ["relapse", "plan"]
    assert telling("A message from your portal") == []


def test_no_link_in_a_mail_tells_more_than_that_there_is_an_account(letter):
    for link in re.findall(r"https?://[^\s\"<]+", everything_in(letter)):
        assert f"{link}/".startswith(f"{settings.PORTAL_ORIGIN}/")
        assert telling(link.removeprefix(settings.PORTAL_ORIGIN).replace("/", " ").replace("-", " ")) == []


def test_no_mail_names_more_of_a_person_than_the_name_they_chose(letter):
    text = everything_in(letter)
    for fact in ("Torres", "maya.torres", "xe/xem", "Olga", "Office", "Quay", "T."):
        assert fact not in text


def test_every_mail_has_a_subject_of_its_own_and_both_forms(letter):
    assert str(letter.subject).strip()
    assert letter.body.strip()
    assert [mimetype for _, mimetype in letter.alternatives] == ["text/html"]
    assert "{{" not in everything_in(letter)


def test_every_text_breaks_its_lines_where_a_mail_program_would(letter):
    assert max(len(line) for line in letter.body.splitlines() if "://" not in line) <= 100


# ── Texts, and what is told in the portal ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", BY_TEXT)
def test_no_text_tells_what_it_is_about_nor_whom_it_is_for(harbor, maya, name):
    text = write_text(*sample_of(name, harbor, maya))

    assert telling(re.sub(r"https?://\S+", "", text)) == []
    for fact in (PROGRAM, "Maya", "Torres", "Olga", "Quay", "555", "Trauma"):
        assert fact not in text
    for link in re.findall(r"https?://\S+", text):
        assert f"{link}/".startswith(f"{settings.PORTAL_ORIGIN}/")
    assert "{{" not in text
    assert "\n" not in text


@pytest.mark.parametrize("name", BY_TEXT)
def test_a_text_has_at_most_two_parts(harbor, maya, name):
    """306 characters, three links to a usual address among them."""
    text = write_text(*sample_of(name, harbor, maya)).replace(settings.PORTAL_ORIGIN, "https://portal.example.org")
    assert len(text) <= 306


@pytest.mark.parametrize("name", sorted({*BY_MAIL, *BY_TEXT} - {"invitation", "address_changed", "confirm_address"}))
def test_the_place_is_told_to_who_wants_it_and_never_more(harbor, maya, name):
    Reach.objects.create(person=maya, tells_place=True)
    notice, kind, subject = sample_of(name, harbor, maya)
    said = (
        write_text(notice, kind, subject) if Channel.TEXT in kind.channels else write_letter(notice, kind, subject).body
    )
    assert telling(re.sub(r"https?://\S+", "", said)) == []
    assert "Trauma" not in said


@pytest.mark.parametrize("name", IN_PORTAL)
def test_nothing_told_in_the_portal_says_more_than_that_and_when(harbor, maya, name):
    _notice, kind, subject = sample_of(name, harbor, maya)
    assert telling(kind.line(subject)) == []
    assert "Trauma" not in kind.line(subject)
    assert kind.page(subject).startswith("/")
