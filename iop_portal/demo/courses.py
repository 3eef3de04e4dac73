"""Courses in the story: Maya has come to half of one with three others, one is open, and Sam took one to its end."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.db import connection
from psycopg2.extras import DateTimeTZRange

from iop_portal.demo.background import Ago
from iop_portal.people.models import Enrolment, Program, User
from iop_portal.refusals import Refused
from scheduling.booking import new_reference
from scheduling.courses import CourseDetails, Parts, add_course
from scheduling.models import (
    Attendance,
    Booking,
    Course,
    CourseSession,
    Facilitation,
    Participation,
    Series,
    Session,
)
from scheduling.taking_part import join_course

SAYING = CourseDetails(
    name="Saying what you need",
    in_short="Eight evenings on asking, saying no, and being heard.",
    about=(
        "Many hard evenings begin with something that was not said. Here you find the words for it, try them in pairs, "
        "and take one sentence home each week.\n\nYou need no experience, and you may watch first. What you tell there "
        "stays there."
    ),
    paper_title="Skills course: communication",
    sessions=8,
    needed=6,
)
SLEEP = CourseDetails(
    name="Six weeks of better nights",
    in_short="What sleep needs, and what to do at three in the morning.",
    about="You keep a short note of your nights, change one thing a week, and see together what it did.",
    paper_title="Skills course: healthy routines",
    sessions=6,
    needed=5,
)
MONEY = CourseDetails(
    name="Money and everyday life",
    in_short="Bills, a plan for the month, and the phone call that one puts off.",
    about="You bring what lies in the drawer, and sort it with others. Nobody has to show a number.",
    paper_title="Skills course: everyday life",
    sessions=6,
    needed=5,
)
OTHERS = ("hannah.weiss", "owen.fitzgerald", "luis.ortega")
EVENING = timedelta(hours=8)
HELD_ON = [220 - 7 * number for number in range(MONEY.sessions)]


def begin_sams_course(enrolment: Enrolment, *, ago: Ago) -> None:
    """While he is in the program. Its sessions are told later, when there is a timetable; by now it has ended."""
    course = Course.objects.create(program=enrolment.program, ended_at=ago(150), **vars(MONEY))
    Participation.objects.create(course=course, enrolment=enrolment, joined_at=ago(225))


def tell_courses(program: Program, *, by: User, ago: Ago) -> None:
    """Called when the timetable stands, and before anybody is told of as there or not."""
    with connection.cursor() as cursor:
        # So many rows are new that the database would guess wrong about them.
        cursor.execute("ANALYZE scheduling_session, scheduling_booking, scheduling_facilitation")
    saying = add_course(program, SAYING, _all_of(program, "Saying what you need"), by=by, now=ago(60))
    add_course(program, SLEEP, _all_of(program, "Sleep and rest"), by=by, now=ago(50))
    people = {person.email: person for person in User.objects.filter(enrolments__program=program)}
    for slug, days in (("maya", 30), *((slug, 26) for slug in OTHERS)):
        with suppress(Refused):
            join_course(saying, by=people[f"{slug}@portal.test"], now=ago(days) + EVENING)


def _all_of(program: Program, name: str) -> Parts:
    return Parts(tuple(Series.objects.filter(program=program, modality__name=name)))


def tell_sams_sessions(program: Program, *, ago: Ago) -> None:
    """Six evenings by video; of one he was excused."""
    course = Course.objects.get(program=program, name=MONEY.name)
    sam = User.objects.get(email="sam@portal.test")
    tom = User.objects.get(email="tom.beckett@portal.test")
    modality = program.modalities.get(name="Time and free evenings")
    for days in HELD_ON:
        begins = ago(days) + EVENING
        during = DateTimeTZRange(begins, begins + timedelta(hours=1), "[)")
        session = Session.objects.create(program=program, modality=modality, during=during, video=True, capacity=8)
        Facilitation.objects.create(session=session, clinician=tom, during=during)
        CourseSession.objects.create(course=course, session=session)
        booking = Booking.objects.create(
            session=session, person=sam, during=during, reference=new_reference(), booked_at=ago(225), booked_by=sam
        )
        excused = days == HELD_ON[2]
        Attendance.objects.create(
            booking=booking,
            number=1,
            state=Attendance.State.EXCUSED if excused else Attendance.State.PRESENT,
            minutes=0 if excused else 60,
            by_video=not excused,
            reason="A medical appointment" if excused else "",
            recorded_by=tom,
            recorded_at=session.ends_at,
        )
