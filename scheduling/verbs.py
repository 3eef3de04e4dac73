"""What scheduling records."""

from django.utils.translation import gettext_lazy as _

from iop_portal.audit.verbs import register

register(
    {
        "booking.created": _("booked a session"),
        "booking.cancelled": _("cancelled a booking"),
        "hours.set": _("changed their working hours"),
        "hours.day_excepted": _("changed their hours on one day"),
        "hours.exception_ended": _("took back a change of hours"),
    }
)
