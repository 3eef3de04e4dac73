"""A course of four Tuesday evenings, of which one comes to three. It is Tuesday noon, before the first of them."""

from dataclasses import replace
from datetime import timedelta

from scheduling.attendance import Said, mark
from scheduling.courses import CourseDetails, Parts, add_course
from scheduling.models import Booking
from scheduling.taking_part import join_course
from tests.factories import NOON
from tests.scheduling.series_world import TODAY, TUESDAY, Timetable

SLEEP = CourseDetails(
    name="Sleep and rest",
    in_short="Four evenings on how to come to rest.",
    about="You learn what sleep needs.\n\nYou try one thing a week.",
    paper_title="Skills course",
    sessions=4,
    needed=3,
)
WEEK = timedelta(weeks=1)


class School(Timetable):
    def __init__(self, **fields) -> None:
        super().__init__(**fields)
        self.evenings = self.series(self.workshop, weekdays=(TUESDAY,), until=TODAY + 3 * WEEK)
        self.course = self.make()
        self.sessions = list(self.evenings.sessions.order_by("during"))

    def make(self, *, series=None, singles=(), now=NOON, **details):
        parts = Parts((series or self.evenings,) if series is not False else (), tuple(singles))
        return add_course(self.program, replace(SLEEP, **details), parts, by=self.dana, now=now)

    def join(self, person=None, now=NOON, **wishes):
        return join_course(self.course, by=person or self.maya, now=now, **wishes)

    def place(self, number, person=None):
        return Booking.objects.get(session=self.sessions[number], person=person or self.maya, occupies=True)

    def mark(self, number, state="present", person=None, seen=0):
        held = self.place(number, person)
        return mark(held, Said(state), seen=seen, by=self.amara, now=held.ends_at)
