"""What was told in the portal: the person's own list, and what they have read of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.db import models
from django.db.models import QuerySet

from iop_portal.audit import trail
from iop_portal.notices.channels import Channel
from iop_portal.notices.kinds import registry
from iop_portal.notices.models import Notice
from iop_portal.people.models import User
from iop_portal.writes import write


@dataclass(frozen=True)
class Told:
    """`url` leads to where there is more, while what it is about is still there."""

    notice: Notice
    words: str
    url: str

    @property
    def new(self) -> bool:
        return self.notice.read_at is None


def told_to(person: User) -> QuerySet[Notice]:
    """The newest first."""
    told = Notice.objects.by(Channel.PORTAL).filter(to=person, state=Notice.State.SENT)
    return told.order_by("-ended_at", "-pk")


def sent_to(person: User) -> QuerySet[Notice]:
    """What left the portal for their mail or phone, the newest first."""
    sent = Notice.objects.filter(to=person, state=Notice.State.SENT).exclude(channel=Channel.PORTAL)
    return sent.order_by("-ended_at", "-pk")


def unread_by(person: User, *, besides: Collection[str] = ()) -> int:
    """How many, without those of kinds that are told to them elsewhere."""
    return Notice.objects.unread().filter(to=person).exclude(kind__in=besides).count()


def in_words(notices: Iterable[Notice]) -> list[Told]:
    """One query for each kind of subject, however many there are."""
    shown = [notice for notice in notices if notice.kind in registry]
    subjects = _subjects(shown)
    return [_told(notice, subjects.get((notice.about_type, notice.about_id))) for notice in shown]


@write
def read_all(person: User, *, now: datetime) -> int:
    """What was told until now counts as read."""
    count = Notice.objects.unread().filter(to=person, ended_at__lte=now).update(read_at=now)
    if count:
        trail.record("notice.read", person, client=person, by=person, at=now, facts={"count": count})
    return count


def read_of(person: User, kind: str, *, now: datetime) -> None:
    """They have just read elsewhere what this kind tells of."""
    Notice.objects.unread().filter(to=person, kind=kind).update(read_at=now)


def _subjects(notices: list[Notice]) -> dict[tuple[str, int], models.Model]:
    keys: defaultdict[str, set[int]] = defaultdict(set)
    for notice in notices:
        keys[notice.about_type].add(notice.about_id)
    found: dict[tuple[str, int], models.Model] = {}
    for label, wanted in keys.items():
        model: type[models.Model] = apps.get_model(label)
        found |= {(label, one.pk): one for one in model._default_manager.filter(pk__in=wanted)}
    return found


def _told(notice: Notice, subject: models.Model | None) -> Told:
    kind = registry[notice.kind]
    words = kind.line(subject) if kind.line and subject is not None else str(kind.subject)
    return Told(notice, words, kind.page(subject) if kind.page and subject is not None else "")
