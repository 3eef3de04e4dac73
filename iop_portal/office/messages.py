"""The outbox as admins see it: how many, how late, and to whom what could not be delivered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from iop_portal.accounts.models import Invitation
from iop_portal.notices.kinds import registry
from iop_portal.notices.models import Notice
from iop_portal.notices.outbox import longest_wait


@dataclass(frozen=True)
class Traffic:
    """Of the whole portal: numbers tell nothing of anybody."""

    owed: int
    sent_today: int
    late: str


@dataclass(frozen=True)
class DeadMessage:
    notice: Notice
    subject: str
    recipient: str


def traffic(*, now: datetime) -> Traffic:
    counted = Notice.objects.aggregate(
        owed=Count("pk", filter=Q(state=Notice.State.OWED)),
        sent_today=Count("pk", filter=Q(state=Notice.State.SENT, ended_at__gt=now - timedelta(days=1))),
    )
    return Traffic(owed=counted["owed"], sent_today=counted["sent_today"], late=_in_words(longest_wait(now=now)))


def _in_words(waited: timedelta) -> str:
    """Minutes, once it is more than the beat needs. Empty where nothing is late."""
    minutes = int(waited.total_seconds()) // 60
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes} if minutes else ""


def in_words(notices: Iterable[Notice]) -> list[DeadMessage]:
    """Each with its recipient, those without an account by the address on their invitation. One query more."""
    shown = list(notices)
    invited = {notice.about_id for notice in shown if notice.about_type == Invitation._meta.label_lower}
    invitations = Invitation.objects.in_bulk(invited)
    return [
        DeadMessage(
            notice=notice,
            subject=str(registry[notice.kind].subject) if notice.kind in registry else notice.kind,
            recipient=_recipient(notice, invitations.get(notice.about_id)),
        )
        for notice in shown
    ]


def _recipient(notice: Notice, invitation: Invitation | None) -> str:
    if notice.to:
        return notice.to.full_name
    return invitation.email if invitation else _("Somebody without an account")
