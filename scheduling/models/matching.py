"""What somebody said of whom they would like to speak with."""

from __future__ import annotations

from typing import Self

from django.db import models

from iop_portal.people.models import Enrolment, User
from iop_portal.sealing import SealedTextField


class MatchAnswersQuerySet(models.QuerySet["MatchAnswers"]):
    def visible_to(self, user: User) -> Self:
        """One's own. Nobody else reads them, whoever looks after one."""
        return self.filter(enrolment__client=user)


class MatchAnswers(models.Model):
    """Sealed, as JSON, until the person deletes them or they are a month old. What came of them is asked anew each
    time."""

    enrolment = models.OneToOneField(Enrolment, models.PROTECT, related_name="match_answers")
    answers = SealedTextField()
    saved_at = models.DateTimeField()

    objects = models.Manager.from_queryset(MatchAnswersQuerySet)()

    class Meta:
        verbose_name_plural = "match answers"

    def __str__(self) -> str:
        return f"Match answers #{self.pk}"
