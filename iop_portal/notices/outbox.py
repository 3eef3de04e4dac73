"""The outbox: a message is owed in the transaction of the fact it tells of, and delivered later."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection, models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.notices.channels import Channel
from iop_portal.notices.kinds import Kind, registry
from iop_portal.notices.letters import program_behind
from iop_portal.notices.models import Notice
from iop_portal.notices.models.notices import NoticeQuerySet
from iop_portal.notices.reach import channels_for
from iop_portal.people.models import User
from iop_portal.refusals import Refused
from iop_portal.writes import write

# Seconds, more than the ten that a mail server may take while delivery holds the row.
WITHDRAWAL_WAITS = 15


def queue(
    kind: str,
    *,
    to: User | None,
    about: models.Model,
    client: User | None = None,
    lead: timedelta = timedelta(0),
    not_before: datetime | None = None,
    channels: Iterable[Channel] | None = None,
    now: datetime | None = None,
) -> None:
    """Owe a message, by each channel that its recipient wished or by those given. Owing it twice is harmless.

    Raises KeyError for a kind that nobody registered.
    """
    owed = registry[kind]
    if about._meta.label_lower != owed.about:
        raise TypeError(f"A {kind} notice is about {owed.about}.")
    if to is None and owed.address is None:
        raise TypeError(f"A {kind} notice needs a person to go to.")
    now = now or timezone.now()
    wished = frozenset(_wished(owed, to, about) if channels is None else channels)
    Notice.objects.bulk_create(
        [
            Notice(
                kind=kind,
                to=to,
                client=client,
                about_type=owed.about,
                about_id=about.pk,
                lead=lead,
                owed_at=now,
                not_before=not_before or now,
                channel=channel,
            )
            for channel in Channel
            if channel in wished
        ],
        ignore_conflicts=True,
    )


def _wished(kind: Kind, to: User | None, about: models.Model) -> Iterable[Channel]:
    if kind.topic is None or to is None:
        return kind.channels
    return channels_for(to, kind.topic, program=lambda: program_behind(about, to))


def withdraw(*, about: models.Model, kind: str | None = None, now: datetime | None = None) -> int:
    """What is still owed about a subject is owed no more: how many messages that was.

    Waits for a delivery that is under way, so that nothing goes out once the caller has committed.
    Call it inside the write that undoes the fact.
    """
    owed = Notice.objects.owed().filter(about_type=about._meta.label_lower, about_id=about.pk)
    return _withdraw(owed if kind is None else owed.filter(kind=kind), now or timezone.now())


def withdraw_all(kind: str, *, about: Iterable[models.Model], now: datetime) -> int:
    """The same for one kind about many subjects."""
    keys = [subject.pk for subject in about]
    return _withdraw(Notice.objects.owed().filter(kind=kind, about_type=registry[kind].about, about_id__in=keys), now)


def withdraw_texts(person: User, *, now: datetime) -> int:
    """Nothing that is owed to somebody goes out as a text any more. It waits as `withdraw` does."""
    return _withdraw(Notice.objects.owed().by(Channel.TEXT).filter(to=person), now)


def _withdraw(owed: NoticeQuerySet, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)",
            [f"{WITHDRAWAL_WAITS}s", f"{WITHDRAWAL_WAITS + 5}s"],
        )
    keys = list(owed.select_for_update().order_by("pk").values_list("pk", flat=True))
    return Notice.objects.filter(pk__in=keys).update(state=Notice.State.WITHDRAWN, ended_at=now, resting_until=None)


class NotDead(Refused):
    message = _("Somebody has seen to this message already.")


@write
def retry_dead(notice: Notice, *, by: User, now: datetime) -> Notice:
    """Owe a dead message again, with all its attempts. What it tells of is checked anew when it is sent."""
    dead = _lock_dead(notice)
    dead.state = Notice.State.OWED
    dead.attempts, dead.last_error = 0, ""
    dead.ended_at = None
    dead.save(update_fields=["state", "attempts", "last_error", "ended_at"])
    trail.record("notice.retried", dead, client=dead.client, by=by, at=now, facts={"kind": dead.kind})
    return dead


@write
def drop_dead(notice: Notice, *, by: User, now: datetime) -> Notice:
    """Let a dead message go: it will not be sent."""
    dead = _lock_dead(notice)
    dead.state = Notice.State.WITHDRAWN
    dead.ended_at = now
    dead.save(update_fields=["state", "ended_at"])
    trail.record("notice.dropped", dead, client=dead.client, by=by, at=now, facts={"kind": dead.kind})
    return dead


def _lock_dead(notice: Notice) -> Notice:
    dead = Notice.objects.dead().select_for_update(of=("self",)).select_related("client").filter(pk=notice.pk).first()
    if dead is None:
        raise NotDead
    return dead


def longest_wait(*, now: datetime) -> timedelta:
    """How late the latest of the owed messages is: zero where nothing is due."""
    oldest = Notice.objects.owed().filter(not_before__lte=now).order_by("not_before").values_list("not_before").first()
    return now - oldest[0] if oldest else timedelta(0)
