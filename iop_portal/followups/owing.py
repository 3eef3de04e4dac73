"""Owing a human act."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from iop_portal.audit import trail
from iop_portal.followups.kinds import registry
from iop_portal.followups.models import FollowUp
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
    by: User | None,
    now: datetime,
) -> FollowUp:
    """Owe an act. While one of the same kind about the same subject is open, that one is returned."""
    owed = registry[kind]
    follow_up, made = FollowUp.objects.get_or_create(
        kind=kind,
        about_type=about._meta.label_lower,
        about_id=about.pk,
        resolved_at=None,
        defaults={
            "program": program,
            "owner": owner,
            "client": client,
            "made_at": now,
            "due_at": now + owed.due_in,
        },
    )
    if made:
        trail.record("follow_up.owed", follow_up, client=client, by=by, at=now, facts={"kind": kind})
    return follow_up
