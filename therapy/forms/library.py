"""What is typed to find a text."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm


class FindTextForm(PortalForm):
    words = forms.CharField(
        label=_("What is it about?"),
        max_length=80,
        help_text=_("A word or two. We keep no note of what you look for."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "type": "search"}),
    )
