"""How one has been: what a client is asked, answers one question after another, and finds out at once."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import Enrolment
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from therapy import alerts, measures, results
from therapy.asking import NotAdmitted
from therapy.forms.measures import AnswerForm
from therapy.instruments import Instrument, Item, asked, instruments, unanswered
from therapy.models import Sheet

ANSWERING = (Role.CLIENT, Role.APPLICANT, Role.ALUM)


@for_roles(*ANSWERING, methods=("GET",))
def how_you_have_been(request: PortalRequest) -> HttpResponse:
    now = timezone.now()
    context = {
        "offers": measures.offers_to(request.user, now=now),
        "courses": results.courses_of(request.user, reader=request.user, now=now),
        "admitted": Role.CLIENT in request.user.roles,
    }
    return render(request, "therapy/measures.html", context)


@for_roles(*ANSWERING, methods=("GET",))
def one(request: PortalRequest, instrument: str) -> HttpResponse:
    now = timezone.now()
    found = _instrument(instrument)
    offers = {offer.instrument.code: offer for offer in measures.offers_to(request.user, now=now)}
    course = results.course_of(request.user, found, reader=request.user, now=now)
    page, rows = results.answers_side_by_side(course, number=request.GET.get("page"))
    context = {"course": course, "offer": offers.get(found.code), "instrument": found, "page": page, "rows": rows}
    return render(request, "therapy/measure.html", context)


@for_roles(*ANSWERING)
def begin(request: PortalRequest, instrument: str) -> HttpResponse:
    """What is asked and who reads it, before the first question."""
    now = timezone.now()
    found = _instrument(instrument)
    offers = {offer.instrument.code: offer for offer in measures.offers_to(request.user, now=now)}
    if request.method == "POST":
        try:
            sheet = measures.begin(request.user, found, by=request.user, now=now)
        except Refused as refusal:
            return _stopped(request, found, refusal)
        return _next(sheet, "")
    context = {"instrument": found, "offer": offers.get(found.code)}
    return render(request, "therapy/begin_measure.html", context)


@for_roles(*ANSWERING)
def question(request: PortalRequest, sheet_id: int, item: str) -> HttpResponse:
    """One question a page. Whatever is chosen is kept at once."""
    now = timezone.now()
    sheet = _own(request, sheet_id)
    one = measures.instrument_of(sheet)
    found = one.item(item)
    if found is None:
        raise Http404
    given = measures.answers_of(sheet)
    initial = {"answer": _as_chosen(given[item])} if item in given else {}
    form = AnswerForm(request.POST or None, item=found, initial=initial)
    if form.is_valid():
        try:
            measures.give_answer(sheet, found, form.value, by=request.user, now=now)
        except Refused as refusal:
            return _stopped(
                request, one, refusal, hard_in=(sheet, item) if measures.alarms(found, form.value) else None
            )
        if measures.alarms(found, form.value):
            return redirect("therapy:measure_help", sheet.pk, found.code)
        return redirect("therapy:check_measure", sheet.pk) if "check" in request.GET else _next(sheet, found.code)
    if request.method == "GET" and (closed := _cannot_go_on(sheet, now=now)):
        return _stopped(request, one, closed)
    asked_now = asked(one, given)
    if found not in asked_now:
        return _next(sheet, "")
    context = {"form": form, "sheet": sheet, "instrument": one, **_place(asked_now, found)}
    context["intro"] = one.intro if found.intro is None else found.intro
    return render(request, "therapy/question.html", context, status=form.status)


@for_roles(*ANSWERING, methods=("GET",))
def help_now(request: PortalRequest, sheet_id: int, item: str) -> HttpResponse:
    """Help before anything else. The other questions wait."""
    sheet = _own(request, sheet_id)
    if measures.instrument_of(sheet).item(item) is None:
        raise Http404
    context = {"sheet": sheet, "go_on": _where_next(sheet, item), "reached": alerts.reached(sheet, item)}
    return render(request, "therapy/measure_help.html", context)


@for_roles(*ANSWERING)
def check(request: PortalRequest, sheet_id: int) -> HttpResponse:
    """All answers once more. Sending twice does no harm."""
    now = timezone.now()
    sheet = _own(request, sheet_id)
    one = measures.instrument_of(sheet)
    if request.method == "POST":
        try:
            measures.send(sheet, by=request.user, now=now)
        except measures.SentAlready as refusal:
            messages.info(request, str(refusal))
        except measures.NotWhole as refusal:
            messages.error(request, str(refusal))
            return _next(sheet, "")
        except Refused as refusal:
            return _stopped(request, one, refusal)
        else:
            messages.success(request, _("Thank you. It is sent to your care team, and this is how it looks."))
        return redirect("therapy:measure", one.code)
    if closed := _cannot_go_on(sheet, now=now):
        return _stopped(request, one, closed)
    given = measures.answers_of(sheet)
    if unanswered(one, given):
        return _next(sheet, "")
    rows = [(item, _said(item, given[item.code])) for item in asked(one, given)]
    return render(request, "therapy/check_measure.html", {"sheet": sheet, "instrument": one, "rows": rows})


def _own(request: PortalRequest, sheet_id: int) -> Sheet:
    mine = Sheet.objects.filter(person=request.user).select_related("enrolment__program", "person")
    return get_object_or_404(mine, pk=sheet_id)


def _instrument(code: str) -> Instrument:
    if code not in instruments():
        raise Http404
    return instruments()[code]


def _next(sheet: Sheet, after: str) -> HttpResponse:
    return redirect(_where_next(sheet, after))


def _where_next(sheet: Sheet, after: str) -> str:
    """The next question that is open, from this one on, or all of them once more."""
    one = measures.instrument_of(sheet)
    left = unanswered(one, measures.answers_of(sheet))
    order = [item.code for item in one.items]
    behind = [item for item in left if after and order.index(item.code) > order.index(after)]
    coming = next(iter(behind or left), None)
    if coming is None:
        return reverse("therapy:check_measure", args=[sheet.pk])
    return reverse("therapy:question", args=[sheet.pk, coming.code])


def _cannot_go_on(sheet: Sheet, *, now: datetime) -> Refused | None:
    if sheet.sent_at is not None:
        return measures.SentAlready()
    if sheet.enrolment.state != Enrolment.State.ADMITTED:
        return NotAdmitted()
    if measures.too_old(sheet, now=now):
        return measures.LeftTooLong()
    return None if measures.may_go_on(sheet, now=now) else measures.NobodyIsOnCall()


def _stopped(
    request: PortalRequest, one: Instrument, refusal: Refused, *, hard_in: tuple[Sheet, str] | None = None
) -> HttpResponse:
    """Why it does not go on, in a sentence, with what is kept and where it is. `hard_in` is the sheet and the item
    of an answer that asks people to act: help stands there, and whom it has reached."""
    offers = {offer.instrument.code: offer for offer in measures.offers_to(request.user, now=timezone.now())}
    context = {"instrument": one, "why": str(refusal), "offer": offers.get(one.code)}
    if hard_in:
        context |= {"hard": True, "reached": alerts.reached(*hard_in)}
    return render(request, "therapy/measure_stopped.html", context, status=refusal.status)


def _as_chosen(value: int | None) -> str:
    return AnswerForm.RATHER_NOT if value is None else str(value)


def _said(item: Item, value: int | None) -> str:
    return _("I prefer not to say") if value is None else item.words_of(value)


def _place(asked_now: list[Item], item: Item) -> dict[str, object]:
    at = asked_now.index(item)
    return {"number": at + 1, "of": len(asked_now), "before": asked_now[at - 1] if at else None}
