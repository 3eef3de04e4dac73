"""Agreements as clients and the office find them, and at the door of a session."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from scheduling import joining
from scheduling.models import Arrival
from tests.factories import (
    ModalityFactory,
    ProgramFactory,
    RoomFactory,
    admin,
    clinician,
    enrolled,
    introduced,
    on_care_team,
    seated,
    session_at,
)
from tests.signing_in import sign_in
from therapy.agreements import SignFirst, publish_version, sign_agreement
from therapy.models import Agreement, Format, Signature

pytestmark = pytest.mark.django_db
OWN = reverse("therapy:agreements")
RULES, GROUP, TELEHEALTH = Agreement.Kind
SAID = {"place": "at home", "state": "NY", "phone": "(212) 555-0101", "in_private": "yes"}


@pytest.fixture
def program():
    return ProgramFactory(phone="(212) 555-0142")


@pytest.fixture
def dana(program):
    return admin(program)


@pytest.fixture
def maya(program):
    return enrolled(program, preferred_name="Maya", surname="Torres")


def publish(program, by, kind=RULES, **said):
    said = {"text": "Be kind.", "asked_for": True, "seen": 0, "now": timezone.now()} | said
    return publish_version(program, kind, by=by, **said)


def url_of(agreement):
    return reverse("therapy:agreement", args=[agreement.pk])


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_a_client_is_asked_on_the_first_page_reads_and_signs(client, program, dana, maya):
    made = publish(program, dana)
    sign_in(client, maya)
    first = client.get("/")
    assert "Please read and sign" in words(first)
    assert url_of(made) in first.content.decode()
    assert "Be kind." in words(client.get(url_of(made)))
    wrong = client.post(url_of(made), {"name": "Somebody"})
    assert wrong.status_code == 400
    assert "Type your name as it stands here: Maya Torres." in words(wrong)
    signed = client.post(url_of(made), {"name": "Maya Torres"}, follow=True)
    assert signed.redirect_chain == [(OWN, 302)]
    assert "Please read and sign" not in words(client.get("/"))
    page = words(client.get(url_of(made)))
    assert "Signed by Maya Torres on" in page
    assert "Type your name" not in page


def test_who_has_left_reads_what_they_signed_and_signs_nothing_more(client, program, dana, maya):
    made = publish(program, dana)
    sign_agreement(made, name=maya.full_name, by=maya, now=timezone.now())
    later = publish(program, dana, text="Be kind, and on time.", seen=1)
    maya.enrolments.update(state="discharged", discharge_reason="left", discharged_on=timezone.localdate())
    sign_in(client, maya)
    assert client.get(url_of(made)).status_code == 200
    assert client.get(url_of(later)).status_code == 404
    assert OWN in client.get("/more/").content.decode()


@pytest.mark.parametrize("wished", ["https://evil.test/", "//evil.test/", "/\\evil.test", "javascript:alert(1)"])
def test_signing_leads_nowhere_outside(client, program, dana, maya, wished):
    made = publish(program, dana)
    answer = sign_in(client, maya).post(url_of(made), {"name": "Maya Torres", "next": wished})
    assert answer.headers["Location"] == OWN


# ── At the door ───────────────────────────────────────────────────────────────────────────────────────────────


def booked(maya, program, *, format=Format.GROUP, **session):
    way = ModalityFactory(program=program, format=format)
    leader = clinician(program)
    introduced(leader, way)
    return seated(maya, session_at(way, timezone.now() + timedelta(minutes=10), leader, **session))


def door_url(booking):
    return reverse("scheduling:join", args=[booking.pk])


def test_a_call_by_video_waits_for_the_signature_and_then_goes_on(client, program, dana, maya):
    made, booking = publish(program, dana, TELEHEALTH), booked(maya, program, format=Format.INDIVIDUAL)
    sign_in(client, maya)
    door = client.get(door_url(booking))
    assert "First something to read and sign" in words(door)
    assert "(212) 555-0142" in words(door)
    onward = re.search(r'href="(/agreements/[^"]+)"', door.content.decode())[1]
    refused = client.post(door_url(booking), SAID)
    assert (refused.status_code, Arrival.objects.count()) == (409, 0)
    page = client.get(onward)
    assert f'name="next" value="{door_url(booking)}"' in page.content.decode()
    answer = client.post(url_of(made), {"name": "Maya Torres", "next": door_url(booking)})
    assert answer.headers["Location"] == door_url(booking)
    assert "Before you join" in words(client.get(door_url(booking)))


def test_the_domain_refuses_a_call_without_the_signature(program, dana, maya):
    publish(program, dana, TELEHEALTH)
    booking = booked(maya, program)
    said = joining.Said("at home", "NY", "(212) 555-0101", in_private=True)
    with pytest.raises(SignFirst):
        joining.come_by_video(booking, said, by=maya, now=timezone.now())


def test_a_group_asks_at_the_door_and_never_stops_anybody(client, program, dana, maya):
    made = publish(program, dana, GROUP)
    publish(program, dana, TELEHEALTH)
    in_room = booked(maya, program, room=RoomFactory(program=program), video=False)
    sign_in(client, maya)
    door = client.get(door_url(in_room))
    assert f"{url_of(made)}?next={door_url(in_room)}" in door.content.decode()
    assert "Meeting by video" not in words(door)
    client.post(reverse("scheduling:here", args=[in_room.pk]))
    assert Arrival.objects.count() == 1


def test_an_hour_for_one_in_a_room_asks_for_nothing(client, program, dana, maya):
    publish(program, dana, GROUP)
    publish(program, dana, TELEHEALTH)
    booking = booked(maya, program, format=Format.INDIVIDUAL, room=RoomFactory(program=program), video=False)
    assert "/agreements/" not in sign_in(client, maya).get(door_url(booking)).content.decode()


def test_who_leads_a_group_sees_who_has_still_to_sign(client, program, dana, maya):
    booking = booked(maya, program)
    leader = booking.session.facilitations.get().clinician
    on_care_team(leader, maya)
    roster = reverse("scheduling:roster", args=[booking.session_id])
    sign_in(client, leader)
    assert "Has not signed" not in words(client.get(roster))
    made = publish(program, dana, GROUP)
    assert "Has not signed yet what holds for groups" in words(client.get(roster))
    sign_agreement(made, name=maya.full_name, by=maya, now=timezone.now())
    assert "Has not signed" not in words(client.get(roster))


# ── The office ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_office_writes_looks_and_publishes(client, program, dana, maya):
    sign_in(client, dana)
    listed = reverse("office:agreements", args=[program.pk])
    assert listed in client.get(reverse("office:program", args=[program.pk])).content.decode()
    url = reverse("office:write_agreement", args=[program.pk, "rules"])
    assert "I treat everybody here with respect" in client.get(url).content.decode()
    typed = {"text": "Be kind.\n\nBe on time.", "asked_for": "on", "seen": 0}
    look = client.post(url, {**typed, "look": "1"})
    assert "This is how clients read it" in words(look)
    assert not Agreement.objects.exists()
    client.post(url, typed)
    made = Agreement.objects.get()
    assert (made.text, made.version) == ("Be kind.\n\nBe on time.", 1)
    late = client.post(url, typed)
    assert late.status_code == 409
    assert "Be on time." in late.content.decode()
    page = words(client.get(listed))
    assert "0 have signed, 1 has not yet" in page
    assert "Maya Torres" in words(client.get(reverse("office:agreement", args=[made.pk])))
    assert client.get(reverse("office:write_agreement", args=[program.pk, "nothing"])).status_code == 404


@pytest.mark.parametrize("many", [1, 6])
def test_a_page_of_signatures_costs_the_same_however_many(client, program, dana, many, django_assert_num_queries):
    made = publish(program, dana)
    for _number in range(many):
        signer = enrolled(program)
        sign_agreement(made, name=signer.full_name, by=signer, now=timezone.now())
        enrolled(program)
    sign_in(client, dana).get("/office/")
    with django_assert_num_queries(9):
        client.get(reverse("office:agreement", args=[made.pk]))
    with django_assert_num_queries(6):
        client.get(reverse("office:agreements", args=[program.pk]))
    assert Signature.objects.count() == many
