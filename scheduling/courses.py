"""Courses: what the office says of each, and how far somebody is in one.

How far somebody is is counted from what is recorded of their sessions, each time anew: a correction of the roster is
a correction of the course. What stands in for a session of it counts like that one: another time that it was moved to,
and what makes up for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile, version_of
from iop_portal.writes import write
from scheduling.models import (
    Attendance,
    Booking,
    Course,
    CourseSeries,
    CourseSession,
    Participation,
    Series,
    Session,
    marked,
)
from scheduling.models.sessions import SessionQuerySet


class CourseNameTaken(Refused):
    message = _("There is a course of this name already.")
    constraint = "courses_of_a_program_have_names_of_their_own"


class OddNumber(Refused):
    message = _("A course has from 1 to 100 sessions.")
    constraint = "a_course_has_1_to_100_sessions"
    status = 400


class NeedsTooMany(Refused):
    message = _("For a certificate one comes to at least one session, and to no more than there are.")
    constraint = "nobody_comes_to_more_than_a_course_has"
    status = 400


class NothingInIt(Refused):
    message = _("Choose at least one series or one session.")
    status = 400


class OfAnotherProgram(Refused):
    message = _("Choose series and sessions of this program.")
    constraint = "a_course_is_of_one_program"
    status = 400


class GetsNoHarder(Refused):
    message = _("Somebody has joined this course, so it cannot ask for more sessions than they were told.")
    constraint = "a_course_gets_no_harder"


class StaysOnceJoined(Refused):
    message = _("Somebody has joined this course. You can add to it, and what it has stays in it.")
    constraint = "what_was_joined_for_stays"


class CourseEnded(Refused):
    message = _("This course has ended.")


@dataclass(frozen=True)
class CourseDetails:
    """What the office writes about a course."""

    name: str
    in_short: str
    about: str
    paper_title: str
    sessions: int
    needed: int


@dataclass(frozen=True)
class Parts:
    """Of what sessions a course is made: all of these series, and these that are in none."""

    series: tuple[Series, ...] = ()
    singles: tuple[Session, ...] = ()


DETAILS = tuple(field.name for field in fields(CourseDetails))


@dataclass(frozen=True)
class _Held:
    details: dict[str, object]
    series: list[int]
    singles: list[int]


def course_version(course: Course) -> str:
    details = {name: getattr(course, name) for name in DETAILS}
    held = _Held(details, *(sorted(keys) for keys in _keys_of(course)))
    return version_of(held, [field.name for field in fields(_Held)])


def _keys_of(course: Course) -> tuple[set[int], set[int]]:
    series = CourseSeries.objects.filter(course=course).values_list("series", flat=True)
    return set(series), set(CourseSession.objects.filter(course=course).values_list("session", flat=True))


# ── What the office does ──────────────────────────────────────────────────────────────────────────────────────


@write
def add_course(program: Program, details: CourseDetails, parts: Parts, *, by: User, now: datetime) -> Course:
    made = Course.objects.create(program=program, **asdict(details))
    _set_parts(made, parts)
    trail.record("course.added", made, by=by, at=now)
    return made


@write
def change_course(
    course: Course, details: CourseDetails, parts: Parts, *, seen: str, by: User, now: datetime
) -> Course:
    """`seen` is the `course_version` that an admin had before them."""
    held = _locked(course)
    if course_version(held) != seen:
        raise ChangedMeanwhile
    changed = [name for name in DETAILS if getattr(held, name) != getattr(details, name)]
    for name in changed:
        setattr(held, name, getattr(details, name))
    held.save(update_fields=changed or None)
    if _set_parts(held, parts):
        changed.append("series")
    if changed:
        trail.record("course.changed", held, by=by, at=now, facts={"fields": ", ".join(changed)})
    return held


@write
def end_course(course: Course, *, by: User, now: datetime) -> None:
    """Nobody joins it any more. Its sessions are held as they stand, and whoever takes part goes on."""
    held = _locked(course)
    if held.ended_at:
        raise CourseEnded
    held.ended_at = now
    held.save(update_fields=["ended_at"])
    trail.record("course.ended", held, by=by, at=now)


@write
def open_course_again(course: Course, *, by: User, now: datetime) -> None:
    if Course.objects.filter(pk=course.pk, ended_at__isnull=False).update(ended_at=None):
        trail.record("course.opened_again", course, by=by, at=now)


def _locked(course: Course) -> Course:
    return Course.objects.select_for_update(no_key=True).get(pk=course.pk)


def _set_parts(course: Course, parts: Parts) -> bool:
    """Whether that changed anything."""
    if not (parts.series or parts.singles):
        raise NothingInIt
    before = _keys_of(course)
    after = {each.pk for each in parts.series}, {each.pk for each in parts.singles}
    CourseSeries.objects.filter(course=course, series__in=before[0] - after[0]).delete()
    CourseSession.objects.filter(course=course, session__in=before[1] - after[1]).delete()
    CourseSeries.objects.bulk_create(CourseSeries(course=course, series_id=key) for key in after[0] - before[0])
    CourseSession.objects.bulk_create(CourseSession(course=course, session_id=key) for key in after[1] - before[1])
    return before != after


def sessions_of(course: Course) -> SessionQuerySet:
    in_series = CourseSeries.objects.filter(course=course).values("series")
    alone = CourseSession.objects.filter(course=course).values("session")
    found: SessionQuerySet = Session.objects.filter(Q(series__in=in_series) | Q(pk__in=alone))
    return found


def leaders_of(courses: Iterable[Course]) -> dict[int, tuple[User, ...]]:
    """Who leads each: of its series, and of its single sessions. Two queries, and one for the names."""
    keys = [course.pk for course in courses]
    led = set(CourseSeries.objects.filter(course__in=keys).values_list("course", "series__leaders"))
    led |= set(CourseSession.objects.filter(course__in=keys).values_list("course", "session__facilitations__clinician"))
    people = User.objects.in_bulk({person for _course, person in led if person})
    found = {key: [people[person] for course, person in led if course == key and person] for key in keys}
    return {key: tuple(sorted(each, key=lambda one: (one.preferred_name, one.pk))) for key, each in found.items()}


# ── For the office: numbers and no names ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class OfficeLine:
    course: Course
    leaders: tuple[User, ...]
    taking_part: int
    left: int


def lines_of(program: Program) -> list[OfficeLine]:
    counted = program.courses.annotate(
        there=Count("participations", filter=Q(participations__left_at=None)),
        gone=Count("participations", filter=Q(participations__left_at__isnull=False)),
    )
    found = list(counted.order_by(F("ended_at").desc(nulls_first=True), "name"))
    leaders = leaders_of(found)
    return [OfficeLine(each, leaders[each.pk], each.there, each.gone) for each in found]  # type: ignore[attr-defined]


# ── How far somebody is ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Progress:
    """Of one course and one person. `places` are their bookings that count for it, the first one first."""

    course: Course
    places: Sequence[Booking] = ()
    now: datetime | None = None

    @property
    def came(self) -> int:
        return min(len(self._came), self.course.sessions)

    @property
    def _came(self) -> list[Booking]:
        return [each for each in self.places if each.attended in Attendance.CAME]

    @property
    def ahead(self) -> list[Booking]:
        return [each for each in self.places if self.now and each.starts_at > self.now]

    @property
    def complete(self) -> bool:
        return len(self._came) >= self.course.needed

    @property
    def still_needed(self) -> int:
        return max(0, self.course.needed - self.came)

    @property
    def room(self) -> int:
        """How many more sessions the course has for them, beside what they came to and have booked."""
        return max(0, self.course.sessions - self.came - len(self.ahead))

    def days(self, zone: str) -> tuple[date, date] | None:
        """The first and the last day on which they came, where the program is."""
        days = [each.starts_at.astimezone(ZoneInfo(zone)).date() for each in self._came]
        return (days[0], days[-1]) if days else None


def progress_in(courses: Collection[Course], *, person: User, now: datetime) -> dict[int, Progress]:
    """By the key of each course. Three queries, however many there are."""
    keys = [course.pk for course in courses]
    of_series = list(CourseSeries.objects.filter(course__in=keys).values_list("course", "series"))
    alone = list(CourseSession.objects.filter(course__in=keys).values_list("course", "session"))
    programs = {course.program_id for course in courses}
    own = Booking.objects.filter(person=person, session__program__in=programs).select_related("session")
    bookings = {each.pk: each for each in marked(own).order_by("during", "pk")}
    found = {}
    for course in courses:
        series = {key for of, key in of_series if of == course.pk}
        singles = {key for of, key in alone if of == course.pk}
        places = [each for each in bookings.values() if each.occupies and _counts(each, bookings, series, singles)]
        found[course.pk] = Progress(course, places, now)
    return found


def _counts(booking: Booking, bookings: dict[int, Booking], series: set[int], singles: set[int]) -> bool:
    """Whether it is of the course, or in the place of one that is."""
    looked: Booking | None = booking
    while looked is not None:
        if looked.session_id in singles or looked.session.series_id in series:
            return True
        looked = bookings.get(looked.makes_up_for_id or looked.moved_from_id or 0)
    return False


# ── Who takes part ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Taken:
    """A course that somebody takes, or took, and how far they are."""

    participation: Participation
    progress: Progress

    @property
    def course(self) -> Course:
        return self.progress.course


def taken_by(client: User, *, reader: User, now: datetime) -> list[Taken]:
    """What a client takes part in, and what they came to the end of, as far as the reader may see: the newest first."""
    visible = Participation.objects.visible_to(reader).filter(enrolment__client=client)
    visible = visible.select_related("course__program")
    newest = {each.course_id: each for each in reversed(visible)}
    progress = progress_in([each.course for each in newest.values()], person=client, now=now) if newest else {}
    told = [Taken(each, progress[each.course_id]) for each in newest.values()]
    kept = [each for each in told if each.participation.left_at is None or each.progress.complete]
    return sorted(kept, key=lambda each: (each.participation.joined_at, each.participation.pk), reverse=True)
