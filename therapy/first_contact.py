"""Before somebody belongs to a program: what they may read of it, and asking to be called.

Who asks tells nobody but the office that they did. No mail goes out to them, since others may read it: a person calls.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.audit import trail
from iop_portal.followups.acting import resolve_follow_ups_about
from iop_portal.followups.escalation import admins_of
from iop_portal.followups.owing import owe_follow_up
from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile, version_of
from iop_portal.writes import write
from therapy.models import FirstContact, Modality, PublicPage

FOLLOW_UP = "first_contact"
# How long what somebody wrote is kept once they have been answered.
KEPT_FOR = timedelta(days=30)
# Of a number that somebody can really be called on.
FEWEST_DIGITS = 7


class NothingToPublish(Refused):
    message = gettext_lazy("Say what it is and whom it is for, before anybody reads it.")
    constraint = "a_published_page_says_what_it_is"
    status = 400


class NoWayBack(Refused):
    message = gettext_lazy("Give us your phone number or your e-mail address, so that we can answer.")
    constraint = "a_first_contact_can_be_answered"
    status = 400


class NumberTooShort(Refused):
    message = gettext_lazy("Write the whole number, with the area code.")
    status = 400


class AnsweredAlready(Refused):
    message = gettext_lazy("Somebody has answered this already.")


@dataclass(frozen=True)
class PageDetails:
    published: bool = False
    what: str = ""
    whom: str = ""
    week: str = ""
    cost: str = ""


@dataclass(frozen=True)
class Asked:
    """What somebody types who asks to be called."""

    name: str
    phone: str = ""
    mail: str = ""
    when: str = FirstContact.When.ANY
    may_leave_message: bool = False
    words: str = ""


DETAILS = tuple(field.name for field in fields(PageDetails))


# ── What anybody may read ─────────────────────────────────────────────────────────────────────────────────────


def public_pages() -> QuerySet[PublicPage]:
    return PublicPage.objects.filter(published=True).select_related("program").order_by("program__name", "pk")


def offered_to_anybody(program: Program) -> list[Modality]:
    return list(Modality.objects.filter(program=program, in_use=True))


def page_of(program: Program) -> PublicPage:
    """The program's own, or an empty one that nobody reads."""
    return PublicPage.objects.filter(program=program).first() or PublicPage(program=program)


def page_version(page: PublicPage) -> str:
    return version_of(page, DETAILS)


@write
def change_page(program: Program, details: PageDetails, *, seen: str, by: User, now: datetime) -> PublicPage:
    """`seen` is the `page_version` that the admin had before them. There may be no row yet: the program is locked."""
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    page = page_of(program)
    if page_version(page) != seen:
        raise ChangedMeanwhile
    wanted = asdict(details)
    changed = [name for name in DETAILS if getattr(page, name) != wanted[name]]
    if changed:
        for name in changed:
            setattr(page, name, wanted[name])
        page.save()
        trail.record("public_page.changed", page, by=by, at=now, facts={"fields": ", ".join(changed)})
    return page


# ── Asking to be called ───────────────────────────────────────────────────────────────────────────────────────


@write
def ask_to_be_called(program: Program, asked: Asked, *, once: UUID, now: datetime) -> FirstContact:
    """It waits for an admin of the program until somebody has written down how it came out."""
    if not (asked.phone or asked.mail):
        raise NoWayBack
    if asked.phone and sum(char.isdigit() for char in asked.phone) < FEWEST_DIGITS:
        raise NumberTooShort
    contact, made = FirstContact.objects.get_or_create(
        once=once, defaults={"program": program, "made_at": now, **asdict(asked)}
    )
    if not made:
        return contact
    trail.record("first_contact.asked", contact, at=now)
    for owner in admins_of(program)[:1]:
        owe_follow_up(FOLLOW_UP, about=contact, program=program, owner=owner, by=None, now=now)
    return contact


@write
def answer_contact(contact: FirstContact, *, outcome: str, by: User, now: datetime) -> FirstContact:
    contact = FirstContact.objects.select_for_update(of=("self",)).select_related("program").get(pk=contact.pk)
    if contact.answered_at is not None:
        raise AnsweredAlready
    contact.answered_at, contact.answered_by, contact.outcome = now, by, outcome
    contact.save(update_fields=["answered_at", "answered_by", "outcome"])
    resolve_follow_ups_about(contact, kind=FOLLOW_UP, outcome=_("Answered."), by=by, now=now)
    trail.record("first_contact.answered", contact, by=by, at=now)
    return contact


@write
def open_contact(contact: FirstContact, *, by: User, now: datetime) -> FirstContact:
    """Read it, and leave a line."""
    trail.record("first_contact.read", contact, by=by, at=now)
    return contact


def contacts_of(program: Program) -> list[FirstContact]:
    """Those who wait, and those who were answered and are not forgotten yet. One query."""
    found = FirstContact.objects.filter(program=program, forgotten_at=None).select_related("answered_by")
    return sorted(found, key=lambda one: (one.answered_at is not None, one.made_at))


@write
def forget_contacts(*, now: datetime) -> int:
    """Every night: of somebody who was answered a month ago nothing is left but that they asked."""
    old = FirstContact.objects.filter(answered_at__lte=now - KEPT_FOR, forgotten_at=None)
    return old.update(forgotten_at=now, name="", phone="", mail="", words="")
