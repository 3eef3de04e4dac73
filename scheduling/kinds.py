"""What scheduling owes: messages that say that there is an appointment, and nothing about it but its time; and acts of
people, where somebody was missed or nobody says who came."""

from datetime import datetime, timedelta
from typing import cast

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.audit.models import Entry
from iop_portal.followups import kinds as follow_ups
from iop_portal.markup import day_clock
from iop_portal.notices import kinds
from iop_portal.notices.channels import Topic
from iop_portal.notices.kinds import Part
from iop_portal.people.models import User
from scheduling import answering, misses, reminders, rosters
from scheduling.care import SHORT_WEEK
from scheduling.invitations import invitation
from scheduling.joining import may_know
from scheduling.making import FOLLOW_UP
from scheduling.models import Booking, Reminder, Waiting


def _time(booking: Booking, to: User | None) -> dict[str, object]:
    return {"begins": booking.starts_at}


def _still_expected(booking: Booking) -> bool:
    """A relative hears of it as long as they may know of it."""
    return booking.occupies and may_know(booking)


def _reminder_still_owed(reminder: Reminder) -> bool:
    return reminders.still_owed(reminder) and may_know(reminder.booking)


def _moved(entry: Entry) -> Booking:
    return Booking.objects.select_related("session__program").get(pk=cast(int, entry.object_id))


# What the trail says of a booked session that is at another time or place, or with somebody else.
CHANGES = ("booking.moved", "booking.handed_over")


def _move_still_owed(entry: Entry) -> bool:
    """A booking may move more often than once: the last line of the trail about it speaks for all."""
    newer = Entry.objects.filter(
        verb__in=CHANGES, object_type=entry.object_type, object_id=entry.object_id, pk__gt=entry.pk
    )
    return _still_expected(_moved(entry)) and not newer.exists()


def _moved_to(entry: Entry, to: User | None) -> dict[str, object]:
    return _time_and_place(_moved(entry), to)


def _moved_invitation(entry: Entry, to: User | None) -> list[Part]:
    return invitation(_moved(entry), to)


def _both_times(booking: Booking, to: User | None) -> dict[str, object]:
    return {**_time_and_place(booking, to), "was": booking.moved_from and booking.moved_from.starts_at}


def _moved_line(entry: Entry) -> str:
    return _("An appointment has changed. It is now: %(when)s") % {"when": day_clock(_moved(entry).starts_at)}


def _time_and_place(booking: Booking, to: User | None) -> dict[str, object]:
    return {"begins": booking.starts_at, "place": answering.place_told(booking, to)}


def _booked_page(booking: Booking) -> str:
    return reverse("scheduling:booked", args=[booking.pk])


def _there_is_one(begins: datetime) -> str:
    return _("You have an appointment: %(when)s") % {"when": day_clock(begins)}


def _reminder_waits(reminder: Reminder, morning: datetime) -> bool:
    """One that comes late, into the night, waits for the morning unless all would be over by then."""
    return morning < reminder.begins


def _offer(entry: Waiting, to: User | None) -> dict[str, object]:
    link = settings.PORTAL_ORIGIN + reverse("scheduling:place", args=[entry.pk])
    return {"begins": entry.session.starts_at, "until": entry.expires_at, "link": link}


kinds.register(
    kinds.Kind(
        name="seat_booked",
        about="scheduling.booking",
        template="seat_booked",
        subject=gettext_lazy("You have an appointment"),
        still_owed=_still_expected,
        words=_time_and_place,
        attach=invitation,
        topic=Topic.APPOINTMENTS,
        line=lambda booking: _there_is_one(booking.starts_at),
        page=_booked_page,
    ),
    kinds.Kind(
        name="booking_moved",
        about="scheduling.booking",
        template="booking_moved",
        subject=gettext_lazy("An appointment has a new time"),
        still_owed=_still_expected,
        words=_both_times,
        attach=invitation,
        topic=Topic.APPOINTMENTS,
        line=lambda booking: _("An appointment has a new time: %(when)s") % {"when": day_clock(booking.starts_at)},
        page=_booked_page,
    ),
    kinds.Kind(
        name="place_offered",
        about="scheduling.waiting",
        template="place_offered",
        subject=gettext_lazy("A time is free for you"),
        still_owed=lambda entry: entry.state == Waiting.State.OFFERED,
        words=_offer,
        # Made at night it stands until the morning and longer, unless the time itself comes before that.
        waits=lambda entry, morning: entry.expires_at > morning,
    ),
    kinds.Kind(
        name="place_not_had",
        about="scheduling.waiting",
        template="place_not_had",
        subject=gettext_lazy("A time that you waited for"),
        still_owed=lambda entry: entry.state == Waiting.State.LAPSED,
        words=lambda entry, to: {"begins": entry.session.starts_at, "was_kept": entry.offered_at is not None},
        topic=Topic.APPOINTMENTS,
        line=lambda entry: _("You wait no more for: %(when)s") % {"when": day_clock(entry.session.starts_at)},
        page=lambda entry: reverse("scheduling:place", args=[entry.pk]),
    ),
    kinds.Kind(
        name="own_calendar_given_up",
        about="scheduling.owncalendar",
        template="something_to_look_at",
        subject=gettext_lazy("Something needs a look"),
        still_owed=lambda calendar: calendar.given_up_at is not None,
        words=lambda calendar, to: {},
    ),
    kinds.Kind(
        name="booking_cancelled",
        about="scheduling.booking",
        template="booking_cancelled",
        subject=gettext_lazy("An appointment was cancelled"),
        still_owed=lambda booking: not booking.occupies,
        words=_time,
        attach=invitation,
        topic=Topic.APPOINTMENTS,
        line=lambda booking: _("An appointment was cancelled: %(when)s") % {"when": day_clock(booking.starts_at)},
        page=_booked_page,
    ),
    kinds.Kind(
        name=reminders.KIND,
        about="scheduling.reminder",
        template="reminder",
        subject=gettext_lazy("You have an appointment"),
        still_owed=_reminder_still_owed,
        words=answering.words,
        waits=_reminder_waits,
        topic=Topic.REMINDERS,
        line=lambda reminder: _there_is_one(reminder.begins),
        page=lambda reminder: _booked_page(reminder.booking),
    ),
    kinds.Kind(
        name="session_moved",
        about="audit.entry",
        template="session_moved",
        subject=gettext_lazy("An appointment has changed"),
        still_owed=_move_still_owed,
        words=_moved_to,
        attach=_moved_invitation,
        topic=Topic.APPOINTMENTS,
        line=_moved_line,
        page=lambda entry: _booked_page(_moved(entry)),
    ),
    kinds.Kind(
        name="timetable_changed",
        about="scheduling.timeoff",
        template="timetable_changed",
        subject=gettext_lazy("Your timetable has changed"),
        still_owed=lambda _time_off: True,
        words=lambda _time_off, _to: {},
    ),
    kinds.Kind(
        name="appointments_changed",
        about="audit.entry",
        template="appointments_changed",
        subject=gettext_lazy("Your appointments have changed"),
        still_owed=lambda entry: True,
        words=lambda entry, to: {},
    ),
)

follow_ups.register(
    follow_ups.Kind(
        name=FOLLOW_UP,
        about="people.program",
        title=gettext_lazy("See why sessions could not be made"),
        why=gettext_lazy(
            "A room or somebody who leads is taken, or a credential ends, so days of a series are missing."
        ),
        due_in=timedelta(days=2),
        page="office:series_list",
    ),
)


def _record_of(clients: QuerySet[User]) -> follow_ups.Place | None:
    """Whom to call, for those to whom the record is open."""
    client = clients.first()
    return follow_ups.Place(_("Open the record"), reverse("home:client", args=[client.pk])) if client else None


def _roster(session_id: int, reader: User) -> follow_ups.Place | None:
    if not rosters.sessions_open_to(reader).filter(pk=session_id).exists():
        return None
    return follow_ups.Place(_("Open the roster"), reverse("scheduling:roster", args=[session_id]))


def _of_booking(booking_id: int, reader: User) -> follow_ups.Place | None:
    return _record_of(User.objects.caseload_of(reader).filter(bookings=booking_id))


def _of_enrolment(enrolment_id: int, reader: User) -> follow_ups.Place | None:
    return _record_of(User.objects.caseload_of(reader).filter(enrolments=enrolment_id))


follow_ups.register(
    follow_ups.Kind(
        name=SHORT_WEEK,
        about="people.enrolment",
        title=gettext_lazy("Below the planned hours"),
        why=gettext_lazy(
            "A week holds less than what is prescribed. In this phase it should not be less: find a further time "
            "together, or plan the next phase."
        ),
        due_in=timedelta(days=3),
        place=_of_enrolment,
        to_client=gettext_lazy("Look with you at the hours of your week"),
    ),
    follow_ups.Kind(
        name=misses.OUTREACH,
        about="scheduling.booking",
        title=gettext_lazy("Missed one: reach out today"),
        why=gettext_lazy("Somebody who was expected did not come. A call on the same day brings many people back."),
        due_in=timedelta(hours=4),
        place=_of_booking,
        to_client=gettext_lazy("Get in touch with you, because you were missed"),
    ),
    follow_ups.Kind(
        name=misses.ESCALATION,
        about="scheduling.booking",
        title=gettext_lazy("Missed two: reach out now"),
        why=gettext_lazy(
            "Two sessions in a row were missed. See that somebody speaks with them today about what stands in the way."
        ),
        due_in=timedelta(hours=2),
        place=_of_booking,
        to_client=gettext_lazy("Ask you what makes it hard to come"),
    ),
    follow_ups.Kind(
        name=misses.REVIEW,
        about="scheduling.booking",
        title=gettext_lazy("Missed three: look at it together"),
        why=gettext_lazy(
            "Three sessions in a row were missed. People decide what helps now: another time, another track, more care "
            "or less. Nothing ends by itself."
        ),
        due_in=timedelta(days=1),
        place=_of_booking,
        to_client=gettext_lazy("Think with you about what would help now"),
    ),
    follow_ups.Kind(
        name=rosters.UNMARKED,
        about="scheduling.session",
        title=gettext_lazy("Say who came"),
        why=gettext_lazy(
            "This session is over, and nobody has recorded yet who was there. Hours count only once they are recorded."
        ),
        due_in=timedelta(hours=18),
        place=_roster,
    ),
)
