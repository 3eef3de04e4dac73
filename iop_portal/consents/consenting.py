"""Signing, withdrawing and standing on a consent: the one engine behind everything that is told to anybody."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from django.db import connection
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from iop_portal.audit import trail
from iop_portal.consents.models import Category, Consent, Disclosure, Purpose, Revocation
from iop_portal.markup import clock
from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from iop_portal.writes import write

# A change of words in templates/consents/texts/ is a new file with a new number.
TEXT_VERSION = "1"
LONGEST = timedelta(days=365)

DESCRIPTIONS: dict[Category, str | Promise] = {
    Category.APPOINTMENTS: gettext_lazy(
        "The days, times and places of my appointments. Not what they are about, and not who else comes."
    ),
    Category.ATTENDANCE: gettext_lazy("How many appointments I came to and how many I missed. Not what was said."),
    Category.PROGRESS: gettext_lazy(
        "A short statement, in general words, of how I am getting on. No notes, answers or test results."
    ),
    Category.PLAN: gettext_lazy("Those parts of my plan that I mark as shared with this person. Nothing else in it."),
    Category.EMERGENCY: gettext_lazy("That I may be in danger, where I am, and what help I need."),
    Category.AFTERCARE: gettext_lazy("The day I leave the program, and what is arranged for the time after."),
    Category.FAMILY_SESSIONS: gettext_lazy("The days, times and places of sessions to which I invite this person."),
}
RIGHT_TO_REVOKE = gettext_lazy(
    "I can take this back in writing at any time, for any reason. I do it on the page “Who may know what”, and it "
    "works at once. What was told before that, because I had permitted it, cannot be made untold."
)


class OnlyTheClient(Refused):
    message = gettext_lazy("Only the person whose record it is can decide this.")
    status = 403
    constraint = "consents_are_withdrawn_by_their_client"


class NotEnrolledThere(Refused):
    message = gettext_lazy("You can give a permission only to a program that you are or were in.")


class NotYourName(Refused):
    message = gettext_lazy("Type your name as it stands here: %(name)s.")
    status = 400


class ReadAgain(Refused):
    message = gettext_lazy("The text has changed since you opened this page. Please read it again, then sign.")


class NobodyElse(Refused):
    message = gettext_lazy("Name somebody other than yourself.")
    status = 400
    constraint = "nobody_consents_to_telling_themself"


class WrongEnd(Refused):
    message = gettext_lazy("Choose a last day from today up to one year from now.")
    status = 400
    constraint = "a_consent_ends_after_it_begins"


class PermittedAlready(Refused):
    message = gettext_lazy(
        "You permit this already, until %(date)s. To change it, withdraw that permission first, then give a new one."
    )


class NoLiveConsent(Refused):
    message = gettext_lazy("There is no permission for this any more. Do not tell it. Nothing was recorded.")
    constraint = "disclosures_stand_on_a_live_consent"


class RecordNotOpen(Refused):
    message = gettext_lazy("This record is not open to you.")
    status = 403


@dataclass(frozen=True)
class Wish:
    """What a client would like to permit. `recipient` is the account of a person who signs in here, if any.

    `recipient_address` is the address that the client gave for them. It stands in the text whether or not somebody
    signs in with it, so that nobody learns from the text who does.
    """

    program: Program
    category: Category
    recipient_name: str
    purpose: Purpose
    expires_on: date
    recipient_relation: str = ""
    recipient_address: str = ""
    recipient: User | None = None


def wording(wish: Wish, *, client: User) -> str:
    """The whole text that is signed, in the language of the moment."""
    return render_to_string(
        f"consents/texts/{TEXT_VERSION}.txt",
        {
            "client": client.full_name,
            "discloser": discloser_of(wish.program),
            "recipient": _recipient_line(wish),
            "category": wish.category.label,
            "description": DESCRIPTIONS[wish.category],
            "purpose": wish.purpose.label,
            "expires": date_format(wish.expires_on, "l j F Y"),
            "zone": wish.program.zone,
            "right_to_revoke": RIGHT_TO_REVOKE,
        },
    ).strip()


def fingerprint(text: str) -> str:
    """Goes with the page that shows a text, so that what is signed is what was read."""
    return sha256(text.encode()).hexdigest()


def discloser_of(program: Program) -> str:
    return _("the people who care for me at %(program)s") % {"program": program.name}


@write
def sign_consent(wish: Wish, *, signature: str, read: str, client: User, by: User, now: datetime) -> Consent:
    """Sign by typing one's own name. `read` is the fingerprint of the text that the person had before them.

    Locking the client makes sure that the same permission is not given twice: one of them would outlive the
    withdrawal of the other.
    """
    client = User.objects.lock_no_key(client.pk)
    text = wording(wish, client=client)
    _check(wish, client=client, by=by, now=now)
    if read != fingerprint(text):
        raise ReadAgain
    if not is_name_of(client, signature):
        raise NotYourName(name=client.full_name)

    consent = Consent.objects.create(
        client=client,
        program=wish.program,
        discloser=discloser_of(wish.program),
        category=wish.category,
        recipient_name=wish.recipient_name,
        recipient_relation=wish.recipient_relation,
        recipient=wish.recipient,
        purpose=wish.purpose,
        expires_on=wish.expires_on,
        zone=wish.program.zone,
        right_to_revoke=str(RIGHT_TO_REVOKE),
        text=text + _signature_line(client, wish.program, now),
        text_version=TEXT_VERSION,
        language=get_language() or client.language,
        signed_name=client.full_name,
        signed_at=now,
    )
    trail.record("consent.signed", consent, client=client, by=by, at=now, facts={"category": wish.category.value})
    return consent


@write
def revoke_consent(consent: Consent, *, by: User, now: datetime) -> Revocation:
    """Withdraw. It holds from the next request on; doing it twice is harmless. Call it through `home.permissions`."""
    if by.pk != consent.client_id:
        raise OnlyTheClient
    hold(consent)
    found = Revocation.objects.filter(consent=consent).first()
    if found is not None:
        return found
    # Somebody may have been told while this waited: the withdrawal comes after.
    last_told = consent.disclosures.order_by("-at").values_list("at", flat=True).first()
    revocation = Revocation.objects.create(consent=consent, by=by, at=max(now, last_told or now))
    trail.record("consent.withdrawn", consent, client=by, by=by, at=now, facts={"category": consent.category})
    return revocation


@write
def record_disclosure(consent: Consent, *, what: str, by: User, now: datetime) -> Disclosure:
    """Write down what is told, standing on a live consent, by a clinician of the program that it names."""
    hold(consent)
    if not Consent.objects.usable_by(by, now).filter(pk=consent.pk).exists():
        raise RecordNotOpen
    if not Consent.objects.live(now).filter(pk=consent.pk).exists():
        raise NoLiveConsent
    disclosure = Disclosure.objects.create(consent=consent, by=by, what=what, at=now)
    trail.record(
        "consent.disclosed",
        disclosure,
        client=consent.client,
        by=by,
        at=now,
        facts={"category": consent.category},
    )
    return disclosure


def live_consent(*, client: User, recipient: User, category: Category, now: datetime) -> Consent | None:
    """What lets a person who signs in here be told of a client, if anything does. Nothing is told without it."""
    return Consent.objects.live(now).filter(client=client, recipient=recipient, category=category).first()


def hold(consent: Consent) -> None:
    """Until the end of the transaction nobody else withdraws this consent or tells something on its strength.

    The triggers take the same lock, so that a raw insert waits as well.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('consent ' || %s, 0))", [consent.pk])


def _check(wish: Wish, *, client: User, by: User, now: datetime) -> None:
    if by.pk != client.pk:
        raise OnlyTheClient
    if not client.enrolments.filter(program=wish.program).exists():
        raise NotEnrolledThere
    named_themself = _plain(wish.recipient_name) == _plain(client.full_name)
    if wish.recipient == client or wish.recipient_address == client.email or named_themself:
        raise NobodyElse
    today = now.astimezone(ZoneInfo(wish.program.zone)).date()
    if not today <= wish.expires_on <= today + LONGEST:
        raise WrongEnd
    same = Consent.objects.live(now).filter(client=client, program=wish.program, category=wish.category)
    recipient_id = wish.recipient.pk if wish.recipient else None
    if given := same.to(recipient_id, wish.recipient_name, wish.recipient_relation).first():
        raise PermittedAlready(date=date_format(given.expires_on, "j F Y"))


def _recipient_line(wish: Wish) -> str:
    named = ", ".join(filter(None, (wish.recipient_name, wish.recipient_relation)))
    if not wish.recipient_address:
        return named
    return _("%(name)s. Signs in here as %(address)s, if they have an account.") % {
        "name": named,
        "address": wish.recipient_address,
    }


def _signature_line(client: User, program: Program, now: datetime) -> str:
    local = now.astimezone(ZoneInfo(program.zone))
    return "\n\n" + _("Signed by typing my name: %(name)s\nOn %(date)s, %(time)s (%(zone)s)") % {
        "name": client.full_name,
        "date": date_format(local, "l j F Y"),
        "time": clock(local.time()),
        "zone": program.zone,
    }


def is_name_of(person: User, typed: str) -> bool:
    """Whether somebody typed their own name, as it stands in their account."""
    return _plain(typed) == _plain(person.full_name)


def _plain(name: str) -> str:
    """A name as it is compared: capitals, spaces and the shape of an apostrophe do not matter."""
    return " ".join(unicodedata.normalize("NFKC", name).replace("’", "'").split()).casefold()
