"""Who opened my record: the trail about a client, in sentences that the client reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import verbs
from iop_portal.audit.models import Entry
from iop_portal.people.models import BrokenGlass, RoleHeld, User
from iop_portal.people.roles import Role
from iop_portal.people.seeing import programs_of

READING = ("client.opened", "consent.read", "glass.broken")
# The part in which somebody acted, the one that matters most first.
PARTS = (Role.CLINICIAN, Role.ADMIN, Role.FAMILY)

FINDINGS: dict[str, str | Promise] = {
    "": _("An admin of the program looks into it."),
    BrokenGlass.Finding.JUSTIFIED: _("An admin looked into it: it was needed."),
    BrokenGlass.Finding.UNJUSTIFIED: _("An admin looked into it: it was not needed. You may ask us about it."),
}


@dataclass(frozen=True)
class Line:
    """One line of the trail as its client reads it. `more` says how an emergency access was looked into."""

    who: str | Promise
    part: str | Promise
    did: str | Promise
    at: datetime
    more: str | Promise = ""


def trail_about(client: User, *, with_own: bool) -> QuerySet[Entry]:
    """Everything that others did with this person's record, and on wish what they did themself; newest first."""
    entries = Entry.objects.filter(client=client)
    return entries if with_own else entries.exclude(actor=client)


def read_lately(client: User, *, reader: User, most: int = 5) -> list[Line]:
    """The last times that a colleague of the reader read this record. Whoever reads it elsewhere is not named here."""
    colleagues = RoleHeld.objects.filter(program__in=programs_of(reader, Role.CLINICIAN)).exclude(user=reader)
    entries = Entry.objects.filter(client=client, verb__in=READING, actor__in=colleagues.values("user"))
    return lines(with_people(entries)[:most], reader=client)


def with_people(entries: QuerySet[Entry]) -> QuerySet[Entry]:
    return entries.select_related("actor").prefetch_related("actor__roles_held")


def lines(entries: Iterable[Entry], *, reader: User) -> list[Line]:
    """Entries with their people (see `with_people`) in words. One query more, for emergency accesses."""
    entries = list(entries)
    keys = [entry.object_id for entry in entries if entry.object_type == "people.brokenglass"]
    glass = BrokenGlass.objects.in_bulk(keys)
    return [
        Line(
            who=_("You") if entry.actor == reader else entry.actor.full_name if entry.actor else _("The portal"),
            part=_part(entry.actor) if entry.actor and entry.actor != reader else "",
            did=verbs.sentences[entry.verb],
            at=entry.at,
            more=_more(entry, glass),
        )
        for entry in entries
    ]


def _part(actor: User) -> str | Promise:
    held = {role.role for role in actor.roles_held.all()}
    return next((role.label for role in PARTS if role in held), "")


def _more(entry: Entry, glass: dict[int, BrokenGlass]) -> str | Promise:
    if entry.verb == "client.opened" and entry.facts.get("glass"):
        return _("By an emergency access.")
    if entry.verb != "glass.broken" or entry.object_id not in glass:
        return ""
    return FINDINGS[glass[entry.object_id].finding]
