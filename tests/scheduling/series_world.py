"""A program whose sessions come from series. It is Tuesday noon; the groups are on Mondays and Thursdays at 5:30 pm."""

from dataclasses import replace
from datetime import time

from scheduling.models import Booking, Session
from scheduling.series import Pattern, add_series, change_series, pattern_of, series_version
from tests.factories import NOON, admin
from tests.scheduling.booking_world import Clinic

TODAY = NOON.date()
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = range(5)


class Timetable(Clinic):
    def __init__(self, **fields) -> None:
        super().__init__(**fields)
        self.dana = admin(self.program)

    def pattern(self, **changes):
        return replace(
            Pattern(
                weekdays=(MONDAY, THURSDAY),
                at=time(17, 30),
                zone="America/New_York",
                minutes=90,
                room=self.room,
                video=False,
                leaders=(self.amara,),
                capacity=8,
                minimum=2,
                listed=True,
                begins_on=TODAY,
            ),
            **changes,
        )

    def series(self, modality=None, now=NOON, **changes):
        return add_series(modality or self.group, self.pattern(**changes), by=self.dana, now=now)

    def change(self, series, *, following=None, give_back=False, now=NOON, **changes):
        series.refresh_from_db()
        wanted = replace(pattern_of(series), **changes)
        return change_series(
            series,
            wanted,
            following=following,
            seen=series_version(series),
            give_back=give_back,
            by=self.dana,
            now=now,
        )


def days(series, **fields):
    return list(
        Session.objects.filter(series=series, **fields).order_by("occurrence").values_list("occurrence", flat=True)
    )


def state():
    """All that making may touch."""
    sessions = Session.objects.order_by("pk").values_list("pk", "series", "occurrence", "during", "live", "revision")
    bookings = Booking.objects.order_by("pk").values_list("pk", "session", "person", "state")
    return list(sessions), list(bookings)
