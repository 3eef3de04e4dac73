"""Conversations between a client and their care team: begun by either, never taken back, read by both sides alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db.models import F, Prefetch, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from iop_portal.audit import trail
from iop_portal.followups.acting import resolve_follow_ups_about
from iop_portal.followups.escalation import care_team_of
from iop_portal.notices import outbox
from iop_portal.notices.channels import MAIL_ALONE, Channel, Topic
from iop_portal.notices.reach import channels_for
from iop_portal.people.models import Enrolment, Program, User
from iop_portal.people.seeing import places_on_care_teams, still_works
from iop_portal.prepared import prepared
from iop_portal.refusals import Refused
from iop_portal.writes import write
from therapy.models import ClinicalPolicy, Draft, Message, Reading, Thread, Unread
from therapy.models.conversations import ThreadQuerySet

# The follow-up about a message of a client that nobody has answered.
UNANSWERED = "message_unanswered"
# Notices: to a client, and to somebody of the care team.
CAME, CAME_TO_STAFF = "message_came", "message_came_to_staff"


class NobodyReads(Refused):
    message = gettext_lazy("Nobody of a care team is there yet to read messages. Please call us.")


class TimeIsOver(Refused):
    message = gettext_lazy("Nobody reads new messages here any more, so this was not sent. Please call us.")
    constraint = "messages_are_of_the_client_and_the_care_team"


class NotOnTheTeam(Refused):
    message = gettext_lazy("Choose somebody who is on the care team now.")
    constraint = "threads_are_given_to_the_care_team"


class ClosedAlready(Refused):
    message = gettext_lazy("Somebody has closed this conversation already.")


class NothingSaid(Refused):
    message = gettext_lazy("Write something first.")
    constraint = "a_message_says_something"
    status = 400


@dataclass(frozen=True)
class Read:
    who: str
    at: datetime


@dataclass(frozen=True)
class Line:
    """One message as it is shown, with who has read it besides its sender, in the order in which they did."""

    message: Message
    who: str
    mine: bool
    read_by: Sequence[Read]


# ── What somebody may read ────────────────────────────────────────────────────────────────────────────────────


def own_threads(client: User) -> ThreadQuerySet:
    """A client's: what waits to be read, then the newest."""
    own = Thread.objects.filter(client=client).with_unread(client).with_seen_to_by().select_related("assigned_to")
    return own.order_by(F("is_new").desc(), "-last_at", "-pk")


def threads_for(clinician: User, *, show: str = "", client: User | None = None) -> QuerySet[Thread]:
    """Of a clinician's care teams, those that wait longest for an answer first. `show` is "mine" or "unassigned"."""
    found = Thread.objects.kept_by_team(clinician).with_unread(clinician).with_seen_to_by()
    if show == "mine":
        found = found.seen_to_by(clinician)
    if show == "unassigned":
        found = found.seen_to_by_nobody()
    if client is not None:
        found = found.filter(client=client)
    found = found.select_related("client", "program", "assigned_to")
    return found.order_by(F("waiting_since").asc(nulls_last=True), "-last_at", "-pk")


def unread_by(person: User) -> int:
    """In how many conversations something new waits for a person. One query."""
    return len(_unread(person.pk))


@prepared(int)
def _unread(person: int) -> QuerySet[Unread, int]:
    return Unread.objects.of(User(pk=person)).values_list("pk", flat=True)


def news_in_words(count: int) -> str:
    return ngettext("%(n)d conversation has something new", "%(n)d conversations have something new", count) % {
        "n": count
    }


def in_lines(messages: Iterable[Message], *, reader: User, now: datetime) -> list[Line]:
    """For `messages_in`, which the reader has before them now."""
    return [
        Line(
            message,
            who=_named(message.sender, message, reader),
            mine=message.sender_id == reader.pk,
            read_by=_read_by(message, reader, now),
        )
        for message in messages
    ]


def _read_by(message: Message, reader: User, now: datetime) -> list[Read]:
    found = [
        Read(_("You") if one.reader_id == reader.pk else one.reader.preferred_name, one.read_at)
        for one in message.readings.all()
    ]
    known = message.sender_id == reader.pk or any(one.reader_id == reader.pk for one in message.readings.all())
    return found if known else [*found, Read(_("You"), now)]


def _named(sender: User, message: Message, reader: User) -> str:
    if sender.pk == reader.pk:
        return _("You")
    return sender.short_name if message.from_client else sender.full_name


def messages_in(thread: Thread) -> QuerySet[Message]:
    """The newest first, with who has read them. Three queries, whatever their number."""
    readings = Prefetch("readings", Reading.objects.select_related("reader"))
    return thread.messages.select_related("sender").prefetch_related(readings).order_by("-pk")


def programs_to_write_to(client: User) -> list[Program]:
    """Where a client is in care and somebody of a care team is there to read."""
    found = Program.objects.filter(
        enrolments__client=client,
        enrolments__state__in=Enrolment.LIVE,
        enrolments__care_team__until=None,
        enrolments__care_team__clinician__in=User.objects.filter(still_works(), is_active=True),
    )
    return list(found.distinct().order_by("pk"))


def programs_shared_with(clinician: User, client: User) -> list[Program]:
    """Where a clinician is on a client's care team."""
    places = places_on_care_teams(clinician).filter(enrolment__client=client)
    return list(Program.objects.filter(pk__in=places.values("enrolment__program")).order_by("pk"))


def may_write(thread: Thread, person: User) -> bool:
    """Whoever may read it may write in it, until the client's time in the program is over."""
    if person.pk == thread.client_id:
        return Enrolment.objects.live().filter(client=person, program=thread.program_id).exists()
    return _on_team(thread, person)


def colleagues_in(thread: Thread) -> list[User]:
    return care_team_of(thread.client, thread.program)


def answered_within(policy: ClinicalPolicy) -> str:
    """Within a day, two days, five hours."""
    hours = policy.answer_hours
    if hours % 24 == 0:
        return ngettext("within a day", "within %(n)d days", hours // 24) % {"n": hours // 24}
    return ngettext("within an hour", "within %(n)d hours", hours) % {"n": hours}


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────────


@write
def begin_thread(
    client: User, *, program: Program, subject: str, text: str, once: UUID, by: User, now: datetime
) -> Thread:
    """The client begins, or somebody of the care team does. A form that is sent twice begins one conversation."""
    client = User.objects.lock_no_key(client.pk)
    sent, once = _sent_before(text, once=once, by=by)
    if sent:
        return sent.thread
    if not (care_team_of(client, program) if by == client else _shares(by, client, program)):
        raise NobodyReads
    thread = Thread.objects.create(
        client=client, program=program, subject=subject.strip(), begun_at=now, begun_by=by, last_at=now
    )
    trail.record("conversation.begun", thread, client=client, by=by, at=now)
    _send(thread, text, once=once, by=by, now=now)
    Draft.objects.filter(writer=by, client=client, thread=None).delete()
    return thread


@write
def write_message(thread: Thread, *, text: str, once: UUID, by: User, now: datetime) -> Message:
    """A closed conversation opens again."""
    held = _locked(thread)
    sent, once = _sent_before(text, once=once, by=by)
    if sent:
        return sent
    if not may_write(held, by):
        raise TimeIsOver
    message = _send(held, text, once=once, by=by, now=now)
    Draft.objects.filter(writer=by, thread=held).delete()
    return message


def _sent_before(text: str, *, once: UUID, by: User) -> tuple[Message | None, UUID]:
    """The message that this form has sent already; with other words in it, it is another message."""
    found = Message.objects.filter(sender=by, once=once).select_related("thread").first()
    if found is None:
        return None, once
    return (found, once) if found.text == text.strip() else (None, uuid4())


def _send(thread: Thread, text: str, *, once: UUID, by: User, now: datetime) -> Message:
    if not text.strip():
        raise NothingSaid
    ours = by.pk == thread.client_id
    message = Message.objects.create(
        thread=thread, sender=by, from_client=ours, text=text.strip(), sent_at=now, once=once
    )
    trail.record("message.sent", message, client=thread.client, by=by, at=now)
    if ours:
        for reader in _seen_to_by(thread):
            _tell(thread, reader, now=now)
    else:
        _tell(thread, thread.client, now=now)
        _settle(thread, _("Answered in the conversation."), by=by, now=now)
    return message


@write
def open_thread(thread: Thread, shown: Sequence[Message], *, by: User, now: datetime) -> None:
    """Write down who has these messages before them, where it is for the first time."""
    fresh = [
        each for each in shown if each.sender_id != by.pk and by.pk not in {r.reader_id for r in each.readings.all()}
    ]
    Reading.objects.bulk_create(
        [Reading(message=each, reader=by, read_at=now) for each in fresh], ignore_conflicts=True
    )
    for stretch in Unread.objects.open().select_for_update().filter(thread=thread, person=by):
        _end(stretch, now=now)
    if by.pk != thread.client_id:
        facts = {"count": len(shown)}
        trail.record("conversation.read", thread, client=thread.client, by=by, at=now, facts=facts)


@write
def assign_thread(thread: Thread, *, to: User | None, by: User, now: datetime) -> Thread:
    """From now on one of the care team sees to it, or again all of them do."""
    held = _locked(thread)
    if not _on_team(held, by) or (to is not None and to not in colleagues_in(held)):
        raise NotOnTheTeam
    if held.assigned_to_id == (to.pk if to else None):
        return held
    held.assigned_to = to
    held.save(update_fields=["assigned_to"])
    _end_for_team(held, besides=to, now=now)
    if held.waiting_since is not None:
        for reader in _seen_to_by(held):
            if reader != by:
                _tell(held, reader, now=now)
    trail.record("conversation.assigned", held, client=held.client, by=by, at=now)
    return held


@write
def close_thread(thread: Thread, *, by: User, now: datetime) -> Thread:
    """Nothing is left to do. It waits for nobody, and the next message opens it again."""
    held = _locked(thread)
    if not _on_team(held, by):
        raise NotOnTheTeam
    if held.closed_at is not None:
        raise ClosedAlready
    held.closed_at, held.closed_by, held.waiting_since = now, by, None
    held.save(update_fields=["closed_at", "closed_by", "waiting_since"])
    _settle(held, _("The conversation was closed."), by=by, now=now)
    trail.record("conversation.closed", held, client=held.client, by=by, at=now)
    return held


def _locked(thread: Thread) -> Thread:
    found = Thread.objects.select_for_update(of=("self",), no_key=True)
    return found.select_related("client", "program", "assigned_to").get(pk=thread.pk)


def _on_team(thread: Thread, person: User) -> bool:
    return person.pk != thread.client_id and _shares(person, thread.client, thread.program)


def _shares(clinician: User, client: User, program: Program) -> bool:
    places = places_on_care_teams(clinician).filter(enrolment__client=client, enrolment__program=program)
    return bool(places.exists())


def _seen_to_by(thread: Thread) -> list[User]:
    """Whoever it was given to while they are on the care team, else all of it."""
    team = colleagues_in(thread)
    return [one for one in team if one.pk == thread.assigned_to_id] or team


def _settle(thread: Thread, outcome: str, *, by: User, now: datetime) -> None:
    """Nobody else of the care team has to look any more."""
    _end_for_team(thread, besides=None, now=now)
    resolve_follow_ups_about(thread, kind=UNANSWERED, outcome=outcome, by=by, now=now)


# ── Telling that something came ───────────────────────────────────────────────────────────────────────────────


def still_unread(stretch: Unread) -> bool:
    """Asked at the moment of sending: whether it still waits for somebody who may still read it."""
    return Unread.objects.of(stretch.person).filter(pk=stretch.pk).exists()


def _tell(thread: Thread, reader: User, *, now: datetime) -> None:
    """Once for each stretch: what comes while something waits already is found with it."""
    stretch, made = Unread.objects.get_or_create(thread=thread, person=reader, ended_at=None, defaults={"since": now})
    if not made:
        return
    if reader.pk != thread.client_id:
        outbox.queue(CAME_TO_STAFF, to=reader, about=stretch, client=thread.client, channels=MAIL_ALONE, now=now)
        return
    wished = channels_for(reader, Topic.APPOINTMENTS, program=lambda: thread.program) - {Channel.PORTAL}
    outbox.queue(CAME, to=reader, about=stretch, client=reader, channels=wished, now=now)


def _end(stretch: Unread, *, now: datetime) -> None:
    stretch.ended_at = max(now, stretch.since)
    stretch.save(update_fields=["ended_at"])
    outbox.withdraw(about=stretch, now=now)


def _end_for_team(thread: Thread, *, besides: User | None, now: datetime) -> None:
    of_team = Unread.objects.open().filter(thread=thread).exclude(person=thread.client)
    for stretch in of_team.select_for_update().order_by("pk"):
        if besides is None or stretch.person_id != besides.pk:
            _end(stretch, now=now)
