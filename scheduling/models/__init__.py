"""When and where care happens."""

from scheduling.models.commitments import Commitment
from scheduling.models.feeds import CalendarDelivery
from scheduling.models.hours import DayException, Hours, OtherHours, Room, WeeklyHours
from scheduling.models.sessions import Booking, Facilitation, Session

__all__ = [
    "Booking",
    "CalendarDelivery",
    "Commitment",
    "DayException",
    "Facilitation",
    "Hours",
    "OtherHours",
    "Room",
    "Session",
    "WeeklyHours",
]
