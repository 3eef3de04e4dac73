"""Breaking the glass: what it opens, for how long, and who looks at it afterwards."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse
from django.utils import timezone

from iop_portal.accounts import glass
from iop_portal.accounts.apart import keep_apart
from iop_portal.audit.models import Entry
from iop_portal.followups.models import FollowUp
from iop_portal.people.models import Apart, BrokenGlass, User
from tests.factories import NOON, ProgramFactory, UserFactory, admin, clinician, enrolled, on_care_team
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db
REASON = "She called the desk in distress and her counsellor is away."


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def office(program):
    return admin(program)


@pytest.fixture
def lena(program):
    return clinician(program)


@pytest.fixture
def maya(program):
    maya = enrolled(program, email="maya@portal.test")
    EmailAddress.objects.create(user=maya, email=maya.email, verified=True, primary=True)
    return maya


def may_read(clinician, client, now):
    return User.objects.open_to(clinician, now).filter(pk=client.pk).exists()


def test_it_opens_the_record_for_four_hours_and_no_longer(office, lena, maya):
    assert not may_read(lena, maya, NOON)

    glass.break_glass(maya, reason=REASON, by=lena, now=NOON)

    assert may_read(lena, maya, NOON)
    assert may_read(lena, maya, NOON + timedelta(hours=3, minutes=59))
    assert not may_read(lena, maya, NOON + timedelta(hours=4))


def test_the_client_sees_it_and_an_admin_is_owed_a_review(office, lena, maya):
    broken = glass.break_glass(maya, reason=REASON, by=lena, now=NOON)

    entry = Entry.objects.get(verb="glass.broken")
    assert (entry.client, entry.actor, entry.object_id) == (maya, lena, broken.pk)
    assert REASON not in str(entry.facts)
    owed = FollowUp.objects.get()
    assert (owed.kind, owed.owner, owed.client, owed.due_at) == (
        "glass_review",
        office,
        None,
        NOON + timedelta(days=1),
    )


@pytest.mark.parametrize("reason", ["", "   ", "urgent", "nineteen characters", " " * 30 + "urgent"])
def test_a_reason_is_a_sentence(reason, office, lena, maya):
    with pytest.raises(glass.ReasonTooShort):
        glass.break_glass(maya, reason=reason, by=lena, now=NOON)
    assert not BrokenGlass.objects.exists()


def test_nothing_opens_outside_one_s_own_programs_or_for_somebody_kept_apart(office, lena, maya):
    stranger = enrolled(email="jo@portal.test")
    keep_apart(lena, maya, asked_by=Apart.AskedBy.CLIENT, by=office, now=NOON)

    for client in (stranger, maya, UserFactory(), lena):
        with pytest.raises(glass.NoSuchRecord):
            glass.break_glass(client, reason=REASON, by=lena, now=NOON)
    assert not BrokenGlass.objects.exists()


def test_only_clinicians_break_the_glass(office, maya):
    with pytest.raises(glass.NoSuchRecord):
        glass.break_glass(maya, reason=REASON, by=office, now=NOON)


def test_it_is_not_for_one_s_own_clients(office, lena, maya):
    on_care_team(lena, maya)

    with pytest.raises(glass.OnTheirTeam):
        glass.break_glass(maya, reason=REASON, by=lena, now=NOON)


def test_an_address_finds_a_client_of_one_s_program_and_nobody_else(office, lena, maya):
    stranger = enrolled(email="jo@portal.test")
    EmailAddress.objects.create(user=stranger, email=stranger.email, verified=True, primary=True)

    assert glass.client_by_address(" MAYA@portal.test", clinician=lena) == maya
    for address in ("nobody@portal.test", "jo@portal.test", lena.email):
        with pytest.raises(glass.NoSuchRecord):
            glass.client_by_address(address, clinician=lena)
    keep_apart(lena, maya, asked_by=Apart.AskedBy.CLIENT, by=office, now=NOON)
    with pytest.raises(glass.NoSuchRecord):
        glass.client_by_address("maya@portal.test", clinician=lena)


def test_it_can_end_early(office, lena, maya):
    broken = glass.break_glass(maya, reason=REASON, by=lena, now=NOON)
    soon = NOON + timedelta(minutes=10)
    for stranger in (clinician(broken.program), admin(ProgramFactory()), maya):
        with pytest.raises(glass.NotYoursToEnd):
            glass.end_glass(broken, by=stranger, now=soon)

    glass.end_glass(broken, by=lena, now=soon)

    assert not may_read(lena, maya, soon)
    with pytest.raises(glass.GlassMended):
        glass.end_glass(broken, by=lena, now=soon)


def test_whoever_is_done_closes_the_record_again_on_its_page(client, office, lena, maya):
    broken = glass.break_glass(maya, reason=REASON, by=lena, now=timezone.now() - timedelta(minutes=1))
    page, end = reverse("home:client", args=[maya.pk]), reverse("accounts:end_glass", args=[broken.pk])
    sign_in(client, lena)
    assert end in client.get(page).content.decode()
    assert "The record is closed to you again." in client.post(end, follow=True).content.decode()
    assert (client.get(page).status_code, client.post(end).status_code) == (404, 302)
    assert sign_in(client, clinician(broken.program)).post(end).status_code == 404


def test_a_review_ends_the_follow_up(office, lena, maya):
    broken = glass.break_glass(maya, reason=REASON, by=lena, now=NOON)

    glass.review_glass(broken, by=office, finding="justified", note="Right to do.", now=NOON)

    broken.refresh_from_db()
    assert (broken.reviewed_by, broken.finding, broken.review_note) == (office, "justified", "Right to do.")
    assert FollowUp.objects.get().resolved_by == office
    with pytest.raises(glass.ReviewedAlready):
        glass.review_glass(broken, by=office, finding="unjustified", note="", now=NOON)


def test_nobody_reviews_their_own_and_no_admin_of_another_program_does(program, office, lena, maya):
    lena.roles_held.create(program=program, role="admin")
    broken = glass.break_glass(maya, reason=REASON, by=lena, now=NOON)

    for reviewer in (lena, admin(), clinician(program)):
        with pytest.raises(glass.NotYoursToReview):
            glass.review_glass(broken, by=reviewer, finding="justified", note="", now=NOON)
    assert FollowUp.objects.get().owner == office


def test_an_emergency_does_not_wait_for_an_admin(lena, maya):
    glass.break_glass(maya, reason=REASON, by=lena, now=NOON)

    assert may_read(lena, maya, NOON)
    assert Entry.objects.get(verb="glass.broken").facts == {"review_owed": False}
    assert not FollowUp.objects.exists()
