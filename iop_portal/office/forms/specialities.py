"""What admins write about what clinicians may know well."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import SeenForm
from iop_portal.people.models import plain_line
from therapy.specialities import SpecialityNameTaken


class SpecialityForm(SeenForm):
    blames = {SpecialityNameTaken: "name"}
    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        validators=[plain_line],
        help_text=_("As people would say it who come with it. Not a diagnosis."),
    )
