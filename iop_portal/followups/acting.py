"""Seeing to what is owed. Whoever takes a follow-up on owns it from then, so that it is never between two people."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.followups.models import FollowUp
from iop_portal.notices import outbox
from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from iop_portal.writes import write

LONGEST_SNOOZE = timedelta(days=3)
ROUND = timedelta(hours=1)


class AlreadyResolved(Refused):
    message = _("Somebody has seen to this already.")


class NoLongerYours(Refused):
    message = _("This has gone to somebody else.")


class SnoozedTooLong(Refused):
    message = _("Put it off for three days at most.")


class CannotWait(Refused):
    message = _("This cannot be put off. Do it now, or say that you have it while you are at it.")
    constraint = "what_is_urgent_is_not_put_off"


class OutcomeMissing(Refused):
    message = _("Say in a few words how it came out.")


class NotAClinicianHere(Refused):
    message = _("Choose a clinician of this program.")
    status = 400


class DoneElsewhere(Refused):
    message = _("This is done on a page of its own.")


@write
def acknowledge_follow_up(follow_up: FollowUp, *, by: User, now: datetime) -> FollowUp:
    """I have seen it and I take it on. It escalates no more, until a day after it was due (see `escalation`). An urgent
    one stays for minutes, and who is still at it may say so again."""
    taken = _lock_open(follow_up, by=by)
    if taken.acknowledged_by == by and taken.owner == by and not taken.urgent:
        return taken
    _take_on(taken, by=by, now=now)
    taken.save(update_fields=["owner", "acknowledged_by", "acknowledged_at"])
    trail.record("follow_up.acknowledged", taken, client=taken.client, by=by, at=now)
    return taken


@write
def snooze_follow_up(follow_up: FollowUp, *, until: datetime, by: User, now: datetime) -> FollowUp:
    """I take it on and come back to it later, within three days."""
    taken = _lock_open(follow_up, by=by)
    if taken.urgent:
        raise CannotWait
    if not now < until <= now + LONGEST_SNOOZE:
        raise SnoozedTooLong
    _take_on(taken, by=by, now=now)
    taken.snoozed_until = until
    taken.save(update_fields=["owner", "acknowledged_by", "acknowledged_at", "snoozed_until"])
    hours = int((until - now).total_seconds() // 3600)
    trail.record("follow_up.snoozed", taken, client=taken.client, by=by, at=now, facts={"hours": hours})
    return taken


@write
def resolve_follow_up(follow_up: FollowUp, *, outcome: str, by: User, now: datetime) -> FollowUp:
    """It is done, and this is how it came out. A kind with a page of its own is done there and nowhere else."""
    done = _lock_open(follow_up, by=by)
    if done.words and done.words.page:
        raise DoneElsewhere
    _resolve(done, outcome=outcome, by=by, now=now)
    return done


@write
def resolve_follow_ups_about(about: models.Model, *, kind: str, outcome: str, by: User, now: datetime) -> int:
    """For the write that does the owed act itself, whoever owned it: how many were open (none or one)."""
    found = FollowUp.objects.open().filter(kind=kind, about_type=about._meta.label_lower, about_id=about.pk)
    waiting = list(found.select_for_update(of=("self",)).select_related("client"))
    for follow_up in waiting:
        _resolve(follow_up, outcome=outcome, by=by, now=now)
    return len(waiting)


@write
def hand_over(follow_up: FollowUp, *, to: User, by: User, now: datetime) -> FollowUp:
    """Whoever has something of care that they cannot do themself gives it to a clinician of the program, on duty."""
    given = _lock_open(follow_up, by=by)
    if given.client is None or not clinicians_for(given.client, given.program).filter(pk=to.pk).exists():
        raise NotAClinicianHere
    if given.owner == to:
        return given
    given.escalated_from, given.escalated_at = given.owner, now
    given.owner, given.on_duty = to, True
    given.acknowledged_by = given.acknowledged_at = given.snoozed_until = None
    given.escalations += 1
    given.save()
    trail.record("follow_up.handed_over", given, client=given.client, by=by, at=now)
    tell_new_owner(given, now=now)
    return given


def clinicians_for(client: User, program: Program) -> QuerySet[User]:
    """To whom something about a client may be given: nobody from whom they are kept apart."""
    found: QuerySet[User] = User.objects.clinicians_of(program).free_to_meet(client)
    return found


def tell_new_owner(follow_up: FollowUp, *, now: datetime) -> None:
    """What was owed to the one before is owed no more. A lead time of less than nothing: each round owes its own."""
    outbox.withdraw(about=follow_up, now=now)
    lead = -ROUND * follow_up.escalations
    outbox.queue(
        "follow_up_escalated", to=follow_up.owner, about=follow_up, client=follow_up.client, lead=lead, now=now
    )


def _lock_open(follow_up: FollowUp, *, by: User) -> FollowUp:
    """Locked first and only then looked at: an escalation may have moved it meanwhile."""
    locked = FollowUp.objects.select_for_update(of=("self",)).get(pk=follow_up.pk)
    if locked.resolved_at is not None:
        raise AlreadyResolved
    if not FollowUp.objects.visible_to(by).filter(pk=locked.pk).exists():
        raise NoLongerYours
    return locked


def _take_on(follow_up: FollowUp, *, by: User, now: datetime) -> None:
    follow_up.owner = by
    follow_up.acknowledged_by = by
    follow_up.acknowledged_at = now


def _resolve(follow_up: FollowUp, *, outcome: str, by: User, now: datetime) -> None:
    if not outcome.strip():
        raise OutcomeMissing
    follow_up.outcome = outcome.strip()
    follow_up.resolved_by = by
    follow_up.resolved_at = now
    follow_up.save(update_fields=["outcome", "resolved_by", "resolved_at"])
    facts = {"kind": follow_up.kind}
    trail.record("follow_up.resolved", follow_up, client=follow_up.client, by=by, at=now, facts=facts)
