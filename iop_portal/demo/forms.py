"""The second step of the demonstration: the page fills the code in."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.accounts.forms import CodeAgainForm, CodeForm
from iop_portal.demo.devices import ready_code


class FilledIn:
    """Fills a real code in. One that ran out before it was sent is replaced by the next."""

    user: Any
    data: Any
    initial: dict[str, Any]
    fields: dict[str, Any]
    is_bound: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].help_text = _("This is a demonstration, so the code is filled in.")
        if not self.is_bound:
            self.initial["code"] = ready_code(self.user)

    def clean_code(self) -> str:
        try:
            return str(super().clean_code())  # type: ignore[misc]
        except forms.ValidationError:
            self.data = {**self.data.dict(), "code": ready_code(self.user)}
            raise


class AuthenticateForm(FilledIn, CodeForm):
    pass


class ReauthenticateForm(FilledIn, CodeAgainForm):
    pass
