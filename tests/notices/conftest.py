"""Kinds of notice that exist for these tests, about people."""

from dataclasses import replace

import pytest
from django.core import mail
from django.utils import timezone

from iop_portal.notices import kinds, outbox
from iop_portal.notices.models import Notice
from tests.factories import NOON, UserFactory


@pytest.fixture
def kind(monkeypatch):
    """A kind about a person, whose parts a test may replace: `kind(still_owed=...)` gives its name."""

    def register(name="hello", **parts):
        plain = kinds.Kind(
            name=name,
            about="people.user",
            template="follow_up_owed",
            subject="Something is waiting for you",
            still_owed=lambda person: True,
            words=lambda person, to: {},
        )
        monkeypatch.setitem(kinds.registry, name, replace(plain, **parts))
        return name

    return register


@pytest.fixture
def owed(kind):
    """One owed notice, of a kind with the given parts."""

    def owe(to=None, *, name="hello", about=None, not_before=NOON, **parts):
        to = to or UserFactory()
        kind(name=name, **parts)
        outbox.queue(name, to=to, about=about or to, now=NOON, not_before=not_before)
        return Notice.objects.latest("pk")

    return owe


@pytest.fixture
def sent_to():
    """Addresses of what went out, in order."""
    return lambda: [message.to[0] for message in mail.outbox]


@pytest.fixture
def clock():
    """A clock that stands until it is moved."""

    class Clock:
        now = NOON

        def __call__(self):
            return self.now

    return Clock()


@pytest.fixture(autouse=True)
def utc():
    timezone.deactivate()
