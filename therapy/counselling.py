"""Counselling notes: what was said, for who wrote it alone. They are in no record, no export and no other page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Program, User
from iop_portal.people.seeing import places_on_care_teams
from iop_portal.refusals import Refused
from iop_portal.writes import write
from therapy.models import CounsellingNote


class NotOnTheTeam(Refused):
    message = _("You are not on this client’s care team any more.")


class NothingWritten(Refused):
    message = _("Write something first.")
    constraint = "a_counselling_note_says_something"
    status = 400


class NotYourNote(Refused):
    message = _("You can add to a note of your own only.")


def notes_of(author: User, client: User, *, now: datetime) -> Sequence[CounsellingNote]:
    """The newest first, each with what was added to it. Two queries."""
    found = CounsellingNote.objects.visible_to(author, now).filter(client=client, amends=None)
    return list(found.prefetch_related("amendments"))


@write
def write_counselling_note(
    client: User, program: Program, *, text: str, amends: CounsellingNote | None = None, by: User, now: datetime
) -> CounsellingNote:
    """An entry that stays; what was wrong in it is said in a further one."""
    client = User.objects.lock_no_key(client.pk)
    if not places_on_care_teams(by, now).filter(enrolment__client=client, enrolment__program=program).exists():
        raise NotOnTheTeam
    if amends is not None and (amends.author_id, amends.client_id, amends.amends_id) != (by.pk, client.pk, None):
        raise NotYourNote
    if not text.strip():
        raise NothingWritten
    note = CounsellingNote.objects.create(
        client=client, program=program, author=by, amends=amends, text=text.strip(), written_at=now
    )
    trail.record("counselling_note.written", note, client=client, by=by, at=now)
    return note
