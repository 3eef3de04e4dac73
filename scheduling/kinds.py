"""What scheduling owes: mails that say that there is an appointment, and nothing about it but its time."""

from django.utils.translation import gettext_lazy as _

from iop_portal.notices import kinds
from iop_portal.people.models import User
from scheduling.invitations import invitation
from scheduling.models import Booking


def _time(booking: Booking, to: User | None) -> dict[str, object]:
    return {"begins": booking.starts_at}


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
        name="booking_cancelled",
        about="scheduling.booking",
        template="booking_cancelled",
        subject=_("An appointment was cancelled"),
        still_owed=lambda booking: not booking.occupies,
        words=_time,
        attach=invitation,
    ),
)
