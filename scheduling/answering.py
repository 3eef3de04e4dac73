"""Answering a reminder by a link, without signing in: that one comes, cannot come, or will be late.

A random token stands for a row that says whose answer it is, about which booking at which time, and which one of
the three: nothing that the link says has to be believed. It is minted while its message is sent, and kept as a hash.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.notices.models import Reach
from iop_portal.people.models import User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling import booking
from scheduling.models import AnswerLink, Booking, Reminder
from scheduling.models.feeds import hash_of
from scheduling.models.reminders import LATE_BY

Purpose = AnswerLink.Purpose
# 128 bits: as good as any, and short enough for three of them in a text message.
BYTES = 16


class LinkGone(Refused):
    """Said alike of a link that is used, too old, altered or made up, and where the time has changed."""

    message = _("This link cannot be used.")
    status = 404


class NotSoLate(Refused):
    message = _("Choose how late you will be.")
    status = 400


def words(reminder: Reminder, to: User | None) -> Mapping[str, object]:
    """Mint the links. They are made of the configured origin, never of what a request called the host."""
    assert to is not None
    links: dict[str, object] = {purpose.value: _mint(reminder, to, purpose) for purpose in Purpose}
    return {"begins": reminder.begins, "place": place_told(reminder.booking, to), **links}


def place_told(held: Booking, to: User | None) -> str:
    """Where it is, for who chose to be told: the house, never the name of a room, which anybody may have given it."""
    if to is None or not Reach.objects.filter(person=to, tells_place=True).exists():
        return ""
    return held.program.address if held.session.room_id else str(_("By video"))


def open_link(token: str, *, now: datetime) -> AnswerLink:
    """The link as its page shows it. Raises LinkGone, whatever is wrong with it. Changes nothing."""
    found = AnswerLink.objects.opened_by(token, now=now).select_related("reminder__booking__session__program", "person")
    link = found.first()
    if link is None:
        raise LinkGone
    return link


@write
def use_link(token: str, *, late_by: int | None, now: datetime) -> AnswerLink:
    """Give the answer. Of two who use it at once, one does: the link is locked, and then looked at again."""
    held = AnswerLink.objects.select_for_update(of=("self",)).filter(token_hash=hash_of(token)).first()
    if held is None:
        raise LinkGone
    link = open_link(token, now=now)
    if link.purpose == Purpose.LATE and late_by not in LATE_BY:
        raise NotSoLate
    link.used_at = now
    link.save(update_fields=["used_at"])
    if link.purpose == Purpose.CANCEL:
        booking.cancel_booking(link.reminder.booking, by=link.person, now=now)
    else:
        _answer(link.reminder, late_by=late_by if link.purpose == Purpose.LATE else None, by=link.person, now=now)
    return link


def _answer(reminder: Reminder, *, late_by: int | None, by: User, now: datetime) -> None:
    """The last answer holds."""
    reminder.answer = Reminder.Answer.LATE if late_by else Reminder.Answer.COMES
    reminder.late_by, reminder.answered_at = late_by, now
    reminder.save(update_fields=["answer", "late_by", "answered_at"])
    verb = "booking.late_announced" if late_by else "booking.confirmed"
    trail.record(verb, reminder.booking, client=by, by=by, at=now, facts={"late_by": late_by} if late_by else {})


def _mint(reminder: Reminder, to: User, purpose: Purpose, now: datetime | None = None) -> str:
    token = secrets.token_urlsafe(BYTES)
    AnswerLink.objects.create(
        reminder=reminder,
        person=to,
        purpose=purpose,
        token_hash=hash_of(token),
        minted_at=now or timezone.now(),
        expires_at=reminder.begins,
    )
    return settings.PORTAL_ORIGIN + reverse("scheduling:answer", args=[token])
