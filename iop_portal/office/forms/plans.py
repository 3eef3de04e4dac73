"""How often plans are looked at again, by phase."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import SeenForm
from therapy.models import PlanRhythm
from therapy.plan_reviews import DAYS, Rhythm, rhythm_version

FEWEST, MOST = 3, 180
LABELS = {
    "orientation": _("Days in the start phase"),
    "core": _("Days in the core phase"),
    "step_down": _("Days in the step-down phase"),
    "continuing": _("Days in continuing care"),
}


class RhythmForm(SeenForm):
    """Days for each phase; the labels are the model's."""

    def __init__(self, *args: Any, rhythm: PlanRhythm, **kwargs: Any) -> None:
        start = {name: getattr(rhythm, name) for name in DAYS}
        super().__init__(*args, initial={**start, "seen": rhythm_version(rhythm)}, **kwargs)
        for name in DAYS:
            self.fields[name] = forms.IntegerField(label=LABELS[name], min_value=FEWEST, max_value=MOST)

    def rhythm(self) -> Rhythm:
        return Rhythm(**{name: self.cleaned_data[name] for name in DAYS})
