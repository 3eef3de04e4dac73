"""Who is booked and who came: a clinician's day, the roster of one session, and rosters that nobody has marked."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from psycopg2.extras import DateTimeTZRange

from iop_portal.audit import trail
from iop_portal.followups.escalation import admins_of
from iop_portal.followups.models import FollowUp
from iop_portal.followups.owing import owe_follow_up
from iop_portal.people.models import Program, RoleHeld, User
from iop_portal.people.roles import Role
from iop_portal.prepared import prepared
from scheduling.booking import held_policy
from scheduling.joining import Answer, answer_of
from scheduling.models import Arrival, Attendance, Booking, Facilitation, Session, VideoRoom, marked, unmarked
from scheduling.reminders import answer_in_words, with_answers
from scheduling.telling import together
from scheduling.waiting import Line, line_of
from therapy import agreements
from therapy.models import IN_COMPANY, Agreement, Format

log = logging.getLogger(__name__)

# The follow-up about a session of which nobody says who came: owed some hours after it, while it is not long ago.
UNMARKED = "roster_unmarked"
MARKED_WITHIN = timedelta(hours=3)
ASKED_FOR = timedelta(days=7)
MOST_PER_RUN = 200


@dataclass(frozen=True)
class Led:
    """A session of a clinician's day, who is booked, and who leads it with them (first names). `came` and `unmarked`
    count, once it has begun."""

    session: Session
    people: tuple[User, ...]
    came: int
    unmarked: int
    # How many of them are there, or at the door, and how many of those who came are still to be confirmed.
    here: int
    to_confirm: int
    room_is_open: bool
    beside: tuple[str, ...] = ()
    # What those who answered a reminder said, in words, by their key.
    said: Mapping[int, str] = field(default_factory=dict)

    @property
    def for_one(self) -> bool:
        return self.session.modality.format == Format.INDIVIDUAL


@dataclass(frozen=True)
class Standing:
    """A session that somebody is to lead, without names: how many are booked, and with whom they lead it."""

    session: Session
    booked: int
    beside: str


@dataclass(frozen=True)
class Place:
    """One person on a roster, the newest of what is recorded about them, what they answered to a reminder, and how
    they arrived with what that says of who came. Who does not lead it is told nothing of arrivals."""

    booking: Booking
    fact: Attendance | None
    said: str
    arrival: Arrival | None = None
    answer: Answer | None = None
    # Whether they have still to sign what holds for groups: whoever leads speaks with them about it.
    unsigned: bool = False

    @property
    def person(self) -> User:
        return self.booking.person

    @property
    def recorded(self) -> bool:
        return self.fact is not None and self.fact.recorded

    @property
    def number(self) -> int:
        """How many facts there are: a form says so, in order to notice that there are more."""
        return self.fact.number if self.fact else 0


@dataclass(frozen=True)
class Roster:
    """`places` are those of whom the reader may know; `taken` counts everybody. `marks`: the reader says who came."""

    session: Session
    leaders: tuple[User, ...]
    places: tuple[Place, ...]
    taken: int
    line: Line
    begun: bool
    marks: bool

    @property
    def unmarked(self) -> int:
        return sum(not place.recorded for place in self.places)

    @property
    def answered(self) -> int:
        """How many are not marked yet whose arrival says what to mark."""
        return sum(not place.recorded and place.answer is not None for place in self.places)

    @property
    def late(self) -> int:
        """How many of those are late."""
        answers = (place.answer for place in self.places if not place.recorded)
        return sum(answer is not None and answer.state == Attendance.State.LATE for answer in answers)

    @property
    def too_few(self) -> int | None:
        """How many there should be at least, where there are fewer."""
        series = self.session.series
        return series.minimum if series and self.session.live and self.taken < series.minimum else None


def day_of(clinician: User, *, now: datetime) -> list[Led]:
    """What a clinician leads today, in their own zone. Two queries, however much it is."""
    here = now.astimezone(ZoneInfo(clinician.zone)).date()
    begin = datetime.combine(here, time(0), ZoneInfo(clinician.zone))
    end = datetime.combine(here + timedelta(days=1), time(0), ZoneInfo(clinician.zone))
    return [_led(each) for each in _day_of(clinician.pk, begin, end)]


@prepared(int, datetime, datetime)
def _day_of(clinician: int, begin: datetime, end: datetime) -> QuerySet[Facilitation]:
    led = Facilitation.objects.filter(
        clinician=clinician, live=True, during__startswith__gte=begin, during__startswith__lt=end
    )
    told = marked(with_answers(Booking.objects.live().select_related("person", "arrival")))
    live = Prefetch("session__bookings", told, to_attr="live_bookings")
    led = led.annotate(room_is_open=Exists(VideoRoom.objects.open().filter(session=OuterRef("session"))))
    return (
        with_who_leads_beside(led)
        .select_related("session__modality", "session__room")
        .prefetch_related(live)
        .order_by("during")
    )


def _led(each: Any) -> Led:
    """Of a facilitation, with what `day_of` annotates."""
    bookings, begins = each.session.live_bookings, each.session.starts_at
    return Led(
        each.session,
        tuple(booking.person for booking in _by_name(bookings)),
        came=sum(booking.attended in Attendance.CAME for booking in bookings),
        unmarked=sum(booking.attended is None for booking in bookings),
        here=sum(hasattr(booking, "arrival") and booking.arrival.is_of(begins) for booking in bookings),
        to_confirm=sum(booking.attended is None and arrived(booking) for booking in bookings),
        room_is_open=each.room_is_open,
        beside=tuple(each.beside),
        said=_said(bookings),
    )


def arrived(booking: Booking) -> bool:
    """Whether an arrival says that they came. Of a booking with its arrival."""
    return answer_of(getattr(booking, "arrival", None), booking, grace=0) is not None


def standing(clinician: User, *, begin: datetime, end: datetime) -> list[Standing]:
    """What a clinician is to lead between two aware datetimes, or in part. One query."""
    booked = Booking.objects.live().filter(session=OuterRef("session")).order_by().values("session")
    led = with_who_leads_beside(Facilitation.objects.filter(clinician=clinician, live=True)).annotate(
        booked=Coalesce(Subquery(booked.annotate(n=Count("pk")).values("n")), 0)
    )
    found = led.filter(during__overlap=DateTimeTZRange(begin, end, "[)"))
    return [
        Standing(each.session, each.booked, together(each.beside))  # type: ignore[attr-defined]
        for each in found.select_related("session__modality", "session__room").order_by("during", "pk")
    ]


def with_who_leads_beside(led: QuerySet[Facilitation]) -> QuerySet[Facilitation]:
    """Annotates the first names of those who lead the same sessions, in the same query."""
    others = Facilitation.objects.filter(session=OuterRef("session")).exclude(clinician=OuterRef("clinician"))
    return led.annotate(beside=ArraySubquery(others.values("clinician__preferred_name")))


def sessions_open_to(clinician: User) -> QuerySet[Session]:
    """Those that they lead, and those to which clients of their care teams come, in programs where they work."""
    works = RoleHeld.objects.in_force().filter(user=clinician, role=Role.CLINICIAN).values("program")
    led = Facilitation.objects.filter(clinician=clinician).values("session")
    theirs = Booking.objects.live().filter(person__in=User.objects.caseload_of(clinician)).values("session")
    return Session.objects.filter(Q(pk__in=led) | Q(pk__in=theirs), program__in=Program.objects.filter(pk__in=works))


def places_open_to(clinician: User) -> QuerySet[Booking]:
    """Live places in those sessions: everybody's where they lead, elsewhere those of clients of their own."""
    led = Facilitation.objects.filter(clinician=clinician).values("session")
    own = User.objects.caseload_of(clinician)
    return (
        Booking.objects.live()
        .filter(session__in=sessions_open_to(clinician))
        .filter(Q(session__in=led) | Q(person__in=own))
    )


def open_roster(session: Session, *, by: User, now: datetime) -> Roster:
    """Who is booked is never looked at without a trace. Who does not lead it sees clients of their own alone."""
    told = Booking.objects.live().filter(session=session).select_related("person", "arrival")
    bookings = list(with_answers(told))
    leaders = tuple(each.clinician for each in session.facilitations.select_related("clinician"))
    facts = Attendance.objects.filter(booking__in=bookings).newest().select_related("recorded_by")
    newest = {fact.booking_id: fact for fact in facts}
    shown = bookings
    if by not in leaders:
        own = set(User.objects.caseload_of(by).values_list("pk", flat=True))
        shown = [each for each in bookings if each.person_id in own]
    unsigned: set[int] = set()
    if session.modality.format in IN_COMPANY:
        people = [each.person_id for each in shown]
        unsigned = agreements.without_signature(session.program, Agreement.Kind.GROUP, people)
    trail.record("roster.read", session, by=by, at=now, facts={"count": len(shown)})
    begun = session.live and session.starts_at <= now
    grace = held_policy(session.program).grace_minutes if by in leaders else None
    return Roster(
        session,
        leaders,
        tuple(
            replace(_place(each, newest.get(each.pk), grace), unsigned=each.person_id in unsigned)
            for each in _by_name(shown)
        ),
        sum(each.takes_seat for each in bookings),
        line_of(session),
        begun=begun,
        marks=begun and by in leaders,
    )


def answer_about(booking: Booking, *, reader: User) -> Answer | None:
    """What the arrival of one place says, told to those who lead its session."""
    if not booking.session.facilitations.filter(clinician=reader).exists():
        return None
    grace = held_policy(booking.session.program).grace_minutes
    return answer_of(Arrival.objects.filter(booking=booking).first(), booking, grace=grace)


def _place(booking: Booking, fact: Attendance | None, grace: int | None) -> Place:
    place = Place(booking, fact, answer_in_words(booking))
    arrival = getattr(booking, "arrival", None)
    if grace is None or arrival is None or not arrival.is_of(booking.starts_at):
        return place
    return replace(place, arrival=arrival, answer=answer_of(arrival, booking, grace=grace))


def _by_name(bookings: list[Booking]) -> list[Booking]:
    return sorted(bookings, key=lambda booking: booking.person.short_name.casefold())


def _said(bookings: list[Booking]) -> Mapping[int, str]:
    told = {each.person_id: answer_in_words(each) for each in bookings}
    return {person: words for person, words in told.items() if words}


# ── Rosters that nobody has marked ────────────────────────────────────────────────────────────────────────────


def watch_rosters(*, now: datetime) -> int:
    """Owe the leader of each session that ended some hours ago to say who came: how many follow-ups were made.

    One that was made since anything was last recorded there is not made again, whatever became of it.
    """
    places = unmarked(Booking.objects.live()).filter(session=OuterRef("pk"))
    facts = Attendance.objects.filter(booking__session=OuterRef("pk")).order_by("-recorded_at").values("recorded_at")
    asked = FollowUp.objects.filter(
        kind=UNMARKED, about_type="scheduling.session", about_id=OuterRef("pk"), made_at__gte=OuterRef("touched_at")
    )
    ended = Session.objects.filter(
        Exists(places), live=True, during__endswith__lte=now - MARKED_WITHIN, during__endswith__gt=now - ASKED_FOR
    ).annotate(touched_at=Coalesce(Subquery(facts[:1]), "during__endswith"))
    waiting = ended.exclude(Exists(asked)).select_related("program").order_by("during")[:MOST_PER_RUN]
    return sum(_owe_marking(session, now=now) for session in waiting)


def _owe_marking(session: Session, *, now: datetime) -> bool:
    works = RoleHeld.objects.in_force().filter(user=OuterRef("pk"), role=Role.CLINICIAN, program=session.program)
    leaders = User.objects.filter(Exists(works), facilitations__session=session, is_active=True)
    owner = leaders.order_by("facilitations__pk").first() or next(iter(admins_of(session.program)), None)
    if owner is None:
        log.error("nobody to ask who came", extra={"facts": {"session": session.pk}})
        return False
    owe_follow_up(UNMARKED, about=session, program=session.program, owner=owner, by=None, now=now)
    return True
