"""Asking people how they are: by a rhythm that a task looks after, or because a clinician wants to know.

Nothing is put on a timer. A task looks who is due; whatever runs twice finds the day asked already.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import DatabaseError
from django.db.models import CharField, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.notices import outbox
from iop_portal.notices.quiet import morning_after
from iop_portal.people.models import Enrolment, Program, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from therapy.instruments import Instrument
from therapy.models import Asking, Prescription, Sheet
from therapy.oncall import staffed
from therapy.using import Use, used_by, uses_of

log = logging.getLogger(__name__)

KIND = "questions_asked"
# For so long an open sheet can be taken up again. After that its answers are of another time.
KEPT_OPEN = timedelta(days=3)
MOST_PER_RUN = 500


class NotAdmitted(Refused):
    message = _("Nothing is asked here before somebody is admitted or after they have left. What was answered stays.")


class NotUsedHere(Refused):
    message = _("The program does not use these questions any more.")


class AskedToday(Refused):
    message = _("They have been asked today already.")
    constraint = "asked_once_when_it_is_due"


class AskedJustNow(AskedToday):
    constraint = "nobody_is_asked_twice_at_a_time"


@write
def ask(enrolment: Enrolment, instrument: Instrument, *, by: User | None, now: datetime) -> Asking:
    """Ask once for today, by the program's calendar. What was asked before and not answered is let go.

    Each program asks for itself: what another one asks or hears is not for this one to know.
    """
    held = Enrolment.objects.select_for_update(no_key=True, of=("self",)).select_related("program", "client")
    enrolment = held.get(pk=enrolment.pk)
    if enrolment.state != Enrolment.State.ADMITTED:
        raise NotAdmitted
    if instrument.code not in used_by(enrolment.program):
        raise NotUsedHere
    today = now.astimezone(ZoneInfo(enrolment.program.zone)).date()
    mine = Asking.objects.filter(enrolment=enrolment, instrument=instrument.code)
    if mine.filter(due_on=today).exists():
        raise AskedToday
    end_askings(mine, Asking.End.PASSED, now=now)
    asking = Asking.objects.create(
        enrolment=enrolment, person=enrolment.client, instrument=instrument.code, due_on=today, by=by, asked_at=now
    )
    trail.record("measure.asked", asking, client=enrolment.client, by=by, at=now)
    outbox.queue(KIND, to=enrolment.client, about=asking, client=enrolment.client, now=now)
    return asking


def end_askings(askings: QuerySet[Asking], end: Asking.End, *, now: datetime) -> int:
    """Those that are open: nothing more is sent about them."""
    ended = list(askings.filter(ended_at=None).select_for_update(of=("self",)))
    outbox.withdraw_all(KIND, about=ended, now=now)
    return Asking.objects.filter(pk__in=[each.pk for each in ended]).update(ended_at=now, end=end)


def still_owed(asking: Asking) -> bool:
    return (
        asking.ended_at is None
        and asking.enrolment.state == Enrolment.State.ADMITTED
        and asking.instrument in used_by(asking.program)
    )


# ── By the rhythm ─────────────────────────────────────────────────────────────────────────────────────────────


def ask_due(*, now: datetime) -> int:
    """Ask whoever is due, outside the program's quiet hours; what may alarm, while somebody is on call. How many."""
    let_go(now=now)
    asked = 0
    for program in Program.objects.order_by("pk"):
        if morning_after(program, now):
            continue
        for use, enrolment in due(program, now=now):
            try:
                ask(enrolment, use.instrument, by=None, now=now)
            except Refused:
                continue
            except DatabaseError as error:
                log.error("not asked", extra={"facts": {"enrolment": enrolment.pk, "failure": type(error).__name__}})
            else:
                asked += 1
    return asked


def due(program: Program, *, now: datetime) -> Iterator[tuple[Use, Enrolment]]:
    """One query for each instrument, whatever the number of people."""
    uses = used_by(program)
    here = staffed(program, now) if any(use.instrument.alarming for use in uses.values()) else False
    for use in uses.values():
        if here or not use.instrument.alarming:
            for enrolment in due_for(use, program, now=now)[:MOST_PER_RUN]:
                yield use, enrolment


def due_for(use: Use, program: Program, *, now: datetime) -> QuerySet[Enrolment]:
    """Who was neither asked nor answered by themselves for so many days, by their phase and the program's calendar."""
    zone = ZoneInfo(program.zone)

    def before(days: int) -> datetime:
        """The beginning of the day that makes it so many."""
        day = now.astimezone(zone).date() - timedelta(days=days - 1)
        return datetime.combine(day, time.min, zone)

    of = {"enrolment": OuterRef("pk"), "instrument": use.instrument.code}
    asked = Asking.objects.filter(**of).order_by().values("enrolment").annotate(at=Max("asked_at")).values("at")
    sent = Sheet.objects.sent().filter(**of).order_by().values("enrolment").annotate(at=Max("sent_at")).values("at")
    phase = Prescription.objects.current().filter(enrolment=OuterRef("pk")).values("phase")[:1]
    enrolments: QuerySet[Enrolment] = Enrolment.objects.filter(
        program=program, state=Enrolment.State.ADMITTED, client__is_active=True
    )
    every = use.every
    due = Q(last=None) | ~Q(in_phase__in=every) & Q(last__lt=before(every[Prescription.Phase.CORE]))
    for in_phase, days in every.items():
        due |= Q(in_phase=in_phase, last__lt=before(days))
    return (
        enrolments.annotate(
            last=Greatest(Subquery(asked), Subquery(sent)),
            in_phase=Coalesce(Subquery(phase), Value(""), output_field=CharField()),
        )
        .filter(due)
        .order_by("pk")
    )


@write
def let_go(*, now: datetime) -> None:
    """What was asked of people who have left or of what is not used any more, and sheets left for too long."""
    gone = Asking.objects.filter(ended_at=None).exclude(enrolment__state=Enrolment.State.ADMITTED)
    end_askings(gone, Asking.End.PASSED, now=now)
    for program in Program.objects.filter(
        enrolments__askings__ended_at=None, enrolments__askings__isnull=False
    ).distinct():
        unused = [code for code, use in uses_of(program).items() if not use.in_use]
        end_askings(
            Asking.objects.filter(enrolment__program=program, instrument__in=unused), Asking.End.PASSED, now=now
        )
    Sheet.objects.open().filter(begun_at__lt=now - KEPT_OPEN).update(left_at=now)
