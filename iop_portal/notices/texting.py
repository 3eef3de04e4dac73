"""Opting in to text messages, in writing and with a phone shown to be one's own; and out again, at once.

Naming who writes would tell on a program like ours, so that the leave which health care has to text without asking
(47 CFR 64.1200(a)(9)(iv)) does not fit: nobody is texted who has not signed for it.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.notices import outbox
from iop_portal.notices.channels import Channel
from iop_portal.notices.models import PhoneCode, TextOptIn, TextOptOut
from iop_portal.notices.reach import add_channel, texts_are_on
from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from iop_portal.writes import write

# A change of words in templates/notices/texts/ is a new file with a new number.
TEXT_VERSION = "1"
CODE_GOOD_FOR = timedelta(minutes=10)
MOST_TRIES = 5
# So that nobody is rung out of bed by codes that somebody else asks for.
MOST_CODES_AN_HOUR = 3
MOST_CODES_A_DAY = 6
# The confirmation of a STOP comes within five minutes or not at all: 47 CFR 64.1200(a)(12).
CONFIRM_WITHIN = timedelta(minutes=5)
STOP_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})


class NoTexts(Refused):
    message = _("Text messages cannot be sent from here at the moment.")


class NotAPhone(Refused):
    message = _("Type a phone number with its area code, such as (212) 555-0142.")
    status = 400


class NotYourName(Refused):
    message = _("Type your name as it stands here: %(name)s.")
    status = 400


class ReadAgain(Refused):
    message = _("The text has changed since you opened this page. Please read it again, then sign.")


class TooManyCodes(Refused):
    message = _("We sent several codes already. Wait an hour, then ask for a new one.")
    status = 429


class WrongCode(Refused):
    """Said alike of a code that is wrong, too old or used up."""

    message = _("This code is not right, or too old. Look at the newest text, or ask for a new code.")
    status = 400


class SignedUpAlready(Refused):
    message = _("You get text messages already. End that first, to change the number.")
    constraint = "one_live_text_opt_in_each"


# ── Signing ───────────────────────────────────────────────────────────────────────────────────────────────────


def wording(person: User, *, phone: str) -> str:
    """The whole text that is signed, in the language of the moment."""
    words = {"name": person.full_name, "phone": phone}
    return render_to_string(f"notices/texts/{TEXT_VERSION}.txt", words).strip()


def fingerprint(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def digits(phone: str) -> str:
    """A number as a provider dials it: +12125550142. Raises NotAPhone."""
    plain = re.sub(r"[\s().\-/]", "", phone)
    if re.fullmatch(r"\+[1-9]\d{7,14}", plain):
        return plain
    if re.fullmatch(r"1?[2-9]\d{9}", plain):
        return f"+1{plain[-10:]}"
    raise NotAPhone


def live_opt_in(person: User) -> TextOptIn | None:
    return TextOptIn.objects.live().filter(person=person).first()


@write
def ask_for_code(person: User, *, phone: str, signature: str, read: str, now: datetime) -> PhoneCode:
    """Sign, and have a code sent to the phone. Until it comes back, nothing else is sent there.

    `read` is the fingerprint of the text that the person had before them.
    """
    if not texts_are_on():
        raise NoTexts
    number = digits(phone)
    text = wording(person, phone=number)
    if read != fingerprint(text):
        raise ReadAgain
    if _plain(signature) != _plain(person.full_name):
        raise NotYourName(name=person.full_name)
    person = User.objects.lock_no_key(person.pk)
    if live_opt_in(person):
        raise SignedUpAlready
    _check_pace(person, number, now)
    # The one before is good for nothing any more.
    for older in PhoneCode.objects.filter(person=person, used_at=None, expires_at__gt=now):
        outbox.withdraw(about=older, now=now)
    PhoneCode.objects.filter(person=person, used_at=None, expires_at__gt=now).update(expires_at=now)
    code = PhoneCode.objects.create(
        person=person,
        phone=number,
        text=text,
        text_version=TEXT_VERSION,
        language=get_language() or person.language,
        signed_name=person.full_name,
        asked_at=now,
        expires_at=now + CODE_GOOD_FOR,
    )
    trail.record("texts.code_asked", code, client=person, by=person, at=now)
    outbox.queue("phone_code", to=person, about=code, client=person, now=now)
    return code


def waiting_code(person: User, *, now: datetime) -> PhoneCode | None:
    """The newest that may still come back."""
    return PhoneCode.objects.filter(person=person, used_at=None, expires_at__gt=now).first()


def confirm_code(person: User, *, code: str, program: Program | None, now: datetime) -> TextOptIn:
    """A try counts even where it is refused, so counting and refusing are two transactions."""
    opt_in = _try_code(person, code=code, program=program, now=now)
    if opt_in is None:
        raise WrongCode
    return opt_in


@write
def _try_code(person: User, *, code: str, program: Program | None, now: datetime) -> TextOptIn | None:
    person = User.objects.lock_no_key(person.pk)
    asked = waiting_code(person, now=now)
    if asked is None or asked.tries >= MOST_TRIES:
        return None
    asked.tries += 1
    right = bool(asked.code_hash) and constant_time_compare(asked.code_hash, hash_of(asked, "".join(code.split())))
    if right:
        asked.used_at = now
    asked.save(update_fields=["tries", "used_at"])
    if not right:
        return None
    opt_in = TextOptIn.objects.create(
        person=person,
        phone=asked.phone,
        text=asked.text,
        text_version=asked.text_version,
        language=asked.language,
        signed_name=asked.signed_name,
        signed_at=asked.asked_at,
        confirmed_at=now,
    )
    add_channel(person, Channel.TEXT, program=program)
    trail.record("texts.signed_up", opt_in, client=person, by=person, at=now)
    return opt_in


# ── Stopping ──────────────────────────────────────────────────────────────────────────────────────────────────


@write
def stop_texts(person: User, *, how: TextOptOut.How, by: User | None, now: datetime) -> TextOptOut | None:
    """At once: what is owed is withdrawn first, which waits for a text that is on its way. Twice is harmless."""
    outbox.withdraw_texts(person, now=now)
    User.objects.lock_no_key(person.pk)
    opt_in = live_opt_in(person)
    if opt_in is None:
        return None
    opt_out = TextOptOut.objects.create(opt_in=opt_in, how=how, at=now)
    trail.record("texts.stopped", opt_out, client=person, by=by, at=now, facts={"how": how.value})
    return opt_out


def follow_number(person: User, *, now: datetime) -> None:
    """Who has another phone now may have given the old one away: no text goes there any more."""
    opt_in = live_opt_in(person)
    if opt_in is None:
        return
    try:
        same = digits(person.phone) == opt_in.phone
    except NotAPhone:
        same = False
    if not same:
        stop_texts(person, how=TextOptOut.How.NUMBER, by=person, now=now)


def hear(number: str, words: str, *, now: datetime) -> int:
    """What came back from a phone: how many people's texts it ended. Whatever is no STOP is not kept.

    Numbers lie sealed, so each live one is opened and compared; a STOP is rare.
    """
    if not means_stop(words):
        return 0
    try:
        dialled = digits(number)
    except NotAPhone:
        return 0
    theirs = [each for each in TextOptIn.objects.live().select_related("person") if each.phone == dialled]
    ended = [stop_texts(each.person, how=TextOptOut.How.REPLY, by=each.person, now=now) for each in theirs]
    told = next((each for each in ended if each), None)
    if told is not None:
        # One confirmation to the phone, however many people share it.
        outbox.queue("texts_stopped", to=told.opt_in.person, about=told, client=told.opt_in.person, now=now)
    return sum(each is not None for each in ended)


def means_stop(words: str) -> bool:
    """Stop. / STOP ALL / please opt out: the first word, or all of them together."""
    letters = re.sub(r"[^a-z ]", "", words.lower()).removeprefix("please ").split()
    return bool(letters) and (letters[0] in STOP_WORDS or "".join(letters) in STOP_WORDS)


# ── What is sent ──────────────────────────────────────────────────────────────────────────────────────────────


def code_still_owed(code: PhoneCode, now: datetime | None = None) -> bool:
    return code.used_at is None and code.expires_at > (now or timezone.now())


def code_words(code: PhoneCode, to: User | None) -> Mapping[str, object]:
    """Minted while it is sent; a try that fails rolls it back."""
    minted = f"{secrets.randbelow(1_000_000):06}"
    PhoneCode.objects.filter(pk=code.pk).update(code_hash=hash_of(code, minted))
    return {"code": minted}


def stop_still_owed(opt_out: TextOptOut, now: datetime | None = None) -> bool:
    return opt_out.at + CONFIRM_WITHIN > (now or timezone.now())


def hash_of(code: PhoneCode, digits_of_code: str) -> str:
    """Six digits are few: a plain hash of them could be found in a stolen table by trying all."""
    return salted_hmac(f"phone code {code.pk}", digits_of_code, algorithm="sha256").hexdigest()


def _check_pace(person: User, number: str, now: datetime) -> None:
    today = list(PhoneCode.objects.filter(asked_at__gt=now - timedelta(days=1)))
    own = [each for each in today if each.person_id == person.pk]
    lately = [each for each in own if each.asked_at > now - timedelta(hours=1)]
    to_this = [each for each in today if each.phone == number]
    if len(lately) >= MOST_CODES_AN_HOUR or max(len(own), len(to_this)) >= MOST_CODES_A_DAY:
        raise TooManyCodes


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()
