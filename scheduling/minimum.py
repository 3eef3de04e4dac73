"""Sessions that begin soon and have fewer people than their series asks for, while something can still be done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext as _

from iop_portal.markup import day_clock
from iop_portal.people.models import Program, User
from iop_portal.prepared import prepared
from scheduling.models import Session

SOON = timedelta(hours=48)


@dataclass(frozen=True)
class TooFew:
    """`booked` counts seats, as everywhere."""

    session: Session
    booked: int
    least: int

    @property
    def in_words(self) -> str:
        """1 booked, at least 2 needed"""
        return _("%(booked)d booked, at least %(least)d needed") % {"booked": self.booked, "least": self.least}

    @property
    def which(self) -> str:
        """Skills group, Wednesday 25 November, 5:30 pm"""
        return f"{self.session.modality.name}, {day_clock(self.session.starts_at)}"


def too_few_led_by(clinician: User, *, now: datetime) -> list[TooFew]:
    """What somebody is to lead. One query."""
    return _told(_led_by(clinician.pk, now, now + SOON))


def too_few_run_by(admin: User, *, now: datetime) -> list[TooFew]:
    """In the programs that somebody runs. One query."""
    return _told(_too_few(Session.objects.filter(program__in=Program.objects.run_by(admin)), now, now + SOON))


@prepared(int, datetime, datetime)
def _led_by(clinician: int, now: datetime, soon: datetime) -> QuerySet[Session]:
    return _too_few(Session.objects.filter(facilitations__clinician=clinician), now, soon)


def _too_few(sessions: QuerySet[Session], now: datetime, soon: datetime) -> QuerySet[Session]:
    seats = Count("bookings", filter=Q(bookings__occupies=True, bookings__takes_seat=True), distinct=True)
    coming = sessions.filter(live=True, during__startswith__gt=now, during__startswith__lte=soon)
    found = coming.exclude(series=None).annotate(booked=seats).filter(booked__lt=F("series__minimum"))
    return found.select_related("modality", "series", "program").order_by("during", "pk")


def _told(sessions: Iterable[Session]) -> list[TooFew]:
    return [
        TooFew(session, session.booked, session.series.minimum)  # type: ignore[attr-defined, union-attr]
        for session in sessions
    ]
