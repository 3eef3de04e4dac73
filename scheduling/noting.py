"""Notes about sessions: who was there is known here, and the note is therapy's."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import Enrolment, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.models import Booking
from therapy import notes
from therapy.models import Note


class NotBegun(Refused):
    message = _("A note is written once the session has begun.")


class NoClient(Refused):
    message = _("Notes are about clients. This person is not one here.")


@write
def begin_note_of(place: Booking, *, by: User, now: datetime) -> Note:
    """The note of one clinician about one client in one session. The one they began before is found again."""
    session = place.session
    if now < place.starts_at:
        raise NotBegun
    if not Enrolment.objects.filter(client=place.person, program=session.program_id).exists():
        raise NoClient
    about = notes.About(session.modality, place.starts_at, place.pk)
    return notes.begin_note(place.person, session.program, about=about, by=by, now=now)
