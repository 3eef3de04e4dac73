"""How much of the prescribed care a week holds: for one person, and for a whole caseload at once.

A week is the program's own: it begins on the weekday that the policy names, at midnight of the program's zone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from iop_portal.markup import hours_read
from iop_portal.people.models import Enrolment, Program
from iop_portal.prepared import Statement
from scheduling.finding import local_midnight
from scheduling.models import Attendance, Booking
from therapy.models import ClinicalPolicy, Prescription

WEEK = timedelta(days=7)
# What is owed once somebody takes it on that a week holds less than what is prescribed.
SHORT_WEEK = "short_week"

# The same as `care_of`, for many: put together from rows of bookings, a caseload cost twice as much.
PLANNED = Statement(
    "planned",
    """
SELECT e.id, p.phase, t.name, week.begins, p.hours, p.days,
       found.held, found.ahead, found.days, found.held_days, found.unrecorded, found.unrecorded_days,
       EXISTS (
           SELECT 1 FROM followups_followup f
           WHERE f.client_id = e.client_id AND f.kind = %(short_week)s AND f.about_id = e.id
             AND (f.resolved_at IS NULL OR f.made_at >= week.begins::timestamp AT TIME ZONE g.zone)
       )
FROM therapy_prescription p
JOIN therapy_track t ON t.id = p.track_id
JOIN people_enrolment e ON e.id = p.enrolment_id
JOIN people_program g ON g.id = e.program_id
LEFT JOIN therapy_clinicalpolicy policy ON policy.program_id = g.id
CROSS JOIN LATERAL (SELECT (%(now)s AT TIME ZONE g.zone)::date AS day) today
CROSS JOIN LATERAL (
    SELECT today.day - (extract(isodow FROM today.day)::int + 6 - coalesce(policy.week_starts_on, 0)) %% 7 AS begins
) week
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(told.minutes) FILTER (WHERE told.came), 0) AS held,
        coalesce(sum(told.length) FILTER (WHERE told.state IS NULL AND told.ends > %(now)s), 0) AS ahead,
        coalesce(sum(told.length) FILTER (WHERE told.state IS NULL AND told.ends <= %(now)s), 0) AS unrecorded,
        array_agg(DISTINCT told.day) FILTER (WHERE told.came OR told.state IS NULL) AS days,
        array_agg(DISTINCT told.day) FILTER (WHERE told.came) AS held_days,
        array_agg(DISTINCT told.day) FILTER (WHERE told.state IS NULL AND told.ends <= %(now)s) AS unrecorded_days
    FROM (
        SELECT fact.state, fact.state = ANY(%(came)s) AS came, fact.minutes, upper(b.during) AS ends,
               round(extract(epoch FROM upper(b.during) - lower(b.during)) / 60)::int AS length,
               (lower(b.during) AT TIME ZONE g.zone)::date AS day
        FROM scheduling_booking b
        JOIN scheduling_session s ON s.id = b.session_id
        JOIN therapy_modality m ON m.id = s.modality_id
        LEFT JOIN LATERAL (
            SELECT nullif(a.state, 'open') AS state, a.minutes FROM scheduling_attendance a
            WHERE a.booking_id = b.id ORDER BY a.number DESC LIMIT 1
        ) fact ON true
        WHERE b.person_id = e.client_id AND b.occupies AND s.program_id = e.program_id AND m.counts
          AND lower(b.during) >= week.begins::timestamp AT TIME ZONE g.zone
          AND lower(b.during) < (week.begins + 7)::timestamp AT TIME ZONE g.zone
    ) told
) found
WHERE p.until IS NULL AND p.enrolment_id = ANY(%(enrolments)s)
""",
    {"enrolments": list, "now": datetime},
    {"came": [str(state) for state in Attendance.CAME], "short_week": SHORT_WEEK},
)
NEXT = Statement(
    "next_starts",
    """
SELECT DISTINCT ON (b.person_id, s.program_id) b.person_id, s.program_id, lower(b.during)
FROM scheduling_booking b JOIN scheduling_session s ON s.id = b.session_id
WHERE b.person_id = ANY(%(people)s) AND b.occupies AND lower(b.during) > %(now)s
ORDER BY b.person_id, s.program_id, lower(b.during)
""",
    {"people": list, "now": datetime},
)


@dataclass(frozen=True)
class Care:
    """Of the care that is prescribed for one week, in minutes and days: what was delivered, what is over and of which
    nobody has recorded yet who came, and what is booked ahead.

    Delivered are the minutes that the person was there. What they missed, were excused from or we cancelled counts
    nowhere, and leaves its hours to choose again.
    """

    held: int
    ahead: int
    days: frozenset[date]
    held_days: frozenset[date]
    wanted_hours: int
    wanted_days: int
    unrecorded: int = 0
    unrecorded_days: frozenset[date] = frozenset()

    @property
    def done(self) -> float:
        return self.held / 60

    @property
    def booked(self) -> float:
        """What is not known to be delivered but may be counted on: ahead, or over and not recorded yet."""
        return (self.unrecorded + self.ahead) / 60

    @property
    def projected(self) -> int:
        """Minutes that the week will have, if everybody keeps to what is booked."""
        return self.held + self.unrecorded + self.ahead

    @property
    def falls_short(self) -> bool:
        return self.projected < self.wanted_hours * 60 or len(self.days) < self.wanted_days

    @property
    def hours(self) -> str:
        return hours_read(self.projected)

    @property
    def hours_of_wanted(self) -> str:
        """6 of 9 hours; 10½ hours, 9 planned."""
        more = self.projected > self.wanted_hours * 60
        words = _("%(hours)s hours, %(wanted)s planned") if more else _("%(hours)s of %(wanted)s hours")
        return words % {"hours": self.hours, "wanted": self.wanted_hours}

    @property
    def days_of_wanted(self) -> str:
        """2 of 3 days; 4 days, 3 planned."""
        more = len(self.days) > self.wanted_days
        words = _("%(days)s days, %(wanted)s planned") if more else _("%(days)s of %(wanted)s days")
        return words % {"days": len(self.days), "wanted": self.wanted_days}

    @property
    def held_hours(self) -> str:
        return hours_read(self.held)

    @property
    def ahead_hours(self) -> str:
        return hours_read(self.ahead)

    @property
    def unrecorded_hours(self) -> str:
        return hours_read(self.unrecorded)

    @property
    def ahead_days(self) -> frozenset[date]:
        """Days on which nothing has been yet."""
        return self.days - self.held_days - self.unrecorded_days

    @property
    def open(self) -> int:
        return max(0, self.wanted_hours * 60 - self.projected)

    @property
    def open_hours(self) -> str:
        return hours_read(self.open)

    @property
    def open_words(self) -> str:
        """45 minutes, 1 hour, 7½ hours"""
        if self.open < 60:
            return ngettext("%(n)d minute", "%(n)d minutes", self.open) % {"n": self.open}
        count = 1 if self.open == 60 else 2
        return ngettext("%(hours)s hour", "%(hours)s hours", count) % {"hours": self.open_hours}


@dataclass(frozen=True)
class Planned:
    """What is prescribed to somebody at present, when their program's week began, and what it holds."""

    phase: str
    track: str
    week: date
    care: Care
    # Whether somebody saw, or is seeing to it, that this week holds too little.
    taken_on: bool


def planned_for(enrolments: Iterable[int], *, now: datetime) -> dict[int, Planned]:
    """By the key of the enrolment, those to whom nothing is prescribed left out. One query, and none for nobody."""
    keys = list(enrolments)
    if not keys:
        return {}
    return {enrolment: _planned(*row) for enrolment, *row in PLANNED.ask(enrolments=keys, now=now)}


def _planned(
    phase: str,
    track: str,
    week: date,
    hours: int,
    days: int,
    held: int,
    ahead: int,
    on: list[date] | None,
    held_on: list[date] | None,
    unrecorded: int,
    unrecorded_on: list[date] | None,
    taken_on: bool,
) -> Planned:
    care = Care(
        held=held,
        ahead=ahead,
        days=frozenset(on or ()),
        held_days=frozenset(held_on or ()),
        wanted_hours=hours,
        wanted_days=days,
        unrecorded=unrecorded,
        unrecorded_days=frozenset(unrecorded_on or ()),
    )
    return Planned(phase, track, week, care, taken_on)


def next_starts(people: Iterable[int], *, now: datetime) -> dict[tuple[int, int], datetime]:
    """When each person's next session begins, by person and program. One query, and none for nobody."""
    keys = list(people)
    if not keys:
        return {}
    return {(person, program): begins for person, program, begins in NEXT.ask(people=keys, now=now)}


def first_day(day: date, week_starts_on: int) -> date:
    return day - timedelta(days=(day.weekday() - week_starts_on) % 7)


def this_week(program: Program, now: datetime) -> date:
    policy = getattr(program, "policy", None) or ClinicalPolicy(program=program)
    return first_day(timezone.localdate(now, ZoneInfo(program.zone)), policy.week_starts_on)


def care_of(enrolment: Enrolment, begins: date, bookings: Iterable[Booking], *, now: datetime) -> Care | None:
    """Of the week that begins on a day, from the person's own bookings of it. One query."""
    found = Prescription.objects.current().filter(enrolment=enrolment).first()
    if found is None:
        return None
    found.enrolment = enrolment
    return _care_of(found, begins, bookings, now)


def _care_of(prescribed: Prescription, begins: date, bookings: Iterable[Booking], now: datetime) -> Care:
    enrolment = prescribed.enrolment
    zone = enrolment.program.zone
    first, end = local_midnight(begins, zone), local_midnight(begins + WEEK, zone)
    counted = [
        booking
        for booking in bookings
        if booking.occupies
        and booking.session.program_id == enrolment.program_id
        and booking.session.modality.counts
        and first <= booking.starts_at < end
    ]
    came = [booking for booking in counted if booking.attended in Attendance.CAME]
    unknown = [booking for booking in counted if booking.attended is None]
    over = [booking for booking in unknown if booking.ends_at <= now]
    ahead = [booking for booking in unknown if booking.ends_at > now]
    return Care(
        held=sum(booking.attended_minutes for booking in came),
        unrecorded=sum(booking.session.minutes for booking in over),
        ahead=sum(booking.session.minutes for booking in ahead),
        days=_days_of(came + unknown, ZoneInfo(zone)),
        held_days=_days_of(came, ZoneInfo(zone)),
        unrecorded_days=_days_of(over, ZoneInfo(zone)),
        wanted_hours=prescribed.hours,
        wanted_days=prescribed.days,
    )


def _days_of(bookings: Iterable[Booking], zone: ZoneInfo) -> frozenset[date]:
    return frozenset(timezone.localdate(booking.starts_at, zone) for booking in bookings)
