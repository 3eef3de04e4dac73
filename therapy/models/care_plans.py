"""The care plan: what somebody wants of their care, in their own words, and what both sides signed."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from iop_portal.audit.models import AppendOnly
from iop_portal.people.models import Enrolment, Program, User, plain_line
from iop_portal.people.seeing import places_on_care_teams
from iop_portal.sealing import SealedTextField
from therapy.models.catalogue import Modality


class Part(models.TextChoices):
    """What a plan is made of. A step is a part of a goal, named apart because it can be suggested by itself."""

    MATTERS = "matters", _("What matters to me")
    STRENGTHS = "strengths", _("My strengths")
    NEEDS = "needs", _("What I need")
    GOAL = "goal", _("My goals")
    STEP = "step", _("A step")
    MIX = "mix", _("What my care is made of")


# Written as one text each.
TEXTS = (Part.MATTERS, Part.STRENGTHS, Part.NEEDS)


class Side(models.TextChoices):
    """Who signs, or looks at the plan."""

    CLIENT = "client", pgettext_lazy("side of a plan", "client")
    CLINICIAN = "clinician", pgettext_lazy("side of a plan", "clinician")


def _of_plan(user: User) -> Q:
    """Plans and what hangs on them belong to the client and their care team. Breaking the glass does not open them."""
    return Q(enrolment__client=user) | Q(enrolment__in=places_on_care_teams(user).values("enrolment"))


class PlanQuerySet(models.QuerySet["CarePlan"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(_of_plan(user))

    def signed(self) -> Self:
        return self.filter(signed_at__isnull=False)


class CarePlan(models.Model):
    """One version of a plan. Until both have signed it is the draft, of which an enrolment has one at most.

    `content` is the text, as `plan_texts` writes it; how often a week there is what, is in `shares`. `fingerprint` is
    of both, so that a signature says exactly what was signed. A draft that says what was signed last counts as none.
    """

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="care_plans")
    number = models.PositiveSmallIntegerField()
    content = SealedTextField()
    fingerprint = models.CharField(max_length=64)
    begun_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(PlanQuerySet)()

    class Meta:
        ordering = ("enrolment", "-number")
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "number"], name="each_version_of_a_plan_has_its_number"),
            models.UniqueConstraint(
                fields=["enrolment"], condition=Q(signed_at=None), name="one_draft_of_a_plan_at_a_time"
            ),
            models.CheckConstraint(name="versions_of_a_plan_count_from_1", condition=Q(number__gte=1)),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="signed_plans_never_change",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF OLD.signed_at IS NOT NULL OR TG_OP = 'DELETE'
                       OR NEW.number <> OLD.number OR NEW.enrolment_id <> OLD.enrolment_id
                    THEN
                        RAISE EXCEPTION 'a version of a plan stays as it is'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'signed_plans_never_change';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="plans_are_signed_by_both",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF NEW.signed_at IS NOT NULL AND (
                        SELECT count(DISTINCT s.side) FROM therapy_plansignature s
                        WHERE s.plan_id = NEW.id AND s.fingerprint = NEW.fingerprint
                    ) < 2 THEN
                        RAISE EXCEPTION 'both sign a plan'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'plans_are_signed_by_both';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Care plan #{self.pk}"


class PlanShare(models.Model):
    """How many sessions a week of one kind a plan has: what the week planner reads."""

    plan = models.ForeignKey(CarePlan, models.PROTECT, related_name="shares")
    modality = models.ForeignKey(Modality, models.PROTECT, related_name="+")
    times = models.PositiveSmallIntegerField(_("times a week"))

    class Meta:
        ordering = ("plan", "modality")
        constraints = [
            models.UniqueConstraint(fields=["plan", "modality"], name="a_plan_names_each_way_once"),
            models.CheckConstraint(name="a_way_is_planned_1_to_7_times_a_week", condition=Q(times__range=(1, 7))),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="signed_plans_keep_their_mix",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func="""
                    PERFORM 1 FROM therapy_careplan p
                    WHERE p.signed_at IS NOT NULL AND (
                        TG_OP <> 'INSERT' AND p.id = OLD.plan_id OR TG_OP <> 'DELETE' AND p.id = NEW.plan_id
                    ) FOR SHARE;
                    IF FOUND THEN
                        RAISE EXCEPTION 'a version of a plan stays as it is'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'signed_plans_never_change';
                    END IF;
                    IF TG_OP = 'DELETE' THEN
                        RETURN OLD;
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Share of a plan #{self.pk}"


class PlanSignature(AppendOnly):
    """Somebody signed exactly the text of this fingerprint. Where the draft changes afterwards, it holds no more."""

    plan = models.ForeignKey(CarePlan, models.PROTECT, related_name="signatures")
    side = models.CharField(max_length=9, choices=Side)
    fingerprint = models.CharField(max_length=64)
    name = models.CharField(max_length=150, validators=[plain_line])
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        ordering = ("at", "pk")
        constraints = [
            models.UniqueConstraint(fields=["plan", "side", "fingerprint"], name="each_side_signs_a_text_once"),
            models.CheckConstraint(name="a_plan_has_two_sides", condition=Q(side__in=["client", "clinician"])),
            models.CheckConstraint(name="who_signs_a_plan_types_a_name", condition=~Q(name="")),
        ]
        triggers = [
            *AppendOnly.Meta.triggers,
            pgtrigger.Trigger(
                name="signatures_are_of_the_plan_as_it_stands",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("plan", "therapy_careplan"), ("held", "people_enrolment")],
                func="""
                    SELECT * INTO plan FROM therapy_careplan p WHERE p.id = NEW.plan_id FOR SHARE;
                    SELECT * INTO held FROM people_enrolment e WHERE e.id = plan.enrolment_id;
                    IF plan.signed_at IS NOT NULL OR plan.fingerprint <> NEW.fingerprint THEN
                        RAISE EXCEPTION 'the text is another one'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'signatures_are_of_the_plan_as_it_stands';
                    ELSIF held.state <> 'admitted' THEN
                        RAISE EXCEPTION 'not admitted'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'plans_are_for_who_is_admitted';
                    ELSIF (NEW.side = 'client') <> (NEW.by_id = held.client_id)
                       OR NEW.side = 'clinician' AND NOT EXISTS (
                          SELECT 1 FROM people_careteam t WHERE t.enrolment_id = held.id
                          AND t.clinician_id = NEW.by_id AND t.until IS NULL)
                    THEN
                        RAISE EXCEPTION 'not theirs to sign'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_plan_is_signed_by_its_client_and_their_team';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Signature of a plan #{self.pk}"


class SuggestionQuerySet(models.QuerySet["PlanSuggestion"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(_of_plan(user))

    def open(self) -> Self:
        return self.filter(ended_at=None)


class PlanSuggestion(models.Model):
    """A change that a clinician suggests. It is theirs: its words never change, and the client decides about it.

    `goal` is the key of the goal it is about, empty where it is a new one. `base` is the fingerprint of the part as it
    stood when it was suggested, so that the client sees where it has changed since.
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("suggestion", "waits for an answer")
        TALK = "talk", pgettext_lazy("suggestion", "to talk about")
        TAKEN = "taken", pgettext_lazy("suggestion", "taken")
        DECLINED = "declined", pgettext_lazy("suggestion", "not taken")
        WITHDRAWN = "withdrawn", pgettext_lazy("suggestion", "taken back")

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="plan_suggestions")
    part = models.CharField(max_length=9, choices=Part)
    goal = models.CharField(max_length=32, blank=True)
    content = SealedTextField()
    base = models.CharField(max_length=64)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    ended_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(SuggestionQuerySet)()

    class Meta:
        ordering = ("-made_at", "-pk")
        constraints = [
            models.CheckConstraint(name="a_suggestion_is_about_a_part", condition=Q(part__in=Part.values)),
            models.CheckConstraint(name="a_step_is_suggested_for_a_goal", condition=~Q(part="step") | ~Q(goal="")),
            models.CheckConstraint(
                name="a_suggestion_has_ended_or_waits",
                condition=Q(state__in=["open", "talk"], ended_at=None)
                | Q(state__in=["taken", "declined", "withdrawn"], ended_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="a_suggestion_is_its_author_s",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL
                       OR (OLD.enrolment_id, OLD.part, OLD.goal, OLD.content, OLD.base, OLD.by_id, OLD.made_at)
                          IS DISTINCT FROM
                          (NEW.enrolment_id, NEW.part, NEW.goal, NEW.content, NEW.base, NEW.by_id, NEW.made_at)
                    THEN
                        RAISE EXCEPTION 'what somebody suggested stays as they said it'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_suggestion_is_its_author_s';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Suggestion for a plan #{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


class PlanReview(AppendOnly):
    """Somebody looked at a signed version and found that it still fits."""

    plan = models.ForeignKey(CarePlan, models.PROTECT, related_name="reviews")
    side = models.CharField(max_length=9, choices=Side)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        ordering = ("-at", "-pk")
        constraints = [
            models.CheckConstraint(name="a_review_has_a_side", condition=Q(side__in=["client", "clinician"])),
        ]

    def __str__(self) -> str:
        return f"Review of a plan #{self.pk}"


class ProgressQuerySet(models.QuerySet["Progress"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(_of_plan(user))


class Progress(AppendOnly):
    """How it is going with a goal or one of its steps, said by either side. What was said before stays.

    Goals and steps are known by their keys, which go on from version to version.
    """

    class Going(models.TextChoices):
        WELL = "well", pgettext_lazy("goal", "Going well")
        SLOWLY = "slowly", pgettext_lazy("goal", "Slowly, but it moves")
        STUCK = "stuck", pgettext_lazy("goal", "Stuck for now")
        RESTING = "resting", pgettext_lazy("goal", "Resting for now")
        REACHED = "reached", pgettext_lazy("goal", "I am there")

    class Done(models.TextChoices):
        NOT_YET = "not_yet", pgettext_lazy("step", "Not yet")
        NOW = "now", pgettext_lazy("step", "Working on it")
        DONE = "done", pgettext_lazy("step", "Done")

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="progress")
    goal = models.CharField(max_length=32)
    step = models.CharField(max_length=32, blank=True)
    how = models.CharField(max_length=8, choices=[*Going.choices, *Done.choices])
    note = SealedTextField(blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = models.Manager.from_queryset(ProgressQuerySet)()

    class Meta(AppendOnly.Meta):
        ordering = ("-at", "-pk")
        indexes = [models.Index(fields=["enrolment", "-at"], name="progress_by_enrolment")]
        constraints = [
            models.CheckConstraint(
                name="a_goal_is_going_and_a_step_is_done",
                condition=Q(step="", how__in=["well", "slowly", "stuck", "resting", "reached"])
                | (~Q(step="") & Q(how__in=["not_yet", "now", "done"])),
            ),
        ]
        triggers = [
            *AppendOnly.Meta.triggers,
            pgtrigger.Trigger(
                name="progress_is_of_who_is_admitted",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    PERFORM 1 FROM people_enrolment e WHERE e.id = NEW.enrolment_id AND e.state = 'admitted';
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'not admitted'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'plans_are_for_who_is_admitted';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Progress #{self.pk}"


class PlanRhythm(models.Model):
    """After how many days a program looks at a plan again, in each phase (DOMAIN §2)."""

    program = models.OneToOneField(Program, models.PROTECT, related_name="plan_rhythm")
    orientation = models.PositiveSmallIntegerField(_("days in the start phase"), default=7)
    core = models.PositiveSmallIntegerField(_("days in the core phase"), default=14)
    step_down = models.PositiveSmallIntegerField(_("days in the step-down phase"), default=21)
    continuing = models.PositiveSmallIntegerField(_("days in continuing care"), default=30)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="plans_are_looked_at_within_3_to_180_days",
                condition=Q(orientation__range=(3, 180))
                & Q(core__range=(3, 180))
                & Q(step_down__range=(3, 180))
                & Q(continuing__range=(3, 180)),
            ),
        ]

    def __str__(self) -> str:
        return f"Rhythm of plans #{self.pk}"
