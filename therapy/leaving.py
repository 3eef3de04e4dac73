"""When a stay ends: what nobody can see to any more is settled, so that it goes round among no people for ever.

What somebody still has to see to stays as it is and comes to the office: an answer that cannot wait, and a message that
nobody has answered.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from iop_portal.followups.acting import resolve_follow_ups_about
from iop_portal.people.models import Enrolment, User
from iop_portal.writes import write
from therapy import opportunities
from therapy.counsellor_requests import end_wishes
from therapy.models import Alert, Interest
from therapy.plan_drafting import TO_REVIEW, TO_SIGN


@write
def settle_stay(enrolment: Enrolment, *, by: User, now: datetime) -> None:
    """Acts that stand on a care team, which there is none of any more, and a wish for another counsellor."""
    outcome = _("Nothing to do any more: their stay has ended.")
    for kind in (TO_SIGN, TO_REVIEW):
        resolve_follow_ups_about(enrolment, kind=kind, outcome=outcome, by=by, now=now)
    for interest in Interest.objects.live().filter(enrolment=enrolment).order_by("pk"):
        resolve_follow_ups_about(interest, kind=opportunities.FOLLOW_UP, outcome=outcome, by=by, now=now)
    end_wishes(enrolment, by=by, now=now)


def waits_at_once(enrolment: Enrolment) -> bool:
    """Whether an answer that cannot wait has no end yet. The office may know that there is one, and nothing of it."""
    return Alert.objects.open().filter(sheet__enrolment=enrolment).exists()
