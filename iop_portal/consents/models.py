"""Consents to disclose, with the elements of 42 CFR 2.31 as columns. What was signed never changes."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from iop_portal.audit.models import AppendOnly
from iop_portal.people.models import Program, plain_line


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


class Consent(AppendOnly):
    """42 CFR 2.31(a): patient, discloser, description, recipient, purpose, right to revoke, expiry, signature, date."""

    client = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="consents")
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    discloser = models.CharField(max_length=200)
    category = models.CharField(max_length=20, choices=Category)
    recipient_name = models.CharField(max_length=120, validators=[plain_line])
    recipient_relation = models.CharField(max_length=120, blank=True, validators=[plain_line])
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    purpose = models.CharField(max_length=10, choices=Purpose)
    expires_on = models.DateField()
    right_to_revoke = models.TextField()
    text = models.TextField()
    text_version = models.CharField(max_length=20)
    language = models.CharField(max_length=12)
    signed_name = models.CharField(max_length=150, validators=[plain_line])
    signed_at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        ordering = ("-signed_at", "-pk")
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
                name="a_consent_ends_after_it_begins", condition=Q(expires_on__gte=F("signed_at__date"))
            ),
        ]

    def __str__(self) -> str:
        return f"Consent #{self.pk}"


class Revocation(AppendOnly):
    """A consent was withdrawn: a new fact, beside the one that it ends."""

    consent = models.OneToOneField(Consent, models.PROTECT, related_name="revocation")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        pass

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
                    PERFORM 1 FROM consents_consent c WHERE c.id = NEW.consent_id FOR KEY SHARE;
                    IF EXISTS (SELECT 1 FROM consents_revocation r
                               WHERE r.consent_id = NEW.consent_id AND r.at <= NEW.at)
                       OR EXISTS (SELECT 1 FROM consents_consent c
                                  WHERE c.id = NEW.consent_id
                                    AND (NEW.at < c.signed_at OR (NEW.at AT TIME ZONE 'UTC')::date > c.expires_on))
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
