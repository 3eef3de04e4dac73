"""The certificate of a course: made from what is recorded whenever it is asked for, and kept nowhere.

It may be shown to an employer. So it names neither the program, unless the client wants it to, nor what the course is
called here, nor who led it: a counsellor's name leads to what they treat.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.audit.models import Entry
from iop_portal.people.models import User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.courses import Progress, progress_in
from scheduling.models import Participation

MADE = "certificate.made"
OPENED = "certificate.opened"


class NotComplete(Refused):
    message = _("This course is not complete for you yet, by what is recorded now.")


@dataclass(frozen=True)
class Certificate:
    """All that stands on one."""

    name: str
    issuer: str
    title: str
    sessions: int
    first_on: date
    last_on: date
    issued_on: date


def progress_of(participation: Participation, *, now: datetime) -> Progress:
    course = participation.course
    return progress_in([course], person=participation.enrolment.client, now=now)[course.pk]


def made_before(participation: Participation) -> bool:
    """Whether one was made, which the person may still hold: what was corrected since cannot call it back."""
    about = participation._meta.label_lower
    return Entry.objects.filter(verb=MADE, object_type=about, object_id=participation.pk).exists()


def ready_for(person: User, *, now: datetime) -> list[Participation]:
    """Of complete courses whose certificate they have not looked at yet. One query where there can be none."""
    about = Entry.objects.filter(
        verb__in=(MADE, OPENED), object_type=Participation._meta.label_lower, object_id=OuterRef("pk")
    )
    own = Participation.objects.filter(enrolment__client=person).annotate(known=Exists(about))
    parts: dict[int, Participation] = {}
    known = set()
    for part in own.select_related("course__program").order_by("joined_at", "pk"):
        parts[part.course_id] = part
        if part.known:  # type: ignore[attr-defined]
            known.add(part.course_id)
    waiting = [part for part in parts.values() if part.course_id not in known]
    progress = progress_in([part.course for part in waiting], person=person, now=now) if waiting else {}
    return [part for part in waiting if progress[part.course_id].complete]


@write
def open_certificate(participation: Participation, *, by: User, now: datetime) -> None:
    """They have it before them: from then on nothing says that it waits."""
    about = {"object_type": participation._meta.label_lower, "object_id": participation.pk}
    if not Entry.objects.filter(verb__in=(MADE, OPENED), **about).exists():
        trail.record(OPENED, participation, client=participation.enrolment.client, by=by, at=now)


@write
def make_certificate(
    participation: Participation, *, name: str, with_program: bool, by: User, now: datetime
) -> Certificate:
    """For who takes part or took part. That one was made is written down; the name on it is not."""
    course, program = participation.course, participation.course.program
    progress = progress_of(participation, now=now)
    days = progress.days(program.zone)
    if not progress.complete or days is None:
        raise NotComplete
    trail.record(MADE, participation, client=participation.enrolment.client, by=by, at=now)
    return Certificate(
        name=name,
        issuer=program.name if with_program else program.sender,
        title=course.paper_title,
        sessions=course.sessions,
        first_on=days[0],
        last_on=days[1],
        issued_on=now.astimezone(ZoneInfo(program.zone)).date(),
    )
