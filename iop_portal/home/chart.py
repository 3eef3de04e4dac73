"""One client's page, as a clinician to whom the record is open reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from iop_portal.audit import trail
from iop_portal.consents.models import Consent, Disclosure
from iop_portal.followups.models import FollowUp
from iop_portal.followups.waiting import Waiting, row
from iop_portal.home.caseload import week_of
from iop_portal.home.opened import Line, read_lately
from iop_portal.home.permissions import told_about
from iop_portal.people.models import BrokenGlass, CareTeam, Enrolment, Program, User
from iop_portal.people.roles import Role
from iop_portal.people.seeing import places_on_care_teams, programs_of
from iop_portal.writes import write
from scheduling.assigning import Unassigned, unassigned
from scheduling.care import Care, planned_for
from scheduling.connected import read_shared
from scheduling.courses import Taken, taken_by
from scheduling.models import Look
from scheduling.week import Block, coming, lately
from therapy import conversations, notes
from therapy.care_plans import PlanState, plan_states
from therapy.criteria import Standing, standings
from therapy.homework import counts_of
from therapy.models import Interest, Note, Prescription, Thread
from therapy.opportunities import interests_of
from therapy.prescribing import enrolments_cared_for
from therapy.results import Line as Measure
from therapy.results import lines_for

# Sessions ahead that the page names, and those behind: about a week each.
SHOWN = 6
THREADS = NOTES = 3
MISSED_AHEAD = timedelta(days=14)


@dataclass(frozen=True)
class Episode:
    """An enrolment with the people who look after it now, the primary counsellor first."""

    enrolment: Enrolment
    week: int | None
    team: tuple[CareTeam, ...]
    planned: Prescription | None
    # This week's, where hours are planned.
    care: Care | None
    # Whether the reader may plan: on the care team, not behind broken glass.
    plans: bool
    # What the caseload says of their plan; nothing behind broken glass.
    plan: PlanState | None
    # Where they are among the phases; nothing behind broken glass.
    standing: Standing | None
    # How many things to practise are open, and of how many what was said is shared.
    practice: tuple[int, int]
    # What their track would bring in the next two weeks and is not booked.
    unassigned: list[Unassigned]


@dataclass(frozen=True)
class Chart:
    client: User
    episodes: tuple[Episode, ...]
    permissions: list[Consent]
    told: list[Disclosure]
    needs: list[Waiting]
    coming: list[Block]
    lately: list[Block]
    openings: list[Line]
    # Weeks that the client lets their care team see.
    looks: list[Look]
    # The newest conversations, for the care team alone.
    threads: list[Thread]
    # The newest notes that the reader may read.
    notes: list[Note]
    # What they were asked about how they are, and how that went.
    measures: list[Measure]
    # Courses that they take, or took to the end; for the care team alone.
    courses: list[Taken]
    # What they would like to work or learn, for the care team alone.
    interests: list[Interest]
    # Set where the record is open only by an emergency access.
    glass: BrokenGlass | None


@write
def open_chart(client: User, *, by: User, now: datetime) -> Chart:
    """Read the page, and leave a line that the client reads. The client has to be one of `open_to(by)`."""
    glass = _glass(client, by, now)
    trail.record("client.opened", client, client=client, by=by, at=now, facts={"glass": glass is not None})
    follow_ups = FollowUp.objects.visible_to(by).open().filter(client=client)
    opened_in = _opened_in(client, by, now)
    episodes = _episodes(client, by, opened_in, now)
    here = [episode.enrolment.program for episode in episodes if episode.enrolment.live]
    return Chart(
        client=client,
        episodes=episodes,
        permissions=list(Consent.objects.live(now).usable_by(by, now).filter(client=client)),
        told=told_about(client, reader=by, now=now),
        needs=[row(each, now=now) for each in follow_ups.select_related("client", "escalated_from")],
        coming=coming(client, programs=opened_in, now=now, most=SHOWN),
        lately=lately(client, programs=opened_in, now=now, most=SHOWN),
        openings=read_lately(client, reader=by),
        looks=read_shared(client, by=by, now=now),
        notes=list(notes.notes_about(client, reader=by, now=now)[:NOTES]),
        threads=list(conversations.threads_for(by, client=client)[:THREADS]),
        measures=lines_for(client, here, reader=by, now=now),
        courses=taken_by(client, reader=by, now=now),
        interests=interests_of(client, reader=by),
        glass=glass,
    )


def _glass(client: User, clinician: User, now: datetime) -> BrokenGlass | None:
    if User.objects.caseload_of(clinician).filter(pk=client.pk).exists():
        return None
    broken = BrokenGlass.objects.open_at(now).filter(client=client, clinician=clinician)
    return broken.order_by("-until").first()


def _episodes(
    client: User, reader: User, here: QuerySet[Program, dict[str, int]], now: datetime
) -> tuple[Episode, ...]:
    """In the programs where the reader looks after them, or has opened the record: that somebody is in another one as
    well is not told to this one, nor to who works in both."""
    enrolments = Enrolment.objects.filter(client=client, program__in=here).select_related("program", "client")
    places = CareTeam.objects.filter(enrolment__in=enrolments, until=None).select_related("clinician__clinician")
    planned, plans = _planned(client, reader)
    cares = planned_for([each.pk for each in enrolments], now=now)
    states = plan_states(plans, now=now)
    standing = standings(plans)
    practice = counts_of(plans)
    return tuple(
        Episode(
            enrolment,
            week_of(enrolment, now),
            tuple(p for p in places if p.enrolment_id == enrolment.pk),
            planned.get(enrolment.pk),
            cares[enrolment.pk].care if enrolment.pk in cares else None,
            enrolment.pk in plans,
            states.get(enrolment.pk),
            standing.get(enrolment.pk),
            practice.get(enrolment.pk, (0, 0)),
            unassigned(enrolment, now=now, until=now + MISSED_AHEAD) if enrolment.live else [],
        )
        for enrolment in enrolments
    )


def _opened_in(client: User, reader: User, now: datetime) -> QuerySet[Program, dict[str, int]]:
    """Keys of the programs where this record is open to the reader."""
    cared_for = places_on_care_teams(reader, now).filter(enrolment__client=client).values("enrolment__program")
    glass = BrokenGlass.objects.open_at(now).filter(client=client, clinician=reader)
    behind = glass.filter(program__in=programs_of(reader, Role.CLINICIAN)).values("program")
    return Program.objects.filter(Q(pk__in=cared_for) | Q(pk__in=behind)).values("pk")


def _planned(client: User, reader: User) -> tuple[dict[int, Prescription], set[int]]:
    """What is prescribed by enrolment, and the enrolments that the reader may prescribe for."""
    current = Prescription.objects.current().filter(enrolment__client=client)
    current = current.select_related("track")
    cared_for = enrolments_cared_for(reader).filter(client=client)
    return {held.enrolment_id: held for held in current}, set(cared_for.values_list("pk", flat=True))
