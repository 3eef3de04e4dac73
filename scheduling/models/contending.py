"""What several may want at once: how the database keeps them apart and lets them queue."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Func, Value


def only(column: str) -> Func:
    """A key as a range of one: what an exclusion constraint compares without the extension btree_gist."""
    return Func(F(column), F(column), Value("[]"), function="int8range", output_field=models.Field())


def queue_for(table: str, column: str, *, when: str, changed: tuple[str, ...]) -> pgtrigger.Trigger:
    """Whoever contends waits for the lock of one row before the exclusion constraint is asked.

    Without it fifty who insert at once wait for one another in a circle, until the database ends one after another
    as deadlocks, a second each.
    """
    return pgtrigger.Trigger(
        name=f"one_queue_for_a_{column.removesuffix('_id')}",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf(*changed),  # type: ignore[no-untyped-call]
        condition=pgtrigger.Condition(when),
        func=f"PERFORM FROM {table} WHERE id = NEW.{column} FOR NO KEY UPDATE; RETURN NEW;",
    )
