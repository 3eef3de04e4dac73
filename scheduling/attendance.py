"""Recording who came. Nothing that was recorded is changed: a correction is said beside it, and so is taking it back.

Who leads a session marks it; the care team of who came may correct that. What a miss asks of people is in `misses`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.followups.acting import resolve_follow_ups_about
from iop_portal.people.models import Program, RoleHeld, User
from iop_portal.people.roles import Role
from iop_portal.people.seeing import places_on_care_teams
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.booking import held_policy
from scheduling.joining import Answer, answer_of
from scheduling.misses import settle_misses
from scheduling.models import Attendance, Booking, Facilitation, Session, unmarked
from scheduling.rosters import UNMARKED, Place

State = Attendance.State
# How long "Undo" stands beside what somebody has just recorded. Later it is a correction.
UNDO_FOR = timedelta(minutes=15)


class NotBegun(Refused):
    message = _("This session has not begun. You can mark who is there from its beginning on.")
    constraint = "attendance_is_of_sessions_that_have_begun"


class NotExpected(Refused):
    message = _("This place was given back, so there is nothing to mark.")
    constraint = "attendance_is_of_live_bookings"


class MarkedMeanwhile(Refused):
    message = _("Somebody else marked this while you had it open. Look at what stands there now, then mark again.")
    constraint = "facts_about_a_booking_follow_one_another"


class NotYoursToMark(Refused):
    message = _("Who leads a session marks it. The care team may correct what was marked.")
    status = 403


class TooManyMinutes(Refused):
    message = _("Nobody can be there longer than the session lasts. Say the minutes again.")
    constraint = "minutes_fit_the_session"
    status = 400


class NoMinutes(Refused):
    message = _("Whoever came was there for a minute at least. Say the minutes again, or that they did not come.")
    constraint = "minutes_are_of_those_who_came"
    status = 400


class ReasonMissing(Refused):
    message = _("Say in a few words why it is excused.")
    constraint = "a_reason_is_given_where_it_is_excused"
    status = 400


class NothingToTakeBack(Refused):
    message = _("This cannot be undone here any more. Change it instead: what was said before stays visible.")


@dataclass(frozen=True)
class Said:
    """What somebody says of one person. Minutes left out are the usual ones, and how they were there is how they
    arrived."""

    state: str
    minutes: int | None = None
    reason: str = ""
    by_video: bool | None = None


@dataclass(frozen=True)
class Record:
    """All that was recorded about a place, the newest last. `now` counts; None while nothing is recorded."""

    facts: tuple[Attendance, ...]
    may_say: bool
    # Why the reader may not: not yet, or never.
    why_not: str

    @property
    def now(self) -> Attendance | None:
        return self.facts[-1] if self.facts and self.facts[-1].recorded else None

    @property
    def before(self) -> tuple[Attendance, ...]:
        """What was said before what counts now, newest first."""
        return self.facts[-2::-1] if self.now else self.facts[::-1]

    @property
    def number(self) -> int:
        return len(self.facts)


# ── Who may ───────────────────────────────────────────────────────────────────────────────────────────────────


def leads(clinician: User, session: Session) -> bool:
    """Whether somebody leads it, and still works there."""
    works = RoleHeld.objects.in_force().filter(user=clinician, role=Role.CLINICIAN, program=session.program_id)
    return Facilitation.objects.filter(Exists(works), session=session, clinician=clinician).exists()


def cared_for_by(clinician: User, program: Program | int) -> QuerySet[User]:
    """Clients of a clinician's care teams in one program: of these they may correct what was marked."""
    places = places_on_care_teams(clinician).filter(enrolment__client=OuterRef("pk"), enrolment__program=program)
    found: QuerySet[User] = User.objects.filter(Exists(places))
    return found


def open_record(booking: Booking, *, by: User, now: datetime) -> Record:
    """All that was recorded about a place. It is not looked at without a trace."""
    trail.record("attendance.viewed", booking, client=booking.person, by=by, at=now)
    return record_of(booking, reader=by, now=now)


def record_of(booking: Booking, *, reader: User, now: datetime) -> Record:
    facts = tuple(booking.attendance.select_related("recorded_by"))
    try:
        _check_begun(booking.session, now=now)
        _check_may(booking.session, booking, facts[-1] if facts else None, by=reader)
    except Refused as refusal:
        return Record(facts, may_say=False, why_not=str(refusal))
    return Record(facts, may_say=True, why_not="")


def last_act(places: Iterable[Place], undoable: Sequence[int]) -> list[int]:
    """Keys of the facts that one recorded last, where they were several at once: they are undone together."""
    facts = [place.fact for place in places if place.fact and place.fact.pk in undoable]
    last = max((fact.recorded_at for fact in facts), default=None)
    found = [fact.pk for fact in facts if fact.recorded_at == last]
    return found if len(found) > 1 else []


# ── Marking ───────────────────────────────────────────────────────────────────────────────────────────────────


@write
def mark(booking: Booking, said: Said, *, seen: int, by: User, now: datetime) -> Attendance:
    """Record what became of one place. `seen` is how many facts about it `by` had before them.

    The same thing said twice, as by a button that was pressed twice, is said once.
    """
    session = _lock(booking.session_id, now=now)
    booking, newest = _told(session, [booking.pk])[0]
    _check_may(session, booking, newest, by=by)
    said = _complete(said, session, _answer(booking, session), now=now)
    if newest is not None and _says(newest) == said and newest.recorded_by_id == by.pk:
        return newest
    if seen != (newest.number if newest else 0):
        raise MarkedMeanwhile
    made = _add(booking, newest, said, by=by, now=now)
    settle_misses([booking], session.program, newly_missed=said.state == State.MISSED, by=by, now=now)
    _close_roster(session, by=by, now=now)
    return made


@write
def mark_rest(session: Session, *, arrived: bool = False, by: User, now: datetime) -> list[Attendance]:
    """Everybody of whom nothing is recorded was there: all the time, or from when they arrived, where that was late.

    With `arrived`, only those whose arrival says so; of the others nothing is recorded.
    """
    session = _lock(session.pk, now=now)
    if not leads(by, session):
        raise NotYoursToMark
    unsaid = [(booking, newest) for booking, newest in _told(session) if newest is None or not newest.recorded]
    rest = [(booking, newest) for booking, newest in unsaid if _answer(booking, session) or not arrived]
    made = [_add(booking, newest, _as_arrived(booking, session, now=now), by=by, now=now) for booking, newest in rest]
    settle_misses([booking for booking, _newest in rest], session.program, by=by, now=now)
    _close_roster(session, by=by, now=now)
    return made


@write
def take_back(session: Session, facts: Sequence[int], *, by: User, now: datetime) -> list[Attendance]:
    """Undo what one has just recorded: each place is again as it was before.

    `facts` are keys of one's own newest facts about places in this session, and none of them is a taking back.
    """
    session = _lock(session.pk, now=now)
    asked = Attendance.objects.filter(pk__in=facts, booking__session=session).select_related("booking")
    newest = {fact.booking_id: fact for _booking, fact in _told(session, [one.booking_id for one in asked]) if fact}
    undone = [fact for fact in asked.select_related("booking__person") if may_take_back(fact, by=by, now=now)]
    if not undone or len(undone) != len(set(facts)) or any(newest[fact.booking_id].pk != fact.pk for fact in undone):
        raise NothingToTakeBack
    before = {
        fact.booking_id: fact
        for fact in Attendance.objects.filter(booking__in=newest)
        if fact.number == newest[fact.booking_id].number - 1
    }
    made = [
        _add(
            fact.booking,
            fact,
            _says(before[fact.booking_id]) if fact.booking_id in before else Said(State.OPEN),
            by=by,
            now=now,
            takes_back=True,
        )
        for fact in undone
    ]
    for fact in made:
        missed = fact.state == State.MISSED
        settle_misses([fact.booking], session.program, newly_missed=missed, by=by, now=now)
    return made


def may_take_back(fact: Attendance, *, by: User, now: datetime) -> bool:
    """Whether "Undo" stands beside the newest fact about a place."""
    return fact.recorded_by_id == by.pk and fact.takes_back_id is None and now - fact.recorded_at <= UNDO_FOR


def usual_minutes(state: str, session: Session, *, now: datetime) -> int:
    """What is recorded where nobody says otherwise. Who is late while it runs has come now; afterwards, and for
    leaving early, it is the least that the program calls so (its grace). Never more than the session lasts.
    """
    whole = session.minutes
    if state == State.PRESENT:
        return whole
    if state not in Attendance.CAME:
        return 0
    least = whole - held_policy(session.program).grace_minutes
    if session.starts_at <= now < session.ends_at:
        rest = session.ends_at - now if state == State.LATE else now - session.starts_at
        least = round(rest.total_seconds() / 60)
    return min(whole, max(1, least))


def _answer(booking: Booking, session: Session) -> Answer | None:
    """What the arrival of a place says, for one that `_told` gave."""
    return answer_of(getattr(booking, "arrival", None), booking, grace=held_policy(session.program).grace_minutes)


def _as_arrived(booking: Booking, session: Session, *, now: datetime) -> Said:
    answer = _answer(booking, session)
    return _complete(Said(answer.state if answer else State.PRESENT), session, answer, now=now)


def _complete(said: Said, session: Session, answer: Answer | None, *, now: datetime) -> Said:
    came = said.state in Attendance.CAME
    minutes = said.minutes
    if minutes is None or not came:
        usual = usual_minutes(said.state, session, now=now)
        minutes = answer.minutes if answer and answer.state == said.state else usual
    by_video = said.by_video if said.by_video is not None else bool(answer and answer.by_video)
    if minutes > session.minutes:
        raise TooManyMinutes
    if came and minutes < 1:
        raise NoMinutes
    reason = said.reason.strip() if said.state == State.EXCUSED else ""
    if said.state == State.EXCUSED and not reason:
        raise ReasonMissing
    return Said(said.state, minutes, reason, came and (by_video or session.room_id is None))


def _says(fact: Attendance) -> Said:
    return Said(fact.state, fact.minutes, fact.reason, fact.by_video)


def _lock(session_id: int, *, now: datetime) -> Session:
    """Whoever marks the same session waits here."""
    sessions = Session.objects.select_for_update(no_key=True, of=("self",)).select_related("program__policy")
    session = sessions.get(pk=session_id)
    _check_begun(session, now=now)
    return session


def _check_begun(session: Session, *, now: datetime) -> None:
    if session.starts_at > now:
        raise NotBegun


def _told(session: Session, keys: Sequence[int] | None = None) -> list[tuple[Booking, Attendance | None]]:
    """Live places in a session, each with the newest fact about it."""
    places = Booking.objects.live().filter(session=session).select_related("person", "arrival")
    if keys is not None:
        places = places.filter(pk__in=keys)
        if len(places) != len(set(keys)):
            raise NotExpected
    newest = {fact.booking_id: fact for fact in Attendance.objects.filter(booking__in=places).newest()}
    return [(place, newest.get(place.pk)) for place in places]


def _check_may(session: Session, booking: Booking, newest: Attendance | None, *, by: User) -> None:
    if leads(by, session):
        return
    corrects = newest is not None and newest.recorded
    if not corrects or not cared_for_by(by, session.program_id).filter(pk=booking.person_id).exists():
        raise NotYoursToMark


def _close_roster(session: Session, *, by: User, now: datetime) -> None:
    """Once everybody is marked, nobody need be reminded of it."""
    if not unmarked(Booking.objects.live().filter(session=session)).exists():
        outcome = gettext("Everybody is marked.")
        resolve_follow_ups_about(session, kind=UNMARKED, outcome=outcome, by=by, now=now)


def _add(
    booking: Booking, newest: Attendance | None, said: Said, *, by: User, now: datetime, takes_back: bool = False
) -> Attendance:
    made = Attendance.objects.create(
        booking=booking,
        number=newest.number + 1 if newest else 1,
        state=said.state,
        minutes=said.minutes or 0,
        by_video=bool(said.by_video),
        reason=said.reason,
        takes_back=newest if takes_back else None,
        recorded_by=by,
        recorded_at=now,
    )
    verb = "taken_back" if takes_back else said.state
    facts = {"minutes": made.minutes} if made.came else {}
    trail.record(f"attendance.{verb}", made, client=booking.person, by=by, at=now, facts=facts)
    return made
