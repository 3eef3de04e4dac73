"""What people are asked about how they are, what they answer, and what an answer may ask of others."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from iop_portal.audit.models import AppendOnly
from iop_portal.people.models import BrokenGlass, Enrolment, Program, User
from iop_portal.people.roles import Role
from iop_portal.people.seeing import places_on_care_teams, programs_of
from iop_portal.sealing import SealedTextField

# Kept beside the enrolment so that "once a person" can be said by a constraint.
OF_WHO_IS_ENROLLED = pgtrigger.Trigger(
    name="is_of_who_is_enrolled",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.Update,
    func="""
        IF NOT EXISTS (
            SELECT 1 FROM people_enrolment e WHERE e.id = NEW.enrolment_id AND e.client_id = NEW.person_id
        ) THEN
            RAISE EXCEPTION 'it is another person''s enrolment' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'it_is_of_who_is_enrolled';
        END IF;
        RETURN NEW;
    """,
)
KEPT = """
    RAISE EXCEPTION 'what was sent in stays' USING ERRCODE = 'check_violation', CONSTRAINT = 'what_was_sent_in_stays';
"""


class InstrumentUse(models.Model):
    """How a program uses an instrument. Until somebody changes it, what its file says holds without a row."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="instruments")
    instrument = models.CharField(max_length=20)
    in_use = models.BooleanField(_("in use"), default=True)
    # From one time to the next, by phase: in the first, the core, the step-down and in continuing care.
    first_every_days = models.PositiveSmallIntegerField(_("days between two times in the start phase"), db_default=14)
    every_days = models.PositiveSmallIntegerField(_("days between two times in the core phase"))
    later_every_days = models.PositiveSmallIntegerField(_("days between two times in the step-down phase"))
    last_every_days = models.PositiveSmallIntegerField(_("days between two times in continuing care"), db_default=28)
    flag_from = models.PositiveSmallIntegerField(_("score from which it is marked for staff"), null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "instrument"], name="a_program_says_once_how_it_uses_one"),
            models.CheckConstraint(
                name="people_are_asked_every_1_to_365_days",
                condition=Q(
                    first_every_days__range=(1, 365),
                    every_days__range=(1, 365),
                    later_every_days__range=(1, 365),
                    last_every_days__range=(1, 365),
                ),
            ),
            models.CheckConstraint(
                name="a_mark_is_above_zero", condition=Q(flag_from=None) | Q(flag_from__range=(1, 500))
            ),
        ]

    def __str__(self) -> str:
        return f"Instrument use #{self.pk}"


class Asking(models.Model):
    """That somebody was asked, once for each day on which an instrument fell due. It ends when they answer, when the
    next one is due, or with their care. Without `by` it was the program's own rhythm."""

    class End(models.TextChoices):
        ANSWERED = "answered", _("answered")
        PASSED = "passed", _("not answered")

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="askings")
    person = models.ForeignKey(User, models.PROTECT, related_name="askings")
    instrument = models.CharField(max_length=20)
    due_on = models.DateField()
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=8, choices=End, blank=True)

    class Meta:
        ordering = ("asked_at", "pk")
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "instrument", "due_on"], name="asked_once_when_it_is_due"),
            models.UniqueConstraint(
                fields=["enrolment", "instrument"],
                condition=Q(ended_at=None),
                name="nobody_is_asked_twice_at_a_time",
            ),
            models.CheckConstraint(
                name="an_asking_says_how_it_ended",
                condition=Q(ended_at=None, end="") | Q(ended_at__isnull=False, end__in=["answered", "passed"]),
            ),
        ]
        triggers = [OF_WHO_IS_ENROLLED]

    def __str__(self) -> str:
        return f"Asking #{self.pk}"

    @property
    def program(self) -> Program:
        """Whose neutral name the messages about it carry."""
        return self.enrolment.program


class SheetQuerySet(models.QuerySet["Sheet"]):
    def sent(self) -> Self:
        return self.filter(sent_at__isnull=False)

    def open(self) -> Self:
        return self.filter(sent_at=None, left_at=None)

    def visible_to(self, user: User, now: datetime | None = None) -> Self:
        """One's own; and what was sent in, of whoever the reader looks after in the same program, or whose record an
        emergency access has opened there."""
        return self.filter(Q(person=user) | Q(sent_at__isnull=False) & _open_to(user, now, "enrolment__program"))


def _open_to(user: User, now: datetime | None, program: str, person: str = "person") -> Q:
    """To whom a client's answers are open: an admin is nowhere among them."""
    now = now or timezone.now()
    cared_for = places_on_care_teams(user).filter(
        enrolment__client=OuterRef(person), enrolment__program=OuterRef(program)
    )
    glass = BrokenGlass.objects.open_at(now).filter(
        clinician=user,
        client=OuterRef(person),
        program=OuterRef(program),
        program__in=programs_of(user, Role.CLINICIAN),
    )
    return Q(Exists(cared_for)) | Q(Exists(glass))


class Sheet(models.Model):
    """One time that somebody answered an instrument: which version, in which language, and how.

    It can be left and taken up again for some days; then it counts as left. What was sent in never changes: the
    database sees to it. `score` is the published one, or None where an answer that counts was not given.
    """

    class Mode(models.TextChoices):
        SELF = "self", _("by themselves, in the portal")

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="sheets")
    person = models.ForeignKey(User, models.PROTECT, related_name="sheets")
    instrument = models.CharField(max_length=20)
    version = models.CharField(max_length=4)
    language = models.CharField(max_length=12)
    mode = models.CharField(max_length=6, choices=Mode, default=Mode.SELF)
    begun_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    score = models.PositiveSmallIntegerField(null=True)

    objects = models.Manager.from_queryset(SheetQuerySet)()

    class Meta:
        ordering = ("-sent_at", "-pk")
        indexes = [models.Index(fields=["person", "instrument", "-sent_at"], name="sheets_by_person")]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "instrument"],
                condition=Q(sent_at=None, left_at=None),
                name="one_open_sheet_of_an_instrument",
            ),
            models.CheckConstraint(
                name="only_what_was_sent_in_has_a_score", condition=Q(score=None) | Q(sent_at__isnull=False)
            ),
            models.CheckConstraint(name="a_sheet_is_sent_or_left", condition=Q(sent_at=None) | Q(left_at=None)),
            models.CheckConstraint(name="a_sheet_is_answered_in_a_known_way", condition=Q(mode__in=["self"])),
        ]
        triggers = [
            OF_WHO_IS_ENROLLED,
            pgtrigger.Trigger(
                name="sheet_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__sent_at__isnull=False),
                func=KEPT,
            ),
        ]

    def __str__(self) -> str:
        return f"Sheet #{self.pk}"


class Answer(models.Model):
    """What was chosen for one item; None means that somebody prefers not to say. It may be changed until it is sent."""

    sheet = models.ForeignKey(Sheet, models.PROTECT, related_name="answers")
    item = models.CharField(max_length=20)
    value = models.PositiveSmallIntegerField(null=True)
    answered_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = [models.UniqueConstraint(fields=["sheet", "item"], name="an_item_is_answered_once")]
        triggers = [
            pgtrigger.Trigger(
                name="answers_stay",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                declare=[("closed", "boolean")],
                func=f"""
                    SELECT s.sent_at IS NOT NULL INTO closed FROM therapy_sheet s
                    WHERE s.id = CASE WHEN TG_OP = 'DELETE' THEN OLD.sheet_id ELSE NEW.sheet_id END FOR SHARE;
                    IF closed THEN {KEPT} END IF;
                    IF TG_OP = 'UPDATE' AND OLD.sheet_id <> NEW.sheet_id THEN {KEPT} END IF;
                    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
                """,  # noqa: S608  nothing but what stands above
            ),
        ]

    def __str__(self) -> str:
        return f"Answer #{self.pk}"


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)

    def visible_to(self, user: User, now: datetime | None = None) -> Self:
        """Whoever the client's answers are open to. Who has one because they are on duty comes by their follow-up."""
        return self.filter(_open_to(user, now, "sheet__enrolment__program", "sheet__person"))


class Alert(models.Model):
    """An answer that asks people to act at once. It is open until somebody of the care has written what was done.

    Of what was answered while it is open the heaviest stands in it.
    """

    sheet = models.ForeignKey(Sheet, models.PROTECT, related_name="alerts")
    item = models.CharField(max_length=20)
    value = models.PositiveSmallIntegerField()
    raised_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(AlertQuerySet)()

    class Meta:
        ordering = ("-raised_at", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["sheet", "item"], condition=Q(closed_at=None), name="one_open_alert_for_an_answer"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="an_alert_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'DELETE' OR OLD.closed_at IS NOT NULL OR NEW.value < OLD.value
                       OR (OLD.sheet_id, OLD.item, OLD.raised_at)
                          IS DISTINCT FROM (NEW.sheet_id, NEW.item, NEW.raised_at)
                    THEN
                        RAISE EXCEPTION 'an alert is closed once, and says what was answered'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'an_alert_stays';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="an_alert_is_closed_in_writing",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__closed_at__isnull=True, new__closed_at__isnull=False),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM therapy_disposition d WHERE d.alert_id = NEW.id) THEN
                        RAISE EXCEPTION 'nobody has written what was done' USING ERRCODE = 'check_violation',
                        CONSTRAINT = 'an_alert_is_closed_in_writing';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Alert #{self.pk}"

    @property
    def program(self) -> Program:
        return self.sheet.enrolment.program

    @property
    def client(self) -> User:
        return self.sheet.person


class Disposition(AppendOnly):
    """What was done about an alert, in the words of whoever did it. Clinical text: for the care team alone."""

    class Done(models.TextChoices):
        SPOKE = "spoke", _("Spoke with them")
        SCREENED = "screened", _("C-SSRS screener")
        SAFETY_PLAN = "safety_plan", _("Safety plan made or looked at together")
        SEEN = "seen", _("Seen in person, or a session arranged")
        EMERGENCY = "emergency", _("Emergency services called")
        NOT_REACHED = "not_reached", _("Tried, and not reached")

    alert = models.OneToOneField(Alert, models.PROTECT, related_name="disposition")
    done = ArrayField(models.CharField(max_length=12, choices=Done))
    words = SealedTextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        constraints = [
            models.CheckConstraint(
                name="a_disposition_says_what_was_done",
                condition=Q(done__len__gte=1)
                & Q(done__contained_by=["spoke", "screened", "safety_plan", "seen", "emergency", "not_reached"])
                & ~Q(words=""),
            ),
        ]

    def __str__(self) -> str:
        return f"Disposition #{self.pk}"

    @property
    def done_in_words(self) -> list[str]:
        return [str(label) for value, label in self.Done.choices if value in self.done]
