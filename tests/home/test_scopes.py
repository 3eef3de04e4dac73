"""Whose is whose on pages of several apps: one counsellor looks after Maya and Ben, who have the same of everything."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from iop_portal.accounts.glass import break_glass
from iop_portal.audit import trail
from iop_portal.consents.models import Consent
from iop_portal.followups.owing import owe_follow_up
from iop_portal.home import for_you, opened, permissions
from iop_portal.home.chart import open_chart
from iop_portal.home.context import Frame
from iop_portal.people.models import RoleHeld, User
from iop_portal.people.roles import Role
from tests.factories import ProgramFactory, TrackFactory, admin, clinician, enrolled, on_care_team, permission_of
from tests.signing_in import sign_in
from therapy.models import Prescription

pytestmark = pytest.mark.django_db


class World:
    def __init__(self) -> None:
        self.program = ProgramFactory(name="Harbor House")
        self.amara = clinician(self.program, preferred_name="Amara")
        self.maya, self.ben = (enrolled(self.program, preferred_name=name) for name in ("Maya", "Ben"))
        track = TrackFactory(program=self.program)
        now = timezone.now() - timedelta(hours=1)
        for client in (self.maya, self.ben):
            on_care_team(self.amara, client, part="primary")
            Prescription.objects.create(
                enrolment=client.enrolments.get(),
                track=track,
                phase="core",
                hours=9,
                days=3,
                since=now.date(),
                by=self.amara,
            )
            consent = permission_of(client, now=now, recipient_name=f"For {client}")
            owe_follow_up(
                "consent_withdrawn",
                about=consent,
                program=self.program,
                owner=self.amara,
                client=client,
                by=client,
                now=now,
            )
        self.now = timezone.now()


@pytest.fixture
def world():
    return World()


def test_a_client_s_page_holds_that_client_alone(world):
    chart = open_chart(world.maya, by=world.amara, now=world.now)
    assert [episode.enrolment.client for episode in chart.episodes] == [world.maya]
    assert [(episode.planned.enrolment.client, episode.plans) for episode in chart.episodes] == [(world.maya, True)]
    assert [consent.client for consent in chart.permissions] == [world.maya]
    assert len(chart.needs) == 1


def test_an_emergency_access_is_the_reader_s_own_to_that_client(world):
    one, other = clinician(world.program), clinician(world.program)
    for who, client in ((one, world.ben), (one, world.maya), (other, world.maya)):
        # The other one's lasts longer.
        when = world.now + timedelta(minutes=5) if who == other else world.now
        break_glass(client, reason="Somebody called about them", by=who, now=when)
    glass = open_chart(world.maya, by=one, now=world.now + timedelta(minutes=6)).glass
    assert (glass.clinician, glass.client) == (one, world.maya)
    assert open_chart(world.maya, by=world.amara, now=world.now).glass is None


def test_who_read_it_lately_is_told_of_this_record(world):
    reader = clinician(world.program, preferred_name="Grace")
    on_care_team(reader, world.ben)
    trail.record("client.opened", world.ben, client=world.ben, by=reader, at=world.now, facts={"glass": False})
    assert [len(opened.read_lately(who, reader=world.amara)) for who in (world.maya, world.ben)] == [0, 1]


def test_the_page_of_permissions_is_ones_own(client, world):
    page = sign_in(client, world.maya).get(reverse("home:permissions"))
    assert [consent.client for consent in page.context["live"]] == [world.maya]


def test_telling_offers_the_permissions_of_that_client(client, world):
    page = sign_in(client, world.amara).get(reverse("home:tell", args=[world.maya.pk]))
    assert [consent.client for consent in page.context["consents"]] == [world.maya]
    stranger = clinician(world.program)
    break_glass(world.maya, reason="Somebody called about them", by=stranger, now=world.now)
    elsewhere = ProgramFactory()
    theirs = world.maya.enrolments.create(program=elsewhere, state="referred", referred_on=world.now.date())
    permission_of(world.maya, now=world.now - timedelta(hours=1), program=theirs.program)
    offered = client.get(reverse("home:tell", args=[world.maya.pk])).context["consents"]
    assert {consent.program for consent in offered} == {world.program}


def test_nobody_tells_on_their_own_permission_as_their_own_counsellor(world):
    RoleHeld.objects.create(user=world.maya, role=Role.CLINICIAN, program=world.program)
    on_care_team(world.maya, world.maya)
    maya = User.objects.get(pk=world.maya.pk)
    assert list(Consent.objects.usable_by(maya, world.now)) == []


def test_what_waits_for_somebody_does_not_hang_on_others(world):
    fresh = enrolled(world.program)
    Authenticator.objects.create(user=world.ben, type=Authenticator.Type.TOTP, data={})
    titles = [str(one.title) for one in for_you.suggestions_for(fresh, now=world.now)]
    assert {"Make your account safer", "Decide who may know what"} <= set(titles)


def test_whoever_answers_for_a_client_is_their_own_counsellor_and_never_themself(world):
    grace, ada = clinician(world.program), admin(world.program)
    zoe = enrolled(world.program)
    assert permissions.answerable_for(zoe, world.program) == ada
    on_care_team(grace, zoe, part="primary")
    assert permissions.answerable_for(zoe, world.program) == grace
    alone = enrolled(world.program)
    RoleHeld.objects.filter(user=ada).delete()
    RoleHeld.objects.create(user=alone, role=Role.ADMIN, program=world.program)
    assert permissions.answerable_for(alone, world.program) is None


def test_the_number_to_call_is_that_of_ones_own_program(world):
    other = enrolled(ProgramFactory(name="Quay House"))
    for person, name in ((world.maya, "Harbor House"), (other, "Quay House")):
        request = RequestFactory().get("/")
        request.user = person
        assert Frame(request).program.name == name
