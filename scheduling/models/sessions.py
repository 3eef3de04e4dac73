"""Sessions, who leads them and who is expected."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self, cast

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Deferrable, Exists, F, Func, OuterRef, Q
from django.db.models.functions import Now
from django.utils.functional import cached_property
from django.utils.translation import pgettext_lazy

from iop_portal.consents.models import Category, Consent
from iop_portal.people.models import Program, User
from scheduling.models.contending import only, queue_for
from scheduling.models.hours import Room
from scheduling.models.series import Series
from therapy.models import FAMILIES, Modality, programs_of


class SessionQuerySet(models.QuerySet["Session"]):
    def upcoming(self, now: datetime) -> Self:
        return self.filter(live=True, during__startswith__gt=now)

    def overlapping(self, during: Any) -> Self:
        return self.filter(during__overlap=during)

    def visible_to(self, user: User) -> Self:
        """Listed ones of the programs one belongs to, and those that one is booked into or leads."""
        booked = Booking.objects.filter(session=OuterRef("pk"), person=user)
        led = Facilitation.objects.filter(session=OuterRef("pk"), clinician=user)
        return self.filter(Q(listed=True, program__in=programs_of(user)) | Exists(booked) | Exists(led))


class Session(models.Model):
    """People meet: of one modality, during one stretch of time, in a room, by video, or both.

    `live` says the same as `state`, as a column that Facilitation carries through its foreign key. The database
    keeps promises 1 and 2 of the design by the constraints and triggers here and on the two models below.
    """

    class State(models.TextChoices):
        PLANNED = "planned", pgettext_lazy("session", "planned")
        CANCELLED = "cancelled", pgettext_lazy("session", "cancelled")

    program = models.ForeignKey(Program, models.PROTECT, related_name="sessions")
    modality = models.ForeignKey(Modality, models.PROTECT, related_name="sessions")
    during = DateTimeRangeField()
    room = models.ForeignKey(Room, models.PROTECT, null=True, blank=True, related_name="sessions")
    video = models.BooleanField(default=False)
    capacity = models.PositiveSmallIntegerField()
    # One that is not listed is being prepared, or was made for one client's hour.
    listed = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    live = models.BooleanField(default=True)
    # Of which series it is, and which of its days: the one that the series says, wherever the session was moved since.
    series = models.ForeignKey(Series, models.PROTECT, null=True, blank=True, related_name="sessions")
    occurrence = models.DateField(null=True, blank=True)
    # How often time, place or state have changed: calendars take the higher one for the newer. The database counts.
    revision = models.PositiveIntegerField(db_default=0)
    changed_at = models.DateTimeField(db_default=Now())

    objects = models.Manager.from_queryset(SessionQuerySet)()

    class Meta:
        ordering = ("during", "pk")
        constraints = [
            models.UniqueConstraint(fields=["id", "during", "live"], name="sessions_lend_their_time"),
            models.CheckConstraint(
                name="a_session_is_live_while_planned",
                condition=Q(state="planned", live=True) | Q(state="cancelled", live=False),
            ),
            models.CheckConstraint(
                name="a_session_lasts_from_5_minutes_to_8_hours",
                condition=Q(during__startswith__isnull=False, during__endswith__isnull=False)
                & Q(
                    during__endswith__gte=Func(F("during"), function="lower", output_field=models.DateTimeField())
                    + timedelta(minutes=5)
                )
                & Q(
                    during__endswith__lte=Func(F("during"), function="lower", output_field=models.DateTimeField())
                    + timedelta(hours=8)
                ),
            ),
            models.UniqueConstraint(
                fields=["series", "occurrence"],
                name="an_occurrence_of_a_series_is_made_once",
                deferrable=Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(
                name="a_session_of_a_series_is_one_of_its_days",
                condition=Q(series=None, occurrence=None) | Q(series__isnull=False, occurrence__isnull=False),
            ),
            models.CheckConstraint(name="a_session_has_1_to_500_seats", condition=Q(capacity__range=(1, 500))),
            models.CheckConstraint(name="a_session_is_somewhere", condition=Q(room__isnull=False) | Q(video=True)),
            ExclusionConstraint(
                name="a_room_holds_one_session_at_a_time",
                expressions=[(only("room"), RangeOperators.OVERLAPS), ("during", RangeOperators.OVERLAPS)],
                condition=Q(live=True, room__isnull=False),
                deferrable=Deferrable.IMMEDIATE,
            ),
        ]
        indexes = [
            models.Index(
                "program",
                Func(F("during"), function="lower"),
                condition=Q(live=True),
                name="sessions_by_start",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="capacity_holds_who_is_booked",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("capacity"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Condition("NEW.capacity < OLD.capacity"),
                func="""
                    IF (SELECT count(*) FROM scheduling_booking b
                        WHERE b.session_id = NEW.id AND b.takes_seat AND b.occupies)
                        + (SELECT count(*) FROM scheduling_waiting w
                           WHERE w.session_id = NEW.id AND w.state = 'offered') > NEW.capacity
                    THEN
                        RAISE EXCEPTION 'more seats are taken'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'capacity_holds_who_is_booked';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="changes_are_counted",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    NEW.revision := OLD.revision;
                    NEW.changed_at := OLD.changed_at;
                    IF (OLD.during, OLD.room_id, OLD.video, OLD.live)
                       IS DISTINCT FROM (NEW.during, NEW.room_id, NEW.video, NEW.live)
                    THEN
                        NEW.revision := OLD.revision + 1;
                        NEW.changed_at := now();
                    END IF;
                    RETURN NEW;
                """,
            ),
            queue_for(
                "scheduling_room",
                "room_id",
                when="NEW.live AND NEW.room_id IS NOT NULL",
                changed=("room_id", "during", "live"),
            ),
        ]

    def __str__(self) -> str:
        return f"Session #{self.pk}"

    @property
    def starts_at(self) -> datetime:
        return cast(datetime, self.during.lower)

    @property
    def ends_at(self) -> datetime:
        return cast(datetime, self.during.upper)

    @property
    def for_one_alone(self) -> bool:
        """An hour that was made for one person. Sessions of a closed series are not listed either."""
        return not self.listed and self.series_id is None

    @property
    def minutes(self) -> int:
        return round((self.ends_at - self.starts_at).total_seconds() / 60)


class Facilitation(models.Model):
    """A clinician leads a session, alone or with others. Time and liveness are the session's, by foreign key."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="facilitations")
    clinician = models.ForeignKey(User, models.PROTECT, related_name="facilitations")
    during = DateTimeRangeField()
    live = models.BooleanField(default=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["session", "clinician"], name="a_clinician_leads_a_session_once"),
            ExclusionConstraint(
                name="a_clinician_is_in_one_session_at_a_time",
                expressions=[(only("clinician"), RangeOperators.OVERLAPS), ("during", RangeOperators.OVERLAPS)],
                condition=Q(live=True),
                deferrable=Deferrable.IMMEDIATE,
            ),
        ]
        triggers = [
            queue_for("people_user", "clinician_id", when="NEW.live", changed=("clinician_id",)),
            # By its name it comes after the queue: whoever notes time off meanwhile holds the clinician's row.
            pgtrigger.Trigger(
                name="while_away_nobody_leads",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("clinician_id", "during", "live"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Condition("NEW.live"),
                func="""
                    PERFORM FROM scheduling_timeoff o JOIN scheduling_session s ON s.program_id = o.program_id
                    WHERE s.id = NEW.session_id AND o.clinician_id = NEW.clinician_id
                      AND o.ended_at IS NULL AND o.during && NEW.during;
                    IF FOUND THEN
                        RAISE EXCEPTION 'the clinician is away'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'while_away_nobody_leads';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Facilitation #{self.pk}"


class BookingQuerySet(models.QuerySet["Booking"]):
    def live(self) -> Self:
        return self.filter(occupies=True)

    def permitted_to(self, relative: User, now: datetime) -> Self:
        """A relative knows of family sessions as long as a client of the program permits it. What else they have
        booked is their own."""
        consents = Consent.objects.live(now).filter(recipient=relative, category=Category.FAMILY_SESSIONS)
        with_families = Q(session__modality__format__in=FAMILIES)
        return self.filter(~with_families | Q(session__program__in=consents.values("program")))


class Booking(models.Model):
    """A person is expected at a session. `occupies` their time, and perhaps `takes_seat`, while it is live."""

    class State(models.TextChoices):
        BOOKED = "booked", pgettext_lazy("booking", "booked")
        CANCELLED = "cancelled", pgettext_lazy("booking", "cancelled")
        LATE_CANCELLED = "late", pgettext_lazy("booking", "cancelled late")
        CANCELLED_BY_PROGRAM = "program", pgettext_lazy("booking", "cancelled by us")
        MOVED = "moved", pgettext_lazy("booking", "moved to another time")

    session = models.ForeignKey(Session, models.PROTECT, related_name="bookings")
    person = models.ForeignKey(User, models.PROTECT, related_name="bookings")
    during = DateTimeRangeField()
    state = models.CharField(max_length=10, choices=State, default=State.BOOKED)
    occupies = models.BooleanField(default=True)
    takes_seat = models.BooleanField(default=True)
    # By the person's track, without their asking.
    assigned = models.BooleanField(db_default=False, default=False)
    reference = models.CharField(max_length=9, unique=True)
    booked_at = models.DateTimeField()
    booked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    # What it took the place of when it was moved, and what was missed that it makes up for.
    moved_from = models.OneToOneField("self", models.PROTECT, null=True, related_name="moved_to")
    makes_up_for = models.ForeignKey("self", models.PROTECT, null=True, related_name="made_up_by")

    objects = models.Manager.from_queryset(BookingQuerySet)()

    class Meta:
        ordering = ("during", "pk")
        constraints = [
            models.UniqueConstraint(
                fields=["session", "person"], condition=Q(occupies=True), name="one_live_booking_per_person_and_session"
            ),
            models.CheckConstraint(
                name="a_booking_occupies_while_booked",
                condition=Q(state="booked", occupies=True)
                | Q(state__in=["cancelled", "late", "program", "moved"], occupies=False),
            ),
            models.CheckConstraint(
                name="a_booking_is_cancelled_at_a_time",
                condition=Q(state="booked", cancelled_at=None, cancelled_by=None)
                | (~Q(state="booked") & Q(cancelled_at__isnull=False)),
            ),
            models.UniqueConstraint(
                fields=["makes_up_for"], condition=Q(occupies=True), name="what_was_missed_is_made_up_once"
            ),
            ExclusionConstraint(
                name="a_person_is_in_one_place_at_a_time",
                expressions=[(only("person"), RangeOperators.OVERLAPS), ("during", RangeOperators.OVERLAPS)],
                condition=Q(occupies=True),
                deferrable=Deferrable.IMMEDIATE,
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="a_seat_for_everybody",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("session_id", "occupies", "takes_seat"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Condition("NEW.occupies"),
                declare=[("seats", "integer"), ("held", "boolean")],
                func="""
                    SELECT s.capacity, s.live INTO seats, held FROM scheduling_session s
                    WHERE s.id = NEW.session_id FOR NO KEY UPDATE;
                    IF NOT held THEN
                        RAISE EXCEPTION 'the session does not take place'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'bookings_are_of_live_sessions';
                    END IF;
                    -- A place that is offered to others is taken; one that is offered to this person is for this.
                    IF NEW.takes_seat AND (
                        SELECT count(*) FROM scheduling_booking b
                        WHERE b.session_id = NEW.session_id AND b.takes_seat AND b.occupies
                          AND b.id IS DISTINCT FROM NEW.id
                    ) + (
                        SELECT count(*) FROM scheduling_waiting w
                        WHERE w.session_id = NEW.session_id AND w.state = 'offered' AND w.person_id <> NEW.person_id
                    ) >= seats THEN
                        RAISE EXCEPTION 'every seat is taken'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_seat_for_everybody';
                    END IF;
                    IF TG_OP = 'INSERT' OR NOT OLD.occupies THEN
                        PERFORM FROM people_user WHERE id = NEW.person_id FOR NO KEY UPDATE;
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="one_moves_and_makes_up_for_ones_own",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("person_id", "moved_from_id", "makes_up_for_id"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Condition("NEW.moved_from_id IS NOT NULL OR NEW.makes_up_for_id IS NOT NULL"),
                func="""
                    IF EXISTS (
                        SELECT FROM scheduling_booking b
                        WHERE (b.id = NEW.moved_from_id AND (b.person_id <> NEW.person_id OR b.state <> 'moved'))
                           OR (b.id = NEW.makes_up_for_id AND b.person_id <> NEW.person_id)
                    ) THEN
                        RAISE EXCEPTION 'of somebody else, or not moved'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'one_moves_and_makes_up_for_ones_own';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Booking #{self.pk}"

    @property
    def starts_at(self) -> datetime:
        return cast(datetime, self.during.lower)

    @property
    def ends_at(self) -> datetime:
        return cast(datetime, self.during.upper)

    @property
    def program(self) -> Program:
        """Whose neutral name the mails about it carry."""
        return self.session.program

    @property
    def attended(self) -> str | None:
        """The state that the newest fact about it says, None while nothing is recorded. `marked` spares the query."""
        state = self._newest[0]
        return None if state == "open" else state

    @property
    def attended_minutes(self) -> int:
        return self._newest[1] or 0

    @cached_property
    def _newest(self) -> tuple[str | None, int | None]:
        brought = vars(self)
        if "newest_state" in brought:
            return brought["newest_state"], brought["newest_minutes"]
        fact = self.attendance.last()
        return (fact.state, fact.minutes) if fact else (None, None)
