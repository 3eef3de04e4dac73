"""Asking for another counsellor, and answering it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.accounts.care_teams import CannotJoin
from iop_portal.forms import PortalForm
from iop_portal.people.models import User
from therapy.counsellor_requests import NoReply, NotOnTheList, WithYouAlready
from therapy.models import Clinician

WORDS = 1000


class AskForm(PortalForm):
    blames = {NotOnTheList: "wanted", WithYouAlready: "wanted"}
    wanted = forms.ChoiceField(label=gettext_lazy("Whom would you like?"), required=False, widget=forms.RadioSelect)
    words = forms.CharField(
        label=gettext_lazy("What should the office know?"),
        required=False,
        max_length=WORDS,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("You need not say anything. The office reads it, your counsellor does not."),
    )

    def __init__(
        self, *args: Any, people: Collection[Clinician], full: frozenset[int], first: int | None, **kwargs: Any
    ) -> None:
        self.people = {str(one.pk): one for one in people}
        named = next((key for key, one in self.people.items() if one.pk == first), "")
        super().__init__(*args, initial={"wanted": named}, **kwargs)
        field = self.fields["wanted"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            ("", _("Somebody else. You choose for me.")),
            *((key, _told(one, one.user_id in full)) for key, one in self.people.items()),
        ]

    @property
    def named(self) -> User | None:
        chosen = self.people.get(self.cleaned_data["wanted"])
        return chosen.user if chosen else None


def _told(clinician: Clinician, is_full: bool) -> str:
    named = f"{clinician.user.full_name}, {clinician.title}"
    return _("%(name)s (takes nobody new at the moment)") % {"name": named} if is_full else named


class GrantForm(PortalForm):
    blames = {CannotJoin: "to", WithYouAlready: "to"}
    prefix = "grant"
    to = forms.ChoiceField(label=gettext_lazy("Who becomes their counsellor?"))
    stays = forms.BooleanField(
        label=gettext_lazy("Whoever was it until now stays on the care team, and may read the record"), required=False
    )
    reply = forms.CharField(
        label=gettext_lazy("A few words to the client"),
        required=False,
        max_length=WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(
        self,
        *args: Any,
        people: Collection[Clinician],
        clients: Mapping[int, int],
        most: int,
        wanted: User | None,
        **kwargs: Any,
    ) -> None:
        self.people = {str(one.pk): one for one in people}
        named = next((key for key, one in self.people.items() if wanted and one.user_id == wanted.pk), "")
        super().__init__(*args, initial={"to": named}, **kwargs)
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Choose")), *((key, _counted(one, clients, most)) for key, one in self.people.items())]

    @property
    def chosen(self) -> User:
        return self.people[self.cleaned_data["to"]].user


def _counted(clinician: Clinician, clients: Mapping[int, int], most: int) -> str:
    facts = {"name": clinician.user.full_name, "count": clients.get(clinician.user_id, 0), "most": most}
    return _("%(name)s: %(count)d of %(most)d clients") % facts


class DeclineForm(PortalForm):
    blames = {NoReply: "reply"}
    prefix = "decline"
    reply = forms.CharField(
        label=gettext_lazy("Why not, and what you offer instead"),
        max_length=WORDS,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("The client reads it as you write it."),
    )
