"""Promises 4 and 6: what is written stays as it was written, for the running role and for the owner alike."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, transaction
from psycopg2.errors import InsufficientPrivilege

from iop_portal.audit import trail
from iop_portal.audit.models import AppendOnly, Entry
from iop_portal.consents.models import Consent, Disclosure, Revocation
from iop_portal.notices.models import TextOptIn, TextOptOut
from scheduling.models import Attendance
from tests.factories import (
    NOON,
    ModalityFactory,
    ProgramFactory,
    TrackFactory,
    UserFactory,
    clinician,
    enrolled,
    seated,
    session_at,
    texted,
)
from therapy.models import (
    Agreement,
    Alert,
    Amendment,
    CarePlan,
    CounsellingNote,
    Criterion,
    CriterionSaid,
    Disposition,
    Interest,
    LibraryText,
    Message,
    Note,
    Opportunity,
    PhaseGuide,
    PlanReview,
    PlanSignature,
    Prescription,
    Progress,
    Reading,
    Sheet,
    Signature,
    Step,
    TextVersion,
    Thread,
)

KEPT = (Entry, Consent, Revocation, Disclosure, TextOptIn, TextOptOut, Attendance, PlanSignature, PlanReview, Progress)
KEPT += (Disposition, Message, Reading, Agreement, Signature, Amendment, CounsellingNote)
KEPT += (Step, TextVersion, CriterionSaid)


def a_row_of_each():
    client = UserFactory()
    trail.record("trail.read", by=client, client=client)
    consent = Consent.objects.create(
        client=client,
        program=ProgramFactory(),
        discloser="The team",
        category="attendance",
        recipient_name="Rosa",
        purpose="request",
        expires_on=NOON.date() + timedelta(days=30),
        zone="America/New_York",
        right_to_revoke="I may take this back.",
        text="The text",
        text_version="1",
        language="en-us",
        signed_name="Maya",
        signed_at=NOON,
    )
    Disclosure.objects.create(consent=consent, by=client, what="Came twice", at=NOON)
    Revocation.objects.create(consent=consent, by=client, at=NOON)
    TextOptOut.objects.create(opt_in=texted(client), how=TextOptOut.How.PAGE, at=NOON)
    place = seated(client, session_at(ModalityFactory(), NOON - timedelta(hours=2)))
    Attendance.objects.create(
        booking=place, number=1, state="present", minutes=90, recorded_by=client, recorded_at=NOON
    )
    enrolment = enrolled().enrolments.get()
    said = {"by": enrolment.client, "at": NOON}
    plan = CarePlan.objects.create(enrolment=enrolment, number=1, content="{}", fingerprint="0", begun_at=NOON)
    PlanSignature.objects.create(plan=plan, side="client", fingerprint="0", name="Maya", **said)
    PlanReview.objects.create(plan=plan, side="client", **said)
    Progress.objects.create(enrolment=enrolment, goal="one", how="well", **said)
    sheet = Sheet.objects.create(
        enrolment=enrolment, person=enrolment.client, instrument="phq-9", version="1", language="en", begun_at=NOON
    )
    alert = Alert.objects.create(sheet=sheet, item="9", value=1, raised_at=NOON)
    Disposition.objects.create(alert=alert, done=["spoke"], words="We spoke", **said)
    _what_is_written(enrolment.client, enrolment.program)
    _what_is_told(enrolment, said)
    # Deferred foreign keys that wait to be checked would refuse TRUNCATE before the trigger does.
    connection.check_constraints()


def _what_is_written(client, program):
    """A message that was read, an agreement that was signed, and notes, in a program of theirs."""
    counsellor = clinician(program)
    thread = Thread.objects.create(client=client, program=program, begun_at=NOON, begun_by=client, last_at=NOON)
    sent = {"sender": client, "from_client": True, "text": "Hello", "sent_at": NOON, "once": uuid4()}
    Reading.objects.create(message=Message.objects.create(thread=thread, **sent), reader=counsellor, read_at=NOON)
    rules = Agreement.objects.create(
        program=program, kind="rules", version=1, text="Be kind.", published_at=NOON, published_by=counsellor
    )
    Signature.objects.create(agreement=rules, client=client, signed_name="Maya", signed_at=NOON)
    of = {"client": client, "program": program, "author": counsellor}
    note = Note.objects.create(**of, text="Came", begun_at=NOON, signed_at=NOON)
    Amendment.objects.create(note=note, author=counsellor, text="And stayed", added_at=NOON)
    CounsellingNote.objects.create(**of, text="What was said", written_at=NOON)


def _what_is_told(enrolment, said):
    """What came of an interest, how a text was, and what was said of a criterion."""
    client, program = enrolment.client, enrolment.program
    posted = Opportunity.objects.create(
        program=program, kind="job", title="Baker", place="Mill", about="Bread", posted_by=client, posted_at=NOON
    )
    interest = Interest.objects.create(opportunity=posted, enrolment=enrolment, shown_at=NOON)
    Step.objects.create(interest=interest, number=1, state="applied", recorded_by=client, recorded_at=NOON)
    told = {"title": "Sleep", "in_short": "At night.", "words": "Go to bed."}
    text = LibraryText.objects.create(program=program, topic="body", **told)
    TextVersion.objects.create(text=text, number=1, **told, **said)
    guide = PhaseGuide.objects.create(program=program, phase="core", what_for="To get steady.", hours=9, days=3)
    criterion = Criterion.objects.create(guide=guide, text="I come.", place=1)
    care = Prescription.objects.create(
        enrolment=enrolment, track=TrackFactory(program=program), phase="core", hours=9, days=3, since=NOON.date()
    )
    CriterionSaid.objects.create(prescription=care, criterion=criterion, side="client", met=True, **said)


TAMPERING = [
    statement.format(model._meta.db_table)
    for model in KEPT
    for statement in ("UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE")
]


def attempt(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("statement", TAMPERING)
def test_the_owner_cannot_change_or_remove_a_row(db, statement):
    a_row_of_each()
    with pytest.raises(ProgrammingError) as refused:
        attempt(statement)
    assert isinstance(refused.value.__cause__, InsufficientPrivilege)
    assert "only ever added" in str(refused.value)
    assert [model.objects.count() for model in KEPT] == [1] * len(KEPT)


@pytest.mark.parametrize("statement", TAMPERING)
def test_the_running_role_has_no_right_to_change_or_remove_a_row(as_running_role, statement):
    a_row_of_each()
    with pytest.raises(ProgrammingError, match="permission denied"):
        attempt(statement)
    assert [model.objects.count() for model in KEPT] == [1] * len(KEPT)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "SET LOCAL session_replication_role = replica",
        "DROP TABLE audit_entry CASCADE",
    ],
)
def test_the_running_role_cannot_step_past_the_triggers(as_running_role, statement):
    with pytest.raises(ProgrammingError):
        attempt(statement)


def test_every_table_that_is_only_added_to_is_tested_here():
    assert {model for model in apps.get_models() if issubclass(model, AppendOnly)} == set(KEPT)


@pytest.mark.django_db(transaction=True)
def test_a_committed_row_stays_though_the_owner_tries():
    a_row_of_each()
    with pytest.raises(ProgrammingError):
        attempt("TRUNCATE audit_entry CASCADE")
    assert Entry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_transaction_tests_start_empty_again():
    assert [model.objects.count() for model in KEPT] == [0] * len(KEPT)
    a_row_of_each()
