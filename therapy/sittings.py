"""What somebody keeps of their practice: at the top, and in a log of their own. Nobody counts days in a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from iop_portal.audit import trail
from iop_portal.people.models import User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from therapy.models import MOST_PINS, Pin, Sitting
from therapy.practices import Practice, practices

SHOWN = 12
LATELY = timedelta(days=28)
# Whoever taps a second time so soon means the same one.
SAME = timedelta(minutes=1)


class TopIsFull(Refused):
    message = _("Three are at the top already. Take one away first.")
    constraint = "a_place_at_the_top_holds_one_practice"


class NotTheirs(Refused):
    message = _("This is in somebody else’s log.")
    status = 403


@dataclass(frozen=True)
class Kept:
    """A line of a log: what stands in it, with the practice as it is called."""

    sitting: Sitting
    title: str


@dataclass(frozen=True)
class Lately:
    """How many of the last four weeks, and their minutes."""

    count: int
    minutes: int

    @property
    def in_words(self) -> str:
        """2 practices in the last four weeks, about 8 minutes together."""
        times = ngettext("%(n)d practice in the last four weeks", "%(n)d practices in the last four weeks", self.count)
        minutes = ngettext("about %(n)d minute together", "about %(n)d minutes together", self.minutes)
        told = _("%(times)s, %(minutes)s.")
        return str(told) % {"times": times % {"n": self.count}, "minutes": minutes % {"n": self.minutes}}


def pinned_by(person: User) -> list[Practice]:
    """At the top, so far as they are still there."""
    held = Pin.objects.filter(person=person).values_list("practice", flat=True)
    return [practices()[code] for code in held if code in practices()]


def kept(sittings: Iterable[Sitting]) -> list[Kept]:
    return [Kept(one, _title(one.practice)) for one in sittings]


def log_of(person: User) -> QuerySet[Sitting]:
    """Their own, the newest first."""
    return Sitting.objects.filter(person=person)


def lately(person: User, *, now: datetime) -> Lately:
    told = Sitting.objects.filter(person=person, at__gt=now - LATELY).aggregate(n=Count("pk"), minutes=Sum("minutes"))
    return Lately(told["n"], told["minutes"] or 0)


def shared_of(person: User) -> tuple[int, int]:
    """How many lines of their log the care team may read, and how many there are. One query."""
    told = Sitting.objects.filter(person=person).aggregate(shared=Count("pk", filter=Q(shared=True)), every=Count("pk"))
    return told["shared"], told["every"]


def read_shared(client: User, *, by: User, now: datetime) -> list[Kept]:
    """What a client shows to their care team, the newest first. That it was read is written down."""
    found = kept(Sitting.objects.shown_to(by).filter(person=client)[:SHOWN])
    if found:
        trail.record("sitting.read", client=client, by=by, at=now, facts={"count": len(found)})
    return found


@write
def pin(practice: Practice, *, by: User, now: datetime) -> None:
    """To the first free place at the top. Twice is once."""
    person = User.objects.lock_no_key(by.pk)
    held = dict(Pin.objects.filter(person=person).values_list("practice", "place"))
    if practice.code in held:
        return
    free = sorted(set(range(1, MOST_PINS + 1)) - set(held.values()))
    if not free:
        raise TopIsFull
    Pin.objects.create(person=person, practice=practice.code, place=free[0])
    trail.record("sitting.pinned", client=person, by=by, at=now)


@write
def unpin(practice: Practice, *, by: User, now: datetime) -> None:
    gone, _each = Pin.objects.filter(person=by, practice=practice.code).delete()
    if gone:
        trail.record("sitting.unpinned", client=by, by=by, at=now)


@write
def keep_sitting(
    practice: Practice, *, minutes: int, how: Sitting.How, shared: bool, by: User, now: datetime
) -> Sitting:
    """A line in their own log. Said again within a minute, it is the same one, said anew."""
    person = User.objects.lock_no_key(by.pk)
    same = Sitting.objects.filter(person=person, practice=practice.code, at__gt=now - SAME).first()
    one = same or Sitting(person=person, practice=practice.code, at=now)
    one.minutes, one.how, one.shared = minutes, how, shared
    one.save()
    if same is None:
        trail.record("sitting.kept", one, client=person, by=by, at=now)
    return one


@write
def share_sitting(sitting: Sitting, shared: bool, *, by: User, now: datetime) -> None:
    """Let the care team read this line, or not any more: from the next page on."""
    held = _own(sitting, by)
    if held.shared != shared:
        held.shared = shared
        held.save(update_fields=["shared"])
        trail.record("sitting.shared" if shared else "sitting.unshared", held, client=by, by=by, at=now)


@write
def remove_sitting(sitting: Sitting, *, by: User, now: datetime) -> None:
    """It is their own log: what they no longer want is gone."""
    held = _own(sitting, by)
    trail.record("sitting.removed", held, client=by, by=by, at=now)
    held.delete()


def _own(sitting: Sitting, by: User) -> Sitting:
    held = Sitting.objects.select_for_update(of=("self",)).filter(person=by, pk=sitting.pk).first()
    if held is None:
        raise NotTheirs
    return held


def _title(code: str) -> str:
    known = practices().get(code)
    return known.title if known else str(_("A practice that is no longer here"))
