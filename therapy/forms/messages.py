"""What people type to one another."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm
from iop_portal.people.models import Program, User
from therapy import conversations

LONGEST = 5000


class MessageForm(PortalForm):
    """`once` tells a form that is sent twice from two messages. A draft needs nothing to be filled in."""

    blames = {conversations.NothingSaid: "text"}
    text = forms.CharField(
        label=_("Your message"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": _("Write something first.")},
    )
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *args: Any, keeping: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if keeping:
            for field in self.fields.values():
                field.required = False


class BeginForm(MessageForm):
    field_order = ("program", "subject", "text", "once")
    subject = forms.CharField(
        label=_("What it is about"),
        max_length=80,
        required=False,
        help_text=_("If you like. A few words help to find it again."),
    )
    program = forms.ModelChoiceField(label=_("Which program"), queryset=Program.objects.none())

    def __init__(self, *args: Any, programs: list[Program], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        keys = [program.pk for program in programs]
        self.fields["program"].queryset = Program.objects.filter(pk__in=keys)  # type: ignore[attr-defined]
        if len(keys) < 2:
            del self.fields["program"]


class AssignForm(PortalForm):
    to = forms.ModelChoiceField(
        label=_("Who sees to it"), queryset=User.objects.none(), required=False, empty_label=_("The whole care team")
    )

    def __init__(self, *args: Any, team: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        field.queryset = User.objects.filter(pk__in=[one.pk for one in team])  # type: ignore[attr-defined]
        field.label_from_instance = lambda user: user.full_name  # type: ignore[attr-defined]
