"""Mail over SMTP, with an end to waiting."""

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress

from django.core.mail import EmailMessage
from django.core.mail.backends import smtp


class EmailBackend(smtp.EmailBackend):
    """Django's time limit holds for each answer of the mail server; here it holds for a message as a whole.

    Delivery holds a notice's row while it sends. A server that answers each command just in time could keep
    it for a minute, longer than a revocation waits and longer than the database lets a transaction idle.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        watch = threading.Timer(self.timeout or 0, self._hang_up)
        watch.daemon = True
        watch.start()
        try:
            return super().send_messages(email_messages) or 0
        finally:
            watch.cancel()

    def _hang_up(self) -> None:
        """The thread that waits for an answer finds the line dead."""
        line = getattr(self.connection, "sock", None)
        if line is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
