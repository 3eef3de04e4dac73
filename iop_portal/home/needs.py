"""What a clinician owes somebody: the top of their day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from iop_portal.followups.waiting import Waiting, needs_you
from iop_portal.markup import day_clock
from iop_portal.people.models import User
from scheduling.minimum import too_few_led_by
from therapy import conversations, notes


@dataclass(frozen=True)
class Need:
    """Something that a clinician owes. What is late is coloured, and says so in words too."""

    title: str | Promise
    text: str
    tone: str
    url: str
    verb: str
    about: str


def needs_of(clinician: User, now: datetime) -> list[Need]:
    """What a clinician owes, the most urgent first; then what has too few people, what was written to them, and notes
    to sign. Five queries."""
    owed = [
        Need(
            title=str(each.title),
            text=_text(each),
            tone="danger" if each.presses else "",
            url=each.url,
            verb=_("Open"),
            about=each.who,
        )
        for each in needs_you(clinician, now=now)
    ]
    return owed + _too_few(clinician, now) + _written(clinician) + _to_sign(clinician)


def _to_sign(clinician: User) -> list[Need]:
    """Their own notes without a signature, and their interns’ without a second one."""
    return [
        Need(
            title=_("Co-sign a note") if note.is_signed else _("Sign a note"),
            text=note.client.short_name,
            tone="",
            url=reverse("therapy:note", args=[note.pk]),
            verb=_("Open"),
            about=note.client.short_name,
        )
        for note in notes.to_sign_by(clinician)
    ]


def _too_few(clinician: User, now: datetime) -> list[Need]:
    found = [
        (each, reverse("scheduling:roster", args=[each.session.pk])) for each in too_few_led_by(clinician, now=now)
    ]
    return [Need(each.in_words, each.which, "you", url, _("Roster"), each.which) for each, url in found]


def _written(clinician: User) -> list[Need]:
    unread = conversations.unread_by(clinician)
    if not unread:
        return []
    words = conversations.news_in_words(unread)
    return [Need(_("Messages"), words, "", reverse("therapy:inbox"), _("Read"), _("messages"))]


def _text(each: Waiting) -> str:
    due = day_clock(each.follow_up.due_at)
    words = _("was due %(day)s") if each.late else _("due %(day)s")
    return ", ".join(filter(None, (each.who, words % {"day": due})))


def headline(needs: list[Need]) -> str:
    if not needs:
        return _("Nothing needs you right now")
    return ngettext("%(count)d thing needs you", "%(count)d things need you", len(needs)) % {"count": len(needs)}
