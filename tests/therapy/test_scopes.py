"""Whose is whose: each read of the app, in two programs whose people have the same of everything.

Maya and Ben are clients in both. In each program Maya has a counsellor, and Ben another.
"""

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine

from iop_portal.followups.kinds import registry as follow_ups
from iop_portal.people.models import BrokenGlass, Enrolment, RoleHeld
from iop_portal.people.roles import Role
from tests.factories import NOON, ModalityFactory, ProgramFactory, admin, clinician, enrolled, introduced
from tests.therapy.measured import CRAVING, GAD, PHQ, always_on_call, answer, points, sent
from therapy import (
    agreements,
    alerts,
    care_plans,
    conversations,
    counselling,
    homework,
    measures,
    notes,
    plan_suggestions,
    prescribing,
    results,
    sittings,
)
from therapy.asking import ask
from therapy.clinicians import set_supervision
from therapy.drafts import draft_of, save_draft
from therapy.kinds import UNANSWERED
from therapy.models import (
    Agreement,
    Asking,
    Clinician,
    CounsellingNote,
    Draft,
    Duty,
    FirstContact,
    Message,
    Note,
    Sheet,
    Sitting,
    Skill,
    Thread,
    Unread,
)
from therapy.practices import practices

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SOON = NOON + HOUR


class Place:
    """A program with a counsellor of Maya's and one of Ben's."""

    def __init__(self, maya, ben) -> None:
        self.program = ProgramFactory()
        self.office = admin(self.program)
        self.hers, self.his = clinician(self.program), clinician(self.program)
        for counsellor in (self.hers, self.his):
            introduced(counsellor)
        for client, counsellor in ((maya, self.hers), (ben, self.his)):
            self.admit(client, counsellor)

    def admit(self, client, counsellor):
        held = client.enrolments.filter(program=self.program).first()
        if held is None:
            day = NOON.date() - timedelta(days=30)
            held = client.enrolments.create(program=self.program, state="admitted", referred_on=day, admitted_on=day)
        part = "member" if held.care_team.filter(until=None).exists() else "primary"
        held.care_team.create(clinician=counsellor, part=part, since=NOON)

    def of(self, client):
        return client.enrolments.get(program=self.program)


class World:
    def __init__(self) -> None:
        self.maya, self.ben = enrolled(preferred_name="Maya"), enrolled(preferred_name="Ben")
        Enrolment.objects.all().delete()
        self.here, self.there = Place(self.maya, self.ben), Place(self.maya, self.ben)
        # Who works in both programs looks after Maya in one of them alone.
        RoleHeld.objects.create(user=self.here.hers, role=Role.CLINICIAN, program=self.there.program)

    @property
    def places(self):
        return (self.here, self.there)

    def for_each(self, make):
        """Of everybody in both programs: the same thing, Maya's first."""
        return {
            (client, place): make(place, client, counsellor)
            for client in (self.maya, self.ben)
            for place in self.places
            for counsellor in [place.hers if client is self.maya else place.his]
        }


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(SOON, tick=False):
        yield


@pytest.fixture
def world():
    return World()


def mine(made, who):
    return {one.pk for (client, _place), one in made.items() if client is who}


def keys(found):
    return {one.pk for one in found}


# ── Conversations ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def threads(world):
    def begin(place, client, counsellor):
        return conversations.begin_thread(
            client, program=place.program, subject="x", text="x", once=uuid4(), by=counsellor, now=NOON
        )

    return world.for_each(begin)


def test_conversations_are_a_client_s_own_and_a_team_s_there(world, threads):
    assert keys(conversations.own_threads(world.maya)) == mine(threads, world.maya)
    assert keys(conversations.threads_for(world.here.hers)) == {threads[world.maya, world.here].pk}
    assert keys(conversations.threads_for(world.here.hers, client=world.ben)) == set()
    world.here.admit(world.ben, world.there.hers)
    assert keys(conversations.threads_for(world.there.hers, client=world.maya)) == {threads[world.maya, world.there].pk}
    assert [keys(Thread.objects.visible_to(who)) for who in (world.here.his, world.maya)] == [
        {threads[world.ben, world.here].pk},
        mine(threads, world.maya),
    ]


def test_a_clinician_s_own_conversation_as_a_client_is_not_among_their_work(world, threads):
    world.here.admit(world.here.his, world.there.hers)
    own = Thread.objects.create(
        client=world.here.his,
        program=world.here.program,
        subject="x",
        begun_at=NOON,
        begun_by=world.here.his,
        last_at=NOON,
    )
    assert own.pk not in keys(conversations.threads_for(world.here.his))
    assert own.pk in keys(conversations.own_threads(world.here.his))


def test_what_is_new_is_new_to_each_by_themselves(world, threads):
    for thread in threads.values():
        assert list(Unread.objects.filter(thread=thread).values_list("person", flat=True)) == [thread.client_id]
    new = Thread.objects.with_unread(world.maya).filter(is_new=True)
    assert keys(new) == mine(threads, world.maya)
    assert [conversations.unread_by(who) for who in (world.maya, world.here.hers)] == [2, 0]
    Unread.objects.create(thread=threads[world.ben, world.here], person=world.maya, since=NOON)
    assert conversations.unread_by(world.maya) == 2


def test_where_somebody_may_write(world):
    outsider = enrolled(world.here.program, preferred_name="Alone")
    assert conversations.programs_to_write_to(outsider) == []
    assert conversations.programs_shared_with(world.here.hers, world.ben) == []
    assert conversations.programs_shared_with(world.here.hers, world.maya) == [world.here.program]
    with pytest.raises(conversations.NobodyReads):
        conversations.begin_thread(
            world.ben, program=world.here.program, subject="x", text="x", once=uuid4(), by=world.here.hers, now=NOON
        )


def test_a_time_that_is_over_is_over_whoever_else_is_there(world, threads):
    world.here.of(world.maya).care_team.update(until=SOON)
    Enrolment.objects.filter(client=world.maya, program=world.here.program).update(
        state="discharged", discharged_on=NOON.date(), discharge_reason="left"
    )
    assert not conversations.may_write(threads[world.maya, world.here], world.maya)
    assert conversations.may_write(threads[world.ben, world.here], world.ben)


def test_what_is_given_to_somebody_is_theirs_alone(world, threads):
    thread = threads[world.maya, world.here]
    world.here.of(world.maya).care_team.create(clinician=world.here.his, since=NOON)
    conversations.assign_thread(thread, to=world.here.his, by=world.here.hers, now=SOON)
    shown = [keys(conversations.threads_for(who, show="mine")) for who in (world.here.his, world.here.hers)]
    assert shown == [{thread.pk}, set()]


def test_drafts_are_one_s_own_and_sending_takes_only_that(world, threads):
    team = world.here.hers
    world.here.admit(world.ben, team)

    def draft(writer, client, thread=None):
        save_draft(writer, client=client, thread=thread, text="Half", once=None, now=NOON)
        return Draft.objects.get(writer=writer, client=client, thread=thread)

    thread = threads[world.maya, world.here]
    new, other = draft(team, world.maya), draft(team, world.ben)
    own, answer_ = draft(world.maya, world.maya), draft(world.maya, world.maya, thread)
    theirs = draft(team, world.maya, thread)
    assert [draft_of(team, client=who) for who in (world.maya, world.ben)] == [new, other]
    assert [draft_of(who, client=world.maya, thread=thread) for who in (world.maya, team)] == [answer_, theirs]
    save_draft(team, client=world.ben, text="", once=None, now=NOON)
    assert keys(Draft.objects.all()) == {new.pk, own.pk, answer_.pk, theirs.pk}
    draft(team, world.ben)
    conversations.begin_thread(
        world.maya, program=world.here.program, subject="x", text="x", once=uuid4(), by=team, now=SOON
    )
    assert keys(Draft.objects.filter(client=world.maya)) == {own.pk, answer_.pk, theirs.pk}
    assert draft_of(team, client=world.ben) is not None
    conversations.write_message(thread, text="Yes.", once=uuid4(), by=team, now=SOON)
    assert keys(Draft.objects.filter(client=world.maya)) == {own.pk, answer_.pk}


def test_a_form_of_somebody_else_is_another_form(world, threads):
    once, thread = uuid4(), threads[world.maya, world.here]
    for writer in (world.maya, world.here.hers):
        conversations.write_message(thread, text="The same", once=once, by=writer, now=SOON)
    assert list(Message.objects.filter(once=once).values_list("sender", flat=True).order_by("pk")) == [
        world.maya.pk,
        world.here.hers.pk,
    ]


def test_a_follow_up_leads_to_a_conversation_of_one_s_own_team_alone(world, threads):
    thread = threads[world.maya, world.here]
    page = follow_ups[UNANSWERED].place
    assert page(thread.pk, world.here.hers) is not None
    assert [page(thread.pk, who) for who in (world.here.his, world.here.office, world.maya)] == [None] * 3


# ── Agreements, plans, practice ───────────────────────────────────────────────────────────────────────────────


def test_agreements_and_signatures(world):
    held = {}
    for place in world.places:
        held[place] = agreements.publish_version(
            place.program, Agreement.Kind.RULES, text="x", asked_for=True, seen=0, by=place.office, now=NOON
        )
    stranger = enrolled(ProgramFactory())
    assert [keys(Agreement.objects.visible_to(who)) for who in (world.maya, stranger)] == [keys(held.values()), set()]
    assert keys(Agreement.objects.run_by(world.here.office)) == {held[world.here].pk}
    signed = agreements.sign_agreement(held[world.here], name=world.ben.full_name, by=world.ben, now=NOON)
    assert list(agreements.signed_by(world.ben)) == [signed]
    assert list(agreements.signed_by(world.maya)) == []
    assert agreements.signature_under(held[world.here], world.maya) is None
    assert keys(agreements.owed_by(world.maya)) == keys(held.values())
    assert keys(agreements.owed_by(world.ben)) == {held[world.there].pk}
    assert list(agreements.owed_by(stranger)) == []


def test_plans_and_what_was_suggested_for_them(world):
    plan_suggestions.suggest_text(world.here.of(world.ben), "matters", "x", by=world.here.his, now=NOON)
    assert plan_suggestions.suggestions_waiting(world.maya) == {}
    assert [one.client for one in care_plans.own_enrolments(world.maya)] == [world.maya] * 2


def test_care_is_prescribed_where_one_works_and_is_on_the_team(world):
    cared_for = prescribing.enrolments_cared_for
    assert keys(cared_for(world.here.hers)) == {world.here.of(world.maya).pk}
    RoleHeld.objects.filter(user=world.here.hers, program=world.here.program).delete()
    assert keys(cared_for(world.here.hers)) == set()


def test_practice(world):
    skills = {
        place: Skill.objects.create(program=place.program, name="x", in_short="x", how="x") for place in world.places
    }
    given = world.for_each(
        lambda place, client, by: homework.give_homework(place.of(client), skills[place], by=by, now=NOON)
    )
    assert keys(homework.practice_of(world.maya)) == mine(given, world.maya)
    outsider = enrolled(world.here.program)
    assert keys(Skill.objects.visible_to(outsider)) == {skills[world.here].pk}
    assert keys(Skill.objects.run_by(world.here.office)) == {skills[world.here].pk}
    Skill.objects.filter(program=world.here.program).update(in_use=False)
    assert keys(Skill.objects.visible_to(outsider)) == set()


def test_quiet_minutes_and_what_is_at_the_top_are_one_s_own(world):
    one, other = list(practices().values())[:2]
    kept = {}
    for who, minutes in ((world.ben, 9), (world.maya, 3)):
        kept[who] = sittings.keep_sitting(one, minutes=minutes, how="helped", shared=True, by=who, now=NOON)
        sittings.pin(one, by=who, now=NOON)
    sittings.pin(other, by=world.ben, now=NOON)
    assert keys(kept.values()) == keys(Sitting.objects.all())
    assert [*sittings.log_of(world.maya)] == [kept[world.maya]]
    assert (sittings.lately(world.maya, now=SOON).count, sittings.lately(world.maya, now=SOON).minutes) == (1, 3)
    assert sittings.shared_of(world.maya) == (1, 1)
    assert sittings.pinned_by(world.maya) == [one]
    world.here.admit(world.ben, world.here.hers)
    read = sittings.read_shared(world.maya, by=world.here.hers, now=SOON)
    assert [line.sitting for line in read] == [kept[world.maya]]
    sittings.unpin(one, by=world.maya, now=SOON)
    assert sittings.pinned_by(world.ben) == [one, other]


# ── Measures ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_asked_and_begun_is_one_s_own(world):
    stranger = enrolled(ProgramFactory())
    ask(world.there.of(world.ben), GAD, by=None, now=NOON)
    open_ = answer(world.ben, CRAVING, {})
    assert measures.asked_of(world.maya) == {}
    assert measures.enrolment_for(world.maya, GAD) == measures.enrolment_for(world.maya, CRAVING)
    assert measures.enrolment_for(world.ben, GAD) == world.there.of(world.ben)
    assert measures.open_sheet(world.maya, CRAVING, now=NOON) is None
    shown = {offer.instrument.code: (offer.asked, offer.begun) for offer in measures.offers_to(world.maya, now=NOON)}
    assert (shown["gad-7"], shown["craving"]) == ((False, False), (False, False))
    hers = answer(world.maya, CRAVING, {})
    assert (hers.person, hers.enrolment.client) == (world.maya, world.maya)
    open_.refresh_from_db()
    assert open_.left_at is None
    shown = {offer.instrument.code: (offer.asked, offer.begun) for offer in measures.offers_to(world.maya, now=NOON)}
    assert (shown["gad-7"], shown["craving"]) == ((False, False), (False, True))
    referred = enrolled(ProgramFactory(), state="referred")
    assert [measures.offers_to(who, now=NOON) for who in (referred, enrolled(state="discharged"))] == [[], []]
    with pytest.raises(measures.NotAdmitted):
        measures.begin(referred, GAD, by=referred, now=NOON)
    assert Asking.objects.filter(person=stranger).count() == 0


def test_what_was_sent_in_is_read_of_one_person_by_who_may(world):
    for client in (world.maya, world.ben):
        sent(client, GAD, points(GAD, 9 if client is world.maya else 4))
    where = measures.enrolment_for(world.maya, GAD).program
    place = next(place for place in world.places if place.program == where)
    place.admit(world.ben, place.hers)

    def scores(reader, client=world.maya):
        one = results.course_of(client, GAD, reader=reader, now=NOON)
        every = results.courses_of(client, reader=reader, now=NOON)
        return [result.score for result in one.results], [r.score for course in every for r in course.results]

    assert scores(world.maya) == ([9], [9])
    assert scores(place.hers) == ([9], [9])
    assert scores(place.his) == ([], [])
    assert scores(place.office) == ([], [])


def test_an_alert_is_read_of_one_person_by_who_may(world):
    for place in world.places:
        always_on_call(place.program, place.hers)
    for client in (world.maya, world.ben):
        answer(client, PHQ, {"9": 2})
    program = Sheet.objects.get(person=world.maya).enrolment.program
    place = next(place for place in world.places if place.program == program)
    place.admit(world.ben, place.hers)

    def about(client, reader):
        return [alert.client for alert in results.alerts_about(client, PHQ, reader=reader, now=NOON)]

    assert about(world.maya, place.hers) == [world.maya]
    assert about(world.ben, place.hers) == [world.ben]
    assert [about(world.maya, who) for who in (place.his, place.office)] == [[], []]


def test_an_emergency_opens_answers_to_who_broke_the_glass_alone(world):
    sheet = sent(world.maya, GAD, points(GAD, 9))
    opener, other = clinician(sheet.enrolment.program), clinician(sheet.enrolment.program)
    BrokenGlass.objects.create(
        clinician=opener,
        client=world.maya,
        program=sheet.enrolment.program,
        reason="x",
        since=NOON,
        until=NOON + 2 * HOUR,
    )
    assert [keys(Sheet.objects.visible_to(who, SOON)) for who in (opener, other)] == [{sheet.pk}, set()]


def whose_internship_is_over(place):
    kim = clinician(place.program)
    until = NOON.date() + timedelta(days=2)
    set_supervision(introduced(kim), supervisor=place.hers, until=until, by=place.office, now=NOON)
    Clinician.objects.filter(user=kim).update(intern_until=NOON.date() - timedelta(days=1))
    return kim


# ── Notes ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def signed(world):
    def sign(place, client, by):
        return notes.sign_note(notes.begin_note(client, place.program, by=by, now=NOON), text="x", by=by, now=NOON)

    return world.for_each(sign)


def test_notes_are_read_by_their_client_and_their_team_there(world, signed):
    assert keys(notes.own_notes(world.maya)) == mine(signed, world.maya)
    here = signed[world.maya, world.here].pk
    assert keys(Note.objects.visible_to(world.here.hers, SOON)) == {here}
    assert keys(notes.notes_about(world.maya, reader=world.here.hers, now=SOON)) == {here}
    assert keys(notes.notes_about(world.maya, reader=world.here.his, now=SOON)) == set()
    world.here.admit(world.ben, world.here.hers)
    assert keys(notes.notes_about(world.maya, reader=world.here.hers, now=SOON)) == {here}


def test_an_internship_that_is_over_closes_notes_to_that_intern_alone(world, signed):
    place = world.here
    kim = whose_internship_is_over(place)
    world.here.admit(world.maya, kim)
    assert [Note.objects.visible_to(who, SOON).exists() for who in (place.hers, kim)] == [True, False]


def test_an_emergency_opens_the_notes_of_one_person_to_one_reader(world, signed):
    place = world.here
    opener, other = clinician(place.program), clinician(place.program)
    BrokenGlass.objects.create(
        clinician=opener, client=world.ben, program=place.program, reason="x", since=NOON, until=NOON + 2 * HOUR
    )
    ben_s = {signed[world.ben, place].pk}
    assert [keys(Note.objects.visible_to(who, SOON)) for who in (opener, other)] == [ben_s, set()]


def test_a_supervisor_who_works_there_no_more_reads_and_signs_nothing(world):
    place, grace = world.here, clinician(world.here.program)
    introduced(grace)
    kim, until = clinician(place.program), NOON.date() + timedelta(days=2)
    set_supervision(introduced(kim), supervisor=grace, until=until, by=place.office, now=NOON)
    place.admit(world.maya, kim)
    note = notes.sign_note(notes.begin_note(world.maya, place.program, by=kim, now=NOON), text="x", by=kim, now=NOON)
    assert (keys(Note.objects.visible_to(grace, SOON)), keys(notes.to_sign_by(grace))) == ({note.pk}, {note.pk})
    RoleHeld.objects.filter(user=grace).delete()
    assert (keys(Note.objects.visible_to(grace, SOON)), keys(notes.to_sign_by(grace))) == (set(), set())


def test_a_client_who_works_here_too_reads_of_themself_alone_as_a_client(world, signed):
    RoleHeld.objects.create(user=world.maya, role=Role.CLINICIAN, program=world.here.program)
    world.here.admit(world.ben, world.maya)
    assert keys(notes.own_notes(world.maya)) == mine(signed, world.maya)


def test_who_works_there_no_more_has_none_of_it(world, signed):
    begun = notes.begin_note(world.maya, world.here.program, by=world.here.hers, now=NOON)
    BrokenGlass.objects.create(
        clinician=world.here.hers,
        client=world.ben,
        program=world.here.program,
        reason="x",
        since=NOON,
        until=NOON + 2 * HOUR,
    )
    seen = {signed[world.maya, world.here].pk, signed[world.ben, world.here].pk, begun.pk}
    assert keys(Note.objects.visible_to(world.here.hers, SOON)) == seen
    assert keys(notes.to_sign_by(world.here.hers)) == {begun.pk}
    RoleHeld.objects.filter(user=world.here.hers, program=world.here.program).delete()
    assert keys(Note.objects.visible_to(world.here.hers, SOON)) == set()
    assert keys(notes.to_sign_by(world.here.hers)) == set()


def test_of_one_place_each_author_has_a_note_of_their_own(world):
    way = ModalityFactory(program=world.here.program)
    about = notes.About(way, NOON, 7)
    hers, his = (
        notes.begin_note(world.maya, world.here.program, about=about, by=who, now=NOON)
        for who in (world.here.hers, world.here.his)
    )
    assert [one.author for one in (hers, his)] == [world.here.hers, world.here.his]


def test_only_who_shares_the_client_begins_a_note(world):
    with pytest.raises(notes.NotYours):
        notes.begin_note(world.ben, world.here.program, by=world.here.hers, now=NOON)
    with pytest.raises(notes.NotYours):
        notes.begin_note(world.maya, world.there.program, by=world.here.hers, now=NOON)


def test_counselling_notes_are_their_author_s_about_one_client_there(world):
    def write(place, client, by):
        return counselling.write_counselling_note(client, place.program, text="x", by=by, now=NOON)

    hers = world.here.hers
    whose_internship_is_over(world.here)
    made = world.for_each(write)
    assert keys(counselling.notes_of(hers, world.maya, now=SOON)) == {made[world.maya, world.here].pk}
    world.here.admit(world.ben, hers)
    about_ben = write(world.here, world.ben, hers)
    assert keys(counselling.notes_of(hers, world.maya, now=SOON)) == {made[world.maya, world.here].pk}
    assert keys(counselling.notes_of(hers, world.ben, now=SOON)) == {about_ben.pk}
    for place, client, by in ((world.there, world.ben, hers), (world.here, world.maya, world.here.his)):
        with pytest.raises(counselling.NotOnTheTeam):
            write(place, client, by)
    world.here.of(world.maya).care_team.update(until=SOON)
    assert keys(CounsellingNote.objects.visible_to(hers, SOON)) == {about_ben.pk}
    world.there.admit(world.maya, hers)
    assert keys(CounsellingNote.objects.visible_to(hers, SOON)) == {about_ben.pk}


# ── The office ────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_office_sees_what_is_of_its_program(world):
    for place in world.places:
        always_on_call(place.program, place.hers)
        FirstContact.objects.create(program=place.program, made_at=NOON, once=uuid4(), name="x", phone="x", when="any")
    ours = FirstContact.objects.get(program=world.here.program)
    assert list(FirstContact.objects.run_by(world.here.office)) == [ours]
    assert {duty.program for duty in Duty.objects.run_by(world.here.office)} == {world.here.program}
    assert alerts.alerts_open_to(world.here.office, NOON).count() == 0
