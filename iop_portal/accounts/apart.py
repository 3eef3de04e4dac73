"""People kept apart. No page ever says that somebody is kept apart from somebody."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Apart, BrokenGlass, CareTeam, User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.writes import write


class ApartAlready(Refused):
    message = _("These two people are kept apart already.")
    constraint = "a_pair_is_kept_apart_once"


class OnePerson(Refused):
    message = _("Choose two different people.")
    constraint = "apart_pairs_are_ordered"


class TogetherAgain(Refused):
    message = _("These two people are no longer kept apart.")


def are_apart(one: User, other: User) -> bool:
    return Apart.objects.between(one, other).exists()


def lock_pair(one: User, other: User) -> None:
    """Lock two people, clinicians first, so that whether they are kept apart cannot change meanwhile."""
    for person in sorted((one, other), key=lambda person: (Role.CLINICIAN not in person.roles, person.pk)):
        User.objects.lock_no_key(person.pk)


@write
def keep_apart(one: User, other: User, *, asked_by: Apart.AskedBy, by: User, now: datetime) -> Apart:
    """From now on they never meet. A place on the other's care team and broken glass end at once."""
    lock_pair(one, other)
    low, high = sorted((one, other), key=lambda person: person.pk)
    apart = Apart.objects.create(one=low, other=high, asked_by=asked_by, set_by=by, since=now)
    trail.record("apart.begun", apart, by=by, at=now, facts={"asked_by": asked_by})
    for client, clinician in ((one, other), (other, one)):
        _end_care(client, clinician, by=by, now=now)
    return apart


@write
def end_apart(apart: Apart, *, by: User, now: datetime) -> Apart:
    apart = Apart.objects.select_for_update().get(pk=apart.pk)
    if apart.until is not None:
        raise TogetherAgain
    apart.until = now
    apart.save(update_fields=["until"])
    trail.record("apart.ended", apart, by=by, at=now)
    return apart


def _end_care(client: User, clinician: User, *, by: User, now: datetime) -> None:
    for place in CareTeam.objects.filter(enrolment__client=client, clinician=clinician, until=None):
        place.until = now
        place.save(update_fields=["until"])
        trail.record("care_team.left", place, client=client, by=by, at=now)
    still_open = Q(client=client, clinician=clinician, since__lt=now, until__gt=now)
    for glass in BrokenGlass.objects.filter(still_open):
        glass.until = now
        glass.save(update_fields=["until"])
        trail.record("glass.ended", glass, client=client, by=by, at=now)
