"""Refusals: what the portal will not do, said in the person's own words."""

from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Refused(Exception):
    """A write that a rule forbids. The message is shown to the person as it stands.

    A subclass that names `constraint` is also raised when the database itself refuses by the constraint
    or trigger of that name, so that losing a race reads like any other refusal.
    """

    message: ClassVar[str | Promise] = _("We could not do that. Please try again.")
    constraint: ClassVar[str] = ""
    status: ClassVar[int] = 409

    def __init__(self, **words: object) -> None:
        self.words = words
        super().__init__()

    def __str__(self) -> str:
        text = str(self.message)
        return text % self.words if self.words else text


def refusal_for(constraint: str) -> type[Refused] | None:
    """The refusal that speaks for a database constraint, if one does."""
    waiting = [Refused]
    while waiting:
        kind = waiting.pop()
        if constraint and kind.constraint == constraint:
            return kind
        waiting.extend(kind.__subclasses__())
    return None


class Busy(Refused):
    """The database was too contended, even after retries."""

    message = _("Many people are doing this right now. Nothing was changed. Please try again.")
    status = 503
