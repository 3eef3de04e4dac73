"""Appointments as invitations by mail, for those who chose that: the calendar takes them from the mail (RFC 6047)."""

from __future__ import annotations

from email.utils import parseaddr

from django.conf import settings

from iop_portal.notices.kinds import Part
from iop_portal.people.models import User
from scheduling.calendar_files import Invited, calendar_of, entry_of
from scheduling.models import Booking, CalendarDelivery
from scheduling.telling import way_to


def invitation(booking: Booking, to: User | None) -> Part | None:
    """What the person's calendar takes in, changes or removes, by what is true of the booking now."""
    chosen = CalendarDelivery.objects.filter(person=to, way=CalendarDelivery.Way.MAIL).first()
    if to is None or chosen is None:
        return None
    session = booking.session
    more = {"title": session.modality.name, "place": way_to(session)} if chosen.tells_more else {}
    method = "REQUEST" if booking.occupies else "CANCEL"
    invited = Invited(method, parseaddr(settings.DEFAULT_FROM_EMAIL)[1], booking.program.sender, to.email)
    content = calendar_of([entry_of(booking, **more)], invited=invited)
    return Part(content.decode(), f"text/calendar; method={method}")
