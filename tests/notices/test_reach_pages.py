"""How we reach you, as the person sets it; what was told in the portal; and what a provider hears."""

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from iop_portal.audit.models import Entry
from iop_portal.notices import texting
from iop_portal.notices.channels import Channel
from iop_portal.notices.delivery import deliver_owed
from iop_portal.notices.hearing import signature_of
from iop_portal.notices.models import Notice, Reach, ReachDefault, TextOptIn
from scheduling.booking import book_seat
from scheduling.models import Booking
from tests.factories import (
    NOON,
    ModalityFactory,
    ProgramFactory,
    admin,
    clinician,
    enrolled,
    introduced,
    session_at,
    texted,
)
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db
ANSWERS = {
    "appointments_by": ["mail", "portal"],
    "reminders_by": ["portal"],
    "leads": ["1440", "60"],
    "detail": "place",
    "quiet": "own",
    "quiet_from": "20:00",
    "quiet_until": "09:30",
}


@pytest.fixture
def program():
    return ProgramFactory(quiet_from="21:00", quiet_until="08:00")


@pytest.fixture
def maya(client, program, phones):
    person = enrolled(program, preferred_name="Maya", surname="Tester")
    sign_in(client, person)
    return person


def test_the_page_begins_with_what_holds(client, maya, program):
    ReachDefault.objects.create(program=program, reminders_by=["portal"], leads=[60])
    page = client.get("/reach/")
    form = page.context["form"]
    assert [form[name].value() for name in ("appointments_by", "reminders_by", "leads")] == [["mail"], ["portal"], [60]]
    assert "At night, from 9:00 pm until 8:00 am" in page.content.decode()
    assert "By text message" not in page.content.decode()


def test_what_somebody_chooses_is_kept_and_stands_in_the_trail(client, maya):
    assert client.post("/reach/", ANSWERS).url == "/reach/"
    reach = Reach.objects.get(person=maya)
    assert (reach.appointments_by, reach.reminders_by, reach.leads) == (["mail", "portal"], ["portal"], [1440, 60])
    assert (str(reach.quiet_from), str(reach.quiet_until), reach.tells_place) == ("20:00:00", "09:30:00", True)
    assert Entry.objects.get(verb="reach.changed").client == maya
    client.post("/reach/", ANSWERS | {"leads": ["30"]})
    assert Entry.objects.filter(verb="reach.changed").first().facts == {"fields": "leads"}
    client.post("/reach/", ANSWERS | {"leads": ["30"]})
    assert Entry.objects.filter(verb="reach.changed").count() == 2


def test_nothing_chosen_is_an_answer_too(client, maya):
    client.post("/reach/", {"detail": "neutral", "quiet": "program"})
    reach = Reach.objects.get(person=maya)
    assert (reach.appointments_by, reach.reminders_by, reach.leads, reach.quiet_from) == ([], [], [], None)


@pytest.mark.parametrize(
    ("answer", "field", "said"),
    [
        ({"leads": ["30", "60", "120", "240"]}, "leads", "Choose up to three times before an appointment."),
        ({"leads": ["45"]}, "leads", "Choose one of the answers"),
        ({"reminders_by": ["text"]}, "reminders_by", "Choose one of the answers"),
        ({"reminders_by": ["pigeon"]}, "reminders_by", "Choose one of the answers"),
        ({"quiet_until": "20:00"}, "quiet_from", "Say from when until when"),
        ({"quiet_from": ""}, "quiet_from", "Say from when until when"),
        ({"detail": ""}, "detail", "Choose an answer"),
    ],
)
def test_what_cannot_be_kept_is_said_where_it_can_be_mended(client, maya, answer, field, said):
    page = client.post("/reach/", ANSWERS | answer)
    assert page.status_code == 400
    assert said in page.context["form"].errors[field][0]
    assert not Reach.objects.exists()


def test_who_asks_for_mail_again_gets_it(client, maya):
    maya.mail_ok = False
    maya.save()
    assert client.get("/reach/").context["form"]["appointments_by"].value() == []
    client.post("/reach/", ANSWERS)
    maya.refresh_from_db()
    assert maya.mail_ok is True


@pytest.mark.parametrize(
    "wrong", [{"leads": [45]}, {"leads": [30, 60, 120, 240]}, {"reminders_by": ["x"]}, {"quiet_from": "20:00"}]
)
def test_the_database_says_it_too(maya, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        Reach.objects.create(person=maya, **wrong)


# ── Texts ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_signing_up_by_the_pages(client, maya, phones):
    page = client.post("/reach/texts/", {"phone": "(212) 555-0142"})
    assert "I, Maya Tester, ask for text messages to +12125550142" in page.content.decode()
    hidden = {name: page.context["form"][name].value() for name in ("phone", "read")}
    again = client.post("/reach/texts/", hidden | {"signature": "Maya"})
    assert (again.status_code, again.context["form"].errors["signature"]) == (
        400,
        ["Type your name as it stands here: Maya Tester."],
    )
    assert client.post("/reach/texts/", hidden | {"signature": "maya tester"}).url == "/reach/texts/code/"
    deliver_owed(channel=Channel.TEXT)
    code = phones.sent[0].body[:6]
    assert client.post("/reach/texts/code/", {"code": "no"}).status_code == 400
    assert client.post("/reach/texts/code/", {"code": f"{code[:3]} {code[3:]}"}).url == "/reach/"
    page = client.get("/reach/").content.decode()
    assert "They go to your number that ends in 42." in page
    assert "By text message" in page


def test_a_number_that_is_none_is_said_before_anything_is_signed(client, maya):
    page = client.post("/reach/texts/", {"phone": "555"})
    assert (page.status_code, list(page.context["form"].errors)) == (400, ["phone"])


def test_a_text_that_changed_has_to_be_read_again(client, maya):
    answer = {"phone": "+12125550142", "read": "what stood there before", "signature": "Maya Tester"}
    page = client.post("/reach/texts/", answer)
    assert page.status_code == 409
    assert "The text has changed since you opened this page." in page.content.decode()
    read = page.context["form"]["read"].value()
    assert client.post("/reach/texts/", answer | {"read": read}).status_code == 302


def test_ending_them_by_the_page(client, maya):
    texted(maya)
    assert "End text messages?" in client.get("/reach/texts/stop/").content.decode()
    assert texting.live_opt_in(maya) is not None
    assert client.post("/reach/texts/stop/").url == "/reach/"
    assert texting.live_opt_in(maya) is None


def test_without_a_provider_the_page_says_so(client, maya, settings):
    settings.TEXT_BACKEND = ""
    assert "Text messages cannot be sent from here yet." in client.get("/reach/").content.decode()
    assert client.get("/reach/texts/").url == "/reach/"


def test_another_phone_in_the_settings_ends_them(client, maya):
    texted(maya)
    answers = {"preferred_name": "Maya", "zone": "America/New_York", "language": "en-us", "theme": "auto"}
    client.post("/settings/", answers | {"phone": "(212) 555-0199"})
    assert texting.live_opt_in(maya) is None


# ── What a provider hears ─────────────────────────────────────────────────────────────────────────────────────

SECRET = "only-for-these-tests-" + "x" * 20


@pytest.fixture
def hear(client, settings):
    settings.PORTAL_TEXT_SECRET = SECRET

    def post(number="+12125550100", words="STOP", *, at=None, signature=None, body=None):
        body = body or json.dumps({"from": number, "text": words}).encode()
        at = at or str(int(timezone.now().timestamp()))
        headers = {"X-Portal-Time": at, "X-Portal-Signature": signature or signature_of(at, body)}
        return client.post("/texts/heard/", body, content_type="application/json", headers=headers).status_code

    return post


def test_a_stop_that_is_signed_is_heard_without_a_session(hear, maya):
    texted(maya)
    assert hear() == 204
    assert texting.live_opt_in(maya) is None
    assert hear() == 204


def test_a_provider_learns_nothing_of_who_is_here(hear, maya):
    texted(maya)
    assert {hear("+12125550199"), hear(words="hello"), hear("nobody")} == {204}


@pytest.mark.parametrize(
    "forged",
    [
        {"signature": "0" * 64},
        {"signature": "\u00e9"},
        {"at": "1"},
        {"at": "soon"},
        {"at": str(int(timezone.now().timestamp()) - 400)},
    ],
)
def test_what_is_not_signed_or_too_old_is_not_heard(hear, maya, forged):
    texted(maya)
    assert hear(**forged) == 404
    assert texting.live_opt_in(maya) is not None


def test_without_a_secret_nobody_is_believed(hear, maya, settings):
    texted(maya)
    settings.PORTAL_TEXT_SECRET = ""
    assert hear() == 404


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"from": 1}', b"null"])
def test_what_makes_no_sense_is_refused(hear, body):
    assert hear(body=body) == 400


# ── In the portal ─────────────────────────────────────────────────────────────────────────────────────────────


def told(person, many):
    """So many bookings, each told in the portal."""
    Reach.objects.update_or_create(person=person, defaults={"appointments_by": ["portal"]})
    program = person.enrolments.get().program
    group = ModalityFactory(program=program)
    leader = introduced(clinician(program), group).user
    begins = timezone.now() + timedelta(days=2)
    for number in range(many):
        session = session_at(group, begins + timedelta(hours=number), leader, minutes=30)
        book_seat(session, person=person, by=person, now=timezone.now())
    deliver_owed(channel=Channel.PORTAL)


def test_what_was_told_stands_in_the_list_and_is_new_until_it_was_read(client, maya):
    told(maya, 1)
    assert "1 is new" in client.get("/").content.decode()
    page = client.get("/notices/").content.decode()
    assert "You have an appointment:" in page
    assert "1 is new." in page
    assert Notice.objects.unread().count() == 1
    assert client.post("/notices/read/").url == "/notices/"
    assert Notice.objects.unread().count() == 0
    assert "You have read all of them." in client.get("/notices/").content.decode()
    assert "is new" not in client.get("/").content.decode()


def test_nobody_reads_what_was_told_to_somebody_else(client, maya, program):
    told(enrolled(program), 1)
    assert "You have an appointment" not in client.get("/notices/").content.decode()
    client.post("/notices/read/")
    assert Notice.objects.unread().count() == 1


def test_the_list_costs_the_same_however_long_it_is(client, maya):
    counted = []
    for many in (1, 8):
        told(maya, many)
        client.get("/notices/")
        with CaptureQueriesContext(connection) as asked:
            client.get("/notices/")
        counted.append(len(asked))
        Booking.objects.update(state="program", occupies=False, cancelled_at=NOON)
    assert counted[0] == counted[1] <= 12


def test_what_the_database_says_of_reading():
    with pytest.raises(IntegrityError, match="only_what_was_told_in_the_portal_is_read"), transaction.atomic():
        Notice.objects.create(
            kind="x",
            about_type="x",
            about_id=1,
            owed_at=NOON,
            not_before=NOON,
            read_at=NOON,
            state="sent",
            ended_at=NOON,
        )


# ── The office ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def office(client, program):
    sign_in(client, admin(program))
    return client


def test_the_office_says_what_is_presumed(office, program):
    page = office.get(f"/office/programs/{program.pk}/reach/")
    seen = page.context["form"]["seen"].value()
    answers = {"appointments_by": ["mail", "portal"], "reminders_by": ["mail", "text"], "leads": ["60"], "seen": seen}
    assert office.post(f"/office/programs/{program.pk}/reach/", answers).status_code == 302
    presumed = ReachDefault.objects.get(program=program)
    assert (presumed.appointments_by, presumed.reminders_by, presumed.leads) == (
        ["mail", "portal"],
        ["mail", "text"],
        [60],
    )
    assert Entry.objects.get(verb="reach.default_changed").facts == {"fields": "appointments_by, reminders_by, leads"}


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(office, program):
    answers = {"appointments_by": ["mail"], "reminders_by": ["mail"], "leads": ["60"], "seen": "of another day"}
    page = office.post(f"/office/programs/{program.pk}/reach/", answers)
    assert page.status_code == 409
    assert not ReachDefault.objects.exists()
    again = answers | {"seen": page.context["form"]["seen"].value()}
    assert office.post(f"/office/programs/{program.pk}/reach/", again).status_code == 302


def test_only_the_opt_in_of_the_person_counts(maya, program):
    texted(enrolled(program))
    assert texting.live_opt_in(maya) is None
    assert TextOptIn.objects.live().count() == 1
