"""Conversations between a client and their care team: what is sent stays, and each side knows who has read it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from iop_portal.audit.models import Entry
from iop_portal.followups.models import FollowUp
from iop_portal.notices.models import Notice, Reach
from iop_portal.people.models import BrokenGlass, CareTeam
from tests.factories import NOON, ProgramFactory, admin, clinician, enrolled, on_care_team
from therapy import conversations
from therapy.conversations import assign_thread, begin_thread, close_thread, in_lines, messages_in, open_thread
from therapy.drafts import draft_of, save_draft
from therapy.models import ClinicalPolicy, Message, Thread, Unread
from therapy.unanswered import watch_messages

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


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


@pytest.fixture
def thread(maya, program):
    return begin(maya, program)


def begin(client, program, *, by=None, text="Could we talk about Sunday?", now=NOON):
    return begin_thread(client, program=program, subject="Sunday", text=text, once=uuid4(), by=by or client, now=now)


def test_who_is_looked_after_by_nobody_who_works_here_any_more_is_told_so(program, maya):
    """Others of the program have somebody who reads: that is nobody for them."""
    intern = clinician(program, intern_until=NOON.date() - timedelta(days=400))
    noor = enrolled(program)
    on_care_team(intern, noor, part="primary")
    assert conversations.programs_to_write_to(noor) == []
    assert conversations.programs_to_write_to(maya) == [program]


def write(thread, by, *, text="Yes.", now=NOON + HOUR):
    return conversations.write_message(thread, text=text, once=uuid4(), by=by, now=now)


def read(thread, by, *, now):
    open_thread(thread, list(messages_in(thread)), by=by, now=now)


def unread():
    return sorted(stretch.person.preferred_name for stretch in Unread.objects.open())


def owed():
    return sorted(notice.to.preferred_name for notice in Notice.objects.owed().filter(about_type="therapy.unread"))


def test_it_comes_to_the_whole_care_team_and_to_nobody_else(thread, maya, amara, grace, program):
    stranger, other = clinician(program), enrolled(program)
    assert [list(Thread.objects.visible_to(one)) for one in (maya, amara, grace)] == [[thread]] * 3
    assert [list(Thread.objects.visible_to(one)) for one in (stranger, other, admin(program))] == [[], [], []]
    assert unread() == ["Amara", "Grace"]


def test_who_leaves_the_care_team_has_lost_it_and_hears_of_nothing(thread, amara, grace):
    CareTeam.objects.filter(clinician=grace).update(until=NOON)
    assert list(Thread.objects.visible_to(grace)) == []
    assert conversations.unread_by(grace) == 0
    assert [conversations.still_unread(stretch) for stretch in Unread.objects.order_by("pk")] == [True, False]


def test_an_emergency_access_does_not_open_what_people_wrote(thread, maya, program):
    opener = clinician(program)
    BrokenGlass.objects.create(
        clinician=opener, client=maya, program=program, reason="r", since=NOON, until=NOON + 4 * HOUR
    )
    assert list(Thread.objects.visible_to(opener)) == []


def test_a_care_team_in_another_program_reads_nothing(thread, maya):
    elsewhere = ProgramFactory()
    other = clinician(elsewhere)
    second = maya.enrolments.create(program=elsewhere, state="referred", referred_on=NOON.date())
    CareTeam.objects.create(enrolment=second, clinician=other, since=NOON)
    assert list(Thread.objects.visible_to(other)) == []


def test_words_are_sealed_in_the_database(thread):
    with connection.cursor() as cursor:
        cursor.execute("SELECT m.text, t.subject FROM therapy_message m JOIN therapy_thread t ON t.id = m.thread_id")
        text, subject = cursor.fetchone()
    assert "Sunday" not in text + subject
    assert (Message.objects.get().text, Thread.objects.get().subject) == ("Could we talk about Sunday?", "Sunday")


def test_a_message_is_told_once_for_each_stretch_that_is_unread(thread, maya, amara):
    assert owed() == ["Amara", "Grace"]
    write(thread, maya, text="And about Monday.")
    assert owed() == ["Amara", "Grace"]
    read(thread, amara, now=NOON + 2 * HOUR)
    assert (owed(), unread()) == (["Grace"], ["Grace"])
    write(thread, maya, text="Thank you.", now=NOON + 3 * HOUR)
    assert owed() == ["Amara", "Grace"]


def test_an_answer_is_told_to_the_client_and_spares_the_others(thread, maya, amara):
    write(thread, amara)
    assert (owed(), unread()) == (["Maya"], ["Maya"])
    assert [notice.client for notice in Notice.objects.owed()] == [maya]
    read(thread, maya, now=NOON + 2 * HOUR)
    assert owed() == []


def test_somebody_who_wants_no_noise_finds_it_here_and_gets_no_notice(thread, maya, amara):
    Reach.objects.create(person=maya, appointments_by=["portal"])
    write(thread, amara)
    assert (owed(), unread()) == ([], ["Maya"])


def test_both_sides_see_who_has_read_it_and_when(thread, maya, amara, grace):
    read(thread, amara, now=NOON + HOUR)
    read(thread, grace, now=NOON + 2 * HOUR)
    read(thread, amara, now=NOON + 3 * HOUR)
    for reader, named in ((maya, ["Amara", "Grace"]), (amara, ["You", "Grace"])):
        (line,) = in_lines(messages_in(thread), reader=reader, now=NOON + 3 * HOUR)
        assert [(one.who, one.at) for one in line.read_by] == [
            (named[0], NOON + HOUR),
            (named[1], NOON + 2 * HOUR),
        ]


def test_reading_leaves_a_line_that_the_client_can_see(thread, maya, amara):
    read(thread, maya, now=NOON)
    read(thread, amara, now=NOON)
    assert [(entry.actor, entry.client) for entry in Entry.objects.filter(verb="conversation.read")] == [(amara, maya)]


def test_a_form_sent_twice_is_one_message_and_other_words_are_another(thread, maya):
    once = uuid4()
    for text in ("One thing more.", "One thing more. ", "Another thing."):
        conversations.write_message(thread, text=text, once=once, by=maya, now=NOON)
    assert [message.text for message in thread.messages.all()] == [
        "Could we talk about Sunday?",
        "One thing more.",
        "Another thing.",
    ]


def test_beginning_twice_with_one_form_begins_once(maya, program):
    once = uuid4()
    said = {"program": program, "subject": "", "text": "Hello", "once": once, "by": maya, "now": NOON}
    assert begin_thread(maya, **said) == begin_thread(maya, **said)
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE therapy_message SET text = 'x'",
        "DELETE FROM therapy_message",
        "TRUNCATE therapy_message CASCADE",
        "UPDATE therapy_reading SET read_at = now()",
        "DELETE FROM therapy_thread",
        "UPDATE therapy_thread SET client_id = begun_by_id + 1",
        "UPDATE therapy_thread SET subject = ''",
    ],
)
def test_what_is_sent_and_read_stays_as_it_was(thread, amara, statement):
    read(thread, amara, now=NOON)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_running_role_may_only_add(thread, as_running_role):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE therapy_message SET text = 'x'")


@pytest.mark.parametrize("sender", ["stranger", "other"])
def test_the_database_takes_messages_of_the_two_sides_alone(thread, program, sender):
    by = clinician(program) if sender == "stranger" else enrolled(program)
    for from_client in (True, False):
        with pytest.raises(IntegrityError), transaction.atomic():
            Message.objects.create(
                thread=thread, sender=by, from_client=from_client, text="x", sent_at=NOON, once=uuid4()
            )


def test_a_client_whose_time_is_over_reads_and_writes_no_more(thread, maya, amara, program):
    maya.enrolments.update(state="discharged", discharge_reason="left", discharged_on=NOON.date())
    with pytest.raises(conversations.TimeIsOver):
        write(thread, maya)
    with pytest.raises(conversations.TimeIsOver):
        write(thread, amara)
    with pytest.raises(conversations.NobodyReads):
        begin(maya, program)
    assert list(Thread.objects.visible_to(maya)) == [thread]
    assert list(Thread.objects.visible_to(amara)) == []
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(thread=thread, sender=maya, from_client=True, text="x", sent_at=NOON, once=uuid4())


def test_somebody_without_a_care_team_is_told_so_before(program):
    applicant = enrolled(program, "referred")
    assert conversations.programs_to_write_to(applicant) == []
    with pytest.raises(conversations.NobodyReads):
        begin(applicant, program)
    on_care_team(clinician(program), applicant)
    assert conversations.programs_to_write_to(applicant) == [program]
    assert begin(applicant, program).client == applicant


def test_only_the_care_team_writes_first(maya, amara, program):
    assert begin(maya, program, by=amara, text="How was it?").begun_by == amara
    assert unread() == ["Maya"]
    with pytest.raises(conversations.NobodyReads):
        begin(maya, program, by=clinician(program))


def test_given_to_one_it_comes_to_them_alone_until_they_leave(thread, maya, amara, grace):
    assign_thread(thread, to=grace, by=amara, now=NOON + HOUR)
    assert (unread(), owed()) == (["Grace"], ["Grace"])
    assert list(conversations.threads_for(grace, show="mine")) == [thread]
    assert list(conversations.threads_for(amara, show="unassigned")) == []
    CareTeam.objects.filter(clinician=grace).update(until=NOON)
    assert list(conversations.threads_for(amara, show="unassigned")) == [thread]
    write(thread, maya, text="Hello?", now=NOON + 2 * HOUR)
    assert conversations.unread_by(amara) == 1


def test_it_is_given_to_somebody_of_the_care_team_by_one_of_them(thread, maya, amara, program):
    stranger = clinician(program)
    for to, by in ((stranger, amara), (amara, stranger), (amara, maya)):
        with pytest.raises(conversations.NotOnTheTeam):
            assign_thread(thread, to=to, by=by, now=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        Thread.objects.filter(pk=thread.pk).update(assigned_to=stranger)


def test_closed_it_waits_for_nobody_and_the_next_message_opens_it(thread, maya, amara):
    close_thread(thread, by=amara, now=NOON + HOUR)
    thread.refresh_from_db()
    assert (thread.closed_by, thread.waiting_since, unread()) == (amara, None, [])
    with pytest.raises(conversations.ClosedAlready):
        close_thread(thread, by=amara, now=NOON + HOUR)
    with pytest.raises(conversations.NotOnTheTeam):
        close_thread(thread, by=maya, now=NOON + HOUR)
    write(thread, maya, now=NOON + 2 * HOUR)
    thread.refresh_from_db()
    assert (thread.closed_at, thread.closed_by, thread.waiting_since) == (None, None, NOON + 2 * HOUR)


def test_waiting_counts_from_the_first_message_without_an_answer(thread, maya, amara):
    write(thread, maya, text="And?", now=NOON + 5 * HOUR)
    thread.refresh_from_db()
    assert (thread.waiting_since, thread.last_at) == (NOON, NOON + 5 * HOUR)
    write(thread, amara, now=NOON + 6 * HOUR)
    thread.refresh_from_db()
    assert thread.waiting_since is None


# ── An answer that is late ────────────────────────────────────────────────────────────────────────────────────


def asked():
    return [(one.kind, one.owner.preferred_name, one.is_open) for one in FollowUp.objects.order_by("pk")]


def test_a_message_without_an_answer_in_the_promised_time_is_owed_by_the_primary_counsellor(thread, amara):
    assert watch_messages(now=NOON + 24 * HOUR - timedelta(seconds=1)) == 0
    assert watch_messages(now=NOON + 24 * HOUR) == 1
    assert watch_messages(now=NOON + 25 * HOUR) == 0
    assert asked() == [("message_unanswered", "Amara", True)]
    write(thread, amara, now=NOON + 26 * HOUR)
    assert asked() == [("message_unanswered", "Amara", False)]
    assert watch_messages(now=NOON + 90 * HOUR) == 0


def test_the_time_is_the_program_s_own(thread, program):
    ClinicalPolicy.objects.create(program=program, answer_hours=48)
    assert [watch_messages(now=NOON + hours * HOUR) for hours in (47, 48)] == [0, 1]


def test_whoever_it_was_given_to_owes_the_answer_and_the_office_where_nobody_is_left(
    thread, maya, amara, grace, program
):
    assign_thread(thread, to=grace, by=amara, now=NOON)
    watch_messages(now=NOON + 24 * HOUR)
    assert asked() == [("message_unanswered", "Grace", True)]
    close_thread(thread, by=amara, now=NOON + 25 * HOUR)
    write(thread, maya, now=NOON + 26 * HOUR)
    admin(program, preferred_name="Dana")
    maya.enrolments.update(state="discharged", discharge_reason="left", discharged_on=NOON.date())
    watch_messages(now=NOON + 60 * HOUR)
    assert asked()[1:] == [("message_unanswered", "Dana", True)]


@pytest.mark.parametrize(
    ("hours", "said"), [(1, "within an hour"), (5, "within 5 hours"), (24, "within a day"), (72, "within 3 days")]
)
def test_the_promise_reads_in_words(hours, said):
    assert conversations.answered_within(ClinicalPolicy(answer_hours=hours)) == said


# ── Drafts ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_draft_is_kept_for_its_writer_until_it_is_sent(thread, maya, amara):
    save_draft(maya, client=maya, thread=thread, text="Half of", once=uuid4(), now=NOON)
    save_draft(maya, client=maya, thread=thread, text="Half of it", once=uuid4(), now=NOON)
    assert draft_of(maya, client=maya, thread=thread).text == "Half of it"
    assert draft_of(amara, client=maya, thread=thread) is None
    write(thread, maya)
    assert draft_of(maya, client=maya, thread=thread) is None


def test_what_is_kept_after_it_was_sent_is_not_kept(thread, maya):
    once = uuid4()
    conversations.write_message(thread, text="Sent.", once=once, by=maya, now=NOON)
    save_draft(maya, client=maya, thread=thread, text="Sent.", once=once, now=NOON)
    assert draft_of(maya, client=maya, thread=thread) is None


def test_nothing_typed_is_nothing_kept(thread, maya):
    save_draft(maya, client=maya, text="Something", once=None, now=NOON)
    save_draft(maya, client=maya, text=" ", once=None, now=NOON)
    assert draft_of(maya, client=maya) is None
