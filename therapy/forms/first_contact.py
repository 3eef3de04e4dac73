"""What somebody types who does not belong to a program yet."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm
from iop_portal.people.models import plain_line
from therapy.first_contact import Asked, NoWayBack, NumberTooShort
from therapy.models import FirstContact


class CallMeForm(PortalForm):
    blames = {NoWayBack: "phone", NumberTooShort: "phone"}

    once = forms.UUIDField(widget=forms.HiddenInput)
    name = forms.CharField(
        label=_("What may we call you?"),
        help_text=_("A first name is enough, or any name you like."),
        max_length=60,
        validators=[plain_line],
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    phone = forms.CharField(
        label=_("Phone number"),
        required=False,
        max_length=40,
        validators=[plain_line],
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    may_leave_message = forms.BooleanField(
        label=_("You may leave a message there, saying only a first name and a number"), required=False
    )
    mail = forms.EmailField(
        label=_("Or your e-mail address"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    when = forms.ChoiceField(
        label=_("When is a good time?"),
        choices=FirstContact.When.choices,
        initial=FirstContact.When.ANY,
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=_("Is there anything we should know before we call? You do not have to say anything."),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, initial={"once": uuid4()}, **kwargs)

    def clean(self) -> dict[str, Any] | None:
        found = super().clean()
        both = {"phone", "mail"}
        if not both & set(self.errors) and not any(self.cleaned_data.get(name) for name in both):
            self.add_error("phone", str(NoWayBack.message))
        return found

    @property
    def sent_once(self) -> UUID:
        found: UUID = self.cleaned_data["once"]
        return found

    def asked(self) -> Asked:
        return Asked(**{name: value for name, value in self.cleaned_data.items() if name != "once"})
