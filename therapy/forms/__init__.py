"""What people choose and type about care: what they look for, what is prescribed, and a clinician's own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm, SeenForm
from iop_portal.people.models import Program, User
from therapy.alerts import NothingWritten
from therapy.catalogue import Wanted
from therapy.instruments import Item
from therapy.models import Disposition, Format, Method, Need, Prescription, Track


class ClinicianChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable when it runs
    """Colleagues by their whole name."""

    def label_from_instance(self, user: Any) -> str:
        return str(user.full_name)


class FindWaysForm(PortalForm):
    """What the catalogue shows. Anything else that an address says is passed over."""

    need = forms.ChoiceField(choices=Need, required=False, widget=forms.HiddenInput)
    format = forms.MultipleChoiceField(
        label=_("Who is there"), choices=Format, required=False, widget=forms.CheckboxSelectMultiple
    )
    method = forms.MultipleChoiceField(
        label=_("How it works"), choices=Method, required=False, widget=forms.CheckboxSelectMultiple
    )

    def wanted(self) -> Wanted:
        self.is_valid()
        return Wanted(
            need=self.cleaned_data.get("need", ""),
            formats=tuple(self.cleaned_data.get("format", ())),
            methods=tuple(self.cleaned_data.get("method", ())),
        )

    @classmethod
    def showing(cls, wanted: Wanted, *, formats: frozenset[str], methods: frozenset[str]) -> FindWaysForm:
        """With what was asked for filled in, and only what there is to choose from."""
        form = cls(initial={"need": wanted.need, "format": wanted.formats, "method": wanted.methods})
        form.offer("format", Format.choices, formats | {*wanted.formats})
        form.offer("method", Method.choices, methods | {*wanted.methods})
        return form

    def offer(self, name: str, choices: Sequence[tuple[str, Any]], there: frozenset[str]) -> None:
        self.fields[name].choices = [choice for choice in choices if choice[0] in there]  # type: ignore[attr-defined]


class PrescribeForm(SeenForm):
    track = forms.ModelChoiceField(label=_("Track"), queryset=Track.objects.none())
    phase = forms.ChoiceField(label=_("Phase"), choices=Prescription.Phase, widget=forms.RadioSelect)
    hours = forms.IntegerField(
        label=_("Hours a week"),
        min_value=0,
        max_value=40,
        error_messages={
            "min_value": _("Plan from 0 to 40 hours a week."),
            "max_value": _("Plan from 0 to 40 hours a week."),
        },
    )
    days = forms.IntegerField(
        label=_("Days a week"),
        min_value=0,
        max_value=7,
        error_messages={
            "min_value": _("Plan from 0 to 7 days a week."),
            "max_value": _("Plan from 0 to 7 days a week."),
        },
    )

    def __init__(self, *args: Any, program: Program, held: Prescription | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = Q(in_use=True) | Q(pk=held.track_id) if held else Q(in_use=True)
        self.fields["track"].queryset = Track.objects.filter(there, program=program)  # type: ignore[attr-defined]


class OwnWordsForm(SeenForm):
    about = forms.CharField(
        label=_("In your own words"),
        max_length=1200,
        required=False,
        help_text=_("How you work, what matters to you, what you do to rest. Clients read this."),
        widget=forms.Textarea(attrs={"rows": 8}),
    )


class AnswerForm(PortalForm):
    """One question. Not to say is an answer, and stands apart from the numbers."""

    RATHER_NOT = "no"
    answer = forms.ChoiceField(
        widget=forms.RadioSelect, error_messages={"required": _("Choose an answer, or “I prefer not to say”.")}
    )

    def __init__(self, *args: Any, item: Item, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["answer"]
        field.label = item.text
        field.choices = [  # type: ignore[attr-defined]
            *((str(option.value), option.text) for option in item.options),
            (self.RATHER_NOT, _("I prefer not to say")),
        ]

    @property
    def value(self) -> int | None:
        chosen = self.cleaned_data["answer"]
        return None if chosen == self.RATHER_NOT else int(chosen)


class DispositionForm(PortalForm):
    blames = {NothingWritten: "words"}
    done = forms.MultipleChoiceField(
        label=_("What was done"), choices=Disposition.Done, widget=forms.CheckboxSelectMultiple
    )
    words = forms.CharField(
        label=_("In a few sentences"),
        max_length=4000,
        help_text=_("What they said, what you agreed, what comes next. Only the care team reads it."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class HandOverForm(PortalForm):
    to = ClinicianChoice(label=_("Give it to"), queryset=User.objects.none())

    def __init__(self, *args: Any, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = User.objects.clinicians_of(program)  # type: ignore[attr-defined]
