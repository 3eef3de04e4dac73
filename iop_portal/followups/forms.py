"""Saying how it came out, and when to come back to it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm
from iop_portal.people.models import User

LATER = {"hour": timedelta(hours=1), "day": timedelta(days=1), "days": timedelta(days=3)}


class OutcomeForm(PortalForm):
    outcome = forms.CharField(
        label=_("How did it come out?"),
        help_text=_("A few words for whoever looks at this later."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class GiveForm(PortalForm):
    """To somebody of the care team, who can do what an admin cannot open."""

    to = forms.ChoiceField(label=_("Give it to"))

    def __init__(self, *args: Any, team: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = {str(one.pk): one for one in team}
        choices = [(key, one.full_name) for key, one in self.team.items()]
        self.fields["to"].choices = choices  # type: ignore[attr-defined]

    @property
    def chosen(self) -> User:
        return self.team[self.cleaned_data["to"]]


class SnoozeForm(PortalForm):
    later = forms.ChoiceField(
        label=_("Put it off for"),
        choices=[("hour", _("an hour")), ("day", _("a day")), ("days", _("three days"))],
    )

    def until(self, *, now: datetime) -> datetime:
        return now + LATER[self.cleaned_data["later"]]
