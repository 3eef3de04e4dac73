"""The caseload of a clinician: who needs them, and why. The number of queries does not grow with the clients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from iop_portal.consents.models import Consent
from iop_portal.followups.models import FollowUp
from iop_portal.followups.waiting import Waiting, needs_you, row
from iop_portal.markup import day_clock
from iop_portal.people.models import CareTeam, Enrolment, User
from iop_portal.people.seeing import places_on_care_teams
from scheduling.misses import Missed, missed_by
from scheduling.week import Care, cares_of, next_starts, this_week
from therapy import conversations
from therapy.models import Prescription

SOON = timedelta(days=14)
# So near that a weekday says which day is meant.
NEAR = timedelta(days=6)
# Fewer hours from week to week are the plan here, and no alarm.
TAPERS = (Prescription.Phase.STEP_DOWN, Prescription.Phase.CONTINUING)
SHOWS: dict[str, str | Promise] = {
    "": gettext_lazy("Everybody"),
    "needs": gettext_lazy("Those who need somebody"),
    "ending": gettext_lazy("A permission ends soon"),
    "referred": gettext_lazy("Referred"),
    "admitted": gettext_lazy("Admitted"),
}


@dataclass(frozen=True)
class Permissions:
    """How many live permissions there are, and when the first of them ends."""

    count: int = 0
    first_end: date | None = None
    ends_soon: bool = False


@dataclass(frozen=True)
class Need:
    """Something that a clinician owes. What is late is coloured, and says so in words too."""

    title: str | Promise
    text: str
    tone: str
    url: str
    verb: str
    about: str


@dataclass(frozen=True)
class Flag:
    """Something open about a client, and the rule behind it."""

    label: str | Promise
    why: str | Promise
    tone: str
    url: str


@dataclass(frozen=True)
class Row:
    """One client in one program."""

    name: str
    program: str
    state: str | Promise
    week: int | None
    phase: str | Promise
    track: str
    care: Care | None
    next_start: datetime | None
    next_is_near: bool
    missed: Missed
    part: str | Promise
    permissions: Permissions
    flags: tuple[Flag, ...]
    url: str

    @cached_property
    def stage(self) -> str:
        """Core, week 5. Until care is planned, the state stands for the phase."""
        stage = capfirst(str(self.phase or self.state))
        return _("%(stage)s, week %(week)d") % {"stage": stage, "week": self.week} if self.week else stage


def cases(clinician: User, *, now: datetime, name: str = "", show: str = "") -> QuerySet[CareTeam]:
    """The clinician's places on care teams, those whose client needs somebody first, by when; then by name.

    The database sorts, so that a page costs as much as it shows.
    """
    client = OuterRef("enrolment__client")
    program = OuterRef("enrolment__program")
    due = FollowUp.objects.open().filter(client=client, program=program).order_by("due_at").values("due_at")[:1]
    places = _places(clinician, name.strip(), show).annotate(first_due=Subquery(due))
    if show == "needs":
        places = places.filter(first_due__isnull=False)
    if show == "ending":
        soon = Consent.objects.live(now).filter(client=client, program=program, ends_at__lte=now + SOON)
        places = places.filter(Exists(soon))
    return places.select_related("enrolment__client", "enrolment__program").order_by(
        F("first_due").asc(nulls_last=True),
        Lower("enrolment__client__preferred_name"),
        Lower("enrolment__client__surname"),
        "pk",
    )


def rows_of(places: Sequence[Any], *, now: datetime) -> list[Row]:
    """What the caseload says of each of `cases`. Six queries at most, whatever their number."""
    prescribed = _prescribed([place.enrolment_id for place in places])
    cares = cares_of(prescribed.values(), now=now)
    clients = [place.enrolment.client_id for place in places]
    next_ones = next_starts(clients, now=now)
    missed = missed_by(clients, now=now)
    permissions = _permissions(clients, now)
    waiting = _waiting([place.enrolment.client_id for place in places if place.first_due], now)
    rows = []
    for place in places:
        held, care = prescribed.get(place.enrolment_id), cares.get(place.enrolment_id)
        here = (place.enrolment.client_id, place.enrolment.program_id)
        start = next_ones.get(here)
        flags = [_flag(each) for each in waiting[here]]
        if held and care and falls_short(held, care, now=now):
            flags.append(_short(care, place.enrolment.client_id))
        rows.append(
            Row(
                name=place.enrolment.client.short_name,
                program=place.enrolment.program.name,
                state=Enrolment.State(place.enrolment.state).label,
                week=week_of(place.enrolment, now),
                phase=Prescription.Phase(held.phase).label if held else "",
                track=held.track.name if held else "",
                care=care,
                next_start=start,
                next_is_near=start is not None and start < now + NEAR,
                missed=missed.get(here, Missed()),
                part=CareTeam.Part(place.part).label,
                permissions=permissions.get(here, Permissions()),
                flags=tuple(flags),
                url=reverse("home:client", args=[place.enrolment.client_id]),
            )
        )
    return rows


def _prescribed(enrolments: list[int]) -> dict[int, Prescription]:
    held = Prescription.objects.current().filter(enrolment__in=enrolments)
    return {one.enrolment_id: one for one in held.select_related("track", "enrolment__program__policy")}


def size_of_caseload(clinician: User) -> int:
    return _places(clinician, "", "").count()


def week_of(enrolment: Enrolment, now: datetime) -> int | None:
    """The week of treatment, counted from the day of admission where the program is; None before it and after."""
    if enrolment.admitted_on is None or enrolment.discharged_on is not None:
        return None
    today = now.astimezone(ZoneInfo(enrolment.program.zone)).date()
    return max(0, (today - enrolment.admitted_on).days) // 7 + 1


def needs_of(clinician: User, now: datetime) -> list[Need]:
    """What a clinician owes, the most urgent first; then what was written to them. Two queries."""
    owed = [
        Need(
            title=each.title,
            text=_text(each),
            tone="danger" if each.late else "",
            url=each.url,
            verb=_("Open"),
            about=each.who,
        )
        for each in needs_you(clinician, now=now)
    ]
    return owed + _written(clinician)


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


def _flag(each: Waiting) -> Flag:
    return Flag(label=each.title, why=each.why, tone="danger" if each.late else "you", url=each.url)


def falls_short(held: Prescription, care: Care, *, now: datetime) -> bool:
    """Whether the running week will hold less than what is prescribed, by all that is delivered and booked.

    Not in a phase that tapers, nor in the week in which somebody was admitted, of which only a part is theirs.
    """
    admitted = held.enrolment.admitted_on
    whole = admitted is not None and admitted <= this_week(held.enrolment.program, now)
    return whole and held.phase not in TAPERS and care.falls_short


def _short(care: Care, client: int) -> Flag:
    words = _(
        "%(hours)s of %(wanted)s hours, on %(days)s of %(wanted_days)s days, are delivered or booked this week. "
        "In this phase it should not be less: find a further time together, or plan the next phase."
    )
    facts = {"hours": care.hours, "wanted": care.wanted_hours, "days": len(care.days), "wanted_days": care.wanted_days}
    return Flag(_("Below the planned hours"), words % facts, "you", reverse("home:client", args=[client]))


def headline(needs: list[Need]) -> str:
    if not needs:
        return _("Nothing needs you right now")
    return ngettext("%(count)d thing needs you", "%(count)d things need you", len(needs)) % {"count": len(needs)}


def _places(clinician: User, name: str, show: str) -> QuerySet[CareTeam]:
    places: QuerySet[CareTeam] = places_on_care_teams(clinician)
    if show in Enrolment.LIVE:
        places = places.filter(enrolment__state=show)
    for word in name.split():
        of_client = Q(enrolment__client__preferred_name__icontains=word)
        places = places.filter(of_client | Q(enrolment__client__surname__icontains=word))
    return places


def _permissions(clients: list[int], now: datetime) -> dict[tuple[int, int], Permissions]:
    """By client and program: a permission given to one program is none for another."""
    live = Consent.objects.live(now).filter(client__in=clients).order_by().values("client", "program")
    return {
        (row["client"], row["program"]): Permissions(row["count"], row["first_end"], row["ends"] <= now + SOON)
        for row in live.annotate(count=Count("pk"), first_end=Min("expires_on"), ends=Min("ends_at"))
    }


def _waiting(clients: list[int], now: datetime) -> defaultdict[tuple[int | None, int], list[Waiting]]:
    """Open follow-ups by client and program, whoever owns them. Acts of care are their care team's to see."""
    follow_ups = FollowUp.objects.open().filter(client__in=clients).select_related("client", "escalated_from")
    found: defaultdict[tuple[int | None, int], list[Waiting]] = defaultdict(list)
    for follow_up in follow_ups:
        found[follow_up.client_id, follow_up.program_id].append(row(follow_up, now=now))
    return found
