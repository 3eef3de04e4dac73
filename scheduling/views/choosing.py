"""Booking as a client does it: one question a page, the answers so far in the address, nothing kept on the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling import booking, finding
from scheduling.choices import HourChoice, SeatChoice, booked_at
from scheduling.commitments import Busy, busy_times, overlaps
from scheduling.finding import HourTime, SeatTime, Want, Where, local_midnight
from scheduling.forms.booking import ANY, Answers, AnswersForm, HowForm
from scheduling.models import Room, Session
from scheduling.week import another_zone, week_of
from therapy.models import Modality, PartOfDay

BOOKERS = (Role.CLIENT, Role.APPLICANT, Role.ALUM)
# Of one day's times; the others are folded away below them.
SHOWN_AT_ONCE = 5
# Where no program says how far ahead one can book, nothing can be booked anyway.
NO_HORIZON = timedelta(0)
ONE_DAY = timedelta(days=1)
SHORT_PARTS = [
    (PartOfDay.MORNING, gettext_lazy("Morning")),
    (PartOfDay.AFTERNOON, gettext_lazy("Afternoon")),
    (PartOfDay.EVENING, gettext_lazy("Evening")),
]


@dataclass(frozen=True)
class Slot:
    """One time to choose. Without a url it cannot be had. `overlaps` names what the person keeps free then."""

    time: SeatTime | HourTime
    url: str
    overlaps: str


@dataclass(frozen=True)
class SlotDay:
    on: date
    first: Sequence[Slot]
    more: Sequence[Slot]


# ── What would help? ──────────────────────────────────────────────────────────────────────────────────────────


@for_roles(*BOOKERS, methods=("GET",))
def what(request: PortalRequest) -> HttpResponse:
    bookable = finding.bookable_modalities(request.user)
    wants = {finding.want_of(modality) for modality in bookable}
    context = {
        "wants": [want for want in Want if want in wants],
        "applicant": Role.APPLICANT in request.user.roles,
        "left": not request.user.roles & {Role.CLIENT, Role.APPLICANT},
    }
    return render(request, "scheduling/what.html", context)


@for_roles(*BOOKERS, methods=("GET",))
def choose_time(request: PortalRequest, modality_id: int) -> HttpResponse:
    """From a way that can help straight to its times."""
    modality = get_object_or_404(Modality.objects.visible_to(request.user), pk=modality_id)
    want = finding.want_of(modality)
    if want is None:
        messages.info(request, _("Family sessions are arranged together with your family. Please call us."))
        return redirect("scheduling:book")
    return redirect(_page("how", want, Answers(way=modality.pk)))


# ── With whom, how long, where? ───────────────────────────────────────────────────────────────────────────────


@for_roles(*BOOKERS, methods=("GET",))
def how(request: PortalRequest, want: str) -> HttpResponse:
    wanted = _wanted(want)
    answers = AnswersForm(request.GET).answers()
    if wanted is not Want.COUNSELLOR:
        return redirect(_page("when", wanted, answers))
    now = timezone.now()
    ways = finding.modalities_for(request.user, wanted)
    if not ways:
        return redirect("scheduling:book")
    way = _way(ways, answers)
    if way is None:
        return render(request, "scheduling/kinds.html", {"ways": ways})
    form = _how_form(request, way, answers, now)
    if form.is_bound and form.is_valid():
        return redirect(_page("when", wanted, AnswersForm(request.GET).answers()))
    context = {"form": form, "way": way, "several": len(ways) > 1}
    return render(request, "scheduling/how.html", context, status=form.status)


def _how_form(request: PortalRequest, way: Modality, answers: Answers, now: datetime) -> HowForm:
    """Filled in with what was asked, or else with what most people choose. `go` says that it was sent."""
    givers = finding.givers_for(request.user, way, now=now)
    usual = 50 if 50 in way.lengths else way.lengths[0]
    chosen = request.GET if "go" in request.GET else None
    initial = {
        "way": way.pk,
        "counsellor": answers.counsellor or (not answers.minutes and givers.primary and givers.primary.pk) or ANY,
        "minutes": answers.minutes or usual,
        "where": answers.where or ANY,
    }
    return HowForm(chosen, initial=initial, modality=way, givers=givers)


# ── When? ─────────────────────────────────────────────────────────────────────────────────────────────────────


@for_roles(*BOOKERS, methods=("GET",))
def when(request: PortalRequest, want: str) -> HttpResponse:
    wanted, now = _wanted(want), timezone.now()
    answers = AnswersForm(request.GET).answers()
    ways = finding.modalities_for(request.user, wanted)
    if not ways:
        return redirect("scheduling:book")
    way = _way(ways, answers)
    if wanted is Want.COUNSELLOR and (way is None or answers.minutes not in way.lengths):
        return redirect(_page("how", wanted, answers))
    shown, span = [way] if way else ways, _span(request.user, answers, now)
    times = _times(request.user, wanted, shown, answers, begin=span.first, end=span.end, now=now)
    later = [] if times else _times(request.user, wanted, shown, answers, begin=span.end, end=span.horizon, now=now)
    context = {
        "want": wanted,
        "one_kind": wanted is Want.COUNSELLOR,
        "way": way if len(ways) > 1 or wanted is Want.COUNSELLOR else None,
        "answers": answers,
        "days": _slot_days(request.user, times, answers),
        "span": span,
        "next_day": timezone.localdate(later[0].begins) if later else None,
        "part_choices": SHORT_PARTS,
        "back": reverse("scheduling:book") if wanted is not Want.COUNSELLOR else _page("how", wanted, answers),
        "zone": another_zone(request.user, [one.program for one in shown]),
        "care": week_of(request.user, day=None, now=now).care,
    }
    return render(request, "scheduling/when.html", context)


@dataclass(frozen=True)
class Span:
    """The days that one page shows, of the person's own calendar: from `first` until before `end`."""

    today: date
    first: date
    horizon: date

    @property
    def tomorrow(self) -> date:
        return self.today + ONE_DAY

    @property
    def end(self) -> date:
        return self.first + finding.SHOWN

    @property
    def last(self) -> date:
        return self.end - ONE_DAY

    @property
    def before(self) -> date | None:
        return max(self.today, self.first - finding.SHOWN) if self.first > self.today else None

    @property
    def after(self) -> date | None:
        return self.end if self.end < self.horizon else None


def _span(person: User, answers: Answers, now: datetime) -> Span:
    """Around the day that was asked for, between today and the last day that can be booked."""
    ahead = max((policy.horizon for _one, policy in booking.enrolments_of(person)), default=NO_HORIZON)
    today, last = timezone.localdate(now), timezone.localdate(now + ahead)
    return Span(today, first=min(max(answers.day or today, today), last), horizon=last + ONE_DAY)


def _times(
    person: User, want: Want, ways: list[Modality], answers: Answers, *, begin: date, end: date, now: datetime
) -> Sequence[SeatTime | HourTime]:
    begins, ends = local_midnight(begin, person.zone), local_midnight(end, person.zone)
    if want is not Want.COUNSELLOR:
        video = answers.where == Where.VIDEO
        return finding.seat_times(
            person, ways, begin=begins, end=ends, now=now, part_of_day=answers.part, video_only=video
        )
    assert answers.minutes is not None
    givers = finding.givers_for(person, ways[0], now=now)
    found = finding.hour_times(
        person,
        ways[0],
        minutes=answers.minutes,
        begin=begins,
        end=ends,
        now=now,
        clinician=givers.by_key(answers.counsellor),
        part_of_day=answers.part,
        where=answers.where,
    )
    return finding.one_each(found, first=givers.primary)


def _slot_days(person: User, times: Sequence[SeatTime | HourTime], answers: Answers) -> list[SlotDay]:
    days, busy = [], busy_around(person, times)
    for day in finding.by_day(times, person.zone):
        slots = [_slot(time, answers, busy) for time in day.times]
        days.append(SlotDay(day.on, slots[:SHOWN_AT_ONCE], slots[SHOWN_AT_ONCE:]))
    return days


def busy_around(person: User, times: Sequence[SeatTime | HourTime]) -> list[Busy]:
    if not times:
        return []
    return busy_times(person, begin=min(time.begins for time in times), end=max(time.ends for time in times))


def _slot(time: SeatTime | HourTime, answers: Answers, busy: Iterable[Busy]) -> Slot:
    url = _seat_url(time, answers) if isinstance(time, SeatTime) else hour_url(time, answers)
    return Slot(time, url, overlaps(busy, time.begins, time.ends))


def _seat_url(time: SeatTime, answers: Answers) -> str:
    """To book it, to wait for a place, or to the place that one waits for."""
    if time.mine:
        return reverse("scheduling:place", args=[time.mine])
    if time.full:
        return reverse("scheduling:wait", args=[time.session.pk])
    return reverse("scheduling:check") + answers.without_time.query(session=time.session.pk) if time.free else ""


def hour_url(time: HourTime, answers: Answers) -> str:
    return reverse("scheduling:check") + answers.without_time.query(
        way=time.modality.pk,
        minutes=round((time.ends - time.begins).total_seconds() / 60),
        at=time.begins,
        giver=time.clinician.pk,
        room=time.room.pk if time.room else None,
    )


# ── Check, and book ───────────────────────────────────────────────────────────────────────────────────────────


@for_roles(*BOOKERS)
def check(request: PortalRequest) -> HttpResponse:
    """Look at what was chosen; POST books it. Only the address says what: fields of the POST are not read."""
    form, now = AnswersForm(request.GET), timezone.now()
    answers = form.answers()
    if form.errors:
        context = {"why": _("Choose a time from the list."), "when_url": reverse("scheduling:book")}
        return render(request, "scheduling/not_booked.html", context, status=400)
    chosen = _chosen(request.user, answers)
    if chosen is None:
        return redirect("scheduling:book")
    try:
        if request.method == "POST":
            return redirect("scheduling:booked", chosen.book(now=now).pk)
        time = chosen.look(now=now)
    except Refused as refusal:
        return _refused(request, chosen, answers, refusal, now)
    return render(request, "scheduling/check.html", _to_check(request.user, time, answers, now))


def _to_check(person: User, time: SeatTime | HourTime, answers: Answers, now: datetime) -> dict[str, object]:
    want = finding.want_of(time.modality)
    assert want is not None  # what can be booked is of some want
    week = week_of(person, day=timezone.localdate(time.begins), now=now)
    return {
        "time": time,
        "minutes": round((time.ends - time.begins).total_seconds() / 60),
        "overlaps": overlaps(busy_around(person, [time]), time.begins, time.ends),
        "free_until": booking.free_until(time.modality.program, time.begins),
        "now": now,
        "is_hour": isinstance(time, HourTime),
        "when_url": _page("when", want, answers.without_time),
        "how_url": _page("how", want, answers.without_time),
        "zone": another_zone(person, [time.modality.program]),
        "care": week.care_with(time.modality, time.begins, time.ends),
    }


def _chosen(person: User, answers: Answers) -> SeatChoice | HourChoice | None:
    if answers.session is not None:
        return SeatChoice(person, get_object_or_404(Session.objects.visible_to(person), pk=answers.session))
    if answers.way is None or answers.minutes is None or answers.giver is None or answers.at is None:
        return None
    ways = Modality.objects.visible_to(person).select_related("program")
    way = get_object_or_404(ways, pk=answers.way, format__in=finding.FORMATS[Want.COUNSELLOR])
    room = get_object_or_404(Room, pk=answers.room, program=way.program) if answers.room else None
    giver = get_object_or_404(User.objects.clinicians_of(way.program), pk=answers.giver)
    return HourChoice(person, way, giver, answers.at, answers.minutes, room)


def _refused(
    request: PortalRequest, chosen: SeatChoice | HourChoice, answers: Answers, refusal: Refused, now: datetime
) -> HttpResponse:
    """Say why, and what else there is near it. Booking the same twice leads to the first booking."""
    if isinstance(refusal, booking.AlreadyBooked):
        before = booked_at(request.user, chosen.begins)
        if before is not None:
            return redirect("scheduling:booked", before.pk)
    want, nearest = finding.want_of(chosen.modality), chosen.nearest(now=now)
    busy = busy_around(request.user, nearest)
    context = {
        "why": str(refusal),
        "chosen": chosen,
        "slots": [_slot(time, answers.without_time, busy) for time in nearest],
        "wait_url": _wait_url(chosen, refusal),
        "when_url": _page("when", want, answers.without_time) if want else reverse("scheduling:book"),
        "zone": another_zone(request.user, [chosen.modality.program]),
    }
    return render(request, "scheduling/not_booked.html", context, status=refusal.status)


def _wait_url(chosen: SeatChoice | HourChoice, refusal: Refused) -> str:
    if isinstance(chosen, SeatChoice) and isinstance(refusal, booking.SessionFull):
        return reverse("scheduling:wait", args=[chosen.session.pk])
    return ""


# ── Addresses ─────────────────────────────────────────────────────────────────────────────────────────────────


def _wanted(want: str) -> Want:
    if want not in set(Want):
        raise Http404
    return Want(want)


def _way(ways: Sequence[Modality], answers: Answers) -> Modality | None:
    """The one that was chosen, or the only one there is."""
    if len(ways) == 1:
        return ways[0]
    return next((way for way in ways if way.pk == answers.way), None)


def _page(name: str, want: Want, answers: Answers) -> str:
    return reverse(f"scheduling:{name}", args=[want.value]) + answers.query()
