"""A clinician's hours: the weekly ones, and the days on which they do not hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from iop_portal.writes import write
from scheduling.models import DayException, Hours, OtherHours, Room, WeeklyHours
from scheduling.rosters import Standing, standing
from therapy.models import Format, Modality

MOST_AHEAD = timedelta(days=731)


class HoursWithoutLength(Refused):
    message = _("Hours have to end after they begin.")
    status = 400
    constraint = "working_hours_end_after_they_begin"


class HoursNowhere(Refused):
    message = _("Choose a room, or say that you work by video, or both.")
    status = 400
    constraint = "working_hours_are_somewhere"


class HoursOverlap(Refused):
    message = _("These hours overlap others of the same day. Change one of them.")
    status = 400
    constraint = "working_hours_begin_once"


class DayHasPassed(Refused):
    message = _("Choose a day that has not passed.")
    status = 400


class DayTooFar(Refused):
    message = _("Choose a day within the next two years.")
    status = 400


class DayTwice(Refused):
    message = _("You have said something about this day already. Remove that first.")
    constraint = "one_exception_per_clinician_and_day"


class RoomElsewhere(Refused):
    message = _("Choose a room of this program that is in use.")
    status = 400


class KeptForSomethingElse(Refused):
    message = _("Hours can be kept for what people book one to one in this program. Choose among those.")
    status = 400


@dataclass(frozen=True)
class Stretch:
    """From–until on one day, wall-clock time of the program, in a room, by video, or either.

    Where it is kept `only_for` something, nothing else can be booked in it.
    """

    begins: time
    ends: time
    room: Room | None = None
    video: bool = True
    only_for: tuple[Modality, ...] = ()


def weekly_hours(clinician: User, *, program: Program, weekday: int) -> list[WeeklyHours]:
    return list(WeeklyHours.objects.told().filter(clinician=clinician, program=program, weekday=weekday))


def ways_to_keep_hours_for(clinician: User, *, program: Program) -> list[Modality]:
    """What people book one to one with this clinician. One that hours are kept for already stays, or saving the page
    would open them to everything."""
    held = Modality.objects.filter(program=program, format=Format.INDIVIDUAL)
    weekly = WeeklyHours.objects.filter(clinician=clinician, program=program).values("only_for")
    return list(held.filter(Q(in_use=True, given_by__user=clinician) | Q(pk__in=weekly)).distinct())


def hours_version(lines: list[WeeklyHours]) -> str:
    """Every change makes new rows, so their keys tell one version from another."""
    return ",".join(str(line.pk) for line in lines)


@write
def set_weekly_hours(
    clinician: User,
    *,
    program: Program,
    weekday: int,
    stretches: list[Stretch],
    by: User,
    now: datetime,
    seen: str | None = None,
) -> None:
    """Replace one weekday's hours. What is booked already stays booked.

    `seen` is the `hours_version` that somebody had before them who edits in a page.
    """
    User.objects.lock_no_key(clinician.pk)
    _check(stretches, program)
    if seen is not None and hours_version(weekly_hours(clinician, program=program, weekday=weekday)) != seen:
        raise ChangedMeanwhile
    WeeklyHours.objects.filter(clinician=clinician, program=program, weekday=weekday).delete()
    made = WeeklyHours.objects.bulk_create(
        WeeklyHours(
            clinician=clinician,
            program=program,
            weekday=weekday,
            begins=stretch.begins,
            ends=stretch.ends,
            room=stretch.room,
            video=stretch.video,
        )
        for stretch in stretches
    )
    _keep(made, stretches)
    trail.record("hours.set", clinician, by=by, at=now, facts={"weekday": weekday, "stretches": len(stretches)})


@write
def except_day(
    clinician: User, *, program: Program, on: date, stretches: list[Stretch], by: User, now: datetime
) -> DayException:
    """A day off, or a day with other hours. What is booked already stays booked: see `booked_on`."""
    User.objects.lock_no_key(clinician.pk)
    check_day(on, program=program, now=now)
    _check(stretches, program)
    exception = DayException.objects.create(clinician=clinician, program=program, on=on)
    made = OtherHours.objects.bulk_create(
        OtherHours(
            exception=exception,
            begins=stretch.begins,
            ends=stretch.ends,
            room=stretch.room,
            video=stretch.video,
        )
        for stretch in stretches
    )
    _keep(made, stretches)
    trail.record("hours.day_excepted", exception, by=by, at=now, facts={"stretches": len(stretches)})
    return exception


@write
def end_exception(exception: DayException, *, by: User, now: datetime) -> None:
    trail.record("hours.exception_ended", exception, by=by, at=now)
    exception.delete()


def check_day(on: date, *, program: Program, now: datetime) -> None:
    """Whether it can be excepted. Further ahead somebody mistyped the year. Raises Refused."""
    away = on - now.astimezone(ZoneInfo(program.zone)).date()
    if away < timedelta(0):
        raise DayHasPassed
    if away > MOST_AHEAD:
        raise DayTooFar


def booked_on(clinician: User, *, on: date, zone: str) -> list[Standing]:
    """What a clinician leads on a day of the program: shown before they take it off."""
    begin = datetime.combine(on, time(0), ZoneInfo(zone))
    end = datetime.combine(on + timedelta(days=1), time(0), ZoneInfo(zone))
    return standing(clinician, begin=begin, end=end)


def _keep(made: Sequence[Hours], stretches: list[Stretch]) -> None:
    """For what each stretch is kept, once its hours are there."""
    if not made:
        return
    kept: Any = type(made[0]).only_for.through
    of = f"{made[0]._meta.model_name}_id"
    kept.objects.bulk_create(
        kept(**{of: hours.pk, "modality_id": way.pk})
        for hours, stretch in zip(made, stretches, strict=True)
        for way in stretch.only_for
    )


def _check(stretches: list[Stretch], program: Program) -> None:
    for stretch in stretches:
        if any(way.program_id != program.pk or way.format != Format.INDIVIDUAL for way in stretch.only_for):
            raise KeptForSomethingElse
        if stretch.room and not (stretch.room.program_id == program.pk and stretch.room.in_use):
            raise RoomElsewhere
        if stretch.ends <= stretch.begins:
            raise HoursWithoutLength
        if stretch.room is None and not stretch.video:
            raise HoursNowhere
    in_order = sorted(stretches, key=lambda stretch: stretch.begins)
    if any(later.begins < earlier.ends for earlier, later in pairwise(in_order)):
        raise HoursOverlap
