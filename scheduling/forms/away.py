"""Shapes of time off, and of what becomes of the sessions that it hits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from psycopg2.extras import DateTimeTZRange

from iop_portal.forms import PortalForm, SeenForm
from iop_portal.markup import day_clock
from iop_portal.people.models import RoleHeld
from iop_portal.refusals import Refused
from scheduling.forms.booking import YEARS
from scheduling.rosters import Standing
from scheduling.time_off import (
    Away,
    AwayAlready,
    TimeOffIsOver,
    TimeOffTooFar,
    TimeOffWithoutLength,
    check_time_off,
)

KEEP, CANCEL = "keep", "cancel"


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


def _time(label: Any, help_text: Any) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, help_text=help_text, widget=widget, required=False)


class AwayForm(PortalForm):
    """Stands in the address: a day or a time is nobody's secret."""

    blames: ClassVar[Mapping[type[Refused], str]] = {
        AwayAlready: "first",
        TimeOffWithoutLength: "last",
        TimeOffIsOver: "last",
        TimeOffTooFar: "last",
    }

    first = _day(_("First day"))
    begins = _time(_("From"), _("Leave this empty to be away from the morning on."))
    last = _day(_("Last day"))
    ends = _time(_("Until"), _("Leave this empty to be away until the end of that day."))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for name in ("first", "last"):
            if name in given and given[name].year not in YEARS:
                self.add_error(name, str(TimeOffTooFar.message))
        return given

    def during(self, held: RoleHeld, *, now: datetime) -> DateTimeTZRange | None:
        """By the program's clock. None where something has to be mended first."""
        if not self.is_valid():
            return None
        try:
            during = Away(**self.cleaned_data).during(held.program.zone)
            check_time_off(held.user, program=held.program, during=during, now=now)
        except Refused as refusal:
            self.refuse(refusal)
            return None
        return during


class HitsForm(SeenForm):
    """For each session that somebody else leads too: whether it is kept. The others are cancelled."""

    def __init__(self, *args: Any, found: Sequence[Standing], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shared = {f"session-{each.session.pk}": each for each in found if each.beside}
        for name, each in self.shared.items():
            told = ngettext("%(count)d person is told", "%(count)d people are told", each.booked)
            self.fields[name] = forms.ChoiceField(
                label=f"{each.session.modality.name}, {day_clock(each.session.starts_at)}",
                choices=[
                    (KEEP, _("Keep it, led by %(names)s") % {"names": each.beside}),
                    (CANCEL, _("Cancel it: %(told)s") % {"told": told % {"count": each.booked}}),
                ],
                initial=KEEP,
                widget=forms.RadioSelect,
            )
        if self.is_bound:
            # What came to the list meanwhile has no answer yet: the list is shown again.
            data = self.data.copy()  # type: ignore[attr-defined]
            for name in self.shared:
                data.setdefault(name, KEEP)
            self.data = data

    def kept(self) -> list[int]:
        return [each.session.pk for name, each in self.shared.items() if self.cleaned_data[name] != CANCEL]
