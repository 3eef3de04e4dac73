"""What admins type about series, their single sessions, and the days on which a program is closed."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy

from iop_portal.accounts.forms import zone_choices
from iop_portal.forms import PortalForm, SeenForm
from iop_portal.office.forms import ask_later
from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from scheduling import changing, closing, leading, occurrences, series
from scheduling.changing import PeopleBusy
from scheduling.closing import ClosureHits
from scheduling.enrolling import PlacesHeld
from scheduling.models import Room, Series, Session
from scheduling.occurrences import Scope, Wish
from scheduling.series import Pattern
from scheduling.telling import in_words
from therapy.models import Format, Modality, Prescription, Track


class LeadersChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: User) -> str:
        return obj.full_name


class HeldForm(SeenForm):
    """What a series and one of its sessions have in common."""

    blames = {
        leading.NobodyLeads: "leaders",
        leading.NotAClinicianHere: "leaders",
        leading.WithoutCredential: "leaders",
        leading.CredentialEnds: "leaders",
        leading.InternshipEnds: "leaders",
        changing.LeaderAway: "leaders",
        changing.LeaderBusy: "leaders",
        changing.LeaderKeptApart: "leaders",
        changing.RoomBusy: "room",
        changing.RoomNotInUse: "room",
        changing.SessionNowhere: "room",
        changing.SeatsTaken: "capacity",
        changing.OddLength: "minutes",
        changing.PeopleBusy: "give_back",
        series.NoWeekday: "weekdays",
        series.OddLength: "minutes",
        series.SeriesNowhere: "room",
        series.RoomElsewhere: "room",
        series.TooManyPlaces: "capacity",
        series.MinimumOutOfRange: "minimum",
        series.EndsBeforeItBegins: "until",
        series.UnknownZone: "zone",
    }

    at = forms.TimeField(
        label=gettext_lazy("Begins at"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    minutes = forms.IntegerField(label=gettext_lazy("Length, in minutes"), min_value=5, max_value=480, initial=90)
    room = forms.ModelChoiceField(
        label=gettext_lazy("Room"), queryset=Room.objects.none(), required=False, empty_label=gettext_lazy("No room")
    )
    video = forms.BooleanField(label=gettext_lazy("By video, or also by video"), required=False)
    leaders = LeadersChoice(
        label=gettext_lazy("Who leads it"), queryset=User.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    capacity = forms.IntegerField(label=gettext_lazy("Places"), min_value=1, max_value=500, initial=8)
    give_back = forms.BooleanField(
        label=gettext_lazy("Give back the places of people who have something else then, and tell them"), required=False
    )

    def __init__(self, *args: Any, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["room"].queryset = program.rooms.filter(in_use=True)  # type: ignore[attr-defined]
        self.fields["leaders"].queryset = User.objects.clinicians_of(program)  # type: ignore[attr-defined]
        ask_later(self, "give_back")

    def refuse(self, refusal: Refused) -> None:
        if isinstance(refusal, PeopleBusy):
            self.fields["give_back"].widget = forms.CheckboxInput()
        super().refuse(refusal)

    def clean_leaders(self) -> tuple[User, ...]:
        return tuple(self.cleaned_data["leaders"].order_by("pk"))


class SeriesForm(HeldForm):
    blames = HeldForm.blames | {series.FirstDayOdd: "begins_on", series.NotForGroups: "modality"}
    modality = forms.ModelChoiceField(label=gettext_lazy("What it is"), queryset=Modality.objects.none())
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Days"), choices=list(WEEKDAYS.items()), coerce=int, widget=forms.CheckboxSelectMultiple
    )
    zone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=zone_choices)
    minimum = forms.IntegerField(
        label=gettext_lazy("Fewest people"),
        min_value=1,
        max_value=500,
        initial=2,
        help_text=gettext_lazy("Where fewer are booked, staff see it."),
    )
    listed = forms.BooleanField(
        label=gettext_lazy("Open: everybody in the program may book single sessions"), required=False, initial=True
    )
    begins_on = forms.DateField(
        label=gettext_lazy("First day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy("Leave it empty where it goes on."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    field_order = (
        "modality",
        "weekdays",
        "at",
        "minutes",
        "zone",
        "room",
        "video",
        "leaders",
        "capacity",
        "minimum",
        "listed",
        "begins_on",
        "following",
        "until",
        "give_back",
    )

    def __init__(self, *args: Any, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, program=program, **kwargs)
        self.fields["zone"].initial = program.zone
        if "modality" in self.fields:
            groups = program.modalities.filter(in_use=True).exclude(format=Format.INDIVIDUAL)
            self.fields["modality"].queryset = groups  # type: ignore[attr-defined]

    def pattern(self, **more: Any) -> Pattern:
        names = ("at", "zone", "minutes", "room", "video", "leaders", "capacity", "minimum", "listed", "until")
        typed = {name: self.cleaned_data[name] for name in names}
        return Pattern(**typed | {"weekdays": tuple(sorted(self.cleaned_data["weekdays"]))} | more)


class AddSeriesForm(SeriesForm):
    seen = None  # type: ignore[assignment]
    give_back = None  # type: ignore[assignment]

    def added(self) -> Pattern:
        return self.pattern(begins_on=self.cleaned_data["begins_on"])


class ChangeSeriesForm(SeriesForm):
    modality = None  # type: ignore[assignment]
    begins_on = None  # type: ignore[assignment]
    blames = SeriesForm.blames | {series.SeriesEnded: "following"}
    following = forms.DateField(
        label=gettext_lazy("From which day on"),
        required=False,
        help_text=gettext_lazy("Leave it empty to change all sessions that are ahead."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, held: Series, **kwargs: Any) -> None:
        pattern = series.pattern_of(held)
        initial = {name: getattr(pattern, name) for name in (*series.COLUMNS, "leaders") if name != "begins_on"}
        initial |= {"seen": series.series_version(held)}
        super().__init__(*args, program=held.program, initial=initial, **kwargs)

    def changed(self, held: Series) -> Pattern:
        return self.pattern(begins_on=held.begins_on)


class OccurrenceForm(HeldForm):
    blames = HeldForm.blames | {
        occurrences.OtherWeek: "on",
        occurrences.WeekdayTaken: "on",
        changing.TimeHasPassed: "on",
    }
    on = forms.DateField(label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    scope = forms.ChoiceField(
        label=gettext_lazy("Which ones do you mean?"), choices=Scope, initial=Scope.ONE, widget=forms.RadioSelect
    )
    field_order = ("on", "at", "minutes", "room", "video", "leaders", "capacity", "scope", "give_back")

    def __init__(self, *args: Any, session: Session, **kwargs: Any) -> None:
        held = occurrences.wish_of(session)
        initial = {name: getattr(held, name) for name in occurrences.SHARED}
        initial |= {"on": held.day, "seen": occurrences.occurrence_version(session)}
        super().__init__(*args, program=session.program, initial=initial, **kwargs)

    def wish(self) -> Wish:
        typed = {name: self.cleaned_data[name] for name in occurrences.SHARED}
        return Wish(day=self.cleaned_data["on"], **typed)


class HandOverForm(PortalForm):
    """Somebody else for one session: when and where it is stays."""

    blames: ClassVar = {
        leading.NobodyLeads: "leaders",
        leading.NotAClinicianHere: "leaders",
        leading.WithoutCredential: "leaders",
        leading.CredentialEnds: "leaders",
        leading.InternshipEnds: "leaders",
        changing.LeaderAway: "leaders",
        changing.LeaderBusy: "leaders",
        changing.LeaderKeptApart: "leaders",
    }
    leaders = LeadersChoice(
        label=gettext_lazy("Who leads it?"), queryset=User.objects.none(), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, session: Session, **kwargs: Any) -> None:
        held = list(User.objects.filter(facilitations__session=session))
        # Of two who lead together one mostly stays; of one who led alone nobody does.
        super().__init__(*args, initial={"leaders": held if len(held) > 1 else []}, **kwargs)
        self.fields["leaders"].queryset = User.objects.clinicians_of(session.program)  # type: ignore[attr-defined]

    def clean_leaders(self) -> tuple[User, ...]:
        return tuple(self.cleaned_data["leaders"].order_by("pk"))


class CancelOccurrenceForm(PortalForm):
    scope = forms.ChoiceField(
        label=gettext_lazy("Which ones do you mean?"),
        choices=[(Scope.ONE.value, Scope.ONE.label), (Scope.FOLLOWING.value, Scope.FOLLOWING.label)],
        initial=Scope.ONE,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, alone: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if alone:
            del self.fields["scope"]

    def chosen(self) -> Scope:
        return Scope(self.cleaned_data.get("scope", Scope.ONE))


class EndSeriesForm(PortalForm):
    first = forms.DateField(
        label=gettext_lazy("The first day on which it is not held any more"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class ClosureForm(PortalForm):
    blames = {
        closing.ClosureHasPassed: "begins_on",
        closing.ClosedAlready: "begins_on",
        closing.ClosureEndsBeforeItBegins: "ends_on",
        closing.ClosureTooLong: "ends_on",
        closing.ClosureHits: "sure",
    }
    begins_on = forms.DateField(
        label=gettext_lazy("First day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    ends_on = forms.DateField(
        label=gettext_lazy("Last day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    why = forms.CharField(
        label=gettext_lazy("Why"), max_length=80, help_text=gettext_lazy("For the office, such as a holiday’s name.")
    )
    sure = forms.BooleanField(
        label=gettext_lazy("Cancel what is planned then, and tell everybody who is booked"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ask_later(self, "sure")

    def refuse(self, refusal: Refused) -> None:
        if isinstance(refusal, ClosureHits):
            self.fields["sure"].widget = forms.CheckboxInput()
        super().refuse(refusal)


class TrackSeriesForm(SeenForm):
    """For each series the phases in which whoever is on the track is booked into it."""

    blames = {PlacesHeld: "give_back"}
    give_back = forms.BooleanField(
        label=gettext_lazy("Give these places back, and tell everybody who held one"), required=False
    )

    def __init__(self, *args: Any, track: Track, offered: list[Series], held: dict[int, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What the track brings already, before what it might.
        self.offered = sorted(offered, key=lambda each: each.pk not in held)
        for each in self.offered:
            field = forms.MultipleChoiceField(
                label=in_words(each),
                choices=Prescription.Phase.choices,
                required=False,
                initial=held.get(each.pk, ()),
                widget=forms.CheckboxSelectMultiple,
            )
            field.plainly_optional = True  # type: ignore[attr-defined]
            self.fields[f"series-{each.pk}"] = field
        self.order_fields([*(f"series-{each.pk}" for each in self.offered), "give_back"])
        ask_later(self, "give_back")

    def refuse(self, refusal: Refused) -> None:
        if isinstance(refusal, PlacesHeld):
            self.fields["give_back"].widget = forms.CheckboxInput()
        super().refuse(refusal)

    def wanted(self) -> dict[Series, tuple[str, ...]]:
        order = list(Prescription.Phase.values)
        return {each: tuple(sorted(self.cleaned_data[f"series-{each.pk}"], key=order.index)) for each in self.offered}
