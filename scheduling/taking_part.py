"""Taking part in a course: its sessions ahead are booked at once, where they can be, and what cannot be had is said.

Nobody is put where they have something else. Where a session is full they wait for a place; what they keep free for
themselves is a wish, and they say whether it goes first. Sessions that the timetable gains later are booked at night.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.notices import outbox
from iop_portal.people.models import Enrolment, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.assigning import BUSY, FULL, GIVEN_BACK, NOT_LED, WAITS, looked_at, take_places
from scheduling.booking import bookings_of, cancel_booking, free_until, held_policy
from scheduling.commitments import busy_times, overlaps
from scheduling.courses import CourseEnded, Progress, progress_in, sessions_of
from scheduling.finding import SeatTime, told_session
from scheduling.models import Booking, Course, Facilitation, Participation, Session, Waiting
from scheduling.waiting import CLOSES_BEFORE, WaitsNoMore, join_line, leave_line

log = logging.getLogger(__name__)


class NotForYou(Refused):
    message = _("Courses are for people who are in the program.")
    constraint = "a_course_is_joined_by_who_is_admitted"


class JoinedAlready(Refused):
    message = _("You take part in this course already.")
    constraint = "a_course_is_joined_once"


class NotTakingPart(Refused):
    message = _("You do not take part in this course any more.")
    constraint = "taking_part_stays_as_it_was"


class What(StrEnum):
    """What becomes of a session when somebody joins."""

    BOOK = "book"
    HELD = "held"
    WAIT = "wait"
    WAITS = "waits"
    FULL = "full"
    BUSY = "busy"
    OWN = "own"
    SOON = "soon"
    NOT_LED = "not_led"
    BACK = "back"


LOOKED = ((FULL, What.WAIT), (BUSY, What.BUSY), (NOT_LED, What.NOT_LED), (WAITS, What.WAITS), (GIVEN_BACK, What.BACK))


@dataclass(frozen=True)
class Step:
    """One session ahead of a course, for one person. `overlaps` names what they keep free then."""

    time: SeatTime
    what: What
    overlaps: str = ""

    @property
    def session(self) -> Session:
        return self.time.session

    @property
    def can_be_booked(self) -> bool:
        """By itself, as any other session."""
        return self.what in (What.BOOK, What.WAIT) and self.session.listed


@dataclass(frozen=True)
class Joined:
    """What came of joining: how many are booked, for how many they wait, and how many could not be had."""

    participation: Participation
    booked: int
    waiting: int
    left_out: int


def enrolment_for(course: Course, person: User) -> Enrolment | None:
    """By which somebody may join, if they may."""
    own = Enrolment.objects.filter(client=person, program=course.program_id, state=Enrolment.State.ADMITTED)
    return own.first()


def part_of(course: Course, person: User) -> Participation | None:
    """The one that goes on, or else the last one."""
    own = Participation.objects.filter(course=course, enrolment__client=person).select_related("enrolment__client")
    return min(own, key=lambda each: (each.left_at is not None, -each.pk), default=None)


def steps_ahead(course: Course, person: User, *, now: datetime, around_own_time: bool = False) -> list[Step]:
    """What would become of each session ahead if this person joined now. Nothing is locked, nothing written."""
    progress = progress_in([course], person=person, now=now)[course.pk]
    return _steps(progress, _ahead(course, now=now), person, around_own_time=around_own_time, again=True, now=now)


@write
def join_course(course: Course, *, around_own_time: bool = False, by: User, now: datetime) -> Joined:
    """Take part from now on. All sessions ahead are locked before the first is booked, in the order of everywhere.

    The enrolment before them, so that whoever is discharged at the same moment is expected nowhere afterwards.
    """
    held = Course.objects.select_for_update(no_key=True, of=("self",)).select_related("program").get(pk=course.pk)
    if held.ended:
        raise CourseEnded
    enrolment = enrolment_for(held, by)
    if enrolment is None or not _admitted(enrolment):
        raise NotForYou
    _lock_ahead(held, now=now)
    person = User.objects.lock_no_key(by.pk)
    made = Participation.objects.create(
        course=held, enrolment=enrolment, around_own_time=around_own_time, joined_at=now
    )
    steps = _steps(
        progress_in([held], person=person, now=now)[held.pk],
        _ahead(held, now=now),
        person,
        around_own_time=around_own_time,
        again=True,
        now=now,
    )
    booked = take_places(_those(steps, What.BOOK), person=person, assigned=False, by=by, now=now)
    waiting = sum(_waits(session, person, now=now) for session in _those(steps, What.WAIT))
    left_out = sum(step.what not in (What.BOOK, What.HELD, What.WAITS) for step in steps) - waiting
    facts = {"assigned": len(booked)}
    entry = trail.record("course.joined", made, client=person, by=by, at=now, facts=facts)
    if booked:
        outbox.queue("appointments_changed", to=person, client=person, about=entry, now=now)
    return Joined(made, len(booked), waiting, left_out)


@write
def leave_course(participation: Participation, *, by: User, now: datetime) -> int:
    """Give back the places ahead that the track does not bring, and wait for none: how many places."""
    course, person = participation.course, participation.enrolment.client
    _lock_ahead(course, now=now)
    held = Participation.objects.select_for_update(of=("self",)).get(pk=participation.pk)
    if held.left_at is not None:
        raise NotTakingPart
    places = given_back_with(participation, now=now)
    for booking in places:
        cancel_booking(booking, told=False, by=by, now=now)
    waits = Waiting.objects.live().filter(person=person, session__in=sessions_of(course))
    for entry in waits.select_related("session").order_by("pk"):
        _wait_no_more(entry, by=by, now=now)
    held.left_at = now
    held.save(update_fields=["left_at"])
    facts = {"released": len(places)}
    entry_of_trail = trail.record("course.left", held, client=person, by=by, at=now, facts=facts)
    if places:
        outbox.queue("appointments_changed", to=person, client=person, about=entry_of_trail, now=now)
    return len(places)


@write
def end_with_stay(enrolment: Enrolment, *, by: User, now: datetime) -> None:
    """Nobody takes part without a stay: whoever comes back may join again. What they came to stays theirs."""
    live = Participation.objects.live().filter(enrolment=enrolment)
    for held in live.select_for_update(of=("self",)).order_by("pk"):
        held.left_at = now
        held.save(update_fields=["left_at"])
        trail.record("course.over_for_them", held, client=enrolment.client, by=by, at=now)


def given_back_with(participation: Participation, *, now: datetime) -> list[Booking]:
    """The places ahead that somebody gives back when they leave: what their track brings stays."""
    own = bookings_of(participation.enrolment.client).filter(
        session__in=sessions_of(participation.course), during__startswith__gt=now, assigned=False
    )
    return list(own.select_related("session__program__policy").order_by("session"))


def late_among(places: Iterable[Booking], *, now: datetime) -> int:
    """How many of them begin so soon that giving them back is late."""
    return sum(now > free_until(each.session.program, each.starts_at) for each in places)


# ── At night ──────────────────────────────────────────────────────────────────────────────────────────────────


def book_courses(*, now: datetime) -> int:
    """What the timetable has gained since people joined, each in a transaction of its own: how many places."""
    live = Participation.objects.live().filter(
        course__ended_at=None, enrolment__state=Enrolment.State.ADMITTED, enrolment__client__is_active=True
    )
    booked = 0
    for each in live.select_related("course", "enrolment__client", "enrolment__program").order_by("pk"):
        try:
            booked += book_course(each, now=now)
        except Refused as refusal:
            log.error("course not booked", extra={"facts": {"part": each.pk, "why": type(refusal).__name__}})
    return booked


@write
def book_course(participation: Participation, *, now: datetime) -> int:
    """What somebody gave back stays given back, and nobody begins to wait in the night."""
    course = participation.course
    if not _admitted(participation.enrolment):
        return 0
    _lock_ahead(course, now=now)
    person = User.objects.lock_no_key(participation.enrolment.client_id)
    if not Participation.objects.live().filter(pk=participation.pk).exists():
        return 0
    progress = progress_in([course], person=person, now=now)[course.pk]
    around = participation.around_own_time
    steps = _steps(progress, _ahead(course, now=now), person, around_own_time=around, again=False, now=now)
    made = take_places(_those(steps, What.BOOK), person=person, assigned=False, by=None, now=now)
    if made:
        facts = {"assigned": len(made)}
        trail.record("course.sessions_booked", participation, client=person, at=now, facts=facts)
    return len(made)


# ── Session by session ────────────────────────────────────────────────────────────────────────────────────────


def _ahead(course: Course, *, now: datetime) -> list[Session]:
    leaders = Prefetch("facilitations", Facilitation.objects.select_related("clinician"))
    ahead = sessions_of(course).upcoming(now).select_related("modality", "room", "program__policy")
    return list(ahead.prefetch_related(leaders).order_by("during", "pk"))


def _lock_ahead(course: Course, *, now: datetime) -> None:
    """Sessions before the person, by key: then what is seen below stays true."""
    ahead = sessions_of(course).upcoming(now)
    list(ahead.select_for_update(of=("self",)).order_by("pk"))


def _steps(
    progress: Progress,
    sessions: Collection[Session],
    person: User,
    *,
    around_own_time: bool,
    again: bool,
    now: datetime,
) -> list[Step]:
    """In order, until the course has no more for them. As many queries for one as for a hundred."""
    if not sessions:
        return []
    ordered = list(sessions)
    held = {each.session_id for each in progress.ahead}
    zone = progress.course.program.zone
    looked = looked_at(person, [each for each in ordered if each.pk not in held], zone=zone, again=again)
    why = {session.pk: _what(found) for session, found in looked}
    busy = busy_times(person, begin=ordered[0].starts_at, end=max(each.ends_at for each in ordered))
    room, steps = progress.room, []
    for session in ordered:
        over = overlaps(busy, session.starts_at, session.ends_at)
        what = What.HELD if session.pk in held else why[session.pk]
        if what == What.BOOK and session.starts_at < now + held_policy(session.program).notice:
            what = What.SOON
        if what in (What.BOOK, What.WAIT) and over and around_own_time:
            what = What.OWN
        if what == What.WAIT and not _may_wait(session, now=now):
            what = What.FULL
        if what != What.HELD and room <= 0:
            continue
        room -= what in (What.BOOK, What.WAIT, What.WAITS)
        steps.append(Step(told_session(session), what, over))
    return steps


def _what(why: str) -> What:
    return next((what for words, what in LOOKED if str(words) == why), What.BOOK)


def _may_wait(session: Session, *, now: datetime) -> bool:
    """As joining a line has it: not so late that it comes to nothing, nor so early that nobody may book it yet."""
    far = timedelta(days=held_policy(session.program).horizon_days)
    return session.listed and CLOSES_BEFORE < session.starts_at - now <= far


def _those(steps: Iterable[Step], what: What) -> list[Session]:
    return [step.session for step in steps if step.what == what]


def _admitted(enrolment: Enrolment) -> bool:
    """Locked, and looked at again: whether somebody is in the program, until this is written."""
    held: Enrolment = Enrolment.objects.select_for_update(no_key=True).get(pk=enrolment.pk)
    return held.state == Enrolment.State.ADMITTED


def _wait_no_more(entry: Waiting, *, by: User, now: datetime) -> None:
    """Somebody may have called the session off meanwhile, and the wait has ended with it."""
    with suppress(WaitsNoMore):
        leave_line(entry, by=by, now=now)


def _waits(session: Session, person: User, *, now: datetime) -> bool:
    """Whether they are in line now: whoever waits there already may be nobody who can take the place."""
    try:
        join_line(session, person=person, by=person, now=now)
    except Refused:
        return False
    return True
