"""Shapes of what people say at the door of a session, and of the addresses of video calls."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm
from iop_portal.people.models import User, plain_line
from scheduling.joining import Said
from scheduling.models import Whereabouts
from scheduling.models.joining import MOST_CHARACTERS, SECURE
from scheduling.states import STATES
from scheduling.video import NotSecure

LEAST_DIGITS = 7


class JoinForm(PortalForm):
    YES, NO = "yes", "no"
    place = forms.CharField(
        label=_("Where are you now?"),
        help_text=_("The address, or “at home:” and the address. If you need help suddenly, we send it there."),
        max_length=200,
        validators=[plain_line],
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    state = forms.ChoiceField(
        label=_("In which state is that?"),
        choices=[("", _("Choose")), *STATES.items()],
        help_text=_("Counsellors are licensed state by state."),
    )
    phone = forms.CharField(
        label=_("On which number can we call you back?"),
        help_text=_("If the picture or the sound breaks off."),
        max_length=40,
        validators=[plain_line],
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
    )
    in_private = forms.ChoiceField(
        label=_("Are you somewhere where nobody can listen?"),
        choices=[(YES, _("Yes")), (NO, _("No, or I am not sure"))],
        help_text=_("You can join either way."),
        widget=forms.RadioSelect,
    )

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        if len(re.findall(r"\d", phone)) < LEAST_DIGITS:
            raise forms.ValidationError(_("Write the whole number, with the area code."))
        return phone

    @classmethod
    def for_person(cls, data: Any, *, person: User, before: Whereabouts | None) -> JoinForm:
        """Prefilled with what they said for this session, or with the number in their profile."""
        if before is None:
            return cls(data, initial={"phone": person.phone})
        in_private = cls.YES if before.in_private else cls.NO
        told = {"place": before.place, "state": before.state, "phone": before.phone, "in_private": in_private}
        return cls(data, initial=told)

    @property
    def said(self) -> Said:
        given = self.cleaned_data
        return Said(given["place"], given["state"], given["phone"], given["in_private"] == self.YES)


class SecureAddressField(forms.CharField):
    """An https address that is what it looks like."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.URLInput(attrs={"autocomplete": "off", "placeholder": "https://"})
        super().__init__(max_length=MOST_CHARACTERS, widget=widget, validators=[plain_line], **kwargs)

    def clean(self, value: Any) -> str:
        address: str = super().clean(value)
        if address:
            URLValidator(schemes=["https"], message=NotSecure.message)(address)
            if not re.match(SECURE, address):
                raise forms.ValidationError(NotSecure.message)
        return address


class VideoAddressForm(PortalForm):
    address = SecureAddressField(
        label=_("Address of your video calls"),
        help_text=_("The same for all your sessions. Leave it empty to have none."),
        required=False,
    )


class VideoRoomForm(PortalForm):
    address = SecureAddressField(
        label=_("Address of the call"),
        help_text=_("For this session alone. Leave it empty to use your usual one."),
        required=False,
    )
