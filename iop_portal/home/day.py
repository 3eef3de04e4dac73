"""A clinician's day, in the words of the page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from iop_portal.people.models import User
from scheduling.models.joining import EARLY
from scheduling.rosters import Led, day_of
from scheduling.telling import together

SOON = timedelta(minutes=60)


@dataclass(frozen=True)
class Act:
    """`sent` is done at once, by a button."""

    label: str | Promise
    url: str
    main: bool = False
    sent: bool = False


@dataclass(frozen=True)
class Line:
    start: datetime
    title: str
    text: str
    who: str
    badge: str
    acts: tuple[Act, ...]

    @property
    def soon(self) -> bool:
        return bool(self.badge)


def sessions_of(clinician: User, *, now: datetime) -> list[Line]:
    """Today's sessions in order; the next one says how soon it begins. Two queries."""
    led = day_of(clinician, now=now)
    soonest = next((each.session.pk for each in led if each.session.ends_at > now), None)
    return [_line(each, now=now, marked=each.session.pk == soonest) for each in led]


def headline(sessions: list[Line]) -> str:
    if not sessions:
        return ""
    return ngettext("%(count)d session", "%(count)d sessions", len(sessions)) % {"count": len(sessions)}


def _line(each: Led, *, now: datetime, marked: bool) -> Line:
    session = each.session
    names = ", ".join(_named(person, each) for person in each.people)
    title = names if each.for_one and names else session.modality.name
    where = [session.room.name if session.room else "", _("video") if session.video else ""]
    if each.for_one:
        text = [session.modality.name, *where]
    else:
        seats = {"taken": len(each.people), "seats": session.capacity}
        text = [*where, _("%(taken)d of %(seats)d booked") % seats]
    if each.beside:
        text.append(_("with %(names)s") % {"names": together(each.beside)})
    if each.here:
        text.append(ngettext("%(count)d is here", "%(count)d are here", each.here) % {"count": each.here})
    if each.room_is_open:
        text.append(_("room open"))
    return Line(
        start=session.starts_at,
        title=title,
        text=" · ".join(filter(None, text)),
        who="" if each.for_one else names,
        badge=_badge(session.starts_at, session.ends_at, now) if marked else "",
        acts=_acts(each, now=now),
    )


def _acts(each: Led, *, now: datetime) -> tuple[Act, ...]:
    """A room that can be opened is opened from here."""
    session = each.session
    roster = Act(_("Roster"), reverse("scheduling:roster", args=[session.pk]))
    can_be_opened = session.video and session.starts_at - EARLY <= now < session.ends_at and not each.room_is_open
    if not can_be_opened:
        return (roster,)
    return (Act(_("Open the room"), reverse("scheduling:open_room", args=[session.pk]), main=True, sent=True), roster)


def _named(person: User, each: Led) -> str:
    """With what they said of coming, where they answered a reminder."""
    said = each.said.get(person.pk)
    return _("%(name)s (%(said)s)") % {"name": person.short_name, "said": said} if said else person.short_name


def _badge(begins: datetime, ends: datetime, now: datetime) -> str:
    if begins <= now < ends:
        return _("now")
    if begins - now > SOON:
        return ""
    minutes = max(1, round((begins - now).total_seconds() / 60))
    return ngettext("in %(count)d minute", "in %(count)d minutes", minutes) % {"count": minutes}
