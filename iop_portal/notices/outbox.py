"""The outbox: a message is owed in the transaction of the fact it tells of, and delivered later."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, models
from django.utils import timezone

from iop_portal.notices.kinds import registry
from iop_portal.notices.models import Notice
from iop_portal.people.models import User

# Longer than the ten seconds that a mail server may take while delivery holds the row.
WITHDRAWAL_WAITS = "15s"


def queue(
    kind: str,
    *,
    to: User | None,
    about: models.Model,
    client: User | None = None,
    lead: timedelta = timedelta(0),
    not_before: datetime | None = None,
    now: datetime | None = None,
) -> None:
    """Owe a message. Owing it twice is harmless. Raises KeyError for a kind that nobody registered."""
    owed = registry[kind]
    if about._meta.label_lower != owed.about:
        raise TypeError(f"A {kind} notice is about {owed.about}.")
    if to is None and owed.address is None:
        raise TypeError(f"A {kind} notice needs a person to go to.")
    now = now or timezone.now()
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
            )
        ],
        ignore_conflicts=True,
    )


def withdraw(*, about: models.Model, kind: str | None = None, now: datetime | None = None) -> int:
    """What is still owed about a subject is owed no more: how many messages that was.

    Waits for a delivery that is under way, so that nothing goes out once the caller has committed.
    Call it inside the write that undoes the fact.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [WITHDRAWAL_WAITS])
    owed = Notice.objects.filter(about_type=about._meta.label_lower, about_id=about.pk, state=Notice.State.OWED)
    if kind is not None:
        owed = owed.filter(kind=kind)
    keys = list(owed.select_for_update().order_by("pk").values_list("pk", flat=True))
    return Notice.objects.filter(pk__in=keys, state=Notice.State.OWED).update(
        state=Notice.State.WITHDRAWN, ended_at=now or timezone.now()
    )
