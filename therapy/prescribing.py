"""What holds in a program, and what is prescribed to somebody in it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Enrolment, Program, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from therapy.models import ClinicalPolicy, Prescription, Track


class NotAdmitted(Refused):
    message = _("Care is prescribed to people who have been admitted. Admit this person first.")


class TrackElsewhere(Refused):
    message = _("This track belongs to another program.")


def policy_of(program: Program) -> ClinicalPolicy:
    """The program's own, or the defaults where nobody has changed them yet."""
    return ClinicalPolicy.objects.filter(program=program).first() or ClinicalPolicy(program=program)


def current_prescription(enrolment: Enrolment) -> Prescription | None:
    return Prescription.objects.filter(enrolment=enrolment, until=None).select_related("track").first()


def live_enrolments(client: User) -> list[Enrolment]:
    """With their programs: where a person may book at all."""
    return list(Enrolment.objects.live().filter(Q(client=client)).select_related("program"))


@write
def prescribe(
    enrolment: Enrolment,
    *,
    track: Track,
    phase: str,
    hours: int,
    days: int,
    by: User | None,
    now: datetime,
) -> Prescription:
    """Prescribe from today on. What held before ends, and stays on record."""
    enrolment = (
        Enrolment.objects.select_for_update(no_key=True).select_related("program", "client").get(pk=enrolment.pk)
    )
    if enrolment.state != Enrolment.State.ADMITTED:
        raise NotAdmitted
    if track.program_id != enrolment.program_id:
        raise TrackElsewhere
    today = now.astimezone(ZoneInfo(enrolment.program.zone)).date()
    Prescription.objects.filter(enrolment=enrolment, until=None).update(until=today)
    made = Prescription.objects.create(
        enrolment=enrolment, track=track, phase=phase, hours=hours, days=days, since=today, by=by
    )
    trail.record(
        "care.prescribed",
        made,
        client=enrolment.client,
        by=by,
        at=now,
        facts={"phase": phase, "hours": hours, "days": days},
    )
    return made
