"""Who came: facts about bookings, one after another. The newest counts."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.translation import pgettext_lazy

from iop_portal.audit.models import AppendOnly
from iop_portal.people.models import User
from scheduling.models.sessions import Booking


class AttendanceQuerySet(models.QuerySet["Attendance"]):
    def newest(self) -> Self:
        """One fact a booking: the one that counts."""
        return self.order_by("booking_id", "-number").distinct("booking_id")


class Attendance(AppendOnly):
    """One thing that somebody recorded about a booking. A correction is a further fact, and so is taking one back:
    it repeats what was said before, or says that nothing is recorded.

    `number` counts the facts of a booking from one, so that of two people who mark at once one comes too late.
    `minutes` are those that the person attended. What each of them promises is kept by the database, since rows of
    this table are billed by.
    """

    class State(models.TextChoices):
        PRESENT = "present", pgettext_lazy("attendance", "present")
        LATE = "late", pgettext_lazy("attendance", "late")
        LEFT_EARLY = "left_early", pgettext_lazy("attendance", "left early")
        EXCUSED = "excused", pgettext_lazy("attendance", "excused")
        MISSED = "missed", pgettext_lazy("attendance", "missed")
        CANCELLED = "cancelled", pgettext_lazy("attendance", "cancelled by us")
        OPEN = "open", pgettext_lazy("attendance", "not recorded yet")

    CAME = (State.PRESENT, State.LATE, State.LEFT_EARLY)

    booking = models.ForeignKey(Booking, models.PROTECT, related_name="attendance")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State)
    minutes = models.PositiveSmallIntegerField(default=0)
    by_video = models.BooleanField(default=False)
    reason = models.CharField(max_length=120, blank=True)
    takes_back = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    objects = models.Manager.from_queryset(AttendanceQuerySet)()

    class Meta(AppendOnly.Meta):
        ordering = ("booking", "number")
        constraints = [
            models.UniqueConstraint(
                fields=["booking", "number"],
                name="facts_about_a_booking_follow_one_another",
                include=["state", "minutes"],
            ),
            models.CheckConstraint(
                name="attendance_has_a_state",
                condition=Q(state__in=["present", "late", "left_early", "excused", "missed", "cancelled", "open"]),
            ),
            models.CheckConstraint(
                name="minutes_are_of_those_who_came",
                condition=Q(state__in=["present", "late", "left_early"], minutes__gte=1)
                | Q(state__in=["excused", "missed", "cancelled", "open"], minutes=0, by_video=False),
            ),
            models.CheckConstraint(
                name="a_reason_is_given_where_it_is_excused",
                condition=(Q(state="excused") & ~Q(reason="")) | (~Q(state="excused") & Q(reason="")),
            ),
            models.CheckConstraint(
                name="only_taking_back_leaves_it_open", condition=~Q(state="open") | Q(takes_back__isnull=False)
            ),
        ]
        triggers = [
            *AppendOnly.Meta.triggers,
            pgtrigger.Trigger(
                name="attendance_fits_its_booking",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("held", "boolean"), ("span", "tstzrange"), ("last", "integer"), ("last_id", "bigint")],
                func="""
                    SELECT b.occupies, b.during INTO held, span FROM scheduling_booking b
                    WHERE b.id = NEW.booking_id FOR KEY SHARE;
                    SELECT a.number, a.id INTO last, last_id FROM scheduling_attendance a
                    WHERE a.booking_id = NEW.booking_id ORDER BY a.number DESC LIMIT 1;
                    IF NOT held THEN
                        RAISE EXCEPTION 'the booking was given back'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'attendance_is_of_live_bookings';
                    ELSIF NEW.recorded_at < lower(span) THEN
                        RAISE EXCEPTION 'the session has not begun'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'attendance_is_of_sessions_that_have_begun';
                    ELSIF NEW.minutes > round(extract(epoch FROM upper(span) - lower(span)) / 60) THEN
                        RAISE EXCEPTION 'the session is shorter'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'minutes_fit_the_session';
                    ELSIF NEW.number <> coalesce(last, 0) + 1
                        OR NEW.takes_back_id IS NOT NULL AND NEW.takes_back_id IS DISTINCT FROM last_id
                    THEN
                        RAISE EXCEPTION 'something was recorded meanwhile'
                        USING ERRCODE = 'check_violation',
                        CONSTRAINT = 'facts_about_a_booking_follow_one_another';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Attendance #{self.pk}"

    @property
    def came(self) -> bool:
        return self.state in self.CAME

    @property
    def recorded(self) -> bool:
        return self.state != self.State.OPEN


def marked(bookings: QuerySet[Booking]) -> QuerySet[Booking]:
    """With what the newest fact says of each, in the same query: what `attended` and `attended_minutes` tell."""
    return bookings.annotate(
        newest_state=newest_state(),
        newest_minutes=Subquery(_newest().values("minutes")[:1]),
    )


def unmarked(bookings: QuerySet[Booking]) -> QuerySet[Booking]:
    """Those of which nothing is recorded."""
    told = bookings.annotate(said=newest_state())
    return told.filter(Q(said=None) | Q(said=Attendance.State.OPEN))


def newest_state() -> Subquery:
    """Of a booking, by which a query of bookings can be narrowed."""
    return Subquery(_newest().values("state")[:1])


def _newest() -> QuerySet[Attendance]:
    return Attendance.objects.filter(booking=OuterRef("pk")).order_by("-number")
