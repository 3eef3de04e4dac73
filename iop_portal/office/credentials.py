"""The clinicians of a program with their credentials, as an admin has to see them: what ran out comes first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Prefetch, Q, QuerySet

from iop_portal.people.models import Program
from scheduling.credentials import (
    sessions_after_internship,
    sessions_given_no_more,
    sessions_without_credential,
)
from scheduling.models import Series, Session
from scheduling.telling import days_and_time
from therapy.models import Clinician, Credential, Modality, Speciality

SOON = timedelta(days=60)


@dataclass(frozen=True)
class Held:
    credential: Credential
    expired: bool
    soon: bool


@dataclass(frozen=True)
class Profile:
    """A clinician without any valid credential takes no new sessions, nor does an intern whose last day has passed."""

    clinician: Clinician
    held: list[Held]
    gives: list[Modality]
    knows: list[Speciality]
    intern_over: bool

    @property
    def may_practise(self) -> bool:
        return any(not one.expired for one in self.held)

    @property
    def last_day(self) -> date | None:
        return max((one.credential.expires_on for one in self.held), default=None)

    @property
    def expired(self) -> bool:
        return any(one.expired for one in self.held)

    @property
    def soon(self) -> bool:
        return any(one.soon for one in self.held)


@dataclass(frozen=True)
class Weekly:
    """Sessions of one series among those that are left, and the first of them."""

    series: Series
    when: str
    first: Session
    count: int


@dataclass(frozen=True)
class Left:
    """Sessions that are planned and should not be led by this clinician: of series, and single ones."""

    weekly: Sequence[Weekly]
    single: Sequence[Session]

    @property
    def count(self) -> int:
        return sum(each.count for each in self.weekly) + len(self.single)


def left_without_credential(clinician: Clinician, program: Program, *, now: datetime) -> Left:
    """After their last credential has ended. Two queries."""
    return _left(sessions_without_credential(clinician.user, program, now=now))


def left_after_internship(clinician: Clinician, program: Program, *, now: datetime) -> Left:
    """After their last day as an intern. One query, or none."""
    return _left(sessions_after_internship(clinician.user, program, now=now))


def left_given_no_more(clinician: Clinician, program: Program, *, now: datetime) -> Left:
    """Of what the office says they lead no more. One query."""
    return _left(sessions_given_no_more(clinician.user, program, now=now))


def _left(sessions: QuerySet[Session]) -> Left:
    booked = Count("bookings", filter=Q(bookings__occupies=True))
    of_series: defaultdict[Series, list[Session]] = defaultdict(list)
    single = []
    for session in sessions.select_related("modality", "series__modality").annotate(booked=booked):
        if session.series:
            of_series[session.series].append(session)
        else:
            single.append(session)
    weekly = [Weekly(series, days_and_time(series), held[0], len(held)) for series, held in of_series.items()]
    return Left(weekly, single)


def clinicians_in(program: Program) -> QuerySet[Clinician]:
    """Who works there and has been introduced, with credentials and what they lead and know there, for `in_words`."""
    here = Modality.objects.filter(program=program)
    known = Speciality.objects.filter(program=program, in_use=True)
    return (
        Clinician.objects.working_in(Program.objects.filter(pk=program.pk))
        .select_related("user")
        .prefetch_related(
            "credentials",
            Prefetch("gives", here, to_attr="gives_here"),
            Prefetch("specialities", known, to_attr="knows_here"),
        )
    )


def in_words(clinicians: Iterable[Clinician], *, today: date) -> list[Profile]:
    return [
        Profile(
            clinician=clinician,
            held=[_held(credential, today) for credential in clinician.credentials.all()],
            gives=clinician.gives_here,  # type: ignore[attr-defined]
            knows=clinician.knows_here,  # type: ignore[attr-defined]
            intern_over=clinician.intern_until is not None and clinician.intern_until < today,
        )
        for clinician in clinicians
    ]


def _held(credential: Credential, today: date) -> Held:
    valid = credential.valid_on(today)
    return Held(credential, expired=not valid, soon=valid and credential.expires_on - today <= SOON)
