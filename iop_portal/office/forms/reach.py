"""What admins presume of how people want to be reached."""

from __future__ import annotations

from typing import Any

from iop_portal.forms import SeenForm
from iop_portal.notices import reach
from iop_portal.notices.forms import WishesForm
from iop_portal.notices.models import ReachDefault
from iop_portal.notices.reach import PRESUMED, Presumed


class ReachDefaultForm(WishesForm, SeenForm):
    """Texts may be presumed, too: they go to those alone who signed for them."""

    blames = {reach.UnknownDefaultChannel: "reminders_by", reach.TooManyDefaultLeads: "leads"}

    def __init__(self, *args: Any, default: ReachDefault, **kwargs: Any) -> None:
        start = {name: getattr(default, name) for name in PRESUMED}
        super().__init__(*args, texted=True, initial={**start, "seen": reach.default_version(default)}, **kwargs)

    def presumed(self) -> Presumed:
        return Presumed(
            appointments_by=reach.ordered(self.cleaned_data["appointments_by"]),
            reminders_by=reach.ordered(self.cleaned_data["reminders_by"]),
            leads=self.cleaned_data["leads"],
        )
