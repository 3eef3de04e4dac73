"""What every form of the portal shares: sentences that say how to mend a field."""

from typing import Any

from django import forms
from django.forms.utils import pretty_name
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

_CHOOSE = (forms.ChoiceField, forms.ModelChoiceField)


class PortalFormMixin:
    """Turns "This field is required" into a sentence that still makes sense in the summary above the page.

    A field that brings its own sentence keeps it.
    """

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            label = str(field.label or pretty_name(name))
            _replace(field, "required", forms.Field, _missing(field, label))
            for kind in (*_CHOOSE, forms.MultipleChoiceField, forms.ModelMultipleChoiceField):
                if isinstance(field, kind):
                    _replace(
                        field,
                        "invalid_choice",
                        kind,
                        format_lazy(_("Choose one of the answers to “{field}”"), field=label),
                    )


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


class PortalModelForm(PortalFormMixin, forms.ModelForm):  # type: ignore[type-arg]
    pass
