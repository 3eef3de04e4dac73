"""Asking for another counsellor. It goes to the office, and whoever looks after the client hears of it when it is done.

Nobody has to say why, and nobody is blamed: people suit one another or they do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.accounts.care_teams import join_care_team, leave_care_team, make_primary
from iop_portal.audit import trail
from iop_portal.followups.acting import resolve_follow_ups_about
from iop_portal.followups.escalation import admins_of
from iop_portal.followups.owing import owe_follow_up
from iop_portal.notices import outbox
from iop_portal.people.models import CareTeam, Enrolment, Program, RoleHeld, User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.writes import write
from therapy.models import Clinician, CounsellorRequest

FOLLOW_UP = "counsellor_wished_for"
ANSWERED = "counsellor_request_answered"
TEAM_CHANGED = "care_team_changed"


class AskedAlready(Refused):
    message = gettext_lazy("The office has your wish already. Take it back first, if you would rather ask for another.")
    constraint = "one_open_wish_for_a_counsellor"


class StayIsOver(Refused):
    message = gettext_lazy("This is for people who are in the program now. Please call us.")


class WithYouAlready(Refused):
    message = gettext_lazy("This is your counsellor already.")
    constraint = "nobody_wishes_for_the_counsellor_they_have"


class NotOnTheList(Refused):
    message = gettext_lazy("Choose somebody from the list.")
    status = 400


class NobodyToAsk(Refused):
    message = gettext_lazy("We cannot take this here. Please call us.")


class AnsweredAlready(Refused):
    message = gettext_lazy("This has been answered or taken back already.")
    constraint = "a_wish_for_a_counsellor_stays_as_it_was"


class NoReply(Refused):
    message = gettext_lazy("Say why in a few words. The client reads them.")
    status = 400


@dataclass(frozen=True)
class Standing:
    """Where a client stands: who is their counsellor, what they have asked for, and what came of it last."""

    enrolment: Enrolment
    present: CareTeam | None
    open: CounsellorRequest | None
    last: CounsellorRequest | None


# ── Reading ───────────────────────────────────────────────────────────────────────────────────────────────────


def standing_of(enrolment: Enrolment) -> Standing:
    """Two queries."""
    asked = list(enrolment.counsellor_requests.select_related("wanted", "given")[:2])
    waiting = next((one for one in asked if one.is_open), None)
    last = next((one for one in asked if not one.is_open), None)
    return Standing(enrolment, _primary(enrolment), waiting, last)


def to_ask_for(enrolment: Enrolment, *, now: datetime) -> QuerySet[Clinician]:
    """Whom the client may name: at work in the program, with a valid credential, and not kept apart from them."""
    primary = _primary(enrolment)
    there = Clinician.objects.working_in(Program.objects.filter(pk=enrolment.program_id))
    fit = there.free_to_meet(enrolment.client).qualified_on(timezone.localdate(now)).select_related("user")
    return fit.exclude(user=primary.clinician_id) if primary else fit


def enrolment_with(client: User, clinician: Clinician) -> tuple[Enrolment | None, bool]:
    """A stay in whose program somebody works: where they are the counsellor, if they are. One query."""
    works = RoleHeld.objects.filter(user=clinician.user_id, role=Role.CLINICIAN).values("program")
    primary = CareTeam.objects.filter(
        enrolment=OuterRef("pk"), clinician=clinician.user_id, part=CareTeam.Part.PRIMARY, until=None
    )
    mine: QuerySet[Enrolment] = Enrolment.objects.live().filter(client=client, program__in=works)
    found = mine.exclude(client=clinician.user_id).annotate(theirs=Exists(primary)).order_by("-theirs", "pk").first()
    return found, bool(found and found.theirs)


def requests_for(admin: User, program: Program) -> QuerySet[CounsellorRequest]:
    """What an admin answers in a program: what is open first. Who it is about stands on the page of each."""
    return CounsellorRequest.objects.run_by(admin).filter(enrolment__program=program).order_by("closed_at", "-asked_at")


def open_request(request: CounsellorRequest, *, by: User, now: datetime) -> None:
    """The client sees that somebody of the office read what they wrote."""
    trail.record("counsellor_request.read", request, client=request.enrolment.client, by=by, at=now)


def _primary(enrolment: Enrolment) -> CareTeam | None:
    held = CareTeam.objects.filter(enrolment=enrolment, part=CareTeam.Part.PRIMARY, until=None)
    return held.select_related("clinician").first()


# ── Asking ────────────────────────────────────────────────────────────────────────────────────────────────────


@write
def ask_for_counsellor(
    enrolment: Enrolment, *, wanted: User | None, words: str = "", by: User, now: datetime
) -> CounsellorRequest:
    """Somebody named, or somebody else whom the office chooses. An admin who is the counsellor does not get it."""
    enrolment = (
        Enrolment.objects.select_for_update(no_key=True, of=("self",))
        .select_related("client", "program")
        .get(pk=enrolment.pk)
    )
    if not enrolment.live:
        raise StayIsOver
    if enrolment.counsellor_requests.filter(state=CounsellorRequest.State.OPEN).exists():
        raise AskedAlready
    place = _primary(enrolment)
    present = place.clinician if place else None
    if wanted is not None and wanted == present:
        raise WithYouAlready
    if wanted is not None and not to_ask_for(enrolment, now=now).filter(user=wanted).exists():
        raise NotOnTheList
    there = admins_of(enrolment.program, about=enrolment.client)
    office = [one for one in there if one not in (present, enrolment.client)]
    if not office:
        raise NobodyToAsk
    made = CounsellorRequest.objects.create(
        enrolment=enrolment, present=present, wanted=wanted, words=words.strip(), asked_at=now
    )
    trail.record("counsellor_request.made", made, client=enrolment.client, by=by, at=now)
    # Without the client: of an act of care their whole care team would hear.
    owe_follow_up(FOLLOW_UP, about=made, program=enrolment.program, owner=office[0], by=None, now=now)
    return made


@write
def withdraw_request(request: CounsellorRequest, *, by: User, now: datetime) -> None:
    held = _locked(request)
    _close(held, CounsellorRequest.State.WITHDRAWN, by=by, now=now)
    trail.record("counsellor_request.withdrawn", held, client=held.enrolment.client, by=by, at=now)
    resolve_follow_ups_about(held, kind=FOLLOW_UP, outcome=_("The client took it back."), by=by, now=now)


@write
def end_wishes(enrolment: Enrolment, *, by: User, now: datetime) -> None:
    """With the stay: there is nobody to change any more, and nothing to write back."""
    waiting = enrolment.counsellor_requests.filter(state=CounsellorRequest.State.OPEN)
    for held in waiting.select_for_update(of=("self",)).order_by("pk"):
        _close(held, CounsellorRequest.State.WITHDRAWN, by=by, now=now)
        trail.record("counsellor_request.ended", held, client=enrolment.client, by=by, at=now)
        resolve_follow_ups_about(held, kind=FOLLOW_UP, outcome=_("Their stay has ended."), by=by, now=now)


# ── Answering ─────────────────────────────────────────────────────────────────────────────────────────────────


@write
def grant_request(
    request: CounsellorRequest, *, to: User, stays: bool, reply: str = "", by: User, now: datetime
) -> None:
    """Make somebody the primary counsellor, whether or not it is the one who was named. Whoever was it until now stays
    on the care team, or leaves it; both are told that their list has changed, and nothing else."""
    held = _locked(request)
    enrolment = held.enrolment
    before = _primary(enrolment)
    if before is not None and before.clinician == to:
        raise WithYouAlready
    place = CareTeam.objects.filter(enrolment=enrolment, clinician=to, until=None).first()
    if place is None:
        place = join_care_team(enrolment, clinician=to, part=CareTeam.Part.MEMBER, by=by, now=now)
    place = make_primary(place, by=by, now=now)
    if before is not None and not stays:
        leave_care_team(before, by=by, now=now)
    held.given = to
    _close(held, CounsellorRequest.State.GRANTED, reply=reply, by=by, now=now)
    trail.record("counsellor_request.granted", held, client=enrolment.client, by=by, at=now)
    resolve_follow_ups_about(held, kind=FOLLOW_UP, outcome=_("Somebody else is the counsellor now."), by=by, now=now)
    outbox.queue(ANSWERED, to=enrolment.client, about=held, client=enrolment.client, now=now)
    for changed in filter(None, (before, place)):
        outbox.queue(TEAM_CHANGED, to=changed.clinician, about=changed, client=enrolment.client, now=now)


@write
def decline_request(request: CounsellorRequest, *, reply: str, by: User, now: datetime) -> None:
    """Say why not, in words that the client reads."""
    if not reply.strip():
        raise NoReply
    held = _locked(request)
    _close(held, CounsellorRequest.State.DECLINED, reply=reply, by=by, now=now)
    trail.record("counsellor_request.declined", held, client=held.enrolment.client, by=by, at=now)
    resolve_follow_ups_about(held, kind=FOLLOW_UP, outcome=_("Answered in writing."), by=by, now=now)
    outbox.queue(ANSWERED, to=held.enrolment.client, about=held, client=held.enrolment.client, now=now)


def _locked(request: CounsellorRequest) -> CounsellorRequest:
    held = (
        CounsellorRequest.objects.select_for_update(of=("self",))
        .select_related("enrolment__client", "enrolment__program")
        .get(pk=request.pk)
    )
    if not held.is_open:
        raise AnsweredAlready
    return held


def _close(
    held: CounsellorRequest, state: CounsellorRequest.State, *, reply: str = "", by: User, now: datetime
) -> None:
    held.state, held.reply, held.closed_by, held.closed_at = state, reply.strip(), by, now
    held.save(update_fields=["state", "reply", "given", "closed_by", "closed_at"])
