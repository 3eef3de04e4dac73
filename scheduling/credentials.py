"""What a credential that ends, or an internship, leaves behind: sessions that are made already. Nobody cancels them
unasked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F, Max, QuerySet
from django.utils.translation import ngettext

from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.leading import valid_until
from scheduling.models import Facilitation, Session
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


@dataclass(frozen=True)
class InternLeaves:
    """How many sessions of a program an intern is to lead after their last day."""

    clinician: User
    program: Program
    sessions: int


def sessions_without_credential(clinician: User, program: Program, *, now: datetime) -> QuerySet[Session]:
    """What somebody is to lead in a program after the last day of their last credential, in the order of time.

    Of an intern it is what they are to lead until their last day: what comes later is told apart.
    """
    led = _led(clinician, now=now).filter(program=program)
    if clinician.intern_until:
        led = led.filter(during__startswith__lt=_day_after(clinician.intern_until, program))
    last = valid_until([clinician]).get(clinician.pk)
    if last is None:
        return led
    return led.filter(during__startswith__gte=_day_after(last, program))


def sessions_after_internship(clinician: User, program: Program, *, now: datetime) -> QuerySet[Session]:
    """What an intern is to lead in a program after their last day, in the order of time."""
    led = _led(clinician, now=now).filter(program=program)
    if clinician.intern_until is None:
        return led.none()
    return led.filter(during__startswith__gte=_day_after(clinician.intern_until, program))


def interns_who_leave_sessions(programs: Collection[Program], *, now: datetime) -> list[InternLeaves]:
    """Who is to lead something after their last day as an intern, by program and name. One query.

    The database leaves out what is earlier by any clock, and the clock of each program decides about the rest.
    """
    after = Facilitation.objects.filter(
        live=True,
        session__program__in=programs,
        during__startswith__gt=now,
        during__startswith__gte=F("clinician__intern_until"),
    )
    rows = after.select_related("clinician__clinician", "session__program").order_by(
        "session__program__name", "clinician__preferred_name", "clinician__surname", "pk"
    )
    left: Counter[tuple[User, Program]] = Counter()
    for row in rows:
        intern, program = row.clinician, row.session.program
        assert row.during.lower
        assert intern.intern_until
        if row.during.lower >= _day_after(intern.intern_until, program):
            left[intern, program] += 1
    return [InternLeaves(intern, program, count) for (intern, program), count in left.items()]


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


def _day_after(day: date, program: Program) -> datetime:
    return moment_of(day + timedelta(days=1), time(0), program.zone)


def _led(clinician: User, *, now: datetime) -> QuerySet[Session]:
    found: QuerySet[Session] = Session.objects.upcoming(now)
    return found.filter(facilitations__clinician=clinician).order_by("during", "pk")
