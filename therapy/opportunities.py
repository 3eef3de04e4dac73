"""Work and learning that a program knows of: posted by staff, and followed with whoever is interested.

Nothing of a client goes to an employer or a school. Interest is between the client and their care team, who see to it
and to what comes of it; the office sees how many there are.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, Prefetch, Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.followups.acting import resolve_follow_ups_about
from iop_portal.followups.escalation import admins_of, care_team_of
from iop_portal.followups.owing import owe_follow_up
from iop_portal.people.models import Enrolment, Program, User
from iop_portal.refusals import Refused
from iop_portal.versions import save_edit, version_of
from iop_portal.writes import write
from therapy.models import Interest, Opportunity, Step
from therapy.models.opportunities import InterestQuerySet
from therapy.prescribing import enrolments_cared_for

FOLLOW_UP = "opportunity_interest"


class NotOpen(Refused):
    message = _("This is not open any more.")
    constraint = "interest_is_in_what_is_open"


class ShownAlready(Refused):
    message = _("You have said already that this interests you.")
    constraint = "interest_is_shown_once"


class TakenBack(Refused):
    message = _("This interest was taken back.")
    constraint = "steps_are_of_live_interest"


class DayHasPassed(Refused):
    message = _("Choose a day that has not passed, or leave it empty.")
    status = 400


class NotTheirs(Refused):
    message = _("Only the client and their care team write down what came of it.")
    status = 403


class SaidLast(Refused):
    message = _("That is what was written down last.")


class SaidMeanwhile(Refused):
    message = _("Somebody wrote something down meanwhile. Look at it, and go on from there.")
    constraint = "steps_of_an_interest_follow_one_another"


@dataclass(frozen=True)
class OpportunityDetails:
    kind: str
    title: str
    place: str
    about: str
    fits: str = ""
    help: str = ""
    until: date | None = None


DETAILS = tuple(field.name for field in fields(OpportunityDetails))


def opportunity_version(opportunity: Opportunity) -> str:
    return version_of(opportunity, DETAILS)


# ── Staff ─────────────────────────────────────────────────────────────────────────────────────────────────────


@write
def post_opportunity(program: Program, details: OpportunityDetails, *, by: User, now: datetime) -> Opportunity:
    _check_day(program, details.until, now=now)
    made = Opportunity.objects.create(program=program, posted_by=by, posted_at=now, **asdict(details))
    trail.record("opportunity.posted", made, by=by, at=now)
    return made


@write
def change_opportunity(
    opportunity: Opportunity, details: OpportunityDetails, *, seen: str, by: User, now: datetime
) -> Opportunity:
    """`seen` is the `opportunity_version` that somebody had before them. A day that has passed may stay."""
    if details.until != opportunity.until:
        _check_day(opportunity.program, details.until, now=now)
    opportunity, changed = save_edit(opportunity, asdict(details), seen=seen)
    if changed:
        trail.record("opportunity.changed", opportunity, by=by, at=now, facts={"fields": ", ".join(changed)})
    return opportunity


@write
def close_opportunity(opportunity: Opportunity, *, by: User, now: datetime) -> None:
    """Nobody finds it any more but those who showed interest: what came of it goes on."""
    if Opportunity.objects.filter(pk=opportunity.pk, closed_at=None).update(closed_at=now):
        trail.record("opportunity.closed", opportunity, by=by, at=now)


@write
def open_opportunity_again(opportunity: Opportunity, *, by: User, now: datetime) -> None:
    if Opportunity.objects.filter(pk=opportunity.pk, closed_at__isnull=False).update(closed_at=None):
        trail.record("opportunity.opened_again", opportunity, by=by, at=now)


def _check_day(program: Program, until: date | None, *, now: datetime) -> None:
    if until and until < today_in(program, now):
        raise DayHasPassed


def today_in(program: Program, now: datetime) -> date:
    return now.astimezone(ZoneInfo(program.zone)).date()


@dataclass(frozen=True)
class PostedLine:
    """How many are interested, and of these the reader's own clients."""

    opportunity: Opportunity
    count: int
    interests: Collection[Interest]
    over: bool


def posted_in(reader: User, *, now: datetime) -> list[PostedLine]:
    """Of the programs in which somebody works. Two queries, however many there are."""
    counted = Opportunity.objects.posted_in(reader).annotate(
        interested=Count("interests", filter=Q(interests__taken_back_at=None))
    )
    seen = with_all(Interest.objects.visible_to(reader).live().exclude(enrolment__client=reader))
    found = counted.select_related("program", "posted_by").prefetch_related(
        Prefetch("interests", seen, to_attr="of_mine")
    )
    return [
        PostedLine(
            each,
            each.interested,  # type: ignore[attr-defined]
            each.of_mine,  # type: ignore[attr-defined]
            each.closed_at is not None or bool(each.until and each.until < today_in(each.program, now)),
        )
        for each in found
    ]


# ── The client ────────────────────────────────────────────────────────────────────────────────────────────────


def open_for(client: User, *, kind: str = "", now: datetime) -> list[Opportunity]:
    """What is open where they are, the newest first. By the day of each program."""
    found = Opportunity.objects.visible_to(client).filter(closed_at=None).select_related("program")
    if kind:
        found = found.filter(kind=kind)
    return [each for each in found if not each.until or each.until >= today_in(each.program, now)]


def with_all(interests: InterestQuerySet) -> InterestQuerySet:
    """With what a page says of each: the client, what it is about, and its steps."""
    steps = Prefetch("steps", Step.objects.select_related("recorded_by"))
    whole = interests.select_related("opportunity__program", "opportunity__posted_by", "enrolment__client")
    return whole.prefetch_related(steps)


def interests_of(client: User, *, reader: User) -> list[Interest]:
    """As far as the reader may see, those that were not taken back."""
    return list(with_all(Interest.objects.visible_to(reader).live().filter(enrolment__client=client)))


@write
def show_interest(opportunity: Opportunity, *, words: str = "", by: User, now: datetime) -> Interest:
    """Whoever posted it sees to it if they look after this client, else the primary counsellor."""
    held = Opportunity.objects.select_for_update(no_key=True).get(pk=opportunity.pk)
    program = opportunity.program
    admitted = Enrolment.objects.filter(client=by, program=program, state=Enrolment.State.ADMITTED).first()
    if admitted is None or held.closed_at or (held.until and held.until < today_in(program, now)):
        raise NotOpen
    made = Interest.objects.create(opportunity=held, enrolment=admitted, words=words.strip(), shown_at=now)
    trail.record("interest.shown", made, client=by, by=by, at=now)
    team = care_team_of(by, program)
    owners = [held.posted_by] if held.posted_by in team else [*team, *admins_of(program, about=by), held.posted_by]
    owe_follow_up(FOLLOW_UP, about=made, program=program, owner=owners[0], client=by, by=by, now=now)
    return made


@write
def take_interest_back(interest: Interest, *, by: User, now: datetime) -> None:
    """No reason is asked for."""
    held = Interest.objects.select_for_update(no_key=True, of=("self",)).get(pk=interest.pk)
    if held.enrolment.client_id != by.pk:
        raise NotTheirs
    if not held.live:
        raise TakenBack
    held.taken_back_at = now
    held.save(update_fields=["taken_back_at"])
    outcome = _now("Nothing to do any more: they took it back.")
    resolve_follow_ups_about(held, kind=FOLLOW_UP, outcome=outcome, by=by, now=now)
    trail.record("interest.taken_back", held, client=by, by=by, at=now)


@write
def record_step(interest: Interest, state: str, *, seen: int, by: User, now: datetime) -> Step:
    """By the client or their care team. What was written down before stays; `seen` is how many steps there were.

    Whatever staff write down answers the interest.
    """
    held = (
        Interest.objects.select_for_update(no_key=True, of=("self",))
        .select_related("enrolment__client")
        .get(pk=interest.pk)
    )
    client = held.enrolment.client
    of_staff = client != by
    if of_staff and not enrolments_cared_for(by).filter(pk=held.enrolment_id).exists():
        raise NotTheirs
    if not held.live:
        raise TakenBack
    before = held.last
    if (before.number if before else 0) != seen:
        raise SaidMeanwhile
    if before and before.state == state:
        raise SaidLast
    made = Step.objects.create(interest=held, number=seen + 1, state=state, recorded_by=by, recorded_at=now)
    trail.record("interest.followed", made, client=client, by=by, at=now)
    if of_staff:
        outcome = str(Step.State(state).label)
        resolve_follow_ups_about(held, kind=FOLLOW_UP, outcome=outcome, by=by, now=now)
    return made


def read_interest(interest: Interest, *, by: User, now: datetime) -> None:
    trail.record("interest.read", interest, client=interest.enrolment.client, by=by, at=now)
