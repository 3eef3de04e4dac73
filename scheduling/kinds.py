"""What scheduling owes: mails that say that there is an appointment, and nothing about it but its time."""

from datetime import timedelta
from typing import cast

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from iop_portal.audit.models import Entry
from iop_portal.followups import kinds as follow_ups
from iop_portal.notices import kinds
from iop_portal.notices.kinds import Part
from iop_portal.people.models import User
from scheduling.invitations import invitation
from scheduling.making import FOLLOW_UP
from scheduling.models import Booking, Waiting


def _time(booking: Booking, to: User | None) -> dict[str, object]:
    return {"begins": booking.starts_at}


def _moved(entry: Entry) -> Booking:
    return Booking.objects.select_related("session__program").get(pk=cast(int, entry.object_id))


def _move_still_owed(entry: Entry) -> bool:
    """A booking may move more often than once: the last line of the trail about it speaks for all."""
    newer = Entry.objects.filter(
        verb=entry.verb, object_type=entry.object_type, object_id=entry.object_id, pk__gt=entry.pk
    )
    return _moved(entry).occupies and not newer.exists()


def _moved_to(entry: Entry, to: User | None) -> dict[str, object]:
    return _time(_moved(entry), to)


def _moved_invitation(entry: Entry, to: User | None) -> list[Part]:
    return invitation(_moved(entry), to)


def _both_times(booking: Booking, to: User | None) -> dict[str, object]:
    return {"begins": booking.starts_at, "was": booking.moved_from and booking.moved_from.starts_at}


def _offer(entry: Waiting, to: User | None) -> dict[str, object]:
    link = settings.PORTAL_ORIGIN + reverse("scheduling:place", args=[entry.pk])
    return {"begins": entry.session.starts_at, "until": entry.expires_at, "link": link}


kinds.register(
    kinds.Kind(
        name="seat_booked",
        about="scheduling.booking",
        template="seat_booked",
        subject=_("You have an appointment"),
        still_owed=lambda booking: booking.occupies,
        words=_time,
        attach=invitation,
    ),
    kinds.Kind(
        name="booking_moved",
        about="scheduling.booking",
        template="booking_moved",
        subject=_("An appointment has a new time"),
        still_owed=lambda booking: booking.occupies,
        words=_both_times,
        attach=invitation,
    ),
    kinds.Kind(
        name="place_offered",
        about="scheduling.waiting",
        template="place_offered",
        subject=_("A time is free for you"),
        still_owed=lambda entry: entry.state == Waiting.State.OFFERED,
        words=_offer,
        # Made at night it stands until the morning and longer, unless the time itself comes before that.
        waits=lambda entry, morning: entry.expires_at > morning,
    ),
    kinds.Kind(
        name="own_calendar_given_up",
        about="scheduling.owncalendar",
        template="something_to_look_at",
        subject=_("Something needs a look"),
        still_owed=lambda calendar: calendar.given_up_at is not None,
        words=lambda calendar, to: {},
    ),
    kinds.Kind(
        name="booking_cancelled",
        about="scheduling.booking",
        template="booking_cancelled",
        subject=_("An appointment was cancelled"),
        still_owed=lambda booking: not booking.occupies,
        words=_time,
        attach=invitation,
    ),
    kinds.Kind(
        name="session_moved",
        about="audit.entry",
        template="session_moved",
        subject=_("An appointment has changed"),
        still_owed=_move_still_owed,
        words=_moved_to,
        attach=_moved_invitation,
    ),
    kinds.Kind(
        name="timetable_changed",
        about="scheduling.timeoff",
        template="timetable_changed",
        subject=_("Your timetable has changed"),
        still_owed=lambda _time_off: True,
        words=lambda _time_off, _to: {},
    ),
    kinds.Kind(
        name="appointments_changed",
        about="audit.entry",
        template="appointments_changed",
        subject=_("Your appointments have changed"),
        still_owed=lambda entry: True,
        words=lambda entry, to: {},
    ),
)

follow_ups.register(
    follow_ups.Kind(
        name=FOLLOW_UP,
        about="people.program",
        title=_("See why sessions could not be made"),
        why=_("A room or somebody who leads is taken, or a credential ends, so days of a series are missing."),
        due_in=timedelta(days=2),
        page="office:series_list",
    ),
)
