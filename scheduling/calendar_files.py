"""Appointments as iCalendar (RFC 5545, RFC 7986): for a file to keep, and for the feed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext
from icalendar import Calendar, Event, Timezone, vDuration

from scheduling.models import Booking

PRODUCT = "-//Portal//Appointments//EN"


@dataclass(frozen=True)
class Entry:
    """An appointment as a calendar knows it.

    `key` stays the same for as long as it is the same appointment, so that a change or a cancellation replaces what
    a calendar holds; `sequence` grows with every change. Times are aware, `zone` is the wall clock they belong to.
    """

    key: str
    sequence: int
    changed_at: datetime
    begins: datetime
    ends: datetime
    zone: str
    live: bool
    title: str
    place: str = ""


def appointment(booking: Booking) -> bytes:
    """One booking, with nothing about what it is."""
    return calendar_of([entry_of(booking)])


def entry_of(booking: Booking, *, title: str = "", place: str = "") -> Entry:
    """For a booking that comes with its session and program."""
    session = booking.session
    return booked_entry(
        booking.reference,
        booking.occupies,
        booking.booked_at,
        booking.cancelled_at,
        booking.starts_at,
        booking.ends_at,
        session.revision,
        session.changed_at,
        session.program.zone,
        title=title,
        place=place,
    )


def booked_entry(
    reference: str,
    live: bool,
    booked_at: datetime,
    cancelled_at: datetime | None,
    begins: datetime,
    ends: datetime,
    revision: int,
    changed_at: datetime,
    zone: str,
    *,
    title: str = "",
    place: str = "",
) -> Entry:
    """A booking, with what its calendar entry needs of its session. Without a title it says that there is something."""
    return Entry(
        key=reference,
        sequence=revision + (not live),
        changed_at=max(cancelled_at or booked_at, changed_at),
        begins=begins,
        ends=ends,
        zone=zone,
        live=live,
        title=title or gettext("Appointment"),
        place=place,
    )


@dataclass(frozen=True)
class Invited:
    """Who asks whom to an appointment by mail (RFC 6047): addresses, and the name that the mail comes from."""

    method: str
    organizer: str
    sender: str
    attendee: str


def calendar_of(entries: Iterable[Entry], *, refresh: timedelta | None = None, invited: Invited | None = None) -> bytes:
    """The calendar with every zone that its entries name. `refresh` says how often a feed is worth asking again."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    if invited:
        calendar.add("method", invited.method)
    if refresh:
        calendar.add("refresh-interval", refresh, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", vDuration(refresh))
        calendar.add("x-wr-calname", gettext("Appointments"))
    told = list(entries)
    for zone in sorted({entry.zone for entry in told}):
        years = [entry.begins.year for entry in told if entry.zone == zone]
        calendar.add_component(_zone(zone, min(years), max(years)))
    host = urlsplit(settings.PORTAL_ORIGIN).hostname
    for entry in told:
        calendar.add_component(_event(entry, host, invited))
    content: bytes = calendar.to_ical()
    return content


def _event(entry: Entry, host: str | None, invited: Invited | None) -> Event:
    zone = ZoneInfo(entry.zone)
    event = Event()
    event.add("uid", f"{entry.key}@{host}")
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.changed_at.astimezone(UTC))
    event.add("dtstart", entry.begins.astimezone(zone))
    event.add("dtend", entry.ends.astimezone(zone))
    event.add("summary", entry.title)
    if entry.place:
        event.add("location", entry.place)
    event.add("class", "PRIVATE")
    event.add("status", "CONFIRMED" if entry.live else "CANCELLED")
    if invited:
        event.add("organizer", f"mailto:{invited.organizer}", parameters={"CN": invited.sender})
        event.add("attendee", f"mailto:{invited.attendee}", parameters={"PARTSTAT": "ACCEPTED", "RSVP": "FALSE"})
    return event


@lru_cache(maxsize=64)
def _zone(name: str, first: int, last: int) -> Timezone:
    """Reckoned once: it takes longer than a calendar of a hundred entries.

    Each change of the clock has a part of its own, since some readers pass over all but the first of a list; and it
    begins by the clock that ends then, as RFC 5545 (3.6.5) has it. The library does neither.
    """
    first_date, last_date = date(first - 1, 1, 1), date(last + 2, 1, 1)
    reckoned = Timezone.from_tzinfo(ZoneInfo(name), name, first_date=first_date, last_date=last_date)
    parts = [(part.DTSTART, part) for part in reckoned.subcomponents]
    parts += [(onset, part) for _first, part in parts for onset, *_period in part.rdates]
    zone = Timezone()
    zone.add("tzid", name)
    for onset, part in sorted(parts, key=lambda each: each[0]):
        forward = max(part.TZOFFSETTO - part.TZOFFSETFROM, timedelta(0))
        change = type(part)()
        change.TZOFFSETFROM, change.TZOFFSETTO, change.DTSTART = part.TZOFFSETFROM, part.TZOFFSETTO, onset - forward
        change.add("tzname", part["tzname"])
        zone.add_component(change)
    return zone
