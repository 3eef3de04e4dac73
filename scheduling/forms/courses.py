"""What somebody says when they join a course, and for the certificate of one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm
from iop_portal.people.models import Program, User, plain_line

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


class CertificateForm(PortalForm):
    """Nothing of it is kept."""

    NEUTRAL, PROGRAM = "neutral", "program"
    PRINT = "print"

    name = forms.CharField(
        label=_("Name on the certificate"),
        max_length=100,
        validators=[plain_line],
        help_text=_("As you are called, or as it stands on your other papers. We do not keep it."),
    )
    issuer = forms.ChoiceField(
        label=_("Who it comes from"),
        initial=NEUTRAL,
        widget=forms.RadioSelect,
        help_text=_(
            "With the program’s name you tell whoever reads it that you were with us, and so perhaps why. It is your "
            "decision, and cannot be taken back once somebody has read it."
        ),
    )

    def __init__(self, *args: Any, person: User, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].initial = person.full_name
        if program.sender == program.name:
            # Nothing to decide between.
            del self.fields["issuer"]
        else:
            self.fields["issuer"].choices = [  # type: ignore[attr-defined]
                (self.NEUTRAL, program.sender),
                (self.PROGRAM, program.name),
            ]

    @property
    def with_program(self) -> bool:
        return bool(self.cleaned_data.get("issuer") == self.PROGRAM)
