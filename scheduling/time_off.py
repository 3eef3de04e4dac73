"""Time off over hours, days or weeks: what it hits is listed first, and whoever takes it says what becomes of that.

Nothing is offered while somebody is away. Why they are is nobody's business here, so no reason is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2.extras import DateTimeTZRange

from iop_portal.audit import trail
from iop_portal.markup import clock, day, day_clock
from iop_portal.notices import outbox
from iop_portal.people.models import Program, RoleHeld, User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from iop_portal.writes import write
from scheduling.changing import Setting, cancel_session, move_sessions, setting_of
from scheduling.hours import MOST_AHEAD
from scheduling.models import Facilitation, Room, Session, TimeOff
from scheduling.rosters import Standing, standing


class TimeOffWithoutLength(Refused):
    message = gettext_lazy("Time off has to end after it begins.")
    status = 400
    constraint = "time_off_begins_and_ends"


class TimeOffIsOver(Refused):
    message = gettext_lazy("This time has passed. Choose one that is still ahead.")
    status = 400


class TimeOffTooFar(Refused):
    message = gettext_lazy("Choose days within the next two years.")
    status = 400


class AwayAlready(Refused):
    message = gettext_lazy("Some of this is noted as time off already. Take that back first, or choose other days.")
    constraint = "one_time_off_at_a_time"


class HitsChanged(ChangedMeanwhile):
    message = gettext_lazy(
        "Meanwhile something was booked or changed in this time. Look at the list again, then confirm."
    )


class NobodyElseLeads(Refused):
    message = gettext_lazy("Nobody else leads one of the sessions that you want to keep. Look at the list again.")


class TakenBackAlready(Refused):
    message = gettext_lazy("This time off has been taken back already.")


@dataclass(frozen=True)
class Away:
    """From–until as people say it: whole days, or from a time on the first and until a time on the last of them."""

    first: date
    last: date
    begins: time | None = None
    ends: time | None = None

    def during(self, zone: str) -> DateTimeTZRange:
        """By the clock of a place. Raises Refused where nothing would be left."""
        there = ZoneInfo(zone)
        begin = datetime.combine(self.first, self.begins or time(0), there)
        last = self.last if self.ends else self.last + timedelta(days=1)
        end = datetime.combine(last, self.ends or time(0), there)
        if end.timestamp() <= begin.timestamp():
            raise TimeOffWithoutLength
        return DateTimeTZRange(begin, end, "[)")


def noted_by(user: User) -> QuerySet[RoleHeld]:
    """Whose time off somebody notes, and where: a clinician their own, an admin that of the clinicians they have."""
    run = Program.objects.run_by(user)
    found = RoleHeld.objects.filter(Q(user=user) | Q(program__in=run), role=Role.CLINICIAN, user__is_active=True)
    return found.select_related("user", "program")


def check_time_off(clinician: User, *, program: Program, during: DateTimeTZRange, now: datetime) -> None:
    """Whether it can be taken. Raises Refused."""
    end = ends_of(during)[1]
    if end <= now:
        raise TimeOffIsOver
    if end - now > MOST_AHEAD:
        raise TimeOffTooFar
    noted = TimeOff.objects.standing().filter(clinician=clinician, program=program)
    if noted.filter(during__overlap=during).exists():
        raise AwayAlready


def ends_of(during: DateTimeTZRange) -> tuple[datetime, datetime]:
    assert during.lower
    assert during.upper
    return during.lower, during.upper


def hits(clinician: User, *, program: Program, during: DateTimeTZRange, now: datetime) -> list[Standing]:
    """What a clinician is to lead in that time and has not begun. One query."""
    begin, end = ends_of(during)
    found = standing(clinician, begin=begin, end=end)
    return [each for each in found if each.session.program_id == program.pk and each.session.starts_at > now]


def hits_version(found: Sequence[Standing]) -> str:
    return ",".join(str(each.session.pk) for each in found)


@write
def take_time_off(
    clinician: User,
    *,
    program: Program,
    during: DateTimeTZRange,
    kept: Collection[int] = (),
    seen: str,
    by: User,
    now: datetime,
) -> TimeOff:
    """What it hits is cancelled, and whoever is booked hears of it; what is `kept` (keys of sessions) is led by those
    who lead it too. `seen` is the `hits_version` that somebody had before them.

    Sessions are locked before the clinician, as everywhere; under the lock of the clinician nobody books more.
    """
    check_time_off(clinician, program=program, during=during, now=now)
    _lock_sessions(hits(clinician, program=program, during=during, now=now))
    clinician = User.objects.lock_no_key(clinician.pk)
    found = hits(clinician, program=program, during=during, now=now)
    if hits_version(found) != seen:
        raise HitsChanged
    made = TimeOff.objects.create(clinician=clinician, program=program, during=during, noted_at=now, noted_by=by)
    stay = _led_by_the_others([each.session for each in found if each.session.pk in kept], clinician)
    move_sessions(stay, by=by, now=now)
    for each in found:
        if each.session not in stay:
            cancel_session(each.session, by=by, now=now)
    facts = {"cancelled": len(found) - len(stay), "kept": len(stay)}
    trail.record("time_off.taken", made, by=by, at=now, facts=facts)
    concerned = {clinician, *(leader for setting in stay.values() for leader in setting.leaders)} - {by}
    for person in sorted(concerned, key=lambda one: one.pk):
        outbox.queue("timetable_changed", to=person, about=made, now=now)
    return made


@write
def end_time_off(time_off: TimeOff, *, by: User, now: datetime) -> None:
    """Hours hold again from now on. What was cancelled stays cancelled: people have been told."""
    locked = TimeOff.objects.select_for_update(no_key=True).get(pk=time_off.pk)
    if locked.ended_at is not None:
        raise TakenBackAlready
    locked.ended_at, locked.ended_by = now, by
    locked.save(update_fields=["ended_at", "ended_by"])
    trail.record("time_off.taken_back", locked, by=by, at=now)


# ── In words ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Noted:
    time_off: TimeOff
    when: str


def noted_for(clinician: User, *, program: Program, now: datetime) -> list[Noted]:
    """What is not over yet. One query."""
    found = TimeOff.objects.standing().filter(clinician=clinician, program=program, during__endswith__gt=now)
    return [Noted(each, in_words(each.during, program.zone)) for each in found]


def in_words(during: DateTimeTZRange, zone: str) -> str:
    """Tuesday 1 December, 1:00 pm – Thursday 3 December: whole days are said without times."""
    begin, end = (moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for moment in ends_of(during))
    last = end - timedelta(microseconds=1)
    if begin.date() == last.date():
        return _on_one_day(begin, end)
    return _("%(begin)s – %(end)s") % {
        "begin": day(begin) if begin.time() == time(0) else day_clock(begin),
        "end": day(last) if end.time() == time(0) else day_clock(end),
    }


def on_day(during: DateTimeTZRange, on: date, zone: str) -> str:
    """Away until 12:00 pm: what is said of one day, or nothing where it is not touched."""
    there = ZoneInfo(zone)
    midnight, next_midnight = (datetime.combine(on + timedelta(days=more), time(0), there) for more in (0, 1))
    begin, end = (moment.astimezone(there) for moment in ends_of(during))
    if end <= midnight or begin >= next_midnight:
        return ""
    words = {"begin": clock(begin.time()), "end": clock(end.time())}
    if begin <= midnight and end >= next_midnight:
        return _("Away")
    if begin <= midnight:
        return _("Away until %(end)s") % words
    if end >= next_midnight:
        return _("Away from %(begin)s") % words
    return _("Away from %(begin)s until %(end)s") % words


def _on_one_day(begin: datetime, end: datetime) -> str:
    words = {"day": day(begin), "begin": clock(begin), "end": clock(end)}
    if begin.time() == end.time() == time(0):
        return words["day"]
    if begin.time() == time(0):
        return _("%(day)s, until %(end)s") % words
    if end.time() == time(0):
        return _("%(day)s, from %(begin)s") % words
    return _("%(day)s, %(begin)s to %(end)s") % words


def _lock_sessions(found: Sequence[Standing]) -> None:
    """And their rooms, which moving a session would lock after the clinician."""
    keys = [each.session.pk for each in found]
    list(Session.objects.filter(pk__in=keys).select_for_update(of=("self",)).order_by("pk"))
    rooms = Room.objects.filter(sessions__in=keys).order_by("pk").values("pk")
    list(Room.objects.filter(pk__in=rooms).select_for_update(no_key=True).order_by("pk"))


def _led_by_the_others(sessions: Sequence[Session], clinician: User) -> dict[Session, Setting]:
    leaders = Prefetch("facilitations", Facilitation.objects.select_related("clinician"))
    kept = Session.objects.filter(pk__in=[one.pk for one in sessions]).select_related("room").prefetch_related(leaders)
    settings = {session: setting_of(session) for session in kept}
    without = {
        session: replace(held, leaders=tuple(leader for leader in held.leaders if leader != clinician))
        for session, held in settings.items()
    }
    if not all(setting.leaders for setting in without.values()):
        raise NobodyElseLeads
    return without
