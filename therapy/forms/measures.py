"""One answer of a client, and what a clinician writes down about one that could not wait."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.followups.acting import clinicians_for
from iop_portal.forms import PortalForm, SeenForm
from iop_portal.people.models import Program, User
from therapy.alerts import NothingWritten
from therapy.instruments import Item
from therapy.models import Disposition


class ClinicianChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable when it runs
    """Colleagues by their whole name."""

    def label_from_instance(self, user: Any) -> str:
        return str(user.full_name)


class AnswerForm(PortalForm):
    """One question. Not to say is an answer, and stands apart from the numbers."""

    RATHER_NOT = "no"
    answer = forms.ChoiceField(
        widget=forms.RadioSelect, error_messages={"required": _("Choose an answer, or “I prefer not to say”.")}
    )

    def __init__(self, *args: Any, item: Item, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["answer"]
        field.label = item.text
        field.choices = [  # type: ignore[attr-defined]
            *((str(option.value), option.text) for option in item.options),
            (self.RATHER_NOT, _("I prefer not to say")),
        ]

    @property
    def value(self) -> int | None:
        chosen = self.cleaned_data["answer"]
        return None if chosen == self.RATHER_NOT else int(chosen)


class DispositionForm(SeenForm):
    blames = {NothingWritten: "words"}
    done = forms.MultipleChoiceField(
        label=_("What did you do?"), choices=Disposition.Done, widget=forms.CheckboxSelectMultiple
    )
    words = forms.CharField(
        label=_("In a few sentences"),
        max_length=4000,
        help_text=_("What they said, what you agreed, what comes next. Only the care team reads it."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class HandOverForm(PortalForm):
    to = ClinicianChoice(label=_("Give it to"), queryset=User.objects.none())

    def __init__(self, *args: Any, client: User, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = clinicians_for(client, program)  # type: ignore[attr-defined]
