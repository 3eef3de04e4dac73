"""Writing mails and texts: what a notice becomes on its way out, in its recipient's language and hours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formataddr, parseaddr
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import models
from django.template.loader import render_to_string
from django.utils import timezone, translation

from iop_portal.notices.kinds import Kind
from iop_portal.notices.models import Notice
from iop_portal.people.models import Program, User


def write_letter(notice: Notice, kind: Kind, subject: Any) -> EmailMultiAlternatives:
    """The whole mail. `kind.words` may mint a link here, so it belongs inside the transaction that sends."""
    with _as_read_by(notice, subject) as program:
        context = _context(notice, kind, subject, program)
        letter = EmailMultiAlternatives(
            subject=str(kind.subject),
            body=render_to_string(f"email/{kind.template}.txt", context),
            from_email=formataddr((str(context["sender"]), _default_sender()[1])),
            to=[notice.to.email if notice.to else _address(kind, subject)],
            headers=_headers(notice),
        )
        letter.attach_alternative(render_to_string(f"email/{kind.template}.html", context), "text/html")
        parts = kind.attach(subject, notice.to) if kind.attach else ()
        for part in parts[:1]:
            letter.attach_alternative(part.content, part.mimetype)
        for part in parts[1:]:
            letter.attach(None, part.content, part.mimetype)
    return letter


def write_text(notice: Notice, kind: Kind, subject: Any) -> str:
    """The whole text message, on one line."""
    with _as_read_by(notice, subject) as program:
        words = render_to_string(f"text/{kind.template}.txt", _context(notice, kind, subject, program))
    return " ".join(words.split())


@contextmanager
def _as_read_by(notice: Notice, subject: Any) -> Iterator[Program | None]:
    """In the recipient's language and hours: the program that writes."""
    program = program_behind(subject, notice.to)
    own_zone = notice.to.zone if notice.to else program.zone if program else settings.TIME_ZONE
    language = notice.to.language if notice.to else settings.LANGUAGE_CODE
    with translation.override(language), timezone.override(ZoneInfo(own_zone)):
        yield program


def _context(notice: Notice, kind: Kind, subject: Any, program: Program | None) -> dict[str, object]:
    return {
        **kind.words(subject, notice.to),
        "sender": program.sender if program else _default_sender()[0],
        "phone": program.phone if program else "",
        "to": notice.to.preferred_name if notice.to else None,
        "origin": settings.PORTAL_ORIGIN,
    }


def program_behind(subject: models.Model | None, to: User | None) -> Program | None:
    """Whose sender name a mail carries: the subject's program, else one that the recipient belongs to."""
    own = getattr(subject, "program", None)
    if isinstance(own, Program):
        return own
    if to is None:
        return None
    enrolment = to.enrolments.select_related("program").first()
    held = None if enrolment else to.roles_held.select_related("program").order_by("pk").first()
    found = enrolment or held
    return found.program if found else None


def _address(kind: Kind, subject: Any) -> str:
    if kind.address is None:
        raise LookupError("A notice to nobody.")
    return kind.address(subject)


def _headers(notice: Notice) -> dict[str, str]:
    """The id is the same at every try, so that a mail system can tell a repetition from a second message."""
    return {
        "Message-ID": f"<notice-{notice.pk}@{urlsplit(settings.PORTAL_ORIGIN).hostname}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }


def _default_sender() -> tuple[str, str]:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)
