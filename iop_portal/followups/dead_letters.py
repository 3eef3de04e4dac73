"""Messages that could not be delivered: each is somebody's to see to, since a person was counting on it."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.query import QuerySet
from django.utils.translation import gettext as _

from iop_portal.followups.acting import resolve_follow_ups_about
from iop_portal.followups.models import FollowUp
from iop_portal.followups.owing import owe_follow_up
from iop_portal.notices import outbox
from iop_portal.notices.delivery import program_of
from iop_portal.notices.models import Notice
from iop_portal.people.models import Program, User
from iop_portal.people.roles import Role
from iop_portal.writes import write

log = logging.getLogger(__name__)

KIND = "dead_letter"
NOTICE = "notices.notice"
MOST_PER_RUN = 200


def watch_dead_letters(*, now: datetime) -> int:
    """Owe an admin a look at each message that died: how many follow-ups were made.

    Looked for here rather than owed by delivery, which stands below and must not fail over it. A mail about a
    dead letter's own follow-up makes none: where the admin's mailbox is the broken one, that would never end.
    That follow-up is on the admin's page all the same, and escalates.
    """
    made = 0
    for notice in _unseen().select_related("to")[:MOST_PER_RUN]:
        program, owner = _responsible_for(notice)
        if program is None or owner is None:
            facts = {"notice": notice.pk, "kind": notice.kind}
            log.error("no admin to tell of a dead notice", extra={"facts": facts})
            continue
        owe_follow_up(KIND, about=notice, program=program, owner=owner, by=None, now=now)
        made += 1
    return made


def dead_letters_for(user: User) -> QuerySet[Notice]:
    """Those of the programs that an admin runs, the latest first."""
    told = FollowUp.objects.open().filter(kind=KIND, program__in=Program.objects.run_by(user))
    return (
        Notice.objects.dead().filter(pk__in=told.values("about_id")).select_related("to").order_by("-ended_at", "-pk")
    )


@write
def try_again(notice: Notice, *, by: User, now: datetime) -> None:
    """Owe it once more, with all its attempts."""
    outbox.retry_dead(notice, by=by, now=now)
    resolve_follow_ups_about(notice, kind=KIND, outcome=_("Sent again"), by=by, now=now)


@write
def let_go(notice: Notice, *, by: User, now: datetime) -> None:
    """It will not be sent. The person was reached otherwise, or need not be."""
    outbox.drop_dead(notice, by=by, now=now)
    resolve_follow_ups_about(notice, kind=KIND, outcome=_("Let go"), by=by, now=now)


def _unseen() -> QuerySet[Notice]:
    """Dead, and no follow-up was made since: one that was tried again and died again is new."""
    made = FollowUp.objects.filter(
        kind=KIND, about_type=NOTICE, about_id=OuterRef("pk"), made_at__gte=OuterRef("ended_at")
    )
    about_a_dead_letter = FollowUp.objects.filter(pk=OuterRef("about_id"), kind=KIND)
    own = Q(about_type="followups.followup") & Q(Exists(about_a_dead_letter))
    return Notice.objects.dead().exclude(Q(Exists(made)) | own).order_by(F("ended_at"), "pk")


def _responsible_for(notice: Notice) -> tuple[Program | None, User | None]:
    """An admin of the message's program; where it has none, any admin, and a program of theirs."""
    program = program_of(notice)
    admins = User.objects.filter(is_active=True, roles_held__role=Role.ADMIN).order_by("pk")
    if program is not None and (admin := admins.filter(roles_held__program=program).first()):
        return program, admin
    admin = admins.first()
    if admin is None:
        return program, None
    return Program.objects.run_by(admin).first(), admin
