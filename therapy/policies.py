"""The clinical policy of a program: its hours, days, notice and windows, within sane bounds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile, version_of
from iop_portal.writes import write
from therapy.models import ClinicalPolicy
from therapy.prescribing import policy_of


class HoursOutOfRange(Refused):
    message = _("A week has from 1 to 40 hours of care.")
    constraint = "a_week_has_1_to_40_hours_of_care"
    status = 400


class DaysOutOfRange(Refused):
    message = _("A week has from 1 to 7 days of care.")
    constraint = "a_week_has_1_to_7_days_of_care"
    status = 400


class UnknownWeekday(Refused):
    message = _("Choose the day on which the program’s week starts.")
    constraint = "a_week_starts_on_a_weekday"
    status = 400


class NoticeTooLong(Refused):
    message = _("The shortest notice is two weeks at most, which is 20160 minutes.")
    constraint = "notice_is_two_weeks_at_most"
    status = 400


class HorizonOutOfRange(Refused):
    message = _("People can book from 1 to 180 days ahead.")
    constraint = "horizon_is_1_to_180_days"
    status = 400


class NothingCouldBeBooked(Refused):
    message = _("With so much notice and so few days ahead, nothing could be booked. Shorten the notice.")
    constraint = "notice_ends_before_the_horizon"
    status = 400


class CancelWindowTooLong(Refused):
    message = _("People can cancel until a week before at most, which is 168 hours.")
    constraint = "cancel_window_is_a_week_at_most"
    status = 400


class BufferTooLong(Refused):
    message = _("There is an hour at most between two sessions of a clinician.")
    constraint = "buffer_is_an_hour_at_most"
    status = 400


class GraceTooLong(Refused):
    message = _("There is an hour of grace at most.")
    constraint = "grace_is_an_hour_at_most"
    status = 400


class TooManyMakeUps(Refused):
    message = _("In one week people make up for 7 sessions at most.")
    constraint = "a_week_has_7_make_ups_at_most"
    status = 400


class OddOffer(Refused):
    message = _("An offered place is kept for 15 minutes at least and for two days at most, which is 2880 minutes.")
    constraint = "an_offer_stands_15_minutes_to_2_days"
    status = 400


class OddAnswerTime(Refused):
    message = _("Messages are answered within an hour at least and a week at most, which is 168 hours.")
    constraint = "messages_are_answered_within_1_hour_to_a_week"
    status = 400


class OddAlertTime(Refused):
    message = _("An answer that cannot wait goes on after 5 minutes at least and an hour at most.")
    constraint = "an_alert_goes_on_within_5_to_60_minutes"
    status = 400


class OddRatio(Refused):
    message = _("A primary counsellor has from 1 to 100 clients.")
    constraint = "a_counsellor_has_1_to_100_clients"
    status = 400


@dataclass(frozen=True)
class PolicyDetails:
    hours_per_week: int = 9
    days_per_week: int = 3
    week_starts_on: int = 0
    notice_minutes: int = 120
    horizon_days: int = 28
    cancel_hours: int = 24
    buffer_minutes: int = 10
    grace_minutes: int = 15
    make_ups_per_week: int = 2
    offer_minutes: int = 120
    answer_hours: int = 24
    alert_minutes: int = 15
    # As the rules of some states have it for a program like this (NJ: 1:24).
    clients_per_counsellor: int = 24


DETAILS = tuple(field.name for field in fields(PolicyDetails))


def policy_version(policy: ClinicalPolicy) -> str:
    return version_of(policy, DETAILS)


@write
def change_policy(program: Program, details: PolicyDetails, *, seen: str, by: User, now: datetime) -> ClinicalPolicy:
    """Save what an admin changed. `seen` is the `policy_version` that they had before them.

    Until somebody changes them the defaults hold without a row, so it is the program that is locked.
    """
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    policy = policy_of(program)
    if policy_version(policy) != seen:
        raise ChangedMeanwhile
    wanted = asdict(details)
    changed = [name for name in DETAILS if getattr(policy, name) != wanted[name]]
    if not changed:
        return policy
    for name in changed:
        setattr(policy, name, wanted[name])
    policy.save()
    trail.record("policy.changed", policy, by=by, at=now, facts={name: wanted[name] for name in changed})
    return policy
