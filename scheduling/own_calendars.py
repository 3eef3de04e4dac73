"""A person's own calendar: brought as a file, or read from its address while they want it.

What it says beyond when they are busy is dropped while it is read. Reading takes a process of its own and, for an
address, the network: both happen outside of any transaction.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from psycopg2.extras import DateTimeTZRange

from iop_portal.audit import trail
from iop_portal.notices import outbox
from iop_portal.people.models import User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling import calendar_reading, fetching
from scheduling.calendar_reading import MOST_BYTES, Stretch, Unreadable
from scheduling.fetching import PUBLIC, NotFetched, Policy
from scheduling.models import BusyTime, OwnCalendar
from scheduling.models.own_calendars import MOST_CALENDARS

log = logging.getLogger(__name__)

# My week shows some days that have been; nobody books further ahead.
BACK, AHEAD = timedelta(days=8), timedelta(days=180)
EVERY = timedelta(hours=1)
# Spread over this, so that all of them are not read in the same minute for ever.
JITTER = timedelta(minutes=10)
LONGEST_REST = timedelta(days=1)
# For about a week: an hour, two, four, eight, sixteen, and then once a day.
MOST_FAILURES = 11
# How long one reading has, before another run takes it for lost.
LEASE = timedelta(minutes=15)
# A run ends well before a task has to: the next one goes on.
MOST_PER_RUN, SECONDS_PER_RUN = 30, 120

HOW_TO_MEND: dict[str, str | Promise] = {
    OwnCalendar.Trouble.NOT_A_CALENDAR: _("Choose the file that your calendar exports: its name ends in .ics."),
    OwnCalendar.Trouble.TOO_LARGE: _("Export one calendar only, or fewer months of it."),
    OwnCalendar.Trouble.TOO_MANY: _("Export one calendar only, or fewer months of it."),
    OwnCalendar.Trouble.TOO_OFTEN: _("Take that entry out of your calendar, or write down your times here yourself."),
    OwnCalendar.Trouble.TOO_LONG: _("Export one calendar only, or fewer months of it."),
    OwnCalendar.Trouble.BROKEN: _("Export it again, or write down your times here yourself."),
    OwnCalendar.Trouble.NOT_AN_ADDRESS: _("Copy the whole address: it begins with https:// or webcal://."),
    OwnCalendar.Trouble.NOT_SECURE: _("Most calendars answer to https:// as well: try that."),
    OwnCalendar.Trouble.WITH_PASSWORD: _("Use the private address that your calendar makes for others to read."),
    OwnCalendar.Trouble.FORBIDDEN: _("Use the private address that your calendar makes for others to read."),
    OwnCalendar.Trouble.UNKNOWN_HOST: _("Look whether the address is copied whole."),
    OwnCalendar.Trouble.NO_ANSWER: _("We try again by ourselves. If it stays so, see whether the address still holds."),
    OwnCalendar.Trouble.CERTIFICATE: _("Use the address as your calendar shows it, without changing its name."),
    OwnCalendar.Trouble.REFUSED: _("Let your calendar make a new private address, and bring that."),
    OwnCalendar.Trouble.REDIRECTED: _("Let your calendar make a new private address, and bring that."),
}


class CannotRead(Refused):
    """Says what is wrong with it and how to mend that."""

    message = _("We could not read this calendar. %(why)s %(mend)s")
    status = 400

    def __init__(self, trouble: str) -> None:
        self.trouble = OwnCalendar.Trouble(trouble)
        super().__init__(why=self.trouble.label, mend=HOW_TO_MEND[self.trouble])


class ThreeAlready(Refused):
    message = _("You have brought three calendars already. Remove one of them first.")
    constraint = "three_own_calendars_at_most"


class Removed(Refused):
    message = _("This calendar has been removed already.")


class NotOfAFile(Refused):
    message = _("We read this calendar from its address by ourselves, so it needs no file.")


@dataclass(frozen=True)
class Brought:
    """What a person says of a calendar that they bring."""

    kind: str
    whole_days: bool


@dataclass(frozen=True)
class Shown:
    """A calendar as its person sees it: what is wrong with it in words, if anything is."""

    calendar: OwnCalendar
    why: str | Promise
    mend: str | Promise


def calendars_of(person: User) -> list[Shown]:
    return [
        Shown(one, one.get_trouble_display(), HOW_TO_MEND.get(one.trouble, ""))
        for one in OwnCalendar.objects.filter(person=person)
    ]


# ── By the person ─────────────────────────────────────────────────────────────────────────────────────────────


def bring_file(person: User, data: bytes, brought: Brought, *, by: User, now: datetime) -> OwnCalendar:
    """Read it once. Raises CannotRead, before anything is written."""
    busy = _read(data, zone=person.zone, whole_days=brought.whole_days, now=now)
    return _keep_file(person, busy, brought, by=by, now=now)


@write
def _keep_file(person: User, busy: list[Stretch], brought: Brought, *, by: User, now: datetime) -> OwnCalendar:
    made = _make(person, brought, now=now, read_at=now, read_until=now + AHEAD)
    _replace(made, busy)
    trail.record("own_calendar.brought", made, client=person, by=by, at=now)
    return made


def renew_file(calendar: OwnCalendar, data: bytes, *, whole_days: bool, by: User, now: datetime) -> OwnCalendar:
    """A newer file instead of what a file said before. Raises CannotRead, and leaves then what was there."""
    busy = _read(data, zone=calendar.person.zone, whole_days=whole_days, now=now)
    return _keep_newer(calendar, busy, whole_days=whole_days, by=by, now=now)


@write
def _keep_newer(
    calendar: OwnCalendar, busy: list[Stretch], *, whole_days: bool, by: User, now: datetime
) -> OwnCalendar:
    held = _locked(calendar)
    if not held.from_file:
        raise NotOfAFile
    held.read_at, held.read_until, held.whole_days = now, now + AHEAD, whole_days
    held.save(update_fields=["read_at", "read_until", "whole_days"])
    _replace(held, busy)
    trail.record("own_calendar.renewed", held, client=held.person, by=by, at=now)
    return held


@write
def follow_address(person: User, address: str, brought: Brought, *, by: User, now: datetime) -> OwnCalendar:
    """A worker reads it within a minute or two, and about every hour from then on. Raises CannotRead."""
    try:
        proper = fetching.proper_address(address)
    except NotFetched as error:
        raise CannotRead(error.trouble) from None
    made = _make(person, brought, now=now, address=proper, next_try_at=now)
    trail.record("own_calendar.followed", made, client=person, by=by, at=now)
    return made


@write
def remove_calendar(calendar: OwnCalendar, *, by: User, now: datetime) -> None:
    """With all the times that came of it. A reading that is under way finds nothing to write to."""
    held = _locked(calendar)
    outbox.withdraw(about=held, now=now)
    trail.record("own_calendar.removed", held, client=held.person, by=by, at=now)
    held.delete()


def _locked(calendar: OwnCalendar) -> OwnCalendar:
    held = OwnCalendar.objects.select_for_update(of=("self",)).select_related("person").filter(pk=calendar.pk).first()
    if held is None:
        raise Removed
    return held


def _make(person: User, brought: Brought, *, now: datetime, **columns: Any) -> OwnCalendar:
    person = User.objects.lock_no_key(person.pk)
    taken = set(OwnCalendar.objects.filter(person=person).values_list("place", flat=True))
    place = next((place for place in range(1, MOST_CALENDARS + 1) if place not in taken), None)
    if place is None:
        raise ThreeAlready
    return OwnCalendar.objects.create(
        person=person, place=place, kind=brought.kind, whole_days=brought.whole_days, added_at=now, **columns
    )


# ── By a worker ───────────────────────────────────────────────────────────────────────────────────────────────


def read_due_calendars(*, now: datetime, policy: Policy = PUBLIC) -> int:
    """Read what is due. Two runs at once read each calendar once: how many this one did."""
    until = monotonic() + SECONDS_PER_RUN
    for read in range(MOST_PER_RUN):
        claimed = _claim(now=now) if monotonic() < until else None
        if claimed is None:
            return read
        _read_address(claimed, now=now, policy=policy)
    return MOST_PER_RUN


@transaction.atomic
def _claim(*, now: datetime) -> OwnCalendar | None:
    due = OwnCalendar.objects.due(now).select_related("person").select_for_update(skip_locked=True, of=("self",))
    found = due.first()
    if found is not None:
        found.tried_at, found.next_try_at = now, now + LEASE
        found.save(update_fields=["tried_at", "next_try_at"])
    return found


def _read_address(calendar: OwnCalendar, *, now: datetime, policy: Policy) -> None:
    assert calendar.address is not None  # since it was due
    try:
        data = fetching.fetch(calendar.address, most=MOST_BYTES, policy=policy)
        busy = _read(data, zone=calendar.person.zone, whole_days=calendar.whole_days, now=now)
    except NotFetched as error:
        _note_failure(calendar, OwnCalendar.Trouble(error.trouble), now=now)
    except CannotRead as error:
        _note_failure(calendar, error.trouble, now=now)
    else:
        _note_reading(calendar, busy, now=now)


@write
def _note_reading(calendar: OwnCalendar, busy: list[Stretch], *, now: datetime) -> None:
    held = _still_claimed(calendar)
    if held is None:
        return
    _replace(held, busy)
    held.read_at, held.read_until = now, now + AHEAD
    held.next_try_at = now + EVERY + jitter_of(held)
    held.failures, held.trouble = 0, ""
    held.save()


@write
def _note_failure(calendar: OwnCalendar, trouble: OwnCalendar.Trouble, *, now: datetime) -> None:
    held = _still_claimed(calendar)
    if held is None:
        return
    held.failures += 1
    held.trouble = trouble
    log.info("own calendar not read", extra={"facts": {"trouble": trouble.value, "failures": held.failures}})
    if held.failures < MOST_FAILURES:
        held.next_try_at = now + min(EVERY * 2 ** (held.failures - 1), LONGEST_REST) + jitter_of(held)
        held.save()
        return
    held.address = held.next_try_at = None
    held.given_up_at = now
    held.save()
    held.busy_times.all().delete()
    trail.record("own_calendar.given_up", held, client=held.person, at=now)
    outbox.queue("own_calendar_given_up", to=held.person, client=held.person, about=held, now=now)


def jitter_of(calendar: OwnCalendar) -> timedelta:
    return timedelta(seconds=calendar.pk * 97 % JITTER.total_seconds())


def _still_claimed(calendar: OwnCalendar) -> OwnCalendar | None:
    """Unless it was removed meanwhile, or another run took this one for lost."""
    held = OwnCalendar.objects.select_for_update(of=("self",)).select_related("person").filter(pk=calendar.pk)
    return held.filter(tried_at=calendar.tried_at).first()


def _read(data: bytes, *, zone: str, whole_days: bool, now: datetime) -> list[Stretch]:
    try:
        return calendar_reading.read_apart(data, begin=now - BACK, end=now + AHEAD, zone=zone, whole_days=whole_days)
    except Unreadable as error:
        raise CannotRead(error.trouble) from None


def _replace(calendar: OwnCalendar, busy: list[Stretch]) -> None:
    calendar.busy_times.all().delete()
    BusyTime.objects.bulk_create(
        BusyTime(calendar=calendar, during=DateTimeTZRange(begins, ends, "[)")) for begins, ends in busy
    )
