"""Notes as they are written from a roster, read by the client, and kept from everybody else."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from iop_portal.audit.models import Entry
from scheduling.attendance import Said, mark
from tests.factories import admin, clinician, enrolled, held, introduced, on_care_team, seated
from tests.scheduling.booking_world import Clinic
from tests.signing_in import sign_in
from therapy import notes
from therapy.models import CounsellingNote, Note

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return Clinic()


@pytest.fixture
def amara(client, clinic):
    sign_in(client, clinic.amara)
    return clinic.amara


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def came(clinic, person):
    place = seated(person, clinic.session(timezone.now() - timedelta(hours=2)))
    mark(place, Said("present"), seen=0, by=clinic.amara, now=timezone.now())
    return place


def begin_url(place):
    return reverse("scheduling:begin_note", args=[place.pk])


def page_of(note, name="note"):
    return reverse(f"therapy:{name}", args=[note.pk])


def test_from_the_roster_to_a_signed_note_that_the_client_reads(client, clinic, amara):
    place = came(clinic, clinic.maya)
    roster = client.get(reverse("scheduling:roster", args=[place.session_id]))
    assert begin_url(place) in roster.content.decode()
    client.post(begin_url(place))
    client.post(begin_url(place))
    note = Note.objects.get()
    assert (note.client, note.modality, note.held_at) == (clinic.maya, place.session.modality, place.starts_at)
    assert client.get(page_of(note)).headers["Location"] == page_of(note, "write_note")
    day = words(client.get(reverse("home:caseload")))
    assert "Sign a note" in day
    client.post(page_of(note, "write_note"), {"text": "We spoke", "keep": "1"})
    quiet = client.post(
        page_of(note, "write_note"), {"text": "We spoke about", "keep": "1"}, headers={"X-Portal-Poll": "1"}
    )
    assert quiet.status_code == 204
    assert "We spoke about" in client.get(page_of(note, "write_note")).content.decode()
    assert client.post(page_of(note, "write_note"), {"text": " "}).status_code == 400
    client.post(page_of(note, "write_note"), {"text": "We spoke about Sunday."})
    client.post(page_of(note), {"text": "It was Saturday."})
    assert "Sign a note" not in words(client.get(reverse("home:caseload")))
    assert page_of(note) in client.get(reverse("home:client", args=[clinic.maya.pk])).content.decode()

    sign_in(client, clinic.maya)
    assert page_of(note) in client.get(reverse("therapy:notes")).content.decode()
    read = words(client.get(page_of(note)))
    assert "We spoke about Sunday." in read
    assert "It was Saturday." in read
    assert "Something to add" not in read
    assert client.post(page_of(note), {"text": "Not mine to add"}).status_code == 409
    assert note.amendments.count() == 1


def test_a_note_waits_for_the_session_and_is_about_clients(client, clinic, amara):
    later = seated(clinic.maya, clinic.session(timezone.now() + timedelta(hours=2)))
    relative = seated(held("family", clinic.program), clinic.session(timezone.now() - timedelta(hours=4)))
    for place, why in ((later, "once the session has begun"), (relative, "Notes are about clients.")):
        assert why in words(client.post(begin_url(place), follow=True))
    assert not Note.objects.exists()


def test_an_intern_s_note_says_that_it_waits_and_is_co_signed_by_a_button(client, clinic):
    head, kim = clinician(clinic.program, surname="Head"), clinician(clinic.program)
    introduced(head)
    profile = introduced(kim)
    on_care_team(kim, clinic.maya)
    office = admin(clinic.program)
    sign_in(client, office)
    url = reverse("office:supervision", args=[clinic.program.pk, profile.pk])
    assert url in client.get(reverse("office:clinician", args=[clinic.program.pk, profile.pk])).content.decode()
    assert client.post(url, {"supervisor": head.pk, "until": ""}).status_code == 400
    until = timezone.localdate() + timedelta(days=30)
    client.post(url, {"supervisor": head.pk, "until": until.isoformat()})
    note = notes.begin_note(clinic.maya, clinic.program, by=kim, now=timezone.now())
    notes.sign_note(note, text="We spoke.", by=kim, now=timezone.now())
    assert "Waits for co-signature" in words(sign_in(client, clinic.maya).get(page_of(note)))
    sign_in(client, head)
    assert "Co-sign a note" in words(client.get(reverse("home:caseload")))
    assert "Co-sign this note" in words(client.get(page_of(note)))
    assert "Co-signed by" in words(client.post(page_of(note, "cosign_note"), follow=True))
    assert Entry.objects.filter(verb="note.read", actor=head, client=clinic.maya).exists()


def test_a_note_that_is_not_signed_can_be_thrown_away(client, clinic, amara):
    client.post(reverse("therapy:begin_note", args=[clinic.maya.pk]))
    note = Note.objects.get()
    assert (note.modality, note.held_at) == (None, None)
    client.post(page_of(note, "discard_note"))
    assert not Note.objects.exists()


def test_counselling_notes_are_on_one_page_of_one_person(client, clinic, amara):
    url = reverse("therapy:counselling", args=[clinic.maya.pk])
    assert client.post(url, {"text": " "}).status_code == 400
    client.post(url, {"text": "Between us."})
    first = CounsellingNote.objects.get()
    client.post(url, {"text": "And this.", "amends": first.pk})
    shown = words(client.get(url))
    assert "Between us." in shown
    assert "And this." in shown
    colleague = clinician(clinic.program)
    on_care_team(colleague, clinic.maya)
    sign_in(client, colleague)
    assert "Between us." not in words(client.get(url))
    assert client.post(url, {"text": "x", "amends": first.pk}).status_code == 404
    for page in (reverse("home:client", args=[clinic.maya.pk]), reverse("therapy:client_notes", args=[clinic.maya.pk])):
        assert "Between us." not in words(client.get(page))
    assert "Between us." not in words(sign_in(client, clinic.maya).get(reverse("therapy:notes")))


@pytest.mark.parametrize("many", [2, 9])
def test_lists_cost_the_same_however_many_notes_there_are(client, clinic, amara, many):
    maya = enrolled(clinic.program)
    on_care_team(amara, maya)
    for _number in range(many):
        note = notes.begin_note(maya, clinic.program, by=amara, now=timezone.now())
        notes.sign_note(note, text="Hm", by=amara, now=timezone.now())
        notes.begin_note(maya, clinic.program, by=amara, now=timezone.now())
        CounsellingNote.objects.create(
            client=maya, program=clinic.program, author=amara, text="Hm", written_at=timezone.now()
        )
    costs = []
    for person, page in (
        (amara, reverse("therapy:client_notes", args=[maya.pk])),
        (amara, reverse("therapy:counselling", args=[maya.pk])),
        (amara, reverse("home:caseload")),
        (maya, reverse("therapy:notes")),
    ):
        sign_in(client, person).get(page)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(page).status_code == 200
        costs.append(len(asked))
    assert costs == COSTS


COSTS = [9, 6, 18, 5]
