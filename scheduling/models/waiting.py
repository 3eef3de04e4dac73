"""Who waits for a place in a full session, and to whom one is offered."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import pgettext_lazy

from iop_portal.people.models import Program, User
from scheduling.models.sessions import Booking, Session


class WaitingQuerySet(models.QuerySet["Waiting"]):
    def live(self) -> Self:
        """Those who are in line, or have a place offered to them."""
        return self.filter(state__in=Waiting.LIVE)

    def in_line(self) -> Self:
        """In the order in which they are served: that of their keys, which are given under the session's lock."""
        return self.filter(state=Waiting.State.WAITING).order_by("pk")

    def offered(self) -> Self:
        return self.filter(state=Waiting.State.OFFERED)

    def placed(self) -> Self:
        """Each with how many are before them in line."""
        before = Waiting.objects.in_line().filter(session=OuterRef("session"), pk__lt=OuterRef("pk"))
        counted = before.order_by().values("session").annotate(n=Count("pk")).values("n")
        return self.annotate(before=Coalesce(Subquery(counted, output_field=models.IntegerField()), 0))


class Waiting(models.Model):
    """Somebody waits for a place in a session. While one is offered to them, it is taken for everybody else.

    Nothing of it occupies their time: what they have booked over it is theirs until they choose.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("place", "waiting")
        OFFERED = "offered", pgettext_lazy("place", "offered")
        ACCEPTED = "accepted", pgettext_lazy("place", "accepted")
        DECLINED = "declined", pgettext_lazy("place", "declined")
        LAPSED = "lapsed", pgettext_lazy("place", "ran out")
        WITHDRAWN = "withdrawn", pgettext_lazy("place", "withdrawn")

    LIVE = (State.WAITING, State.OFFERED)

    session = models.ForeignKey(Session, models.PROTECT, related_name="waiting")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    joined_at = models.DateTimeField()
    offered_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # Nobody where time or the program ended it.
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    booking = models.OneToOneField(Booking, models.PROTECT, null=True, related_name="waited_for")

    # Annotated by `placed`.
    before: int

    objects = models.Manager.from_queryset(WaitingQuerySet)()

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["session", "person"],
                condition=Q(state__in=["waiting", "offered"]),
                name="one_waits_once_for_a_session",
            ),
            models.CheckConstraint(
                name="who_waits_is_in_a_known_state",
                condition=Q(state__in=["waiting", "offered", "accepted", "declined", "lapsed", "withdrawn"]),
            ),
            models.CheckConstraint(
                name="an_offer_stands_from_a_time_until_a_time",
                condition=Q(state="waiting", offered_at=None, expires_at=None)
                | (
                    Q(offered_at__isnull=False, expires_at__gt=F("offered_at"))
                    & Q(state__in=["offered", "accepted", "declined", "lapsed", "withdrawn"])
                )
                | Q(state__in=["accepted", "lapsed", "withdrawn"], offered_at=None, expires_at=None),
            ),
            models.CheckConstraint(
                name="who_waits_no_more_stopped_at_a_time",
                condition=Q(state__in=["waiting", "offered"], ended_at=None, ended_by=None)
                | (~Q(state__in=["waiting", "offered"]) & Q(ended_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="a_place_is_accepted_by_booking_it",
                condition=Q(state="accepted", booking__isnull=False) | (~Q(state="accepted") & Q(booking=None)),
            ),
        ]
        indexes = [
            models.Index(fields=["session"], condition=Q(ended_at=None), name="who_waits_by_session"),
            models.Index(fields=["person"], name="who_waits_by_person"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="an_offer_takes_a_seat",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("session_id", "state"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Condition("NEW.state = 'offered'"),
                declare=[("seats", "integer"), ("held", "boolean")],
                func="""
                    SELECT s.capacity, s.live INTO seats, held FROM scheduling_session s
                    WHERE s.id = NEW.session_id FOR NO KEY UPDATE;
                    IF NOT held THEN
                        RAISE EXCEPTION 'the session does not take place'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'bookings_are_of_live_sessions';
                    END IF;
                    IF (
                        SELECT count(*) FROM scheduling_booking b
                        WHERE b.session_id = NEW.session_id AND b.takes_seat AND b.occupies
                    ) + (
                        SELECT count(*) FROM scheduling_waiting w
                        WHERE w.session_id = NEW.session_id AND w.state = 'offered' AND w.id IS DISTINCT FROM NEW.id
                    ) >= seats THEN
                        RAISE EXCEPTION 'every seat is taken'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_seat_for_everybody';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Waiting #{self.pk}"

    @property
    def program(self) -> Program:
        """Whose neutral name the mails about it carry."""
        return self.session.program

    def stands(self, now: datetime) -> bool:
        """Whether a place is offered that can still be taken."""
        return self.state == self.State.OFFERED and self.expires_at is not None and now < self.expires_at
