"""What scheduling records."""

from django.utils.translation import gettext_lazy as _

from iop_portal.audit.verbs import register

register(
    {
        "booking.created": _("booked a session"),
        "booking.cancelled": _("cancelled a booking"),
    }
)
