"""Courses: rows of sessions that belong together, who takes part in them, and from how many on that is a whole one."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import Enrolment, Program, User, plain_line
from iop_portal.people.seeing import places_on_care_teams
from scheduling.models.series import Series
from scheduling.models.sessions import Session
from therapy.models import programs_of

MOST_SESSIONS = 100


def _of_its_program(what: str) -> pgtrigger.Trigger:
    """A part of a course is of the course's program."""
    return pgtrigger.Trigger(
        name="a_course_is_of_one_program",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        func=f"""
            PERFORM FROM scheduling_course c JOIN scheduling_{what} p ON p.program_id = c.program_id
            WHERE c.id = NEW.course_id AND p.id = NEW.{what}_id;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'of another program'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'a_course_is_of_one_program';
            END IF;
            RETURN NEW;
        """,
    )


def _stays_once_joined() -> pgtrigger.Trigger:
    """What somebody joined for is not taken out of the course again: what they came to would count no more."""
    return pgtrigger.Trigger(
        name="what_was_joined_for_stays",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func="""
            IF EXISTS (SELECT FROM scheduling_participation p WHERE p.course_id = OLD.course_id) THEN
                RAISE EXCEPTION 'somebody has joined it'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'what_was_joined_for_stays';
            END IF;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW;
        """,
    )


class CourseQuerySet(models.QuerySet["Course"]):
    def visible_to(self, user: User) -> Self:
        """What the programs one belongs to hold, or held."""
        return self.filter(program__in=programs_of(user))

    def run_by(self, user: User) -> Self:
        """Courses of the programs that an admin configures."""
        return self.filter(program__in=Program.objects.run_by(user))

    def open(self) -> Self:
        """Those that can be joined."""
        return self.filter(ended_at=None)


class Course(models.Model):
    """A row of sessions with a name. It has no times of its own: they are those of its series and single sessions.

    `sessions` is how many the whole course has, `needed` how many one comes to for a certificate. `paper_title` is
    what stands on it, and says nothing of what the program treats.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="courses")
    name = models.CharField(_("name"), max_length=80, validators=[plain_line])
    in_short = models.CharField(_("in one sentence"), max_length=160, validators=[plain_line])
    about = models.TextField(_("what it is"))
    paper_title = models.CharField(_("name on papers"), max_length=80, validators=[plain_line])
    sessions = models.PositiveSmallIntegerField(_("how many sessions it has"))
    needed = models.PositiveSmallIntegerField(_("how many one comes to for a certificate"))
    series = models.ManyToManyField(Series, through="CourseSeries", related_name="courses")
    singles = models.ManyToManyField(Session, through="CourseSession", related_name="courses")
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(CourseQuerySet)()

    class Meta:
        ordering = ("name", "pk")
        constraints = [
            models.UniqueConstraint("program", Lower("name"), name="courses_of_a_program_have_names_of_their_own"),
            models.CheckConstraint(
                name="a_course_has_1_to_100_sessions", condition=Q(sessions__range=(1, MOST_SESSIONS))
            ),
            models.CheckConstraint(
                name="nobody_comes_to_more_than_a_course_has", condition=Q(needed__gte=1, needed__lte=F("sessions"))
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="a_course_gets_no_harder",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("needed", "program_id"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Condition("NEW.needed > OLD.needed OR NEW.program_id <> OLD.program_id"),
                func="""
                    IF EXISTS (SELECT FROM scheduling_participation p WHERE p.course_id = NEW.id) THEN
                        RAISE EXCEPTION 'somebody has joined it'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_course_gets_no_harder';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ended(self) -> bool:
        return self.ended_at is not None


class CourseSeries(models.Model):
    """All sessions of a series belong to a course."""

    course = models.ForeignKey(Course, models.CASCADE, related_name="course_series")
    series = models.ForeignKey(Series, models.PROTECT, related_name="course_series")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["course", "series"], name="a_course_has_a_series_once")]
        triggers = [_of_its_program("series"), _stays_once_joined()]

    def __str__(self) -> str:
        return f"Series of a course #{self.pk}"


class CourseSession(models.Model):
    """A session that is in no series belongs to a course."""

    course = models.ForeignKey(Course, models.CASCADE, related_name="course_sessions")
    session = models.ForeignKey(Session, models.PROTECT, related_name="course_sessions")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["course", "session"], name="a_course_has_a_session_once")]
        triggers = [_of_its_program("session"), _stays_once_joined()]

    def __str__(self) -> str:
        return f"Session of a course #{self.pk}"


class ParticipationQuerySet(models.QuerySet["Participation"]):
    def visible_to(self, user: User) -> Self:
        """One's own, and that of the enrolments on whose care team one is. The office counts them and reads none."""
        return self.filter(Q(enrolment__client=user) | Q(enrolment__in=places_on_care_teams(user).values("enrolment")))

    def live(self) -> Self:
        return self.filter(left_at=None)


class Participation(models.Model):
    """Somebody joined a course. How far they are is not stored: it is what is recorded of its sessions.

    `around_own_time` leaves out sessions that overlap what they keep free.
    """

    course = models.ForeignKey(Course, models.PROTECT, related_name="participations")
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="participations")
    around_own_time = models.BooleanField(default=False)
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(ParticipationQuerySet)()

    class Meta:
        ordering = ("-joined_at", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["course", "enrolment"], condition=Q(left_at=None), name="a_course_is_joined_once"
            ),
            models.CheckConstraint(
                name="a_course_is_left_after_it_was_joined", condition=Q(left_at=None) | Q(left_at__gte=F("joined_at"))
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="a_course_is_joined_by_who_is_admitted",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    -- Whoever changes the course meanwhile comes before or after, not in between.
                    PERFORM FROM scheduling_course c
                    JOIN people_enrolment e ON e.program_id = c.program_id
                    WHERE c.id = NEW.course_id AND e.id = NEW.enrolment_id AND e.state = 'admitted'
                    FOR SHARE OF c;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'not admitted there'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_course_is_joined_by_who_is_admitted';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="taking_part_stays_as_it_was",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'DELETE' OR OLD.left_at IS NOT NULL
                       OR (OLD.course_id, OLD.enrolment_id, OLD.joined_at)
                          IS DISTINCT FROM (NEW.course_id, NEW.enrolment_id, NEW.joined_at)
                    THEN
                        RAISE EXCEPTION 'taking part is only ended'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'taking_part_stays_as_it_was';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Participation #{self.pk}"
