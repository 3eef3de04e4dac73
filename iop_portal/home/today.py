"""What a client, an applicant or an alum finds on their first page. Only what is true: nothing is made up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from iop_portal.markup import clock, day, hours
from iop_portal.people.models import CareTeam, Enrolment, User
from scheduling import week
from scheduling.finding import EVENING
from scheduling.week import Block, next_two, week_of
from therapy.care_plans import own_enrolments, plan_of


@dataclass(frozen=True)
class Helper:
    """Somebody of the care team."""

    name: str
    part: str | Promise


@dataclass(frozen=True)
class Act:
    label: str
    url: str


@dataclass(frozen=True)
class Next:
    """What comes next, in words. `then` tells what follows it on the same day."""

    day: str
    start: datetime
    end: datetime
    what: str
    who: str
    place: str
    acts: tuple[Act, ...]
    then: str


def next_for(person: User, *, now: datetime) -> Next | None:
    coming = next_two(person, now=now)
    if not coming:
        return None
    block, *others = coming
    zone = ZoneInfo(person.zone)
    same_day = [other for other in others if _same_day(other.begins, block.begins, zone)]
    acts = [Act(_("Details"), reverse("scheduling:booked", args=[block.booking.pk]))]
    if block.can_be_joined:
        acts.insert(0, _join(block))
    if block.can_be_cancelled:
        acts.append(Act(_("I can’t come"), reverse("scheduling:cancel", args=[block.booking.pk])))
    return _next(block, acts, _then(same_day[0]) if same_day else "", now=now, zone=zone)


def next_together(relative: User, *, now: datetime) -> Next | None:
    """What a relative is booked into themself. It can be joined, and says nothing about whom it is for."""
    block = week.next_together(relative, now=now)
    return _next(block, [_join(block)], "", now=now, zone=ZoneInfo(relative.zone)) if block else None


def _join(block: Block) -> Act:
    label = _("Join") if block.video and block.can_be_joined else _("Where to go") if block.room else _("How to join")
    return Act(label, reverse("scheduling:join", args=[block.booking.pk]))


def _next(block: Block, acts: list[Act], then: str, *, now: datetime, zone: ZoneInfo) -> Next:
    return Next(
        day=_day_of(block, now=now, zone=zone),
        start=block.begins,
        end=block.ends,
        what=block.modality.name,
        who=_("With %(names)s") % {"names": block.who} if block.who else "",
        place=capfirst(block.way_there),
        acts=tuple(acts),
        then=format_html_join(" ", "{}", [(words,) for words in (_opens(block), then) if words]),
    )


def _opens(block: Block) -> str:
    """For a call that cannot be joined yet."""
    if not block.video or block.opens_at <= block.now:
        return ""
    return _("You can join by video from %(time)s on.") % {"time": clock(block.opens_at)}


def _then(block: Block) -> str:
    words = _("Then {hours}, {what}, {place}")
    return format_html(words, hours=hours(block.begins, block.ends), what=block.modality.name, place=block.place)


@dataclass(frozen=True)
class ThisWeek:
    """Hours as numbers to draw, and in words beside the drawing."""

    done: float
    booked: float
    wanted: float
    hours: str
    days: str
    note: str
    url: str
    plan_url: str


def this_week(person: User, *, now: datetime) -> ThisWeek | None:
    """Nothing where no hours are prescribed."""
    care = week_of(person, day=None, now=now).care
    if care is None:
        return None
    return ThisWeek(
        done=care.done,
        booked=care.booked,
        wanted=care.wanted_hours,
        hours=care.hours_of_wanted,
        days=care.days_of_wanted,
        note=_("%(hours)s still to choose.") % {"hours": care.open_words} if care.open else "",
        url=reverse("scheduling:my_week"),
        plan_url=reverse("scheduling:plan_my_week") if care.open else "",
    )


def _day_of(block: Block, *, now: datetime, zone: ZoneInfo) -> str:
    """Tonight, Tomorrow, or the day as people write it."""
    if block.running:
        return _("Now")
    away = block.begins.astimezone(zone).date() - now.astimezone(zone).date()
    if away.days == 0:
        return _("Tonight") if block.begins.astimezone(zone).hour >= EVENING else _("Today")
    return _("Tomorrow") if away.days == 1 else day(block.begins)


def _same_day(one: datetime, other: datetime, zone: ZoneInfo) -> bool:
    return one.astimezone(zone).date() == other.astimezone(zone).date()


def greeting(user: User, now: datetime) -> str:
    """By the time of day where the person is. At night it is a plain hello."""
    words = {"name": user.preferred_name}
    match now.astimezone(ZoneInfo(user.zone)).hour:
        case hour if 5 <= hour < 12:
            return _("Good morning, %(name)s") % words
        case hour if 12 <= hour < 18:
            return _("Good afternoon, %(name)s") % words
        case hour if 18 <= hour < 23:
            return _("Good evening, %(name)s") % words
    return _("Hello, %(name)s") % words


def care_team_of(client: User) -> list[Helper]:
    """Who looks after a client now, the primary counsellor first."""
    places = CareTeam.objects.filter(enrolment__client=client, enrolment__state__in=Enrolment.LIVE, until=None)
    return [
        Helper(place.clinician.full_name, "\u00a0· ".join(filter(None, (_part(place), place.clinician.pronouns))))
        for place in places.select_related("clinician")
    ]


@dataclass(frozen=True)
class OwnPlan:
    """The first goal of somebody's plan, or else what matters to them, in their own words."""

    words: str
    url: str


def plan_for(client: User) -> OwnPlan | None:
    enrolment = next(iter(own_enrolments(client)), None)
    if enrolment is None:
        return None
    content = plan_of(enrolment).content
    words = content.goals[0].words if content.goals else content.matters
    return OwnPlan(words, reverse("therapy:my_plan")) if words else None


def _part(place: CareTeam) -> str:
    return _("Your primary counsellor") if place.part == CareTeam.Part.PRIMARY else _("On your care team")
