"""Writing notes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm
from therapy import counselling, notes

LONGEST = 20_000


class NoteForm(PortalForm):
    """What is kept needs nothing to be filled in; what is signed does."""

    blames = {notes.SaysNothing: "text"}
    text = forms.CharField(
        label=_("The note"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=_("The client reads it as soon as it is signed. Write as you would speak with them in the room."),
        error_messages={"required": _("Write the note before you sign it.")},
    )

    def __init__(self, *args: Any, keeping: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].required = not keeping


class AmendForm(PortalForm):
    blames = {notes.NothingAdded: "text"}
    text = forms.CharField(
        label=_("Add to this note"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Write what you want to add.")},
    )


class CounsellingForm(PortalForm):
    blames = {counselling.NothingWritten: "text"}
    text = forms.CharField(
        label=_("What stays with you"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": _("Write something first.")},
    )
    amends = forms.IntegerField(required=False, widget=forms.HiddenInput)
