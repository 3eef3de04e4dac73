"""Finding lines of the trail, and telling them in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from iop_portal.audit.models import Entry
from iop_portal.audit.verbs import told_to_others
from iop_portal.consents.models import Category
from iop_portal.followups import kinds as follow_ups
from iop_portal.notices.channels import Channel
from iop_portal.notices.models import TextOptOut
from iop_portal.people.models import Apart, BrokenGlass, CareTeam, User
from iop_portal.people.roles import Role
from therapy.models import Agreement, Credential, Part, Prescription

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
        people = User.objects.named(person).values("pk")
        found = found.filter(Q(actor__in=people) | Q(client__in=people))
    zone = timezone.get_current_timezone()
    if since := wish.get("since"):
        found = found.filter(at__gte=datetime.combine(since, time.min, zone))
    if until := wish.get("until"):
        found = found.filter(at__lt=datetime.combine(until + timedelta(days=1), time.min, zone))
    return found


def in_words(entries: list[Entry]) -> list[Line]:
    return [Line(entry, what=told_to_others(entry.verb), facts=_facts(entry)) for entry in entries]


def _facts(entry: Entry) -> str:
    """In the order of `FACTS`: the database does not keep the one in which they were written."""
    order = {name: place for place, name in enumerate(FACTS)}
    facts = sorted(entry.facts.items(), key=lambda fact: (order.get(fact[0], len(order)), fact[0]))
    told = (FACTS.get(name, _setting)(entry, name, value) for name, value in facts)
    return capfirst(", ".join(filter(None, told)))


def _said(words: Mapping[Any, str | Promise]) -> Callable[[Entry, str, Any], str]:
    """What has a word for each value, and says nothing for others."""
    return lambda _entry, _name, value: str(words.get(value, ""))


def _counted(singular: str, plural: str) -> Callable[[Entry, str, Any], str]:
    return lambda _entry, _name, value: ngettext(singular, plural, value) % {"n": value}


def _kind(entry: Entry, _name: str, value: str) -> str:
    """Of a follow-up, a credential or an agreement. The kind of a message says nothing that its owner could act on."""
    if entry.verb.startswith("credential."):
        return str(dict(Credential.Kind.choices).get(value, ""))
    if entry.verb.startswith("agreement."):
        return str(dict(Agreement.Kind.choices).get(value, ""))
    kind = follow_ups.registry.get(value)
    return str(kind.title) if kind else ""


def _fields(entry: Entry, _name: str, value: str) -> str:
    return ", ".join(_field(entry, name) for name in value.split(", "))


def _setting(entry: Entry, name: str, value: object) -> str:
    """A rule of the program and what it became."""
    return f"{_field(entry, name)}: {value}"


def _field(entry: Entry, name: str) -> str:
    """As the form calls it, so far as the model still has it."""
    try:
        return str(apps.get_model(entry.object_type)._meta.get_field(name).verbose_name)
    except (FieldDoesNotExist, LookupError, ValueError):
        return name.replace("_", " ")


_shown = _counted("%(n)d shown", "%(n)d shown")

FACTS: dict[str, Callable[[Entry, str, Any], str]] = {
    "kind": _kind,
    "category": _said(dict(Category.choices)),
    "role": _said(dict(Role.choices)),
    "channel": _said(dict(Channel.choices)),
    "how": _said(dict(TextOptOut.How.choices)),
    "part": _said(dict(CareTeam.Part.choices)),
    "phase": _said(dict(Prescription.Phase.choices)),
    "finding": _said(dict(BrokenGlass.Finding.choices)),
    "asked_by": _said(dict(Apart.AskedBy.choices)),
    "weekday": _said(WEEKDAYS),
    "fields": _fields,
    "count": _shown,
    "shown": _shown,
    "attempts": _counted("after %(n)d try", "after %(n)d tries"),
    "time": _counted("for the first time", "%(n)d times by now"),
    "stretches": _counted("%(n)d stretch of time", "%(n)d stretches of time"),
    "hours": _counted("%(n)d hour", "%(n)d hours"),
    "days": _counted("%(n)d day", "%(n)d days"),
    "minutes": _counted("%(n)d minute", "%(n)d minutes"),
    "added": _counted("%(n)d added", "%(n)d added"),
    "removed": _counted("%(n)d removed", "%(n)d removed"),
    "glass": lambda _entry, _name, value: _("by an emergency access") if value else "",
    "review_owed": lambda _entry, _name, value: "" if value else _("nobody was there to review it"),
    "booked": _counted("%(n)d booked", "%(n)d booked"),
    "cancelled": _counted("%(n)d session cancelled", "%(n)d sessions cancelled"),
    "kept": _counted("%(n)d led by others", "%(n)d led by others"),
    "made": _counted("%(n)d session made", "%(n)d sessions made"),
    "assigned": _counted("%(n)d place booked", "%(n)d places booked"),
    "released": _counted("%(n)d place given back", "%(n)d places given back"),
    "late_by": _counted("about %(n)d minute late", "about %(n)d minutes late"),
    "late": lambda _entry, _name, value: _("late") if value else _("in time"),
    "section": _said(dict(Part.choices)),
    "version": lambda _entry, _name, value: _("version %(number)d") % {"number": value},
    "tells_more": lambda _entry, _name, value: _("with details") if value else _("saying little"),
}
