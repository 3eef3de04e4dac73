"""Appointments as invitations by mail, for those who chose that: the calendar takes them from the mail (RFC 6047)."""

from __future__ import annotations

from email.utils import parseaddr

from django.conf import settings

from iop_portal.notices.kinds import Part
from iop_portal.people.models import User
from scheduling.calendar_files import Invited, calendar_of, entry_of
from scheduling.models import Booking, CalendarDelivery
from scheduling.telling import way_to


def invitation(booking: Booking, to: User | None) -> list[Part]:
    """What the person's calendar takes in, changes or removes, by what is true of the booking now.

    A booking that was moved is another entry there, so the old one is removed by a part of its own: RFC 6047 has one
    method a part. All that came before it are removed, since the mails about some of them may never have gone out.
    """
    chosen = CalendarDelivery.objects.filter(person=to, way=CalendarDelivery.Way.MAIL).first()
    if to is None or chosen is None:
        return []
    chain = [booking]
    while before := chain[-1].moved_from:
        chain.append(before)
    return [_part(told, to, tells_more=chosen.tells_more) for told in chain]


def _part(booking: Booking, to: User, *, tells_more: bool) -> Part:
    session = booking.session
    more = {"title": session.modality.name, "place": way_to(session)} if tells_more else {}
    method = "REQUEST" if booking.occupies else "CANCEL"
    invited = Invited(method, parseaddr(settings.DEFAULT_FROM_EMAIL)[1], booking.program.sender, to.email)
    content = calendar_of([entry_of(booking, **more)], invited=invited)
    return Part(content.decode(), f"text/calendar; method={method}")
