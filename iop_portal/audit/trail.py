"""Writing the trail."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import models
from django.utils import timezone

from iop_portal.audit.models import Entry
from iop_portal.audit.verbs import sentences
from iop_portal.people.models import User


@dataclass(frozen=True)
class Origin:
    """Where a request came from."""

    address: str | None = None
    request_id: UUID | None = None


origin: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039 (frozen)


def record(
    verb: str,
    obj: models.Model | None = None,
    *,
    client: User | None = None,
    by: User | None = None,
    at: datetime | None = None,
    facts: Mapping[str, str | int | bool | None] | None = None,
) -> Entry:
    """Add one line, in the transaction of what it tells of.

    `verb` has to be registered in `audit.verbs` (KeyError otherwise). `client` is whose record it concerns,
    `by` who acted (None: the portal itself). `facts` must not hold personal data: states, counts, kinds.
    A list that was read is one entry, with its length among the facts.
    """
    sentences[verb]
    here = origin.get()
    return Entry.objects.create(
        at=at or timezone.now(),
        verb=verb,
        actor=by,
        client=client,
        object_type=obj._meta.label_lower if obj is not None else "",
        object_id=obj.pk if obj is not None else None,
        address=here.address,
        request_id=here.request_id,
        facts=dict(facts or {}),
    )
