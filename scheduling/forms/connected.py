"""The shape of a look back at a week."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm
from scheduling.models import Area, How

MOST_WORDS = 300


def _how(label: Any, hint: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=How, required=False, widget=forms.RadioSelect, help_text=hint)


class LookForm(PortalForm):
    """Everything may be left open, to be taken up again; `LATER` says so, and is the name of a button."""

    LATER = "later"

    work = _how(Area.WORK.label, _("Did you get there, and did it leave room for the rest?"))
    school = _how(Area.SCHOOL.label, _("Lessons, homework, an exam."))
    relationships = _how(Area.RELATIONSHIPS.label, _("Time together, promises kept, a call that did you good."))
    community = _how(Area.COMMUNITY.label, _("A group, a team, a place of faith, neighbours."))
    rest = _how(Area.REST.label, _("Sleep, and hours in which nobody wanted anything."))
    protect = forms.ChoiceField(
        label=_("What would you protect next week?"),
        choices=[("", _("Nothing in particular")), *Area.choices],
        required=False,
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=_("In your own words"),
        required=False,
        max_length=MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Such as “Sunday lunch at Rosa’s”."),
    )
    week = forms.DateField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in Area.values:
            self.fields[name].required = bool(self.data) and self.LATER not in self.data

    @property
    def finished(self) -> bool:
        return self.LATER not in self.data
