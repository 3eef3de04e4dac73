"""Text messages need a person's written word first, and a phone that is shown to be theirs."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from iop_portal.audit.models import AppendOnly
from iop_portal.people.models import User, plain_line
from iop_portal.sealing import SealedTextField


class PhoneCode(models.Model):
    """A code on its way to a phone, and what its owner signed before. Only its hash is kept, made while it is sent."""

    person = models.ForeignKey(User, models.CASCADE, related_name="phone_codes")
    phone = SealedTextField()
    text = models.TextField()
    text_version = models.CharField(max_length=20)
    language = models.CharField(max_length=12)
    signed_name = models.CharField(max_length=150, validators=[plain_line])
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    code_hash = models.CharField(max_length=64, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-asked_at", "-pk")
        indexes = [models.Index(fields=["asked_at"], name="phone_codes_by_time")]
        constraints = [
            models.CheckConstraint(name="a_phone_code_is_tried_5_times_at_most", condition=Q(tries__lte=5)),
            models.CheckConstraint(
                name="a_phone_code_is_kept_as_a_hash", condition=Q(code_hash="") | Q(code_hash__regex=r"^[0-9a-f]{64}$")
            ),
        ]

    def __str__(self) -> str:
        return f"Phone code #{self.pk}"


class TextOptInQuerySet(models.QuerySet["TextOptIn"]):
    def live(self) -> Self:
        """Signed, shown to be theirs, and not ended: without it no text goes to anybody."""
        return self.filter(opt_out=None)


class TextOptIn(AppendOnly):
    """What somebody signed to get text messages, once the code sent to their phone has come back."""

    person = models.ForeignKey(User, models.PROTECT, related_name="text_opt_ins")
    phone = SealedTextField()
    text = models.TextField()
    text_version = models.CharField(max_length=20)
    language = models.CharField(max_length=12)
    signed_name = models.CharField(max_length=150, validators=[plain_line])
    signed_at = models.DateTimeField()
    confirmed_at = models.DateTimeField()

    objects = models.Manager.from_queryset(TextOptInQuerySet)()

    class Meta(AppendOnly.Meta):
        ordering = ("-confirmed_at", "-pk")
        constraints = [
            models.CheckConstraint(
                name="a_text_opt_in_is_whole",
                condition=~Q(phone="") & ~Q(text="") & ~Q(signed_name="") & Q(confirmed_at__gte=models.F("signed_at")),
            ),
        ]
        triggers = [
            *AppendOnly.Meta.triggers,
            pgtrigger.Trigger(
                name="one_live_text_opt_in_each",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    PERFORM FROM people_user WHERE id = NEW.person_id FOR NO KEY UPDATE;
                    IF EXISTS (
                        SELECT 1 FROM notices_textoptin i
                        LEFT JOIN notices_textoptout o ON o.opt_in_id = i.id
                        WHERE i.person_id = NEW.person_id AND o.id IS NULL
                    ) THEN
                        RAISE EXCEPTION 'texts go to one phone'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'one_live_text_opt_in_each';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Text opt-in #{self.pk}"

    @property
    def ending(self) -> str:
        """The last digits, enough to know one's own phone by."""
        return str(self.phone)[-2:]


class TextOptOut(AppendOnly):
    """The end of an opt-in: a new fact beside it. It holds from this moment on."""

    class How(models.TextChoices):
        REPLY = "reply", _("by answering STOP")
        PAGE = "page", _("on the page")
        NUMBER = "number", _("by another phone number")

    opt_in = models.OneToOneField(TextOptIn, models.PROTECT, related_name="opt_out")
    how = models.CharField(max_length=6, choices=How)
    at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        constraints = [
            models.CheckConstraint(name="texts_end_in_a_known_way", condition=Q(how__in=["reply", "page", "number"])),
        ]

    def __str__(self) -> str:
        return f"Text opt-out #{self.pk}"
