"""Reminders: found by looking at what is booked, as often as one likes, and owed once.

Nothing is put on a timer. A beat looks which reminders' time has come, so that one which was killed, came twice or
stood still for an hour leaves nothing behind that the next does not do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.notices import outbox
from iop_portal.notices.channels import Channel, Topic
from iop_portal.notices.models import Notice, Reach, ReachDefault
from iop_portal.notices.models.reach import LEADS
from iop_portal.notices.quiet import Quiet, evening_before, morning_after
from iop_portal.notices.reach import channels, may_be_texted, quiet_hours
from iop_portal.writes import write
from scheduling.models import AnswerLink, Booking, Reminder

KIND = "reminder"
DAY = timedelta(days=1)
# The longest lead, and a day in which quiet hours may bring it forward.
AHEAD = timedelta(minutes=max(LEADS)) + DAY
# Brought forward, it goes out a little before the quiet begins.
BEFORE_QUIET = timedelta(minutes=5)
# One that waits for the morning leaves as much time as it would have, or this.
TIME_LEFT = timedelta(hours=1)
LINKS_KEPT = timedelta(days=1)


# ── When ──────────────────────────────────────────────────────────────────────────────────────────────────────


def lead_begins(begins: datetime, lead: timedelta, zone: str) -> datetime:
    """So long before. Whole days are counted by the clock on the wall: 5:30 pm stays 5:30 pm when clocks change."""
    if lead % DAY:
        return begins.astimezone(UTC) - lead
    here = begins.astimezone(ZoneInfo(zone))
    day = here.date() - lead
    return datetime.combine(day, here.time(), ZoneInfo(zone)).astimezone(UTC)


def goes_out(begins: datetime, lead: timedelta, *, zone: str, quiet: Quiet | None) -> datetime:
    """When a reminder is sent. In quiet hours it waits for the morning, or comes the evening before if that is late."""
    wanted = lead_begins(begins, lead, zone)
    morning = morning_after(quiet, wanted) if quiet else None
    if quiet is None or morning is None:
        return wanted
    morning = morning.astimezone(UTC)
    if begins.astimezone(UTC) - morning >= min(lead, TIME_LEFT):
        return morning
    evening = evening_before(quiet, wanted)
    assert evening is not None
    return evening.astimezone(UTC) - BEFORE_QUIET


def lead_due(
    begins: datetime, leads: Iterable[timedelta], *, zone: str, quiet: Quiet | None, since: datetime, now: datetime
) -> tuple[timedelta, datetime] | None:
    """Of the leads whose time has come since the booking was made, the one that came last, and its time.

    Whoever could not be reached for a day is not reminded twice in one minute.
    """
    times = [(goes_out(begins, lead, zone=zone, quiet=quiet), lead) for lead in leads]
    come = [(at, lead) for at, lead in times if since <= at <= now]
    if not come or begins <= now:
        return None
    at, lead = max(come)
    return lead, at


# ── Who ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Due:
    booking: Booking
    lead: timedelta
    at: datetime
    channels: frozenset[Channel]


def owe_reminders(*, now: datetime) -> int:
    """Owe what is due and not owed yet, and take back what is owed of bookings that stand no more: how many are new."""
    take_back(now=now)
    AnswerLink.objects.filter(expires_at__lt=now - LINKS_KEPT).delete()
    due = list(due_reminders(now=now))
    known = _known(due)
    if unknown := [each.booking for each in due if (each.booking.pk, each.booking.starts_at) not in known]:
        _remember(unknown)
        known = _known(due)
    owed = 0
    for each in due:
        reminder, given = known[each.booking.pk, each.booking.starts_at]
        missing = each.channels - given[each.lead]
        if missing:
            person = each.booking.person
            reminder.booking = each.booking
            outbox.queue(
                KIND,
                to=person,
                about=reminder,
                client=person,
                lead=each.lead,
                not_before=each.at,
                channels=missing,
                now=now,
            )
            owed += 1
    return owed


def due_reminders(*, now: datetime) -> Iterator[Due]:
    """Whose time has come. One query, however many there are."""
    for booking in _ahead(now).iterator(chunk_size=2000):
        person, program = booking.person, booking.session.program
        reach: Reach | None = getattr(person, "reach", None)
        wishes = reach or getattr(program, "reach_default", None) or ReachDefault()
        by = channels(wishes, Topic.REMINDERS, mail_ok=person.mail_ok, texted=booking.texted)  # type: ignore[attr-defined]
        if not by:
            continue
        quiet = quiet_hours(reach, person=person, program=program)
        found = lead_due(
            booking.starts_at, wishes.leads_before, zone=person.zone, quiet=quiet, since=booking.booked_at, now=now
        )
        if found is not None:
            yield Due(booking, *found, by)


def _ahead(now: datetime) -> QuerySet[Booking]:
    return (
        Booking.objects.live()
        .filter(during__startswith__gt=now, during__startswith__lt=now + AHEAD, person__is_active=True)
        .annotate(texted=may_be_texted(OuterRef("person")))
        .select_related("person__reach", "session__program__reach_default")
    )


def _remember(bookings: Iterable[Booking]) -> None:
    made = [Reminder(booking=each, begins=each.starts_at) for each in bookings]
    Reminder.objects.bulk_create(made, ignore_conflicts=True)


Given = defaultdict[timedelta, set[Channel]]


def _known(due: list[Due]) -> dict[tuple[int, datetime], tuple[Reminder, Given]]:
    """By booking and time, the reminder and by which channels it is owed already, by lead. Two queries."""
    reminders = list(Reminder.objects.filter(booking__in=[each.booking.pk for each in due]))
    given: defaultdict[int, Given] = defaultdict(lambda: defaultdict(set))
    notices = Notice.objects.filter(
        kind=KIND, about_type=Reminder._meta.label_lower, about_id__in=[each.pk for each in reminders]
    )
    for about, lead, channel in notices.values_list("about_id", "lead", "channel"):
        given[about][lead].add(Channel(channel))
    return {(each.booking_id, each.begins): (each, given[each.pk]) for each in reminders}


# ── Taking back ───────────────────────────────────────────────────────────────────────────────────────────────


def withdraw_reminders(bookings: Iterable[Booking], *, now: datetime) -> None:
    """For whatever gives bookings up, or moves them: nothing goes out about their old time once that is committed."""
    reminders = list(Reminder.objects.filter(booking__in=[each.pk for each in bookings]))
    if reminders:
        outbox.withdraw_all(KIND, about=reminders, now=now)


@write
def take_back(*, now: datetime) -> None:
    """What is owed about a booking that was given up or moved, by whatever way."""
    owed = Notice.objects.owed().filter(kind=KIND).values("about_id")
    stands = Reminder.objects.filter(booking__occupies=True, booking__during__startswith=F("begins"))
    gone = list(Reminder.objects.filter(pk__in=owed).exclude(pk__in=stands.values("pk")))
    if gone:
        outbox.withdraw_all(KIND, about=gone, now=now)


def still_owed(reminder: Reminder, now: datetime | None = None) -> bool:
    now = now or timezone.now()
    return reminder.holds and reminder.begins > now


# ── What was answered ─────────────────────────────────────────────────────────────────────────────────────────


def with_answers(bookings: QuerySet[Booking]) -> QuerySet[Booking]:
    """Each with `answer` and `late_by`, of the time at which it stands now."""
    said = Reminder.objects.filter(booking=OuterRef("pk"), begins=OuterRef("during__startswith"))
    return bookings.annotate(answer=Subquery(said.values("answer")[:1]), late_by=Subquery(said.values("late_by")[:1]))


def answer_in_words(booking: Booking) -> str:
    """Of a booking `with_answers`: confirmed, about 20 minutes late, or nothing."""
    match booking.answer:  # type: ignore[attr-defined]
        case Reminder.Answer.COMES:
            return _("confirmed")
        case Reminder.Answer.LATE:
            return _("about %(n)d minutes late") % {"n": booking.late_by}  # type: ignore[attr-defined]
    return ""
