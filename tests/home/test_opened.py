"""Who opened my record: every line in words, and nobody else's."""

from datetime import timedelta

import pytest
from django.urls import reverse

from iop_portal.audit import trail
from iop_portal.people.models import BrokenGlass
from iop_portal.people.roles import Role
from tests.factories import NOON, ProgramFactory, admin, clinician, enrolled, held
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db
OPENED = "home:opened"


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def maya(program):
    return enrolled(program, preferred_name="Maya", surname="Tester")


def lines_of(client, **query):
    return [
        (str(x.who), str(x.part), str(x.did), str(x.more)) for x in client.get(reverse(OPENED), query).context["lines"]
    ]


def test_before_anybody_opened_it_the_page_says_so(client, maya):
    assert "Nobody has opened your record yet." in sign_in(client, maya).get(reverse(OPENED)).content.decode()


def test_each_line_says_who_in_which_part_did_what(client, maya, program):
    amara = clinician(program, preferred_name="Amara", surname="Osei")
    rosa = held(Role.FAMILY, program, preferred_name="Rosa", surname="Lind")
    office = admin(program, preferred_name="Dana", surname="Whitfield")
    trail.record("client.opened", maya, client=maya, by=amara, at=NOON, facts={"glass": False})
    trail.record("shared.read", client=maya, by=rosa, at=NOON + timedelta(minutes=1))
    trail.record("enrolment.admitted", client=maya, by=office, at=NOON + timedelta(minutes=2))
    trail.record("notice.sent", client=maya, by=None, at=NOON + timedelta(minutes=3))
    assert lines_of(sign_in(client, maya)) == [
        ("The portal", "", "sent a message", ""),
        ("Dana Whitfield", "Admin", "admitted you to the program", ""),
        ("Rosa Lind", "Family member", "looked at what you share", ""),
        ("Amara Osei", "Clinician", "opened your record", ""),
    ]


def test_what_one_did_oneself_is_shown_on_wish(client, maya):
    trail.record("consent.signed", client=maya, by=maya, at=NOON)
    sign_in(client, maya)
    assert lines_of(client) == []
    assert ("You", "", "gave a permission", "") in lines_of(client, own="1")


def test_nobody_finds_lines_about_somebody_else(client, maya, program):
    amara = clinician(program)
    trail.record("client.opened", client=enrolled(program), by=amara, at=NOON)
    trail.record("caseload.read", by=amara, at=NOON)
    assert lines_of(sign_in(client, maya), own="1") == []


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        ("", "An admin of the program looks into it."),
        ("justified", "An admin looked into it: it was needed."),
        ("unjustified", "An admin looked into it: it was not needed. You may ask us about it."),
    ],
)
def test_an_emergency_access_says_what_came_of_it(client, maya, program, finding, words):
    lena = clinician(program, preferred_name="Lena", surname="Fischer")
    reviewed = {"reviewed_at": NOON, "reviewed_by": admin(program), "finding": finding} if finding else {}
    glass = BrokenGlass.objects.create(
        clinician=lena,
        client=maya,
        program=program,
        reason="Not for other eyes",
        since=NOON,
        until=NOON + timedelta(hours=4),
        **reviewed,
    )
    trail.record("glass.broken", glass, client=maya, by=lena, at=NOON)
    trail.record("client.opened", maya, client=maya, by=lena, at=NOON + timedelta(minutes=1), facts={"glass": True})
    assert lines_of(sign_in(client, maya)) == [
        ("Lena Fischer", "Clinician", "opened your record", "By an emergency access."),
        ("Lena Fischer", "Clinician", "opened your record in an emergency", words),
    ]
    assert "Not for other eyes" not in client.get(reverse(OPENED)).content.decode()


@pytest.mark.parametrize("many", [2, 20])
def test_it_takes_as_many_queries_for_many_lines_as_for_few(client, maya, program, many, django_assert_num_queries):
    for _ in range(many):
        trail.record("client.opened", maya, client=maya, by=clinician(program), at=NOON)
    sign_in(client, maya)
    with django_assert_num_queries(7):
        client.get(reverse(OPENED))


def test_many_lines_come_in_pages(client, maya, program):
    amara = clinician(program)
    for minute in range(30):
        trail.record("client.opened", maya, client=maya, by=amara, at=NOON + timedelta(minutes=minute))
    sign_in(client, maya)
    assert len(lines_of(client)) == 25
    assert len(lines_of(client, page="2")) == 5
    assert "Page 1 of 2" in client.get(reverse(OPENED)).content.decode()


def test_staff_and_family_have_no_such_page(client, program):
    for person in (clinician(program), admin(program), held(Role.FAMILY, program)):
        assert sign_in(client, person).get(reverse(OPENED)).status_code == 403


def test_the_page_tells_now_in_the_readers_own_zone(client, maya, program):
    type(maya).objects.filter(pk=maya.pk).update(zone="Pacific/Auckland")
    trail.record("client.opened", maya, client=maya, by=clinician(program), at=NOON)
    assert "Wednesday 25 November, 6:00 am" in sign_in(client, maya).get(reverse(OPENED)).content.decode()
