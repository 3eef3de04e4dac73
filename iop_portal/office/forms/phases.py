"""What admins write about a phase of the program."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import SeenForm
from iop_portal.people.models import plain_line
from therapy import phases
from therapy.phases import MOST_CRITERIA, Guide, GuideDetails, guide_version

LONGEST_LINE = 200


class GuideForm(SeenForm):
    blames = {
        phases.SaysNothing: "what_for",
        phases.OddHours: "hours",
        phases.OddDays: "days",
        phases.NoCriterion: "criteria",
        phases.TooManyCriteria: "criteria",
        phases.SaidTwice: "criteria",
    }

    what_for = forms.CharField(
        label=_("What this phase is for"),
        max_length=800,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("In words that somebody understands in their first week."),
    )
    hours = forms.IntegerField(label=_("Usual hours a week"), min_value=0, max_value=40)
    days = forms.IntegerField(
        label=_("Usual days a week"),
        min_value=0,
        max_value=7,
        help_text=_("Planning this phase for somebody begins with these numbers. A clinician may change them."),
    )
    criteria = forms.CharField(
        label=_("The next step may come when"),
        max_length=MOST_CRITERIA * (LONGEST_LINE + 2),
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_(
            "One sentence on each line, eight at most, to the client as “you”. A sentence that you reword begins anew: "
            "what people have said about the old one is not carried over."
        ),
    )

    def __init__(self, *args: Any, guide: Guide, **kwargs: Any) -> None:
        told = guide.details
        start = {"what_for": told.what_for, "hours": told.hours, "days": told.days}
        lines = "\n".join(told.criteria)
        super().__init__(*args, initial={**start, "criteria": lines, "seen": guide_version(guide)}, **kwargs)

    def clean_what_for(self) -> str:
        return "\n".join(line.rstrip() for line in self.cleaned_data["what_for"].strip().splitlines())

    def clean_criteria(self) -> tuple[str, ...]:
        lines = [" ".join(line.split()) for line in self.cleaned_data["criteria"].splitlines()]
        told = tuple(filter(None, lines))
        if any(len(line) > LONGEST_LINE for line in told):
            raise forms.ValidationError(_("Make each sentence shorter: 200 letters at most on a line."))
        for line in told:
            plain_line(line)
        return told

    def details(self) -> GuideDetails:
        return GuideDetails(**{name: self.cleaned_data[name] for name in phases.DETAILS})
