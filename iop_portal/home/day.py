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
    return [_line(each, now=now, coming=each.session.pk == soonest) for each in led]


def headline(sessions: list[Line]) -> str:
    if not sessions:
        return ""
    return ngettext("%(count)d session", "%(count)d sessions", len(sessions)) % {"count": len(sessions)}


def _line(each: Led, *, now: datetime, coming: bool) -> Line:
    session = each.session
    names = ", ".join(_named(person, each) for person in each.people)
    title = names if each.for_one and names else session.modality.name
    where = [session.room.name if session.room else "", _("video") if session.video else ""]
    text = [session.modality.name, *where] if each.for_one else where
    if session.starts_at <= now and each.people:
        text += _attendance(each)
    elif not each.for_one:
        text.append(_booked(each))
    if each.beside:
        text.append(_("with %(names)s") % {"names": together(each.beside)})
    if each.here and now < session.ends_at:
        text.append(ngettext("%(count)d is here", "%(count)d are here", each.here) % {"count": each.here})
    if each.room_is_open:
        text.append(_("room open"))
    return Line(
        start=session.starts_at,
        title=title,
        text=" · ".join(filter(None, text)),
        who="" if each.for_one else names,
        badge=_badge(session.starts_at, session.ends_at, now) if coming else "",
        acts=_acts(each, now=now),
    )


def _acts(each: Led, *, now: datetime) -> tuple[Act, ...]:
    """A room that can be opened is opened from here. Once it has begun, who came is marked with the roster."""
    session = each.session
    mark = session.starts_at <= now and each.unmarked > 0
    can_be_opened = session.video and session.starts_at - EARLY <= now < session.ends_at and not each.room_is_open
    roster = reverse("scheduling:roster", args=[session.pk])
    acts = [Act(_("Mark"), roster, main=not can_be_opened) if mark else Act(_("Roster"), roster)]
    if can_be_opened:
        opens = reverse("scheduling:open_room", args=[session.pk])
        acts.insert(0, Act(_("Open the room"), opens, main=True, sent=True))
    return tuple(acts)


def _booked(each: Led) -> str:
    return _("%(taken)d of %(seats)d booked") % {"taken": len(each.people), "seats": each.session.capacity}


def _attendance(each: Led) -> list[str]:
    """3 of 4 came, and that somebody is still to be marked: confirmed, where they have arrived."""
    came = _("%(came)d of %(booked)d came") % {"came": each.came, "booked": len(each.people)}
    if not each.unmarked:
        return [came]
    still = _("roster open, %(count)d to confirm") % {"count": each.to_confirm} if each.to_confirm else _("roster open")
    return [still] if each.unmarked == len(each.people) else [came, still]


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
