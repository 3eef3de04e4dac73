"""Kinds of notice. The app that owns a kind registers it in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise

from iop_portal.people.models import User


@dataclass(frozen=True)
class Kind:
    """What is said, and whether it still has to be.

    `about` is the model that the notice's subject belongs to. `template` names templates/email/<template>.txt
    and .html. `still_owed(subject)` is asked at the moment of sending, under the row's lock. `words(subject)`
    gives the template's context; a link is minted there, never stored. `address(subject)` finds the recipient
    where they have no account. An `essential` kind is sent whatever a person's preferences say.
    """

    name: str
    about: str
    template: str
    subject: str | Promise
    still_owed: Callable[[Any], bool]
    words: Callable[[Any, User | None], Mapping[str, object]]
    address: Callable[[Any], str] | None = field(default=None)
    essential: bool = False


registry: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    for kind in kinds:
        if kind.name in registry:
            raise ValueError(f"The notice kind {kind.name} is registered twice.")
        registry[kind.name] = kind
