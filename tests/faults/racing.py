"""Many at once, on connections of their own: what each came to, and how long it waited."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from django.db import DatabaseError, connection

from iop_portal.refusals import Refused

PEOPLE, ROUNDS = 50, 20
WITHIN = 1.0


def at_once(acts):
    """What each came to, and the seconds it took: all have a connection before the first of them begins."""
    gate = threading.Barrier(len(acts))

    def run(act):
        connection.ensure_connection()
        try:
            gate.wait()
            began = time.monotonic()
            return _outcome(act), time.monotonic() - began
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(run, act) for act in acts]]


def _outcome(act):
    try:
        return act()
    except Refused as refusal:
        return refusal
    except DatabaseError as error:
        return error.__cause__.diag.constraint_name or repr(error)
