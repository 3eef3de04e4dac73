"""Who is booked: a clinician's day, and the roster of one session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from psycopg2.extras import DateTimeTZRange

from iop_portal.audit import trail
from iop_portal.people.models import Program, RoleHeld, User
from iop_portal.people.roles import Role
from scheduling.models import Booking, Facilitation, Session, VideoRoom
from scheduling.reminders import answer_in_words, with_answers
from scheduling.telling import together
from scheduling.waiting import Line, line_of
from therapy.models import Format


@dataclass(frozen=True)
class Led:
    """A session of a clinician's day, who is booked, and who leads it with them (first names)."""

    session: Session
    people: tuple[User, ...]
    # How many of them are there, or at the door.
    here: int
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
class Roster:
    """`people` are those whom the reader may know of; `taken` counts everybody."""

    session: Session
    leaders: tuple[User, ...]
    people: tuple[User, ...]
    taken: int
    line: Line
    said: Mapping[int, str]

    @property
    def expected(self) -> list[tuple[User, str]]:
        """Each with what they answered to a reminder, if anything."""
        return [(person, self.said.get(person.pk, "")) for person in self.people]

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
    led = Facilitation.objects.filter(
        clinician=clinician, live=True, during__startswith__gte=begin, during__startswith__lt=end
    )
    expected = with_answers(Booking.objects.live().select_related("person", "arrival"))
    live = Prefetch("session__bookings", expected, to_attr="live_bookings")
    led = led.annotate(room_is_open=Exists(VideoRoom.objects.open().filter(session=OuterRef("session"))))
    return [
        _led(each, each.session.live_bookings)  # type: ignore[attr-defined]
        for each in with_who_leads_beside(led)
        .select_related("session__modality", "session__room")
        .prefetch_related(live)
        .order_by("during")
    ]


def _led(each: Any, bookings: list[Booking]) -> Led:
    """Of a facilitation, with what `day_of` annotates."""
    begins = each.session.starts_at
    here = sum(hasattr(booking, "arrival") and booking.arrival.is_of(begins) for booking in bookings)
    return Led(each.session, _by_name(bookings), here, each.room_is_open, tuple(each.beside), _said(bookings))


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
    works = RoleHeld.objects.filter(user=clinician, role=Role.CLINICIAN).values("program")
    led = Facilitation.objects.filter(clinician=clinician).values("session")
    theirs = Booking.objects.live().filter(person__in=User.objects.caseload_of(clinician)).values("session")
    return Session.objects.filter(Q(pk__in=led) | Q(pk__in=theirs), program__in=Program.objects.filter(pk__in=works))


def open_roster(session: Session, *, by: User, now: datetime) -> Roster:
    """Who is booked is never looked at without a trace. Who does not lead it sees clients of their own alone."""
    bookings = list(with_answers(Booking.objects.live().filter(session=session).select_related("person")))
    leaders = tuple(each.clinician for each in session.facilitations.select_related("clinician"))
    shown = bookings
    if by not in leaders:
        own = set(User.objects.caseload_of(by).values_list("pk", flat=True))
        shown = [each for each in bookings if each.person_id in own]
    trail.record("roster.read", session, by=by, at=now, facts={"count": len(shown)})
    taken = sum(each.takes_seat for each in bookings)
    return Roster(session, leaders, _by_name(shown), taken, line_of(session), _said(shown))


def _by_name(bookings: list[Booking]) -> tuple[User, ...]:
    return tuple(sorted((each.person for each in bookings), key=lambda person: person.short_name.casefold()))


def _said(bookings: list[Booking]) -> Mapping[int, str]:
    told = {each.person_id: answer_in_words(each) for each in bookings}
    return {person: words for person, words in told.items() if words}
