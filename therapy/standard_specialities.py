"""The standard list of specialities: what people come with, in words that they would use themselves."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from iop_portal.audit import trail
from iop_portal.people.models import Program, User
from iop_portal.writes import write
from therapy.models import Speciality

STANDARD = (
    _("Alcohol"),
    _("Anger"),
    _("Being a parent"),
    _("Cannabis"),
    _("Chronic pain"),
    _("Cocaine and other stimulants"),
    _("Coming home from prison or jail"),
    _("Eating, and how I see my body"),
    _("Family and relationships"),
    _("Gambling and screens"),
    _("Grief and loss"),
    _("LGBTQ+ lives"),
    _("Living between two cultures"),
    _("Low mood"),
    _("Opioids and painkillers"),
    _("Pregnancy and the first year"),
    _("Service and veterans"),
    _("Sleep"),
    _("Starting over after sixty"),
    _("Terrible things that happened"),
    _("Work and money"),
    _("Worry and panic"),
    _("Young and finding a way"),
)


@write
def offer_standard_specialities(program: Program, *, by: User, now: datetime) -> list[Speciality]:
    """Add those that the program has not yet, in the language of whoever adds them. Twice is once."""
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    there = {name.casefold() for name in program.specialities.values_list("name", flat=True)}
    made = Speciality.objects.bulk_create(
        Speciality(program=program, name=name) for name in map(gettext, STANDARD) if name.casefold() not in there
    )
    if made:
        trail.record("speciality.standard_added", by=by, at=now, facts={"count": len(made)})
    return made
