"""What Maya keeps free beside the program, and how her weeks held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time

from iop_portal.people.models import User
from scheduling.commitments import Terms, add_commitment, today_of
from scheduling.connected import save_look, share_look, this_week
from scheduling.models import Area

WORKDAYS, SUNDAY = (0, 1, 2, 3, 4), (6,)
# The newest week first: how work, school, people, community and rest went, what to protect, and whether it is shared.
WEEKS = (
    (("held", "apart", "held", "held", "partly"), "rest", "No screens after ten", True),
    (("held", "apart", "partly", "held", "slipped"), "relationships", "Sunday lunch at Rosa’s", True),
    (("partly", "apart", "held", "slipped", "slipped"), "community", "", False),
    (("slipped", "apart", "partly", "slipped", "partly"), "work", "Leave on time on group days", False),
)


def tell_own_life(maya: User, *, ago: Callable[[int, time], datetime], now: datetime) -> None:
    at = ago(29, time(20))
    for terms in (
        Terms("work", "", WORKDAYS, time(9), time(17), at.date()),
        Terms("faith", "Sunday service", SUNDAY, time(10), time(11, 30), at.date()),
    ):
        add_commitment(maya, terms, by=maya, now=at)
    since_monday = (today_of(maya, now) - this_week(maya, now=now)).days
    for number, (states, protect, words, shared) in enumerate(WEEKS):
        evening = ago(since_monday + 1 + 7 * number, time(20))
        look = save_look(
            maya,
            {**dict(zip(Area.values, states, strict=True)), "protect": protect, "words": words},
            week=this_week(maya, now=evening),
            finished=True,
            by=maya,
            now=evening,
        )
        if shared:
            share_look(look, by=maya, now=evening)
