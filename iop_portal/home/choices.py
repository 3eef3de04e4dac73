"""Everything that somebody decides here, gathered: how it stands now, in words, and where it is changed.

Nothing is decided in this module, and no rule is kept here: each page that a line leads to keeps its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from iop_portal.consents.models import Consent
from iop_portal.markup import day, day_and_year, hours
from iop_portal.notices import reach
from iop_portal.notices.texting import live_opt_in
from iop_portal.people.models import CareTeam, Enrolment, Program, User
from iop_portal.people.roles import Role
from scheduling import connected, feeds, wishes
from scheduling.commitments import commitments_of
from scheduling.models import CalendarDelivery, Commitment
from scheduling.own_calendars import calendars_of
from therapy import agreements, measures, sittings
from therapy.care_plans import own_enrolments, plan_of
from therapy.homework import shared_by, waiting_for
from therapy.models import Side
from therapy.plan_suggestions import suggestions_waiting

# So many of what somebody keeps free are named.
NAMED = 3
CHANGE = gettext_lazy("Change")


@dataclass(frozen=True)
class Choice:
    """One thing that somebody decides. `state` says in lines how it stands; `waits` that it waits for them."""

    title: str | Promise
    state: tuple[str | Promise, ...]
    url: str
    verb: str | Promise = CHANGE
    waits: bool = False


@dataclass(frozen=True)
class Part:
    """What belongs together. `text` tells what holds whatever is chosen."""

    key: str
    title: str | Promise
    text: str | Promise
    choices: tuple[Choice, ...]


# ── Who sees what ─────────────────────────────────────────────────────────────────────────────────────────────


def _seen(person: User, now: datetime) -> list[Choice]:
    found = _permitted(person, now)
    shared, looks = connected.shared_of(person)
    if looks:
        found.append(
            Choice(
                _("My looks back at a week"),
                (_read_by_team(shared, looks),),
                reverse("scheduling:staying_connected"),
            )
        )
    shared, practised = shared_by(person)
    if practised:
        found.append(
            Choice(
                _("What I write about things I practised"),
                (_read_by_team(shared, practised),),
                reverse("therapy:practice"),
            )
        )
    shared, sat = sittings.shared_of(person)
    if sat:
        found.append(
            Choice(_("My log of quiet minutes"), (_read_by_team(shared, sat),), reverse("therapy:practice_log"))
        )
    called = _("%(name)s. In a group you are %(first)s, without a last name.")
    found += [
        Choice(
            _("What I am called"),
            (
                called % {"name": person.full_name, "first": person.preferred_name},
                *filter(None, [person.pronouns]),
            ),
            reverse("accounts:settings"),
        ),
        Choice(
            _("My record"),
            (_read_by(person), _("Each time somebody opens it, that is written down for you.")),
            reverse("home:opened"),
            _("See who"),
        ),
        Choice(
            _("What is held about me"),
            (_("You read all of it, as soon as it is there."),),
            reverse("home:my_record"),
            _("Read"),
        ),
    ]
    return found


def _permitted(person: User, now: datetime) -> list[Choice]:
    """By recipient, however many permissions name them."""
    url = reverse("home:permissions")
    by_name: dict[tuple[int | None, str], list[str]] = {}
    for consent in Consent.objects.live(now).filter(client=person):
        name = ", ".join(filter(None, [consent.recipient_name, consent.recipient_relation]))
        words = _("%(what)s, until %(day)s")
        told = words % {"what": consent.get_category_display(), "day": day_and_year(consent.expires_on)}
        by_name.setdefault((consent.recipient_id, name), []).append(told)
    if not by_name:
        return [Choice(_("People outside the program"), (_("Nobody is told anything."),), url, _("Decide"))]
    return [Choice(name, tuple(told), url) for (_key, name), told in by_name.items()]


def _read_by(person: User) -> str:
    if person.roles & {Role.CLIENT, Role.APPLICANT}:
        return _("Your care team reads it.")
    return _("You have no care team here at present.")


def _read_by_team(shared: int, every: int) -> str:
    if not shared:
        return _("Yours alone. Your care team reads none of it.")
    return _("Your care team reads %(shared)s of %(every)s.") % {"shared": shared, "every": every}


# ── How they are reached ──────────────────────────────────────────────────────────────────────────────────────


def _reached(person: User, now: datetime) -> list[Choice]:
    how = reach.reached(person, Program.objects.visible_to(person).first())
    opt_in, url, settings = live_opt_in(person), reverse("notices:reach"), reverse("accounts:settings")
    found = [
        Choice(_("When something changes"), (how.changes,), url),
        Choice(_("Reminders"), (how.reminders or _("None."),), url),
        Choice(_("What a message may say"), (how.detail,), url),
        Choice(_("When nothing comes"), (how.quiet,), url),
    ]
    if opt_in or reach.texts_are_on():
        ends = _("They go to your number that ends in %(ending)s.")
        state = ends % {"ending": opt_in.ending} if opt_in else _("None. We text nobody who has not asked for it.")
        found.append(Choice(_("Text messages"), (state,), url))
    if person.phone:
        spoken = _("We may leave a message.") if person.voicemail_ok else _("We leave none.")
        found.append(Choice(_("Voicemail"), (spoken,), settings))
    found.append(Choice(_("My own calendar"), _calendar(feeds.delivery_of(person)), reverse("scheduling:my_calendar")))
    return found


def _calendar(delivery: CalendarDelivery | None) -> tuple[str, ...]:
    if delivery is None:
        return (_("It does not get your appointments."),)
    says = _("What it is, and where.") if delivery.tells_more else _("Only “Appointment”, and when.")
    by_mail = delivery.way == CalendarDelivery.Way.MAIL
    way = _("Each appointment comes by mail, as an invitation.") if by_mail else _("It reads them from an address.")
    return (way, says)


# ── Goals ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _goals(person: User, now: datetime) -> list[Choice]:
    enrolment = next(iter(own_enrolments(person)), None)
    found = _plan(person, enrolment) if enrolment else []
    waiting, signed = agreements.owed_by(person).count(), agreements.signed_by(person).count()
    if waiting or signed:
        state = ngettext("You signed %(n)d.", "You signed %(n)d.", signed) % {"n": signed} if signed else ""
        owed = ngettext("%(n)d waits to be read.", "%(n)d wait to be read.", waiting) % {"n": waiting}
        lines = tuple(filter(None, [state, owed if waiting else ""]))
        found.append(Choice(_("Agreements"), lines, reverse("therapy:agreements"), _("Read"), waits=bool(waiting)))
    return found


def _plan(person: User, enrolment: Enrolment) -> list[Choice]:
    """The goals in force, what waits for a signature, and what was suggested."""
    plan, writes = plan_of(enrolment), enrolment.state == Enrolment.State.ADMITTED
    url = f"{reverse('therapy:my_plan')}?of={enrolment.pk}"
    goals = tuple(f"“{goal.words}”" for goal in plan.signed.content.goals) if plan.signed else ()
    found = []
    if goals or writes:
        none = _("No goal is signed yet.")
        found.append(Choice(_("What we work on"), goals or (none,), url, _("Change") if writes else _("Read")))
    if not writes:
        return found
    if plan.draft:
        mine = plan.draft.waits_for == Side.CLIENT
        words = {
            Side.CLIENT.value: _("Your counsellor has signed it. It waits for you."),
            Side.CLINICIAN.value: _("You have signed it. It waits for your counsellor."),
        }.get(plan.draft.waits_for, _("You are still writing it."))
        found.append(Choice(_("A new version of my plan"), (words,), url, _("Open"), waits=mine))
    if name := suggestions_waiting(person).get(enrolment.pk):
        text = _("%(name)s suggested something. You decide whether it goes into your plan.") % {"name": name}
        found.append(Choice(_("A suggestion for my plan"), (text,), url, _("Look"), waits=True))
    return found


# ── People ────────────────────────────────────────────────────────────────────────────────────────────────────


def _team(person: User, now: datetime) -> list[Choice]:
    """Who looks after them now, the primary counsellor first."""
    live = CareTeam.objects.filter(enrolment__client=person, enrolment__state__in=Enrolment.LIVE, until=None)
    places, found = list(live.select_related("clinician__clinician", "enrolment__program")), []
    for place in places:
        profile = getattr(place.clinician, "clinician", None)
        url = reverse("therapy:person", args=[profile.pk]) if profile else reverse("therapy:my_care")
        found.append(Choice(place.clinician.full_name, (capfirst(place.get_part_display()),), url, _("Who this is")))
    if person.roles & {Role.CLIENT, Role.APPLICANT}:
        text = _("A few questions, and who here fits, with the reasons. Nothing changes by that.")
        found.append(Choice(_("Who would suit me"), (text,), reverse("scheduling:match_begin"), _("Look")))
    stays = {place.enrolment_id: place.enrolment.program.name for place in places}
    for stay, program in stays.items():
        text = _("You can ask the office for somebody else. You need not say why.")
        lines = (text, program) if len(stays) > 1 else (text,)
        found.append(Choice(_("Another counsellor"), lines, reverse("therapy:counsellor", args=[stay]), _("Ask")))
    return found


# ── Free times ────────────────────────────────────────────────────────────────────────────────────────────────


def _kept_free(person: User, now: datetime) -> list[Choice]:
    kept, calendars = list(commitments_of(person, now=now)), calendars_of(person)
    in_care = bool(person.roles & {Role.CLIENT, Role.APPLICANT})
    url, found = reverse("scheduling:own_times"), []
    if kept or in_care:
        lines = [_kept(one) for one in kept[:NAMED]]
        if more := len(kept) - NAMED if len(kept) > NAMED else 0:
            lines.append(ngettext("And %(n)d more.", "And %(n)d more.", more) % {"n": more})
        found.append(Choice(_("Times that are mine"), tuple(lines) or (_("Nothing is written down."),), url))
    if calendars:
        kinds = get_text_list([str(each.calendar.get_kind_display()) for each in calendars], str(_("and")))
        text = _("%(kinds)s: we take from it when you are busy, and nothing else.") % {"kinds": kinds}
        found.append(Choice(_("From my own calendar"), (text,), url))
    if Role.CLIENT in person.roles:
        mine = _("We plan by what you wrote down.")
        usual = _("We plan by your plan, your track and your last weeks.")
        text = mine if wishes.written_by(person) else usual
        found.append(Choice(_("Wishes for my week"), (text,), reverse("scheduling:week_wishes")))
    return found


def _kept(one: Commitment) -> str:
    when = capfirst(one.on_weekdays) if one.weekly else day(one.since)
    what, words = one.name or one.get_kind_display(), _("{what}: {when}, {hours}")
    return format_html(words, what=what, when=when, hours=hours(one.begins, one.ends))


# ── What they were asked ──────────────────────────────────────────────────────────────────────────────────────


def _asked(person: User, now: datetime) -> list[Choice]:
    found = [
        Choice(
            _("Questions about %(recall)s") % {"recall": offer.instrument.recall},
            (str(offer.instrument.about),),
            reverse("therapy:measure", args=[offer.instrument.code]),
            _("Look"),
        )
        for offer in (measures.offers_to(person, now=now) if measures.asked_of(person) else ())
        if offer.asked
    ]
    for each in waiting_for(person):
        until = _("Something to practise, until %(day)s") % {"day": day(each.due_on)} if each.due_on else ""
        text = until or _("Something to practise")
        found.append(Choice(each.name, (text,), reverse("therapy:homework", args=[each.pk]), _("Answer")))
    if connected.begun_this_week(person, now=now) is not None:
        text = _("Two minutes: what held, what slipped, what to protect.")
        found.append(Choice(_("A look back at my week"), (text,), reverse("scheduling:look_back"), _("Look")))
    return found


# ── All of it ─────────────────────────────────────────────────────────────────────────────────────────────────

PARTS: tuple[tuple[str, Promise, Promise, Callable[[User, datetime], list[Choice]]], ...] = (
    (
        "sees",
        gettext_lazy("Who sees what"),
        gettext_lazy(
            "Nobody outside the program is told anything about you unless you permit it, or the law asks for it."
        ),
        _seen,
    ),
    (
        "reached",
        gettext_lazy("How I am reached"),
        gettext_lazy("No message says what your program is about."),
        _reached,
    ),
    (
        "goals",
        gettext_lazy("My goals, and what I sign"),
        gettext_lazy("Nothing holds before you have signed it."),
        _goals,
    ),
    (
        "people",
        gettext_lazy("Who is there for me"),
        gettext_lazy("You need no reason to wish for somebody else."),
        _team,
    ),
    (
        "free",
        gettext_lazy("What I keep free"),
        gettext_lazy("Yours alone: your care team does not see it, and nothing is ever blocked."),
        _kept_free,
    ),
    (
        "asked",
        gettext_lazy("What I was asked, and may leave out"),
        gettext_lazy("You need not answer any of it."),
        _asked,
    ),
)


def parts_for(person: User, *, now: datetime) -> list[Part]:
    """What belongs to somebody by who they are here; a part without a line is left out."""
    parts = (Part(key, title, text, tuple(choices_of(person, now))) for key, title, text, choices_of in PARTS)
    return [part for part in parts if part.choices]
