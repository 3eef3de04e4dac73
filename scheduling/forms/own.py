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
from scheduling.models import Commitment, OwnCalendar
from scheduling.own_calendars import Brought, CannotRead, NotOfAFile

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


class CalendarForm(PortalForm):
    """What is said of a calendar, whichever way it comes."""

    SKIP, KEEP = "skip", "keep"
    kind = forms.ChoiceField(
        label=_("What does it mostly hold?"),
        choices=Commitment.Kind,
        widget=forms.RadioSelect,
        help_text=_("We do not keep what its entries say. This word is all that stands beside their times."),
    )
    whole_days = forms.ChoiceField(
        label=_("And entries for a whole day?"),
        choices=[(SKIP, _("Leave them out: birthdays, holidays")), (KEEP, _("Keep these days free, too"))],
        initial=SKIP,
        widget=forms.RadioSelect,
    )

    def brought(self) -> Brought:
        return Brought(self.cleaned_data["kind"], whole_days=self.cleaned_data["whole_days"] == self.KEEP)


class CalendarFileForm(CalendarForm):
    blames = {CannotRead: "file"}

    file = forms.FileField(
        label=_("Calendar file"),
        allow_empty_file=True,
        help_text=_("Most calendars can export one: its name ends in .ics. Up to 1 MB."),
        widget=forms.FileInput(attrs={"accept": ".ics,text/calendar"}),
        error_messages={"required": _("Choose the file that your calendar exported.")},
    )
    field_order = ("file", "kind", "whole_days")


class NewerFileForm(CalendarFileForm):
    """Of a calendar that is there: it goes on under its name."""

    kind = None  # type: ignore[assignment]
    blames = CalendarFileForm.blames | {NotOfAFile: "file"}

    def __init__(self, *args: Any, held: OwnCalendar, **kwargs: Any) -> None:
        super().__init__(*args, initial={"whole_days": self.KEEP if held.whole_days else self.SKIP}, **kwargs)

    def keeps_whole_days(self) -> bool:
        return bool(self.cleaned_data["whole_days"] == self.KEEP)


class CalendarAddressForm(CalendarForm):
    blames = {CannotRead: "address"}

    address = forms.CharField(
        label=_("Address of the calendar"),
        max_length=2000,
        help_text=_(
            "The secret or private address from your calendar’s settings, for reading only. It begins with "
            "https:// or webcal://. We keep it locked away and show it to nobody."
        ),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    field_order = ("address", "kind", "whole_days")
