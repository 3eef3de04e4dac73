"""What somebody wishes to see of the timetable. It stands in the address."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from iop_portal.forms import PortalForm
from iop_portal.people.models import Program
from scheduling.forms.booking import YEARS
from scheduling.timetable import Names, Side, Wish


class WeekForm(PortalForm):
    """Of which program, around which day. Whatever else stands in the address is passed over."""

    program = forms.ChoiceField(label=_("Program"), required=False)
    day = forms.DateField(required=False, input_formats=["%Y-%m-%d"], widget=forms.HiddenInput)

    def __init__(self, *args: Any, programs: Iterable[Program], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.programs = {str(program.pk): program for program in programs}
        _offer(self, "program", [(key, program.name) for key, program in self.programs.items()])

    def clean_day(self) -> date | None:
        day: date | None = self.cleaned_data["day"]
        return day if day is not None and day.year in YEARS else None

    def chosen(self) -> tuple[Program, date | None]:
        """The first of the programs where none is chosen."""
        self.is_valid()
        first = next(iter(self.programs.values()))
        return self.programs.get(self.cleaned_data.get("program", ""), first), self.cleaned_data.get("day")


class WishForm(PortalForm):
    """Which lines, and which sessions on them. An answer that is none of these stands for all."""

    by = forms.ChoiceField(
        label=_("One line for"),
        required=False,
        choices=[
            (Side.CLINICIAN.value, pgettext_lazy("timetable", "By clinician")),
            (Side.ROOM.value, pgettext_lazy("timetable", "By room")),
        ],
    )
    clinician = forms.ChoiceField(label=_("Clinician"), required=False)
    room = forms.ChoiceField(label=_("Room"), required=False)
    track = forms.ChoiceField(label=_("Track"), required=False)
    way = forms.ChoiceField(label=_("Kind of session"), required=False)

    def __init__(self, *args: Any, names: Names, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = sorted(names.people.values(), key=lambda person: person.full_name.casefold())
        _offer(self, "clinician", [("", _("Every clinician")), *((one.pk, one.full_name) for one in people)])
        _offer(self, "room", [("", _("Every room")), *((key, one.name) for key, one in names.rooms.items())])
        _offer(self, "track", [("", _("Every track")), *((key, one.name) for key, one in names.tracks.items())])
        _offer(self, "way", [("", _("Every kind")), *((key, one.name) for key, one in names.ways.items())])

    def wish(self) -> Wish:
        self.is_valid()
        given = {name: int(value) for name, value in self.cleaned_data.items() if value and name != "by"}
        return Wish(by=Side(self.cleaned_data.get("by") or Side.CLINICIAN), **given)


def address_of(wish: Wish, program: Program, day: date | None) -> str:
    """The end of the address that shows the same in another week."""
    given = {
        "program": program.pk,
        "day": day,
        "by": "" if wish.by == Side.CLINICIAN else wish.by.value,
        "clinician": wish.clinician,
        "room": wish.room,
        "track": wish.track,
        "way": wish.way,
    }
    return f"?{urlencode({name: value for name, value in given.items() if value})}"


def _offer(form: forms.Form, name: str, choices: list[tuple[Any, Any]]) -> None:
    cast(forms.ChoiceField, form.fields[name]).choices = choices
