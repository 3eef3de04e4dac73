"""Shapes of wishes, and of what somebody says to a planned week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm
from scheduling.choices import read_key
from scheduling.forms.booking import AnswersForm
from scheduling.models import Firmness, WeekWishes
from scheduling.planning import Answers
from therapy.models import Modality, PartOfDay

# Of sessions that somebody keeps or leaves out: a week has no more.
MOST = 40


def read_answers(query: MultiValueDict[str, str]) -> Answers:
    """From an address. Whatever else stands there is passed over."""
    return Answers(AnswersForm(query).answers().day, *(_keys(query, name) for name in ("keep", "out", "had")))


def _keys(query: MultiValueDict[str, str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in query.getlist(name)[:MOST] if read_key(text)))


def written(answers: Answers, **changes: Any) -> str:
    """The address's end that says the same, with other answers where they are given."""
    told = {name: value for name, value in asdict(replace(answers, **changes)).items() if value}
    return f"?{urlencode(told, doseq=True)}" if told else ""


def instead(answers: Answers, *, of: str, others: Sequence[str], keep: str = "") -> Answers:
    """Not this one; perhaps that one. What else was suggested stays if it can."""
    kept = tuple(key for key in (*answers.keep, keep) if key and key != of)
    return Answers(answers.day, kept, tuple(dict.fromkeys((*answers.out, of))), tuple(others))


def _firm(label: Any, **fields: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=Firmness, **fields)


class WishesForm(PortalForm):
    around_commitments = _firm(_("Around what I keep free"))
    on_weekdays = _firm(_("On certain days"))
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Which days?"),
        choices=list(WEEKDAYS.items()),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    in_parts = _firm(_("At certain times of day"))
    parts = forms.MultipleChoiceField(
        label=_("Which times of day?"), choices=PartOfDay, required=False, widget=forms.CheckboxSelectMultiple
    )
    familiar_people = _firm(_("With people I know"))
    short_waits = _firm(_("No long waits between two sessions"))
    few_trips = _firm(_("Few days on which I travel to you"))
    most_trips = forms.IntegerField(
        label=_("On how many days at most?"),
        min_value=0,
        max_value=7,
        help_text=_("Sessions by video do not count. It holds where you chose “Always”."),
    )
    travel_minutes = forms.IntegerField(
        label=_("How many minutes do you need to get to us?"), min_value=0, max_value=180
    )
    one_to_one = forms.IntegerField(label=_("How often a week one to one with a counsellor?"), min_value=0, max_value=5)
    way = forms.ModelChoiceField(
        label=_("What kind of time with a counsellor?"), queryset=Modality.objects.none(), required=False
    )
    workshops = forms.IntegerField(
        label=_("How many workshops a week?"), min_value=0, max_value=5, help_text=_("Groups make up the rest.")
    )

    def __init__(self, *args: Any, talks: Sequence[Modality], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(talks) > 1:
            field = self.fields["way"]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = Modality.objects.filter(pk__in=[one.pk for one in talks])
            field.empty_label = _("As last time")
        else:
            del self.fields["way"]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        for firm, named, sentence in (
            ("on_weekdays", "weekdays", _("Choose at least one day, or choose “Does not matter” for the days.")),
            ("in_parts", "parts", _("Choose at least one time of day, or choose “Does not matter” for them.")),
        ):
            if found.get(firm) not in (None, Firmness.NO_MATTER) and not found.get(named):
                self.add_error(named, sentence)
        return found


def as_written(wishes: WeekWishes) -> dict[str, Any]:
    return {name: getattr(wishes, name) for name in WishesForm.base_fields}
