"""Finding lines of the trail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from iop_portal.audit.models import Entry
from iop_portal.people.models import User

PER_PAGE = 50


@dataclass(frozen=True)
class Line:
    entry: Entry
    what: str
    facts: str


def entries_for(admin: User, wish: Mapping[str, Any]) -> QuerySet[Entry]:
    """Of what an admin may read, what they ask for: a verb, a person on either side, days in their own zone."""
    found = Entry.objects.run_by(admin).select_related("actor", "client")
    if verb := wish.get("verb"):
        found = found.filter(verb=verb)
    if person := wish.get("person"):
        people = User.objects.belonging_to_programs_run_by(admin).named(person).values("pk")
        found = found.filter(Q(actor__in=people) | Q(client__in=people))
    zone = timezone.get_current_timezone()
    if since := wish.get("since"):
        found = found.filter(at__gte=datetime.combine(since, time.min, zone))
    if until := wish.get("until"):
        found = found.filter(at__lt=datetime.combine(until + timedelta(days=1), time.min, zone))
    return found


def in_words(entries: list[Entry]) -> list[Line]:
    """Plainly: the sentences of `audit.verbs` speak to the client whose record it is."""
    return [
        Line(
            entry=entry,
            what=entry.verb.replace(".", ": ").replace("_", " "),
            facts=", ".join(f"{name}: {value}" for name, value in entry.facts.items()),
        )
        for entry in entries
    ]
