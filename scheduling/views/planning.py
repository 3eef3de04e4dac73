"""Plan my week: wishes, a week that fits them, another session instead of one, and booking all of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling import choices, reasons
from scheduling.choices import HourChoice, Key, Pick, SeatChoice, booked_at, read_key
from scheduling.finding import FORMATS, Want, bookable_modalities
from scheduling.forms.planning import WishesForm, as_written, instead, read_answers, written
from scheduling.models import Room, Session
from scheduling.planning import Answers, Open, Proposal, Suggested, propose
from scheduling.solving import OutOfTime
from scheduling.week import another_zone
from scheduling.wishes import habits_of, save_wishes, wishes_of
from therapy.models import Format, Modality


class NothingTicked(Refused):
    message = gettext_lazy("Tick at least one session, or leave the page: nothing is booked.")
    status = 400


@dataclass(frozen=True)
class Card:
    """One suggested session: in words, and where something else can be had instead."""

    one: Suggested
    why: str
    another_url: str
    without_url: str


@dataclass(frozen=True)
class Alternative:
    time: Open
    url: str
    why: str


@for_roles(Role.CLIENT)
def plan_my_week(request: PortalRequest) -> HttpResponse:
    """A week that fits. POST books what is ticked, all of it or none. The answers so far stand in the address."""
    answers = read_answers(request.GET)
    refusal: Refused | None = None
    if request.method == "POST":
        try:
            return _book(request)
        except Refused as refused:
            refusal = refused
    return _show(request, answers, refusal)


def _book(request: PortalRequest) -> HttpResponse:
    person, now = request.user, timezone.now()
    picks = [_pick(person, key) for key in _keys(request.POST.getlist("take"))]
    if not picks:
        raise NothingTicked
    try:
        booked = len(choices.book_all(picks, person=person, now=now))
    except choices.NotAllBooked:
        if not all(_has(person, pick) for pick in picks):
            raise
        booked = len(picks)
    messages.success(
        request,
        ngettext("%(count)d session is booked.", "All %(count)d sessions are booked.", booked) % {"count": booked},
    )
    day = timezone.localdate(min(pick.begins for pick in picks))
    return redirect(f"{reverse('scheduling:my_week')}?day={day}")


def _has(person: User, pick: Pick) -> bool:
    """Sent twice, it was booked the first time."""
    held = booked_at(person, pick.begins)
    return held is not None and held.session.modality_id == pick.choice.modality.pk


def _keys(texts: Iterable[str]) -> list[Key]:
    found = [read_key(text) for text in dict.fromkeys(texts)]
    if None in found:
        raise Http404
    return [key for key in found if key]


def _pick(person: User, key: Key) -> Pick:
    """What is not there for this person does not exist."""
    if key.session:
        return Pick(
            SeatChoice(person, get_object_or_404(Session.objects.visible_to(person), pk=key.session)), key.begins
        )
    ways = Modality.objects.visible_to(person).select_related("program")
    way = get_object_or_404(ways, pk=key.way, format__in=FORMATS[Want.COUNSELLOR])
    room = get_object_or_404(Room, pk=key.room, program=way.program) if key.room else None
    giver = get_object_or_404(User.objects.clinicians_of(way.program), pk=key.giver)
    return Pick(HourChoice(person, way, giver, key.begins, key.minutes, room), key.begins)


def _show(request: PortalRequest, answers: Answers, refusal: Refused | None) -> HttpResponse:
    now = timezone.now()
    status = refusal.status if refusal else 200
    try:
        proposal = propose(request.user, answers, now=now)
    except OutOfTime:
        return render(request, "scheduling/plan_none.html", {"late": True}, status=status)
    if proposal is None:
        return render(request, "scheduling/plan_none.html", {"late": False}, status=status)
    context = {
        "proposal": proposal,
        "care": proposal.care_then,
        "cards": _cards(proposal, answers),
        "strip": reasons.strip(proposal, now=now),
        "reasons": reasons.reasons(proposal),
        "left_out": reasons.left_out(proposal),
        "clash": reasons.clash(proposal),
        "refusal": str(refusal) if refusal else "",
        "here": f"{reverse('scheduling:plan_my_week')}{written(answers)}",
        "next_url": written(Answers(proposal.week.after)),
        "afresh_url": written(Answers(answers.day)) if answers != Answers(answers.day) else "",
        "wishes_url": f"{reverse('scheduling:week_wishes')}{written(Answers(answers.day))}",
        "zone": another_zone(request.user, proposal.week.programs),
    }
    return render(request, "scheduling/plan.html", context, status=status)


def _cards(proposal: Proposal, answers: Answers) -> list[Card]:
    swap, plan = reverse("scheduling:plan_instead"), reverse("scheduling:plan_my_week")
    cards = []
    for one in proposal.suggested:
        without = written(instead(answers, of=one.key, others=_others(proposal, one.key)))
        another = f"{written(answers, had=())}{'&' if written(answers, had=()) else '?'}of={one.key}"
        cards.append(Card(one, reasons.why(one, proposal), f"{swap}{another}", f"{plan}{without}"))
    return cards


def _others(proposal: Proposal, key: str) -> Sequence[str]:
    return tuple(one.key for one in proposal.suggested if one.key != key)


@for_roles(Role.CLIENT, methods=("GET",))
def plan_instead(request: PortalRequest) -> HttpResponse:
    """Another session instead of one: whichever is chosen, the rest of the week is planned around it."""
    answers, of = read_answers(request.GET), request.GET.get("of", "")
    try:
        proposal = propose(request.user, answers, now=timezone.now())
    except OutOfTime:
        proposal = None
    here = f"{reverse('scheduling:plan_my_week')}{written(answers)}"
    held = next((one for one in proposal.suggested if one.key == of), None) if proposal else None
    if proposal is None or held is None:
        return redirect(here)
    found = [
        Alternative(time, _chosen_url(answers, of, choices.key_of(time), proposal), _against(time, proposal))
        for time in proposal.instead_of(of)
    ]
    context = {
        "held": held,
        "found": found,
        "here": here,
        "zone": another_zone(request.user, proposal.week.programs),
    }
    return render(request, "scheduling/plan_instead.html", context)


def _chosen_url(answers: Answers, of: str, key: str, proposal: Proposal) -> str:
    chosen = instead(answers, of=of, others=_others(proposal, of), keep=key)
    return f"{reverse('scheduling:plan_my_week')}{written(chosen)}"


def _against(time: Open, proposal: Proposal) -> str:
    return reasons.why_not(choices.key_of(time), proposal)


@for_roles(Role.CLIENT)
def week_wishes(request: PortalRequest) -> HttpResponse:
    person, now = request.user, timezone.now()
    offered = bookable_modalities(person)
    talks = [one for one in offered if one.format == Format.INDIVIDUAL and not one.for_applicants]
    back = f"{reverse('scheduling:plan_my_week')}{written(Answers(read_answers(request.GET).day))}"
    held = wishes_of(person, offered, habits_of(person, now=now))
    form = WishesForm(request.POST or None, initial=as_written(held), talks=talks)
    if form.is_valid():
        try:
            save_wishes(person, form.cleaned_data, by=person, now=now)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Your wishes are saved, and your week is planned anew."))
            return redirect(back)
    return render(request, "scheduling/week_wishes.html", {"form": form, "back": back}, status=form.status)
