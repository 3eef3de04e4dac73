"""The caseload of a clinician: who needs them, and why. The number of queries does not grow with the clients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Lower
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from iop_portal.addresses import address_of
from iop_portal.consents.models import Consent
from iop_portal.followups.models import FollowUp
from iop_portal.followups.waiting import Waiting, open_about
from iop_portal.markup import clock, day_clock, day_short, weekday_short
from iop_portal.people.models import CareTeam, Enrolment, User, short_name
from iop_portal.people.seeing import places_on_care_teams
from iop_portal.prepared import among, prepared
from scheduling.care import Care, next_starts, planned_for
from scheduling.misses import Missed, missed_by
from scheduling.short_weeks import falls_short
from therapy.care_plans import PlanState, plan_states
from therapy.instruments import Change
from therapy.measures import Trend, trends_of
from therapy.models import Prescription
from therapy.models.care_plans import Side

SOON = timedelta(days=14)
# So near that a weekday says which day is meant.
NEAR = timedelta(days=6)
STATES, PHASES, PARTS = (dict(each.choices) for each in (Enrolment.State, Prescription.Phase, CareTeam.Part))
# What a row needs to know of the place: rows, not models, of which each would bring all that there is of a person.
COLUMNS = {
    "state": F("enrolment__state"),
    "admitted_on": F("enrolment__admitted_on"),
    "discharged_on": F("enrolment__discharged_on"),
    "client": F("enrolment__client"),
    "preferred_name": F("enrolment__client__preferred_name"),
    "surname": F("enrolment__client__surname"),
    "program": F("enrolment__program"),
    "program_name": F("enrolment__program__name"),
    "zone": F("enrolment__program__zone"),
}
# Of a place on a care team: its client, in its program.
_THERE = {"client": OuterRef("enrolment__client"), "program": OuterRef("enrolment__program")}
SHOWS: dict[str, str | Promise] = {
    "": gettext_lazy("Everybody"),
    "needs": gettext_lazy("Those who need somebody"),
    "ending": gettext_lazy("A permission ends soon"),
    "referred": gettext_lazy("Referred"),
    "admitted": gettext_lazy("Admitted"),
}


class _Looked:
    """Templates look names up in brackets first; a refusal costs them more than the answer, a thousand times a page."""

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


@dataclass(frozen=True)
class Permissions(_Looked):
    """How many live permissions there are, and when the first of them ends."""

    count: int = 0
    first_end: date | None = None
    ends_soon: bool = False


@dataclass(frozen=True)
class Flag(_Looked):
    """Something open about a client, and the rule behind it. What is owed can be taken on, and most of it put off."""

    label: str
    why: str
    tone: str
    url: str
    take_on_url: str = ""
    put_off_url: str = ""


class Case(Protocol):
    """A row of `cases`: the clinician's place on the care team of one enrolment."""

    part: str
    first_due: datetime | None
    enrolment_id: int
    state: str
    admitted_on: date | None
    discharged_on: date | None
    client: int
    preferred_name: str
    surname: str
    program: int
    program_name: str
    zone: str


@dataclass(frozen=True)
class Row(_Looked):
    """One client in one program."""

    name: str
    program: str
    state: str
    week: int | None
    phase: str
    track: str
    care: Care | None
    next_start: datetime | None
    next_is_near: bool
    missed: Missed
    trend: Trend | None
    plan: PlanState
    part: str
    permissions: Permissions
    flags: tuple[Flag, ...]
    url: str

    @cached_property
    def stage(self) -> str:
        """Core, week 5. Until care is planned, the state stands for the phase."""
        stage = capfirst(self.phase or self.state)
        return _("%(stage)s, week %(week)d") % {"stage": stage, "week": self.week} if self.week else stage

    @cached_property
    def hours(self) -> str:
        """7½/9"""
        return f"{self.care.hours}/{self.care.wanted_hours}" if self.care else ""

    @cached_property
    def next_words(self) -> str:
        """Tue 5:30 pm, or the day alone where it is further off."""
        if self.next_start is None:
            return ""
        if not self.next_is_near:
            return day_short(self.next_start)
        return f"{weekday_short(self.next_start)} {clock(self.next_start)}"

    @cached_property
    def in_a_row(self) -> str:
        """Two or more, one after the other."""
        if self.missed.in_a_row < 2:
            return ""
        return _("%(row)d in a row") % {"row": self.missed.in_a_row}

    @cached_property
    def missed_lately(self) -> str:
        """Beyond those in a row."""
        if self.missed.lately <= (self.missed.in_a_row if self.in_a_row else 0):
            return ""
        return _("%(count)d in 30 days") % {"count": self.missed.lately}

    @cached_property
    def trend_words(self) -> str:
        """Better: PHQ-9 7."""
        if self.trend is None:
            return ""
        words = {"how": capfirst(self.trend.words), "of": self.trend.instrument.name, "score": self.trend.last}
        return _("%(how)s: %(of)s %(score)d") % words

    @cached_property
    def trend_is_worse(self) -> bool:
        return self.trend is not None and self.trend.change == Change.WORSE

    @cached_property
    def plan_presses(self) -> bool:
        """Whether somebody of the care team has to do something about it."""
        return self.plan.review_due or self.plan.waits_for == Side.CLINICIAN

    @cached_property
    def plan_words(self) -> str:
        if self.plan.waits_for == Side.CLINICIAN:
            return _("Waits for our signature")
        if self.plan.waits_for == Side.CLIENT:
            return _("With the client to sign")
        if self.plan.review_due:
            return _("Review due")
        if self.plan.age is not None:
            return ngettext("%(n)d day old", "%(n)d days old", self.plan.age) % {"n": self.plan.age}
        return _("Being written") if self.plan.drafting else ""

    @cached_property
    def first_end(self) -> str:
        """Of their permissions."""
        if self.permissions.first_end is None:
            return ""
        words = _("one ends %(day)s") if self.permissions.ends_soon else _("until %(day)s")
        return words % {"day": day_short(self.permissions.first_end)}


def cases(clinician: User, *, now: datetime, name: str = "", show: str = "") -> list[Case]:
    """The clinician's places on care teams: whose client needs somebody first, by when; then by name. One query."""
    if name.strip() or show:
        return list(_in_order(_those(clinician, name.strip(), show, now)))
    return _everybody(clinician.pk, now)


@prepared(int, datetime)
def _everybody(clinician: int, now: datetime) -> QuerySet[CareTeam, Any]:
    places: QuerySet[CareTeam, Any] = _in_order(_places(User(pk=clinician), now))
    return places


def _those(clinician: User, name: str, show: str, now: datetime) -> Any:
    places = _places(clinician, now)
    for word in name.split():
        of_client = Q(enrolment__client__preferred_name__icontains=word)
        places = places.filter(of_client | Q(enrolment__client__surname__icontains=word))
    if show in Enrolment.LIVE:
        places = places.filter(enrolment__state=show)
    if show == "needs":
        places = places.filter(first_due__isnull=False)
    if show == "ending":
        soon = Consent.objects.live(now).filter(**_THERE, ends_at__lte=now + SOON)
        places = places.filter(Exists(soon))
    return places


def _places(clinician: User, now: datetime) -> Any:
    due = FollowUp.objects.pressing(now).filter(**_THERE).order_by("due_at").values("due_at")[:1]
    return places_on_care_teams(clinician).annotate(first_due=Subquery(due))


def _in_order(places: Any) -> Any:
    return (
        places.annotate(**COLUMNS)
        .order_by(
            F("first_due").asc(nulls_last=True),
            Lower("enrolment__client__preferred_name"),
            Lower("enrolment__client__surname"),
            "pk",
        )
        .values_list("part", "first_due", "enrolment_id", *COLUMNS, named=True)
    )


def rows_of(places: Sequence[Case], *, reader: User, now: datetime) -> list[Row]:
    """What the caseload says to a clinician of each of their `cases`. Seven queries at most, whatever their number."""
    if not places:
        return []
    clients, enrolments = [place.client for place in places], [place.enrolment_id for place in places]
    planned = planned_for(enrolments, now=now)
    plans = plan_states(enrolments, now=now)
    standing = trends_of(clients, now=now)
    next_ones = next_starts(clients, now=now)
    missed = missed_by(clients, now=now)
    permissions = _permissions(clients, now)
    waiting = open_about(clients, now=now)
    client_url = address_of("home:client")
    rows = []
    for place in places:
        plan = planned.get(place.enrolment_id)
        here = (place.client, place.program)
        url = client_url(place.client)
        start = next_ones.get(here)
        flags = [_flag(each, reader) for each in waiting.get(here, ())]
        if plan and not plan.taken_on and falls_short(plan, place.admitted_on):
            flags.append(_short(plan.care, place.enrolment_id, url))
        rows.append(
            Row(
                name=short_name(place.preferred_name, place.surname),
                program=place.program_name,
                state=str(STATES[place.state]),
                week=week_since(place.admitted_on, place.discharged_on, place.zone, now),
                phase=str(PHASES[plan.phase]) if plan else "",
                track=plan.track if plan else "",
                care=plan.care if plan else None,
                next_start=start,
                next_is_near=start is not None and start < now + NEAR,
                missed=missed.get(here, Missed()),
                trend=next(iter(standing[here].trends), None) if here in standing else None,
                plan=plans.get(place.enrolment_id, PlanState()),
                part=str(PARTS[place.part]),
                permissions=permissions.get(here, Permissions()),
                flags=tuple(flags),
                url=url,
            )
        )
    return rows


def size_of_caseload(clinician: User) -> int:
    count: int = places_on_care_teams(clinician).count()
    return count


def week_of(enrolment: Enrolment, now: datetime) -> int | None:
    return week_since(enrolment.admitted_on, enrolment.discharged_on, enrolment.program.zone, now)


def week_since(admitted_on: date | None, discharged_on: date | None, zone: str, now: datetime) -> int | None:
    """The week of treatment, counted from the day of admission where the program is; None before it and after."""
    if admitted_on is None or discharged_on is not None:
        return None
    today = now.astimezone(ZoneInfo(zone)).date()
    return max(0, (today - admitted_on).days) // 7 + 1


def _flag(each: Waiting, reader: User) -> Flag:
    owed = each.follow_up
    mine = owed.taken_on and owed.owner_id == reader.pk
    off = each.snoozed_until
    return Flag(
        label=str(each.title),
        why=_("%(why)s Put off until %(day)s.") % {"why": each.why, "day": day_clock(off)} if off else str(each.why),
        tone="quiet" if off else "danger" if each.presses else "you",
        url=each.url,
        take_on_url="" if mine else address_of("followups:acknowledge")(owed.pk),
        put_off_url="" if off or owed.urgent else address_of("followups:snooze")(owed.pk),
    )


def _short(care: Care, enrolment: int, url: str) -> Flag:
    words = _(
        "%(hours)s of %(wanted)s hours, on %(days)s of %(wanted_days)s days, are delivered or booked this week. "
        "In this phase it should not be less: find a further time together, or plan the next phase."
    )
    facts = {"hours": care.hours, "wanted": care.wanted_hours, "days": len(care.days), "wanted_days": care.wanted_days}
    return Flag(
        _("Below the planned hours"), words % facts, "you", url, address_of("home:take_on_short_week")(enrolment)
    )


def _permissions(clients: list[int], now: datetime) -> dict[tuple[int, int], Permissions]:
    """By client and program: a permission given to one program is none for another."""
    return {
        (client, program): Permissions(count, first_end, ends <= now + SOON)
        for client, program, count, first_end, ends in _permitted(clients, now)
    }


@prepared(list, datetime)
def _permitted(clients: list[int], now: datetime) -> QuerySet[Consent, Any]:
    live = Consent.objects.live(now).filter(client__in=among(clients)).order_by().values("client", "program")
    ends = live.annotate(count=Count("pk"), first_end=Min("expires_on"), ends=Min("ends_at"))
    return ends.values_list("client", "program", "count", "first_end", "ends")
