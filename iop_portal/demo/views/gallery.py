"""Every component in every state, in development and the demo: what the pages are made of, to look at and to test.

The people and times here are samples. Nothing is read from the database and nothing is written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from iop_portal.doors import for_anybody
from iop_portal.forms import PortalForm
from iop_portal.people.models import User

NIGHT = datetime(2026, 11, 24, 17, 30, tzinfo=UTC)
NIGHT_ENDS = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)
TUESDAY = date(2026, 11, 24)


@dataclass(frozen=True)
class Link:
    label: str
    url: str = "#main"
    icon: str = "today"
    current: bool = False
    main: bool = False


@dataclass(frozen=True)
class SampleFrame:
    """What the frame of a signed-in person shows, without anybody being signed in."""

    person: User | None
    places: Sequence[Link]
    menu: Sequence[Link]
    theme: str
    is_staff: bool = False
    program: None = None
    idle_seconds: int = 86_400
    warn_seconds: int = 120
    exit_url: str = "https://www.weather.gov/"


@dataclass(frozen=True)
class Row:
    title: str
    text: str = ""
    url: str = ""
    verb: str = ""
    about: str = ""
    tag: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Next:
    day: str
    what: str
    who: str
    place: str
    then: str
    acts: Sequence[Link]
    start: datetime = NIGHT
    end: datetime = NIGHT_ENDS


@dataclass(frozen=True)
class Week:
    done: float
    booked: float
    wanted: float
    hours: str
    days: str
    note: str = ""
    url: str = "#main"
    plan_url: str = ""


@dataclass(frozen=True)
class Pair:
    label: str
    value: str
    change_url: str = ""


@dataclass(frozen=True)
class Words:
    words: str
    url: str = "#main"


@dataclass(frozen=True)
class Person:
    name: str
    part: str
    url: str = "#main"
    verb: str = "Write to"


@dataclass(frozen=True)
class Flag:
    label: str
    tone: str
    why: str
    url: str = "#main"


@dataclass(frozen=True)
class Permissions:
    count: int = 0
    first_end: date | None = None
    ends_soon: bool = False


@dataclass(frozen=True)
class Client:
    name: str
    program: str
    week: int
    part: str
    permissions: Permissions
    flags: Sequence[Flag] = field(default_factory=tuple)
    state: str = "admitted"
    url: str = "#main"


@dataclass(frozen=True)
class Share:
    title: str
    expires_on: date = date(2027, 1, 31)


@dataclass(frozen=True)
class SharedBy:
    client: User
    parts: Sequence[Share]


class OwnTime(PortalForm):
    """A form with one field of each kind."""

    name = forms.CharField(label="What is it?", help_text="Only you see this. Your care team sees “busy”.")
    days = forms.MultipleChoiceField(
        label="Which days?",
        choices=[("mon", "Monday"), ("tue", "Tuesday"), ("wed", "Wednesday"), ("thu", "Thursday")],
        widget=forms.CheckboxSelectMultiple,
    )
    until = forms.ChoiceField(label="Until", choices=[("", "Choose a time"), ("18:30", "6:30 pm")])
    often = forms.ChoiceField(
        label="How often?",
        choices=[("week", "Every week"), ("once", "Only this week")],
        widget=forms.RadioSelect,
        initial="week",
    )
    first_day = forms.DateField(label="From which day?", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(label="Anything else?", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    letter = forms.FileField(label="A letter", required=False)
    agreed = forms.BooleanField(label="I have read what happens with it", help_text="It stays in the portal.")


def _client_places(here: str) -> list[Link]:
    names = (("Today", "today"), ("Week", "week"), ("Plan", "plan"), ("Messages", "message"), ("More", "more"))
    return [Link(label, icon=icon, current=label == here) for label, icon in names]


def _staff_places() -> list[Link]:
    names = (("Today", "today"), ("Caseload", "people"), ("Timetable", "week"), ("Messages", "message"))
    return [Link(label, icon=icon, current=label == "Today") for label, icon in names]


FOR_YOU = (
    Row("A two-minute check-in", "Any day you like", "#main", "Start", "the check-in"),
    Row("Look at what Amara suggested", "One line for your plan", "#main", "Open", "the suggestion"),
    Row("Rosa asks about Sunday", "Family session, 3:00–3:50 pm", "#main", "Answer", "Rosa"),
)
PLAN = Words("Walk to the river before the shop closes.")
TEAM = (Person("Amara", "My counsellor"), Person("Jonah", "Leads my groups"))
TONIGHT = Next(
    day="Tonight",
    what="Skills group",
    who="With Amara",
    place="Room 2, second floor",
    then="Then 7:15–8:45 pm, process group, Room 4",
    acts=(Link("Directions"), Link("I can’t come")),
)
CLIENTS = (
    Client(
        "Jo B.",
        "Riverside",
        3,
        "Primary",
        Permissions(),
        (Flag("Item-9 answer", "danger", "Answered “several days” on item 9 today. Nobody has acknowledged it yet."),),
    ),
    Client(
        "Ana K.",
        "Riverside",
        7,
        "Care team",
        Permissions(2, date(2026, 12, 1), ends_soon=True),
        (Flag("Call due", "you", "Three missed in a row. Last reached by phone on 19 November."),),
    ),
    Client("Maya T.", "Riverside", 5, "Primary", Permissions(1, date(2027, 1, 31))),
    Client("Priscilla-Alexandrina N.", "Riverside", 6, "Care team", Permissions()),
)


def _parts(request: HttpRequest) -> dict[str, Any]:
    for level, words in ((messages.SUCCESS, "Moved to Tuesday, 7:15 pm."), (messages.WARNING, "One answer is open.")):
        messages.add_message(request, level, words)
    messages.error(request, "That time has just been taken. Choose another one.")
    return {
        "rows": FOR_YOU,
        "pairs": (
            Pair("What", "Process group"),
            Pair("When", "Wednesday 25 November, 5:30–7:00 pm", "#main"),
            Pair("Where", "Room 2, second floor, 14 Mill Street"),
        ),
        "people": TEAM,
        "next": TONIGHT,
        "blank": OwnTime(auto_id="id_blank_%s"),
        "trail": (("#main", "More"), ("#main", "Ways that can help")),
        "trend_values": (17, 16, 13, 14, 10),
        "themes": ("light", "dark"),
        "night": NIGHT,
        "page": Paginator(range(60), 20).page(2),
    }


def _form(request: HttpRequest) -> dict[str, Any]:
    bad = OwnTime({"name": "Night class", "often": "week", "until": "25:00"})
    bad.add_error(None, "This overlaps a session that you booked. Choose another time.")
    return {"form": bad}


def _today(request: HttpRequest) -> dict[str, Any]:
    week = Week(3, 3, 9, "6 of 9 hours", "2 of 3 days", "3 hours are still to choose.", plan_url="#main")
    return {
        "greeting": "Good afternoon, Maya",
        "today": TUESDAY,
        "next": TONIGHT,
        "week": week,
        "for_you": FOR_YOU,
        "plan": PLAN,
    }


def _quiet_day(request: HttpRequest) -> dict[str, Any]:
    return {"greeting": "Good evening, Theo", "today": TUESDAY, "team": TEAM}


def _family(request: HttpRequest) -> dict[str, Any]:
    parts = (Share("When Maya has appointments"), Share("Parts of the plan that Maya marks for you"))
    shared = (SharedBy(User(preferred_name="Maya"), parts),)
    return {"greeting": "Good afternoon, Rosa", "next": TONIGHT, "shared": shared, "for_you": FOR_YOU[:1]}


def _caseload(request: HttpRequest) -> dict[str, Any]:
    sessions = (
        {"start": NIGHT, "title": "Process group", "text": "Room 2 · 7 of 8 came", "acts": (Link("Mark"),)},
        {
            "start": NIGHT_ENDS,
            "title": "Theo R.",
            "text": "One to one · video · first session",
            "soon": True,
            "acts": (Link("Chart"), Link("Join", main=True)),
        },
    )
    needs = (
        Row("Item-9 answer", "Jo B., today 8:12 am", "#main", "Open", "Jo B.", tone="danger"),
        Row("3 missed in a row", "Ana K., call due today", "#main", "Call", "Ana K."),
    )
    return {
        "today": TUESDAY,
        "headline": "2 sessions · 2 things need you",
        "sessions": sessions,
        "needs": needs,
        "clients": CLIENTS,
        "found": len(CLIENTS),
        "total": 24,
        "shows": (("", "Everybody"), ("needs", "Those who need somebody")),
        "acts": (Link("Timetable"), Link("My hours")),
    }


def _nothing(request: HttpRequest) -> dict[str, Any]:
    return {"greeting": "Good evening", "today": TUESDAY, "headline": "Nothing needs you", "found": 0, "total": 0}


Sample = tuple[str, Callable[[HttpRequest], dict[str, Any]]]
PAGES: dict[str, Sample] = {
    "parts": ("demo/gallery.html", _parts),
    "patterns": ("demo/gallery_patterns.html", _nothing),
    "form": ("demo/gallery_form.html", _form),
    "confirm": ("demo/gallery_confirm.html", _nothing),
    "today": ("home/today.html", _today),
    "today-empty": ("home/today.html", _quiet_day),
    "alumni": ("home/alumni.html", _today),
    "family": ("home/family.html", _family),
    "family-empty": ("home/family.html", _nothing),
    "caseload": ("home/caseload.html", _caseload),
    "caseload-empty": ("home/caseload.html", _nothing),
}
STAFF_PAGES = frozenset({"caseload", "caseload-empty"})


@for_anybody("GET", "HEAD")
def gallery(request: HttpRequest, page: str = "parts") -> HttpResponse:
    """One sample page. ?theme=dark or ?theme=light overrules the device."""
    if page not in PAGES:
        raise Http404
    template, sample = PAGES[page]
    theme = request.GET.get("theme", "")
    staff = page in STAFF_PAGES
    frame = SampleFrame(
        person=User(preferred_name="Amara" if staff else "Maya"),
        places=_staff_places() if staff else _client_places("Today"),
        menu=(Link("Settings"), Link("Sign-in and security"))
        if staff
        else (Link("Settings"), Link("Who opened my record")),
        theme=theme if theme in {"light", "dark"} else "",
        is_staff=staff,
    )
    pages = [Link(name, reverse("demo:gallery_page", args=[name]), current=name == page) for name in PAGES]
    return render(request, template, {"frame": frame, "gallery_pages": pages, **sample(request)})
