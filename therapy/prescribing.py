"""What holds in a program, and what is prescribed to somebody in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import CareTeam, Enrolment, Program, User
from iop_portal.people.roles import Role
from iop_portal.people.seeing import programs_of
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from iop_portal.writes import write
from therapy.models import ClinicalPolicy, CounsellorRequest, Prescription, Track


class NotAdmitted(Refused):
    message = _("Care is prescribed to people who have been admitted. Admit this person first.")


class TrackElsewhere(Refused):
    message = _("This track belongs to another program.")


class TrackRetired(Refused):
    message = _("This track is not in use any more. Choose another one.")


class HoursNotPrescribable(Refused):
    message = _("Plan from 0 to 40 hours a week.")
    constraint = "0_to_40_hours_are_prescribed"
    status = 400


class DaysNotPrescribable(Refused):
    message = _("Plan from 0 to 7 days a week.")
    constraint = "0_to_7_days_are_prescribed"
    status = 400


class UnknownPhase(Refused):
    message = _("Choose the phase from the list.")
    constraint = "a_prescription_has_a_phase"
    status = 400


class PhaseNeedsReason(Refused):
    message = _("Say why the phase changes. The client reads it.")
    constraint = "a_change_of_phase_says_why"
    status = 400


def policy_of(program: Program) -> ClinicalPolicy:
    """The program's own, or the defaults where nobody has changed them yet."""
    return ClinicalPolicy.objects.filter(program=program).first() or ClinicalPolicy(program=program)


def current_prescription(enrolment: Enrolment) -> Prescription | None:
    return Prescription.objects.filter(enrolment=enrolment, until=None).select_related("track").first()


def prescription_version(held: Prescription | None) -> str:
    return str(held.pk) if held else ""


def enrolments_cared_for(clinician: User) -> QuerySet[Enrolment]:
    """Live ones on whose care team a clinician is: whom they may prescribe for."""
    works_in = programs_of(clinician, Role.CLINICIAN)
    places = CareTeam.objects.filter(clinician=clinician, until=None).values("enrolment")
    enrolments: QuerySet[Enrolment] = Enrolment.objects.live().filter(pk__in=places, program__in=works_in)
    return enrolments


@dataclass(frozen=True)
class Care:
    """What is prescribed to an enrolment now, and all that ever was, newest first."""

    now: Prescription | None
    every: list[Prescription]


def open_care(enrolment: Enrolment, *, by: User, now: datetime) -> Care:
    """Somebody else's care is never looked at without a trace."""
    every = list(Prescription.objects.filter(enrolment=enrolment).select_related("track", "by"))
    trail.record("care.viewed", enrolment, client=enrolment.client, by=by, at=now)
    return _care(every)


@dataclass(frozen=True)
class Episode:
    """A client's time in a program, as they see it themselves."""

    enrolment: Enrolment
    care: Care
    team: list[CareTeam]


def care_of(client: User) -> list[Episode]:
    """What is and was prescribed to somebody, by whom they are looked after, and whether they have asked for somebody
    else (`wishes`). Three queries."""
    team = CareTeam.objects.filter(until=None).select_related("clinician__clinician")
    prescriptions = Prescription.objects.select_related("track", "by")
    enrolments = (
        Enrolment.objects.filter(client=client)
        .select_related("program")
        .annotate(wishes=Exists(CounsellorRequest.objects.open().filter(enrolment=OuterRef("pk"))))
        .prefetch_related(Prefetch("care_team", team, to_attr="team"), Prefetch("prescriptions", prescriptions))
    )
    return [Episode(enrolment, _care(list(enrolment.prescriptions.all())), enrolment.team) for enrolment in enrolments]


def _care(every: list[Prescription]) -> Care:
    return Care(now=next((one for one in every if one.until is None), None), every=every)


@write
def prescribe(
    enrolment: Enrolment,
    *,
    track: Track,
    phase: str,
    hours: int,
    days: int,
    reason: str = "",
    by: User | None,
    now: datetime,
) -> Prescription:
    """Prescribe from today on. What held before ends, and stays on record. The same again changes nothing.

    Another phase needs a reason, so that nobody finds themselves elsewhere without having been told why.
    """
    enrolment = (
        Enrolment.objects.select_for_update(no_key=True, of=("self",))
        .select_related("program", "client")
        .get(pk=enrolment.pk)
    )
    if enrolment.state != Enrolment.State.ADMITTED:
        raise NotAdmitted
    if track.program_id != enrolment.program_id:
        raise TrackElsewhere
    held = current_prescription(enrolment)
    if held and (held.track, held.phase, held.hours, held.days) == (track, phase, hours, days):
        return held
    if not track.in_use and (held is None or held.track != track):
        raise TrackRetired
    reason = reason.strip()
    if held and held.phase != phase and not reason:
        raise PhaseNeedsReason
    today = now.astimezone(ZoneInfo(enrolment.program.zone)).date()
    # Two machines may not agree on when midnight is.
    today = max(today, held.since) if held else today
    Prescription.objects.filter(enrolment=enrolment, until=None).update(until=today)
    made = Prescription.objects.create(
        enrolment=enrolment, track=track, phase=phase, hours=hours, days=days, since=today, by=by, reason=reason
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


@write
def change_prescription(
    enrolment: Enrolment,
    *,
    seen: str,
    track: Track,
    phase: str,
    hours: int,
    days: int,
    reason: str = "",
    by: User,
    now: datetime,
) -> Prescription:
    """Prescribe, unless somebody else did since: `seen` is the `prescription_version` that `by` had before them."""
    Enrolment.objects.select_for_update(no_key=True).get(pk=enrolment.pk)
    if prescription_version(current_prescription(enrolment)) != seen:
        raise ChangedMeanwhile
    return prescribe(enrolment, track=track, phase=phase, hours=hours, days=days, reason=reason, by=by, now=now)
