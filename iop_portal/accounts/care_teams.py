"""Care teams: which clinicians look after an enrolment, and who among them is the primary counsellor."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from iop_portal.accounts.apart import are_apart, lock_pair
from iop_portal.audit import trail
from iop_portal.people.models import CareTeam, Enrolment, User
from iop_portal.refusals import Refused
from iop_portal.writes import write


class CannotJoin(Refused):
    """Also said of two people kept apart: nobody learns that they are."""

    message = _("This clinician cannot join this care team.")


class OnTeamAlready(Refused):
    message = _("This clinician is on this care team already.")
    constraint = "one_live_place_on_a_care_team"


class PrimaryAlready(Refused):
    message = _("This client has a primary counsellor already.")
    constraint = "one_live_primary_counsellor"


class OffTeam(Refused):
    message = _("This clinician is no longer on this care team.")


@write
def join_care_team(
    enrolment: Enrolment, *, clinician: User, part: CareTeam.Part, by: User | None, now: datetime
) -> CareTeam:
    """Give a clinician of the program a place. Locking both people makes the check for Apart trustworthy."""
    lock_pair(clinician, enrolment.client)
    enrolment = Enrolment.objects.select_for_update(no_key=True).get(pk=enrolment.pk)
    client = enrolment.client
    works_here = User.objects.clinicians_of(enrolment.program).filter(pk=clinician.pk).exists()
    if not works_here or not enrolment.live or clinician == client or are_apart(clinician, client):
        raise CannotJoin
    place = CareTeam.objects.create(enrolment=enrolment, clinician=clinician, part=part, since=now)
    trail.record("care_team.joined", place, client=client, by=by, at=now, facts={"part": part})
    return place


@write
def leave_care_team(place: CareTeam, *, by: User, now: datetime) -> CareTeam:
    place = _live(place)
    place.until = now
    place.save(update_fields=["until"])
    trail.record("care_team.left", place, client=place.enrolment.client, by=by, at=now)
    return place


@write
def make_primary(place: CareTeam, *, by: User, now: datetime) -> CareTeam:
    """The primary counsellor until now stays on the team."""
    Enrolment.objects.select_for_update(no_key=True).get(pk=place.enrolment_id)
    place = _live(place)
    client = place.enrolment.client
    CareTeam.objects.filter(enrolment=place.enrolment_id, part=CareTeam.Part.PRIMARY, until=None).exclude(
        pk=place.pk
    ).update(part=CareTeam.Part.MEMBER)
    place.part = CareTeam.Part.PRIMARY
    place.save(update_fields=["part"])
    trail.record("care_team.primary_chosen", place, client=client, by=by, at=now)
    return place


def _live(place: CareTeam) -> CareTeam:
    place = CareTeam.objects.select_for_update(of=("self",)).select_related("enrolment__client").get(pk=place.pk)
    if place.until is not None or not place.enrolment.live:
        raise OffTeam
    return place
