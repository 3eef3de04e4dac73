"""What is typed about things to practise."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm
from therapy.homework import DayHasPassed, NotTaught, OpenAlready
from therapy.models import Skill

LATER = "not_now"


class PickForm(PortalForm):
    """Without a day it waits as long as it likes."""

    blames = {DayHasPassed: "due_on"}

    due_on = forms.DateField(label=_("Until when?"), required=False, widget=forms.DateInput(attrs={"type": "date"}))


class GiveForm(PortalForm):
    blames = {DayHasPassed: "due_on", NotTaught: "skill", OpenAlready: "skill"}

    skill = forms.ModelChoiceField(label=_("What?"), queryset=Skill.objects.none())
    due_on = forms.DateField(label=_("Until when?"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    words = forms.CharField(
        label=_("A word to go with it"),
        required=False,
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Why this, why now. The client reads it."),
    )

    def __init__(self, *args: Any, skills: QuerySet[Skill], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["skill"].queryset = skills  # type: ignore[attr-defined]


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
