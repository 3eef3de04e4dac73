"""What people type about themselves."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.utils.translation import gettext_lazy as _

from iop_portal.accounts.invitations import NewPerson
from iop_portal.accounts.models import Invitation
from iop_portal.people.models import User, plain_line


def zone_choices() -> list[tuple[str, str]]:
    """Places, not abbreviations: only names such as America/New_York, underscores as spaces."""
    return [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones()) if _is_place(name)]


def _is_place(name: str) -> bool:
    return "/" in name and not name.startswith(("Etc/", "SystemV/", "US/"))


class AcceptForm(forms.Form):
    """Address and role are not asked: the invitation has fixed them."""

    preferred_name = forms.CharField(
        label=_("Name we call you"),
        max_length=60,
        validators=[plain_line],
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    surname = forms.CharField(
        label=_("Last name"),
        max_length=80,
        required=False,
        validators=[plain_line],
        help_text=_("People in your groups never see it."),
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )
    pronouns = forms.CharField(label=_("Pronouns"), max_length=40, required=False, validators=[plain_line])
    zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices, help_text=_("Times are shown in this zone."))
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=_("At least 10 characters. A few words that only you would put together work well."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, invitation: Invitation, *args: Any, **kwargs: Any) -> None:
        self.invitation = invitation
        kwargs["initial"] = {
            "preferred_name": invitation.preferred_name,
            "surname": invitation.surname,
            "zone": invitation.program.zone,
        }
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if password := cleaned.get("password"):
            person = User(
                email=self.invitation.email,
                preferred_name=cleaned.get("preferred_name", ""),
                surname=cleaned.get("surname", ""),
            )
            try:
                password_validation.validate_password(password, person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned

    def person(self) -> NewPerson:
        return NewPerson(**self.cleaned_data)
