"""What scheduling owes: mails that say that there is an appointment, and nothing about it but its time."""

from typing import cast

from django.utils.translation import gettext_lazy as _

from iop_portal.audit.models import Entry
from iop_portal.notices import kinds
from iop_portal.notices.kinds import Part
from iop_portal.people.models import User
from scheduling.invitations import invitation
from scheduling.models import Booking


def _time(booking: Booking, to: User | None) -> dict[str, object]:
    return {"begins": booking.starts_at}


def _moved(entry: Entry) -> Booking:
    return Booking.objects.select_related("session__program").get(pk=cast(int, entry.object_id))


def _move_still_owed(entry: Entry) -> bool:
    """A booking may move more often than once: the last line of the trail about it speaks for all."""
    newer = Entry.objects.filter(
        verb=entry.verb, object_type=entry.object_type, object_id=entry.object_id, pk__gt=entry.pk
    )
    return _moved(entry).occupies and not newer.exists()


def _moved_to(entry: Entry, to: User | None) -> dict[str, object]:
    return _time(_moved(entry), to)


def _moved_invitation(entry: Entry, to: User | None) -> list[Part]:
    return invitation(_moved(entry), to)


def _both_times(booking: Booking, to: User | None) -> dict[str, object]:
    return {"begins": booking.starts_at, "was": booking.moved_from and booking.moved_from.starts_at}


kinds.register(
    kinds.Kind(
        name="seat_booked",
        about="scheduling.booking",
        template="seat_booked",
        subject=_("You have an appointment"),
        still_owed=lambda booking: booking.occupies,
        words=_time,
        attach=invitation,
    ),
    kinds.Kind(
        name="booking_moved",
        about="scheduling.booking",
        template="booking_moved",
        subject=_("An appointment has a new time"),
        still_owed=lambda booking: booking.occupies,
        words=_both_times,
        attach=invitation,
    ),
    kinds.Kind(
        name="booking_cancelled",
        about="scheduling.booking",
        template="booking_cancelled",
        subject=_("An appointment was cancelled"),
        still_owed=lambda booking: not booking.occupies,
        words=_time,
        attach=invitation,
    ),
    kinds.Kind(
        name="session_moved",
        about="audit.entry",
        template="session_moved",
        subject=_("An appointment has changed"),
        still_owed=_move_still_owed,
        words=_moved_to,
        attach=_moved_invitation,
    ),
    kinds.Kind(
        name="timetable_changed",
        about="scheduling.timeoff",
        template="timetable_changed",
        subject=_("Your timetable has changed"),
        still_owed=lambda _time_off: True,
        words=lambda _time_off, _to: {},
    ),
)
