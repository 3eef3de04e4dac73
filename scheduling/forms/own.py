"""Shapes of what people keep free."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm
from iop_portal.people.models import plain_line
from scheduling.commitments import EndsTooEarly, HasPassed, Terms, TooFarAway, WithoutLength
from scheduling.forms.booking import YEARS
from scheduling.models import Commitment

DAY = {"type": "date"}
CLOCK = {"type": "time"}


class Day(forms.DateField):
    """A day of a calendar that somebody lives by."""

    widget = forms.DateInput(attrs=DAY, format="%Y-%m-%d")

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value and value.year not in YEARS:
            raise forms.ValidationError(_("Type the year with four digits, such as 2026."))


class OnceForm(PortalForm):
    """Something of one day."""

    blames = {WithoutLength: "ends", HasPassed: "since", TooFarAway: "since"}

    kind = forms.ChoiceField(label=_("What is it?"), choices=Commitment.Kind, widget=forms.RadioSelect)
    name = forms.CharField(
        label=_("In your own words"),
        required=False,
        max_length=40,
        validators=[plain_line],
        help_text=_("Such as “Leo’s football”. Only you see this."),
    )
    since = Day(label=_("Day"))
    begins = forms.TimeField(label=_("From"), widget=forms.TimeInput(attrs=CLOCK, format="%H:%M"))
    ends = forms.TimeField(
        label=_("Until"),
        widget=forms.TimeInput(attrs=CLOCK, format="%H:%M"),
        help_text=_("If it goes on past midnight, type when it ends in the morning."),
    )

    def terms(self) -> Terms:
        return Terms(**{"weekdays": (), **self.cleaned_data})


class WeeklyForm(OnceForm):
    blames = {**OnceForm.blames, EndsTooEarly: "until", HasPassed: "until"}

    weekdays = forms.TypedMultipleChoiceField(
        label=_("On which days?"),
        choices=list(WEEKDAYS.items()),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one day of the week.")},
    )
    until = Day(label=_("Last day"), required=False, help_text=_("Leave it empty if there is no end in sight."))
    field_order = ("kind", "name", "weekdays", "begins", "ends", "since", "until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["since"].label = _("First day")

    def terms(self) -> Terms:
        return Terms(**{**self.cleaned_data, "weekdays": tuple(self.cleaned_data["weekdays"])})
