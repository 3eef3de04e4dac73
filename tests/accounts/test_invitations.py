"""Invitations: the only way in."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress

from iop_portal.accounts import invitations
from iop_portal.accounts.apart import keep_apart
from iop_portal.accounts.models import Invitation
from iop_portal.audit import verbs
from iop_portal.audit.models import Entry
from iop_portal.notices.models import Notice
from iop_portal.people.models import Apart, CareTeam, Enrolment, RoleHeld, User
from iop_portal.people.roles import Role
from tests.factories import NOON, ProgramFactory, UserFactory, admin, clinician, enrolled

pytestmark = pytest.mark.django_db

MAYA = invitations.NewPerson(
    preferred_name="Maya", surname="Tester", pronouns="she", zone="America/Chicago", password="a river before noon"
)


def invited(**fields):
    defaults = {
        "email": "maya@portal.test",
        "preferred_name": "Maya",
        "program": fields.get("program") or ProgramFactory(),
        "role": Role.CLIENT,
        "enrol_as": "admitted" if fields.get("role", Role.CLIENT) == Role.CLIENT else "",
        "by": None,
        "now": NOON,
    }
    return invitations.invite(**{**defaults, **fields})


def mint(invitation):
    """The hash of the link in the mail, as its delivery would have it."""
    link = invitations.words(invitation, None)["link"]
    return invitations.hash_of(re.search(r"/invitation/([^/]+)/$", link)[1])


def test_an_invitation_is_owed_to_an_address_and_holds_no_secret():
    office = admin()

    invitation = invited(email=" Maya@Portal.test ", program=office.roles_held.get().program, by=office)

    assert (invitation.email, invitation.token_hash) == ("maya@portal.test", None)
    notice = Notice.objects.get()
    assert (notice.kind, notice.to, notice.about_id) == ("invitation", None, invitation.pk)
    assert Entry.objects.filter(verb="invitation.made", actor=office).count() == 1


def test_the_link_is_minted_at_sending_of_the_configured_origin_and_only_its_hash_is_kept(settings):
    settings.PORTAL_ORIGIN = "https://portal.example"
    invitation = invited()

    link = invitations.words(invitation, None)["link"]

    assert link.startswith("https://portal.example/invitation/")
    token = link.split("/")[-2]
    invitation.refresh_from_db()
    assert invitation.token_hash == invitations.hash_of(token)
    assert token not in str(Invitation.objects.values().get())


def test_accepting_opens_an_account_with_the_place_that_was_offered():
    office = admin()
    program = office.roles_held.get().program
    amara = clinician(program)
    invitation = invited(program=program, counsellor=amara, by=office)

    user = invitations.accept_invitation(mint(invitation), person=MAYA, now=NOON)

    assert (user.email, user.preferred_name, user.zone) == ("maya@portal.test", "Maya", "America/Chicago")
    assert user.check_password("a river before noon")
    assert EmailAddress.objects.filter(user=user, email=user.email, verified=True, primary=True).count() == 1
    enrolment = Enrolment.objects.get(client=user)
    assert (enrolment.program, enrolment.state, enrolment.admitted_on) == (program, "admitted", NOON.date())
    place = CareTeam.objects.get(enrolment=enrolment)
    assert (place.clinician, place.part, place.until) == (amara, "primary", None)
    invitation.refresh_from_db()
    assert (invitation.accepted_by, invitation.accepted_at) == (user, NOON)
    assert set(Entry.objects.filter(at=NOON).values_list("verb", flat=True)) == {
        "invitation.made",
        "account.opened",
        "enrolment.referred",
        "enrolment.admitted",
        "care_team.joined",
        "invitation.accepted",
    }


@pytest.mark.parametrize("role", [Role.FAMILY, Role.CLINICIAN, Role.ADMIN])
def test_a_role_that_is_held_comes_with_the_invitation(role):
    invitation = invited(role=role)

    user = invitations.accept_invitation(mint(invitation), person=MAYA, now=NOON)

    assert user.roles == {role}
    assert RoleHeld.objects.get(user=user).program == invitation.program


def test_somebody_referred_is_not_a_client_yet():
    user = invitations.accept_invitation(mint(invited(enrol_as="referred")), person=MAYA, now=NOON)

    assert user.roles == {Role.APPLICANT}


def test_a_link_works_once():
    token_hash = mint(invited())
    invitations.accept_invitation(token_hash, person=MAYA, now=NOON)

    with pytest.raises(invitations.InvitationGone):
        invitations.accept_invitation(token_hash, person=MAYA, now=NOON)
    assert User.objects.filter(email="maya@portal.test").count() == 1


def test_a_link_works_for_seven_days():
    token_hash = mint(invited())
    last = NOON + timedelta(days=7)

    assert invitations.open_invitation(token_hash, now=last - timedelta(seconds=1))
    for attempt in (
        lambda: invitations.open_invitation(token_hash, now=last),
        lambda: invitations.accept_invitation(token_hash, person=MAYA, now=last),
    ):
        with pytest.raises(invitations.InvitationGone):
            attempt()
    assert not User.objects.filter(email="maya@portal.test").exists()


def test_of_two_mails_the_newest_link_is_the_one_that_works():
    invitation = invited()
    first, second = mint(invitation), mint(invitation)

    with pytest.raises(invitations.InvitationGone):
        invitations.open_invitation(first, now=NOON)
    assert invitations.open_invitation(second, now=NOON) == invitation


def test_withdrawing_kills_the_link_and_the_owed_mail():
    office = admin()
    invitation = invited()
    token_hash = mint(invitation)

    invitations.withdraw_invitation(invitation, by=office, now=NOON)

    with pytest.raises(invitations.InvitationGone):
        invitations.accept_invitation(token_hash, person=MAYA, now=NOON)
    assert Notice.objects.get().state == Notice.State.WITHDRAWN
    assert not invitations.still_owed(Invitation.objects.get())
    with pytest.raises(invitations.InvitationOver):
        invitations.withdraw_invitation(invitation, by=office, now=NOON)


def test_inviting_again_kills_the_old_link_and_owes_a_new_mail():
    office = admin()
    old = invited(program=office.roles_held.get().program)
    old_hash = mint(old)

    new = invitations.invite_again(old, by=office, now=NOON + timedelta(days=9))

    assert new.expires_at == NOON + timedelta(days=16)
    assert (new.email, new.role, new.enrol_as, new.program) == (old.email, old.role, old.enrol_as, old.program)
    with pytest.raises(invitations.InvitationGone):
        invitations.open_invitation(old_hash, now=NOON)
    assert list(Notice.objects.filter(state="owed").values_list("about_id", flat=True)) == [new.pk]


def test_an_accepted_invitation_is_not_sent_again():
    invitation = invited()
    invitations.accept_invitation(mint(invitation), person=MAYA, now=NOON)

    with pytest.raises(invitations.InvitationOver):
        invitations.invite_again(invitation, by=admin(), now=NOON)


def test_one_address_is_invited_once_for_a_role_whatever_its_case():
    invitation = invited()

    with pytest.raises(invitations.InvitedAlready):
        invited(email="MAYA@portal.test", program=invitation.program)
    assert invited(program=invitation.program, role=Role.FAMILY)
    assert invited()


def test_inviting_an_address_that_has_an_account_elsewhere_looks_the_same():
    enrolled(email="maya@portal.test")

    assert invited().pk


def test_inviting_somebody_who_has_this_place_is_refused():
    program = ProgramFactory()
    enrolled(program, email="maya@portal.test")
    clinician(program, email="amara@portal.test")

    with pytest.raises(invitations.HereAlready):
        invited(program=program)
    with pytest.raises(invitations.HereAlready):
        invited(program=program, email="amara@portal.test", role=Role.CLINICIAN)


def test_a_counsellor_of_another_program_is_refused():
    with pytest.raises(invitations.WrongCounsellor):
        invited(counsellor=clinician())
    assert not Notice.objects.exists()


def test_somebody_with_an_account_signs_in_first_and_takes_one_more_place():
    maya = enrolled(email="maya@portal.test")
    invitation = invited(role=Role.FAMILY)
    token_hash = mint(invitation)

    with pytest.raises(invitations.SignInFirst):
        invitations.accept_invitation(token_hash, person=MAYA, now=NOON)
    with pytest.raises(invitations.SomebodyElses):
        invitations.accept_as_member(token_hash, by=UserFactory(), now=NOON)
    assert not RoleHeld.objects.exists()

    invitations.accept_as_member(token_hash, by=maya, now=NOON)

    assert User.objects.get(pk=maya.pk).roles == {Role.CLIENT, Role.FAMILY}


def test_an_address_that_somebody_else_only_claimed_is_free():
    EmailAddress.objects.create(user=UserFactory(), email="maya@portal.test", verified=False, primary=False)

    user = invitations.accept_invitation(mint(invited()), person=MAYA, now=NOON)

    assert user.email == "maya@portal.test"


def test_a_confirmed_address_belongs_to_its_account_even_where_it_is_not_the_first():
    owner = UserFactory(email="old@portal.test")
    EmailAddress.objects.create(user=owner, email="maya@portal.test", verified=True, primary=True)

    assert invitations.account_for(invited()) == owner


def test_a_counsellor_who_is_kept_apart_by_now_is_left_out_without_a_word():
    program = ProgramFactory()
    amara = clinician(program)
    maya = enrolled(email="maya@portal.test")
    invitation = invited(program=program, counsellor=amara)
    keep_apart(maya, amara, asked_by=Apart.AskedBy.SAFETY, by=admin(), now=NOON)

    invitations.accept_as_member(mint(invitation), by=maya, now=NOON)

    assert Enrolment.objects.filter(client=maya, program=program).count() == 1
    assert not CareTeam.objects.exists()


def test_a_failure_at_the_very_end_leaves_no_account_and_a_link_that_works(monkeypatch):
    invitation = invited()
    token_hash = mint(invitation)
    monkeypatch.delitem(verbs.sentences, "invitation.accepted")

    with pytest.raises(KeyError):
        invitations.accept_invitation(token_hash, person=MAYA, now=NOON)
    assert not User.objects.filter(email="maya@portal.test").exists()
    assert not Enrolment.objects.exists()
    assert invitations.open_invitation(token_hash, now=NOON) == invitation
