"""A provider of texts across a wire, which freezes as it is told to, and remembers what it took."""

import json
import os
import socket
import socketserver
import threading
import time
from dataclasses import dataclass

from iop_portal.notices.providers import ProviderAway

WHERE = "PORTAL_TEST_PHONES"


@dataclass(frozen=True)
class Received:
    at: float
    key: str
    to: str


class Wire:
    """What the worker has for a provider."""

    def send(self, text, *, seconds):
        try:
            with socket.create_connection(("127.0.0.1", int(os.environ[WHERE])), timeout=seconds) as line:
                line.sendall(json.dumps({"key": text.key, "to": text.to}).encode() + b"\n")
                answer = line.recv(16)
        except OSError as error:
            raise ProviderAway from error
        if answer != b"taken\n":
            raise ProviderAway


class Provider(socketserver.ThreadingTCPServer):
    """`when_taken` is called with the number, once a text is taken and before the sender is told so."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Call)
        self.received = []
        self.calls = 0
        self.frozen = False
        self.when_taken = lambda number: None
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    @property
    def port(self):
        return str(self.server_address[1])

    def stop(self):
        self.shutdown()
        self.server_close()
        self.thread.join()

    def handle_error(self, request, client_address):
        """A sender that was killed leaves in the middle of a sentence; that is no fault of this provider."""


class Call(socketserver.StreamRequestHandler):
    def handle(self):
        self.server.calls += 1
        said = json.loads(self.rfile.readline())
        if self.server.frozen:
            self.rfile.read(1)
            return
        self.server.received.append(Received(time.time(), said["key"], said["to"]))
        self.server.when_taken(said["to"])
        self.wfile.write(b"taken\n")
