"""What a program asks its clients to sign, by version, and who signed what. Neither ever changes."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from iop_portal.audit.models import AppendOnly
from iop_portal.people.models import Enrolment, Program, User


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def newest(self) -> Self:
        """Of each kind in each program the one that holds."""
        later = Agreement.objects.filter(
            program=OuterRef("program"), kind=OuterRef("kind"), version__gt=OuterRef("version")
        )
        return self.filter(~Exists(later))

    def visible_to(self, client: User) -> Self:
        """What they signed, whenever that was, and what holds in the programs that they are in."""
        signed = Signature.objects.filter(agreement=OuterRef("pk"), client=client)
        here = Enrolment.objects.live().filter(client=client).values("program")
        return self.filter(Q(Exists(signed)) | Q(pk__in=Agreement.objects.newest().filter(program__in=here)))

    def run_by(self, user: User) -> Self:
        return self.filter(program__in=Program.objects.run_by(user))

    def owed_by(self, client: User) -> Self:
        """What holds where they are in care, is asked for, and is not signed in this version.

        Before admission the agreement about video alone: there is nothing yet that the others would be about.
        """
        signed = Signature.objects.filter(agreement=OuterRef("pk"), client=client)
        live = Enrolment.objects.filter(client=client, program=OuterRef("program"))
        admitted, referred = (
            live.filter(state=state) for state in (Enrolment.State.ADMITTED, Enrolment.State.REFERRED)
        )
        concerns = Q(Exists(admitted)) | Q(Exists(referred), kind=Agreement.Kind.TELEHEALTH)
        return self.newest().filter(~Exists(signed), concerns, asked_for=True)


class Agreement(AppendOnly):
    """One version of one text. One that is not asked for ends the asking; what was signed before stays signed."""

    class Kind(models.TextChoices):
        RULES = "rules", _("How we treat one another here")
        GROUP = "group", _("What is said in a group stays there")
        TELEHEALTH = "telehealth", _("Meeting by video")

    program = models.ForeignKey(Program, models.PROTECT, related_name="agreements")
    kind = models.CharField(max_length=10, choices=Kind)
    version = models.PositiveSmallIntegerField()
    text = models.TextField()
    asked_for = models.BooleanField(default=True)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    objects = models.Manager.from_queryset(AgreementQuerySet)()

    class Meta(AppendOnly.Meta):
        ordering = ("program", "kind", "-version")
        constraints = [
            models.UniqueConstraint(fields=["program", "kind", "version"], name="versions_of_an_agreement_are_counted"),
            models.CheckConstraint(
                name="an_agreement_is_of_a_known_kind", condition=Q(kind__in=["rules", "group", "telehealth"])
            ),
            models.CheckConstraint(name="an_agreement_says_something", condition=~Q(text="")),
            models.CheckConstraint(name="versions_begin_at_one", condition=Q(version__gte=1)),
        ]

    def __str__(self) -> str:
        return f"Agreement #{self.pk}"


class Signature(AppendOnly):
    """A client typed their name under one version."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="signatures")
    client = models.ForeignKey(User, models.PROTECT, related_name="signatures")
    signed_name = models.CharField(max_length=150)
    signed_at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        ordering = ("-signed_at", "-pk")
        constraints = [
            models.UniqueConstraint(fields=["agreement", "client"], name="an_agreement_is_signed_once"),
            models.CheckConstraint(name="a_signature_has_a_name", condition=~Q(signed_name="")),
        ]
        triggers = [
            *AppendOnly.Meta.triggers,
            pgtrigger.Trigger(
                name="what_holds_is_signed_by_who_is_there",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("held", "therapy_agreement")],
                func="""
                    SELECT * INTO held FROM therapy_agreement WHERE id = NEW.agreement_id;
                    IF EXISTS (
                        SELECT FROM therapy_agreement a
                        WHERE a.program_id = held.program_id AND a.kind = held.kind AND a.version > held.version
                    ) THEN
                        RAISE EXCEPTION 'there is a newer text'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'the_newest_version_is_signed';
                    ELSIF NOT EXISTS (
                        SELECT FROM people_enrolment e
                        WHERE e.client_id = NEW.client_id AND e.program_id = held.program_id
                        AND e.state IN ('referred', 'admitted')
                    ) THEN
                        RAISE EXCEPTION 'not in the program'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'agreements_are_signed_by_who_is_there';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Signature #{self.pk}"
