"""By which channels somebody is told, as they wish it at the moment of sending."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache

from iop_portal.audit.models import Entry
from iop_portal.notices import outbox, texting
from iop_portal.notices.channels import Channel, Topic
from iop_portal.notices.delivery import RESTS, deliver_owed
from iop_portal.notices.lines import PROVIDER_RESTS
from iop_portal.notices.models import Notice, Reach, ReachDefault, TextOptOut
from iop_portal.notices.providers import NumberRefused, ProviderAway
from tests.factories import NOON, ProgramFactory, UserFactory, enrolled, texted

pytestmark = pytest.mark.django_db


@pytest.fixture
def news(kind):
    return kind(
        name="news", topic=Topic.APPOINTMENTS, template="seat_booked", words=lambda person, to: {"begins": NOON}
    )


@pytest.fixture
def maya(phones):
    person = enrolled(preferred_name="Maya")
    texted(person)
    return person


def owe(person, kind="news"):
    outbox.queue(kind, to=person, about=person, now=NOON)
    return set(Notice.objects.filter(to=person).values_list("channel", flat=True))


def deliver(clock):
    return [deliver_owed(channel=channel, clock=clock) for channel in (Channel.MAIL, Channel.TEXT, Channel.PORTAL)]


def states():
    return dict(Notice.objects.values_list("channel", "state"))


def test_who_never_said_is_told_by_mail_alone(news, maya):
    assert owe(maya) == {"mail"}


def test_who_never_said_is_told_as_the_program_presumes(news, maya):
    program = maya.enrolments.get().program
    ReachDefault.objects.create(program=program, appointments_by=["mail", "text", "portal"])
    assert owe(maya) == {"mail", "text", "portal"}
    assert owe(enrolled(program)) == {"mail", "portal"}


def test_each_channel_that_is_wished_is_owed_and_goes_once(news, maya, phones, clock):
    Reach.objects.create(person=maya, appointments_by=["mail", "text", "portal"])
    assert owe(maya) == {"mail", "text", "portal"}
    owe(maya)

    assert deliver(clock) == [1, 1, 1]
    assert deliver(clock) == [0, 0, 0]
    assert len(mail.outbox) == 1
    (text,) = phones.sent
    assert text.to == "+12125550100"
    assert text.body.startswith("You have an appointment: Tuesday 24 November, 12:00 pm.")
    assert text.key == f"notice-{Notice.objects.get(channel='text').pk}"
    facts = [entry.facts for entry in Entry.objects.filter(verb="notice.sent").order_by("pk")]
    assert [each["channel"] for each in facts] == ["mail", "text", "portal"]


def test_what_is_owed_by_a_channel_that_is_wished_no_more_is_unwanted(news, maya, phones, clock):
    reach = Reach.objects.create(person=maya, appointments_by=["mail", "text", "portal"])
    owe(maya)
    reach.appointments_by = ["portal"]
    reach.save()

    deliver(clock)
    assert states() == {"mail": "unwanted", "text": "unwanted", "portal": "sent"}
    assert (mail.outbox, phones.sent) == ([], [])


def test_a_text_needs_the_written_word_at_the_moment_of_sending(news, maya, phones, clock):
    Reach.objects.create(person=maya, appointments_by=["text"])
    owe(maya)
    TextOptOut.objects.create(opt_in=texting.live_opt_in(maya), how="page", at=NOON)

    deliver(clock)
    assert states() == {"text": "unwanted"}
    assert phones.sent == []


def test_without_a_provider_no_text_is_owed_and_a_change_is_told_in_the_portal(news, maya, settings):
    settings.TEXT_BACKEND = ""
    Reach.objects.create(person=maya, appointments_by=["text"])
    assert owe(maya) == {"portal"}


def test_texts_that_are_owed_when_the_provider_goes_are_unwanted_and_do_not_wait_for_ever(news, maya, settings, clock):
    Reach.objects.create(person=maya, appointments_by=["text"])
    owe(maya)
    settings.TEXT_BACKEND = ""
    deliver(clock)
    assert states() == {"text": "unwanted"}


def test_who_wants_no_mail_is_told_of_changes_in_the_portal(news):
    assert owe(enrolled(mail_ok=False)) == {"portal"}


def test_no_reminder_comes_to_who_wants_none(kind):
    kind(name="soon", topic=Topic.REMINDERS)
    quiet = enrolled()
    Reach.objects.create(person=quiet, reminders_by=[])
    assert owe(quiet, "soon") == set()


def test_a_provider_that_does_not_answer_holds_up_no_mail_and_no_second_text(news, maya, phones, clock, caplog):
    second = enrolled()
    texted(second, "+12125550101")
    for person in (maya, second):
        Reach.objects.create(person=person, appointments_by=["mail", "text"])
        owe(person)
    phones.fails = {"+12125550100": ProviderAway(), "+12125550101": AssertionError("tried after the first was lost")}

    assert deliver(clock)[:2] == [2, 0]
    texts = Notice.objects.by(Channel.TEXT).order_by("pk")
    assert list(texts.values_list("attempts", "state", "last_error")) == [(1, "owed", "ProviderAway"), (0, "owed", "")]
    assert "provider out of reach" in [record.getMessage() for record in caplog.records]
    phones.fails = {}
    clock.now += RESTS[0]
    assert deliver(clock)[1] == 0
    # Half a minute later.
    cache.delete(PROVIDER_RESTS)
    assert deliver(clock)[1] == 2


def test_a_number_refused_for_good_is_dead_at_once(news, maya, phones, clock):
    Reach.objects.create(person=maya, appointments_by=["text"])
    owe(maya)
    phones.fails = {"+12125550100": NumberRefused()}

    deliver(clock)
    assert states() == {"text": "dead"}


def test_own_quiet_hours_hold_by_ones_own_clock(kind, maya, phones, clock):
    """Noon in New York is nine in the morning in Los Angeles."""
    kind(
        name="soon",
        topic=Topic.REMINDERS,
        template="seat_booked",
        waits=lambda person, morning: True,
        words=lambda person, to: {"begins": NOON},
    )
    maya.zone = "America/Los_Angeles"
    maya.save()
    Reach.objects.create(person=maya, reminders_by=["mail", "portal"], quiet_from="22:00", quiet_until="09:30")
    owe(maya, "soon")

    assert deliver(clock) == [0, 0, 1]
    clock.now += timedelta(minutes=30)
    assert deliver(clock) == [1, 0, 0]


def test_a_channel_costs_no_more_than_it_did(news, django_assert_num_queries):
    person = UserFactory()
    ProgramFactory()
    Reach.objects.create(person=person, appointments_by=["mail"])
    with django_assert_num_queries(2):
        outbox.queue("news", to=person, about=person, now=NOON)
