"""What a client, an applicant or an alum finds on their first page. Only what is true: nothing is made up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from allauth.mfa.models import Authenticator
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from iop_portal.consents.models import Consent
from iop_portal.markup import clock, day, day_clock, hours
from iop_portal.notices.told import unread_by
from iop_portal.people.models import CareTeam, Enrolment, User
from scheduling import connected, week
from scheduling.finding import EVENING
from scheduling.misses import missed_last
from scheduling.waiting import offers_to
from scheduling.week import Block, next_two, week_of
from therapy import agreements, conversations, measures
from therapy.care_plans import own_enrolments, plan_of, plan_states
from therapy.homework import waiting_for
from therapy.models import Side
from therapy.plan_suggestions import suggestions_waiting


@dataclass(frozen=True)
class Suggestion:
    """Something one could do, and where."""

    title: str
    text: str
    url: str
    verb: str
    about: str = ""
    tag: str = ""
    tone: str = ""


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
        hours=_("%(hours)s of %(wanted)s hours") % {"hours": care.hours, "wanted": care.wanted_hours},
        days=_("%(days)s of %(wanted)s days") % {"days": len(care.days), "wanted": care.wanted_days},
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


def places_for(client: User, *, now: datetime) -> list[Suggestion]:
    """Places that are kept for a client for a while, because they waited for one."""
    return [
        Suggestion(
            _("A place is free for you"),
            _("%(what)s, %(when)s. It is kept for you until %(until)s.")
            % {
                "what": entry.session.modality.name,
                "when": day_clock(entry.session.starts_at),
                "until": day_clock(entry.expires_at),
            },
            reverse("scheduling:place", args=[entry.pk]),
            _("Look"),
            _("at the place"),
        )
        for entry in offers_to(client, now=now)
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


def _about_plan(client: User, now: datetime) -> list[Suggestion]:
    """What a plan asks of its client: a signature, an answer, a look, or a beginning."""
    admitted = [one for one in own_enrolments(client) if one.state == Enrolment.State.ADMITTED]
    states = plan_states([one.pk for one in admitted], now=now)
    waiting = suggestions_waiting(client)
    found = []
    for enrolment in admitted:
        state = states[enrolment.pk]
        url = f"{reverse('therapy:my_plan')}?of={enrolment.pk}"
        if state.waits_for == Side.CLIENT:
            title, text = (
                _("Your plan waits for you"),
                _("Your counsellor has signed it. Read it, and sign it if it fits."),
            )
            found.append(Suggestion(title, text, url, _("Read"), _("your plan")))
        if suggester := waiting.get(enrolment.pk):
            title = _("Look at what %(name)s suggested") % {"name": suggester}
            found.append(Suggestion(title, _("For your plan. You decide."), url, _("Open"), _("what was suggested")))
        if state.review_due and not state.looked_by_client:
            title, text = _("Does your plan still fit?"), _("It is time to look at it together again.")
            found.append(Suggestion(title, text, url, _("Look"), _("at your plan")))
        if state.version is None and not state.drafting:
            title, text = _("Begin your plan"), _("It starts with what matters to you. A few lines are enough.")
            found.append(Suggestion(title, text, url, _("Begin"), _("your plan")))
    return found


def _to_practise(client: User) -> list[Suggestion]:
    return [
        Suggestion(
            each.name,
            _("Something to practise, until %(day)s") % {"day": day(each.due_on)}
            if each.due_on
            else _("Something to practise"),
            reverse("therapy:homework", args=[each.pk]),
            _("Open"),
            each.name,
        )
        for each in waiting_for(client)
    ]


def suggestions_for(client: User, *, now: datetime) -> list[Suggestion]:
    """What waits for a client. None of it is urgent."""
    found = (
        _to_sign(client)
        + _written(client)
        + _asked(client, now)
        + _told(client)
        + _about_plan(client, now)
        + _to_practise(client)
    )
    if missed := missed_last(client, now=now):
        found.append(
            Suggestion(
                _("We missed you"),
                _("Nothing is lost: choose a time to make it up."),
                reverse("scheduling:booked", args=[missed.pk]),
                _("See how"),
                _("you can make up %(day)s") % {"day": day(missed.starts_at)},
            )
        )
    begun = connected.begun_this_week(client, now=now)
    if begun is not None:
        found.append(
            Suggestion(
                _("Look back at your week"),
                _("Two minutes: what held, what slipped, what to protect."),
                reverse("scheduling:look_back"),
                _("Go on") if begun else _("Start"),
                _("looking back at your week"),
            )
        )
    if not client.phone:
        found.append(
            Suggestion(
                _("Tell us your phone number"),
                _("So that we reach you if something changes. You say whether we may leave a message."),
                reverse("accounts:settings"),
                _("Add"),
                _("your phone number"),
            )
        )
    if not Authenticator.objects.filter(user=client).exclude(type=Authenticator.Type.RECOVERY_CODES).exists():
        found.append(
            Suggestion(
                _("Make your account safer"),
                _("With a passkey or an app on your phone, nobody else gets in."),
                reverse("mfa_index"),
                _("See how"),
                _("to make your account safer"),
            )
        )
    if not Consent.objects.filter(client=client).exists():
        found.append(
            Suggestion(
                _("Decide who may know what"),
                _("Nobody is told anything until you say so."),
                reverse("home:permissions"),
                _("Look"),
                _("at who may know what"),
            )
        )
    return found


def _to_sign(client: User) -> list[Suggestion]:
    return [
        Suggestion(
            _("Please read and sign"),
            str(agreement.get_kind_display()),
            reverse("therapy:agreement", args=[agreement.pk]),
            _("Read"),
            str(agreement.get_kind_display()),
        )
        for agreement in agreements.owed_by(client)
    ]


def _written(client: User) -> list[Suggestion]:
    unread = conversations.unread_by(client)
    if not unread:
        return []
    return [
        Suggestion(
            _("Your care team wrote to you"),
            conversations.news_in_words(unread),
            reverse("therapy:messages"),
            _("Read"),
            _("what your care team wrote"),
        )
    ]


def _asked(client: User, now: datetime) -> list[Suggestion]:
    """Questions that they were asked, so far as they can be answered now."""
    if not measures.asked_of(client):
        return []
    return [
        Suggestion(
            _("A few questions about %(recall)s") % {"recall": offer.instrument.recall},
            offer.instrument.about,
            reverse("therapy:begin_measure", args=[offer.instrument.code]),
            _("Go on") if offer.begun else _("Start"),
            offer.instrument.about,
        )
        for offer in measures.offers_to(client, now=now)
        if offer.asked and offer.open
    ]


def _told(client: User) -> list[Suggestion]:
    unread = unread_by(client)
    if not unread:
        return []
    return [
        Suggestion(
            _("Messages from the portal"),
            ngettext("%(n)d is new", "%(n)d are new", unread) % {"n": unread},
            reverse("notices:mine"),
            _("Read"),
            _("the messages"),
        )
    ]


def _part(place: CareTeam) -> str:
    return _("Your primary counsellor") if place.part == CareTeam.Part.PRIMARY else _("On your care team")
