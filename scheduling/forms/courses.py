"""What somebody says when they join a course."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm

WITH, AROUND = "with", "around"


class JoinForm(PortalForm):
    own_time = forms.ChoiceField(
        label=_("Sessions that overlap what you keep free"),
        choices=[(WITH, _("Book those too")), (AROUND, _("Leave those out"))],
        initial=WITH,
        widget=forms.RadioSelect,
        help_text=_("It also holds for sessions that the course gets later."),
    )

    def __init__(self, *args: Any, asks: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks:
            del self.fields["own_time"]

    @property
    def around_own_time(self) -> bool:
        return self.cleaned_data.get("own_time") == AROUND
