"""Shapes of what people fill in on the pages of home."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from iop_portal.consents.consenting import DESCRIPTIONS, LONGEST
from iop_portal.consents.models import Consent, Purpose
from iop_portal.forms import PortalForm
from iop_portal.people.models import Program, plain_line


class WhoForm(PortalForm):
    recipient_name = forms.CharField(
        label=_("What is their name?"),
        help_text=_("A person, or a place such as a doctor’s office. First and last name, if you know them."),
        max_length=120,
        validators=[plain_line],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    recipient_relation = forms.CharField(
        label=_("Who are they to you?"),
        help_text=_("For example: my sister, my employer, my family doctor."),
        max_length=120,
        required=False,
        validators=[plain_line],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    recipient_address = forms.EmailField(
        label=_("Their e-mail address"),
        help_text=_("Only if they sign in here too and should see it on their own page."),
        max_length=100,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def clean_recipient_address(self) -> str:
        return str(self.cleaned_data["recipient_address"]).lower()


class WhatForm(PortalForm):
    category = forms.ChoiceField(
        label=_("What may they be told?"),
        choices=[
            (category.value, format_html('{}<span class="d-block quiet">{}</span>', category.label, description))
            for category, description in DESCRIPTIONS.items()
        ],
        widget=forms.RadioSelect,
        help_text=_("One thing at a time, so that you can withdraw each by itself."),
    )


class WhyForm(PortalForm):
    purpose = forms.ChoiceField(
        label=_("Why should they be told?"),
        choices=Purpose.choices,
        widget=forms.RadioSelect,
        initial=Purpose.PATIENT_REQUEST,
    )


class UntilForm(PortalForm):
    LENGTHS = {"30": 30, "90": 90, "180": 180}

    lasts = forms.ChoiceField(
        label=_("For how long?"),
        choices=[
            ("30", _("For 30 days")),
            ("90", _("For 3 months (90 days)")),
            ("180", _("For half a year (180 days)")),
            ("day", _("Until a day that I choose")),
        ],
        widget=forms.RadioSelect,
        initial="90",
    )
    last_day = forms.DateField(
        label=_("The last day"),
        help_text=_("Only for “Until a day that I choose”. At most a year from now."),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("lasts") == "day" and "last_day" not in self.errors:
            last_day = cleaned.get("last_day")
            if last_day is None:
                self.add_error("last_day", _("Choose the last day."))
            elif not self.today <= last_day <= self.today + LONGEST:
                self.add_error("last_day", _("Choose a day from today up to one year from now."))
        return cleaned

    @property
    def expires_on(self) -> date:
        lasts = self.cleaned_data["lasts"]
        if lasts == "day":
            chosen: date = self.cleaned_data["last_day"]
            return chosen
        return self.today + timedelta(days=self.LENGTHS[lasts])


class ProgramForm(PortalForm):
    """Only asked of somebody who is or was in more than one program."""

    program = forms.ModelChoiceField(
        label=_("Which program may tell?"), queryset=Program.objects.none(), widget=forms.RadioSelect, empty_label=None
    )

    def __init__(self, *args: Any, programs: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["program"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = programs


class SignForm(PortalForm):
    """`read` is the fingerprint of the text on the page; a foreign one is refused when signing."""

    read = forms.CharField(widget=forms.HiddenInput, max_length=64)
    signature = forms.CharField(
        label=_("Your name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["signature"].help_text = format_html(
            gettext("Typing your name signs it. Your name here: <b>{}</b>"), name
        )


class ConsentField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Consents by what may be told to whom."""

    def label_from_instance(self, obj: Consent) -> str:
        words = {"name": obj.recipient_name, "category": obj.get_category_display()}
        return gettext("%(name)s: %(category)s") % words


class DisclosureForm(PortalForm):
    """What a clinician told, on the strength of one of the live consents of the client."""

    consent = ConsentField(
        label=_("On which permission does it stand?"),
        queryset=Consent.objects.none(),
        widget=forms.RadioSelect,
        empty_label=None,
    )
    what = forms.CharField(
        label=_("What is told?"),
        help_text=_("In a sentence or two. The client reads this."),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, consents: QuerySet[Consent], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["consent"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = consents
