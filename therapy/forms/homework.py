"""What is typed about things to practise."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm
from therapy.homework import DayHasPassed, NotTaught, OpenAlready, Things, What
from therapy.models import Skill

LATER = "not_now"


class PickForm(PortalForm):
    """Without a day it waits as long as it likes."""

    blames = {DayHasPassed: "due_on"}

    due_on = forms.DateField(label=_("Until when?"), required=False, widget=forms.DateInput(attrs={"type": "date"}))


class GiveForm(PortalForm):
    """`what` says the kind of a thing and its key: of `things`, which the program has."""

    blames = {DayHasPassed: "due_on", NotTaught: "what", OpenAlready: "what"}

    what = forms.ChoiceField(label=_("What?"))
    due_on = forms.DateField(label=_("Until when?"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    words = forms.CharField(
        label=_("A word to go with it"),
        required=False,
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Why this, why now. The client reads it."),
    )

    def __init__(self, *args: Any, things: Things, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.things = {key: thing for group in things.values() for key, thing in group.items()}
        groups = [(label, [(key, _name(thing)) for key, thing in group.items()]) for label, group in things.items()]
        self.fields["what"].choices = [("", _("Choose")), *(group for group in groups if group[1])]  # type: ignore[attr-defined]

    def clean_what(self) -> What:
        return self.things[self.cleaned_data["what"]]


def _name(thing: What) -> str:
    return thing.name if isinstance(thing, Skill) else thing.title


class ReflectionForm(PortalForm):
    reflection = forms.CharField(
        label=_("How was it?"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("In your own words, or nothing at all."),
    )
    shared = forms.ChoiceField(
        label=_("Who reads it?"),
        choices=[("", _("Only I")), ("yes", _("My care team too"))],
        required=False,
        widget=forms.RadioSelect,
        initial="",
    )
