"""What is typed about work and learning."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm, SeenForm
from iop_portal.people.models import plain_line
from therapy.models import Opportunity, Step
from therapy.opportunities import DETAILS, DayHasPassed, OpportunityDetails, SaidLast


class OpportunityForm(SeenForm):
    blames = {DayHasPassed: "until"}

    kind = forms.ChoiceField(label=_("What is it?"), choices=Opportunity.Kind, widget=forms.RadioSelect)
    title = forms.CharField(label=_("Title"), max_length=100, validators=[plain_line])
    place = forms.CharField(
        label=_("Employer or place"),
        max_length=120,
        validators=[plain_line],
        help_text=_("Nothing of a client ever goes there from here."),
    )
    about = forms.CharField(label=_("What people do there"), max_length=2000, widget=forms.Textarea(attrs={"rows": 5}))
    fits = forms.CharField(
        label=_("How it fits beside treatment"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Hours, the way there, what is asked of somebody."),
    )
    help = forms.CharField(
        label=_("How we help"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Such as: we look at the application together, or practise the talk."),
    )
    until = forms.DateField(
        label=_("By when"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Leave it empty where there is no last day."),
    )

    def details(self) -> OpportunityDetails:
        return OpportunityDetails(**{name: self.cleaned_data[name] for name in DETAILS})


class InterestForm(PortalForm):
    words = forms.CharField(
        label=_("A word to your care team"),
        required=False,
        max_length=600,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What interests you, or what worries you. You can leave it empty."),
    )


class StepForm(PortalForm):
    """What came of it. Staff can also say that they spoke about it."""

    blames = {SaidLast: "state"}

    state = forms.ChoiceField(label=_("How far is it?"), widget=forms.RadioSelect)
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=30_000)

    def __init__(self, *args: Any, of_staff: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["state"].choices = [  # type: ignore[attr-defined]
            choice for choice in Step.State.choices if of_staff or choice[0] != Step.State.TALKED
        ]
