"""Calendar feeds: a secret address from which a person's own calendar reads their appointments.

What it says is neutral until the person chooses otherwise, and staff never find more than initials in theirs.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.notices import outbox
from iop_portal.people.models import User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from scheduling.calendar_files import Entry, booked_entry, calendar_of
from scheduling.models import Booking, CalendarDelivery, Facilitation, Session
from scheduling.models.feeds import hash_of, works_of
from scheduling.telling import way_to
from therapy.models import Format

BACK, AHEAD = timedelta(days=30), timedelta(days=180)
REFRESH = timedelta(hours=1)
# To note every reading would write more than is read.
NOTED_EVERY = timedelta(hours=1)
# Part of every version, so that calendars fetch anew what a later portal tells in other words.
EDITION = 2
# What `booked_entry` takes, in its order. Rows of the columns alone: to make objects of them all would take as long
# again as a quarter of the writing.
BOOKED = (
    "reference",
    "occupies",
    "booked_at",
    "cancelled_at",
    "during__startswith",
    "during__endswith",
    "session__revision",
    "session__changed_at",
    "session__program__zone",
)
WHAT_AND_WHERE = ("session__modality__name", "session__room", "session__video", "session__program")


class NoDelivery(Refused):
    message = _("Your appointments do not go to a calendar any more. You can begin again here.")


# ── How they get there ───────────────────────────────────────────────────────────────────────────────────────────────


def delivery_of(person: User) -> CalendarDelivery | None:
    return CalendarDelivery.objects.told().filter(person=person).first()


@write
def make_feed(person: User, *, tells_more: bool, now: datetime) -> str:
    """Make the address, or another one in its place: the token, which is kept nowhere."""
    token = secrets.token_urlsafe(32)
    _feed, made = CalendarDelivery.objects.update_or_create(
        person=person,
        defaults={
            "way": CalendarDelivery.Way.FEED,
            "token_hash": hash_of(token),
            "tells_more": tells_more,
            "made_at": now,
            "last_read_at": None,
        },
    )
    verb = "calendar.address_made" if made else "calendar.address_replaced"
    entry = trail.record(verb, person, client=person, by=person, at=now, facts={"tells_more": tells_more})
    # Whoever holds an unlocked phone for a minute could take an address away with them.
    outbox.queue("account_changed", to=person, about=entry, now=now)
    return token


@write
def mail_invitations(person: User, *, tells_more: bool, now: datetime) -> None:
    """From now on each booking comes by mail. An address that there was stops working."""
    CalendarDelivery.objects.update_or_create(
        person=person,
        defaults={
            "way": CalendarDelivery.Way.MAIL,
            "token_hash": None,
            "tells_more": tells_more,
            "made_at": now,
            "last_read_at": None,
        },
    )
    trail.record("calendar.by_mail", person, client=person, by=person, at=now, facts={"tells_more": tells_more})


@write
def set_detail(person: User, *, tells_more: bool, now: datetime) -> None:
    feed = _locked(person)
    if feed.tells_more == tells_more:
        return
    feed.tells_more = tells_more
    feed.save(update_fields=["tells_more"])
    trail.record("calendar.detail_chosen", person, client=person, by=person, at=now, facts={"tells_more": tells_more})


@write
def end_delivery(person: User, *, now: datetime) -> None:
    _locked(person).delete()
    trail.record("calendar.ended", person, client=person, by=person, at=now)


def note_reading(feed: CalendarDelivery, *, now: datetime) -> None:
    """So that the person sees whether the address is used, and by somebody who should not."""
    long_ago = Q(last_read_at=None) | Q(last_read_at__lt=now - NOTED_EVERY)
    if feed.last_read_at is None or feed.last_read_at < now - NOTED_EVERY:
        CalendarDelivery.objects.filter(long_ago, pk=feed.pk).update(last_read_at=now)


def _locked(person: User) -> CalendarDelivery:
    feed = CalendarDelivery.objects.select_for_update(of=("self",)).filter(person=person).first()
    if feed is None:
        raise NoDelivery
    return feed


# ── What it says ──────────────────────────────────────────────────────────────────────────────────────────────


def version_of(feed: CalendarDelivery, *, now: datetime) -> str:
    """Changes with whatever the feed would say, and is known before any of it is written."""
    booked = _booked(feed, now)
    shown = ["pk", "session__revision", "session__program__zone"]
    if feed.tells_more:
        room = ["session__room__name", "session__room__directions", "session__program__address"]
        booked_shown = [*shown, "occupies", "session__modality__name", *room]
        led_shown = [*shown, "session__modality__format"]
    else:
        booked_shown, led_shown = [*shown, "occupies"], shown
    said: list[Any] = [EDITION, feed.tells_more, feed.person.language, *booked.values_list(*booked_shown)]
    if feed.of_staff:
        led = _led(feed.person, now)
        said += led.values_list(*led_shown)
        said += sorted(_initials(led).items()) if feed.tells_more else ()
    return hashlib.sha256(repr(said).encode()).hexdigest()


def calendar_for(feed: CalendarDelivery, *, now: datetime) -> bytes:
    with translation.override(feed.person.language):
        return calendar_of(entries(feed, now=now), refresh=REFRESH)


def entries(feed: CalendarDelivery, *, now: datetime) -> Iterator[Entry]:
    """What a person is booked for and what they lead, from a month back to half a year ahead. At most four queries."""
    booked = _booked(feed, now)
    if feed.tells_more:
        places = _places(booked)
        for *told, title, room, video, program in booked.values_list(*BOOKED, *WHAT_AND_WHERE):
            yield booked_entry(*told, title=title, place=places[room, video, program])
    else:
        for told in booked.values_list(*BOOKED):
            yield booked_entry(*told)
    if feed.of_staff:
        led = _led(feed.person, now)
        initials = _initials(led) if feed.tells_more else {}
        for facilitation in led.select_related("session__modality", "session__program"):
            yield _led_entry(facilitation, initials.get(facilitation.session_id, ""), tells_more=feed.tells_more)


def _booked(feed: CalendarDelivery, now: datetime) -> QuerySet[Booking]:
    """Who takes back a permission empties a relative's calendar with the next reading."""
    own = Booking.objects.filter(
        person=feed.person, during__startswith__gt=now - BACK, during__startswith__lt=now + AHEAD
    ).order_by("pk")
    return own.permitted_to(feed.person, now) if feed.of_relative else own


def _led(person: User, now: datetime) -> QuerySet[Facilitation]:
    """Where they still work: whoever leaves a program leaves its calendar."""
    return Facilitation.objects.filter(
        clinician=person,
        session__program__in=works_of(person).values("program"),
        during__startswith__gt=now - BACK,
        during__startswith__lt=now + AHEAD,
    ).order_by("pk")


def _places(booked: QuerySet[Booking]) -> dict[tuple[int | None, bool, int], str]:
    """How to get there, of the few places behind many sessions."""
    sessions = Session.objects.filter(pk__in=booked.order_by().values("session")).select_related("room", "program")
    few = sessions.order_by("room_id", "video", "program_id").distinct("room_id", "video", "program_id")
    return {(each.room_id, each.video, each.program_id): way_to(each) for each in few}


def _led_entry(facilitation: Facilitation, initials: str, *, tells_more: bool) -> Entry:
    session = facilitation.session
    title = gettext("Appointment")
    if tells_more:
        title = ", ".join(filter(None, (str(Format(session.modality.format).label), initials)))
    return Entry(
        key=f"led-{facilitation.pk}",
        sequence=session.revision,
        changed_at=session.changed_at,
        begins=session.starts_at,
        ends=session.ends_at,
        zone=session.program.zone,
        live=facilitation.live,
        title=title,
    )


def _initials(led: QuerySet[Facilitation]) -> dict[int, str]:
    """M. B., by session: of those who have an hour to themselves. Groups are told without anybody."""
    alone = Booking.objects.live().filter(
        session__in=led.order_by().values("session"), session__modality__format=Format.INDIVIDUAL
    )
    found: defaultdict[int, list[str]] = defaultdict(list)
    names = alone.order_by("pk").values_list("session", "person__preferred_name", "person__surname")
    for session, *parts in names:
        found[session].append(" ".join(f"{part[0].upper()}." for part in parts if part))
    return {session: ", ".join(people) for session, people in found.items()}
