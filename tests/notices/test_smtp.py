"""A real mail server on a socket, which dawdles."""

import socket
import threading
import time
from smtplib import SMTPServerDisconnected

import pytest
from django.core.mail import EmailMessage

from iop_portal.notices.smtp import EmailBackend


class Dawdler(threading.Thread):
    """Answers each line just before the sender's patience with one answer ends, so that it never ends."""

    def __init__(self, pause):
        super().__init__(daemon=True)
        self.pause = pause
        self.left = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        line, _ = self.listener.accept()
        with line, line.makefile("rb") as heard:
            line.sendall(b"220 portal.test\r\n")
            for _ in heard:
                self.left.wait(self.pause)
                line.sendall(b"250 go on\r\n")
        self.left.set()


@pytest.fixture
def dawdler():
    server = Dawdler(pause=0.3)
    server.start()
    yield server
    server.listener.close()
    server.join(5)
    assert not server.is_alive()


def test_a_message_has_its_time_altogether_and_not_for_each_answer(dawdler):
    post = EmailBackend(host="127.0.0.1", port=dawdler.port, timeout=0.5, use_tls=False)
    post.open()
    begun = time.monotonic()
    with pytest.raises(SMTPServerDisconnected):
        post.send_messages([EmailMessage("A", "B", "portal@portal.test", ["new@portal.test"])])

    assert time.monotonic() - begun < 0.9
    post.close()
