"""Who may know what: giving and withdrawing permissions, with the messages and acts that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.consents import consenting
from iop_portal.consents.models import Category, Consent, Disclosure, Revocation
from iop_portal.followups.owing import owe_follow_up
from iop_portal.notices import outbox
from iop_portal.people.models import CareTeam, Program, RoleHeld, User
from iop_portal.people.roles import Role
from iop_portal.writes import write

# What a recipient reads about somebody else, where the consent says "I".
TOLD: dict[Category, str | Promise] = {
    Category.APPOINTMENTS: _("When %(name)s has appointments"),
    Category.ATTENDANCE: _("How often %(name)s came"),
    Category.PROGRESS: _("How %(name)s is getting on, in general"),
    Category.PLAN: _("Parts of the plan that %(name)s marks for you"),
    Category.EMERGENCY: _("That %(name)s may be in danger, in an emergency"),
    Category.AFTERCARE: _("When %(name)s leaves the program, and what comes after"),
    Category.FAMILY_SESSIONS: _("When and where you are invited to a session"),
}


@dataclass(frozen=True)
class Shared:
    """One thing that a recipient may be told."""

    title: str
    expires_on: date


@dataclass(frozen=True)
class SharedBy:
    """All that one client lets one recipient know."""

    client: User
    parts: tuple[Shared, ...]


@write
def give_permission(
    wish: consenting.Wish, *, signature: str, read: str, client: User, by: User, now: datetime
) -> Consent:
    """The client is told by mail that their choices changed, in case it was not their own free will."""
    consent = consenting.sign_consent(wish, signature=signature, read=read, client=client, by=by, now=now)
    outbox.queue("consent_signed", to=client, client=client, about=consent, now=now)
    return consent


@write
def withdraw_permission(consent: Consent, *, by: User, now: datetime) -> Revocation:
    """What is still to be sent on the strength of it is withdrawn too, and somebody sees to what people do by hand."""
    found = Revocation.objects.filter(consent=consent).first()
    if found is not None:
        return found
    revocation = consenting.revoke_consent(consent, by=by, now=now)
    outbox.withdraw(about=consent, now=now)
    outbox.queue("consent_withdrawn", to=by, client=by, about=revocation, now=now)
    owner = answerable_for(by, consent.program)
    if owner is not None:
        owe_follow_up(
            "consent_withdrawn", about=consent, program=consent.program, owner=owner, client=by, by=by, now=now
        )
    return revocation


def answerable_for(client: User, program: Program) -> User | None:
    """The primary counsellor, else another of the care team, else an admin of the program."""
    places = CareTeam.objects.filter(
        enrolment__client=client,
        enrolment__program=program,
        until=None,
        clinician__is_active=True,
        clinician__in=User.objects.clinicians_of(program),
    )
    place = places.select_related("clinician").first()
    if place is not None:
        return place.clinician
    held = RoleHeld.objects.filter(program=program, role=Role.ADMIN, user__is_active=True).exclude(user=client)
    admin = held.select_related("user").order_by("pk").first()
    return admin.user if admin else None


def recipient_at(address: str, program: Program) -> User | None:
    """A family member of the program who signs in with this address. Whether there is one is shown to nobody."""
    family = RoleHeld.objects.filter(program=program, role=Role.FAMILY).values("user")
    return User.objects.filter(email=address.lower(), is_active=True, pk__in=family).first() if address else None


def shared_with(recipient: User, now: datetime) -> list[SharedBy]:
    """What each client lets this person know: exactly this, and nothing when there is no live consent."""
    consents = Consent.objects.live(now).filter(recipient=recipient).select_related("client").order_by("client", "pk")
    return _by_client(list(consents))


@write
def read_shared(recipient: User, *, now: datetime) -> list[SharedBy]:
    """The same, read on their own page: each client finds in their trail that it was."""
    shared = shared_with(recipient, now)
    for by in shared:
        trail.record("shared.read", client=by.client, by=recipient, at=now, facts={"count": len(by.parts)})
    return shared


def shared_with_the_same_as(consent: Consent, now: datetime) -> list[SharedBy]:
    """The same, seen by the client: what the recipient of one consent may know by all of theirs."""
    consents = Consent.objects.live(now).to_the_same_as(consent).select_related("client").order_by("pk")
    return _by_client(list(consents))


def _by_client(consents: list[Consent]) -> list[SharedBy]:
    clients = {consent.client_id: consent.client for consent in consents}
    return [
        SharedBy(client, tuple(_shared(consent) for consent in consents if consent.client_id == key))
        for key, client in clients.items()
    ]


def _shared(consent: Consent) -> Shared:
    title = str(TOLD[Category(consent.category)]) % {"name": consent.client.preferred_name}
    return Shared(title, consent.expires_on)


def told_about(client: User, *, reader: User, now: datetime) -> list[Disclosure]:
    """What was told about somebody, newest first, as far as the reader may see the permission behind it."""
    visible = Consent.objects.visible_to(reader, now).filter(client=client)
    return list(Disclosure.objects.filter(consent__in=visible).select_related("consent", "by"))
