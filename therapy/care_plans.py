"""The care plan as it is read: what holds, what is being written, what was before, and what it waits for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from iop_portal.audit import trail
from iop_portal.people.models import Enrolment, User
from iop_portal.prepared import Statement
from therapy.models import CarePlan, Modality, PlanRhythm, PlanShare, PlanSignature, Side
from therapy.plan_texts import NOTHING, Content, Difference, differences, from_kept


@dataclass(frozen=True)
class Version:
    """A version with its text. `signatures` are those that hold: of exactly this text."""

    plan: CarePlan
    content: Content
    signatures: tuple[PlanSignature, ...]

    @property
    def number(self) -> int:
        return self.plan.number

    def signed_by(self, side: str) -> PlanSignature | None:
        return next((one for one in self.signatures if one.side == side), None)

    @property
    def by_client(self) -> PlanSignature | None:
        return self.signed_by(Side.CLIENT)

    @property
    def by_clinician(self) -> PlanSignature | None:
        return self.signed_by(Side.CLINICIAN)

    @property
    def waits_for(self) -> str:
        """The side whose signature is missing, once the other one has signed."""
        if self.plan.signed_at or not self.signatures:
            return ""
        return Side.CLINICIAN if self.by_client else Side.CLIENT


@dataclass(frozen=True)
class Plan:
    """Everything about somebody's plan: what holds, what is being written, and what was before, newest first."""

    enrolment: Enrolment
    versions: tuple[Version, ...]
    draft: Version | None
    ways: Mapping[int, str]

    @property
    def signed(self) -> Version | None:
        return self.versions[0] if self.versions else None

    @property
    def content(self) -> Content:
        """What is written: the draft, or else what was signed last."""
        newest = self.draft or self.signed
        return newest.content if newest else Content()

    @property
    def next_number(self) -> int:
        return self.signed.number + 1 if self.signed else 1

    @property
    def changes(self) -> list[Difference]:
        """What the draft would change."""
        return self.differences(self.draft) if self.draft else []

    def differences(self, version: Version) -> list[Difference]:
        """Between a version and the one before it."""
        before = next((one.content for one in self.versions if one.number < version.number), Content())
        return differences(before, version.content, self.ways)


def own_enrolments(client: User) -> list[Enrolment]:
    """Where somebody has or had a plan: those that are live first, then the newest."""
    held = Enrolment.objects.filter(client=client).exclude(state=Enrolment.State.REFERRED).select_related("program")
    return sorted(held, key=lambda one: (not one.live, -one.referred_on.toordinal(), -one.pk))


def plan_of(enrolment: Enrolment) -> Plan:
    """Four queries, however many versions there are. Who looks has to be let in before."""
    held = CarePlan.objects.filter(enrolment=enrolment).prefetch_related("shares", "signatures__by")
    every = [_version(plan) for plan in held.order_by("-number")]
    signed = tuple(one for one in every if one.plan.signed_at)
    draft = next((one for one in every if not one.plan.signed_at), None)
    last = signed[0].plan.fingerprint if signed else NOTHING
    if draft and draft.plan.fingerprint == last:
        draft = None
    ways = dict(Modality.objects.filter(program=enrolment.program_id).values_list("pk", "name"))
    return Plan(enrolment, signed, draft, ways)


def open_plan(enrolment: Enrolment, *, by: User, now: datetime) -> Plan:
    """For their care team. That it was read is written down."""
    trail.record("plan.viewed", enrolment, client=enrolment.client, by=by, at=now)
    return plan_of(enrolment)


def _version(plan: CarePlan) -> Version:
    mix = tuple(sorted((share.modality_id, share.times) for share in plan.shares.all()))
    holding = (one for one in plan.signatures.all() if one.fingerprint == plan.fingerprint)
    return Version(plan, from_kept(plan.content, mix), tuple(holding))


def mix_in_force(enrolment: Enrolment) -> list[PlanShare]:
    """How often a week there is what, by the version that both signed last. One query."""
    newest = CarePlan.objects.signed().filter(enrolment=enrolment).order_by("-number").values("pk")[:1]
    return list(PlanShare.objects.filter(plan__in=newest).select_related("modality").order_by("pk"))


# ── What it waits for ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class PlanState:
    """Of one enrolment. `version` is the newest that both signed, with its age in days; it is looked at again on
    `review_on`, by the program's calendar; `phase_changed` where that is because of another phase. `waits_for` is the
    side whose signature is missing, once the other signed.
    """

    version: int | None = None
    signed_on: date | None = None
    age: int | None = None
    review_on: date | None = None
    review_due: bool = False
    looked_by_client: bool = False
    drafting: bool = False
    waits_for: str = ""
    phase_changed: bool = False


PHASES = ("orientation", "core", "step_down", "continuing")
# The days from one look at a plan to the next are the program's, by phase. Where no care is
# planned, it is those of the core. Another phase makes it due at once, unless somebody looked on that day or since: the
# days on which other phases ended tell when this one began.
STATES = Statement(
    "plan_states",
    """
    SELECT e.id, s.number, s.on_it, today.on_it - s.on_it, looked.due, looked.due <= today.on_it,
           coalesce(said.on_it >= looked.due, false), d.id IS NOT NULL,
           coalesce(signing.sides, ARRAY[]::varchar[]), coalesce(looked.since_phase, false)
    FROM people_enrolment e
    JOIN people_program g ON g.id = e.program_id
    LEFT JOIN therapy_planrhythm y ON y.program_id = g.id
    LEFT JOIN therapy_prescription c ON c.enrolment_id = e.id AND c.until IS NULL
    CROSS JOIN LATERAL (SELECT (%(now)s::timestamptz AT TIME ZONE g.zone)::date AS on_it) today
    LEFT JOIN LATERAL (
        SELECT p.id, p.number, p.signed_at, p.fingerprint, (p.signed_at AT TIME ZONE g.zone)::date AS on_it
        FROM therapy_careplan p
        WHERE p.enrolment_id = e.id AND p.signed_at IS NOT NULL ORDER BY p.number DESC LIMIT 1
    ) s ON true
    LEFT JOIN LATERAL (
        SELECT max(b.until) AS on_it FROM therapy_prescription b
        WHERE b.enrolment_id = e.id AND b.phase <> c.phase AND s.id IS NOT NULL
    ) changed ON true
    LEFT JOIN LATERAL (
        SELECT CASE WHEN changed.on_it > last.on_it THEN least(changed.on_it, last.on_it + last.days)
                    ELSE last.on_it + last.days END AS due,
               changed.on_it > last.on_it AND changed.on_it <= last.on_it + last.days AS since_phase
        FROM (
            SELECT (greatest(s.signed_at, max(r.at)) AT TIME ZONE g.zone)::date AS on_it, CASE c.phase
                WHEN 'orientation' THEN coalesce(y.orientation, %(orientation)s)
                WHEN 'step_down' THEN coalesce(y.step_down, %(step_down)s)
                WHEN 'continuing' THEN coalesce(y.continuing, %(continuing)s)
                ELSE coalesce(y.core, %(core)s) END AS days
            FROM therapy_planreview r WHERE r.plan_id = s.id AND r.side = 'clinician'
        ) last
    ) looked ON true
    LEFT JOIN LATERAL (
        SELECT (max(r.at) AT TIME ZONE g.zone)::date AS on_it
        FROM therapy_planreview r WHERE r.plan_id = s.id AND r.side = 'client'
    ) said ON true
    LEFT JOIN therapy_careplan d ON d.enrolment_id = e.id AND d.signed_at IS NULL
        AND d.fingerprint <> coalesce(s.fingerprint, %(nothing)s)
    LEFT JOIN LATERAL (
        SELECT array_agg(t.side) AS sides FROM therapy_plansignature t
        WHERE t.plan_id = d.id AND t.fingerprint = d.fingerprint
    ) signing ON true
    WHERE e.id = ANY(%(enrolments)s)
""",
    {"enrolments": list, "now": datetime},
    {"nothing": NOTHING, **{phase: getattr(PlanRhythm(), phase) for phase in PHASES}},
)


def plan_states(enrolment_ids: Collection[int], *, now: datetime) -> dict[int, PlanState]:
    """By enrolment, for many at once. One query, and none for nobody."""
    if not enrolment_ids:
        return {}
    return {key: _state(*told) for key, *told in STATES.ask(enrolments=list(enrolment_ids), now=now)}


def _state(
    version: int | None,
    signed_on: date | None,
    age: int | None,
    review_on: date | None,
    due: bool | None,
    looked: bool,
    drafting: bool,
    sides: list[str],
    phase_changed: bool,
) -> PlanState:
    waits_for = "" if len(sides) != 1 else Side.CLIENT if sides == [Side.CLINICIAN] else Side.CLINICIAN
    return PlanState(version, signed_on, age, review_on, bool(due), looked, drafting, waits_for, phase_changed)
