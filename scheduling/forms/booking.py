"""Shapes of what people choose while they book.

While somebody books, the answers so far stand in the address, as ids and choices only.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from iop_portal.forms import PortalForm
from scheduling.finding import Givers, Where
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
