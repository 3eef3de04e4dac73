"""What waits for a client, an applicant or an alum on their first page: each row leads to where it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from iop_portal.consents.models import Consent
from iop_portal.markup import day, day_clock
from iop_portal.notices.told import unread_by
from iop_portal.people.models import Enrolment, User
from scheduling import certificates, connected
from scheduling.misses import missed_last
from scheduling.waiting import offers_to
from therapy import agreements, care_changes, conversations, measures
from therapy.care_plans import own_enrolments, plan_states
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
        + _changed(client)
        + _written(client)
        + _asked(client, now)
        + _told(client)
        + _about_plan(client, now)
        + _to_practise(client)
        + _certificates(client, now)
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
    unread = unread_by(client, besides={care_changes.CHANGED})
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


def _changed(client: User) -> list[Suggestion]:
    return [
        Suggestion(
            _("You are in another phase now") if change.another_phase else _("What is planned for you has changed"),
            _("%(phase)s: %(amount)s") % {"phase": change.now.get_phase_display(), "amount": change.now.amount},
            reverse("therapy:my_care"),
            _("See why") if change.now.reason else _("Look"),
            _("what has changed"),
        )
        for change in care_changes.changes_unseen_by(client)
    ]


def _certificates(client: User, now: datetime) -> list[Suggestion]:
    return [
        Suggestion(
            _("A certificate is ready for you"),
            part.course.name,
            reverse("scheduling:certificate", args=[part.pk]),
            _("Open"),
            _("the certificate of “%(course)s”") % {"course": part.course.name},
        )
        for part in certificates.ready_for(client, now=now)
    ]
