"""The story once it is told: who is in it, and what each of its people has before them."""

from datetime import timedelta

import pytest

from iop_portal.accounts.models import Invitation
from iop_portal.consents.models import Category, Consent, Disclosure
from iop_portal.demo.cast import PERSONAS
from iop_portal.demo.story import tell_story
from iop_portal.followups.models import FollowUp
from iop_portal.home.caseload import cases, rows_of
from iop_portal.notices import texting
from iop_portal.notices.channels import Channel, Topic
from iop_portal.notices.models import Notice, Reach
from iop_portal.people.models import BrokenGlass, Enrolment, Program, RoleHeld, User
from iop_portal.people.roles import Role
from scheduling.courses import taken_by
from scheduling.misses import Missed
from scheduling.models import Attendance, Booking, Look, Participation, Room, Waiting, marked
from tests.demo.test_story import counted
from tests.factories import NOON
from therapy import agreements, conversations, notes, opportunities

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def told(story_told_at):
    """It is told once for all of them, since telling it takes longer than asking about it."""
    with story_told_at(NOON):
        yield


def test_telling_it_again_keeps_it_as_it_is():
    before = counted()
    assert tell_story(now=NOON + timedelta(days=1)) is False
    assert counted() == before


def person(slug):
    return User.objects.get(email=f"{slug}@portal.test")


def test_there_are_two_programs_in_two_time_zones():
    assert list(Program.objects.values_list("name", "zone")) == [
        ("Juniper", "America/Denver"),
        ("Riverbend", "America/New_York"),
    ]
    assert Room.objects.filter(in_use=True).count() == 6
    assert Room.objects.filter(in_use=False).count() == 1
    assert RoleHeld.objects.filter(role=Role.CLINICIAN).count() == 10


@pytest.mark.parametrize(
    ("slug", "roles"),
    [
        ("maya", {Role.CLIENT}),
        ("theo", {Role.CLIENT}),
        ("rosa", {Role.FAMILY}),
        ("amara", {Role.CLINICIAN}),
        ("lena", {Role.CLINICIAN}),
        ("sam", {Role.ALUM}),
        ("office", {Role.ADMIN}),
    ],
)
def test_each_persona_is_who_they_are_said_to_be(slug, roles):
    assert slug in {persona.slug for persona in PERSONAS}
    assert person(slug).roles == roles


def test_amara_looks_after_maya_theo_and_ray_and_lena_after_none_of_them():
    assert {client.preferred_name for client in User.objects.caseload_of(person("amara"))} == {"Maya", "Theo", "Ray"}
    lenas = {client.preferred_name for client in User.objects.caseload_of(person("lena"))}
    assert lenas == {"Jo", "Ana", "Marcus", "Will"}


@pytest.mark.parametrize(("slug", "week"), [("maya", 5), ("theo", 1)])
def test_weeks_are_counted_from_admission(slug, week):
    enrolment = Enrolment.objects.get(client=person(slug), state="admitted")
    assert (NOON.date() - enrolment.admitted_on).days // 7 + 1 == week


def test_rosa_knows_of_family_sessions_and_the_manager_of_nothing_any_more():
    live = Consent.objects.live(NOON).filter(client=person("maya"))
    assert list(live.values_list("category", "recipient__email")) == [(Category.FAMILY_SESSIONS, "rosa@portal.test")]
    withdrawn = Consent.objects.filter(client=person("maya"), revocation__isnull=False).get()
    assert withdrawn.category == Category.ATTENDANCE
    assert Disclosure.objects.get().consent == withdrawn


def test_the_office_finds_something_on_its_desk():
    office = person("office")
    waiting = BrokenGlass.objects.reviewable_by(office).filter(reviewed_at=None)
    assert [glass.client.preferred_name for glass in waiting] == ["Hannah"]
    assert set(office.follow_ups.open().values_list("kind", flat=True)) == {
        "glass_review",
        "dead_letter",
        "series_skipped",
        "missed_twice",
        "first_contact",
        "counsellor_wished_for",
    }
    assert Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=NOON).count() == 3
    assert Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__lte=NOON).count() == 1
    assert Invitation.objects.filter(accepted_at__isnull=False).count() == 6
    assert Invitation.objects.filter(withdrawn_at__isnull=False).count() == 1


def test_counsellors_owe_calls_of_every_kind_made_due_and_put_off():
    amara, lena = person("amara"), person("lena")
    assert list(amara.follow_ups.filter(resolved_at__isnull=False).values_list("kind", "client__preferred_name")) == [
        ("missed_session", "Maya"),
        ("demo_welcome", "Theo"),
    ]
    assert list(FollowUp.objects.waiting_for(amara, NOON).values_list("kind", "client__preferred_name")) == [
        ("safety_answer", "Ray"),
        ("missed_session", "Ray"),
        ("demo_call_back", "Maya"),
        ("opportunity_interest", "Maya"),
    ]
    assert list(FollowUp.objects.waiting_for(lena, NOON).values_list("client__preferred_name")) == [("Ana",)]
    assert [call.client.preferred_name for call in lena.follow_ups.filter(snoozed_until__gt=NOON)] == ["Jo"]
    assert FollowUp.objects.open().filter(due_at__lte=NOON).count() == 0


def test_most_people_came_and_of_the_last_day_nobody_has_said():
    over = list(marked(Booking.objects.filter(occupies=True, during__endswith__lte=NOON)))
    day_ago = NOON - timedelta(days=1)
    assert {booking.attended for booking in over if booking.ends_at > day_ago} == {None}
    states = [booking.attended for booking in over if booking.ends_at <= day_ago]
    assert 0.82 < states.count("present") / len(states) < 0.9
    assert {"late", "left_early", "excused", "missed"} < set(states)


def test_maya_was_excused_for_what_she_missed_and_ray_missed_two_in_a_row():
    (excused,) = Attendance.objects.filter(booking__person=person("maya"), state="excused")
    assert list(excused.booking.attendance.values_list("state", flat=True)) == ["missed", "excused"]
    rows = {row.name: row for row in rows_of(cases(person("amara"), now=NOON), reader=person("amara"), now=NOON)}
    assert rows["Ray D."].missed.in_a_row == 2
    assert "Missed two: reach out now" in [flag.label for flag in rows["Ray D."].flags]
    assert rows["Maya T."].missed == Missed()


def test_nobody_is_written_to_about_the_past():
    ahead = Notice.objects.filter(state=Notice.State.OWED)
    assert set(ahead.values_list("kind", flat=True)) == {"reminder"}
    assert set(ahead.values_list("to__email", flat=True)) <= {"maya@portal.test", "theo@portal.test"}
    assert set(ahead.filter(to=person("maya")).values_list("channel", flat=True)) <= {"mail", "text", "portal"}
    assert set(ahead.filter(to=person("theo")).values_list("channel", flat=True)) <= {"mail"}
    assert Notice.objects.filter(state=Notice.State.DEAD).count() == 1


def test_three_wait_for_a_full_workshop_and_a_place_is_offered_in_another():
    lines = Waiting.objects.live().select_related("session__modality")
    waiting = [entry for entry in lines if entry.state == "waiting"]
    assert [entry.session.modality.name for entry in waiting] == ["Back to work"] * 3
    assert len({entry.session_id for entry in waiting}) == 1
    assert waiting[0].session.bookings.live().count() == waiting[0].session.capacity
    (offered,) = (entry for entry in lines if entry.state == "offered")
    assert offered.stands(NOON)
    assert offered.session.bookings.live().count() == offered.session.capacity - 1


def test_maya_moved_a_session_of_last_week():
    (moved,) = Booking.objects.filter(person=person("maya"), state="moved")
    assert moved.moved_to.starts_at - moved.starts_at == timedelta(hours=19, minutes=30)
    assert moved.moved_to.occupies


def test_maya_works_and_looks_back_and_her_counsellor_reads_two_of_four_weeks():
    maya, amara = person("maya"), person("amara")
    assert [one.kind for one in maya.commitments.all()] == ["work", "faith"]
    assert (Look.objects.finished().filter(person=maya).count(), Look.objects.shown_to(amara).count()) == (4, 2)


def test_maya_gets_texts_on_a_phone_of_her_own_and_theo_only_mail():
    maya, theo = person("maya"), person("theo")
    assert texting.live_opt_in(maya).phone == "+12125550188"
    assert texting.live_opt_in(theo) is None
    assert Reach.objects.get(person=maya).by(Topic.REMINDERS) == set(Channel)
    assert not Reach.objects.filter(person=theo).exists()
    assert Notice.objects.unread().filter(to=maya).count() == 1


def test_maya_has_an_answer_to_read_and_amara_a_question():
    maya, amara, sam = person("maya"), person("amara"), person("sam")
    assert (conversations.unread_by(maya), conversations.unread_by(amara)) == (1, 1)
    assert [thread.closed_at is not None for thread in conversations.own_threads(sam)] == [True]


def test_maya_has_signed_all_there_is_and_theo_has_one_to_read():
    assert [list(agreements.owed_by(person("maya"))), len(agreements.signed_by(person("maya")))] == [[], 3]
    assert [owed.kind for owed in agreements.owed_by(person("theo"))] == ["group"]


def test_maya_reads_notes_of_her_sessions_and_amara_has_one_to_sign():
    assert [note.author for note in notes.own_notes(person("maya"))] == [person("amara")] * 2
    assert [note.client for note in notes.to_sign_by(person("amara"))] == [person("maya")]


def test_maya_is_half_through_a_course_and_sam_came_to_the_end_of_one():
    (maya,) = taken_by(person("maya"), reader=person("amara"), now=NOON)
    (sam,) = taken_by(person("sam"), reader=person("sam"), now=NOON)
    assert (maya.progress.came, maya.course.sessions, maya.progress.complete) == (4, 8, False)
    assert len(maya.progress.ahead) == 4
    assert (sam.progress.came, sam.progress.complete) == (5, True)
    assert Participation.objects.live().filter(course=maya.course).count() == 4


def test_maya_is_interested_in_work_and_amara_is_to_speak_with_her():
    (bakery,) = opportunities.interests_of(person("maya"), reader=person("amara"))
    assert (bakery.opportunity.title, bakery.last) == ("Mornings in a bakery", None)
    assert FollowUp.objects.open().get(kind=opportunities.FOLLOW_UP).owner == person("amara")
    assert len(opportunities.posted_in(person("office"), now=NOON)) == 3
