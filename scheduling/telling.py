"""With whom and where a session is, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from django.utils.dates import WEEKDAYS
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from iop_portal.markup import clock
from iop_portal.people.models import Program, User
from scheduling.models import Room, Series


class Placed(Protocol):
    @property
    def room(self) -> Room | None: ...
    @property
    def video(self) -> bool: ...
    @property
    def program(self) -> Program: ...


class Held(Placed, Protocol):
    @property
    def leaders(self) -> Sequence[User]: ...


class Told:
    """Mixed into whatever has leaders, a room or video, and a program."""

    @property
    def who(self: Held) -> str:
        """Amara and Jonah: first names, as everybody here goes by."""
        return together([leader.preferred_name for leader in self.leaders])

    @property
    def place(self: Held) -> str:
        return _place(self)

    @property
    def way_there(self: Held) -> str:
        return way_to(self)


def together(names: Sequence[str]) -> str:
    """Amara, Jonah and Tom"""
    *others, last = names or [""]
    if not others:
        return last
    return _("%(names)s and %(last)s") % {"names": ", ".join(others), "last": last}


def way_to(held: Placed) -> str:
    """Room 2. Past the kitchen. 14 Mill Street: however the office ended each of them."""
    there = (held.room.directions, held.program.address) if held.room else ()
    return ". ".join([_place(held), *(capfirst(part.rstrip(". ")) for part in there if part)])


def _place(held: Placed) -> str:
    if held.room is None:
        return pgettext("where", "by video")
    return _("%(room)s or by video") % {"room": held.room.name} if held.video else held.room.name


def days_and_time(series: Series) -> str:
    """Monday and Thursday, 5:30 pm"""
    *others, last = [str(WEEKDAYS[day]) for day in series.weekdays]
    days = _("%(names)s and %(last)s") % {"names": ", ".join(others), "last": last} if others else last
    return _("%(day)s, %(time)s") % {"day": days, "time": clock(series.at)}


def in_words(series: Series) -> str:
    """Skills group: Monday and Thursday, 5:30 pm"""
    return _("%(what)s: %(when)s") % {"what": series.modality.name, "when": days_and_time(series)}
