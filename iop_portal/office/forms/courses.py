"""What admins write about a course."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import SeenForm
from iop_portal.markup import day_clock
from iop_portal.people.models import Program, plain_line
from scheduling import courses
from scheduling.courses import DETAILS, CourseDetails, Parts
from scheduling.models import Course, Series, Session
from scheduling.telling import in_words
from therapy.models import Format


class SeriesChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Series) -> str:
        return in_words(obj)


class SessionsChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Session) -> str:
        return f"{obj.modality.name}: {day_clock(obj.starts_at)}"


class CourseForm(SeenForm):
    blames = {
        courses.CourseNameTaken: "name",
        courses.OddNumber: "sessions",
        courses.NeedsTooMany: "needed",
        courses.GetsNoHarder: "needed",
        courses.NothingInIt: "series",
        courses.StaysOnceJoined: "series",
        courses.OfAnotherProgram: "series",
    }

    name = forms.CharField(label=_("Name"), max_length=80, validators=[plain_line], help_text=_("Plain words."))
    in_short = forms.CharField(label=_("In one sentence"), max_length=160, validators=[plain_line])
    about = forms.CharField(
        label=_("What it is"),
        max_length=3000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("What people learn, what happens there, and whom it helps."),
    )
    series = SeriesChoice(
        label=_("All sessions of these series"),
        queryset=Series.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Whoever joins comes to all of them. For the same course at another time, make another one."),
    )
    singles = SessionsChoice(
        label=_("And these single sessions"),
        queryset=Session.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    sessions = forms.IntegerField(label=_("How many sessions it has"), min_value=1, max_value=100)
    needed = forms.IntegerField(
        label=_("How many somebody has to come to for a certificate"),
        min_value=1,
        max_value=100,
        help_text=_("Once somebody has joined, this can only become fewer."),
    )
    paper_title = forms.CharField(
        label=_("Name on papers"),
        max_length=80,
        validators=[plain_line],
        initial=_("Skills course"),
        help_text=_(
            "It stands on the certificate, which may be shown to an employer: nothing in it should say what we treat."
        ),
    )

    def __init__(
        self, *args: Any, program: Program, course: Course | None = None, now: datetime, **kwargs: Any
    ) -> None:
        if course:
            held = {name: getattr(course, name) for name in DETAILS} | {"seen": courses.course_version(course)}
            kwargs["initial"] = held | {"series": course.series.all(), "singles": course.singles.all()}
        super().__init__(*args, **kwargs)
        groups = program.series.exclude(modality__format=Format.FAMILY).select_related("modality")
        ahead = Q(until=None) | Q(until__gte=now.date())
        own = Q(courses=course) if course else Q(pk__in=[])
        self.fields["series"].queryset = groups.filter(ahead | own).distinct()  # type: ignore[attr-defined]
        singles = program.sessions.filter(series=None).select_related("modality").order_by("during")
        listed = Q(live=True, listed=True, during__startswith__gt=now) & ~Q(modality__format=Format.FAMILY)
        found = singles.filter(listed | own).distinct()
        self.fields["singles"].queryset = found  # type: ignore[attr-defined]
        if not found.exists():
            del self.fields["singles"]

    def details(self) -> CourseDetails:
        return CourseDetails(**{name: self.cleaned_data[name] for name in DETAILS})

    def parts(self) -> Parts:
        return Parts(tuple(self.cleaned_data["series"]), tuple(self.cleaned_data.get("singles", ())))
