"""Answering a reminder by its link. Opening one changes nothing: mail programs open links by themselves."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from allauth.core.internal.ratelimit import consume
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from iop_portal.doors import for_anybody
from iop_portal.refusals import Refused
from scheduling import answering
from scheduling.booking import free_until
from scheduling.forms.answering import AnswerForm
from scheduling.models import AnswerLink

# By address: a family behind one, and nobody who tries out tokens.
PACE = {"answer": "60/5m/ip"}


@sensitive_variables("token")
@for_anybody("GET", "HEAD", "POST")
def answer(request: HttpRequest, token: str) -> HttpResponse:
    if not consume(request, app="scheduling", action="answer", config=PACE, limit_get=True):
        return _unread_elsewhere(render(request, "429.html", status=429))
    now = timezone.now()
    try:
        link = answering.open_link(token, now=now)
        form = AnswerForm(request.POST if request.method == "POST" else None, purpose=link.purpose)
        if form.is_valid():
            answering.use_link(token, late_by=form.cleaned_data.get("late_by"), now=now)
            return _unread_elsewhere(redirect("scheduling:answered", link.purpose))
    except Refused:
        return _unread_elsewhere(render(request, "scheduling/answer_gone.html", status=404))
    context = {
        "form": form,
        "begins": link.reminder.begins,
        "late": now > free_until(link.reminder.program, link.reminder.begins),
    }
    # By the clock of whose appointment it is, whoever is signed in here or not.
    with timezone.override(ZoneInfo(link.person.zone)):
        page = render(request, f"scheduling/answer_{link.purpose}.html", context, status=form.status)
    # With no-referrer a browser would send the form with "Origin: null", which is refused as a forgery.
    page.headers["Referrer-Policy"] = "strict-origin"
    return page


@for_anybody("GET", "HEAD")
def answered(request: HttpRequest, purpose: str) -> HttpResponse:
    """Says what was said, and nothing of whom or when: the address is no secret."""
    if purpose not in AnswerLink.Purpose:
        raise Http404
    return render(request, "scheduling/answered.html", {"purpose": purpose})


def _unread_elsewhere(response: HttpResponse) -> HttpResponse:
    """The address must not travel on to a page that is opened from here."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
