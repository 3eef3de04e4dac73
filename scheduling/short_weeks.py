"""Weeks that hold less than what is prescribed, and who has taken it on. Nobody is reproached by a count."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from iop_portal.followups.acting import acknowledge_follow_up, resolve_follow_ups_about
from iop_portal.followups.owing import owe_follow_up
from iop_portal.notices import outbox
from iop_portal.people.models import Enrolment, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.care import SHORT_WEEK, Planned, planned_for
from therapy.models import Prescription

# Fewer hours from week to week are the plan here, and no alarm.
TAPERS = (Prescription.Phase.STEP_DOWN, Prescription.Phase.CONTINUING)


class HoursAreEnough(Refused):
    message = _("This week holds what is prescribed by now. There is nothing to take on.")


def falls_short(planned: Planned, admitted_on: date | None) -> bool:
    """Whether the running week will hold less than what is prescribed, by all that is delivered and booked.

    Not in a phase that tapers, nor in the week in which somebody was admitted, of which only a part is theirs.
    """
    whole = admitted_on is not None and admitted_on <= planned.week
    return whole and planned.phase not in TAPERS and planned.care.falls_short


@write
def take_on_short_week(enrolment: Enrolment, *, by: User, now: datetime) -> None:
    """From then on it is owed by `by` like anything else: it can be put off, and asks what came of it. Once a week."""
    locked = Enrolment.objects.select_for_update(no_key=True).select_related("program").get(pk=enrolment.pk)
    planned = planned_for([locked.pk], now=now).get(locked.pk)
    if planned and planned.taken_on:
        return
    if not locked.live or planned is None or not falls_short(planned, locked.admitted_on):
        raise HoursAreEnough
    owed = owe_follow_up(
        SHORT_WEEK, about=locked, program=locked.program, owner=by, client=locked.client, by=by, now=now
    )
    acknowledge_follow_up(owed, by=by, now=now)
    # Who takes something on knows that it waits.
    outbox.withdraw(about=owed, now=now)


@write
def settle_short_week(enrolment: Enrolment, *, by: User, now: datetime) -> None:
    """With the stay there are no hours to look at any more."""
    outcome = gettext("Nothing to do any more: their stay has ended.")
    resolve_follow_ups_about(enrolment, kind=SHORT_WEEK, outcome=outcome, by=by, now=now)
