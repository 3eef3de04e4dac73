"""How somebody wants to be reached, and what they sign to get texts."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm
from iop_portal.notices import reach, texting
from iop_portal.notices.channels import Channel, Topic
from iop_portal.notices.models import Reach
from iop_portal.notices.models.reach import LEADS, MOST_LEADS, Wishes, lead_in_words
from iop_portal.notices.reach import Wanted
from iop_portal.people.models import plain_line


def lead_choices() -> list[tuple[int, str]]:
    """The longest first, as they come."""
    return [(minutes, lead_in_words(minutes)) for minutes in reversed(LEADS)]


class WishesForm(PortalForm):
    appointments_by = forms.MultipleChoiceField(
        label=Topic.APPOINTMENTS.label, required=False, widget=forms.CheckboxSelectMultiple
    )
    reminders_by = forms.MultipleChoiceField(
        label=Topic.REMINDERS.label, required=False, widget=forms.CheckboxSelectMultiple
    )
    leads = forms.TypedMultipleChoiceField(
        label=_("How long before?"),
        help_text=_("Up to three."),
        choices=lead_choices,
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, texted: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(each.value, each.label) for each in Channel if texted or each != Channel.TEXT]
        for name in ("appointments_by", "reminders_by"):
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = offered

    def clean_leads(self) -> list[int]:
        leads: list[int] = self.cleaned_data["leads"]
        if len(leads) > MOST_LEADS:
            raise forms.ValidationError(str(reach.TooManyLeads()))
        return sorted(leads, reverse=True)


class ReachForm(WishesForm):
    PROGRAM, OWN = "program", "own"
    NEUTRAL, PLACE = "neutral", "place"
    detail = forms.ChoiceField(
        label=_("What may a message say?"),
        help_text=_("Whoever sees your phone or your mail sees this. It never says what it is about."),
        choices=[(NEUTRAL, _("That there is an appointment, and when")), (PLACE, _("And where it is"))],
        widget=forms.RadioSelect,
    )
    quiet = forms.ChoiceField(label=_("When should nothing come?"), widget=forms.RadioSelect)
    quiet_from = forms.TimeField(
        label=_("No messages from"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    quiet_until = forms.TimeField(
        label=_("No messages until"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    blames = {
        reach.UnknownChannel: "reminders_by",
        reach.TooManyLeads: "leads",
        reach.QuietHoursNotWhole: "quiet_from",
    }

    def __init__(self, *args: Any, night: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        quiet = self.fields["quiet"]
        assert isinstance(quiet, forms.ChoiceField)
        quiet.choices = [(self.PROGRAM, night), (self.OWN, _("In hours of my own:"))]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("quiet") == self.OWN and not {"quiet_from", "quiet_until"} & set(self.errors):
            begins, ends = cleaned.get("quiet_from"), cleaned.get("quiet_until")
            if begins is None or ends is None or begins == ends:
                self.add_error("quiet_from", str(reach.QuietHoursNotWhole()))
        return cleaned

    def wanted(self) -> Wanted:
        own = self.cleaned_data["quiet"] == self.OWN
        return Wanted(
            appointments_by=reach.ordered(self.cleaned_data["appointments_by"]),
            reminders_by=reach.ordered(self.cleaned_data["reminders_by"]),
            leads=self.cleaned_data["leads"],
            quiet_from=self.cleaned_data["quiet_from"] if own else None,
            quiet_until=self.cleaned_data["quiet_until"] if own else None,
            tells_place=self.cleaned_data["detail"] == self.PLACE,
        )

    @classmethod
    def start(cls, wishes: Wishes, *, mail_ok: bool) -> dict[str, object]:
        """As it holds now."""
        own = wishes if isinstance(wishes, Reach) and wishes.quiet_from else None
        return {
            "appointments_by": _possible(wishes.appointments_by, mail_ok=mail_ok),
            "reminders_by": _possible(wishes.reminders_by, mail_ok=mail_ok),
            "leads": wishes.leads,
            "detail": cls.PLACE if getattr(wishes, "tells_place", False) else cls.NEUTRAL,
            "quiet": cls.OWN if own else cls.PROGRAM,
            "quiet_from": own.quiet_from if own else time(21),
            "quiet_until": own.quiet_until if own else time(8),
        }


def _possible(wished: list[str], *, mail_ok: bool) -> list[str]:
    return [each for each in wished if mail_ok or each != Channel.MAIL]


class PhoneForm(PortalForm):
    """First the number, since it stands in the text that is signed."""

    phone = forms.CharField(
        label=_("Your mobile number"),
        max_length=40,
        help_text=_("Such as (212) 555-0142."),
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
    )

    def clean_phone(self) -> str:
        try:
            return texting.digits(self.cleaned_data["phone"])
        except texting.NotAPhone as refusal:
            raise forms.ValidationError(str(refusal)) from None


class SignForm(PortalForm):
    phone = forms.CharField(widget=forms.HiddenInput)
    read = forms.CharField(widget=forms.HiddenInput)
    signature = forms.CharField(
        label=_("Your name"),
        max_length=150,
        validators=[plain_line],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    blames = {texting.NotYourName: "signature"}

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["signature"].help_text = _("Sign by typing it as it stands here: %(name)s.") % {"name": name}


class CodeForm(PortalForm):
    code = forms.CharField(
        label=_("The six digits from the text"),
        max_length=12,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}),
    )
    blames = {texting.WrongCode: "code"}
