"""Of which day the census is asked."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.forms import PortalForm

EARLIEST = date(1990, 1, 1)


class CensusForm(PortalForm):
    on = forms.DateField(
        label=gettext_lazy("On which day?"),
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, initial={"on": today}, **kwargs)
        self.today = today

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if not EARLIEST <= on <= self.today:
            raise forms.ValidationError(_("Choose today, or a day that has passed."))
        return on
