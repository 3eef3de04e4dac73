"""Courses as one person reads them: what there is, how far they are, and session by session."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from iop_portal.people.models import User
from scheduling.certificates import made_before
from scheduling.courses import Progress, leaders_of, progress_in
from scheduling.models import Booking, Course, CourseSeries, CourseSession, Participation
from scheduling.moving import missed_by
from scheduling.taking_part import Step, What, enrolment_for, part_of, steps_ahead
from scheduling.telling import together
from scheduling.week import Block, block_of, with_sessions

AHEAD = 12


@dataclass(frozen=True)
class Line:
    """One course of a list. `part` is what the person takes of it, or took to its end."""

    course: Course
    leaders: tuple[User, ...]
    next_at: datetime | None
    progress: Progress
    part: Participation | None

    @property
    def who(self) -> str:
        return together([leader.preferred_name for leader in self.leaders])

    @property
    def goes_on(self) -> bool:
        return self.part is not None and self.part.left_at is None

    @property
    def size(self) -> str:
        return size_of(self.course)

    @property
    def so_far(self) -> str:
        return so_far(self.progress)


def size_of(course: Course) -> str:
    return ngettext("%(n)d session", "%(n)d sessions", course.sessions) % {"n": course.sessions}


def so_far(progress: Progress) -> str:
    """You came to 2 of 4 sessions."""
    words = {"came": progress.came, "sessions": progress.course.sessions}
    return _("%(came)d of %(sessions)d sessions") % words


def lines_for(person: User, *, now: datetime) -> tuple[list[Line], list[Line]]:
    """What somebody takes or has taken, and what else can be joined. The number of queries depends on nothing."""
    visible = Course.objects.visible_to(person)
    own = Participation.objects.filter(enrolment__client=person, course__in=visible)
    parts = {each.course_id: each for each in own.order_by("joined_at", "pk")}
    courses = list(visible.filter(Q(ended_at=None) | Q(pk__in=parts)).select_related("program"))
    leaders, begins = leaders_of(courses), _next_of(courses, now)
    progress = progress_in(courses, person=person, now=now)
    lines = [
        Line(each, leaders[each.pk], begins.get(each.pk), progress[each.pk], parts.get(each.pk)) for each in courses
    ]
    taken = [line for line in lines if line.goes_on or (line.part and line.progress.complete)]
    return taken, [line for line in lines if line not in taken and not line.course.ended]


def _next_of(courses: Collection[Course], now: datetime) -> dict[int, datetime]:
    """When the next session of each begins. Two queries."""
    keys = [course.pk for course in courses]
    of_series = CourseSeries.objects.filter(
        course__in=keys, series__sessions__live=True, series__sessions__during__startswith__gt=now
    ).order_by()
    alone = CourseSession.objects.filter(
        course__in=keys, session__live=True, session__during__startswith__gt=now
    ).order_by()
    found: dict[int, datetime] = {}
    for rows in (
        of_series.values_list("course").annotate(at=Min("series__sessions__during__startswith")),
        alone.values_list("course").annotate(at=Min("session__during__startswith")),
    ):
        for key, at in rows:
            found[key] = min(at, found.get(key, at))
    return found


@dataclass(frozen=True)
class Row:
    """A session of a course on its own page: one that the person has a place in, or one ahead that they have not."""

    block: Block | None = None
    step: Step | None = None
    can_be_made_up: bool = False

    @property
    def begins(self) -> datetime:
        return self.block.begins if self.block else self.step.time.begins  # type: ignore[union-attr]


@dataclass(frozen=True)
class CoursePage:
    course: Course
    leaders: tuple[User, ...]
    progress: Progress
    part: Participation | None
    rows: Sequence[Row]
    more: int
    may_join: bool
    # A certificate was made, and what was corrected since has undone it.
    had_certificate: bool

    @property
    def who(self) -> str:
        return together([leader.preferred_name for leader in self.leaders])

    @property
    def goes_on(self) -> bool:
        return self.part is not None and self.part.left_at is None

    @property
    def size(self) -> str:
        return size_of(self.course)

    @property
    def so_far(self) -> str:
        return so_far(self.progress)

    @property
    def next_at(self) -> datetime | None:
        return next((row.begins for row in self.rows if row.step), None)

    @property
    def to_come(self) -> str:
        """What is still to be done for a certificate, or nothing."""
        left = self.progress.still_needed
        return ngettext("%(n)d more for a certificate", "%(n)d more for a certificate", left) % {"n": left}


def page_of(course: Course, person: User, *, now: datetime) -> CoursePage:
    """What has been and what is booked for whoever takes part; for everybody else what is ahead."""
    part, progress = part_of(course, person), progress_in([course], person=person, now=now)[course.pk]
    places = with_sessions(Booking.objects.filter(pk__in=[each.pk for each in progress.places]))
    held = [block_of(each, now=now) for each in places.order_by("during")]
    made_up = {change.old.pk for change in missed_by(person, now=now)} if held else set()
    rows = [Row(block=block, can_be_made_up=block.booking.pk in made_up) for block in held]
    ahead = [step for step in steps_ahead(course, person, now=now) if step.what != What.HELD]
    rows = sorted([*rows, *(Row(step=step) for step in ahead[:AHEAD])], key=lambda row: row.begins)
    return CoursePage(
        course=course,
        leaders=leaders_of([course])[course.pk],
        progress=progress,
        part=part,
        rows=rows,
        more=max(0, len(ahead) - AHEAD),
        had_certificate=part is not None and not progress.complete and made_before(part),
        may_join=not course.ended and enrolment_for(course, person) is not None,
    )
