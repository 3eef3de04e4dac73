"""Shapes of what people choose while they book, and of the hours that clinicians type.

While somebody books, the answers so far stand in the address, as ids and choices only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from iop_portal.forms import PortalForm, SeenForm
from iop_portal.people.models import Program
from scheduling.finding import Givers, Where
from scheduling.hours import HoursWithoutLength, Stretch
from scheduling.models import Hours, Room
from therapy.models import Modality, PartOfDay

BIGGEST_KEY = 2**63 - 1
# Days so far away that nobody books them: counting on from them would leave the calendar.
YEARS = range(2000, 2101)

ANY = "any"
PLACES = [
    (Where.ROOM.value, pgettext_lazy("where", "In person")),
    (Where.VIDEO.value, pgettext_lazy("where", "By video")),
]


@dataclass(frozen=True)
class Answers:
    """What was chosen so far. `at` is a moment in UTC.

    `counsellor` is whom somebody wishes for, if anybody; `giver` is who has the time that they chose.
    """

    way: int | None = None
    minutes: int | None = None
    counsellor: int | None = None
    where: str = ""
    part: str = ""
    day: date | None = None
    session: int | None = None
    at: datetime | None = None
    giver: int | None = None
    room: int | None = None

    def query(self, **changes: Any) -> str:
        """The address's end that says the same, with other answers where they are given."""
        told = {name: _written(value) for name, value in asdict(replace(self, **changes)).items()}
        given = {name: value for name, value in told.items() if value}
        return f"?{urlencode(given)}" if given else ""

    @property
    def without_time(self) -> Answers:
        """Where to choose another."""
        return replace(self, session=None, at=None, giver=None, room=None)


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
    return "" if value is None else str(value)


class Moment(forms.Field):
    """2026-11-25T22:30Z: a moment as our own pages write it. Without a zone it would be a guess."""

    def to_python(self, value: object) -> datetime | None:
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError as error:
            raise forms.ValidationError(_("Choose a time from the list.")) from error
        if moment.tzinfo is None or moment.year not in YEARS:
            raise forms.ValidationError(_("Choose a time from the list."))
        return moment.astimezone(UTC)


def _key() -> forms.IntegerField:
    return forms.IntegerField(required=False, min_value=1, max_value=BIGGEST_KEY)


class AnswersForm(PortalForm):
    """Reads the answers from an address. Whatever else stands there is passed over."""

    way = _key()
    minutes = forms.IntegerField(required=False, min_value=1, max_value=600)
    counsellor = _key()
    where = forms.ChoiceField(required=False, choices=PLACES)
    part = forms.ChoiceField(required=False, choices=PartOfDay)
    day = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    session = _key()
    at = Moment(required=False)
    giver = _key()
    room = _key()

    def clean_day(self) -> date | None:
        day: date | None = self.cleaned_data["day"]
        if day is not None and day.year not in YEARS:
            raise forms.ValidationError(_("Choose a day that is not so far away."))
        return day

    def answers(self) -> Answers:
        self.is_valid()
        return Answers(**self.cleaned_data)


class HowForm(PortalForm):
    """With whom, how long and where: asked only where there is something to choose. What is left open is `ANY`."""

    way = forms.IntegerField(widget=forms.HiddenInput)
    counsellor = forms.ChoiceField(label=_("With whom?"), widget=forms.RadioSelect)
    minutes = forms.ChoiceField(label=_("How long?"), widget=forms.RadioSelect)
    where = forms.ChoiceField(
        label=_("Where?"),
        choices=[(ANY, pgettext_lazy("where", "Either is fine")), *PLACES],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, modality: Modality, givers: Givers, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer(
            "minutes",
            [
                (length, ngettext("%(count)d minute", "%(count)d minutes", length) % {"count": length})
                for length in modality.lengths
            ],
        )
        named = [
            (
                one.pk,
                _("%(name)s, your counsellor") % {"name": one.full_name} if one == givers.primary else one.full_name,
            )
            for one in givers.people
        ]
        anybody = [(ANY, pgettext_lazy("counsellor", "Whoever is free"))] if len(named) > 1 else []
        self._offer("counsellor", [*named, *anybody])

    def _offer(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


# ── Hours of clinicians ───────────────────────────────────────────────────────────────────────────────────────

MOST_STRETCHES = 6


class StretchForm(PortalForm):
    begins = forms.TimeField(label=_("From"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    ends = forms.TimeField(label=_("Until"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    room = forms.ModelChoiceField(
        label=_("Room"), queryset=Room.objects.none(), required=False, empty_label=_("No room")
    )
    video = forms.BooleanField(label=_("Also by video"), required=False)

    def __init__(self, *args: Any, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["room"].queryset = Room.objects.filter(program=program, in_use=True)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        begins, ends = given.get("begins"), given.get("ends")
        if begins and ends and ends <= begins:
            self.add_error("ends", str(HoursWithoutLength.message))
        return given


class BaseStretches(forms.BaseFormSet):  # type: ignore[type-arg]  # not subscriptable when it runs
    @property
    def status(self) -> int:
        return 400 if self.is_bound and not self.is_valid() else 200

    def stretches(self) -> list[Stretch]:
        """What is to hold: lines left empty and those to be removed are passed over."""
        kept = [
            form for form in self.forms if form not in self.deleted_forms and form.has_changed() | bool(form.initial)
        ]
        return [Stretch(**{name: form.cleaned_data[name] for name in form.base_fields}) for form in kept]


Stretches = forms.formset_factory(
    StretchForm,
    formset=BaseStretches,
    extra=1,
    can_delete=True,
    can_delete_extra=False,
    max_num=MOST_STRETCHES,
    validate_max=True,
)


def stretches_form(data: Mapping[str, Any] | None, *, program: Program, lines: Iterable[Hours] = ()) -> BaseStretches:
    initial = [{"begins": one.begins, "ends": one.ends, "room": one.room_id, "video": one.video} for one in lines]
    formset = cast(BaseStretches, Stretches(data, initial=initial, form_kwargs={"program": program}))
    for form in formset.initial_forms:
        form.fields["DELETE"].label = _("Remove these hours")
    return formset


class DayForm(PortalForm):
    on = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}))


class WeekdayForm(SeenForm):
    """Stands beside the stretches of one weekday."""


class ExceptionForm(PortalForm):
    OFF, OTHER = "off", "other"
    kind = forms.ChoiceField(
        label=_("On this day"),
        choices=[(OFF, _("I am away all day")), (OTHER, _("I work other hours than usual"))],
        widget=forms.RadioSelect,
    )
