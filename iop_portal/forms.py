"""What every form of the portal shares: sentences that say how to mend a field."""

from typing import Any

from django import forms
from django.forms.utils import pretty_name
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

_CHOOSE = (forms.ChoiceField, forms.ModelChoiceField)


class PortalFormMixin:
    """Turns "This field is required" into a sentence that still makes sense in the summary above the page."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if field.error_messages["required"] == forms.Field.default_error_messages["required"]:
                field.error_messages["required"] = _missing(field, str(field.label or pretty_name(name)))


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
