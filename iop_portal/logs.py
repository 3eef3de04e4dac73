"""Logs that tell what happened and never to whom.

Each line is one JSON object: time, level, logger, event, and facts that are safe by their kind. Messages are not
put together: an event is the constant text that the programmer wrote, never the values that belong in it, and
an exception is its type and its lines of code, never its words, since those repeat what people typed (PostgreSQL's
"Key (email)=(…) already exists" among them). A library that writes values into the text itself is represented
by the place that it wrote from.
"""

import json
import logging
import time
import traceback
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

request_id: ContextVar[UUID | None] = ContextVar("request_id", default=None)
log = logging.getLogger(__name__)
OURS = ("iop_portal", "therapy", "scheduling", "relapse", "alumni", "family")


class PlainFacts(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": event(record),
            "request": str(request_id.get() or "") or None,
            "task": task(record),
            **getattr(record, "facts", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = list(errors(record.exc_info[1]))
        return json.dumps({name: value for name, value in line.items() if value is not None})


def event(record: logging.LogRecord) -> str:
    """A text with arguments is a constant, and so are all of ours; another's without may have been put together."""
    if isinstance(record.msg, str) and (record.args or record.name.split(".")[0] in OURS):
        return record.msg
    return f"{record.module}.{record.funcName}:{record.lineno}"


def task(record: logging.LogRecord) -> str | None:
    """The name that Celery attaches to what it says of a task."""
    told = getattr(record, "data", None)
    return told.get("name") if isinstance(told, dict) else None


def errors(error: BaseException) -> Iterator[dict[str, Any]]:
    """The exception, then what it came from: types and places."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        frames = traceback.extract_tb(cause.__traceback__)
        yield {
            "type": f"{type(cause).__module__}.{type(cause).__qualname__}",
            "at": [f"{place(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames],
        }
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def place(path: str) -> str:
    return path.removeprefix(f"{settings.BASE_DIR}/").rpartition("site-packages/")[2]


class RequestLog:
    """One line a request, by the pattern of its address: the address itself may hold an invitation's token."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        token = request_id.set(uuid4())
        try:
            response = self.get_response(request)
            log.log(
                logging.ERROR if response.status_code >= 500 else logging.INFO,
                "request",
                extra={
                    "facts": {
                        "method": method(request),
                        "view": request.resolver_match.view_name if request.resolver_match else None,
                        "route": request.resolver_match.route if request.resolver_match else None,
                        "status": response.status_code,
                        "milliseconds": round((time.perf_counter() - started) * 1000),
                    }
                },
            )
            return response
        finally:
            request_id.reset(token)


def method(request: HttpRequest) -> str:
    """Whoever calls can make up a method, with anything in its name."""
    known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    return request.method if request.method in known else "other"
