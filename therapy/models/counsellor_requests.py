"""Somebody would like another counsellor."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy

from iop_portal.people.models import Enrolment, Program, User
from iop_portal.sealing import SealedTextField


class CounsellorRequestQuerySet(models.QuerySet["CounsellorRequest"]):
    def visible_to(self, user: User) -> Self:
        """One's own, and those that one answers."""
        return self.filter(Q(enrolment__client=user) | self.answered_by(user))

    def run_by(self, user: User) -> Self:
        return self.filter(self.answered_by(user))

    @staticmethod
    def answered_by(user: User) -> Q:
        """In the programs that an admin runs, unless it is them whom the client would rather not have."""
        mine = Q(present__isnull=False) & Q(present=user)
        return Q(enrolment__program__in=Program.objects.run_by(user)) & ~mine

    def open(self) -> Self:
        return self.filter(state=CounsellorRequest.State.OPEN)


class CounsellorRequest(models.Model):
    """A wish for somebody else, or for somebody at all. `present` was the counsellor then; without `wanted` the office
    chooses. `words` are the client's to the office, `reply` is the office's to the client."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("wish for a counsellor", "With the office")
        GRANTED = "granted", pgettext_lazy("wish for a counsellor", "Changed")
        DECLINED = "declined", pgettext_lazy("wish for a counsellor", "Answered")
        WITHDRAWN = "withdrawn", pgettext_lazy("wish for a counsellor", "Taken back")

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="counsellor_requests")
    present = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    wanted = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    words = SealedTextField(blank=True)
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    given = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reply = SealedTextField(blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = models.Manager.from_queryset(CounsellorRequestQuerySet)()

    class Meta:
        ordering = ("-asked_at", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment"], condition=Q(state="open"), name="one_open_wish_for_a_counsellor"
            ),
            models.CheckConstraint(
                name="a_wish_for_a_counsellor_is_open_or_has_an_end",
                condition=Q(state="open", closed_at=None, closed_by=None, given=None, reply="")
                | Q(state="granted", closed_at__isnull=False, closed_by__isnull=False, given__isnull=False)
                | Q(state="declined", closed_at__isnull=False, closed_by__isnull=False, given=None) & ~Q(reply="")
                | Q(state="withdrawn", closed_at__isnull=False, closed_by__isnull=False, given=None, reply=""),
            ),
            models.CheckConstraint(
                name="nobody_wishes_for_the_counsellor_they_have",
                condition=Q(wanted=None) | Q(present=None) | ~Q(wanted=F("present")),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="a_wish_for_a_counsellor_stays_as_it_was",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'DELETE' OR OLD.state <> 'open'
                       OR (OLD.enrolment_id, OLD.present_id, OLD.wanted_id, OLD.words, OLD.asked_at)
                          IS DISTINCT FROM
                          (NEW.enrolment_id, NEW.present_id, NEW.wanted_id, NEW.words, NEW.asked_at)
                    THEN
                        RAISE EXCEPTION 'what was asked and answered stays as it was'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_wish_for_a_counsellor_stays_as_it_was';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Counsellor request #{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN
