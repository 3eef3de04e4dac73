"""A booking as a file for one's own calendar: when it is, and nothing about what it is."""

from __future__ import annotations

from datetime import UTC
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext
from icalendar import Calendar, Event

from scheduling.models import Booking


def appointment(booking: Booking) -> bytes:
    """iCalendar (RFC 5545). The UID stays the same, so that a cancelled booking replaces itself in a calendar."""
    event = Event()
    event.add("uid", f"{booking.reference}@{urlsplit(settings.PORTAL_ORIGIN).hostname}")
    event.add("dtstamp", (booking.cancelled_at or booking.booked_at).astimezone(UTC))
    event.add("dtstart", booking.starts_at.astimezone(UTC))
    event.add("dtend", booking.ends_at.astimezone(UTC))
    event.add("summary", gettext("Appointment"))
    event.add("class", "PRIVATE")
    event.add("status", "CONFIRMED" if booking.occupies else "CANCELLED")
    event.add("sequence", 0 if booking.occupies else 1)
    calendar = Calendar()
    calendar.add("prodid", "-//Portal//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content
