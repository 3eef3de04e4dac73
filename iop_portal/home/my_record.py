"""What is held about somebody: where they read each kind of it, and the small facts that no other page tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from iop_portal.accounts.models import FormerAddress, Invitation
from iop_portal.audit.models import Entry
from iop_portal.consents.models import Consent
from iop_portal.followups.models import FollowUp
from iop_portal.markup import day_and_year, day_clock
from iop_portal.notices.channels import Channel
from iop_portal.notices.models import TextOptIn
from iop_portal.notices.told import Told, in_words, sent_to, told_to
from iop_portal.people.models import CareTeam, Enrolment, User
from scheduling.commitments import today_of
from scheduling.connected import looks_by
from scheduling.models import Booking, Commitment, Participation, Waiting
from therapy.agreements import signed_by
from therapy.conversations import own_threads
from therapy.homework import practice_of
from therapy.models import CarePlan, CriterionSaid, Interest, Sheet, Sitting, TextMark
from therapy.notes import own_notes

# So many of the messages that left the portal.
SENT = 20


@dataclass(frozen=True)
class Kind:
    """A kind of thing that is held, how much there is of it, and the page where it is read."""

    title: str | Promise
    count: int
    url: str


@dataclass(frozen=True)
class Fact:
    what: str | Promise
    when: str


@dataclass(frozen=True)
class Facts:
    key: str
    title: str | Promise
    facts: tuple[Fact, ...]


def kinds_of(person: User, *, now: datetime) -> list[Kind]:
    """One query for each kind, and none of it twice. What there is nothing of is left out."""
    held = (
        (_("Appointments, and what was recorded of them"), Booking.objects.filter(person=person), "scheduling:my_week"),
        (_("Notes about your sessions"), own_notes(person), "therapy:notes"),
        (_("Answers to questions"), Sheet.objects.sent().filter(person=person), "therapy:measures"),
        (_("Versions of your plan"), CarePlan.objects.filter(enrolment__client=person), "therapy:my_plan"),
        (_("Things you practised"), practice_of(person), "therapy:practice"),
        (_("Quiet minutes you kept"), Sitting.objects.filter(person=person), "therapy:practice_log"),
        (_("Courses you joined"), Participation.objects.filter(enrolment__client=person), "scheduling:courses"),
        (_("What you and your care team saw as met"), _said_of(person), "therapy:my_care"),
        (_("Work and learning that interests you"), _interests(person), "therapy:opportunities"),
        (_("Texts you keep or have read"), TextMark.objects.filter(person=person), "therapy:library"),
        (_("Conversations"), own_threads(person), "therapy:messages"),
        (_("Looks back at a week"), looks_by(person), "scheduling:staying_connected"),
        (_("Agreements you signed"), signed_by(person), "therapy:agreements"),
        (_("Permissions, and what was told"), Consent.objects.filter(client=person), "home:permissions"),
        (_("Messages from the portal"), told_to(person), "notices:mine"),
        (_("Lines of who opened or changed your record"), Entry.objects.filter(client=person), "home:opened"),
    )
    counted = ((title, found.count(), reverse(view)) for title, found, view in held)
    return [Kind(title, count, url) for title, count, url in counted if count]


def _said_of(person: User) -> QuerySet[CriterionSaid]:
    return CriterionSaid.objects.filter(prescription__enrolment__client=person)


def _interests(person: User) -> QuerySet[Interest]:
    return Interest.objects.filter(enrolment__client=person)


def facts_about(person: User, *, now: datetime) -> list[Facts]:
    """In words, the newest first. One query for each part."""
    parts = (
        Facts("stays", _("Your times with us"), tuple(map(_stay, _stays(person)))),
        Facts("team", _("Who looked after you"), tuple(map(_place, _team(person)))),
        Facts("owed", _("What we have to do for you"), tuple(_owed(one, person, now) for one in _owed_to(person))),
        Facts("texts", _("Text messages you asked for"), tuple(map(_text, _texts(person)))),
        Facts("lines", _("Places you waited for"), tuple(map(_wait, _waits(person)))),
        Facts("kept", _("Times you kept free before"), tuple(map(_kept, _kept_before(person, now)))),
        Facts("sent", _("The last messages by e-mail and text"), tuple(map(_sent, in_words(sent_to(person)[:SENT])))),
        Facts("account", _("Your account"), (*map(_address, _addresses(person)), *map(_invited, _invitations(person)))),
    )
    return [part for part in parts if part.facts]


def _stays(person: User) -> QuerySet[Enrolment]:
    return Enrolment.objects.filter(client=person).select_related("program")


def _stay(one: Enrolment) -> Fact:
    dates = [_("referred on %(day)s") % {"day": day_and_year(one.referred_on)}]
    if one.admitted_on:
        dates.append(_("admitted on %(day)s") % {"day": day_and_year(one.admitted_on)})
    if one.discharged_on:
        words = {"day": day_and_year(one.discharged_on), "why": one.get_discharge_reason_display()}
        dates.append(_("ended on %(day)s, written down as: %(why)s") % words)
    return Fact(one.program.name, capfirst("; ".join(dates)))


def _team(person: User) -> QuerySet[CareTeam]:
    places = CareTeam.objects.filter(enrolment__client=person).select_related("clinician")
    return places.order_by(F("until").desc(nulls_first=True), "-since", "-pk")


def _place(one: CareTeam) -> Fact:
    title = f"{one.clinician.full_name}, {one.get_part_display()}"
    return Fact(title, _span(one.since, one.until))


def _span(since: datetime, until: datetime | None) -> str:
    if until is None:
        return _("Since %(day)s") % {"day": day_and_year(since)}
    return _("%(first)s to %(last)s") % {"first": day_and_year(since), "last": day_and_year(until)}


def _owed_to(person: User) -> QuerySet[FollowUp]:
    """What is open first, the next that is due on top; then what is done, the newest first."""
    told = FollowUp.objects.told_to(person).select_related("owner", "resolved_by")
    return told.order_by(F("resolved_at").desc(nulls_first=True), "due_at", "pk")


def _owed(one: FollowUp, person: User, now: datetime) -> Fact:
    """How it came out is in words that were written for colleagues, so it is not told here."""
    words = {"due": day_clock(one.due_at), "name": one.owner.full_name}
    if one.resolved_at is not None and one.resolved_by is not None:
        words |= {"at": day_clock(one.resolved_at), "name": one.resolved_by.full_name}
        told = _("By %(due)s. You saw to it yourself, %(at)s.")
        if one.resolved_by != person:
            told = _("By %(due)s. Done by %(name)s, %(at)s.")
    elif one.due_at <= now:
        told = _("It was to be done by %(due)s, and is still open. %(name)s sees to it.")
    else:
        told = _("By %(due)s. %(name)s sees to it.")
    return Fact(one.words.to_client if one.words else "", told % words)


def _texts(person: User) -> QuerySet[TextOptIn]:
    return TextOptIn.objects.filter(person=person).select_related("opt_out").order_by("-confirmed_at", "-pk")


def _text(one: TextOptIn) -> Fact:
    out = getattr(one, "opt_out", None)
    ended = f" ({out.get_how_display()})" if out else ""
    title = _("To your number that ends in %(ending)s") % {"ending": one.ending}
    return Fact(title, _span(one.confirmed_at, out.at if out else None) + ended)


def _waits(person: User) -> QuerySet[Waiting]:
    over = Waiting.objects.filter(person=person).exclude(state__in=Waiting.LIVE)
    return over.select_related("session__modality").order_by("-joined_at", "-pk")


def _wait(one: Waiting) -> Fact:
    title = f"{one.session.modality.name}, {day_clock(one.session.starts_at)}"
    words = {"day": day_and_year(one.joined_at), "state": one.get_state_display()}
    return Fact(title, _("Since %(day)s: %(state)s") % words)


def _kept_before(person: User, now: datetime) -> QuerySet[Commitment]:
    return Commitment.objects.filter(person=person, until__lt=today_of(person, now)).order_by("-until", "-pk")


def _kept(one: Commitment) -> Fact:
    words = {"first": day_and_year(one.since), "last": day_and_year(one.until)}
    return Fact(one.name or one.get_kind_display(), _("%(first)s to %(last)s") % words)


def _sent(one: Told) -> Fact:
    words = {"how": Channel(one.notice.channel).label, "at": day_clock(one.notice.ended_at)}
    return Fact(one.words, _("%(how)s, %(at)s") % words)


def _addresses(person: User) -> QuerySet[FormerAddress]:
    return FormerAddress.objects.filter(user=person).order_by("-replaced_at", "-pk")


def _address(one: FormerAddress) -> Fact:
    words = _("Your e-mail address until %(day)s. We keep it for a while only.")
    return Fact(one.email, words % {"day": day_and_year(one.replaced_at)})


def _invitations(person: User) -> QuerySet[Invitation]:
    return Invitation.objects.filter(accepted_by=person).order_by("-accepted_at", "-pk")


def _invited(one: Invitation) -> Fact:
    words = {"sent": day_and_year(one.invited_at), "taken": day_and_year(one.accepted_at)}
    title = _("Your invitation to %(address)s") % {"address": one.email}
    return Fact(title, _("Sent on %(sent)s, accepted on %(taken)s") % words)
