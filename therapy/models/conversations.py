"""What clients and their care teams write to one another. Words are sealed, and never change once they are sent."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from iop_portal.audit.models import AppendOnly
from iop_portal.people.models import CareTeam, Enrolment, Program, User
from iop_portal.people.seeing import places_on_care_teams, still_works
from iop_portal.sealing import SealedTextField


class ThreadQuerySet(models.QuerySet["Thread"]):
    def visible_to(self, user: User) -> Self:
        """One's own, and those of clients on whose care team one is now, in that program. An emergency access opens
        the record, not what people wrote to one another."""
        cared_for = places_on_care_teams(user).filter(
            enrolment__client=OuterRef("client"), enrolment__program=OuterRef("program")
        )
        return self.filter(Q(client=user) | Q(Exists(cared_for)))

    def kept_by_team(self, user: User) -> Self:
        """Those that a clinician reads for their work: never their own as a client."""
        return self.visible_to(user).exclude(client=user)

    def with_unread(self, reader: User) -> Self:
        """`is_new`: something in it waits to be read by this person."""
        return self.annotate(is_new=Exists(Unread.objects.open().filter(thread=OuterRef("pk"), person=reader)))

    def with_seen_to_by(self) -> Self:
        """`held`: whoever it was given to is still on the care team."""
        return self.annotate(held=_held())

    def seen_to_by(self, clinician: User) -> Self:
        return self.filter(_held(), assigned_to=clinician)

    def seen_to_by_nobody(self) -> Self:
        return self.filter(~_held())


def _held() -> Exists:
    on_team = CareTeam.objects.filter(
        still_works("clinician__"),
        clinician=OuterRef("assigned_to"),
        until=None,
        enrolment__client=OuterRef("client"),
        enrolment__program=OuterRef("program"),
        enrolment__state__in=Enrolment.LIVE,
    )
    return Exists(on_team)


class Thread(models.Model):
    """One conversation. `waiting_since` is when the first message of the client came that nobody has answered.

    What a message does to it is done by the database: it comes to the top, opens again, waits or waits no more.
    """

    client = models.ForeignKey(User, models.PROTECT, related_name="threads")
    program = models.ForeignKey(Program, models.PROTECT, related_name="threads")
    subject = SealedTextField(blank=True)
    begun_at = models.DateTimeField()
    begun_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    last_at = models.DateTimeField()
    waiting_since = models.DateTimeField(null=True)
    assigned_to = models.ForeignKey(User, models.PROTECT, null=True, related_name="threads_assigned")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = models.Manager.from_queryset(ThreadQuerySet)()

    class Meta:
        ordering = ("-last_at", "-pk")
        constraints = [
            models.CheckConstraint(
                name="a_thread_is_closed_by_somebody",
                condition=Q(closed_at=None, closed_by=None) | Q(closed_at__isnull=False, closed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="a_closed_thread_waits_for_nobody", condition=Q(closed_at=None) | Q(waiting_since=None)
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-last_at"], name="threads_by_client"),
            models.Index(fields=["waiting_since"], condition=Q(waiting_since__isnull=False), name="threads_waiting"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="threads_are_given_to_the_care_team",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("assigned_to_id"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Condition("NEW.assigned_to_id IS NOT NULL"),
                func="""
                    IF NOT EXISTS (
                        SELECT FROM people_careteam c JOIN people_enrolment e ON e.id = c.enrolment_id
                        WHERE c.clinician_id = NEW.assigned_to_id AND c.until IS NULL
                        AND e.client_id = NEW.client_id AND e.program_id = NEW.program_id
                        AND e.state IN ('referred', 'admitted')
                    ) THEN
                        RAISE EXCEPTION 'not of the care team'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'threads_are_given_to_the_care_team';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="a_thread_stays_whose_it_is",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("client_id", "program_id", "subject", "begun_at", "begun_by_id")  # type: ignore[no-untyped-call]
                | pgtrigger.Delete,
                func="""
                    RAISE EXCEPTION 'a conversation stays as it was begun'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'a_thread_stays_whose_it_is';
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Thread #{self.pk}"


class Message(AppendOnly):
    """One message. `once` comes with the form, so that a form which is sent twice is one message."""

    thread = models.ForeignKey(Thread, models.PROTECT, related_name="messages")
    sender = models.ForeignKey(User, models.PROTECT, related_name="+")
    from_client = models.BooleanField()
    text = SealedTextField()
    sent_at = models.DateTimeField()
    once = models.UUIDField()

    class Meta(AppendOnly.Meta):
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["sender", "once"], name="a_message_is_sent_once"),
            models.CheckConstraint(name="a_message_says_something", condition=~Q(text="")),
        ]
        triggers = [
            *AppendOnly.Meta.triggers,
            pgtrigger.Trigger(
                name="messages_are_of_the_client_and_the_care_team",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("held", "therapy_thread")],
                func="""
                    SELECT * INTO held FROM therapy_thread WHERE id = NEW.thread_id FOR NO KEY UPDATE;
                    IF NEW.from_client <> (NEW.sender_id = held.client_id) OR NOT EXISTS (
                        SELECT FROM people_enrolment e
                        WHERE e.client_id = held.client_id AND e.program_id = held.program_id
                        AND e.state IN ('referred', 'admitted')
                        AND (NEW.from_client OR EXISTS (
                            SELECT FROM people_careteam c
                            WHERE c.enrolment_id = e.id AND c.clinician_id = NEW.sender_id AND c.until IS NULL
                        ))
                    ) THEN
                        RAISE EXCEPTION 'neither the client nor of the care team'
                        USING ERRCODE = 'check_violation',
                        CONSTRAINT = 'messages_are_of_the_client_and_the_care_team';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="a_message_moves_its_thread",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                func="""
                    UPDATE therapy_thread SET
                        last_at = NEW.sent_at,
                        waiting_since = CASE WHEN NEW.from_client THEN coalesce(waiting_since, NEW.sent_at) END,
                        closed_at = NULL,
                        closed_by_id = NULL
                    WHERE id = NEW.thread_id;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Message #{self.pk}"


class Reading(AppendOnly):
    """Somebody had a message before them for the first time."""

    message = models.ForeignKey(Message, models.PROTECT, related_name="readings")
    reader = models.ForeignKey(User, models.PROTECT, related_name="+")
    read_at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["message", "reader"], name="a_message_is_read_for_the_first_time_once")
        ]

    def __str__(self) -> str:
        return f"Reading #{self.pk}"


class UnreadQuerySet(models.QuerySet["Unread"]):
    def open(self) -> Self:
        return self.filter(ended_at=None)

    def of(self, person: User) -> Self:
        """What waits for somebody who may still read it, by whichever door they read."""
        return self.open().filter(person=person, thread__in=Thread.objects.visible_to(person))


class Unread(models.Model):
    """A stretch in which something in a thread waits to be read by one person: a notice is owed once for each.

    It ends when they read it, or when it is given to somebody else.
    """

    thread = models.ForeignKey(Thread, models.PROTECT, related_name="unread")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(UnreadQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["thread", "person"], condition=Q(ended_at=None), name="one_unread_stretch_at_a_time"
            ),
            models.CheckConstraint(
                name="an_unread_stretch_ends_after_it_began", condition=Q(ended_at=None) | Q(ended_at__gte=F("since"))
            ),
        ]
        indexes = [models.Index(fields=["person"], condition=Q(ended_at=None), name="unread_by_person")]

    def __str__(self) -> str:
        return f"Unread #{self.pk}"

    @property
    def program(self) -> Program:
        """Whose name the notice carries."""
        return self.thread.program


class Draft(models.Model):
    """Something that is being written and was not sent: to the care team, or about a client, or in a thread."""

    writer = models.ForeignKey(User, models.CASCADE, related_name="drafts")
    client = models.ForeignKey(User, models.CASCADE, related_name="+")
    thread = models.ForeignKey(Thread, models.CASCADE, null=True, related_name="+")
    subject = SealedTextField(blank=True)
    text = SealedTextField(blank=True)
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["writer", "client", "thread"], nulls_distinct=False, name="one_draft_for_each_thing_written"
            )
        ]

    def __str__(self) -> str:
        return f"Draft #{self.pk}"
