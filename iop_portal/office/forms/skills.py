"""What admins write about a skill."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import SeenForm
from iop_portal.people.models import plain_line
from therapy.skills import OddMinutes, SkillDetails, SkillNameTaken


class SkillForm(SeenForm):
    blames = {SkillNameTaken: "name", OddMinutes: "minutes"}

    name = forms.CharField(label=_("Name"), max_length=80, validators=[plain_line], help_text=_("Plain words."))
    in_short = forms.CharField(label=_("In one sentence"), max_length=160, validators=[plain_line])
    how = forms.CharField(
        label=_("How it is done"),
        max_length=3000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("So that somebody can do it with nobody else there."),
    )
    minutes = forms.IntegerField(label=_("Minutes it takes"), min_value=1, max_value=120, initial=5)

    def details(self) -> SkillDetails:
        told = self.cleaned_data
        return SkillDetails(told["name"], told["in_short"], told["how"], told["minutes"])
