"""The lines that messages leave by. Each is opened before any row is held for it."""

from __future__ import annotations

import logging
import smtplib
from typing import Any, Protocol

from django.core.cache import cache
from django.core.mail import get_connection

from iop_portal.notices.channels import Channel
from iop_portal.notices.kinds import Kind
from iop_portal.notices.letters import write_letter, write_text
from iop_portal.notices.models import Notice
from iop_portal.notices.models.texts import TextOptIn
from iop_portal.notices.providers import PROVIDER_TIMEOUT, NumberRefused, ProviderAway, Text, provider

log = logging.getLogger(__name__)

PROVIDER_RESTS = "notices.provider_of_texts_rests"
PROVIDER_RESTS_FOR = 30


class Line(Protocol):
    def reached(self) -> bool: ...
    def send(self, notice: Notice, kind: Kind, subject: Any) -> None: ...
    def hang_up(self) -> None: ...
    def refused_for_good(self, error: Exception) -> bool: ...
    def lost(self, error: Exception) -> bool:
        """Whether nothing else is worth a try in this run."""


class MailLine:
    def __init__(self) -> None:
        self.post = get_connection()

    def reached(self) -> bool:
        try:
            self.post.open()
        except (OSError, smtplib.SMTPException) as error:
            log.error("mail server out of reach", extra={"facts": {"failure": type(error).__name__}})
            return False
        return True

    def send(self, notice: Notice, kind: Kind, subject: Any) -> None:
        self.post.send_messages([write_letter(notice, kind, subject)])

    def hang_up(self) -> None:
        try:
            self.post.close()
        except (OSError, smtplib.SMTPException) as error:
            log.info("mail server left without a word", extra={"facts": {"failure": type(error).__name__}})

    def refused_for_good(self, error: Exception) -> bool:
        """The mail server knows no such mailbox, or will never serve it: RFC 5321, section 4.2.1, replies of 500 on."""
        if not isinstance(error, smtplib.SMTPRecipientsRefused):
            return False
        return all(code >= 500 for code, _ in error.recipients.values())

    def lost(self, error: Exception) -> bool:
        """The next message opens it anew."""
        return False


class TextLine:
    """Each message has a call of its own, so that there is nothing to open before."""

    def reached(self) -> bool:
        return not cache.get(PROVIDER_RESTS)

    def send(self, notice: Notice, kind: Kind, subject: Any) -> None:
        number = kind.number(subject) if kind.number else _number_of(notice)
        text = Text(number, write_text(notice, kind, subject), key=f"notice-{notice.pk}")
        provider().send(text, seconds=PROVIDER_TIMEOUT)

    def hang_up(self) -> None:
        pass

    def refused_for_good(self, error: Exception) -> bool:
        return isinstance(error, NumberRefused)

    def lost(self, error: Exception) -> bool:
        """A provider that does not answer one does not answer the next, and a worker that waits does nothing else.

        So it is left alone for a while: with a call at every beat, a single worker would come to no mail.
        """
        away = isinstance(error, ProviderAway)
        if away:
            cache.set(PROVIDER_RESTS, True, PROVIDER_RESTS_FOR)
        return away


class PortalLine:
    """It is told where the person looks for it: being marked as sent is all."""

    def reached(self) -> bool:
        return True

    def send(self, notice: Notice, kind: Kind, subject: Any) -> None:
        pass

    def hang_up(self) -> None:
        pass

    def refused_for_good(self, error: Exception) -> bool:
        return False

    def lost(self, error: Exception) -> bool:
        return False


def line_of(channel: Channel) -> Line:
    lines: dict[Channel, type[MailLine] | type[TextLine] | type[PortalLine]] = {
        Channel.MAIL: MailLine,
        Channel.TEXT: TextLine,
        Channel.PORTAL: PortalLine,
    }
    return lines[channel]()


def _number_of(notice: Notice) -> str:
    return str(TextOptIn.objects.live().get(person=notice.to).phone)
