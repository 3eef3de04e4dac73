"""Every list asks the database as often for many rows as for few."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test.utils import CaptureQueriesContext

from iop_portal.accounts.models import Invitation
from iop_portal.audit import trail
from iop_portal.followups.owing import owe_follow_up
from iop_portal.notices.models import Notice
from iop_portal.people.models import Apart, BrokenGlass, RoleHeld
from iop_portal.people.roles import Role
from tests.factories import NOON, ProgramFactory, RoomFactory, clinician, enrolled, on_care_team
from tests.signing_in import sign_in


def add_rooms(program, ada, number):
    RoomFactory.create_batch(number, program=program)


def add_staff(program, ada, number):
    for _ in range(number):
        user = clinician(program)
        RoleHeld.objects.create(user=user, program=program, role=Role.ADMIN)
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})


def add_clients(program, ada, number):
    amara = clinician(program)
    for _ in range(number):
        on_care_team(amara, enrolled(program), part="primary")


def add_invitations(program, ada, number):
    for n in range(number):
        Invitation.objects.create(
            email=f"invited{Invitation.objects.count()}@portal.test",
            preferred_name=f"Person {n}",
            program=program,
            role=Role.CLINICIAN,
            invited_by=ada,
            invited_at=NOON,
            expires_at=NOON + timedelta(days=7),
        )


def add_pairs(program, ada, number):
    one = enrolled(program)
    for _ in range(number):
        Apart.objects.create(one=one, other=enrolled(program), asked_by="staff", set_by=ada, since=NOON)


def add_openings(program, ada, number):
    for _ in range(number):
        BrokenGlass.objects.create(
            clinician=clinician(program),
            client=enrolled(program),
            program=program,
            reason="She called, and nobody was there.",
            since=NOON,
            until=NOON + timedelta(hours=4),
        )


def add_dead_messages(program, ada, number):
    add_invitations(program, ada, number)
    for invitation in Invitation.objects.order_by("-pk")[:number]:
        notice = Notice.objects.create(
            kind="invitation",
            about_type="accounts.invitation",
            about_id=invitation.pk,
            owed_at=NOON,
            not_before=NOON,
            state=Notice.State.DEAD,
            ended_at=NOON,
        )
        owe_follow_up("dead_letter", about=notice, program=program, owner=ada, by=None, now=NOON)


def add_entries(program, ada, number):
    for _ in range(number):
        trail.record("glass.broken", client=enrolled(program), by=clinician(program))


def add_programs(program, ada, number):
    for _ in range(number):
        another = ProgramFactory()
        RoleHeld.objects.create(user=ada, program=another, role=Role.ADMIN)
        enrolled(another)
        RoomFactory(program=another)


LISTS = [
    ("/office/", add_programs, 10),
    ("/office/programs/{}/rooms/", add_rooms, 5),
    ("/office/programs/{}/staff/", add_staff, 7),
    ("/office/programs/{}/clients/", add_clients, 8),
    ("/office/programs/{}/invitations/", add_invitations, 6),
    ("/office/programs/{}/apart/", add_pairs, 6),
    ("/office/glass/", add_openings, 6),
    ("/office/messages/", add_dead_messages, 8),
    ("/office/trail/", add_entries, 6),
]


@pytest.mark.parametrize(("url", "add", "queries"), LISTS, ids=[url for url, *_ in LISTS])
def test_a_list_asks_as_often_for_many_as_for_few(office, ada, program, url, add, queries):
    counts = []
    for number in (2, 30):
        add(program, ada, number)
        with CaptureQueriesContext(connection) as asked:
            assert office.get(url.format(program.pk)).status_code == 200
        counts.append(len(asked))
    assert counts == [queries, queries]


def test_a_clinicians_own_list_too(client, program):
    amara = clinician(program)
    sign_in(client, amara)
    counts = []
    for number in (2, 30):
        for n in range(number):
            Invitation.objects.create(
                email=f"client{number}x{n}@portal.test",
                preferred_name="Noor",
                program=program,
                role=Role.CLIENT,
                enrol_as="referred",
                invited_by=amara,
                invited_at=NOON,
                expires_at=NOON + timedelta(days=7),
            )
        with CaptureQueriesContext(connection) as asked:
            client.get("/invitations/")
        counts.append(len(asked))
    assert counts == [6, 6]
