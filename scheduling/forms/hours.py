"""Shapes of the hours that clinicians type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm, SeenForm
from iop_portal.people.models import Program
from scheduling.hours import HoursWithoutLength, Stretch
from scheduling.models import Hours, Room
from therapy.models import Modality

MOST_STRETCHES = 6


class StretchForm(PortalForm):
    begins = forms.TimeField(label=_("From"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    ends = forms.TimeField(label=_("Until"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    room = forms.ModelChoiceField(
        label=_("Room"), queryset=Room.objects.none(), required=False, empty_label=_("No room")
    )
    video = forms.BooleanField(label=_("Also by video"), required=False)
    only_for = forms.TypedMultipleChoiceField(
        label=_("Only for"),
        help_text=_("Tick nothing, and people can book with you here whatever you give."),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, *args: Any, program: Program, ways: Mapping[int, Modality], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["room"].queryset = Room.objects.filter(program=program, in_use=True)  # type: ignore[attr-defined]
        kept = cast(forms.TypedMultipleChoiceField, self.fields["only_for"])
        kept.choices = [(key, way.name) for key, way in ways.items()]
        kept.coerce = lambda key: ways[int(key)]
        if not ways:
            del self.fields["only_for"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        begins, ends = given.get("begins"), given.get("ends")
        if begins and ends and ends <= begins:
            self.add_error("ends", str(HoursWithoutLength.message))
        return given

    def stretch(self) -> Stretch:
        given = self.cleaned_data
        return Stretch(given["begins"], given["ends"], given["room"], given["video"], tuple(given.get("only_for", ())))


class BaseStretches(forms.BaseFormSet):  # type: ignore[type-arg]  # not subscriptable when it runs
    @property
    def status(self) -> int:
        return 400 if self.is_bound and not self.is_valid() else 200

    def stretches(self) -> list[Stretch]:
        """What is to hold: lines left empty and those to be removed are passed over."""
        kept = [
            form for form in self.forms if form not in self.deleted_forms and form.has_changed() | bool(form.initial)
        ]
        return [form.stretch() for form in kept]


Stretches = forms.formset_factory(
    StretchForm,
    formset=BaseStretches,
    extra=1,
    can_delete=True,
    can_delete_extra=False,
    max_num=MOST_STRETCHES,
    validate_max=True,
)


def stretches_form(
    data: Mapping[str, Any] | None, *, program: Program, ways: Iterable[Modality], lines: Iterable[Hours] = ()
) -> BaseStretches:
    """`ways` are those that hours can be kept for."""
    initial = [
        {
            "begins": one.begins,
            "ends": one.ends,
            "room": one.room_id,
            "video": one.video,
            "only_for": one.way_keys,
        }
        for one in lines
    ]
    given = {"program": program, "ways": {way.pk: way for way in ways}}
    formset = cast(BaseStretches, Stretches(data, initial=initial, form_kwargs=given))
    for form in formset.initial_forms:
        form.fields["DELETE"].label = _("Remove these hours")
    return formset


class DayForm(PortalForm):
    on = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}))


class WeekdayForm(SeenForm):
    """Stands beside the stretches of one weekday."""


class ExceptionForm(PortalForm):
    OFF, OTHER = "off", "other"
    kind = forms.ChoiceField(
        label=_("On this day"),
        choices=[(OFF, _("I am away all day")), (OTHER, _("I work other hours than usual"))],
        widget=forms.RadioSelect,
    )
