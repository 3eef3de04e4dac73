"""Where a demonstration's mails and texts go: into a page that anybody there can read."""

from collections.abc import Sequence

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from iop_portal.demo.models import SentMail
from iop_portal.notices.providers import Text


class EmailBackend(BaseEmailBackend):
    """Stores a mail in the transaction of its delivery: what was not marked as sent is not in the mailbox."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        kept = SentMail.objects.bulk_create(
            SentMail(
                sender=message.from_email,
                to=", ".join(message.to),
                subject=str(message.subject),
                text=str(message.body),
                html=_html_of(message),
            )
            for message in email_messages
        )
        return len(kept)


class TextProvider:
    """Keeps a text beside the mails, in the transaction of its delivery."""

    def send(self, text: Text, *, seconds: float) -> None:
        SentMail.objects.create(by=SentMail.By.TEXT, to=text.to, text=text.body)


def _html_of(message: EmailMessage) -> str:
    if not isinstance(message, EmailMultiAlternatives):
        return ""
    return next((str(content) for content, mimetype in message.alternatives if mimetype == "text/html"), "")
