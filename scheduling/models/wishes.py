"""How somebody would like their week to be."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from iop_portal.people.models import User
from therapy.models import Modality, PartOfDay


class Firmness(models.TextChoices):
    """How firmly something is wished for."""

    ALWAYS = "always", pgettext_lazy("wish", "Always")
    IF_POSSIBLE = "if_possible", pgettext_lazy("wish", "If possible")
    NO_MATTER = "no_matter", pgettext_lazy("wish", "Does not matter")


FIRMLY = (
    "around_commitments",
    "on_weekdays",
    "in_parts",
    "few_trips",
    "short_waits",
    "familiar_people",
)


class WeekWishes(models.Model):
    """A person's wishes, the same for every week until they change them. Nobody else sees them."""

    person = models.OneToOneField(User, models.CASCADE, related_name="week_wishes")
    around_commitments = models.CharField(
        _("what I keep free"), default=Firmness.ALWAYS, max_length=11, choices=Firmness
    )
    on_weekdays = models.CharField(_("on these days"), default=Firmness.NO_MATTER, max_length=11, choices=Firmness)
    weekdays = ArrayField(models.PositiveSmallIntegerField(choices=list(WEEKDAYS.items())), default=list, blank=True)
    in_parts = models.CharField(_("at these times of day"), default=Firmness.NO_MATTER, max_length=11, choices=Firmness)
    parts = ArrayField(models.CharField(max_length=10, choices=PartOfDay), default=list, blank=True)
    few_trips = models.CharField(
        _("few days on which I travel to you"), default=Firmness.IF_POSSIBLE, max_length=11, choices=Firmness
    )
    most_trips = models.PositiveSmallIntegerField(_("travel on so many days at most"), default=3)
    short_waits = models.CharField(
        _("no long waits between two sessions"), default=Firmness.IF_POSSIBLE, max_length=11, choices=Firmness
    )
    familiar_people = models.CharField(
        _("with people I know"), default=Firmness.IF_POSSIBLE, max_length=11, choices=Firmness
    )
    travel_minutes = models.PositiveSmallIntegerField(_("minutes that I need to get to you"), default=30)
    one_to_one = models.PositiveSmallIntegerField(_("times a week one to one with a counsellor"), default=1)
    # Which kind of time with a counsellor; without one, the kind that they had last.
    way = models.ForeignKey(
        Modality, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("what kind of time")
    )
    workshops = models.PositiveSmallIntegerField(_("workshops a week"), default=0)

    class Meta:
        constraints = [
            *(
                models.CheckConstraint(
                    name=f"{name}_is_wished_firmly_or_not", condition=Q(**{f"{name}__in": Firmness.values})
                )
                for name in FIRMLY
            ),
            models.CheckConstraint(
                name="wished_weekdays_are_weekdays", condition=Q(weekdays__contained_by=list(range(7)))
            ),
            models.CheckConstraint(
                name="wished_parts_are_parts_of_a_day", condition=Q(parts__contained_by=PartOfDay.values)
            ),
            models.CheckConstraint(
                name="who_wishes_for_weekdays_names_them", condition=Q(on_weekdays="no_matter") | ~Q(weekdays=[])
            ),
            models.CheckConstraint(
                name="who_wishes_for_parts_of_a_day_names_them", condition=Q(in_parts="no_matter") | ~Q(parts=[])
            ),
            models.CheckConstraint(name="one_travels_on_0_to_7_days", condition=Q(most_trips__lte=7)),
            models.CheckConstraint(name="the_way_takes_3_hours_at_most", condition=Q(travel_minutes__lte=180)),
            models.CheckConstraint(name="0_to_5_times_one_to_one_are_wished_for", condition=Q(one_to_one__lte=5)),
            models.CheckConstraint(name="0_to_5_workshops_are_wished_for", condition=Q(workshops__lte=5)),
        ]

    def __str__(self) -> str:
        return f"Wishes for a week #{self.pk}"
