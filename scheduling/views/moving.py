"""Moving a booking, or making up for one that was missed: another time, what changes with it, and it is done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import User
from iop_portal.refusals import Refused
from scheduling import finding
from scheduling.choices import HourChoice, SeatChoice
from scheduling.commitments import Busy, overlaps
from scheduling.finding import HourTime, SeatTime, local_midnight
from scheduling.forms.booking import ANY, Answers, AnswersForm
from scheduling.models import Room, Session
from scheduling.moving import Change, change_of
from scheduling.views.choosing import BOOKERS, ONE_DAY, SHORT_PARTS, SHOWN_AT_ONCE, Slot, SlotDay, Span, busy_around
from scheduling.views.client import booked_page, own_bookings
from scheduling.week import another_zone, block_of, week_of
from therapy.models import Modality


@for_roles(*BOOKERS, methods=("GET",))
def move(request: PortalRequest, booking_id: int) -> HttpResponse:
    """The times that can be had instead, from today on."""
    held, now = get_object_or_404(own_bookings(request.user), pk=booking_id), timezone.now()
    try:
        change = change_of(held, now=now)
    except Refused as refusal:
        return booked_page(request, held, refusal)
    answers = AnswersForm(request.GET).answers()
    ways, span, anybody = change.ways(), _span(change, answers, now), _anybody(request)
    giver = None if anybody else _same_giver(request.user, change, ways, now)
    wish = _Wish(request.user, change, ways, answers, giver)
    times = wish.times(begin=span.first, end=span.end, now=now)
    later = [] if times else wish.times(begin=span.end, end=span.horizon, now=now)
    context = {
        "entry": block_of(held, now=now),
        "change": change,
        "late": now > change.free_until,
        "span": span,
        "answers": answers,
        "giver": giver,
        "anybody": anybody,
        "days": _slot_days(request.user, times, _Way(held.pk, answers.without_time, anybody)),
        "next_day": timezone.localdate(later[0].begins) if later else None,
        "part_choices": SHORT_PARTS,
        "zone": another_zone(request.user, [held.program]),
    }
    return render(request, "scheduling/move.html", context)


@for_roles(*BOOKERS)
def check_move(request: PortalRequest, booking_id: int) -> HttpResponse:
    """What changes; POST changes it. Only the address says to what: fields of the POST are not read."""
    held, now = get_object_or_404(own_bookings(request.user), pk=booking_id), timezone.now()
    answers = AnswersForm(request.GET).answers()
    try:
        change = change_of(held, now=now)
    except Refused as refusal:
        return booked_page(request, held, refusal)
    chosen = _chosen(request.user, change, answers)
    if chosen is None:
        return redirect("scheduling:move", held.pk)
    try:
        if request.method == "POST":
            made = chosen.book(now=now)
            messages.success(request, _("You have the new time. We send you a mail that says so."))
            return redirect("scheduling:booked", made.pk)
        change.allows(chosen.modality, chosen.begins)
        time = chosen.look(now=now)
    except Refused as refusal:
        return _refused(request, change, chosen, refusal, now)
    week = week_of(request.user, day=timezone.localdate(time.begins), now=now, without=held)
    context = {
        "entry": block_of(held, now=now),
        "change": change,
        "late": now > change.free_until,
        "time": time,
        "overlaps": overlaps(busy_around(request.user, [time]), time.begins, time.ends),
        "policy": change.policy,
        "free_until": time.begins - change.policy.cancel_window,
        "now": now,
        "when_url": _Way(held.pk, answers.without_time, _anybody(request)).back,
        "zone": another_zone(request.user, [held.program]),
        "care": week.care_with(time.modality, time.begins, time.ends),
    }
    return render(request, "scheduling/check_move.html", context)


@dataclass(frozen=True)
class _Wish:
    """For what times are looked."""

    person: User
    change: Change
    ways: Sequence[Modality]
    answers: Answers
    giver: User | None

    def times(self, *, begin: date, end: date, now: datetime) -> Sequence[SeatTime | HourTime]:
        zone, old = self.person.zone, self.change.old
        until = self.change.until or local_midnight(end, zone)
        begins, ends = local_midnight(begin, zone), min(until, local_midnight(end, zone))
        if begins >= ends:
            return []
        if not self.change.is_hour:
            return finding.seat_times(
                self.person,
                self.ways,
                begin=begins,
                end=ends,
                now=now,
                part_of_day=self.answers.part,
                instead_of=old,
            )
        found = finding.hour_times(
            self.person,
            self.ways[0],
            minutes=old.session.minutes,
            begin=begins,
            end=ends,
            now=now,
            clinician=self.giver,
            part_of_day=self.answers.part,
            instead_of=old,
        )
        return finding.one_each(found, first=self.giver)


@dataclass(frozen=True)
class _Way:
    """Through the pages of one booking, with the answers so far in the address."""

    booking_id: int
    answers: Answers
    anybody: bool

    def query(self, **chosen: object) -> str:
        return self.answers.query(counsellor=ANY if self.anybody else None, **chosen)

    @property
    def back(self) -> str:
        return reverse("scheduling:move", args=[self.booking_id]) + self.query()

    def check(self, **chosen: object) -> str:
        return reverse("scheduling:check_move", args=[self.booking_id]) + self.query(**chosen)


def _anybody(request: PortalRequest) -> bool:
    """The same counsellor as before, unless whoever is free will do."""
    return request.GET.get("counsellor") == ANY


def _same_giver(person: User, change: Change, ways: Sequence[Modality], now: datetime) -> User | None:
    """None where they do not give it any more."""
    before = change.old.session.facilitations.first() if change.is_hour and ways else None
    return finding.givers_for(person, ways[0], now=now).by_key(before.clinician_id) if before else None


def _span(change: Change, answers: Answers, now: datetime) -> Span:
    """Around the day that was asked for, or else that of the booking: between today and the last that can be booked."""
    today, last = timezone.localdate(now), timezone.localdate(now + change.policy.horizon)
    if change.until is not None:
        last = min(last, timezone.localdate(change.until - timedelta(microseconds=1)))
    wanted = answers.day or max(today, timezone.localdate(change.old.starts_at) - 2 * ONE_DAY)
    return Span(today, first=min(max(wanted, today), last), horizon=last + ONE_DAY)


def _slot_days(person: User, times: Sequence[SeatTime | HourTime], way: _Way) -> list[SlotDay]:
    days, busy = [], busy_around(person, times)
    for day in finding.by_day(times, person.zone):
        slots = [_slot(time, way, busy) for time in day.times]
        days.append(SlotDay(day.on, slots[:SHOWN_AT_ONCE], slots[SHOWN_AT_ONCE:]))
    return days


def _slot(time: SeatTime | HourTime, way: _Way, busy: Iterable[Busy]) -> Slot:
    if isinstance(time, SeatTime):
        url = way.check(session=time.session.pk) if time.free else ""
    else:
        url = way.check(at=time.begins, giver=time.clinician.pk, room=time.room.pk if time.room else None)
    return Slot(time, url, overlaps(busy, time.begins, time.ends))


def _chosen(person: User, change: Change, answers: Answers) -> SeatChoice | HourChoice | None:
    old = change.old
    if not change.is_hour:
        if answers.session is None:
            return None
        session = get_object_or_404(Session.objects.visible_to(person), pk=answers.session, program=old.program)
        return SeatChoice(person, session, instead_of=old)
    if answers.at is None or answers.giver is None:
        return None
    room = get_object_or_404(Room, pk=answers.room, program=old.program) if answers.room else None
    giver = get_object_or_404(User.objects.clinicians_of(old.program), pk=answers.giver)
    modality = old.session.modality
    return HourChoice(person, modality, giver, answers.at, old.session.minutes, room, instead_of=old)


def _refused(
    request: PortalRequest, change: Change, chosen: SeatChoice | HourChoice, refusal: Refused, now: datetime
) -> HttpResponse:
    held, nearest = change.old, chosen.nearest(now=now)
    busy = busy_around(request.user, nearest)
    context = {
        "why": str(refusal),
        "entry": block_of(held, now=now),
        "change": change,
        "chosen": chosen,
        "slots": [_slot(time, _Way(held.pk, Answers(), anybody=False), busy) for time in nearest],
        "zone": another_zone(request.user, [held.program]),
    }
    return render(request, "scheduling/not_moved.html", context, status=refusal.status)
