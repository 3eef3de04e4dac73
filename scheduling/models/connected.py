"""How a person's life beside the program went, week by week, as they say it themselves."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import User
from iop_portal.sealing import SealedTextField


class Area(models.TextChoices):
    WORK = "work", _("Work")
    SCHOOL = "school", _("School or training")
    RELATIONSHIPS = "relationships", _("People close to you")
    COMMUNITY = "community", _("Community")
    REST = "rest", _("Rest")


class How(models.TextChoices):
    HELD = "held", _("It held")
    PARTLY = "partly", _("It held in part")
    SLIPPED = "slipped", _("It slipped")
    APART = "apart", _("Not part of my life now")


ANY_OPEN = Q(work="") | Q(school="") | Q(relationships="") | Q(community="") | Q(rest="")


class LookQuerySet(models.QuerySet["Look"]):
    def finished(self) -> Self:
        return self.filter(finished_at__isnull=False)

    def shown_to(self, clinician: User) -> Self:
        """What clients let their care team see. Somebody who broke the glass is not of it."""
        return self.filter(shared_at__isnull=False, person__in=User.objects.caseload_of(clinician))


class Look(models.Model):
    """A look back at one week of the program. It can be left and taken up again until the week is over.

    Nobody but the person sees it, unless they share this very one with their care team.
    """

    person = models.ForeignKey(User, models.CASCADE, related_name="looks_back")
    week = models.DateField()
    work = models.CharField(Area.WORK.label, max_length=7, choices=How, blank=True)
    school = models.CharField(Area.SCHOOL.label, max_length=7, choices=How, blank=True)
    relationships = models.CharField(Area.RELATIONSHIPS.label, max_length=7, choices=How, blank=True)
    community = models.CharField(Area.COMMUNITY.label, max_length=7, choices=How, blank=True)
    rest = models.CharField(Area.REST.label, max_length=7, choices=How, blank=True)
    protect = models.CharField(_("what to protect next week"), max_length=13, choices=Area, blank=True)
    words = SealedTextField(blank=True)
    begun_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    shared_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(LookQuerySet)()

    class Meta:
        ordering = ("-week",)
        constraints = [
            models.UniqueConstraint(fields=["person", "week"], name="one_look_back_a_week"),
            models.CheckConstraint(
                name="a_finished_look_back_is_whole",
                condition=Q(finished_at=None) | ~ANY_OPEN,
            ),
            models.CheckConstraint(
                name="a_look_back_is_shared_when_it_is_finished",
                condition=Q(shared_at=None) | Q(finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Look back #{self.pk}"

    def answer(self, area: str) -> str:
        return str(getattr(self, area))

    @property
    def answers(self) -> list[tuple[str, str]]:
        """Each part of life with how it went, in words."""
        return [(str(area.label), str(How(self.answer(area)).label)) for area in Area if self.answer(area)]

    @property
    def last_day(self) -> date:
        return date.fromordinal(self.week.toordinal() + 6)
