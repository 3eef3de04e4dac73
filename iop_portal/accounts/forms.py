"""What people type about themselves, and allauth's forms in the portal's own words."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import Any

from allauth.account import forms as account_forms
from allauth.account.adapter import get_adapter
from allauth.mfa.base import forms as code_forms
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.webauthn import forms as passkey_forms
from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.utils.translation import gettext_lazy as _

from iop_portal.accounts.glass import SHORTEST_REASON
from iop_portal.accounts.invitations import NewPerson
from iop_portal.accounts.models import Invitation
from iop_portal.forms import PortalForm, PortalFormMixin, PortalModelForm
from iop_portal.markup import zone_place
from iop_portal.people.models import User, plain_line

GOOD_PASSWORD = _("At least 10 characters. A few words that only you would put together work well.")
NEARBY = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
)


@cache
def zone_choices() -> list[Any]:
    """Places, not abbreviations, and those of the United States first."""
    places = sorted(name for name in zoneinfo.available_timezones() if _is_place(name))
    return [
        (_("United States"), [(name, zone_place(name)) for name in NEARBY]),
        (_("Everywhere"), [_named(name) for name in places if name not in NEARBY]),
    ]


def _is_place(name: str) -> bool:
    return "/" in name and not name.startswith(("Etc/", "SystemV/", "US/"))


def _named(name: str) -> tuple[str, str]:
    return name, name.replace("_", " ")


class AcceptForm(PortalForm):
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
        help_text=GOOD_PASSWORD,
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


class SettingsForm(PortalModelForm):
    zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices, help_text=_("Times are shown in this zone."))
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    theme = forms.ChoiceField(label=_("Colours"), choices=User.Theme, widget=forms.RadioSelect)

    class Meta:
        model = User
        fields = (
            "preferred_name",
            "surname",
            "pronouns",
            "phone",
            "voicemail_ok",
            "mail_ok",
            "zone",
            "language",
            "theme",
        )
        widgets = {
            "preferred_name": forms.TextInput(attrs={"autocomplete": "given-name"}),
            "surname": forms.TextInput(attrs={"autocomplete": "family-name"}),
            "phone": forms.TextInput(attrs={"autocomplete": "tel", "type": "tel", "maxlength": "40"}),
        }
        help_texts = {
            "surname": _("People in your groups never see it."),
            "mail_ok": _("Mails never say what your program treats. Those about your account always come."),
        }

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        if len(phone) > 40:
            raise forms.ValidationError(_("A phone number has at most 40 characters."))
        return phone


class BreakGlassForm(PortalForm):
    email = forms.EmailField(
        label=_("The client’s e-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    reason = forms.CharField(
        label=_("Why you need their record now"),
        min_length=SHORTEST_REASON,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "A sentence, at least 20 characters. An admin reads it; the client sees who, when and for how long."
        ),
        error_messages={"min_length": _("Say in a sentence why. At least 20 characters.")},
    )


class _Plain(PortalFormMixin):
    """Labels above the fields, in the portal's words, and no second label inside of them."""

    labels: dict[str, Any] = {}
    hints: dict[str, Any] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Typing it twice catches little, and is hard on a phone: browsers can show it.
        self.fields.pop("password2", None)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.hints.get(name, "")


class SignInForm(_Plain, account_forms.LoginForm):
    labels = {"login": _("E-mail address"), "password": _("Password")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autocomplete"] = "username"


class ReauthenticateForm(_Plain, account_forms.ReauthenticateForm):
    labels = {"password": _("Password")}


class ChangePasswordForm(_Plain, account_forms.ChangePasswordForm):
    labels = {"oldpassword": _("Password now"), "password1": _("New password")}
    hints = {"password1": GOOD_PASSWORD}


class AskForPasswordForm(_Plain, account_forms.ResetPasswordForm):
    labels = {"email": _("E-mail address")}

    def save(self, request: Any, **kwargs: Any) -> str:
        """allauth's own would mint the link now, and do nothing at all for an address without an account."""
        get_adapter(request).ask_for_new_password(next(iter(self.users), None))
        return str(self.cleaned_data["email"])


class NewPasswordForm(_Plain, account_forms.ResetPasswordKeyForm):
    labels = {"password1": _("New password")}
    hints = {"password1": GOOD_PASSWORD}


class NewAddressForm(_Plain, account_forms.AddEmailForm):
    labels = {"email": _("New e-mail address")}


class _Code(_Plain):
    labels = {"code": _("Code")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs.update({"inputmode": "numeric", "spellcheck": "false"})


class CodeForm(_Code, code_forms.AuthenticateForm):
    hints = {"code": _("Six digits from your app. Without your phone, use a spare code.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["autofocus"] = True


class CodeAgainForm(_Code, code_forms.ReauthenticateForm):
    hints = {"code": _("Six digits from your app. Without your phone, use a spare code.")}


class ActivateAppForm(_Code, totp_forms.ActivateTOTPForm):
    hints = {"code": _("The six digits that the app shows for Portal now.")}


class AddPasskeyForm(_Plain, passkey_forms.AddWebAuthnForm):
    labels = {"name": _("Name of this passkey"), "passwordless": _("Sign in with it alone, without the password")}
    hints = {"name": _("So that you recognise it later, such as My phone.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].validators.append(plain_line)
        self.fields["passwordless"].initial = True


class RenamePasskeyForm(_Plain, passkey_forms.EditWebAuthnForm):
    labels = {"name": _("Name of this passkey")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].validators.append(plain_line)
