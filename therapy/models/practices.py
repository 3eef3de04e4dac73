"""What somebody keeps of their mindfulness practice: which they like best, and which they did, as they say it."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import User

MOST_PINS = 3


class Pin(models.Model):
    """A practice that somebody finds at the top: in one of a few places, so that the top stays one."""

    person = models.ForeignKey(User, models.CASCADE, related_name="pins")
    practice = models.CharField(max_length=20)
    place = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("place",)
        constraints = [
            models.UniqueConstraint(fields=["person", "practice"], name="a_practice_is_at_the_top_once"),
            models.UniqueConstraint(fields=["person", "place"], name="a_place_at_the_top_holds_one_practice"),
            models.CheckConstraint(name="few_practices_are_at_the_top", condition=Q(place__range=(1, MOST_PINS))),
        ]

    def __str__(self) -> str:
        return f"Pin #{self.pk}"


class SittingQuerySet(models.QuerySet["Sitting"]):
    def shown_to(self, clinician: User) -> Self:
        """What clients let their care team see. Somebody who broke the glass is not of it."""
        return self.filter(shared=True, person__in=User.objects.caseload_of(clinician))

    def visible_to(self, user: User) -> Self:
        """One's own, and what is shown to one."""
        return self.filter(Q(person=user) | Q(pk__in=Sitting.objects.shown_to(user).values("pk")))


class Sitting(models.Model):
    """One practice that somebody did and wanted to keep. Theirs alone while `shared` does not say otherwise."""

    class How(models.TextChoices):
        HELPED = "helped", _("It helped")
        NOT = "not", _("It did not help")
        STOPPED = "stopped", _("I stopped early")

    person = models.ForeignKey(User, models.CASCADE, related_name="sittings")
    practice = models.CharField(max_length=20)
    minutes = models.PositiveSmallIntegerField()
    how = models.CharField(max_length=7, choices=How)
    at = models.DateTimeField()
    shared = models.BooleanField(default=False)

    objects = models.Manager.from_queryset(SittingQuerySet)()

    class Meta:
        ordering = ("-at", "-pk")
        constraints = [
            models.CheckConstraint(name="a_sitting_takes_up_to_20_minutes", condition=Q(minutes__range=(0, 20))),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="a_sitting_stays_what_it_was",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF (OLD.person_id, OLD.practice, OLD.at) IS DISTINCT FROM (NEW.person_id, NEW.practice, NEW.at)
                    THEN
                        RAISE EXCEPTION 'a sitting stays what it was'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_sitting_stays_what_it_was';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Sitting #{self.pk}"
