"""Video calls of the story: Theo's is now, if it is a time of day for it, and Maya's sister comes to one next week."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from psycopg2.extras import DateTimeTZRange

from iop_portal.demo.background import Ago
from iop_portal.demo.sessions import COUNSELLING
from iop_portal.people.models import Program, User
from scheduling import video
from scheduling.booking import new_reference
from scheduling.models import Booking, Facilitation, Session

ADDRESS = "https://video.example/amara-osei"
MINUTES = timedelta(minutes=50)
# Nobody talks with their counsellor at night.
EARLIEST, LATEST = time(8), time(20)


def tell_calls(program: Program, amara: User, *, ago: Ago, now: datetime) -> None:
    video.set_address(amara, ADDRESS, by=amara, now=ago(200))
    maya, rosa, theo = (User.objects.get(email=f"{slug}@portal.test") for slug in ("maya", "rosa", "theo"))
    _now(program, amara, theo, now=now)
    _together(program, amara, (maya, rosa), now=now)


def _now(program: Program, counsellor: User, client: User, *, now: datetime) -> None:
    """Begun a moment ago, with the room open: whoever comes is asked, and let in."""
    begins = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
    if _is_by_day(begins, program) and _are_free(begins, counsellor, client):
        session = _call(program, COUNSELLING, begins, counsellor, (client,), now=now)
        video.open_room(session, by=counsellor, now=now)


def _together(program: Program, counsellor: User, people: tuple[User, ...], *, now: datetime) -> None:
    """The first hour of next week at which all of them are free. This week Maya has hours to choose."""
    for begins in _hours_of_next_week(now, program):
        if _is_by_day(begins, program) and _are_free(begins, counsellor, *people):
            _call(program, "Family session", begins, counsellor, people, now=now)
            return


def _hours_of_next_week(now: datetime, program: Program) -> Iterator[datetime]:
    here = now.astimezone(ZoneInfo(program.zone))
    monday = datetime.combine(here.date() + timedelta(days=7 - here.weekday()), time(12), here.tzinfo)
    return (monday.astimezone(UTC) + timedelta(hours=number) for number in range(24 * 5))


def _is_by_day(begins: datetime, program: Program) -> bool:
    here = begins.astimezone(ZoneInfo(program.zone))
    return here.weekday() < 5 and EARLIEST <= here.time() <= LATEST


def _are_free(begins: datetime, counsellor: User, *people: User) -> bool:
    during = _during(begins)
    led = Facilitation.objects.filter(clinician=counsellor, live=True, during__overlap=during)
    booked = Booking.objects.live().filter(person__in=people, during__overlap=during)
    return not led.exists() and not booked.exists()


def _during(begins: datetime) -> DateTimeTZRange:
    return DateTimeTZRange(begins, begins + MINUTES, "[)")


def _call(
    program: Program, way: str, begins: datetime, counsellor: User, people: tuple[User, ...], *, now: datetime
) -> Session:
    """Arranged two days ago. The client has the seat, whoever comes with them takes none."""
    session = Session.objects.create(
        program=program,
        modality=program.modalities.get(name=way),
        during=_during(begins),
        video=True,
        capacity=1,
        listed=False,
    )
    Facilitation.objects.create(session=session, clinician=counsellor, during=session.during)
    for number, person in enumerate(people):
        Booking.objects.create(
            session=session,
            person=person,
            during=session.during,
            takes_seat=number == 0,
            reference=new_reference(),
            booked_at=now - timedelta(days=2),
            booked_by=counsellor,
        )
    return session
