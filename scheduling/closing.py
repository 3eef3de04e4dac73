"""Closures: days on which nothing is held at a program. Series skip them, and nobody can book."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from iop_portal.audit import trail
from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.changing import cancel_session
from scheduling.enrolling import book_for_tracks
from scheduling.making import make_sessions
from scheduling.models import Booking, Closure, Series, Session, Skipped
from scheduling.walltime import moment_of

log = logging.getLogger(__name__)

LONGEST, FURTHEST = timedelta(days=31), timedelta(days=731)


class ClosureHasPassed(Refused):
    message = _("Choose days that have not passed and are within the next two years.")
    status = 400


class ClosureTooLong(Refused):
    message = _("A closure lasts 31 days at most. Add another one after it.")
    status = 400


class ClosureEndsBeforeItBegins(Refused):
    message = _("The last day cannot come before the first.")
    constraint = "a_closure_ends_after_it_begins"
    status = 400


class ClosedAlready(Refused):
    message = _("The program is closed on one of these days already.")
    constraint = "closures_of_a_program_do_not_overlap"


class ClosureHits(Refused):
    """Nothing is cancelled unasked."""

    def __str__(self) -> str:
        sessions, booked = int(str(self.words["sessions"])), int(str(self.words["booked"]))
        return _both(
            ngettext("%(n)d session is planned then", "%(n)d sessions are planned then", sessions) % {"n": sessions},
            ngettext("%(n)d place in them is booked", "%(n)d places in them are booked", booked) % {"n": booked},
        )


def _both(sessions: str, booked: str) -> str:
    return str(_("%(sessions)s, and %(booked)s. Say that they are to be cancelled, or choose other days.")) % {
        "sessions": sessions,
        "booked": booked,
    }


def closures_of(program: Program, *, now: datetime) -> QuerySet[Closure]:
    """Those that are not over."""
    today = now.astimezone(ZoneInfo(program.zone)).date()
    found: QuerySet[Closure] = Closure.objects.filter(program=program, ends_on__gte=today)
    return found


@write
def close_program(
    program: Program, *, begins_on: date, ends_on: date, why: str, sure: bool = False, by: User, now: datetime
) -> int:
    """Close it from one day to another: how many sessions were cancelled. What has begun is held to its end."""
    today = now.astimezone(ZoneInfo(program.zone)).date()
    if not today <= begins_on <= today + FURTHEST:
        raise ClosureHasPassed
    if ends_on < begins_on:
        raise ClosureEndsBeforeItBegins
    if ends_on - begins_on >= LONGEST:
        raise ClosureTooLong
    closure = Closure.objects.create(program=program, begins_on=begins_on, ends_on=ends_on, why=why)
    hit = list(sessions_between(program, begins_on, ends_on, now=now))
    if hit and not sure:
        booked = Booking.objects.live().filter(session__in=hit).count()
        raise ClosureHits(sessions=len(hit), booked=booked)
    for session in hit:
        _cancel(session, closure, by=by, now=now)
    trail.record("closure.added", closure, by=by, at=now, facts={"cancelled": len(hit)})
    return len(hit)


def _cancel(session: Session, closure: Closure, *, by: User, now: datetime) -> None:
    """A closed day is no day of its series: should it be open after all, it is made anew. What was cancelled by itself
    before stays the occurrence of its day, and cancelled."""
    gone = cancel_session(session, by=by, now=now)
    if gone.occurrence and closure.begins_on <= gone.occurrence <= closure.ends_on:
        gone.series, gone.occurrence = None, None
        gone.save(update_fields=["series", "occurrence"])


@dataclass(frozen=True)
class Reopened:
    """How many sessions of series are there again, how many could not be made, and how many places tracks booked."""

    sessions: int
    skipped: int
    booked: int


@write
def end_closure(closure: Closure, *, by: User, now: datetime) -> Reopened:
    """It is open after all: its series are held, with whoever their tracks bring, who hear of it in one mail. Bookings
    that people chose stay cancelled: they have been told, and may have planned anew."""
    program, first, last = closure.program, closure.begins_on, closure.ends_on
    trail.record("closure.removed", closure, by=by, at=now)
    closure.delete()
    held = list(Series.objects.held_from(first).filter(program=program, begins_on__lte=last).order_by("pk"))
    on_these_days = Session.objects.filter(series__in=held, occurrence__range=(first, last), live=True)
    before = on_these_days.count()
    for series in held:
        try:
            make_sessions(series, now=now)
        except Refused as refusal:
            # It is tried again in the night, as every series.
            log.error("series not made", extra={"facts": {"series": series.pk, "why": type(refusal).__name__}})
    skipped = Skipped.objects.filter(series__in=held, occurrence__range=(first, last), left_out=False)
    booked = book_for_tracks(held, by=by, now=now)
    return Reopened(on_these_days.count() - before, skipped.count(), booked)


def sessions_between(program: Program, first: date, last: date, *, now: datetime) -> QuerySet[Session]:
    """Live ones of the program that begin on these days of its clock and have not begun, in the order of locks."""
    begin = moment_of(first, time(0), program.zone)
    end = moment_of(last + timedelta(days=1), time(0), program.zone)
    found: QuerySet[Session] = Session.objects.upcoming(now)
    return found.filter(program=program, during__startswith__gte=begin, during__startswith__lt=end).order_by("pk")
