"""What a credential that ends leaves behind: sessions that are made already. Nobody cancels them unasked."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Max, QuerySet
from django.utils.translation import ngettext

from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.leading import valid_until
from scheduling.models import Session
from scheduling.walltime import moment_of
from therapy import clinicians
from therapy.clinicians import CredentialDetails
from therapy.models import Credential


class LeavesSessions(Refused):
    """Saved once somebody says that they know."""

    def __str__(self) -> str:
        count = int(str(self.words["count"]))
        return ngettext(
            "%(count)d session that is planned would be led without a valid credential. "
            "Say that you know, or choose a later day.",
            "%(count)d sessions that are planned would be led without a valid credential. "
            "Say that you know, or choose a later day.",
            count,
        ) % {"count": count}


def sessions_without_credential(clinician: User, program: Program, *, now: datetime) -> QuerySet[Session]:
    """What somebody is to lead in a program after the last day of their last credential, in the order of time."""
    led = _led(clinician, now=now).filter(program=program)
    last = valid_until([clinician]).get(clinician.pk)
    if last is None:
        return led
    return led.filter(during__startswith__gte=moment_of(last + timedelta(days=1), time(0), program.zone))


def sessions_given_no_more(clinician: User, program: Program, *, now: datetime) -> QuerySet[Session]:
    """What they are to lead there of what the office says they lead no more."""
    return _led(clinician, now=now).filter(program=program).exclude(modality__given_by__user=clinician)


def would_be_left(credential: Credential, until: date, *, now: datetime) -> int:
    """How many more sessions would be led without a valid credential, were this one valid until that day. It is a
    clinician's everywhere, so those of all programs count."""
    others = credential.clinician.credentials.exclude(pk=credential.pk).aggregate(last=Max("expires_on"))["last"]
    wanted, held = max(until, others or until), max(credential.expires_on, others or credential.expires_on)
    if wanted >= held:
        return 0
    led = _led(credential.clinician.user, now=now).select_related("program")
    days = [session.starts_at.astimezone(ZoneInfo(session.program.zone)).date() for session in led]
    return sum(wanted < day <= held for day in days)


@write
def change_credential(
    credential: Credential, details: CredentialDetails, *, seen: str, sure: bool = False, by: User, now: datetime
) -> Credential:
    """As therapy does it, unless it would leave sessions behind of which nobody was told."""
    left = would_be_left(credential, details.expires_on, now=now)
    if left and not sure:
        raise LeavesSessions(count=left)
    return clinicians.change_credential(credential, details, seen=seen, by=by, now=now)


def _led(clinician: User, *, now: datetime) -> QuerySet[Session]:
    found: QuerySet[Session] = Session.objects.upcoming(now)
    return found.filter(facilitations__clinician=clinician).order_by("during", "pk")
