"""What is recorded about one place: by one button on the roster, or with minutes and a reason on a page of its own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm, SeenForm
from scheduling.attendance import NoMinutes, ReasonMissing, Said, TooManyMinutes
from scheduling.models import Attendance, Session

State = Attendance.State
# What one button on the roster says; everything else asks for a word more.
AT_ONCE = (State.PRESENT, State.LATE, State.MISSED)
STATES = (
    (State.PRESENT, _("Present")),
    (State.LATE, _("Late")),
    (State.LEFT_EARLY, _("Left early")),
    (State.EXCUSED, _("Excused")),
    (State.MISSED, _("Missed")),
    (State.CANCELLED, _("Cancelled by us")),
)


class TapForm(PortalForm):
    """A button of the roster: of whom, what, and how many facts there were when it was drawn."""

    booking = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    state = forms.ChoiceField(choices=[(state.value, state.label) for state in AT_ONCE])


class AttendanceForm(SeenForm):
    blames = {TooManyMinutes: "minutes", NoMinutes: "minutes", ReasonMissing: "reason"}

    state = forms.ChoiceField(
        label=_("What was it?"),
        choices=STATES,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what it was.")},
    )
    minutes = forms.IntegerField(
        label=_("Minutes they were there"),
        required=False,
        min_value=0,
        max_value=480,
        help_text=_("Only for who came. Leave it empty for the usual."),
    )
    by_video = forms.BooleanField(label=_("They were there by video"), required=False)
    reason = forms.CharField(
        label=_("Why it is excused"),
        required=False,
        max_length=120,
        help_text=_("In a few words, such as “doctor’s appointment”. Their care team reads it."),
    )

    def __init__(self, *args: Any, session: Session, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not (session.room_id and session.video):
            del self.fields["by_video"]

    def said(self) -> Said:
        typed = self.cleaned_data
        return Said(typed["state"], typed["minutes"], typed["reason"], typed.get("by_video", False))

    @property
    def number_seen(self) -> int:
        """How many facts the page showed. What nobody sends is as if nothing had been there."""
        seen = self.cleaned_data["seen"]
        return int(seen) if seen.isdecimal() else 0
