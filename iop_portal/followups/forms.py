"""Saying how it came out, and when to come back to it."""

from datetime import datetime, timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm

LATER = {"hour": timedelta(hours=1), "day": timedelta(days=1), "days": timedelta(days=3)}


class OutcomeForm(PortalForm):
    outcome = forms.CharField(
        label=_("How did it come out?"),
        help_text=_("A few words for whoever looks at this later."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class SnoozeForm(PortalForm):
    later = forms.ChoiceField(
        label=_("Put it off for"),
        choices=[("hour", _("an hour")), ("day", _("a day")), ("days", _("three days"))],
    )

    def until(self, *, now: datetime) -> datetime:
        return now + LATER[self.cleaned_data["later"]]
