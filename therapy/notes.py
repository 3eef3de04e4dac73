"""Progress notes: written, signed, co-signed where an intern wrote them, and amended by appending."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Program, User
from iop_portal.people.roles import Role
from iop_portal.people.seeing import places_on_care_teams, programs_of, still_works
from iop_portal.prepared import prepared
from iop_portal.refusals import Refused
from iop_portal.writes import write
from therapy.models import Amendment, Clinician, Modality, Note
from therapy.models.notes import NoteQuerySet


class NotYours(Refused):
    message = _("Only who wrote this note can do that.")


class SignedAlready(Refused):
    message = _("This note is signed and stays as it is. Add to it instead.")
    constraint = "a_signed_note_never_changes"


class SaysNothing(Refused):
    message = _("Write the note before you sign it.")
    constraint = "a_signed_note_says_something"
    status = 400


class NothingAdded(Refused):
    message = _("Write what you want to add.")
    constraint = "an_amendment_says_something"
    status = 400


class NotSignedYet(Refused):
    message = _("This note is not signed yet: change it itself.")
    constraint = "only_signed_notes_are_amended"


class SupervisorAmends(Refused):
    message = _("You are an intern: ask your supervisor to add to this note.")


class NotToBeCosigned(Refused):
    message = _("This note does not wait for your signature.")


class InternshipOver(Refused):
    message = _("Your internship is over, so you cannot write notes any more. Please speak with the office.")
    status = 403


@dataclass(frozen=True)
class About:
    """The session that a note is about: `place_key` is the key of the client's place in it."""

    modality: Modality
    held_at: datetime
    place_key: int


def own_notes(client: User) -> NoteQuerySet:
    """All signed ones about a client, as they read them themself."""
    return _whole(Note.objects.signed().filter(client=client))


def notes_about(client: User, *, reader: User, now: datetime) -> NoteQuerySet:
    """What a clinician may read, with what they have begun themself."""
    return _whole(Note.objects.visible_to(reader, now).filter(client=client))


def to_sign_by(clinician: User) -> list[Note]:
    """Their own first, the oldest of each first. With the names of the clients. One query."""
    return _to_sign(clinician.pk)


@prepared(int)
def _to_sign(clinician: int) -> NoteQuerySet:
    found = Note.objects.to_sign_by(User(pk=clinician)).select_related("client")
    names = [f"client__{name}" for name in ("preferred_name", "surname")]
    return found.only("signed_at", "author", *names).order_by(F("signed_at").asc(nulls_first=True), "begun_at", "pk")


def amendments_of(note: Note) -> QuerySet[Amendment]:
    return note.amendments.select_related("author")


def is_intern(user: User) -> bool:
    return Clinician.objects.filter(user=user, supervisor__isnull=False).exists()


def may_amend(note: Note, by: User) -> bool:
    """The author and, of an intern's note, the supervisor in their stead."""
    return note.is_signed and by.pk == (note.supervisor_id or note.author_id)


@write
def begin_note(client: User, program: Program, *, about: About | None = None, by: User, now: datetime) -> Note:
    """A note to be written. Of one place in a session an author has one, which is found again."""
    client = User.objects.lock_no_key(client.pk)
    _may_write(by, program, now)
    if about is None:
        if not places_on_care_teams(by, now).filter(enrolment__client=client, enrolment__program=program).exists():
            raise NotYours
    elif found := Note.objects.filter(author=by, place_key=about.place_key).first():
        return found
    note = Note.objects.create(
        client=client,
        program=program,
        author=by,
        modality=about.modality if about else None,
        held_at=about.held_at if about else None,
        place_key=about.place_key if about else None,
        begun_at=now,
    )
    trail.record("note.begun", note, client=client, by=by, at=now)
    return note


@write
def save_note(note: Note, *, text: str, by: User, now: datetime) -> Note:
    """Kept and not signed: nobody else reads it."""
    held = _own_unsigned(note, by, now)
    held.text = text.strip()
    held.save(update_fields=["text"])
    return held


@write
def sign_note(note: Note, *, text: str, by: User, now: datetime) -> Note:
    """From now on it is part of the record, and the client reads it. An intern's waits for the supervisor's signature
    besides."""
    held = _own_unsigned(note, by, now)
    if not text.strip():
        raise SaysNothing
    intern = Clinician.objects.filter(user=by, supervisor__isnull=False).first()
    held.text, held.signed_at = text.strip(), now
    held.supervisor_id = intern.supervisor_id if intern else None
    held.save(update_fields=["text", "signed_at", "supervisor"])
    trail.record("note.signed", held, client=held.client, by=by, at=now)
    return held


@write
def discard_note(note: Note, *, by: User, now: datetime) -> None:
    """It was never part of the record."""
    held = _own_unsigned(note, by, now)
    trail.record("note.discarded", held, client=held.client, by=by, at=now)
    held.delete()


@write
def cosign_note(note: Note, *, by: User, now: datetime) -> Note:
    held = _locked(note)
    _may_write(by, held.program, now)
    if held.supervisor_id != by.pk or not held.waits_for_co_signature:
        raise NotToBeCosigned
    held.cosigned_at = now
    held.save(update_fields=["cosigned_at"])
    trail.record("note.cosigned", held, client=held.client, by=by, at=now)
    return held


@write
def amend_note(note: Note, *, text: str, by: User, now: datetime) -> Amendment:
    """Added beneath it, with its own name and time. Of an intern's note the supervisor does it."""
    held = _locked(note)
    _may_write(by, held.program, now)
    if not held.is_signed:
        raise NotSignedYet
    if not may_amend(held, by):
        raise SupervisorAmends if by.pk == held.author_id else NotYours
    if not text.strip():
        raise NothingAdded
    added = Amendment.objects.create(note=held, author=by, text=text.strip(), added_at=now)
    trail.record("note.amended", added, client=held.client, by=by, at=now)
    return added


def read_note(note: Note, *, by: User, now: datetime) -> None:
    """Staff read nothing of others without a trace."""
    if by.pk not in (note.client_id, note.author_id):
        trail.record("note.read", note, client=note.client, by=by, at=now)


def _whole(notes: NoteQuerySet) -> NoteQuerySet:
    return notes.select_related("client", "program", "author", "supervisor", "modality")


def _locked(note: Note) -> Note:
    found = Note.objects.select_for_update(of=("self",), no_key=True)
    return found.select_related("client", "program").get(pk=note.pk)


def _own_unsigned(note: Note, by: User, now: datetime) -> Note:
    held = _locked(note)
    if held.author_id != by.pk:
        raise NotYours
    _may_write(by, held.program, now)
    if held.is_signed:
        raise SignedAlready
    return held


def _may_write(by: User, program: Program, now: datetime) -> None:
    """Whoever works in the program, and is no intern whose time is over."""
    if not User.objects.filter(still_works(now=now), pk=by.pk).exists():
        raise InternshipOver
    if not programs_of(by, Role.CLINICIAN, now).filter(program=program).exists():
        raise NotYours
