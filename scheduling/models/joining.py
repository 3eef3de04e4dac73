"""How people come to a session: the room of its video call, who has arrived, and where they are meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import User
from iop_portal.sealing import SealedTextField
from scheduling.models.sessions import Booking, Session

# How long before a session its door is open. The trigger of Arrival says the same.
EARLY = timedelta(minutes=15)
MOST_CHARACTERS = 500
# Without a name or password before the host: an address that seems to lead elsewhere than it does.
SECURE = r"^https://[^\s/?#@\\]+([/?#][^\s\\]*)?$"


class VideoAddress(models.Model):
    """Where a clinician holds their video calls, unless a session is given an address of its own."""

    clinician = models.OneToOneField(User, models.CASCADE, related_name="video_address")
    address = models.CharField(_("address of your video calls"), max_length=MOST_CHARACTERS)
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_video_address_is_secure", condition=Q(address__regex=SECURE)),
        ]

    def __str__(self) -> str:
        return f"Video address #{self.pk}"


class VideoRoomQuerySet(models.QuerySet["VideoRoom"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)


class VideoRoom(models.Model):
    """A session's video call, from when somebody who leads it opened it until they closed it. Nobody else is told
    the address before that."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="video_rooms")
    address = models.CharField(max_length=MOST_CHARACTERS)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = models.Manager.from_queryset(VideoRoomQuerySet)()

    class Meta:
        ordering = ("opened_at", "pk")
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(closed_at=None), name="one_open_video_room_per_session"
            ),
            models.CheckConstraint(name="a_video_room_is_secure", condition=Q(address__regex=SECURE)),
            models.CheckConstraint(
                name="a_video_room_is_closed_after_it_opened",
                condition=Q(closed_at=None, closed_by=None) | Q(closed_at__gte=F("opened_at"), closed_by__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="of_a_live_session",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    PERFORM FROM scheduling_session s
                    WHERE s.id = NEW.session_id AND s.live AND s.video FOR SHARE;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'the session is not held by video'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'video_rooms_are_of_live_sessions_by_video';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Video room #{self.pk}"


class ArrivalQuerySet(models.QuerySet["Arrival"]):
    def expected_at(self, session: Session) -> Self:
        """Of everybody who is booked, for the time when it is now."""
        begins = Func(F("booking__during"), function="lower", output_field=models.DateTimeField())
        return self.filter(booking__session=session, booking__occupies=True, at__gte=begins - EARLY)

    def with_people(self) -> Self:
        """And whether they may be overheard, without unsealing anything."""
        return self.select_related("booking__person").annotate(in_private=F("whereabouts__in_private"))


class Arrival(models.Model):
    """Somebody who is booked has come: to the place, or to the door of the video call.

    Before a session moved it may have been noted for another time: see `is_of`.
    """

    booking = models.OneToOneField(Booking, models.CASCADE, related_name="arrival")
    at = models.DateTimeField()
    by_video = models.BooleanField()
    # When the address of the call was first shown to them.
    joined_at = models.DateTimeField(null=True)

    # Annotated by `with_people`. None where it was not asked.
    in_private: bool | None

    objects = models.Manager.from_queryset(ArrivalQuerySet)()

    class Meta:
        ordering = ("at", "pk")
        constraints = [
            models.CheckConstraint(
                name="one_joins_by_video_after_arriving",
                condition=Q(joined_at=None) | Q(by_video=True, joined_at__gte=F("at")),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="of_a_live_booking",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("booking_id", "at"),  # type: ignore[no-untyped-call]
                func="""
                    PERFORM FROM scheduling_booking b
                    WHERE b.id = NEW.booking_id AND b.occupies
                      AND NEW.at >= lower(b.during) - interval '15 minutes' AND NEW.at < upper(b.during)
                    FOR SHARE;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'nobody is expected'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'arrivals_are_of_live_bookings_at_their_time';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Arrival #{self.pk}"

    def is_of(self, begins: datetime) -> bool:
        return self.at >= begins - EARLY

    @property
    def waited(self) -> bool:
        """Whether they were at the door for a while before they were let in."""
        return self.joined_at is not None and self.joined_at - self.at >= timedelta(minutes=1)


class Whereabouts(models.Model):
    """Where somebody is during a video session, so that help finds them: told anew each time, for those who lead it
    alone, and thrown away a day after it."""

    arrival = models.OneToOneField(Arrival, models.CASCADE, related_name="whereabouts")
    place = SealedTextField()
    # A code of `scheduling.states`.
    state = SealedTextField()
    phone = SealedTextField()
    in_private = models.BooleanField()
    told_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "whereabouts"
        constraints = [
            models.CheckConstraint(name="whereabouts_are_told", condition=~Q(place="") & ~Q(state="") & ~Q(phone="")),
        ]

    def __str__(self) -> str:
        return f"Whereabouts #{self.pk}"
