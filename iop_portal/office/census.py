"""The census of a program: how many people were where on a date, who came and who left. It counts, and names nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.utils.functional import Promise
from django.utils.text import capfirst

from iop_portal.people.models import Enrolment, Program
from therapy.models import Prescription

# What came and went is counted over so many days, the chosen one included.
SPAN = timedelta(days=30)

# Whoever is admitted or discharged on a day is counted as they were at its end.
STANDING = """
SELECT CASE WHEN e.admitted_on <= %(on)s THEN 'admitted' ELSE 'referred' END AS state, p.phase, t.name, count(*)
FROM people_enrolment e
LEFT JOIN LATERAL (
    SELECT phase, track_id FROM therapy_prescription p
    WHERE p.enrolment_id = e.id AND e.admitted_on <= %(on)s AND p.since <= %(on)s
    ORDER BY p.since DESC, p.id DESC LIMIT 1
) p ON true
LEFT JOIN therapy_track t ON t.id = p.track_id
WHERE e.program_id = %(program)s AND e.referred_on <= %(on)s
  AND (e.discharged_on IS NULL OR e.discharged_on > %(on)s)
GROUP BY 1, 2, 3
"""
MOVED = """
SELECT count(*) FILTER (WHERE referred_on > %(from)s AND referred_on <= %(on)s),
       count(*) FILTER (WHERE admitted_on > %(from)s AND admitted_on <= %(on)s)
FROM people_enrolment WHERE program_id = %(program)s
"""
ENDED = """
SELECT discharge_reason, count(*), sum(discharged_on - admitted_on), count(admitted_on)
FROM people_enrolment
WHERE program_id = %(program)s AND discharged_on > %(from)s AND discharged_on <= %(on)s
GROUP BY discharge_reason
"""
AVERAGE = """
SELECT round(avg(present.n), 1)
FROM generate_series(%(from)s::date + 1, %(on)s::date, '1 day') AS day
CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM people_enrolment e
    WHERE e.program_id = %(program)s AND e.admitted_on <= day::date
      AND (e.discharged_on IS NULL OR e.discharged_on > day::date)
) present
"""


@dataclass(frozen=True)
class Count:
    label: str | Promise
    number: int


@dataclass(frozen=True)
class Census:
    """On one date. `average` is of the admitted over the span, `days` how long those who left had been admitted."""

    on: date
    since: date
    referred: int
    admitted: int
    phases: Sequence[Count]
    tracks: Sequence[Count]
    came_in: int
    admissions: int
    left: Sequence[Count]
    average: float
    days: int | None

    @property
    def discharges(self) -> int:
        return sum(each.number for each in self.left)


def census_of(program: Program, on: date) -> Census:
    """Four queries, however many people there are."""
    values: dict[str, Any] = {"program": program.pk, "on": on, "from": on - SPAN}
    with connection.cursor() as cursor:
        cursor.execute(STANDING, values)
        standing = cursor.fetchall()
        cursor.execute(MOVED, values)
        came_in, admissions = cursor.fetchone()
        cursor.execute(ENDED, values)
        ended = cursor.fetchall()
        cursor.execute(AVERAGE, values)
        (average,) = cursor.fetchone()
    stayed = sum(days or 0 for _reason, _number, days, _counted in ended)
    counted = sum(number for _reason, _number, _days, number in ended)
    return Census(
        on=on,
        since=on - SPAN + timedelta(days=1),
        referred=sum(number for state, _phase, _track, number in standing if state == "referred"),
        admitted=sum(number for state, _phase, _track, number in standing if state == "admitted"),
        phases=[
            Count(capfirst(str(phase.label)), sum(number for _state, held, _track, number in standing if held == phase))
            for phase in Prescription.Phase
        ],
        tracks=[
            Count(name, sum(number for _state, _phase, track, number in standing if track == name))
            for name in sorted({track for _state, _phase, track, _number in standing if track})
        ],
        came_in=came_in,
        admissions=admissions,
        left=[Count(Enrolment.Reason(reason).label, number) for reason, number, _days, _counted in sorted(ended)],
        average=float(average or 0),
        days=round(stayed / counted) if counted else None,
    )
