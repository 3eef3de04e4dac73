"""Notes of clinicians. Progress notes are a part of the record; counselling notes are kept apart from it.

Counselling notes hold what was said in a session (45 CFR 164.501, 42 CFR 2.11): their author reads them, nobody else.
What a note has about a session is its time, what kind it was, and the key of the place in it, which scheduling knows.
"""

from __future__ import annotations

from datetime import datetime
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from iop_portal.audit.models import AppendOnly
from iop_portal.people.models import BrokenGlass, Program, User
from iop_portal.people.roles import Role
from iop_portal.people.seeing import places_on_care_teams, programs_of
from iop_portal.sealing import SealedTextField
from therapy.models.catalogue import Modality


class NoteQuerySet(models.QuerySet["Note"]):
    def signed(self) -> Self:
        return self.filter(signed_at__isnull=False)

    def visible_to(self, user: User, now: datetime | None = None) -> Self:
        """Signed ones: the client's own, of one's care teams there, behind glass broken there, and those one co-signs.
        Whoever writes one has it before that, while they work there."""
        now = now or timezone.now()
        works = programs_of(user, Role.CLINICIAN, now)
        cared_for = places_on_care_teams(user, now).filter(
            enrolment__client=OuterRef("client"), enrolment__program=OuterRef("program")
        )
        glass = BrokenGlass.objects.open_at(now).filter(
            clinician=user, client=OuterRef("client"), program=OuterRef("program")
        )
        read_by_staff = (
            Q(Exists(cared_for)) | Q(Exists(glass), program__in=works) | Q(supervisor=user, program__in=works)
        )
        written = Q(author=user, program__in=works)
        return self.filter(
            Q(client=user, signed_at__isnull=False) | written | Q(read_by_staff, signed_at__isnull=False)
        )

    def unsigned_by(self, author: User) -> Self:
        return self.visible_to(author).filter(author=author, signed_at=None)

    def to_sign_by(self, clinician: User) -> Self:
        """Their own without a signature, and their interns’ without a second one: of those that `visible_to` has, in
        the programs where they work."""
        own = Q(author=clinician, signed_at=None)
        second = Q(supervisor=clinician, signed_at__isnull=False, cosigned_at=None)
        return self.filter(own | second, program__in=programs_of(clinician, Role.CLINICIAN))


class Note(models.Model):
    """One progress note. Until it is signed it is its author's; then it never changes, and amendments follow it."""

    client = models.ForeignKey(User, models.PROTECT, related_name="notes_about")
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    author = models.ForeignKey(User, models.PROTECT, related_name="notes_written")
    modality = models.ForeignKey(Modality, models.PROTECT, null=True, related_name="+")
    held_at = models.DateTimeField(null=True)
    place_key = models.BigIntegerField(null=True)
    text = SealedTextField(blank=True)
    begun_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    # Whose intern the author was when they signed: their signature is asked for as well.
    supervisor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    cosigned_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(NoteQuerySet)()

    class Meta:
        ordering = ("-begun_at", "-pk")
        constraints = [
            models.UniqueConstraint(fields=["author", "place_key"], name="one_note_of_an_author_for_a_place"),
            models.CheckConstraint(name="a_signed_note_says_something", condition=Q(signed_at=None) | ~Q(text="")),
            models.CheckConstraint(name="nobody_writes_notes_about_themself", condition=~Q(author=F("client"))),
            models.CheckConstraint(
                name="only_a_signed_note_waits_for_a_co_signature",
                condition=Q(supervisor=None) | Q(signed_at__isnull=False) & ~Q(supervisor=F("author")),
            ),
            models.CheckConstraint(
                name="a_co_signature_is_the_supervisor_s", condition=Q(cosigned_at=None) | Q(supervisor__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-begun_at"], name="notes_by_client"),
            models.Index(fields=["author"], condition=Q(signed_at=None), name="notes_unsigned"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="a_signed_note_never_changes",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.signed_at IS NOT NULL"),
                func="""
                    IF TG_OP = 'DELETE' OR OLD.cosigned_at IS NOT NULL
                        OR (OLD.client_id, OLD.program_id, OLD.author_id, OLD.modality_id, OLD.held_at, OLD.place_key,
                            OLD.text, OLD.begun_at, OLD.signed_at, OLD.supervisor_id)
                        IS DISTINCT FROM
                           (NEW.client_id, NEW.program_id, NEW.author_id, NEW.modality_id, NEW.held_at, NEW.place_key,
                            NEW.text, NEW.begun_at, NEW.signed_at, NEW.supervisor_id)
                    THEN
                        RAISE EXCEPTION 'a signed note stays as it is'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_signed_note_never_changes';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"Note #{self.pk}"

    @property
    def is_signed(self) -> bool:
        return self.signed_at is not None

    @property
    def waits_for_co_signature(self) -> bool:
        return self.supervisor_id is not None and self.cosigned_at is None


class Amendment(AppendOnly):
    """What was added to a signed note. The note beneath it stays as it was."""

    note = models.ForeignKey(Note, models.PROTECT, related_name="amendments")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    text = SealedTextField()
    added_at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        ordering = ("pk",)
        constraints = [models.CheckConstraint(name="an_amendment_says_something", condition=~Q(text=""))]
        triggers = [
            *AppendOnly.Meta.triggers,
            pgtrigger.Trigger(
                name="only_signed_notes_are_amended",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NOT EXISTS (
                        SELECT FROM therapy_note n WHERE n.id = NEW.note_id AND n.signed_at IS NOT NULL FOR KEY SHARE
                    ) THEN
                        RAISE EXCEPTION 'the note is not signed yet'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'only_signed_notes_are_amended';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Amendment #{self.pk}"


class CounsellingNoteQuerySet(models.QuerySet["CounsellingNote"]):
    def visible_to(self, user: User, now: datetime | None = None) -> Self:
        """Their author's alone, while they are on the client's care team there. Neither the client, nor colleagues, nor
        an emergency access, nor a supervisor opens them."""
        cared_for = places_on_care_teams(user, now).filter(
            enrolment__client=OuterRef("client"), enrolment__program=OuterRef("program")
        )
        return self.filter(Exists(cared_for), author=user)


class CounsellingNote(AppendOnly):
    """One entry. What amends an earlier one says which."""

    client = models.ForeignKey(User, models.PROTECT, related_name="+")
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    amends = models.ForeignKey("self", models.PROTECT, null=True, related_name="amendments")
    text = SealedTextField()
    written_at = models.DateTimeField()

    objects = models.Manager.from_queryset(CounsellingNoteQuerySet)()

    class Meta(AppendOnly.Meta):
        ordering = ("-pk",)
        constraints = [
            models.CheckConstraint(name="a_counselling_note_says_something", condition=~Q(text="")),
            models.CheckConstraint(
                name="nobody_writes_counselling_notes_about_themself", condition=~Q(author=F("client"))
            ),
        ]

    def __str__(self) -> str:
        return f"Counselling note #{self.pk}"
