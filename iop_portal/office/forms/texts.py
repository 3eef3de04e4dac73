"""What admins write for the library."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import SeenForm
from iop_portal.people.models import plain_line
from therapy.library import DETAILS, TextDetails, TitleTaken
from therapy.models import Topic


class TextForm(SeenForm):
    blames = {TitleTaken: "title"}

    title = forms.CharField(label=_("Title"), max_length=80, validators=[plain_line], help_text=_("Plain words."))
    in_short = forms.CharField(label=_("In one sentence"), max_length=160, validators=[plain_line])
    topic = forms.ChoiceField(label=_("Topic"), choices=Topic)
    helps = forms.CharField(
        label=_("What it helps with"),
        max_length=120,
        required=False,
        validators=[plain_line],
        help_text=_("A few words, with commas between them."),
    )
    words = forms.CharField(
        label=_("The text"),
        max_length=6000,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=_("Short paragraphs with an empty line between them. Nothing of it is a link or a heading."),
    )
    urgent = forms.BooleanField(
        label=_("Whom to call at once stands above it"),
        required=False,
        help_text=_("For a text about something that may not wait."),
    )

    def details(self) -> TextDetails:
        return TextDetails(**{name: self.cleaned_data[name] for name in DETAILS})
