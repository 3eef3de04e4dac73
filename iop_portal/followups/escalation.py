"""What nobody sees to goes on to the next person, again and again, until somebody says that they have it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction

from iop_portal.audit import trail
from iop_portal.followups.acting import tell_new_owner
from iop_portal.followups.models import FollowUp, Heartbeat
from iop_portal.people.models import Enrolment, Program, User
from iop_portal.people.roles import Role
from iop_portal.people.seeing import places_on_care_teams, still_works

log = logging.getLogger(__name__)

WATCH = "escalation"
# How long somebody has, before it goes on from them too.
EVERY = timedelta(hours=1)
MOST_PER_RUN = 500


def escalate_overdue(*, now: datetime) -> int:
    """Pass on what is due and that nobody has taken on, and what lies with somebody who can no longer see to it.

    Next comes an admin of the program, for they can find out who should act; then the client's care team, the
    primary counsellor first. An hour later it goes on again, past the person who passed it. With nobody else
    there, it stays and its owner is told once more. Taking it on ends this for a day after that, or after the
    end of a snooze. What is urgent goes on each time its own few minutes have passed, and what lies with somebody
    on duty goes to the care team first, since they can act themselves. One that cannot be passed on is logged,
    tried again at the next run, and keeps no other back.
    Returns how many were passed on.
    """
    passed_on = 0
    for key in FollowUp.objects.unattended(now, every=EVERY).values_list("pk", flat=True)[:MOST_PER_RUN]:
        try:
            passed_on += _pass_on(key, now=now)
        except DatabaseError as error:
            log.error("follow-up not passed on", extra={"facts": {"follow_up": key, "failure": type(error).__name__}})
    return passed_on


@transaction.atomic
def beat(*, now: datetime) -> None:
    """The watch came to its end. Written last, so that a watch that dies on the way is missed."""
    Heartbeat.objects.update_or_create(name=WATCH, defaults={"at": now})


def stands_still(*, now: datetime, since: timedelta) -> bool:
    """Whether something urgent should have gone on that long ago and did not: then the watch runs and does nothing."""
    then = now - since
    urgent = FollowUp.objects.filter(within__isnull=False, due_at__lte=then)
    return urgent.unattended(then, every=EVERY).exists()


@transaction.atomic
def _pass_on(key: int, *, now: datetime) -> bool:
    """Another run may have been faster, or somebody may have taken it on since."""
    unattended = FollowUp.objects.unattended(now, every=EVERY).filter(pk=key)
    follow_up = unattended.select_for_update(skip_locked=True, of=("self",)).first()
    if follow_up is None:
        return False
    before = follow_up.owner
    owner = next_responsible(follow_up) or before
    if owner == before:
        facts = {"follow_up": follow_up.pk, "kind": follow_up.kind}
        log.error("follow-up has nobody to go on to", extra={"facts": facts})
    follow_up.owner = owner
    follow_up.escalated_from = before
    follow_up.escalated_at = now
    follow_up.escalations += 1
    follow_up.acknowledged_by = follow_up.acknowledged_at = follow_up.snoozed_until = None
    follow_up.save()
    trail.record(
        "follow_up.escalated",
        follow_up,
        client=follow_up.client,
        at=now,
        facts={"kind": follow_up.kind, "time": follow_up.escalations},
    )
    tell_new_owner(follow_up, now=now)
    return True


def next_responsible(follow_up: FollowUp) -> User | None:
    """Admins of the program, then the care team; never the owner, the one before them only where nobody else is, and
    the same for who has another act to do about the same."""
    others = [user for user in _responsible(follow_up) if user != follow_up.owner]
    same = FollowUp.objects.open().filter(about_type=follow_up.about_type, about_id=follow_up.about_id)
    at_it = set(same.exclude(pk=follow_up.pk).values_list("owner", flat=True))
    fresh = [user for user in others if user != follow_up.escalated_from and user.pk not in at_it]
    return next(iter(fresh or others), None)


def _responsible(follow_up: FollowUp) -> list[User]:
    if follow_up.client is None:
        return admins_of(follow_up.program)
    admins = admins_of(follow_up.program, about=follow_up.client)
    team = care_team_of(follow_up.client, follow_up.program)
    return [*team, *admins] if follow_up.on_duty else [*admins, *team]


def team_instead_of(reader: User, follow_up: FollowUp) -> list[User] | None:
    """Who can do an act of care that has come to somebody who cannot open its page. None where the reader can."""
    words, client = follow_up.words, follow_up.client
    if client is None or words is None or not words.page or words.for_the_office or not follow_up.is_open:
        return None
    places = places_on_care_teams(reader).filter(enrolment__client=client, enrolment__program=follow_up.program)
    return None if places.exists() else care_team_of(client, follow_up.program)


def admins_of(program: Program, *, about: User | None = None) -> list[User]:
    """Those whom an act of the office may come to; one about a client comes to nobody who is kept apart from them."""
    found = User.objects.filter(is_active=True, roles_held__program=program, roles_held__role=Role.ADMIN)
    return list((found.free_to_meet(about) if about else found).order_by("pk"))


def care_team_of(client: User, program: Program) -> list[User]:
    """Those who look after a client in a program now, the primary counsellor first."""
    found = User.objects.filter(
        still_works(),
        is_active=True,
        care_teams__until=None,
        care_teams__enrolment__client=client,
        care_teams__enrolment__program=program,
        care_teams__enrolment__state__in=Enrolment.LIVE,
    )
    return list(found.order_by("-care_teams__part", "pk"))
