"""Signing an agreement, and writing one."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.consents.consenting import NotYourName
from iop_portal.forms import PortalForm
from iop_portal.versions import ChangedMeanwhile
from therapy import agreements


class SignForm(PortalForm):
    blames = {NotYourName: "name"}
    name = forms.CharField(
        label=_("Type your name to sign"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Type your name to sign.")},
    )


class VersionForm(PortalForm):
    blames = {agreements.SaysNothing: "text", agreements.NothingNew: "text", ChangedMeanwhile: "text"}
    text = forms.CharField(
        label=_("The text"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 18}),
        help_text=_("Clients read it as it stands here. An empty line begins a new paragraph."),
    )
    asked_for = forms.BooleanField(
        label=_("Ask everybody to sign it"),
        required=False,
        help_text=_("Without it nobody is asked any more. What was signed stays signed."),
    )
    seen = forms.IntegerField(widget=forms.HiddenInput)
