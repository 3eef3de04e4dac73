"""What somebody says by a link from a reminder."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm
from scheduling.models import AnswerLink
from scheduling.models.reminders import LATE_BY


class AnswerForm(PortalForm):
    late_by = forms.TypedChoiceField(
        label=_("How late, about?"),
        choices=[(minutes, _("%(n)d minutes") % {"n": minutes}) for minutes in LATE_BY],
        coerce=int,
        widget=forms.RadioSelect,
        initial=LATE_BY[0],
    )

    def __init__(self, *args: Any, purpose: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if purpose != AnswerLink.Purpose.LATE:
            del self.fields["late_by"]
