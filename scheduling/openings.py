"""Open times: when a clinician could still take somebody, found by PostgreSQL as ranges.

Hours minus busy minus buffers, within notice and horizon; hours that are kept for something else, or lie in time off,
are none. They are wall-clock times of the program's zone. Where a clock change skips a wall time, it counts as long
after midnight as it would have (2:30 becomes 3:30); where one comes twice, the later is meant. A stretch that the
change leaves without length is dropped. On days when the program is closed there is none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from psycopg2.extras import DateTimeTZRange

from iop_portal.people.models import User
from scheduling.models import Session
from therapy.models import ClinicalPolicy, Modality

STEP = timedelta(minutes=30)

OPEN_RANGES = """
WITH days AS (
    SELECT each::date AS day FROM generate_series(
        (%(begin)s AT TIME ZONE %(zone)s)::date - 1, (%(end)s AT TIME ZONE %(zone)s)::date + 1, '1 day'
    ) AS each
    WHERE NOT EXISTS (
        SELECT FROM scheduling_closure x
        WHERE x.program_id = %(program)s AND each::date BETWEEN x.begins_on AND x.ends_on
    )
),
worked AS (
    SELECT h.clinician_id, h.room_id, h.video,
           (days.day + h.begins) AT TIME ZONE %(zone)s AS begins, (days.day + h.ends) AT TIME ZONE %(zone)s AS ends
    FROM scheduling_weeklyhours h
    JOIN days ON extract(isodow FROM days.day) = h.weekday + 1
    WHERE h.program_id = %(program)s AND h.clinician_id = ANY(%(clinicians)s)
      AND NOT EXISTS (
          SELECT FROM scheduling_dayexception x
          WHERE x.clinician_id = h.clinician_id AND x.program_id = h.program_id AND x.on = days.day
      )
      AND coalesce((
          SELECT bool_or(k.modality_id = %(modality)s) FROM scheduling_weeklyhours_only_for k
          WHERE k.weeklyhours_id = h.id
      ), true)
    UNION ALL
    SELECT x.clinician_id, o.room_id, o.video,
           (x.on + o.begins) AT TIME ZONE %(zone)s, (x.on + o.ends) AT TIME ZONE %(zone)s
    FROM scheduling_otherhours o
    JOIN scheduling_dayexception x ON x.id = o.exception_id
    JOIN days ON days.day = x.on
    WHERE x.program_id = %(program)s AND x.clinician_id = ANY(%(clinicians)s)
      AND coalesce((
          SELECT bool_or(k.modality_id = %(modality)s) FROM scheduling_otherhours_only_for k
          WHERE k.otherhours_id = o.id
      ), true)
),
places AS (
    SELECT clinician_id, room_id, tstzrange(begins, ends) AS stretch FROM worked
    WHERE begins < ends AND room_id IS NOT NULL
    UNION ALL
    SELECT clinician_id, NULL, tstzrange(begins, ends) FROM worked WHERE begins < ends AND video
),
hours AS (
    SELECT clinician_id, room_id, range_agg(stretch) AS open FROM places GROUP BY clinician_id, room_id
),
busy AS (
    SELECT clinician_id,
           range_agg(tstzrange(lower(during) - %(buffer)s::interval, upper(during) + %(buffer)s::interval)) AS taken
    FROM scheduling_facilitation
    WHERE live AND clinician_id = ANY(%(clinicians)s) AND session_id IS DISTINCT FROM %(besides)s
      AND during && tstzrange(
          %(begin)s::timestamptz - %(buffer)s::interval, %(end)s::timestamptz + %(buffer)s::interval
      )
    GROUP BY clinician_id
),
full_rooms AS (
    SELECT room_id, range_agg(during) AS taken
    FROM scheduling_session
    WHERE live AND room_id IN (SELECT room_id FROM hours) AND during && tstzrange(%(begin)s, %(end)s)
      AND id IS DISTINCT FROM %(besides)s
    GROUP BY room_id
),
away AS (
    SELECT clinician_id, range_agg(during) AS taken FROM scheduling_timeoff
    WHERE ended_at IS NULL AND program_id = %(program)s AND clinician_id = ANY(%(clinicians)s)
      AND during && tstzrange(%(begin)s, %(end)s)
    GROUP BY clinician_id
),
own AS (
    SELECT range_agg(during) AS taken FROM scheduling_booking
    WHERE person_id = %(person)s AND occupies AND during && tstzrange(%(begin)s, %(end)s)
      AND session_id IS DISTINCT FROM %(besides)s
)
SELECT hours.clinician_id, hours.room_id, lower(stretch), upper(stretch)
FROM hours
LEFT JOIN busy USING (clinician_id)
LEFT JOIN away USING (clinician_id)
LEFT JOIN full_rooms ON full_rooms.room_id = hours.room_id
CROSS JOIN own
CROSS JOIN LATERAL unnest(
    hours.open * tstzmultirange(tstzrange(%(begin)s, %(end)s))
    - coalesce(busy.taken, '{}') - coalesce(away.taken, '{}') - coalesce(full_rooms.taken, '{}')
    - coalesce(own.taken, '{}')
) AS stretch
ORDER BY lower(stretch), hours.clinician_id, hours.room_id NULLS LAST
"""


@dataclass(frozen=True)
class Opening:
    """A stretch of time in which a clinician is free. `room_id` is None where it is by video."""

    clinician_id: int
    room_id: int | None
    begins: datetime
    ends: datetime


@dataclass(frozen=True, order=True)
class Start:
    """A time that can be booked."""

    begins: datetime
    ends: datetime
    clinician_id: int
    room_id: int | None

    @property
    def during(self) -> DateTimeTZRange:
        return DateTimeTZRange(self.begins, self.ends, "[)")

    @property
    def minutes(self) -> int:
        return (self.ends - self.begins) // timedelta(minutes=1)


def bookable_window(policy: ClinicalPolicy, *, now: datetime) -> tuple[datetime, datetime]:
    """From the shortest notice to the horizon, as aware datetimes."""
    return now + policy.notice, now + policy.horizon


def openings(
    clinicians: Collection[User | int],
    *,
    modality: Modality,
    policy: ClinicalPolicy,
    begin: datetime,
    end: datetime,
    now: datetime,
    person: User | None = None,
    besides: Session | None = None,
) -> list[Opening]:
    """Where any of the clinicians could give a modality between two aware datetimes, cut to notice and horizon.

    One query. With a person: where they have nothing booked themselves either.
    A session that is just being made, or would be given up, stands in nobody's way: see it `besides`.
    """
    first, last = bookable_window(policy, now=now)
    begin, end = max(begin, first), min(end, last)
    if begin >= end or not clinicians:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            OPEN_RANGES,
            {
                "begin": begin,
                "end": end,
                "zone": modality.program.zone,
                "program": modality.program_id,
                "modality": modality.pk,
                "clinicians": [who if isinstance(who, int) else who.pk for who in clinicians],
                "buffer": f"{policy.buffer_minutes} minutes",
                "person": person.pk if person else None,
                "besides": besides.pk if besides else None,
            },
        )
        return [Opening(*row) for row in cursor.fetchall()]


def starts(open_stretches: Iterable[Opening], *, minutes: int, zone: str) -> Iterator[Start]:
    """The times to offer: on the hour and half hour of the wall clock, where the whole length fits."""
    length = timedelta(minutes=minutes)
    for opening in open_stretches:
        begins = _next_half_hour(opening.begins, ZoneInfo(zone))
        while begins + length <= opening.ends:
            yield Start(begins, begins + length, opening.clinician_id, opening.room_id)
            begins += STEP


def _next_half_hour(moment: datetime, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    past = timedelta(minutes=local.minute % 30, seconds=local.second, microseconds=local.microsecond)
    return moment + (STEP - past if past else timedelta(0))
