"""Kinds of notice. The app that owns a kind registers it in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise

from iop_portal.notices.channels import EVERY_CHANNEL, MAIL_ALONE, Channel, Topic

if TYPE_CHECKING:
    # Apps register their kinds before the models are there.
    from iop_portal.people.models import User


@dataclass(frozen=True)
class Part:
    """What a message says in another form, such as an invitation for a calendar, with its type: "text/calendar"."""

    content: str
    mimetype: str


@dataclass(frozen=True)
class Kind:
    """What is said, and whether it still has to be.

    `about` is the label of the model that the notice's subject belongs to, such as "accounts.invitation". A
    subject with a field named `program` decides whose neutral sender name the mail carries; else the recipient's
    program does.

    `subject` and the words around a link have to be neutral: nothing may say what the program treats or that
    somebody is treated. `template` names templates/email/<template>.txt and .html, which extend email/base.txt
    and email/base.html; their context is `words(subject, recipient)` with `sender`, `phone` (the program's),
    `to` (the name the recipient chose, or None) and `origin` (the portal's address, without a slash at its end).

    `still_owed(subject)` is asked at the moment of sending, under the notice's lock. `words` is asked right after
    it, in the transaction that marks the notice as sent: a link is minted there and only its hash is stored, and
    a mail that could not be sent leaves no trace of it. Rows that `words` writes are waited for half a second
    only, since whoever holds them may be waiting to withdraw this very notice.

    `address(subject)` finds the recipient where they have no account. An `essential` kind is sent whatever a
    person's preferences say. `waits(subject, morning)` says whether a message that comes due in the program's quiet
    hours may rest until they end. The first part that `attach` gives is the message in another form, the others go
    beside it.

    A kind with a `topic` goes by the channels that its recipient wished for it, so it has templates/text/<template>.txt
    as well, one short line that is just as neutral, and what is told in the portal: `line(subject)`, a sentence, with
    the address of the page where there is more, `page(subject)`. `only` names other channels than mail for what has no
    topic; `number(subject)` then finds the phone.
    """

    name: str
    about: str
    template: str
    subject: str | Promise
    still_owed: Callable[[Any], bool]
    words: Callable[[Any, User | None], Mapping[str, object]]
    address: Callable[[Any], str] | None = field(default=None)
    essential: bool = False
    waits: Callable[[Any, datetime], bool] | None = field(default=None)
    attach: Callable[[Any, User | None], Sequence[Part]] | None = field(default=None)
    topic: Topic | None = None
    only: frozenset[Channel] = MAIL_ALONE
    number: Callable[[Any], str] | None = field(default=None)
    line: Callable[[Any], str] | None = field(default=None)
    page: Callable[[Any], str] | None = field(default=None)

    @property
    def channels(self) -> frozenset[Channel]:
        """All that it can go by."""
        return EVERY_CHANNEL if self.topic else self.only


registry: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    for kind in kinds:
        if kind.name in registry:
            raise ValueError(f"The notice kind {kind.name} is registered twice.")
        registry[kind.name] = kind
