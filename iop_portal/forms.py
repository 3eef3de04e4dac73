"""What every form of the portal shares: sentences that say how to mend a field."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.db.models import BLANK_CHOICE_DASH
from django.forms.utils import pretty_name
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from iop_portal.refusals import Refused

DASHES = BLANK_CHOICE_DASH[0][1]
_CHOOSE = (forms.ChoiceField, forms.ModelChoiceField)


class PortalFormMixin:
    """Turns "This field is required" into a sentence that still makes sense in the summary above the page.

    A field that brings its own sentence keeps it. The form can be told why a write was refused, at the field that can
    mend it, and knows the status of a page that shows it.
    """

    fields: dict[str, forms.Field]
    blames: ClassVar[Mapping[type[Refused], str]] = {}
    refused_with: int = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            label = str(field.label or pretty_name(name))
            _replace(field, "required", forms.Field, _missing(field, label))
            _name_its_bounds(field, label)
            _say_nothing_in_words(field)
            for kind in (*_CHOOSE, forms.MultipleChoiceField, forms.ModelMultipleChoiceField):
                if isinstance(field, kind):
                    _replace(
                        field,
                        "invalid_choice",
                        kind,
                        format_lazy(_("Choose one of the answers to “{field}”"), field=label),
                    )

    def refuse(self, refusal: Refused) -> None:
        field = self.blames.get(type(refusal))
        self.add_error(field if field in self.fields else None, str(refusal))  # type: ignore[attr-defined]
        self.refused_with = refusal.status

    @property
    def status(self) -> int:
        """200 for a fresh form, 400 for one to mend, the refusal's own for one that was refused."""
        return self.refused_with or (400 if self.errors else 200)  # type: ignore[attr-defined]


def _name_its_bounds(field: forms.Field, label: str) -> None:
    """Django's own sentences about length and size do not say of which field they speak."""
    named = {"field": label.replace("%", "%%")}
    for code, sentence in (
        ("max_length", _("Shorten “{field}”: it may have %(limit_value)d characters, and has %(show_value)d.")),
        ("max_value", _("In “{field}”, %(limit_value)s is the most.")),
        ("min_value", _("In “{field}”, %(limit_value)s is the least.")),
    ):
        field.error_messages.setdefault(code, format_lazy(sentence, **named))


def _say_nothing_in_words(field: forms.Field) -> None:
    """A model's own "---------": a list asks to choose instead, and among buttons it goes where an answer is needed."""
    if isinstance(field, forms.ModelChoiceField):
        if field.empty_label == DASHES:
            field.empty_label = _("Choose")
    elif isinstance(field, forms.TypedChoiceField):
        buttons = isinstance(field.widget, forms.RadioSelect) and field.required
        field.choices = [
            (value, _("Choose") if label == DASHES else label)
            for value, label in field.widget.choices
            if not (buttons and label == DASHES)
        ]


def _replace(field: forms.Field, code: str, kind: type[forms.Field], sentence: Any) -> None:
    if field.error_messages[code] == kind.default_error_messages[code]:
        field.error_messages[code] = sentence


def _missing(field: forms.Field, label: str) -> Any:
    if isinstance(field, forms.BooleanField):
        return format_lazy(_("Tick “{field}”"), field=label)
    if isinstance(field, _CHOOSE):
        return format_lazy(_("Choose an answer for “{field}”"), field=label)
    return format_lazy(_("Fill in “{field}”"), field=label)


class PortalForm(PortalFormMixin, forms.Form):
    pass


class SeenForm(PortalForm):
    """Remembers in `seen` which version of what it changes it began with."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def refuse_stale(self, refusal: Refused, *, seen: str) -> None:
        """Keep what was typed, say why it was not saved, and let the next save mean it."""
        self.refuse(refusal)
        data = self.data.copy()  # type: ignore[attr-defined]
        data["seen"] = seen
        self.data = data


class PortalModelForm(PortalFormMixin, forms.ModelForm):  # type: ignore[type-arg]
    pass
