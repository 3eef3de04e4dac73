"""Notes: signed they stay, co-signed where an intern wrote them; and those that nobody but their author reads."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from iop_portal.people.models import BrokenGlass, CareTeam
from tests.factories import NOON, ProgramFactory, admin, clinician, enrolled, introduced, on_care_team
from therapy import counselling, notes
from therapy.clinicians import CannotSupervise, SupervisionNotWhole, set_supervision
from therapy.models import CounsellingNote, Note

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def amara(program):
    return clinician(program, preferred_name="Amara")


@pytest.fixture
def grace(program):
    return clinician(program, preferred_name="Grace")


@pytest.fixture
def maya(program, amara, grace):
    client = enrolled(program, preferred_name="Maya")
    on_care_team(amara, client, part="primary")
    on_care_team(grace, client)
    return client


def begun(maya, program, by, *, now=NOON):
    return notes.begin_note(maya, program, by=by, now=now)


def signed(maya, program, by, *, text="We spoke about Sunday.", now=NOON):
    return notes.sign_note(begun(maya, program, by, now=now), text=text, by=by, now=now)


IN_A_MONTH = NOON.date() + 30 * DAY


def intern_of(grace, program, maya, *, until=IN_A_MONTH):
    introduced(grace)
    kim = clinician(program, preferred_name="Kim")
    on_care_team(kim, maya)
    set_supervision(introduced(kim), supervisor=grace, until=until, by=admin(program), now=NOON)
    return kim


def readers(note, *people):
    return [person.preferred_name for person in people if Note.objects.visible_to(person, NOON).filter(pk=note.pk)]


def test_until_it_is_signed_only_its_author_has_it_and_from_then_on_the_record(maya, amara, grace, program):
    note = begun(maya, program, amara)
    stranger, ada = clinician(program), admin(program)
    everybody = (maya, amara, grace, stranger, ada)
    notes.save_note(note, text="Half", by=amara, now=NOON)
    assert readers(note, *everybody) == ["Amara"]
    assert notes.to_sign_by(amara) == [note]
    notes.sign_note(note, text="Whole", by=amara, now=NOON)
    assert readers(note, *everybody) == ["Maya", "Amara", "Grace"]
    assert notes.to_sign_by(amara) == []


def test_who_leaves_the_team_reads_no_more_and_an_emergency_opens_what_is_signed(maya, amara, grace, program):
    note, opener = signed(maya, program, amara), clinician(program, preferred_name="Opener")
    CareTeam.objects.filter(clinician=grace).update(until=NOON)
    assert readers(note, grace, opener) == []
    BrokenGlass.objects.create(
        clinician=opener, client=maya, program=program, reason="r", since=NOON, until=NOON + timedelta(hours=4)
    )
    assert readers(note, opener) == ["Opener"]
    assert readers(begun(maya, program, amara), opener) == []


def test_a_care_team_of_another_program_reads_nothing(maya, amara, program):
    elsewhere = ProgramFactory()
    other = clinician(elsewhere)
    second = maya.enrolments.create(program=elsewhere, state="referred", referred_on=NOON.date())
    CareTeam.objects.create(enrolment=second, clinician=other, since=NOON)
    assert readers(signed(maya, program, amara), other) == []


def test_words_are_sealed(maya, amara, program):
    signed(maya, program, amara)
    counselling.write_counselling_note(maya, program, text="Sunday", by=amara, now=NOON)
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM therapy_note UNION ALL SELECT text FROM therapy_counsellingnote")
        assert not [text for (text,) in cursor.fetchall() if "Sunday" in text]


def test_only_the_author_changes_signs_or_throws_away(maya, amara, grace, program):
    note = begun(maya, program, amara)
    for act in (
        lambda: notes.save_note(note, text="x", by=grace, now=NOON),
        lambda: notes.sign_note(note, text="x", by=grace, now=NOON),
        lambda: notes.discard_note(note, by=grace, now=NOON),
        lambda: notes.begin_note(maya, program, by=clinician(program), now=NOON),
        lambda: notes.begin_note(maya, program, by=clinician(), now=NOON),
    ):
        with pytest.raises(notes.NotYours):
            act()
    with pytest.raises(notes.SaysNothing):
        notes.sign_note(note, text=" ", by=amara, now=NOON)
    notes.discard_note(note, by=amara, now=NOON)
    assert not Note.objects.exists()


def test_what_is_signed_stays_and_amendments_follow_it(maya, amara, grace, program):
    note = signed(maya, program, amara)
    for act in (notes.save_note, notes.sign_note):
        with pytest.raises(notes.SignedAlready):
            act(note, text="Other", by=amara, now=NOON)
    with pytest.raises(notes.SignedAlready):
        notes.discard_note(note, by=amara, now=NOON)
    with pytest.raises(notes.NotYours):
        notes.amend_note(note, text="x", by=grace, now=NOON)
    with pytest.raises(notes.NothingAdded):
        notes.amend_note(note, text=" ", by=amara, now=NOON)
    with pytest.raises(notes.NotSignedYet):
        notes.amend_note(begun(maya, program, amara), text="x", by=amara, now=NOON)
    notes.amend_note(note, text="It was Saturday.", by=amara, now=NOON + DAY)
    assert [(one.author, one.text) for one in notes.amendments_of(note)] == [(amara, "It was Saturday.")]
    note.refresh_from_db()
    assert note.text == "We spoke about Sunday."


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE therapy_note SET text = 'x'",
        "UPDATE therapy_note SET signed_at = NULL",
        "UPDATE therapy_note SET author_id = client_id",
        "DELETE FROM therapy_note",
        "UPDATE therapy_amendment SET text = 'x'",
        "UPDATE therapy_counsellingnote SET text = 'x'",
        "DELETE FROM therapy_counsellingnote",
    ],
)
def test_the_database_changes_nothing_that_is_signed(maya, amara, program, statement):
    notes.amend_note(signed(maya, program, amara), text="More", by=amara, now=NOON)
    counselling.write_counselling_note(maya, program, text="Mine", by=amara, now=NOON)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_nobody_writes_about_themself(program):
    both = enrolled(program)
    with pytest.raises(IntegrityError), transaction.atomic():
        Note.objects.create(client=both, program=program, author=both, begun_at=NOON)


# ── Interns ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_intern_s_note_is_read_at_once_and_waits_for_its_co_signature(maya, amara, grace, program):
    kim = intern_of(grace, program, maya)
    note = signed(maya, program, kim)
    assert (note.supervisor, note.waits_for_co_signature) == (grace, True)
    assert readers(note, maya, amara, kim) == ["Maya", "Amara", "Kim"]
    assert notes.to_sign_by(grace) == [note]
    for other in (amara, kim):
        with pytest.raises(notes.NotToBeCosigned):
            notes.cosign_note(note, by=other, now=NOON)
    assert not notes.cosign_note(note, by=grace, now=NOON + DAY).waits_for_co_signature
    with pytest.raises(notes.NotToBeCosigned):
        notes.cosign_note(note, by=grace, now=NOON + DAY)
    assert notes.to_sign_by(grace) == []
    with pytest.raises(IntegrityError), transaction.atomic():
        Note.objects.filter(pk=note.pk).update(cosigned_at=NOON)


def test_a_supervisor_reads_what_they_co_sign_and_no_more(maya, amara, program):
    head = clinician(program, preferred_name="Head")
    kim = intern_of(head, program, maya)
    asked, other = signed(maya, program, kim), signed(maya, program, amara)
    assert list(Note.objects.visible_to(head, NOON)) == [asked]
    assert other not in Note.objects.visible_to(head, NOON)


def test_an_intern_s_note_is_amended_by_the_supervisor(maya, grace, program):
    kim = intern_of(grace, program, maya)
    note = signed(maya, program, kim)
    with pytest.raises(notes.SupervisorAmends):
        notes.amend_note(note, text="x", by=kim, now=NOON)
    assert notes.amend_note(note, text="x", by=grace, now=NOON).author == grace


def test_an_intern_whose_time_is_over_has_nothing(maya, amara, grace, program):
    kim = intern_of(grace, program, maya, until=NOON.date() - DAY)
    note = signed(maya, program, amara)
    assert readers(note, kim) == []
    with pytest.raises(notes.InternshipOver):
        begun(maya, program, kim)
    with pytest.raises(counselling.NotOnTheTeam):
        counselling.write_counselling_note(maya, program, text="x", by=kim, now=NOON)


def test_who_supervises_is_somebody_else_and_no_intern(maya, grace, program):
    kim = intern_of(grace, program, maya)
    ada, third = admin(program), introduced(clinician(program))
    until = NOON.date() + DAY
    for clinic, by in ((third, kim), (third, third.user), (grace.clinician, third.user), (third, clinician(program))):
        with pytest.raises(CannotSupervise):
            set_supervision(clinic, supervisor=by, until=until, by=ada, now=NOON)
    with pytest.raises(SupervisionNotWhole):
        set_supervision(third, supervisor=grace, until=None, by=ada, now=NOON)
    freed = set_supervision(kim.clinician, supervisor=None, until=None, by=ada, now=NOON)
    assert (freed.supervisor, freed.intern_until) == (None, None)


# ── Counselling notes ─────────────────────────────────────────────────────────────────────────────────────────


def test_counselling_notes_are_their_author_s_alone(maya, amara, grace, program):
    head = clinician(program)
    kim = intern_of(head, program, maya)
    counselling.write_counselling_note(maya, program, text="Mine", by=kim, now=NOON)
    opener = clinician(program)
    BrokenGlass.objects.create(
        clinician=opener, client=maya, program=program, reason="r", since=NOON, until=NOON + timedelta(hours=4)
    )
    everybody = (maya, amara, grace, head, opener, admin(program), kim)
    assert [CounsellingNote.objects.visible_to(one, NOON).count() for one in everybody] == [0, 0, 0, 0, 0, 0, 1]
    CareTeam.objects.filter(clinician=kim).update(until=NOON)
    assert not CounsellingNote.objects.visible_to(kim, NOON).exists()


def test_a_former_author_does_not_come_back_to_them_by_an_emergency(maya, amara, program):
    counselling.write_counselling_note(maya, program, text="Mine", by=amara, now=NOON)
    CareTeam.objects.filter(clinician=amara).update(until=NOON)
    BrokenGlass.objects.create(
        clinician=amara, client=maya, program=program, reason="r", since=NOON, until=NOON + timedelta(hours=4)
    )
    assert not CounsellingNote.objects.visible_to(amara, NOON).exists()


def test_what_amends_one_stands_beneath_it(maya, amara, grace, program):
    first = counselling.write_counselling_note(maya, program, text="One", by=amara, now=NOON)
    added = counselling.write_counselling_note(maya, program, text="Two", amends=first, by=amara, now=NOON)
    foreign = counselling.write_counselling_note(maya, program, text="Hers", by=grace, now=NOON)
    for wrong in (foreign, added):
        with pytest.raises(counselling.NotYourNote):
            counselling.write_counselling_note(maya, program, text="x", amends=wrong, by=amara, now=NOON)
    with pytest.raises(counselling.NothingWritten):
        counselling.write_counselling_note(maya, program, text=" ", by=amara, now=NOON)
    (shown,) = counselling.notes_of(amara, maya, now=NOON)
    assert (shown, [one.text for one in shown.amendments.all()]) == (first, ["Two"])
