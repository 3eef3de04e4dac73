"""What is tapped at the end of a practice."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm
from therapy.models import Sitting


class HowWasThatForm(PortalForm):
    """`how` is the button that was tapped. `after` says how many steps were done; without it, all of them."""

    how = forms.ChoiceField(
        label=_("How was that?"),
        choices=Sitting.How,
        error_messages={"required": _("Say how it was, or keep nothing")},
    )
    after = forms.IntegerField(required=False, min_value=0, max_value=50, widget=forms.HiddenInput)
    shared = forms.ChoiceField(
        label=_("Who reads it?"),
        choices=[("", _("Only I")), ("yes", _("My care team too"))],
        required=False,
        widget=forms.RadioSelect,
        initial="",
    )
