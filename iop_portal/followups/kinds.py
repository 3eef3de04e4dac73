"""Kinds of follow-up: the words for the act that is owed. The app that owns a kind registers it in `ready`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils.functional import Promise


@dataclass(frozen=True)
class Kind:
    """`title` is the act in a few words, `why` the rule behind it. `due_in` is how soon it is due.

    Title and why are read by whoever has to see to it, after an escalation an admin: they name the rule and
    never repeat anybody's words. `page` is a named URL that takes the subject's key, where the act is done and
    this follow-up is resolved (`resolve_follow_ups_about`); without one, the owner says here how it came out.
    """

    name: str
    about: str
    title: str | Promise
    why: str | Promise
    due_in: timedelta
    page: str = ""


registry: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    for kind in kinds:
        if kind.name in registry:
            raise ValueError(f"The follow-up kind {kind.name} is registered twice.")
        registry[kind.name] = kind
