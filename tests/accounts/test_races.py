"""What happens when two do the same at once. Real transactions, real threads."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection

from iop_portal.accounts import invitations
from iop_portal.accounts.apart import are_apart, keep_apart
from iop_portal.accounts.care_teams import join_care_team
from iop_portal.people.models import Apart, CareTeam, Enrolment, User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from tests.accounts.test_invitations import MAYA, invited, mint
from tests.factories import NOON, ProgramFactory, admin, clinician, enrolled

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts):
    """What each did: its result, or the kind of refusal. All begin together."""
    gate = threading.Barrier(len(acts))

    def run(act):
        gate.wait()
        try:
            return act()
        except Refused as refusal:
            return type(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(run, act) for act in acts]]


def test_of_two_browsers_that_accept_the_same_invitation_one_gets_the_account():
    token_hash = mint(invited())

    done = at_once(*[partial(invitations.accept_invitation, token_hash, person=MAYA, now=NOON)] * 8)

    assert done.count(invitations.InvitationGone) == 7
    assert User.objects.filter(email="maya@portal.test").count() == 1
    assert Enrolment.objects.count() == 1


def test_of_two_invitations_of_one_address_accepted_at_once_one_opens_the_account():
    hashes = [mint(invited(role=role)) for role in (Role.CLIENT, Role.FAMILY)]

    done = at_once(*[partial(invitations.accept_invitation, h, person=MAYA, now=NOON) for h in hashes])

    assert done.count(invitations.SignInFirst) == 1
    assert User.objects.filter(email="maya@portal.test").count() == 1


def test_an_invitation_is_withdrawn_or_accepted_never_both():
    office = admin()
    for _ in range(5):
        program = ProgramFactory()
        invitation = invited(program=program, email=f"p{program.pk}@portal.test")
        token_hash = mint(invitation)

        done = at_once(
            partial(invitations.accept_invitation, token_hash, person=MAYA, now=NOON),
            partial(invitations.withdraw_invitation, invitation, by=office, now=NOON),
        )

        invitation.refresh_from_db()
        assert (invitation.accepted_at is None) != (invitation.withdrawn_at is None)
        assert [isinstance(one, type) for one in done].count(True) == 1, "one of the two is refused"


def test_nobody_joins_a_care_team_while_the_two_are_being_kept_apart():
    program = ProgramFactory()
    office = admin(program)
    for _ in range(8):
        amara, maya = clinician(program), enrolled(program)

        at_once(
            partial(join_care_team, maya.enrolments.get(), clinician=amara, part="member", by=office, now=NOON),
            partial(keep_apart, maya, amara, asked_by=Apart.AskedBy.SAFETY, by=office, now=NOON),
        )

        assert are_apart(maya, amara)
        assert not CareTeam.objects.filter(clinician=amara, until=None).exists()
