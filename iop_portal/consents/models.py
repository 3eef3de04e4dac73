"""Consents to disclose, with the elements of 42 CFR 2.31 as columns. What was signed never changes."""

from __future__ import annotations

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from iop_portal.audit.models import AppendOnly
from iop_portal.people.models import UNPRINTABLE, Program, User, known_zone, plain_line
from iop_portal.people.roles import Role
from iop_portal.people.seeing import programs_of


def local_date(moment: str, zone: str) -> Func:
    return Func(zone, moment, template="(timezone(%(expressions)s))::date", output_field=models.DateField())


def end_of_local_day(day: str, zone: str) -> Func:
    following = Func(day, template="(%(expressions)s + 1)::timestamp", output_field=models.DateTimeField())
    return Func(zone, following, function="timezone", output_field=models.DateTimeField())


class Category(models.TextChoices):
    """What may be told. One category per consent, so that each can be withdrawn by itself."""

    APPOINTMENTS = "appointments", _("When I have appointments")
    ATTENDANCE = "attendance", _("How often I came")
    PROGRESS = "progress", _("How I am getting on, in general")
    PLAN = "plan", _("Parts of my plan that I choose")
    EMERGENCY = "emergency", _("That I may be in danger, in an emergency")
    AFTERCARE = "aftercare", _("My discharge and what comes after")
    FAMILY_SESSIONS = "family_sessions", _("When and where family sessions are")


class Purpose(models.TextChoices):
    PATIENT_REQUEST = "request", _("Because I ask for it")
    CARE = "care", _("So that we can care for me together")
    WORK_OR_SCHOOL = "work", _("For my work or my school")
    BENEFITS = "benefits", _("For insurance or benefits")


class ConsentQuerySet(models.QuerySet["Consent"]):
    def live(self, now: datetime) -> ConsentQuerySet:
        """Signed, not withdrawn, not expired: the one rule for the whole house."""
        return self.filter(signed_at__lte=now, ends_at__gt=now, revocation=None)

    def over(self, now: datetime) -> ConsentQuerySet:
        return self.filter(Q(ends_at__lte=now) | Q(revocation__isnull=False))

    def to_the_same_as(self, consent: Consent) -> ConsentQuerySet:
        """Whatever else the same client permits the same recipient to be told."""
        return self.filter(client=consent.client_id).to(
            consent.recipient_id, consent.recipient_name, consent.recipient_relation
        )

    def to(self, recipient_id: int | None, name: str, relation: str) -> ConsentQuerySet:
        """A recipient is an account where they have one, else a name with a relation."""
        if recipient_id is not None:
            return self.filter(recipient=recipient_id)
        return self.filter(recipient=None, recipient_name__iexact=name, recipient_relation__iexact=relation)

    def visible_to(self, user: User, now: datetime) -> ConsentQuerySet:
        """The client's own, and those that a clinician works with."""
        return self.filter(Q(client=user) | Q(pk__in=Consent.objects.usable_by(user, now).values("pk")))

    def usable_by(self, clinician: User, now: datetime) -> ConsentQuerySet:
        """Of clients whose record one may read, given to a program where one works: another program may not tell."""
        others = User.objects.open_to(clinician, now).exclude(pk=clinician.pk)
        return self.filter(client__in=others, program__in=programs_of(clinician, Role.CLINICIAN))


class Consent(AppendOnly):
    """42 CFR 2.31(a): patient, discloser, description, recipient, purpose, right to revoke, expiry, signature, date.

    It ends with the last minute of its last day, in the zone of the program at the time of signing.
    """

    client = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="consents")
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    discloser = models.CharField(max_length=200)
    category = models.CharField(max_length=20, choices=Category)
    recipient_name = models.CharField(max_length=120, validators=[plain_line])
    recipient_relation = models.CharField(max_length=120, blank=True, validators=[plain_line])
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    purpose = models.CharField(max_length=10, choices=Purpose)
    expires_on = models.DateField()
    zone = models.CharField(max_length=60, validators=[known_zone])
    ends_at = models.GeneratedField(
        expression=end_of_local_day("expires_on", "zone"), output_field=models.DateTimeField(), db_persist=True
    )
    right_to_revoke = models.TextField()
    text = models.TextField()
    text_version = models.CharField(max_length=20)
    language = models.CharField(max_length=12)
    signed_name = models.CharField(max_length=150, validators=[plain_line])
    signed_at = models.DateTimeField()

    objects = models.Manager.from_queryset(ConsentQuerySet)()

    class Meta(AppendOnly.Meta):
        ordering = ("-signed_at", "-pk")
        indexes = [models.Index(fields=["client", "ends_at"], name="consents_by_client_and_end")]
        constraints = [
            models.CheckConstraint(
                name="a_consent_is_whole",
                condition=~Q(discloser="")
                & ~Q(recipient_name="")
                & ~Q(right_to_revoke="")
                & ~Q(text="")
                & ~Q(signed_name=""),
            ),
            models.CheckConstraint(
                name="a_consent_names_what_and_why",
                condition=Q(category__in=Category.values) & Q(purpose__in=Purpose.values),
            ),
            models.CheckConstraint(
                name="a_consent_ends_after_it_begins", condition=Q(expires_on__gte=local_date("signed_at", "zone"))
            ),
            models.CheckConstraint(
                name="a_recipient_is_a_plain_line",
                condition=~Q(recipient_name__regex=UNPRINTABLE) & ~Q(recipient_relation__regex=UNPRINTABLE),
            ),
            models.CheckConstraint(
                name="nobody_consents_to_telling_themself",
                condition=Q(recipient=None) | ~Q(recipient=F("client")),
            ),
        ]

    def __str__(self) -> str:
        return f"Consent #{self.pk}"


class Revocation(AppendOnly):
    """A consent was withdrawn: a new fact, beside the one that it ends.

    Withdrawing and telling wait for one another, by an advisory lock, since the role that runs the portal may
    not lock rows of a table that it may only add to.
    """

    consent = models.OneToOneField(Consent, models.PROTECT, related_name="revocation")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        triggers = [
            *AppendOnly.Meta.triggers,
            pgtrigger.Trigger(
                name="consents_are_withdrawn_by_their_client",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    PERFORM pg_advisory_xact_lock(hashtextextended('consent ' || NEW.consent_id, 0));
                    IF NOT EXISTS (SELECT 1 FROM consents_consent c
                                   WHERE c.id = NEW.consent_id AND c.client_id = NEW.by_id
                                     AND c.signed_at <= NEW.at)
                    THEN
                        RAISE EXCEPTION 'not a consent of this person at this time'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'consents_are_withdrawn_by_their_client';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Revocation #{self.pk}"


class Disclosure(AppendOnly):
    """Something was told, on the strength of a consent that was live at that moment (42 CFR 2.25)."""

    consent = models.ForeignKey(Consent, models.PROTECT, related_name="disclosures")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    what = models.TextField()
    at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        ordering = ("-at", "-pk")
        constraints = [models.CheckConstraint(name="a_disclosure_says_what", condition=~Q(what=""))]
        triggers = [
            *AppendOnly.Meta.triggers,
            pgtrigger.Trigger(
                name="disclosures_stand_on_a_live_consent",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    PERFORM pg_advisory_xact_lock(hashtextextended('consent ' || NEW.consent_id, 0));
                    IF EXISTS (SELECT 1 FROM consents_revocation r WHERE r.consent_id = NEW.consent_id)
                       OR NOT EXISTS (SELECT 1 FROM consents_consent c
                                      WHERE c.id = NEW.consent_id
                                        AND c.signed_at <= NEW.at AND NEW.at < c.ends_at)
                    THEN
                        RAISE EXCEPTION 'no live consent'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'disclosures_stand_on_a_live_consent';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Disclosure #{self.pk}"
