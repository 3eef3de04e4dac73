"""Django's PostgreSQL, with a limit on how long its silence is listened to.

`statement_timeout` is kept by the server, so a frozen server keeps none, and libpq waits for it without end. Here
every wait ends: soon while connecting or asking whether a connection still works, later than the server's own limit
for a statement. The connection is given up with the wait, and Django makes a new one for the next request.
"""

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg2
from django.db.backends.postgresql import base
from psycopg2 import extensions

SECONDS_FOR_A_STATEMENT = 25.0
SECONDS_TO_CONNECT = 5.0
SECONDS_TO_PROVE_ITSELF = 3.0

_seconds: ContextVar[float] = ContextVar("seconds", default=SECONDS_FOR_A_STATEMENT)
EVENTS = {extensions.POLL_READ: select.POLLIN, extensions.POLL_WRITE: select.POLLOUT}


@contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    token = _seconds.set(seconds)
    try:
        yield
    finally:
        _seconds.reset(token)


def wait(connection: extensions.connection) -> None:
    """For psycopg2, whenever it would block. What is raised here also closes the connection."""
    deadline = time.monotonic() + _seconds.get()
    while (state := connection.poll()) != extensions.POLL_OK:
        poll = select.poll()
        poll.register(connection.fileno(), EVENTS[state])
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise psycopg2.OperationalError("The database does not answer.")


extensions.set_wait_callback(wait)


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        with waiting_at_most(SECONDS_TO_CONNECT):
            return super().get_new_connection(conn_params)

    def is_usable(self) -> bool:
        with waiting_at_most(SECONDS_TO_PROVE_ITSELF):
            return super().is_usable()
