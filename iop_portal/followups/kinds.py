"""Kinds of follow-up: the words for the act that is owed. The app that owns a kind registers it in `ready`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.functional import Promise

if TYPE_CHECKING:
    from iop_portal.people.models import User


@dataclass(frozen=True)
class Place:
    """A page that helps with an act: where it leads, and what its button says."""

    label: str | Promise
    url: str


@dataclass(frozen=True)
class Kind:
    """`title` is the act in a few words, `why` the rule behind it. `due_in` is how soon it is due.

    Title and why are read by whoever has to see to it, after an escalation an admin: they name the rule and
    never repeat anybody's words. `page` is a named URL that takes the subject's key, where the act is done and
    this follow-up is resolved (`resolve_follow_ups_about`); without one, the owner says here how it came out.
    `place` says from the subject's key where a reader finds what they need for it, if that is open to them.

    `to_client` is how the client whom it concerns reads it in their own record: what we have to do for them. Without it
    they read only that such acts exist, since it would speak of somebody else or stand in the way of the act. That is
    decided here and nowhere else, and a kind that says nothing is not shown.

    What is `urgent` cannot be put off, and saying "I have it" holds it only as long as it was due in: it goes on to
    the next person until it is done, which is on its `page`.
    """

    name: str
    about: str
    title: str | Promise
    why: str | Promise
    due_in: timedelta
    page: str = ""
    place: Callable[[int, User], Place | None] = lambda about_id, reader: None
    urgent: bool = False
    to_client: str | Promise = ""

    @property
    def for_the_office(self) -> bool:
        """Whether an admin may open its page: one of the office, or what is urgent, which says to them who it is."""
        return self.urgent or self.page.startswith("office:")

    def __post_init__(self) -> None:
        if self.urgent and not self.page:
            raise ValueError(f"The follow-up kind {self.name} is urgent, so it needs a page where it is done.")


registry: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    for kind in kinds:
        if kind.name in registry:
            raise ValueError(f"The follow-up kind {kind.name} is registered twice.")
        registry[kind.name] = kind
