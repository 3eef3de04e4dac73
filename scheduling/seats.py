"""Seats: listed sessions as one person finds them, on the pages that offer them and under the locks of booking.

One statement says what may be booked, so that the two never disagree. It is written out, since putting it together
anew takes several times as long as running it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db import connection
from psycopg2.extras import DateTimeTZRange

from iop_portal.people.models import User
from scheduling.models import Booking, Session
from therapy.models import ClinicalPolicy, Modality

# Whether somebody would meet whom they are kept apart from: among those who lead it, have a place or are offered one.
MEETS = """EXISTS (
           SELECT FROM people_apart a
           WHERE a.until IS NULL AND (a.one_id = {person} OR a.other_id = {person}) AND (
               EXISTS (SELECT FROM scheduling_booking b
                       WHERE b.session_id = s.id AND b.occupies AND b.person_id = a.one_id + a.other_id - {person})
               OR EXISTS (SELECT FROM scheduling_facilitation f
                          WHERE f.session_id = s.id AND f.clinician_id = a.one_id + a.other_id - {person})
               OR EXISTS (SELECT FROM scheduling_waiting o
                          WHERE o.session_id = s.id AND o.state = 'offered'
                            AND o.person_id = a.one_id + a.other_id - {person})
           )
       )"""
# Of the programs that somebody is in; before admission assessments only; no family sessions, which are arranged with
# the family; led by somebody with a credential that is valid on that day, where the program is. Where nobody has
# changed what holds in a program, the defaults do.
SEATS = f"""
SELECT s.id, s.during, s.capacity,
       (SELECT count(*) FROM scheduling_booking b WHERE b.session_id = s.id AND b.occupies AND b.takes_seat)
       + (SELECT count(*) FROM scheduling_waiting w
          WHERE w.session_id = s.id AND w.state = 'offered' AND w.person_id <> %(person)s),
       (SELECT b.session_id FROM scheduling_booking b
        WHERE b.person_id = %(person)s AND b.occupies AND b.during && s.during
          AND b.id IS DISTINCT FROM %(instead_of)s LIMIT 1),
       {MEETS.format(person="%(person)s")},
       lower(s.during) < %(now)s + coalesce(p.notice_minutes, %(notice)s) * interval '1 minute',
       lower(s.during) > %(now)s + coalesce(p.horizon_days, %(horizon)s) * interval '24 hours',
       (SELECT count(*) FROM scheduling_waiting w WHERE w.session_id = s.id AND w.state = 'waiting'),
       EXISTS (SELECT FROM scheduling_waiting w
               WHERE w.session_id = s.id AND w.state = 'waiting' AND w.person_id <> %(person)s
                 AND (mine.id IS NULL OR w.id < mine.id)
                 AND NOT {MEETS.format(person="w.person_id")}),
       mine.id, coalesce(mine.state = 'offered' AND mine.expires_at > %(now)s, false)
FROM scheduling_session s
LEFT JOIN scheduling_waiting mine
  ON mine.session_id = s.id AND mine.person_id = %(person)s AND mine.ended_at IS NULL
JOIN people_enrolment e ON e.program_id = s.program_id
JOIN people_program g ON g.id = s.program_id
JOIN therapy_modality m ON m.id = s.modality_id
LEFT JOIN therapy_clinicalpolicy p ON p.program_id = s.program_id
WHERE s.live AND s.listed AND m.in_use AND m.format <> 'family' AND lower(s.during) > %(now)s
  AND e.client_id = %(person)s AND (e.state = 'admitted' OR (e.state = 'referred' AND m.for_applicants))
  AND EXISTS (
      SELECT FROM scheduling_facilitation f
      JOIN people_user u ON u.id = f.clinician_id
      JOIN therapy_clinician c ON c.user_id = f.clinician_id
      JOIN therapy_credential k ON k.clinician_id = c.id
      WHERE f.session_id = s.id AND u.is_active AND k.expires_on >= (lower(s.during) AT TIME ZONE g.zone)::date
  )
"""  # noqa: S608  texts of our own
ONE = "AND s.id = %(session)s"
BETWEEN = """
  AND s.modality_id = ANY(%(modalities)s) AND lower(s.during) >= %(begin)s AND lower(s.during) < %(end)s
  AND (s.video OR NOT %(video_only)s)
"""


@dataclass(frozen=True)
class Seat:
    """A session that is offered to a person. `clash` is the key of what they have booked over its time.

    Where they would meet somebody they are kept apart from it has no seat left, like a full one. `waiting` is how many
    wait for a place there; while one of them is `ahead` of this person and could take a place, a free one is theirs.
    `mine` is the key of this person's own place in the line, and `kept` says that a seat is offered to them.
    """

    session_id: int
    during: DateTimeTZRange
    capacity: int
    taken: int
    clash: int | None
    meets: bool
    too_soon: bool
    too_far: bool
    waiting: int
    ahead: bool
    mine: int | None
    kept: bool

    @property
    def begins(self) -> datetime:
        return cast(datetime, self.during.lower)

    @property
    def booked(self) -> bool:
        return self.clash == self.session_id

    @property
    def barred(self) -> bool:
        """Not for this person, however many seats there are."""
        return self.meets or (self.ahead and not self.kept)

    @property
    def left(self) -> int:
        return 0 if self.barred and not self.booked else max(0, self.capacity - self.taken)


def seats_between(
    person: User,
    modalities: Iterable[Modality],
    *,
    begin: datetime,
    end: datetime,
    video_only: bool,
    now: datetime,
    instead_of: Booking | None = None,
) -> list[Seat]:
    """What can be booked now and begins between two aware datetimes. One query.

    A booking that would be given up for it stands in nobody's way.
    """
    keys = [modality.pk for modality in modalities]
    span = {"modalities": keys, "begin": begin, "end": end, "video_only": video_only}
    found = _seats(SEATS + BETWEEN, person, now, instead_of, **span)
    own = instead_of.session_id if instead_of else None
    return [seat for seat in found if not seat.too_soon and not seat.too_far and seat.session_id != own]


def seat_in(session: Session, *, person: User, now: datetime, instead_of: Booking | None = None) -> Seat | None:
    """None where it is not offered to this person, whenever they ask. One query."""
    return next(iter(_seats(SEATS + ONE, person, now, instead_of, session=session.pk)), None)


def _seats(statement: str, person: User, now: datetime, instead_of: Booking | None, **values: Any) -> list[Seat]:
    usual = ClinicalPolicy()
    values |= {
        "person": person.pk,
        "instead_of": instead_of.pk if instead_of else None,
        "now": now,
        "notice": usual.notice_minutes,
        "horizon": usual.horizon_days,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [Seat(*row) for row in cursor.fetchall()]
