"""Who gives a modality to a person. Written out for the same reason as `seats`: it is asked for every list of times."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from iop_portal.people.models import User
from therapy.models import Modality

GIVERS = """
SELECT u.*, least(valid.until, u.intern_until) AS until
FROM people_user u
JOIN therapy_clinician c ON c.user_id = u.id
JOIN therapy_clinician_gives g ON g.clinician_id = c.id
CROSS JOIN LATERAL (SELECT max(k.expires_on) AS until FROM therapy_credential k WHERE k.clinician_id = c.id) valid
WHERE g.modality_id = %(modality)s AND u.is_active AND valid.until >= %(on)s
  AND (u.intern_until IS NULL OR u.intern_until >= %(on)s)
  AND (%(only)s::bigint IS NULL OR u.id = %(only)s)
  AND EXISTS (
      SELECT FROM people_roleheld r
      WHERE r.user_id = u.id AND r.program_id = %(program)s AND r.role = 'clinician'
  )
  AND NOT EXISTS (
      SELECT FROM people_apart a
      WHERE a.until IS NULL
        AND ((a.one_id = %(person)s AND a.other_id = u.id) OR (a.other_id = %(person)s AND a.one_id = u.id))
  )
ORDER BY u.preferred_name, u.surname, c.id
"""


def givers_of(modality: Modality, *, person: User, on: datetime, only: User | None = None) -> dict[User, date]:
    """Who works for the program, has a credential valid on that day there, and is not kept apart from the person.

    With each the last day of it, by their credentials and, of an intern, by that; `only` one of them, perhaps. One
    query.
    """
    day = on.astimezone(ZoneInfo(modality.program.zone)).date()
    values = {
        "modality": modality.pk,
        "program": modality.program_id,
        "person": person.pk,
        "on": day,
        "only": only.pk if only else None,
    }
    return {giver: cast(Any, giver).until for giver in User.objects.raw(GIVERS, values)}
