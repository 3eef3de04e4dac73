"""Queries that are put together once and asked often.

To put together what somebody may see costs Django more than PostgreSQL needs to answer, and a page such as the
caseload asks a dozen such questions. What a rule is stays in its queryset; only the SQL that comes of it is kept,
for a day of the reader's: a rule may ask which day it is. PostgreSQL keeps its plan of it too, for each connection:
to find a way through ten tables takes it longer than to go it.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from django.db import connection, connections
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone
from psycopg2.extensions import AsIs

Row = TypeVar("Row")
# No key of ours and no moment of anybody's life.
NO_KEY, NO_MOMENT = -(2**52), datetime(1801, 2, 3, 4, 5, 6, tzinfo=UTC)
STAND_INS: dict[type, Callable[[int], Any]] = {
    int: lambda number: NO_KEY + number,
    list: lambda number: [NO_KEY + number],
    datetime: lambda number: NO_MOMENT + number * timedelta(days=400),
}
TYPES = {int: "bigint", list: "bigint[]", datetime: "timestamptz"}
# What each connection knows. A new one, after a fault or an hour, knows nothing.
_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


class CannotBePrepared(TypeError):
    """Its SQL depends on a value by more than holding it."""


class Statement:
    """SQL with values of these `kinds`, which PostgreSQL plans once for each connection.

    A placeholder is `%(name)s`; what `always` names is the same each time. `name` is for whoever reads what the
    database does.
    """

    def __init__(self, name: str, sql: str, kinds: Mapping[str, type], always: Mapping[str, Any] | None = None) -> None:
        self.sql, self.kinds, self.always = sql, kinds, always or {}
        self.key = f"{name}_{hashlib.sha256(repr((sql, kinds, always)).encode()).hexdigest()[:16]}"
        self.asks = f"EXECUTE {self.key} ({', '.join(f'%({each})s' for each in kinds)})"

    def ask(self, **values: Any) -> list[tuple[Any, ...]]:
        self.make_known_to(connection)
        with connection.cursor() as cursor:
            cursor.execute(self.asks, values)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def make_known_to(self, to: Any) -> None:
        """Nothing where the connection knows it already."""
        to.ensure_connection()
        known = _known.setdefault(to.connection, set())
        if self.key in known:
            return
        places = {name: AsIs(f"${number}") for number, name in enumerate(self.kinds, start=1)}
        types = ", ".join(TYPES[kind] for kind in self.kinds.values())
        with to.wrap_database_errors, to.connection.cursor() as cursor:
            sql = cursor.mogrify(self.sql, {**self.always, **places}).decode()
            cursor.execute(f"PREPARE {self.key} ({types}) AS {sql}")
        known.add(self.key)


@dataclass(frozen=True)
class _Kept(Generic[Row]):
    queryset: QuerySet[Any, Row]
    compiler: Any
    statement: Statement

    def ask(self, values: tuple[Any, ...]) -> list[Row]:
        compiler = copy.copy(self.compiler)
        # Of the thread that asks, and not of the one that asked first.
        compiler.connection = connections[self.queryset.db]
        self.statement.make_known_to(compiler.connection)
        bound = self.statement.asks, dict(zip(self.statement.kinds, values, strict=True))
        compiler.as_sql = lambda *args, **kwargs: bound
        asked: Any = self.queryset.all()
        asked.query.get_compiler = lambda *args, **kwargs: compiler
        return list(asked)


class Prepared(Generic[Row]):
    """Takes as many values as `kinds` name, and answers with a list.

    Each is an `int` (a key), a `datetime`, or a `list` of keys for `among`.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, Row]], kinds: tuple[type, ...]) -> None:
        self.make, self.kinds = make, kinds
        self.kept: dict[str, tuple[date, _Kept[Row]]] = {}

    def __call__(self, *values: Any) -> list[Row]:
        if tuple(map(type, values)) != self.kinds:
            raise TypeError(f"{self.make.__name__} takes {', '.join(kind.__name__ for kind in self.kinds)}")
        # The day that a rule reads which was given no moment.
        zone, today = timezone.get_current_timezone_name(), timezone.localdate(None)
        day, kept = self.kept.get(zone, (None, None))
        if kept is None or day != today:
            kept = self._prepared()
            self.kept[zone] = today, kept
        return kept.ask(values)

    def _prepared(self) -> _Kept[Row]:
        """Put together twice with values that occur nowhere else: what differs has to be one of them."""
        stand_ins = [self._stand_ins(time) for time in range(2)]
        with connection.execute_wrapper(_refuse):
            querysets = [self.make(*each) for each in stand_ins]
        compilers = [each.query.get_compiler(using=each.db) for each in querysets]
        (sql, first), (again, second) = (each.as_sql() for each in compilers)
        if sql != again:
            raise CannotBePrepared(f"The SQL of {self.make.__name__} is another for another value.")
        places = [*self._places(stand_ins, first, second)]
        return _Kept(querysets[0], compilers[0], self._statement(sql, first, places))

    def _statement(self, sql: str, parameters: Any, places: list[int | None]) -> Statement:
        """`places` say of each parameter which value it is, or None where it is always the same."""
        kinds = {f"value{number}": kind for number, kind in enumerate(self.kinds)}
        names = [f"same{at}" if place is None else f"value{place}" for at, place in enumerate(places)]
        always = {name: each for name, each in zip(names, parameters, strict=True) if name not in kinds}
        named = sql.replace("%%", "%%%%") % tuple(f"%({name})s" for name in names)
        return Statement(self.make.__name__.strip("_"), named, kinds, always)

    def _stand_ins(self, time: int) -> list[Any]:
        numbers = range(time, 2 * len(self.kinds), 2)
        return [STAND_INS[kind](number) for number, kind in zip(numbers, self.kinds, strict=True)]

    def _places(self, stand_ins: list[list[Any]], first: Any, second: Any) -> Iterator[int | None]:
        pairs = [*zip(*stand_ins, strict=True)]
        for pair in zip(first, second, strict=True):
            if pair in pairs:
                yield pairs.index(pair)
            elif pair[0] == pair[1]:
                yield None
            else:
                raise CannotBePrepared(f"{self.make.__name__} makes something of a value: pass that instead.")


def prepared(*kinds: type) -> Callable[[Callable[..., QuerySet[Any, Row]]], Prepared[Row]]:
    """Of a function from values to a queryset: it may neither ask the database nor look at the values."""
    return lambda make: Prepared(make, kinds)


def among(keys: list[int]) -> RawSQL:
    """For `field__in`: the same SQL, however many they are."""
    return RawSQL("SELECT unnest(%s::bigint[])", (keys,))


def _refuse(*args: Any, **kwargs: Any) -> Any:
    raise CannotBePrepared("A query that is put together once cannot depend on the answer to another.")
