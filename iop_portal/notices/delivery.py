"""Carrying out what is owed.

One notice takes two transactions. The first claims it and counts the attempt, so that a notice which kills its
worker is counted too. The second holds its lock, asks again whether it is still owed, sends, and marks it as
sent. A worker that dies between sending and marking sends once more later: mail goes out at least once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.apps import apps
from django.db import connection, models, transaction
from django.utils import timezone

from iop_portal.audit import trail
from iop_portal.notices.channels import Channel
from iop_portal.notices.kinds import Kind, registry
from iop_portal.notices.letters import program_behind
from iop_portal.notices.lines import Line, line_of
from iop_portal.notices.models import Notice
from iop_portal.notices.quiet import Quiet, morning_after
from iop_portal.notices.reach import channels_for, quiet_hours, reach_of, texts_are_on
from iop_portal.people.models import Program, User

log = logging.getLogger(__name__)

# The rest after each try. A message is tried for about nine hours, a night of a broken mailbox. The first rest is
# shorter than the time between two beats, so that what a killed worker left is taken up by the next one.
RESTS = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)
MOST_ATTEMPTS = len(RESTS) + 1
# A run goes on past one message that hangs, and then makes room. Beats that come meanwhile expire or run beside it.
MOST_PER_RUN = 500
LONGEST_RUN = 25.0
# Shorter than the second after which PostgreSQL looks for deadlocks: delivery gives way, never a person's write.
DELIVERY_WAITS = "500ms"


def deliver_owed(*, channel: Channel = Channel.MAIL, clock: Callable[[], datetime] = timezone.now) -> int:
    """Deliver what is due by one channel, for half a minute at most: how many messages went out.

    Any number of runs may overlap. A mail server that cannot be reached costs no message an attempt.
    """
    if not Notice.objects.by(channel).due(clock()).exists():
        return 0
    line = line_of(channel)
    try:
        return _run(line, channel, clock)
    finally:
        line.hang_up()


def _run(line: Line, channel: Channel, clock: Callable[[], datetime]) -> int:
    sent = 0
    ends = time.monotonic() + LONGEST_RUN
    for _ in range(MOST_PER_RUN):
        if time.monotonic() > ends or not line.reached():
            break
        claimed = claim_next(channel=channel, now=clock())
        if claimed is None:
            break
        try:
            sent += carry_out(claimed, line=line, now=clock())
        except Exception as error:
            # Whatever it was, the next message is not to blame for it.
            note_failure(claimed, error, for_good=line.refused_for_good(error), now=clock())
            line.hang_up()
            if line.lost(error):
                log.error("provider out of reach", extra={"facts": {"failure": type(error).__name__}})
                break
    return sent


@transaction.atomic
def claim_next(*, channel: Channel = Channel.MAIL, now: datetime) -> int | None:
    """Take the oldest due notice for one try, past those that others hold: its key."""
    notice = Notice.objects.by(channel).due(now).select_for_update(skip_locked=True).first()
    if notice is None:
        return None
    notice.attempts += 1
    notice.resting_until = now + RESTS[min(notice.attempts, len(RESTS)) - 1]
    notice.save(update_fields=["attempts", "resting_until"])
    return notice.pk


@transaction.atomic
def carry_out(notice_id: int, *, line: Line, now: datetime) -> bool:
    """Send one claimed notice, if it is still owed: whether it went out. Raises whatever went wrong."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [DELIVERY_WAITS])
    claimed = Notice.objects.owed().filter(pk=notice_id)
    # It waits for the lock: another run that looked for something to claim may hold this row for a moment.
    notice = claimed.select_for_update(of=("self",)).select_related("to", "client").first()
    if notice is None:
        return False
    if notice.attempts > MOST_ATTEMPTS:
        # The tries before this one ended with their workers.
        _end(notice, Notice.State.DEAD, now=now)
        return False
    kind = registry[notice.kind]
    subject = _subject(kind, notice)
    verdict = _verdict(notice, kind, subject)
    if verdict is not Notice.State.SENT:
        _end(notice, verdict, now=now)
        return False
    if morning := _rests_until(notice, kind, subject, now=now):
        # Not a try that failed.
        notice.attempts -= 1
        notice.resting_until = morning
        notice.save(update_fields=["attempts", "resting_until"])
        return False
    line.send(notice, kind, subject)
    _end(notice, Notice.State.SENT, now=now)
    return True


def program_of(notice: Notice) -> Program | None:
    """The program that a notice speaks for, as far as it can be told."""
    kind = registry.get(notice.kind)
    return program_behind(_subject(kind, notice) if kind else None, notice.to)


def _subject(kind: Kind, notice: Notice) -> models.Model | None:
    model: type[models.Model] = apps.get_model(kind.about)
    return model._default_manager.filter(pk=notice.about_id).first()


def _verdict(notice: Notice, kind: Kind, subject: models.Model | None) -> Notice.State:
    """What becomes of a notice, by what is true at this moment."""
    if subject is None or not kind.still_owed(subject):
        return Notice.State.WITHDRAWN
    if notice.to is None:
        return Notice.State.SENT
    if not notice.to.is_active:
        return Notice.State.WITHDRAWN
    return Notice.State.SENT if _wanted(notice, kind, notice.to, subject) else Notice.State.UNWANTED


def _wanted(notice: Notice, kind: Kind, to: User, subject: models.Model) -> bool:
    """By what its recipient says now, not when it was owed. A text needs their written word, whatever it is about."""
    if notice.channel == Channel.TEXT and not texts_are_on():
        return False
    if kind.topic is not None:
        return Channel(notice.channel) in channels_for(to, kind.topic, program=lambda: program_behind(subject, to))
    # Who wants no mail still reads what is told in the portal.
    return kind.essential or to.mail_ok or notice.channel == Channel.PORTAL


def _rests_until(notice: Notice, kind: Kind, subject: models.Model | None, *, now: datetime) -> datetime | None:
    """The end of the quiet hours, the recipient's own or the program's, where the message comes in them and may wait.

    What is told in the portal makes no noise.
    """
    if kind.waits is None or notice.channel == Channel.PORTAL:
        return None
    quiet: Quiet | None = program_behind(subject, notice.to)
    if notice.to is not None and kind.topic is not None:
        quiet = quiet_hours(reach_of(notice.to), person=notice.to, program=program_behind(subject, notice.to))
    morning = morning_after(quiet, now) if quiet else None
    return morning if morning and kind.waits(subject, morning) else None


def _end(notice: Notice, state: Notice.State, *, now: datetime) -> None:
    notice.state = state
    notice.ended_at = now
    notice.resting_until = None
    notice.save(update_fields=["state", "ended_at", "resting_until"])
    if state in VERBS:
        trail.record(
            VERBS[state],
            notice,
            client=notice.client,
            at=now,
            facts={"kind": notice.kind, "attempts": notice.attempts, "channel": notice.channel},
        )
    log.info("notice ended", extra={"facts": {**_facts(notice), "state": state.value}})


def _facts(notice: Notice) -> dict[str, str | int]:
    return {"notice": notice.pk, "kind": notice.kind, "attempts": notice.attempts, "channel": notice.channel}


VERBS = {Notice.State.SENT: "notice.sent", Notice.State.DEAD: "notice.died"}


@transaction.atomic
def note_failure(notice_id: int, error: Exception, *, for_good: bool = False, now: datetime) -> None:
    """Keep the class of the error and nothing of its message, which may repeat an address. The last try ends it."""
    name = type(error).__name__
    notice = Notice.objects.owed().select_for_update(of=("self",)).select_related("client").filter(pk=notice_id).first()
    if notice is None:
        return
    log.warning("notice failed", extra={"facts": {**_facts(notice), "failure": name}})
    notice.last_error = name[:80]
    notice.save(update_fields=["last_error"])
    if notice.attempts >= MOST_ATTEMPTS or for_good:
        _end(notice, Notice.State.DEAD, now=now)
