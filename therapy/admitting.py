"""Admission: a primary counsellor, a track and a number of hours from the first day, or none of it."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from iop_portal.accounts.care_teams import join_care_team, make_primary
from iop_portal.accounts.enrolments import admit
from iop_portal.people.models import CareTeam, Enrolment, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from therapy.models import Prescription, Track
from therapy.prescribing import prescribe


class NoPrimaryCounsellor(Refused):
    message = _("Choose a primary counsellor. Everybody who is admitted has one.")
    status = 400


@write
def admit_into_care(
    enrolment: Enrolment,
    *,
    counsellor: User | None,
    track: Track,
    phase: str,
    hours: int,
    days: int,
    by: User,
    now: datetime,
) -> Prescription:
    """Admit, name the primary counsellor and prescribe. Without a counsellor, the present primary one stays."""
    admitted = admit(enrolment, by=by, now=now)
    _see_to_a_counsellor(admitted, counsellor, by=by, now=now)
    return prescribe(admitted, track=track, phase=phase, hours=hours, days=days, by=by, now=now)


def primary_counsellor(enrolment: Enrolment) -> User | None:
    place = CareTeam.objects.filter(enrolment=enrolment, until=None, part=CareTeam.Part.PRIMARY)
    found = place.select_related("clinician").first()
    return found.clinician if found else None


def _see_to_a_counsellor(enrolment: Enrolment, counsellor: User | None, *, by: User, now: datetime) -> None:
    present = primary_counsellor(enrolment)
    if counsellor is None and present is None:
        raise NoPrimaryCounsellor
    if counsellor is None or counsellor == present:
        return
    place = CareTeam.objects.filter(enrolment=enrolment, clinician=counsellor, until=None).first()
    if place is None:
        place = join_care_team(enrolment, clinician=counsellor, part=CareTeam.Part.MEMBER, by=by, now=now)
    make_primary(place, by=by, now=now)
