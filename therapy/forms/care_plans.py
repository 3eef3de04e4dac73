"""What is typed into a plan: one part at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from iop_portal.consents.consenting import NotYourName
from iop_portal.forms import PortalForm, SeenForm
from therapy.models import Modality, Progress
from therapy.plan_progress import Said
from therapy.plan_texts import MOST_STEPS, Content, Goal, Mix, a_week, new_key, steps_of

LONGEST_TEXT, LONGEST_LINE = 1500, 160


class TextForm(SeenForm):
    """What matters, strengths, needs. It may be emptied."""

    words = forms.CharField(required=False, max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 7}))

    def __init__(self, *args: Any, label: str, hint: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].label = label
        self.fields["words"].help_text = hint


class GoalForm(SeenForm):
    words = forms.CharField(
        label=_("The goal, in your own words"),
        max_length=LONGEST_LINE,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Such as “I come home from work without stopping at the shop.”"),
    )
    know = forms.CharField(
        label=_("How will you know?"),
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What is different then, so that you notice it yourself."),
    )
    steps = forms.CharField(
        label=_("Small steps"),
        required=False,
        max_length=MOST_STEPS * (LONGEST_LINE + 2),
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("One on each line. Ten at most."),
    )

    def clean_words(self) -> str:
        return " ".join(self.cleaned_data["words"].split())

    def clean_steps(self) -> list[str]:
        lines = list(dict.fromkeys(filter(None, (" ".join(line.split()) for line in self._lines()))))
        if len(lines) > MOST_STEPS:
            raise forms.ValidationError(_("Write ten steps at most, one on each line."))
        if any(len(line) > LONGEST_LINE for line in lines):
            raise forms.ValidationError(_("Make each step shorter: 160 letters at most on a line."))
        return lines

    def _lines(self) -> list[str]:
        return str(self.cleaned_data["steps"]).splitlines()

    def goal(self, held: Goal | None) -> Goal:
        told = self.cleaned_data
        key = held.key if held else new_key()
        return Goal(key, told["words"], told["know"].strip(), steps_of(told["steps"], held))

    @staticmethod
    def telling(goal: Goal) -> dict[str, str]:
        return {"words": goal.words, "know": goal.know, "steps": "\n".join(step.words for step in goal.steps)}


class StepForm(PortalForm):
    """A step that somebody suggests for a goal."""

    words = forms.CharField(
        label=_("The step"),
        max_length=LONGEST_LINE,
        help_text=_("Small enough to try this week."),
    )


def _how_often(first: str | Promise) -> list[tuple[str, str | Promise]]:
    return [("0", first), *((str(times), a_week(times)) for times in range(1, 8))]


class MixForm(SeenForm):
    """How often a week there is what: a choice for each way in the plan, and one more to add."""

    def __init__(self, *args: Any, offered: Sequence[Modality], mix: Mix, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held = dict(mix)
        names = {way.pk: way.name for way in offered}
        for key in self.held:
            self.fields[f"way_{key}"] = forms.ChoiceField(
                label=names.get(key, ""), choices=_how_often(_("Not any more")), initial=str(self.held[key])
            )
        new = [(str(way.pk), way.name) for way in offered if way.in_use and way.pk not in self.held]
        self.fields["add"] = forms.ChoiceField(
            label=_("Add a way") if self.held else _("A way that can help"),
            choices=[("", _("None")), *new],
            required=False,
        )
        self.fields["times"] = forms.ChoiceField(
            label=_("How often"), choices=_how_often(_("Choose"))[1:], required=False, initial="1"
        )

    @property
    def wants_more(self) -> bool:
        return "more" in self.data

    def mix(self) -> dict[int, int]:
        told = self.cleaned_data
        mix = {key: int(told[f"way_{key}"]) for key in self.held}
        if told["add"]:
            mix[int(told["add"])] = int(told["times"] or 1)
        return mix


class SignPlanForm(PortalForm):
    """`read` is the fingerprint of the text on the page."""

    blames = {NotYourName: "signature"}

    read = forms.CharField(widget=forms.HiddenInput, max_length=64)
    signature = forms.CharField(
        label=_("Your name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["signature"].help_text = format_html(
            gettext("Typing your name signs it. Your name here: <b>{}</b>"), name
        )

    def read_again(self, fingerprint: str) -> None:
        """The text is another one now: the next try is for that."""
        data = self.data.copy()  # type: ignore[attr-defined]
        data["read"] = fingerprint
        self.data = data


class ProgressForm(PortalForm):
    """How a goal is going, and each of its steps."""

    how = forms.ChoiceField(
        label=_("How is it going?"), choices=Progress.Going, required=False, widget=forms.RadioSelect
    )
    note = forms.CharField(
        label=_("In your own words"),
        required=False,
        max_length=600,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, content: Content, goal: str, states: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = content.goal(goal)
        self.steps = held.steps if held else ()
        for step in self.steps:
            self.fields[f"step_{step.key}"] = forms.ChoiceField(
                label=step.words,
                choices=Progress.Done,
                required=False,
                initial=states[step.key],
                widget=forms.RadioSelect,
            )

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if told.get("note") and not told.get("how") and "how" not in self.errors:
            self.add_error("how", _("Say how it is going, so that your words have a place."))
        return told

    def said(self) -> Said:
        told = self.cleaned_data
        steps: Mapping[str, str] = {step.key: told[f"step_{step.key}"] for step in self.steps}
        return Said(told["how"], told["note"], {key: state for key, state in steps.items() if state})
