"""What an office reads is of its own program: two of them, with the same of everything."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from iop_portal.accounts.glass import break_glass
from iop_portal.accounts.invitations import invite
from iop_portal.audit import trail
from iop_portal.followups.models import FollowUp
from iop_portal.office.desk import desk_of
from iop_portal.office.forms import GiveRoleForm
from iop_portal.office.forms.care import GivesForm
from iop_portal.office.trail import entries_for
from iop_portal.people.models import RoleHeld
from iop_portal.people.roles import Role
from tests.factories import ModalityFactory, ProgramFactory, admin, clinician, enrolled, introduced, on_care_team
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db


class House:
    def __init__(self, name, now) -> None:
        self.program = ProgramFactory(name=name)
        self.office = admin(self.program, preferred_name=f"Office {name}")
        self.amara, self.lena = (clinician(self.program, preferred_name=f"{one} {name}") for one in ("Amara", "Lena"))
        self.maya = enrolled(self.program, preferred_name=f"Maya {name}")
        on_care_team(self.amara, self.maya, part="primary")
        self.glass = break_glass(self.maya, reason="She called the front desk", by=self.lena, now=now)
        FollowUp.objects.create(
            program=self.program,
            kind="first_contact",
            owner=self.office,
            about_type="x",
            about_id=self.program.pk,
            made_at=now,
            due_at=now + timedelta(days=1),
        )
        self.invitation = invite(
            email=f"{name}@portal.test",
            preferred_name=f"Guest {name}",
            program=self.program,
            role=Role.CLIENT,
            enrol_as="admitted",
            counsellor=self.amara,
            by=self.amara,
            now=now,
        )


class Street:
    def __init__(self) -> None:
        self.now = timezone.now() - timedelta(minutes=5)
        self.here, self.there = House("here", self.now), House("there", self.now)


@pytest.fixture
def street():
    return Street()


def shown_to(client, person, page, *args):
    sign_in(client, person)
    return client.get(reverse(f"office:{page}", args=args)).content.decode()


def test_the_desk_counts_what_waits_for_oneself_there(street):
    here = street.here
    RoleHeld.objects.create(user=here.office, program=here.program, role=Role.CLINICIAN)
    own = break_glass(here.maya, reason="She called the front desk", by=here.office, now=street.now)
    told = desk_of(here.office, now=timezone.now())
    assert (told.follow_ups, told.glass, own.clinician) == (1, 1, here.office)


@pytest.mark.parametrize(
    ("person", "page", "own", "other"),
    [
        ("office", "glass", "Maya here", "Maya there"),
        ("amara", "my_invitations", "Guest here", "Guest there"),
        ("office", "trail", "Maya here", "Maya there"),
    ],
)
def test_a_list_holds_one_s_own(client, street, person, page, own, other):
    shown = shown_to(client, getattr(street.here, person), page)
    assert (own in shown, other in shown) == (True, False)


def test_a_role_is_given_to_one_s_own_staff(street):
    offered = GiveRoleForm(by=street.here.office).fields["user"].queryset
    assert set(offered) == {street.here.office, street.here.amara, street.here.lena}


def test_what_is_out_of_use_stays_offered_to_who_gives_it(street):
    here = street.here
    mine, hers = (ModalityFactory(program=here.program, in_use=False) for _each in range(2))
    amara = introduced(here.amara, mine)
    introduced(here.lena, hers)
    assert list(GivesForm(clinician=amara, program=here.program).fields["modalities"].queryset) == [mine]


def test_the_trail_is_searched_for_whoever_stands_in_what_one_may_read(street):
    """Somebody who left as well, and nobody of another program."""
    here, there = street.here, street.there
    here.lena.roles_held.all().delete()
    trail.record("glass.reviewed", here.glass, client=here.maya, by=there.amara, at=street.now)
    assert entries_for(here.office, {"person": "Lena here"}).exists()
    assert not entries_for(here.office, {"person": "there"}).exists()
    assert {entry.client for entry in entries_for(here.office, {}) if entry.client} == {here.maya}


def test_another_stay_in_a_program_of_somebody_else_is_not_told(client, street):
    here, there = street.here, street.there
    day = timezone.localdate() - timedelta(days=9)
    here.maya.enrolments.create(program=there.program, state="admitted", referred_on=day, admitted_on=day)
    held = here.maya.enrolments.get(program=here.program)
    sign_in(client, here.office)
    assert list(client.get(reverse("office:client", args=[held.pk])).context["others"]) == []


def test_an_invitation_is_taken_back_by_who_made_it_or_its_office(client, street):
    where = reverse("office:withdraw_invitation", args=[street.here.invitation.pk])
    answers = []
    for person in (street.there.office, street.there.amara, street.here.lena, street.here.amara):
        sign_in(client, person)
        answers.append(client.post(where).status_code)
    assert answers == [404, 404, 404, 302]
