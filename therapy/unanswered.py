"""Messages of clients that nobody has answered in the time that the program says."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import DateTimeField, DurationField, Exists, ExpressionWrapper, F, OuterRef, Value
from django.db.models.functions import Coalesce

from iop_portal.followups.escalation import admins_of, care_team_of
from iop_portal.followups.models import FollowUp
from iop_portal.followups.owing import owe_follow_up
from therapy.conversations import UNANSWERED
from therapy.models import ClinicalPolicy, Thread

log = logging.getLogger(__name__)

MOST_PER_RUN = 200


def watch_messages(*, now: datetime) -> int:
    """Owe an answer to each client who has waited for longer than the program says: how many follow-ups were made.

    Whoever it was given to owes it, else the primary counsellor; of somebody who is no longer in care, the office.
    One that was seen to since the message came is not made again.
    """
    asked = FollowUp.objects.filter(
        kind=UNANSWERED, about_type="therapy.thread", about_id=OuterRef("pk"), made_at__gte=OuterRef("waiting_since")
    )
    hours = Coalesce("program__policy__answer_hours", Value(ClinicalPolicy().answer_hours))
    limit = ExpressionWrapper(F("waiting_since") + hours * Value(timedelta(hours=1), DurationField()), DateTimeField())
    late = Thread.objects.filter(waiting_since__isnull=False).annotate(owed_at=limit).filter(owed_at__lte=now)
    waiting = late.exclude(Exists(asked)).select_related("client", "program").order_by("waiting_since")
    return sum(_owe(thread, now=now) for thread in waiting[:MOST_PER_RUN])


def _owe(thread: Thread, *, now: datetime) -> bool:
    team = care_team_of(thread.client, thread.program)
    given = [one for one in team if one.pk == thread.assigned_to_id]
    owner = next(iter([*given, *team, *admins_of(thread.program, about=thread.client)]), None)
    if owner is None:
        log.error("nobody to ask for an answer", extra={"facts": {"thread": thread.pk}})
        return False
    owe_follow_up(UNANSWERED, about=thread, program=thread.program, owner=owner, client=thread.client, by=None, now=now)
    return True
