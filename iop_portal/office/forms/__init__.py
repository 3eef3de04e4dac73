"""What admins type: programs, rooms, roles, invitations, reviews. To whom it belongs, the address of the page says."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from datetime import date, time
from operator import itemgetter
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.forms.models import construct_instance
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.accounts.forms import zone_choices
from iop_portal.accounts.invitations import HereAlready, InvitedAlready, WrongCounsellor
from iop_portal.accounts.models import Invitation
from iop_portal.accounts.programs import (
    DETAILS as PROGRAM_DETAILS,
)
from iop_portal.accounts.programs import (
    ProgramDetails,
    ProgramNameTaken,
    QuietHoursHaveNoLength,
    program_version,
)
from iop_portal.audit.verbs import sentences, told_to_others
from iop_portal.forms import PortalForm, PortalModelForm
from iop_portal.markup import clock, day_and_year
from iop_portal.people.models import Apart, BrokenGlass, CareTeam, Enrolment, Program, User
from iop_portal.people.roles import STAFF_ROLES, Role
from iop_portal.refusals import Refused
from scheduling.models import Room
from scheduling.rooms import DETAILS as ROOM_DETAILS
from scheduling.rooms import RoomDetails, RoomNameTaken, SeatsOutOfRange, room_version


class OfficeModelForm(PortalModelForm):
    """Takes labels and validators from a model. Rows are written by the domain, never by `save`."""

    def _post_clean(self) -> None:
        """Fields are checked here, constraints by the database alone: each of those has a sentence of its own."""
        self.instance = construct_instance(self, self.instance, self._meta.fields)
        asked = self.cleaned_data.keys() & set(self._meta.fields or ())
        try:
            self.instance.clean_fields(
                exclude=[field.name for field in self.instance._meta.fields if field.name not in asked]
            )
        except forms.ValidationError as error:
            self._update_errors(error)  # type: ignore[attr-defined]  # as ModelForm itself does, with its sentences


def ask_later(form: forms.BaseForm, name: str) -> None:
    """A question that is asked once a refusal raises it."""
    if name in form.fields and form.data.get(name) in (None, "", "False"):
        form.fields[name].widget = forms.HiddenInput()


@dataclass(frozen=True)
class Difference:
    """A field that somebody else changed while this form was open."""

    label: str
    theirs: str
    yours: str


class EditForm(OfficeModelForm):
    """Remembers in `seen` which version of the row it began with."""

    details: ClassVar[tuple[str, ...]] = ()
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, instance: models.Model | None = None, **kwargs: Any) -> None:
        self.differences: list[Difference] = []
        initial = {"seen": self.version(instance)} if instance else {}
        # A copy: checking a form writes what was typed into its instance, and the page goes on showing the row.
        super().__init__(*args, instance=copy(instance), initial=initial, **kwargs)

    def version(self, row: Any) -> str:
        raise NotImplementedError

    def show_both(self, refusal: Refused, row: models.Model) -> None:
        """Keep what was typed, show what stands there now, and let the next save mean it."""
        self.refuse(refusal)
        data = self.data.copy()  # type: ignore[attr-defined]
        data["seen"] = self.version(row)
        self.data = data
        self.differences = [
            Difference(str(self.fields[name].label), _shown(row, name), _shown(self.instance, name))
            for name in self.details
            if getattr(row, name) != getattr(self.instance, name)
        ]


def _shown(row: models.Model, name: str) -> str:
    value = getattr(row, name)
    if in_words := getattr(row, f"get_{name}_display", None):
        return str(in_words())
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, time):
        return clock(value)
    if isinstance(value, date):
        return day_and_year(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value) or _("empty")


class ProgramForm(EditForm):
    details = PROGRAM_DETAILS
    blames = {ProgramNameTaken: "name", QuietHoursHaveNoLength: "quiet_until"}
    zone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=zone_choices)

    class Meta:
        model = Program
        fields = PROGRAM_DETAILS
        labels = {
            "name": gettext_lazy("Name"),
            "sender": gettext_lazy("Name that mails are signed with"),
            "phone": gettext_lazy("Phone"),
            "after_hours_phone": gettext_lazy("Phone at night and on weekends"),
            "address": gettext_lazy("Address"),
            "quiet_from": gettext_lazy("No messages from"),
            "quiet_until": gettext_lazy("No messages until"),
        }
        help_texts = {
            "name": gettext_lazy("People see it once they have signed in."),
            "sender": gettext_lazy("Anybody may read it over a shoulder, so it must not say what you treat."),
            "quiet_from": gettext_lazy("Messages that can wait do so overnight."),
        }
        widgets = {
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "phone": forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
            "after_hours_phone": forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
        }

    def version(self, row: Program) -> str:
        return program_version(row)

    def program(self) -> ProgramDetails:
        return ProgramDetails(**{name: self.cleaned_data[name] for name in PROGRAM_DETAILS})


class RoomForm(EditForm):
    details = ROOM_DETAILS
    blames = {RoomNameTaken: "name", SeatsOutOfRange: "seats"}
    seats = forms.IntegerField(label=gettext_lazy("Seats"), min_value=1, max_value=500)

    class Meta:
        model = Room
        fields = ROOM_DETAILS
        labels = {
            "name": gettext_lazy("Name"),
            "directions": gettext_lazy("How to find it"),
            "step_free": gettext_lazy("It can be reached without steps"),
        }
        help_texts = {"directions": gettext_lazy("Clients read this on the day of their session.")}

    def version(self, row: Room) -> str:
        return room_version(row)

    def room(self) -> RoomDetails:
        return RoomDetails(**{name: self.cleaned_data[name] for name in ROOM_DETAILS})


# ── People ────────────────────────────────────────────────────────────────────────────────────────────────────


_choose = gettext_lazy("Choose somebody")
_nobody_yet = gettext_lazy("Nobody yet")


class PersonChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable when it runs
    """People by their whole name, since two may share the short one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        empty = _choose if kwargs.get("required", True) else _nobody_yet
        super().__init__(*args, empty_label=empty, **kwargs)

    def label_from_instance(self, obj: models.Model) -> str:
        return obj.full_name if isinstance(obj, User) else str(obj)


class GiveRoleForm(PortalForm):
    user = PersonChoice(label=gettext_lazy("Who"), queryset=User.objects.none())
    role = forms.ChoiceField(
        label=gettext_lazy("As what"),
        choices=[(role.value, role.label) for role in Role if role in STAFF_ROLES],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = User.objects.staff_of_programs_run_by(by)  # type: ignore[attr-defined]


class InviteForm(OfficeModelForm):
    """Who is invited. As what, and to which program, the address of the page says."""

    blames = {InvitedAlready: "email", HereAlready: "email", WrongCounsellor: "counsellor"}

    class Meta:
        model = Invitation
        fields = ("email", "preferred_name", "surname")
        labels = {
            "email": gettext_lazy("E-mail address"),
            "preferred_name": gettext_lazy("First name, or what they like to be called"),
            "surname": gettext_lazy("Last name"),
        }
        widgets = {"email": forms.EmailInput(attrs={"autocomplete": "off"})}


class InviteClientForm(InviteForm):
    enrol_as = forms.ChoiceField(
        label=gettext_lazy("Where they are"),
        choices=[
            (Enrolment.State.REFERRED.value, gettext_lazy("Referred to us. We still decide together.")),
            (Enrolment.State.ADMITTED.value, gettext_lazy("Admitted. They begin when they accept.")),
        ],
        initial=Enrolment.State.REFERRED.value,
        widget=forms.RadioSelect,
    )
    counsellor = PersonChoice(label=gettext_lazy("Primary counsellor"), queryset=User.objects.none(), required=False)

    def __init__(self, *args: Any, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["counsellor"].queryset = User.objects.clinicians_of(program)  # type: ignore[attr-defined]


PARTS = [
    (CareTeam.Part.MEMBER.value, gettext_lazy("Member of the care team")),
    (CareTeam.Part.PRIMARY.value, gettext_lazy("Primary counsellor")),
]


class JoinForm(PortalForm):
    clinician = PersonChoice(label=gettext_lazy("Clinician"), queryset=User.objects.none())
    part = forms.ChoiceField(label=gettext_lazy("As what"), choices=PARTS, initial=CareTeam.Part.MEMBER)

    def __init__(self, *args: Any, enrolment: Enrolment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = enrolment.care_team.filter(until=None).values("clinician")
        clinicians = User.objects.clinicians_of(enrolment.program).exclude(pk__in=there)
        self.fields["clinician"].queryset = clinicians  # type: ignore[attr-defined]


class ApartForm(PortalForm):
    one = PersonChoice(label=gettext_lazy("One person"), queryset=User.objects.none())
    other = PersonChoice(label=gettext_lazy("The other person"), queryset=User.objects.none())
    asked_by = forms.ChoiceField(label=gettext_lazy("Why"), choices=Apart.AskedBy, widget=forms.RadioSelect)

    def __init__(self, *args: Any, people: models.QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("one", "other"):
            self.fields[name].queryset = people  # type: ignore[attr-defined]


class ReviewForm(PortalForm):
    finding = forms.ChoiceField(
        label=gettext_lazy("Was it needed?"), choices=BrokenGlass.Finding, widget=forms.RadioSelect
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("What you looked at and whom you asked. Leave out what is in the record."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )


# ── Finding ───────────────────────────────────────────────────────────────────────────────────────────────────


class FindClientsForm(PortalForm):
    """What the list of clients shows. Anything else that an address says is passed over."""

    class Show(models.TextChoices):
        LIVE = "", gettext_lazy("Referred and admitted")
        REFERRED = "referred", gettext_lazy("Referred")
        ADMITTED = "admitted", gettext_lazy("Admitted")
        DISCHARGED = "discharged", gettext_lazy("Discharged")
        WITHOUT = "without", gettext_lazy("Without a primary counsellor")

    show = forms.ChoiceField(label=gettext_lazy("Which"), choices=Show, required=False)
    q = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=80)


def _verbs() -> list[tuple[str, str]]:
    told = [(verb, capfirst(told_to_others(verb))) for verb in sentences]
    return [("", _("Everything")), *sorted(told, key=itemgetter(1))]


class FindEntriesForm(PortalForm):
    verb = forms.ChoiceField(label=gettext_lazy("What"), choices=_verbs, required=False)
    person = forms.CharField(label=gettext_lazy("Who, by name or e-mail address"), required=False, max_length=254)
    since = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=gettext_lazy("Up to"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if isinstance(since, date) and isinstance(until, date) and until < since:
            self.add_error("until", _("Choose a last day that does not come before the first."))
        return cleaned
