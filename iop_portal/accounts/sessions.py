"""How long a session lasts: idle 15 minutes for staff and 30 for others, twelve hours in all. The server counts.

Being there is noted at most once a minute, here and in the list of one's own sessions.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from iop_portal.people.models import User

STARTED = "portal_started"
TOUCHED = "portal_touched"
TOUCH_EVERY = timedelta(minutes=1)


def begin(session: SessionBase, *, now: datetime) -> None:
    session[STARTED] = session[TOUCHED] = now.timestamp()


def touch(session: SessionBase, *, now: datetime) -> None:
    """Somebody is there. Costs nothing unless a minute has passed."""
    if STARTED not in session:
        begin(session, now=now)
    elif now - _time(session, TOUCHED) >= TOUCH_EVERY:
        extend(session, now=now)


def extend(session: SessionBase, *, now: datetime) -> None:
    session[TOUCHED] = now.timestamp()
    UserSession.objects.filter(session_key=session.session_key).update(last_seen_at=now)


def time_left(session: SessionBase, user: User, *, now: datetime) -> timedelta:
    """Until this session ends, if nobody stirs; not positive once it has."""
    if STARTED not in session:
        return idle_limit(user)
    idle = _time(session, TOUCHED) + idle_limit(user) - now
    whole = _time(session, STARTED) + settings.PORTAL_SESSION_LONGEST - now
    return min(idle, whole)


def ended_by_age(session: SessionBase, *, now: datetime) -> bool:
    return now - _time(session, STARTED) >= settings.PORTAL_SESSION_LONGEST


def idle_limit(user: User) -> timedelta:
    limit: timedelta = settings.PORTAL_IDLE_STAFF if user.is_staff_member else settings.PORTAL_IDLE_OTHERS
    return limit


def end_others(user: User, *, but: str | None) -> int:
    """Sign a person out everywhere else: how many sessions that were."""
    others = list(UserSession.objects.filter(user=user).exclude(session_key=but or ""))
    for other in others:
        other.end()
    return len(others)


def _time(session: SessionBase, key: str) -> datetime:
    return datetime.fromtimestamp(session[key], UTC)
