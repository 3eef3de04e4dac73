"""One write, everywhere the same way."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction

from iop_portal.refusals import Busy, refusal_for

P = ParamSpec("P")
R = TypeVar("R")

SERIALIZATION_FAILURE = "40001"
DEADLOCK_DETECTED = "40P01"
LOCK_NOT_AVAILABLE = "55P03"
RETRIED = {SERIALIZATION_FAILURE, DEADLOCK_DETECTED}
MOST_RETRIES = 3


def write(function: Callable[P, R]) -> Callable[P, R]:
    """Make a domain function one transaction: all of it happens, or none.

    A broken constraint becomes the `Refused` that names it. A deadlock or serialization failure is retried
    at most three times, and only by the outermost write: inside another transaction the locks that caused
    it are still held. Raises: Refused, or Busy when the database stays contended.
    """

    @wraps(function)
    def written(*args: P.args, **kwargs: P.kwargs) -> R:
        outermost = not connection.in_atomic_block
        retries_left = MOST_RETRIES if outermost else 0
        while True:
            try:
                with transaction.atomic():
                    return function(*args, **kwargs)
            except IntegrityError as error:
                refusal = refusal_for(_constraint(error))
                if refusal is None:
                    raise
                raise refusal from error
            except OperationalError as error:
                code = _sqlstate(error)
                if code in RETRIED and retries_left:
                    retries_left -= 1
                    continue
                if outermost and code in RETRIED | {LOCK_NOT_AVAILABLE}:
                    raise Busy from error
                raise

    return written


def _sqlstate(error: DatabaseError) -> str:
    return getattr(error.__cause__, "pgcode", None) or ""


def _constraint(error: DatabaseError) -> str:
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""
