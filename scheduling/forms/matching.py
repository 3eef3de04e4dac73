"""What somebody says of whom they would like to speak with. Nothing of it has to be said."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from iop_portal.forms import PortalForm
from iop_portal.people.models import Program
from scheduling.forms.booking import PLACES
from scheduling.matching import methods_offered, specialities_listed
from scheduling.suiting import Preferences
from therapy.models import Gender, Language, PartOfDay


class SuitForm(PortalForm):
    specialities = forms.TypedMultipleChoiceField(
        label=_("What would you like to work on?"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    language = forms.ChoiceField(
        label=_("In which language is it easiest?"),
        choices=[("", _("It does not matter")), *Language.choices],
        required=False,
    )
    parts = forms.MultipleChoiceField(
        label=_("When can you come?"), choices=PartOfDay, required=False, widget=forms.CheckboxSelectMultiple
    )
    where = forms.ChoiceField(
        label=_("Where?"),
        choices=[("", pgettext_lazy("where", "Either is fine")), *PLACES],
        required=False,
        widget=forms.RadioSelect,
    )
    methods = forms.MultipleChoiceField(
        label=_("Is there a way of working that you would like?"), required=False, widget=forms.CheckboxSelectMultiple
    )
    gender = forms.ChoiceField(
        label=_("With whom is it easier to speak?"),
        choices=[("", _("It does not matter")), *Gender.choices],
        required=False,
        widget=forms.RadioSelect,
        help_text=_("Not everybody here says who they are. Whoever says nothing is still shown to you."),
    )

    def __init__(self, *args: Any, program: Program, said: Preferences | None, **kwargs: Any) -> None:
        super().__init__(*args, initial=_shown(said) if said else {}, **kwargs)
        listed = [(one.pk, one.name) for one in specialities_listed(program)]
        for name, choices in (("specialities", listed), ("methods", methods_offered(program))):
            if choices:
                self.fields[name].choices = choices  # type: ignore[attr-defined]
            else:
                del self.fields[name]

    def preferences(self) -> Preferences:
        said = self.cleaned_data
        return Preferences(
            specialities=frozenset(said.get("specialities", ())),
            language=said["language"],
            methods=frozenset(said.get("methods", ())),
            gender=said["gender"],
            parts=frozenset(said["parts"]),
            where=said["where"],
        )


def _shown(said: Preferences) -> dict[str, Any]:
    return {
        "specialities": list(said.specialities),
        "language": said.language,
        "methods": list(said.methods),
        "gender": said.gender,
        "parts": list(said.parts),
        "where": said.where,
    }
