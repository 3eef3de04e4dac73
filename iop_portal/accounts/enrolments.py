"""Enrolments: referred, admitted, discharged. What follows in therapy and scheduling is composed above."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import CareTeam, Enrolment, Program, User
from iop_portal.refusals import Refused
from iop_portal.writes import write


class EnrolledAlready(Refused):
    message = _("This person is enrolled in this program already.")
    constraint = "one_live_enrolment_per_client_and_program"


class NotReferred(Refused):
    message = _("Only somebody who has been referred can be admitted.")


class NoReason(Refused):
    message = _("Choose why it ends.")
    constraint = "a_discharge_has_a_reason"
    status = 400


class ReasonDoesNotFit(Refused):
    message = _("Somebody who was never admitted cannot have completed the program, and who was admitted has begun it.")
    constraint = "who_was_never_admitted_did_not_complete"
    status = 400


class DischargedAlready(Refused):
    message = _("This person has been discharged already.")


@write
def refer(client: User, *, program: Program, by: User | None, now: datetime) -> Enrolment:
    enrolment = Enrolment.objects.create(client=client, program=program, referred_on=_today(program, now))
    trail.record("enrolment.referred", enrolment, client=client, by=by, at=now)
    return enrolment


@write
def admit(enrolment: Enrolment, *, by: User | None, now: datetime) -> Enrolment:
    enrolment = _locked(enrolment)
    if enrolment.state != Enrolment.State.REFERRED:
        raise NotReferred
    enrolment.state = Enrolment.State.ADMITTED
    enrolment.admitted_on = _today(enrolment.program, now)
    enrolment.save(update_fields=["state", "admitted_on"])
    trail.record("enrolment.admitted", enrolment, client=enrolment.client, by=by, at=now)
    return enrolment


@write
def discharge(enrolment: Enrolment, *, reason: str, by: User, now: datetime) -> Enrolment:
    """The care team's places end with the enrolment, so that nobody goes on reading."""
    enrolment = _locked(enrolment)
    if not enrolment.live:
        raise DischargedAlready
    if reason not in reasons_for(enrolment):
        raise NoReason if reason not in Enrolment.Reason else ReasonDoesNotFit
    enrolment.state = Enrolment.State.DISCHARGED
    enrolment.discharged_on = _today(enrolment.program, now)
    enrolment.discharge_reason = reason
    enrolment.save(update_fields=["state", "discharged_on", "discharge_reason"])
    CareTeam.objects.filter(enrolment=enrolment, until=None).update(until=now)
    trail.record("enrolment.discharged", enrolment, client=enrolment.client, by=by, at=now)
    return enrolment


def reasons_for(enrolment: Enrolment) -> list[Enrolment.Reason]:
    """Why it may end: only who was admitted has something to complete."""
    never = enrolment.admitted_on is None
    other = Enrolment.Reason.COMPLETED if never else Enrolment.Reason.NOT_BEGUN
    return [reason for reason in Enrolment.Reason if reason != other]


def _locked(enrolment: Enrolment) -> Enrolment:
    rows = Enrolment.objects.select_for_update(no_key=True, of=("self",)).select_related("client", "program")
    locked: Enrolment = rows.get(pk=enrolment.pk)
    return locked


def _today(program: Program, now: datetime) -> date:
    """The date where the program is: a referral at eight in the evening is of that day, not of the next."""
    return now.astimezone(ZoneInfo(program.zone)).date()
