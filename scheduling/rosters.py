"""Who is booked: a clinician's day, and the roster of one session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Q, QuerySet

from iop_portal.audit import trail
from iop_portal.people.models import Program, RoleHeld, User
from iop_portal.people.roles import Role
from scheduling.models import Booking, Facilitation, Session
from therapy.models import Format


@dataclass(frozen=True)
class Led:
    """A session of a clinician's day, and who is booked."""

    session: Session
    people: tuple[User, ...]

    @property
    def for_one(self) -> bool:
        return self.session.modality.format == Format.INDIVIDUAL


@dataclass(frozen=True)
class Roster:
    """`people` are those whom the reader may know of; `taken` counts everybody."""

    session: Session
    leaders: tuple[User, ...]
    people: tuple[User, ...]
    taken: int


def day_of(clinician: User, *, now: datetime) -> list[Led]:
    """What a clinician leads today, in their own zone. Two queries, however much it is."""
    here = now.astimezone(ZoneInfo(clinician.zone)).date()
    begin = datetime.combine(here, time(0), ZoneInfo(clinician.zone))
    end = datetime.combine(here + timedelta(days=1), time(0), ZoneInfo(clinician.zone))
    led = Facilitation.objects.filter(
        clinician=clinician, live=True, during__startswith__gte=begin, during__startswith__lt=end
    )
    live = Prefetch("session__bookings", Booking.objects.live().select_related("person"), to_attr="live_bookings")
    return [
        Led(each.session, _by_name(each.session.live_bookings))  # type: ignore[attr-defined]
        for each in led.select_related("session__modality", "session__room").prefetch_related(live).order_by("during")
    ]


def sessions_open_to(clinician: User) -> QuerySet[Session]:
    """Those that they lead, and those to which clients of their care teams come, in programs where they work."""
    works = RoleHeld.objects.filter(user=clinician, role=Role.CLINICIAN).values("program")
    led = Facilitation.objects.filter(clinician=clinician).values("session")
    theirs = Booking.objects.live().filter(person__in=User.objects.caseload_of(clinician)).values("session")
    return Session.objects.filter(Q(pk__in=led) | Q(pk__in=theirs), program__in=Program.objects.filter(pk__in=works))


def open_roster(session: Session, *, by: User, now: datetime) -> Roster:
    """Who is booked is never looked at without a trace. Who does not lead it sees clients of their own alone."""
    bookings = list(Booking.objects.live().filter(session=session).select_related("person"))
    leaders = tuple(each.clinician for each in session.facilitations.select_related("clinician"))
    shown = bookings
    if by not in leaders:
        own = set(User.objects.caseload_of(by).values_list("pk", flat=True))
        shown = [each for each in bookings if each.person_id in own]
    trail.record("roster.read", session, by=by, at=now, facts={"count": len(shown)})
    return Roster(session, leaders, _by_name(shown), sum(each.takes_seat for each in bookings))


def _by_name(bookings: list[Booking]) -> tuple[User, ...]:
    return tuple(sorted((each.person for each in bookings), key=lambda person: person.short_name.casefold()))
