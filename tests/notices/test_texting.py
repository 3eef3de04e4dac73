"""Signing up for texts, with a phone shown to be one's own; and out, at once."""

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from iop_portal.audit.models import Entry
from iop_portal.notices import outbox, texting
from iop_portal.notices.channels import Channel, Topic
from iop_portal.notices.delivery import deliver_owed
from iop_portal.notices.models import Notice, PhoneCode, Reach, TextOptIn, TextOptOut
from tests.factories import NOON, enrolled, texted

pytestmark = pytest.mark.django_db
PHONE = "(212) 555-0142"
DIALLED = "+12125550142"


@pytest.fixture
def maya(phones):
    return enrolled(preferred_name="Maya", surname="Tester")


def read(person, phone=DIALLED):
    return texting.fingerprint(texting.wording(person, phone=phone))


def ask(person, *, phone=PHONE, signature=None, now=NOON):
    return texting.ask_for_code(
        person, phone=phone, signature=signature or person.full_name, read=read(person), now=now
    )


@pytest.fixture
def code_sent(phones, monkeypatch):
    """The digits of the newest text."""
    monkeypatch.setattr("iop_portal.notices.texting.timezone.now", lambda: NOON)

    def sent(now=NOON):
        deliver_owed(channel=Channel.TEXT, clock=lambda: now)
        return re.match(r"\d{6}", phones.sent[-1].body)[0]

    return sent


def confirm(person, code, now=NOON):
    return texting.confirm_code(person, code=code, program=person.enrolments.get().program, now=now)


@pytest.mark.parametrize("typed", ["(212) 555-0142", "212.555.0142", "1 212 555 0142", "+1 212-555-0142"])
def test_a_number_is_dialled_alike_however_it_is_typed(typed):
    assert texting.digits(typed) == DIALLED


@pytest.mark.parametrize("typed", ["", "555-0142", "+0123456789", "012 555 0142", "call me", "1" * 20])
def test_what_is_no_number_is_refused(typed):
    with pytest.raises(texting.NotAPhone):
        texting.digits(typed)


def test_the_code_that_came_to_the_phone_opts_in_to_what_was_signed(maya, phones, code_sent):
    ask(maya)
    confirm(maya, code_sent(), now=NOON + timedelta(minutes=2))

    opt_in = texting.live_opt_in(maya)
    assert (opt_in.phone, opt_in.signed_name, opt_in.text_version) == (DIALLED, "Maya Tester", "1")
    assert "Maya Tester, ask for text messages to +12125550142" in opt_in.text
    assert (opt_in.signed_at, opt_in.confirmed_at) == (NOON, NOON + timedelta(minutes=2))
    assert [text.to for text in phones.sent] == [DIALLED]
    assert Reach.objects.get(person=maya).by(Topic.REMINDERS) == {Channel.MAIL, Channel.TEXT}
    assert {"texts.code_asked", "texts.signed_up"} <= set(Entry.objects.values_list("verb", flat=True))


def test_neither_the_code_nor_the_number_lies_open(maya, code_sent):
    ask(maya)
    code = code_sent()
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM notices_phonecode t")
        ((row,),) = cursor.fetchall()
    assert code not in row.split(",")
    assert "5550142" not in row.replace("text messages to +12125550142", "")


def test_a_wrong_code_counts_and_after_five_the_right_one_is_wrong_too(maya, code_sent):
    ask(maya)
    code = code_sent()
    for _ in range(5):
        with pytest.raises(texting.WrongCode):
            confirm(maya, "x")
    with pytest.raises(texting.WrongCode):
        confirm(maya, code)
    assert PhoneCode.objects.get().tries == 5
    assert not TextOptIn.objects.exists()


def test_a_code_is_good_for_ten_minutes_and_once(maya, code_sent):
    ask(maya)
    code = code_sent()
    with pytest.raises(texting.WrongCode):
        confirm(maya, code, now=NOON + timedelta(minutes=10))
    confirm(maya, code)
    texting.stop_texts(maya, how=TextOptOut.How.PAGE, by=maya, now=NOON)
    with pytest.raises(texting.WrongCode):
        confirm(maya, code)


def test_a_newer_code_ends_the_older_one(maya, code_sent):
    ask(maya)
    older = code_sent()
    ask(maya, now=NOON + timedelta(seconds=1))
    newer = code_sent(NOON + timedelta(seconds=1))
    if older != newer:
        with pytest.raises(texting.WrongCode):
            confirm(maya, older, now=NOON + timedelta(seconds=2))
    confirm(maya, newer, now=NOON + timedelta(seconds=2))


def test_a_code_of_somebody_else_opens_nothing(maya, code_sent):
    ask(maya)
    code = code_sent()
    with pytest.raises(texting.WrongCode):
        confirm(enrolled(), code)


def test_codes_are_sent_at_a_slow_pace_to_a_person_and_to_a_phone(maya, code_sent):
    for _ in range(3):
        ask(maya)
    with pytest.raises(texting.TooManyCodes):
        ask(maya)
    for _ in range(3):
        other = enrolled()
        ask(other)
    with pytest.raises(texting.TooManyCodes):
        ask(enrolled())


def test_only_ones_own_name_signs_and_only_what_was_read(maya):
    with pytest.raises(texting.NotYourName):
        ask(maya, signature="Maya")
    with pytest.raises(texting.ReadAgain):
        texting.ask_for_code(maya, phone=PHONE, signature="Maya Tester", read="another", now=NOON)
    assert not PhoneCode.objects.exists()


def test_without_a_provider_nobody_signs_up(maya, settings):
    settings.TEXT_BACKEND = ""
    with pytest.raises(texting.NoTexts):
        ask(maya)


# ── Out again ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def owed_text(kind, maya):
    texted(maya, DIALLED)
    Reach.objects.create(person=maya, appointments_by=["mail", "text"])
    kind(name="news", topic=Topic.APPOINTMENTS, template="booking_cancelled", words=lambda person, to: {"begins": NOON})
    outbox.queue("news", to=maya, about=maya, now=NOON)
    return Notice.objects.get(channel="text")


@pytest.mark.parametrize("words", ["STOP", "stop.", " Stop! ", "Stop all", "unsubscribe", "please stop", "opt out"])
def test_stop_ends_texts_at_once_and_is_confirmed_once(maya, owed_text, phones, monkeypatch, words):
    monkeypatch.setattr("iop_portal.notices.texting.timezone.now", lambda: NOON)
    assert texting.hear("1 (212) 555-0142", words, now=NOON) == 1
    assert texting.hear(DIALLED, words, now=NOON) == 0

    owed_text.refresh_from_db()
    assert owed_text.state == "withdrawn"
    assert texting.live_opt_in(maya) is None
    deliver_owed(channel=Channel.TEXT, clock=lambda: NOON)
    assert [text.body.split(".")[0] for text in phones.sent] == ["You get no more texts from us"]
    assert Entry.objects.get(verb="texts.stopped").facts == {"how": "reply"}
    assert set(Notice.objects.filter(kind="news").values_list("channel", "state")) == {
        ("mail", "owed"),
        ("text", "withdrawn"),
    }


@pytest.mark.parametrize("words", ["", "yes", "I cannot stop by today", "START", "when?"])
def test_what_is_no_stop_ends_nothing(maya, owed_text, words):
    assert texting.hear(DIALLED, words, now=NOON) == 0
    assert texting.live_opt_in(maya) is not None


def test_a_confirmation_that_comes_too_late_does_not_come(maya, owed_text, phones, monkeypatch):
    texting.hear(DIALLED, "STOP", now=NOON)
    later = NOON + timedelta(minutes=5)
    monkeypatch.setattr("iop_portal.notices.texting.timezone.now", lambda: later)
    deliver_owed(channel=Channel.TEXT, clock=lambda: later)
    assert phones.sent == []


def test_a_stop_of_a_strangers_phone_ends_nobody_elses(maya, owed_text):
    assert texting.hear("+12125550143", "STOP", now=NOON) == 0
    assert texting.hear("not a number", "STOP", now=NOON) == 0
    assert texting.live_opt_in(maya) is not None


def test_another_number_in_the_settings_ends_texts_to_the_old_one(maya, owed_text):
    maya.phone = PHONE
    texting.follow_number(maya, now=NOON)
    assert texting.live_opt_in(maya) is not None
    maya.phone = "(212) 555-0199"
    texting.follow_number(maya, now=NOON)
    assert texting.live_opt_in(maya) is None
    assert Entry.objects.get(verb="texts.stopped").facts == {"how": "number"}


# ── What the database says ────────────────────────────────────────────────────────────────────────────────────


def test_texts_go_to_one_phone_of_a_person(maya):
    texted(maya)
    with pytest.raises(IntegrityError, match="texts go to one phone"), transaction.atomic():
        texted(maya, "+12125550199")
    texting.stop_texts(maya, how=TextOptOut.How.PAGE, by=maya, now=NOON)
    texted(maya, "+12125550199")


@pytest.mark.parametrize("table", ["notices_textoptin", "notices_textoptout"])
def test_what_was_signed_and_ended_never_changes(maya, table):
    texted(maya)
    texting.stop_texts(maya, how=TextOptOut.How.PAGE, by=maya, now=NOON)
    for statement in (f"UPDATE {table} SET id = id + 1", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
