"""Signing in as the trail and the mail tell of it. Links are minted when their mail is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse

from iop_portal.accounts.models import FormerAddress
from iop_portal.audit import trail
from iop_portal.audit.models import Entry
from iop_portal.audit.verbs import sentences
from iop_portal.notices import outbox
from iop_portal.people.models import User
from iop_portal.writes import write

NEW_PASSWORD = ("account.password_changed", "account.password_reset")


@write
def ask_for_new_password(user: User | None, *, now: datetime) -> None:
    """Owe the link, where somebody is behind the address. The trail gains a line either way, in about equal time."""
    entry = trail.record("account.reset_asked", user, at=now)
    if user is not None:
        outbox.queue("password_reset", to=user, about=entry, now=now)


@write
def ask_to_confirm(address: EmailAddress, *, now: datetime) -> None:
    """The mail goes to the new address, which is not the account's yet."""
    entry = trail.record("account.address_asked", address, by=address.user, at=now)
    outbox.queue("confirm_address", to=None, about=entry, now=now)


@write
def tell_of_change(verb: str, *, user: User, now: datetime) -> None:
    """Whoever owns the account learns that it was changed, in case they did not do it."""
    entry = trail.record(verb, user, by=user, at=now)
    outbox.queue("account_changed", to=user, about=entry, now=now)


@write
def tell_former_address(email: str, *, user: User, now: datetime) -> None:
    """Told at the address that the account had until now: who took over an account may have changed it."""
    former = FormerAddress.objects.create(user=user, email=email, replaced_at=now)
    trail.record("account.address_changed", user, by=user, at=now)
    outbox.queue("address_changed", to=None, about=former, now=now)


def reset_still_owed(entry: Entry) -> bool:
    """Not once a new password was set after asking, nor for an account that was closed."""
    if not User.objects.filter(pk=_subject(entry), is_active=True).exists():
        return False
    return not Entry.objects.filter(actor=_subject(entry), verb__in=NEW_PASSWORD, at__gte=entry.at).exists()


def reset_words(entry: Entry, to: User | None) -> Mapping[str, object]:
    user = User.objects.get(pk=_subject(entry))
    key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return {"link": settings.PORTAL_ORIGIN + reverse("account_reset_password_from_key", kwargs=key)}


def confirmation_still_owed(entry: Entry) -> bool:
    return bool(EmailAddress.objects.filter(pk=_subject(entry), verified=False).exists())


def confirmation_words(entry: Entry, to: User | None) -> Mapping[str, object]:
    key = EmailConfirmationHMAC(_address(entry)).key
    return {"link": settings.PORTAL_ORIGIN + reverse("account_confirm_email", args=[key])}


def confirmation_address(entry: Entry) -> str:
    return str(_address(entry).email)


def change_words(entry: Entry, to: User | None) -> Mapping[str, object]:
    return {"what": sentences[entry.verb], "at": entry.at}


def former_address(former: FormerAddress) -> str:
    return str(former.email)


def former_words(former: FormerAddress, to: User | None) -> Mapping[str, object]:
    return {"at": former.replaced_at}


def _subject(entry: Entry) -> int:
    if entry.object_id is None:
        raise LookupError("Nobody is behind the address that was asked for.")
    return entry.object_id


def _address(entry: Entry) -> EmailAddress:
    return EmailAddress.objects.get(pk=_subject(entry))
