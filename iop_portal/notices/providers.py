"""Who carries text messages. `TEXT_BACKEND` names a provider's class; without one there are no texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

# Delivery holds a notice's row meanwhile, and withdrawing waits for it longer than that.
PROVIDER_TIMEOUT = 10.0


@dataclass(frozen=True)
class Text:
    """`key` is the same at every try, so that a provider can tell a repetition from a second message."""

    to: str
    body: str
    key: str


class ProviderAway(Exception):
    """Nobody answers, or not in time: no message is to blame for it."""


class NumberRefused(Exception):
    """The provider will never reach this number."""


class Provider(Protocol):
    """`send` returns once the provider has taken the message, and gives up after so many seconds as a whole."""

    def send(self, text: Text, *, seconds: float) -> None: ...


class ConsoleProvider:
    """For one's own machine: the message stands where the worker was started, and in no log."""

    def send(self, text: Text, *, seconds: float) -> None:
        print(f"\nText to {text.to}\n{text.body}\n", flush=True)


def provider() -> Provider:
    return cast(Provider, import_string(settings.TEXT_BACKEND)())
