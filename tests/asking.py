"""Asking every URL as every persona: the machinery under the access table."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import time_machine
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, resolve, reverse
from django.urls.exceptions import Resolver404
from django.utils import timezone

from tests.signing_in import sign_in
from tests.world import World, markers_in

# Tables that asking may touch without any harm done: who is here, how often they asked, and that they did.
PASSING = {"django_session", "portal_cache", "audit_entry", "usersessions_usersession"}


@dataclass(frozen=True)
class Page:
    """One row of the policy. `door` passes by role; of those, `opens` may have the object of the sample."""

    name: str
    methods: str
    door: frozenset[str]
    opens: frozenset[str] | None = None
    # Another answer than "in" for those who get in: the status, by persona.
    but: dict[str, int] = field(default_factory=dict)
    # What one may not have does not exist, whatever the method: allauth looks for the object first.
    hides: bool = False
    # Staff may come here before they took their second step.
    first_step: bool = False
    # The page that leads here: it is opened first.
    after: str = ""
    # Values for the address that differ from the samples.
    at: dict[str, object] = field(default_factory=dict)

    def outcome(self, persona: str, method: str) -> str:
        if persona == "anonymous" and persona not in self.door:
            return "sign in"
        if persona == "one_step" and not self.first_step:
            return "second step"
        missing = self.opens is not None and persona not in self.opens
        if method not in self.methods.split() and not (missing and self.hides):
            return "405"
        if persona not in self.door:
            return "403"
        if missing:
            return "404"
        return str(self.but.get(persona, "in"))


# ── The resolver ──────────────────────────────────────────────────────────────────────────────────────────────


def routes(
    patterns: list[URLPattern | URLResolver], space: str = "", route: str = "", keys: frozenset[str] = frozenset()
) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Every URL by its full name, with its route and the keys in it, through all includes. One without a name is
    called by its route."""
    for pattern in patterns:
        all_keys = keys | set(pattern.pattern.regex.groupindex)
        whole = f"{route}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from routes(pattern.url_patterns, inner, whole, all_keys)
        else:
            yield f"{space}{pattern.name}" if pattern.name else f"unnamed {whole}", whole, all_keys


def faults_of_table(pages: list[Page], patterns: list[URLPattern | URLResolver], samples: dict) -> list[str]:
    """URLs without a row, rows without a URL, names used twice, and addresses that nobody gave a sample for."""
    named = list(routes(patterns))
    names = {name for name, _, _ in named}
    # A view of ours may stand before one of a library, under the same name and route.
    twice = {name for name in names if len({route for found, route, _ in named if found == name}) > 1}
    rows = {page.name: page for page in pages}
    faults = [f"{name}: no row says who may open it" for name in names if name not in rows]
    faults += [f"{name}: there is no such URL" for name in rows if name not in names]
    faults += [f"{name}: the name is used twice" for name in sorted(twice)]
    faults += [f"{page.name}: two rows" for page in pages if rows[page.name] is not page]
    for name, _, keys in named:
        missing = keys - set(samples) - set(rows[name].at if name in rows else ())
        faults += [f"{name}: no sample for {key}" for key in sorted(missing)]
    return faults


def address(page: Page, patterns: list[URLPattern | URLResolver], samples: dict) -> str:
    values = samples | page.at
    return reverse(page.name, kwargs={key: values[key] for key in keys_of(page.name, patterns)})


def keys_of(name: str, patterns: list[URLPattern | URLResolver]) -> frozenset[str]:
    return next(keys for found, _, keys in routes(patterns) if found == name)


# ── Asking ────────────────────────────────────────────────────────────────────────────────────────────────────


def written() -> dict[str, tuple[int, int]]:
    """How often this transaction has written to each table, taken back or not; and which file holds its rows: it is
    another one after a TRUNCATE, which counts nothing."""
    counted = " + ".join(f"pg_stat_get_xact_tuples_{what}(oid)" for what in ("inserted", "updated", "deleted"))
    ours = "relkind = 'r' AND relnamespace = 'public'::regnamespace"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT relname, {counted}, relfilenode FROM pg_class WHERE {ours}")
        return {table: (times, file) for table, times, file in cursor.fetchall() if table not in PASSING}


def fingerprint(tables: Iterable[str]) -> dict[str, str]:
    """Of every row in them."""
    if not tables:
        return {}
    one = "SELECT '{0}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{0}\" t"
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(one.format(table) for table in tables))
        return dict(cursor.fetchall())


class Doorstep:
    """The world, with everybody signed in once. Each asking is rolled back, and happens at the same moment.

    So nobody's sign-in grows old while others ask, however long a machine takes over all of them.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.cookies = {}
        for name, person in world.people.items():
            client = Client()
            if name != "anonymous":
                sign_in(client, person, second_step=False if name == "one_step" else None)
            self.cookies[name] = {key: morsel.value for key, morsel in client.cookies.items()}
        self.moment = timezone.now()
        self.handler = Client(raise_request_exception=False).handler
        self.written = written()
        self.touched: set[str] = set()
        self.before = fingerprint(self.written)

    @contextmanager
    def ask(self, persona: str, method: str, path: str, data: dict | None = None, *, after: str | None = None):
        """The response, while what it did to the database can still be looked at."""
        client = Client(raise_request_exception=False)
        client.handler = self.handler  # with the middleware that it has loaded
        self.touched = set()
        for key, value in self.cookies[persona].items():
            client.cookies[key] = value
        with time_machine.travel(self.moment), transaction.atomic():
            if after:
                client.get(after)
            yield getattr(client, method.lower())(path, data or {})
            transaction.set_rollback(True)

    def own_marker(self, persona: str) -> str:
        return getattr(self.world.people[persona], "preferred_name", "").lower()

    def faults_of_denial(self, persona: str, response) -> list[str]:
        """What a denial must not do: change anything, or show anything of anybody else's."""
        shown = markers_in(f"{text_of(response)} {dict(response.headers)}") - {self.own_marker(persona)}
        written_by_now = written()
        # Whoever asked before and was let in may have written too: what is there now decides.
        self.touched |= {table for table, times in written_by_now.items() if times != self.written.get(table)}
        self.written = written_by_now
        after = fingerprint(self.touched)
        changed = sorted(table for table in after if after[table] != self.before.get(table))
        return [f"shows {marker}" for marker in sorted(shown)] + [f"changes {table}" for table in changed]


def text_of(response) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode(errors="replace")


def outcome_of(response, persona: str) -> str:
    """The answer in the words of the table."""
    if response.status_code in (403, 404, 405) or response.status_code >= 500:
        return str(response.status_code)
    location = response.headers.get("Location", "") or response.headers.get("HX-Redirect", "")
    try:
        leads_to = resolve(location.partition("?")[0]).view_name if location.startswith("/") else ""
    except Resolver404:
        leads_to = ""
    if persona == "anonymous" and leads_to == "account_login" and "?next=" in location:
        return "sign in"
    if persona == "one_step" and leads_to == "accounts:protect":
        return "second step"
    return "in"


def denials(records: list[logging.LogRecord]) -> list[int]:
    """The statuses of the requests that the log calls denied."""
    said = [
        record.facts["status"] for record in records if record.name == "iop_portal.logs" and record.msg == "request"
    ]
    return [status for status in said if status in (403, 404)]
