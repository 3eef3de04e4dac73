"""The page "More": everything that a person has here besides the places of the main navigation. A new page of theirs
adds its line."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from iop_portal.people.models import User
from iop_portal.people.roles import Role
from therapy.library import kept_by
from therapy.sittings import pinned_by

ENROLLED = frozenset({Role.CLIENT, Role.APPLICANT, Role.ALUM})
IN_CARE = frozenset({Role.CLIENT, Role.APPLICANT})

# As many as there are places for practices at the top; the others are in the library, under "Kept for later".
MOST_TEXTS = 3

# They have no place for it in the main navigation.
LEFT = frozenset({Role.ALUM})


@dataclass(frozen=True)
class Line:
    title: str | Promise
    text: str | Promise
    view: str
    icon: str
    to: frozenset[Role] = ENROLLED

    @property
    def url(self) -> str:
        return reverse(self.view)


@dataclass(frozen=True)
class Part:
    key: str
    title: str | Promise
    lines: tuple[Line, ...]


PARTS = (
    Part(
        "helps",
        _("What helps"),
        (
            Line(_("Ways that can help"), _("Every kind of session, in plain words"), "therapy:ways", "book"),
            Line(_("The people here"), _("Who they are, and what they do"), "therapy:people", "people"),
            Line(
                _("Who would suit me"),
                _("A few questions, and who fits you"),
                "scheduling:match_begin",
                "person",
                IN_CARE,
            ),
            Line(_("How you have been"), _("Short questions, and what came of them"), "therapy:measures", "chart"),
            Line(
                _("Things to practise"),
                _("Small things to try between sessions"),
                "therapy:practice",
                "tick",
                frozenset({Role.CLIENT, Role.ALUM}),
            ),
            Line(
                _("Courses"),
                _("Several sessions that belong together, with a certificate"),
                "scheduling:courses",
                "book",
            ),
            Line(
                _("Quiet minutes"),
                _("Short practices that lead you through, with a timer or without"),
                "therapy:mindfulness",
                "clock",
            ),
            Line(_("To read"), _("Short texts, from sleep to paydays"), "therapy:library", "book"),
            Line(
                _("Work and learning"),
                _("Jobs, training, volunteering, school"),
                "therapy:opportunities",
                "right",
                frozenset({Role.CLIENT, Role.ALUM}),
            ),
            Line(_("My care"), _("What is planned for you, and who is there for you"), "therapy:my_care", "plan"),
            Line(_("Notes about my sessions"), _("What your care team wrote down"), "therapy:notes", "book"),
            Line(_("Messages"), _("Between you and your care team"), "therapy:messages", "message", LEFT),
        ),
    ),
    Part(
        "life",
        _("Your life around it"),
        (
            Line(_("Times I keep free"), _("Work, school, family, faith"), "scheduling:own_times", "clock", IN_CARE),
            Line(
                _("Staying connected"),
                _("Two minutes a week: what held, what slipped"),
                "scheduling:staying_connected",
                "chart",
            ),
            Line(_("My own calendar"), _("Appointments in the calendar you use"), "scheduling:my_calendar", "week"),
        ),
    ),
    Part(
        "decide",
        _("You decide"),
        (
            Line(_("My choices"), _("Everything you decide, and how it stands"), "home:choices", "tick"),
            Line(_("Who may know what"), _("What you permit, and what was told"), "home:permissions", "eye"),
            Line(
                _("My agreements"),
                _("What you have signed here, and what waits to be read"),
                "therapy:agreements",
                "edit",
            ),
            Line(_("What is held about me"), _("All of it, and where you read it"), "home:my_record", "book"),
            Line(_("Who opened my record"), _("Each time somebody looked, and why"), "home:opened", "lock"),
            Line(_("How we reach you"), _("Mail, texts, quiet hours"), "notices:reach", "message"),
        ),
    ),
)


@dataclass(frozen=True)
class AtHand:
    """Something that they keep for themselves, one tap away."""

    title: str
    text: str
    url: str
    icon: str


def at_hand_of(person: User) -> list[AtHand]:
    """The practices they put at the top, and the texts they kept last. Two queries."""
    practices = [
        AtHand(one.title, one.lengths_in_words, reverse("therapy:mindful", args=[one.code]), "clock")
        for one in pinned_by(person)
    ]
    texts = [
        AtHand(one.title, _to_read(one.minutes), reverse("therapy:library_text", args=[one.pk]), "book")
        for one in kept_by(person)[:MOST_TEXTS]
    ]
    return practices + texts


def _to_read(minutes: int) -> str:
    return ngettext("%(n)d minute to read", "%(n)d minutes to read", minutes) % {"n": minutes}


def parts_for(person: User) -> list[Part]:
    """What somebody finds there by their roles; a part without lines is left out."""
    seen = [Part(part.key, part.title, tuple(line for line in part.lines if person.roles & line.to)) for part in PARTS]
    return [part for part in seen if part.lines]
