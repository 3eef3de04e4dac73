"""What people choose and type about care: what they look for, what is prescribed, and a clinician's own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm, SeenForm
from iop_portal.people.models import Program
from therapy.catalogue import Wanted
from therapy.models import Format, Method, Need, Prescription, Track
from therapy.prescribing import PhaseNeedsReason


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
    blames = {PhaseNeedsReason: "reason"}

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

    reason = forms.CharField(
        label=_("Why it changes"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The client reads it. Needed where you choose another phase."),
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
