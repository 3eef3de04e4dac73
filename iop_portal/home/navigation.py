"""The places of each role, and what stands behind a person's own name. Only pages that exist are named here."""

from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from iop_portal.notices.reach import REACHED
from iop_portal.people.models import User
from iop_portal.people.roles import Role

Label = str | Promise


@dataclass(frozen=True)
class Place:
    label: Label
    url: str
    icon: str
    current: bool


@dataclass(frozen=True)
class _Entry:
    """A page of the main navigation. `area` is the part of the address that the page and what is below it share."""

    label: Label
    view: str
    icon: str
    area: str | tuple[str, ...] = ""

    def place(self, path: str) -> Place:
        url = reverse(self.view)
        inside = bool(self.area) and path.startswith(self.area)
        return Place(self.label, url, self.icon, current=path == url or inside)


_TODAY = _Entry(pgettext_lazy("place", "Today"), "home:landing", "today")
_HOME = _Entry(pgettext_lazy("place", "Home"), "home:landing", "today")
_MORE = _Entry(
    pgettext_lazy("place", "More"),
    "home:more",
    "more",
    area=(
        "/more/",
        "/agreements/",
        "/choices/",
        "/ways/",
        "/people/",
        "/care/",
        "/courses/",
        "/opportunities/",
        "/measures/",
        "/practice/",
        "/library/",
        "/my-record/",
        "/notes/",
    ),
)
_CASELOAD = _Entry(
    pgettext_lazy("place", "Today"),
    "home:caseload",
    "today",
    area=(
        "/clients/",
        "/enrolments/",
        "/plan/",
        "/hours/",
        "/sessions/",
        "/timetable/",
        "/away/",
        "/emergency-access/",
        "/interests/",
    ),
)
_OWED = _Entry(pgettext_lazy("place", "To see to"), "followups:mine", "list", area=("/follow-ups/", "/alerts/"))
_OPENED = _Entry(pgettext_lazy("place", "Who opened my record"), "home:opened", "eye")
_OFFICE = _Entry(
    pgettext_lazy("place", "Office"),
    "office:desk",
    "office",
    area=("/office/", "/timetable/", "/away/", "/opportunities/"),
)
_INVITATIONS = _Entry(pgettext_lazy("place", "Invitations"), "office:my_invitations", "mail", area="/invitations/")
_WEEK = _Entry(
    pgettext_lazy("place", "Week"),
    "scheduling:my_week",
    "week",
    area=("/week/", "/book/", "/booked/", "/bookings/", "/places/"),
)
_PLAN = _Entry(pgettext_lazy("place", "Plan"), "therapy:my_plan", "plan", area="/plan/")
_WAYS = _Entry(pgettext_lazy("place", "Ways"), "therapy:ways", "book", area=("/ways/", "/people/", "/courses/"))

_MESSAGES = _Entry(pgettext_lazy("place", "Messages"), "therapy:messages", "message", area="/messages/")
_INBOX = _Entry(pgettext_lazy("place", "Messages"), "therapy:inbox", "message", area=("/inbox/", "/messages/"))

PLACES: dict[Role, tuple[_Entry, ...]] = {
    Role.CLIENT: (_TODAY, _WEEK, _PLAN, _MESSAGES, _MORE),
    Role.APPLICANT: (_TODAY, _WEEK, _WAYS, _MESSAGES, _MORE),
    Role.ALUM: (_HOME, _PLAN, _WAYS, _MORE),
    Role.FAMILY: (_HOME,),
    Role.CLINICIAN: (_CASELOAD, _INBOX, _OWED, _WAYS, _INVITATIONS),
    Role.ADMIN: (_OFFICE, _OWED),
}
# Somebody with two roles finds both; what they came for as a client stands first.
ORDER = (Role.CLIENT, Role.APPLICANT, Role.ALUM, Role.FAMILY, Role.CLINICIAN, Role.ADMIN)
MENU: tuple[_Entry, ...] = (
    _Entry(pgettext_lazy("place", "Settings"), "accounts:settings", "settings"),
    _Entry(pgettext_lazy("place", "Sign-in and security"), "mfa_index", "lock"),
)
CALENDAR = _Entry(pgettext_lazy("place", "My own calendar"), "scheduling:my_calendar", "week", area="/calendar/")
REACH: tuple[_Entry, ...] = (
    _Entry(pgettext_lazy("place", "Messages from the portal"), "notices:mine", "mail", area="/notices/"),
    _Entry(pgettext_lazy("place", "How we reach you"), "notices:reach", "message", area="/reach/"),
)
CLIENT_MENU: tuple[_Entry, ...] = (_Entry(pgettext_lazy("place", "My care"), "therapy:my_care", "plan"), _OPENED)
WORK: tuple[_Entry, ...] = (_Entry(pgettext_lazy("place", "Work and learning"), "therapy:posted", "right"),)
ENROLLED = frozenset({Role.CLIENT, Role.APPLICANT, Role.ALUM})


def places_for(user: User, path: str) -> list[Place]:
    """What the main navigation offers, each page once: somebody with two roles finds it where they met it first.

    What belongs to two of the places is in the first of them.
    """
    found: dict[str, _Entry] = {}
    for role in ORDER:
        for entry in PLACES[role] if role in user.roles else ():
            found.setdefault(entry.view, entry)
    places = [entry.place(path) for entry in found.values()]
    here = next((place for place in places if place.current), None)
    return [replace(place, current=place is here) for place in places]


def menu_for(user: User, path: str) -> list[Place]:
    """What stands behind the person's name, above signing out."""
    care = CLIENT_MENU if user.roles & ENROLLED else ()
    appointments = (CALENDAR,) if user.roles - {Role.ADMIN} else ()
    work = WORK if Role.CLINICIAN in user.roles else ()
    reach = REACH if user.roles & frozenset(REACHED) else ()
    return [entry.place(path) for entry in (*care, *appointments, *work, *reach, *MENU)]
