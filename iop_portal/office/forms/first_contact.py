"""What admins type about a program's public page, and how a first call came out."""

from __future__ import annotations

from typing import ClassVar

from django import forms
from django.utils.translation import gettext_lazy

from iop_portal.forms import PortalForm
from iop_portal.office.forms import EditForm
from therapy.first_contact import DETAILS, NothingToPublish, PageDetails, page_version
from therapy.models import FirstContact, PublicPage


class PublicPageForm(EditForm):
    details = DETAILS
    blames: ClassVar = {NothingToPublish: "what"}

    class Meta:
        model = PublicPage
        fields = DETAILS
        labels: ClassVar = {
            "published": gettext_lazy("Anybody may read this page"),
            "what": gettext_lazy("What it is"),
            "whom": gettext_lazy("Whom it is for"),
            "week": gettext_lazy("What a week is like"),
            "cost": gettext_lazy("What it costs, and who pays"),
        }
        help_texts: ClassVar = {
            "published": gettext_lazy("With it the program’s name, address and phone, and the list of ways that help."),
            "what": gettext_lazy("In plain words, as you would tell a neighbour."),
        }
        widgets: ClassVar = {name: forms.Textarea(attrs={"rows": 4}) for name in ("what", "whom", "week", "cost")}

    def version(self, row: PublicPage) -> str:
        return page_version(row)

    def page(self) -> PageDetails:
        return PageDetails(**{name: self.cleaned_data[name] for name in DETAILS})


class OutcomeForm(PortalForm):
    outcome = forms.ChoiceField(
        label=gettext_lazy("How did it come out?"), choices=FirstContact.Outcome.choices, widget=forms.RadioSelect
    )
