import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends import locmem

from iop_portal.audit.models import Entry
from iop_portal.notices import delivery, outbox
from iop_portal.notices.channels import Channel
from iop_portal.notices.delivery import MOST_ATTEMPTS, RESTS, deliver_owed
from iop_portal.notices.models import Notice
from iop_portal.people.models import User
from tests.factories import NOON, ProgramFactory, RoomFactory, UserFactory, admin, enrolled

pytestmark = pytest.mark.django_db


def state_of(notice):
    notice.refresh_from_db()
    return notice.state


class MailServer(locmem.EmailBackend):
    """Takes mail, except from whom it was told to refuse, and in the way it was told."""

    refusals: dict[str, Exception] = {}
    away = False
    opened = 0

    def open(self):
        if MailServer.away:
            raise ConnectionRefusedError("portal.test does not answer")
        MailServer.opened += 1

    def send_messages(self, messages):
        for message in messages:
            if refusal := self.refusals.get(message.to[0]):
                raise refusal
        return super().send_messages(messages)


@pytest.fixture
def mail_server(settings, monkeypatch):
    settings.EMAIL_BACKEND = f"{__name__}.MailServer"
    monkeypatch.setattr(MailServer, "refusals", {})
    monkeypatch.setattr(MailServer, "away", False)
    monkeypatch.setattr(MailServer, "opened", 0)
    return MailServer


def refused(address, code):
    return smtplib.SMTPRecipientsRefused({address: (code, b"no such box")})


# ── What goes out ─────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_owed_goes_out_once_and_stands_in_the_trail(owed, clock, sent_to):
    notice = owed()

    assert deliver_owed(clock=clock) == 1
    assert deliver_owed(clock=clock) == 0

    assert sent_to() == [notice.to.email]
    assert state_of(notice) == "sent"
    assert (notice.ended_at, notice.attempts) == (NOON, 1)
    entry = Entry.objects.get()
    assert (entry.verb, entry.object_id, entry.actor) == ("notice.sent", notice.pk, None)
    assert entry.facts == {"kind": "hello", "attempts": 1, "channel": "mail"}


def test_nothing_goes_out_before_its_time(owed, clock, sent_to):
    owed(not_before=NOON + timedelta(seconds=1))

    deliver_owed(clock=clock)
    assert sent_to() == []
    clock.now += timedelta(seconds=1)
    deliver_owed(clock=clock)
    assert len(sent_to()) == 1


def test_the_oldest_goes_first(owed, clock, sent_to):
    late, early = UserFactory(), UserFactory()
    owed(late, name="late")
    owed(early, name="early", not_before=NOON - timedelta(minutes=1))

    deliver_owed(clock=clock)
    assert sent_to() == [early.email, late.email]


def test_an_idle_beat_costs_one_statement_and_no_line_to_the_mail_server(mail_server, clock, django_assert_num_queries):
    with django_assert_num_queries(1):
        deliver_owed(clock=clock)
    assert mail_server.opened == 0


# ── What is not sent any more ─────────────────────────────────────────────────────────────────────────────────


def test_what_is_no_longer_owed_is_withdrawn_at_the_moment_of_sending(owed, clock, sent_to):
    notice = owed(still_owed=lambda person: False)

    deliver_owed(clock=clock)
    assert (sent_to(), state_of(notice)) == ([], "withdrawn")
    assert Entry.objects.count() == 0


def test_what_is_owed_about_something_that_is_gone_is_withdrawn(owed, clock, sent_to):
    gone = UserFactory()
    notice = owed(about=gone)
    User.objects.filter(pk=gone.pk).delete()

    deliver_owed(clock=clock)
    assert (sent_to(), state_of(notice)) == ([], "withdrawn")


def test_somebody_who_may_not_sign_in_gets_nothing(owed, clock, sent_to):
    notice = owed(UserFactory(is_active=False), essential=True)

    deliver_owed(clock=clock)
    assert (sent_to(), state_of(notice)) == ([], "withdrawn")


def test_somebody_who_wants_no_mail_gets_only_what_is_essential(owed, clock, sent_to):
    quiet = UserFactory(mail_ok=False)
    news = owed(quiet, name="news")
    alarm = owed(quiet, name="alarm", essential=True)

    deliver_owed(clock=clock)
    assert (state_of(news), state_of(alarm)) == ("unwanted", "sent")
    assert sent_to() == [quiet.email]


def test_somebody_who_wants_no_mail_still_reads_it_in_the_portal(owed, clock):
    quiet = UserFactory(mail_ok=False)
    owed(quiet, name="news", only=frozenset({Channel.MAIL, Channel.PORTAL}), line=lambda person: "News.")

    assert deliver_owed(channel=Channel.PORTAL, clock=clock) == 1
    assert deliver_owed(clock=clock) == 0


def test_somebody_without_account_is_found_by_the_kind(kind, clock, sent_to):
    room = RoomFactory(program__sender="Harbor")
    kind(name="letter", about="scheduling.room", address=lambda room: "new@portal.test")
    outbox.queue("letter", to=None, about=room, now=NOON)

    deliver_owed(clock=clock)
    assert sent_to() == ["new@portal.test"]
    assert mail.outbox[0].from_email == "Harbor <portal@portal.test>"


# ── What fails ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_failure_is_kept_by_its_class_alone_and_tried_again_after_a_rest(mail_server, owed, clock, caplog):
    caplog.set_level("INFO")
    notice = owed()
    mail_server.refusals = {notice.to.email: refused(notice.to.email, 451)}

    assert deliver_owed(clock=clock) == 0
    assert (state_of(notice), notice.attempts, notice.last_error) == ("owed", 1, "SMTPRecipientsRefused")
    assert notice.resting_until == NOON + RESTS[0]
    assert notice.not_before == NOON
    (record,) = caplog.records
    assert record.getMessage() == "notice failed"
    assert record.facts == {
        "notice": notice.pk,
        "kind": "hello",
        "attempts": 1,
        "channel": "mail",
        "failure": "SMTPRecipientsRefused",
    }

    mail_server.refusals = {}
    assert deliver_owed(clock=clock) == 0
    clock.now += RESTS[0]
    assert deliver_owed(clock=clock) == 1


def test_a_failed_message_keeps_no_other_back(mail_server, owed, clock, sent_to):
    poison = owed(UserFactory(), name="poison", words=lambda person, to: {}[person])
    good = owed(UserFactory(), name="good")

    assert deliver_owed(clock=clock) == 1
    assert (state_of(poison), state_of(good)) == ("owed", "sent")
    assert sent_to() == [good.to.email]


def test_what_has_failed_before_comes_after_what_was_never_tried(owed, clock, sent_to):
    failed = owed(UserFactory(), name="failed", not_before=NOON - timedelta(hours=1))
    Notice.objects.update(attempts=1, resting_until=NOON - timedelta(minutes=1))
    fresh = owed(UserFactory(), name="fresh")

    deliver_owed(clock=clock)
    assert sent_to() == [fresh.to.email, failed.to.email]


def test_a_message_that_never_works_is_dead_after_the_last_try(owed, clock):
    notice = owed(words=lambda person, to: {}[person])
    for rest in RESTS:
        deliver_owed(clock=clock)
        assert state_of(notice) == "owed"
        clock.now += rest
    deliver_owed(clock=clock)

    assert (state_of(notice), notice.attempts, notice.last_error) == ("dead", MOST_ATTEMPTS, "KeyError")
    assert list(Entry.objects.values_list("verb", "facts")) == [
        ("notice.died", {"kind": "hello", "attempts": 8, "channel": "mail"})
    ]
    clock.now += timedelta(days=30)
    assert deliver_owed(clock=clock) == 0


def test_a_message_that_kills_its_worker_each_time_is_dead_after_the_last_try(owed, clock, sent_to):
    notice = owed()
    Notice.objects.update(attempts=MOST_ATTEMPTS, resting_until=NOON)

    deliver_owed(clock=clock)
    assert (sent_to(), state_of(notice)) == ([], "dead")


@pytest.mark.parametrize(("code", "state"), [(550, "dead"), (451, "owed")])
def test_an_address_refused_for_good_is_dead_at_once(mail_server, owed, clock, code, state):
    notice = owed()
    mail_server.refusals = {notice.to.email: refused(notice.to.email, code)}

    deliver_owed(clock=clock)
    assert state_of(notice) == state


def test_a_kind_that_this_version_does_not_know_waits_for_the_next_one(owed, clock, monkeypatch):
    notice = owed()
    monkeypatch.delitem(delivery.registry, "hello")

    deliver_owed(clock=clock)
    assert (state_of(notice), notice.last_error) == ("owed", "KeyError")


def test_a_mail_server_out_of_reach_costs_no_attempt(mail_server, owed, clock, caplog):
    notice = owed()
    mail_server.away = True

    deliver_owed(clock=clock)
    assert (state_of(notice), notice.attempts) == ("owed", 0)
    assert [(record.getMessage(), record.facts) for record in caplog.records] == [
        ("mail server out of reach", {"failure": "ConnectionRefusedError"})
    ]

    mail_server.away = False
    assert deliver_owed(clock=clock) == 1


def test_what_was_minted_for_a_mail_that_failed_is_forgotten(mail_server, owed, clock):
    def mint(person, to):
        User.objects.filter(pk=person.pk).update(surname="minted")
        return {}

    notice = owed(words=mint)
    mail_server.refusals = {notice.to.email: refused(notice.to.email, 451)}
    deliver_owed(clock=clock)
    notice.to.refresh_from_db()
    assert notice.to.surname == "Tester"

    mail_server.refusals = {}
    clock.now += RESTS[0]
    deliver_owed(clock=clock)
    notice.to.refresh_from_db()
    assert notice.to.surname == "minted"


# ── What it looks like ────────────────────────────────────────────────────────────────────────────────────────


def test_the_mail_comes_from_the_program_that_the_person_belongs_to(owed, clock):
    harbor = ProgramFactory(sender="Harbor", phone="+1 555 0142")
    owed(enrolled(harbor, preferred_name="Maya"))

    deliver_owed(clock=clock)
    (message,) = mail.outbox
    assert message.from_email == "Harbor <portal@portal.test>"
    assert message.body.startswith("Hello Maya,\n")
    assert "+1 555 0142" in message.body
    assert message.body.rstrip().endswith("Harbor")


def test_staff_get_mail_from_the_program_they_work_for(owed, clock):
    owed(admin(ProgramFactory(sender="Harbor")))

    deliver_owed(clock=clock)
    assert mail.outbox[0].from_email == "Harbor <portal@portal.test>"


def test_text_and_html_say_the_same_and_neither_is_garbled(owed, clock):
    owed(enrolled(preferred_name="D'Arcy <& Co"))

    deliver_owed(clock=clock)
    (message,) = mail.outbox
    html, kind = message.alternatives[0]
    assert kind == "text/html"
    assert "Hello D'Arcy <& Co," in message.body
    assert "Hello D&#x27;Arcy &lt;&amp; Co," in html
    assert "http://127.0.0.1:8000/follow-ups/" in message.body
    assert 'href="http://127.0.0.1:8000/follow-ups/"' in html


def test_the_html_loads_nothing_and_tracks_nothing(owed, clock):
    owed()

    deliver_owed(clock=clock)
    html, _ = mail.outbox[0].alternatives[0]
    for loader in ("<img", "<link", "<script", "<style", "style=", "url(", "src=", "@import"):
        assert loader not in html


def test_a_repeated_mail_can_be_told_by_its_id_and_is_marked_as_automatic(owed, clock):
    notice = owed()
    for _ in range(2):
        deliver_owed(clock=clock)
        Notice.objects.update(state="owed", ended_at=None)

    first, second = (message.message() for message in mail.outbox)
    assert first["Message-ID"] == second["Message-ID"] == f"<notice-{notice.pk}@127.0.0.1>"
    assert first["Auto-Submitted"] == "auto-generated"


def test_times_in_a_mail_are_those_of_its_reader(owed, clock, tmp_path, settings):
    (tmp_path / "email").mkdir()
    (tmp_path / "email/when.txt").write_text("{{ at|day_clock }}")
    (tmp_path / "email/when.html").write_text("{{ at|day_clock }}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    owed(UserFactory(zone="America/Los_Angeles"), template="when", words=lambda person, to: {"at": NOON})

    deliver_owed(clock=clock)
    assert mail.outbox[0].body == "Tuesday 24 November, 9:00 am"
