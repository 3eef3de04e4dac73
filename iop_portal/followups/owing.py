"""Owing a human act."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models

from iop_portal.audit import trail
from iop_portal.followups.kinds import registry
from iop_portal.followups.models import FollowUp
from iop_portal.notices import outbox
from iop_portal.people.models import Program, User
from iop_portal.writes import write


@write
def owe_follow_up(
    kind: str,
    *,
    about: models.Model,
    program: Program,
    owner: User,
    client: User | None = None,
    within: timedelta | None = None,
    on_duty: bool = False,
    by: User | None,
    now: datetime,
) -> FollowUp:
    """Owe an act, and tell its owner by mail that something waits.

    `client` makes it an act of care, which the client's care team sees; without one it is an act of the
    office, which the program's admins see. While one of the same kind about the same subject is open, that one
    is returned. `within` is how soon an urgent one goes on; with `on_duty` its owner may see it whether or not
    they are on the care team. Raises KeyError for a kind that nobody registered.
    """
    owed = registry[kind]
    if about._meta.label_lower != owed.about:
        raise TypeError(f"A {kind} follow-up is about {owed.about}.")
    period = (within or owed.due_in) if owed.urgent else None
    follow_up, made = FollowUp.objects.get_or_create(
        kind=kind,
        about_type=owed.about,
        about_id=about.pk,
        resolved_at=None,
        defaults={
            "program": program,
            "owner": owner,
            "client": client,
            "made_at": now,
            "due_at": now + (period or owed.due_in),
            "within": period,
            "on_duty": on_duty,
        },
    )
    if made:
        trail.record("follow_up.owed", follow_up, client=client, by=by, at=now, facts={"kind": kind})
        outbox.queue("follow_up_owed", to=owner, about=follow_up, client=client, now=now)
    return follow_up
