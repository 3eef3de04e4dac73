"""A mail server that fails as it is told to, and remembers what it took."""

import re
import socketserver
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Received:
    at: float
    message_id: str
    to: str


class MailServer(socketserver.ThreadingTCPServer):
    """`refuses` answers a recipient with a line of its own, `hangs_on` never answers their mail, `drops` leaves.

    While `silent`, nobody is greeted. `when_asked` and `when_taken` are called with the recipient, the first as
    soon as a mail is begun for them, the second once it is taken and before the sender is told so.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.received = []
        self.refuses = {}
        self.hangs_on = set()
        self.drops = set()
        self.silent = False
        self.callers = 0
        self.when_asked = self.when_taken = lambda recipient: None
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def stop(self):
        self.shutdown()
        self.server_close()
        self.thread.join()

    def handle_error(self, request, client_address):
        """A sender that was killed leaves in the middle of a sentence; that is no fault of this server."""


class Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        self.server.callers += 1
        if self.server.silent:
            self.until_the_caller_leaves()
            return
        self.say("220 portal.test")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"RCPT":
                self.to = re.search(rb"<(.+)>", line)[1].decode()
                self.server.when_asked(self.to)
                if self.to in self.server.drops:
                    return
                self.say(self.server.refuses.get(self.to, "250 go on"))
            elif word == b"DATA":
                self.say("354 go on")
                self.take()
            elif word == b"QUIT":
                self.say("221 goodbye")
                return
            else:
                self.say("250 go on")

    def take(self):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        if self.to in self.server.hangs_on:
            self.until_the_caller_leaves()
            return
        message_id = re.search(rb"(?im)^Message-ID: *(\S+)", b"".join(lines))[1].decode()
        self.server.received.append(Received(time.time(), message_id, self.to))
        self.server.when_taken(self.to)
        self.say("250 taken")

    def until_the_caller_leaves(self):
        while self.rfile.read(1):
            pass

    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())
