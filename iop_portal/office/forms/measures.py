"""What admins type about the questions that a program asks, and about who is on call."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.forms import PortalForm
from iop_portal.office.forms import EditForm, PersonChoice
from iop_portal.people.models import Program, User
from iop_portal.versions import version_of
from therapy import oncall, using
from therapy.models import InstrumentUse
from therapy.oncall import Terms
from therapy.using import UseDetails


class UseForm(EditForm):
    details = using.DETAILS
    blames = {using.AskedTooOftenOrSeldom: "every_days", using.MarkOutOfRange: "flag_from"}

    class Meta:
        model = InstrumentUse
        fields = using.DETAILS
        labels = {
            "in_use": gettext_lazy("We ask this"),
            "first_every_days": gettext_lazy("Days until we ask again, in the start phase"),
            "every_days": gettext_lazy("Days until we ask again, in the core phase"),
            "later_every_days": gettext_lazy("Days until we ask again, in the step-down phase"),
            "last_every_days": gettext_lazy("Days until we ask again, in continuing care"),
            "flag_from": gettext_lazy("Mark it for the care team from this number on"),
        }
        help_texts = {
            "first_every_days": gettext_lazy("Counted from the last time that somebody was asked or answered."),
            "flag_from": gettext_lazy("Clients never see the mark. Leave it empty for none."),
        }

    def version(self, row: InstrumentUse) -> str:
        return version_of(row, using.DETAILS)

    def use(self) -> UseDetails:
        return UseDetails(**{name: self.cleaned_data[name] for name in using.DETAILS})


def _time(label: Any, hint: Any = "") -> forms.TimeField:
    return forms.TimeField(label=label, help_text=hint, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))


class WeeklyDutyForm(PortalForm):
    blames = {
        oncall.NotAClinicianOfTheProgram: "clinician",
        oncall.NoWeekday: "weekdays",
        oncall.SomebodyIsOnCall: "begins",
    }
    clinician = PersonChoice(label=gettext_lazy("Who"), queryset=User.objects.none())
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("On"), choices=list(WEEKDAYS.items()), coerce=int, widget=forms.CheckboxSelectMultiple
    )
    begins = _time(gettext_lazy("From"))
    ends = _time(gettext_lazy("Until"), gettext_lazy("A time before “From” means the next day."))

    def __init__(self, *args: Any, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["clinician"].queryset = User.objects.clinicians_of(program)  # type: ignore[attr-defined]

    def terms(self) -> Terms:
        return Terms(self.cleaned_data["begins"], self.cleaned_data["ends"])


class DutyDayForm(PortalForm):
    """One day that differs. Without anybody, nobody is on call all day."""

    blames = {
        oncall.NotAClinicianOfTheProgram: "clinician",
        oncall.SomebodyIsOnCallThatDay: "begins",
        oncall.OverMidnight: "ends",
        oncall.DayIsOver: "day",
    }
    day = forms.DateField(
        label=gettext_lazy("Day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy(
            "The usual week does not count on this day. Add everybody who is on call, one after another."
        ),
    )
    clinician = PersonChoice(
        label=gettext_lazy("Who"),
        queryset=User.objects.none(),
        required=False,
    )
    begins = _time(gettext_lazy("From"))
    ends = _time(gettext_lazy("Until"))

    def __init__(self, *args: Any, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["clinician"].queryset = User.objects.clinicians_of(program)  # type: ignore[attr-defined]
        self.fields["clinician"].empty_label = gettext_lazy("Nobody, all day")  # type: ignore[attr-defined]
        self.fields["begins"].required = self.fields["ends"].required = False

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("clinician"):
            for name in ("begins", "ends"):
                if name not in self.errors and data.get(name) is None:
                    self.add_error(name, _("Say from when until when."))
        return data

    def terms(self) -> Terms | None:
        if self.cleaned_data["clinician"] is None:
            return None
        return Terms(self.cleaned_data["begins"], self.cleaned_data["ends"])
