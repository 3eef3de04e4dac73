"""What the tests of a module need and only look at, or take back: built once for all of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def once(django_db_blocker: Any, build: Callable[[], Any]) -> Iterator[Any]:
    """What was built, until the module is done with it."""
    with django_db_blocker.unblock(), transaction.atomic():
        built = build()
        check_what_waits()
        yield built
        transaction.set_rollback(True)


def check_what_waits() -> None:
    """Every deferred constraint looks at what was built now. Otherwise each would do so at the end of every test, and a
    test that is taken back takes back that it did."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT DISTINCT quote_ident(conname) FROM pg_constraint WHERE condeferred")
        deferred = ", ".join(name for (name,) in cursor.fetchall())
        cursor.execute(f"SET CONSTRAINTS {deferred} DEFERRED")
