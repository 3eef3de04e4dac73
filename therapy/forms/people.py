"""Looking for somebody, and what clinicians say of what they know and speak."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm, SeenForm
from iop_portal.people.models import Program
from therapy.directory import Choices, Sought
from therapy.models import Clinician, Gender, Language, Speciality
from therapy.specialities import KnownElsewhere, UnknownGender, UnknownLanguage, known_version


class FindPeopleForm(PortalForm):
    """What the directory shows. Anything else that an address says is passed over."""

    knows = forms.TypedMultipleChoiceField(
        label=_("What they know well"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    speaks = forms.MultipleChoiceField(label=_("What they speak"), required=False, widget=forms.CheckboxSelectMultiple)
    works = forms.MultipleChoiceField(label=_("How they work"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, there: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = {"knows": there.specialities, "speaks": there.languages, "works": there.methods}
        for name, choices in offered.items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def sought(self) -> Sought:
        self.is_valid()
        found = {name: frozenset(self.cleaned_data.get(name, ())) for name in self.fields}
        return Sought(found["knows"], found["speaks"], found["works"])

    @classmethod
    def showing(cls, sought: Sought, *, there: Choices) -> FindPeopleForm:
        """With what was asked for filled in."""
        initial = {
            "knows": list(sought.specialities),
            "speaks": list(sought.languages),
            "works": list(sought.methods),
        }
        return cls(initial=initial, there=there)


class SpecialityChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Named with its program where somebody works in several."""

    several = False

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} ({obj.program.name})" if self.several else obj.name


class KnownForm(SeenForm):
    """What somebody speaks and knows well, as far as some programs list it."""

    blames = {UnknownLanguage: "languages", KnownElsewhere: "specialities", UnknownGender: "gender"}
    languages = forms.MultipleChoiceField(
        label=_("Languages spoken with clients"),
        choices=Language,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Well enough for a hard conversation."),
    )
    specialities = SpecialityChoice(
        label=_("Known well"),
        queryset=Speciality.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A few are better than many: clients find people by it."),
    )

    def __init__(self, *args: Any, clinician: Clinician, programs: Collection[Program], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["specialities"]
        assert isinstance(field, SpecialityChoice)
        field.several = len(programs) > 1
        field.queryset = Speciality.objects.filter(program__in=programs, in_use=True).select_related("program")
        self.fields["languages"].initial = clinician.languages
        field.initial = list(clinician.specialities.filter(program__in=programs))
        self.fields["seen"].initial = known_version(clinician, programs)


class OwnKnownForm(KnownForm):
    gender = forms.ChoiceField(
        label=_("Who you are, for clients who ask"),
        choices=[("", _("I say nothing of it")), *Gender.choices],
        required=False,
        widget=forms.RadioSelect,
        help_text=_(
            "Some people find it easier to speak with a woman or with a man. Nobody but you can say it, and nothing "
            "is asked of you."
        ),
    )

    def __init__(self, *args: Any, clinician: Clinician, **kwargs: Any) -> None:
        super().__init__(*args, clinician=clinician, **kwargs)
        self.fields["gender"].initial = clinician.gender
