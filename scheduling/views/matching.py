"""Who would suit me: a page of questions, and an answer that can be come back to. Nothing of it is in an address."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import Enrolment
from iop_portal.people.roles import Role
from scheduling import matching
from scheduling.forms.booking import Answers
from scheduling.forms.matching import SuitForm
from scheduling.matching import Match
from scheduling.views.choosing import hour_url
from scheduling.week import another_zone

SEEKERS = (Role.CLIENT, Role.APPLICANT)
SHOWN_FIRST = 3


@dataclass(frozen=True)
class Suggestion:
    match: Match
    book_url: str


@for_roles(*SEEKERS, methods=("GET",))
def begin(request: PortalRequest) -> HttpResponse:
    """Straight on where somebody is in one program; else they say for which."""
    mine = list(_own(request).select_related("program"))
    if len(mine) == 1:
        return redirect("scheduling:match", mine[0].pk)
    return render(request, "scheduling/match_where.html", {"enrolments": mine})


@for_roles(*SEEKERS, methods=("GET",))
def match(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    enrolment, now = _enrolment(request, enrolment_id), timezone.now()
    said = matching.preferences_of(enrolment)
    if said is None:
        return redirect("scheduling:match_questions", enrolment.pk)
    answer = matching.who_suits(enrolment, said, now=now)
    suggestions = [Suggestion(one, hour_url(one.time, Answers()) if one.time else "") for one in answer.matches]
    context = {
        "enrolment": enrolment,
        "said": said,
        "nobody": answer.nobody,
        "first": suggestions[:SHOWN_FIRST],
        "others": suggestions[SHOWN_FIRST:],
        "zone": another_zone(request.user, [enrolment.program]),
    }
    return render(request, "scheduling/match.html", context)


@for_roles(*SEEKERS)
def questions(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    enrolment = _enrolment(request, enrolment_id)
    said = matching.preferences_of(enrolment)
    form = SuitForm(request.POST or None, program=enrolment.program, said=said)
    if request.method == "POST" and form.is_valid():
        matching.save_preferences(enrolment, form.preferences(), by=request.user, now=timezone.now())
        return redirect("scheduling:match", enrolment.pk)
    context = {"enrolment": enrolment, "form": form, "said": said}
    return render(request, "scheduling/match_questions.html", context, status=form.status)


@for_roles(*SEEKERS, methods=("POST",))
def forget(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    matching.delete_preferences(_enrolment(request, enrolment_id), by=request.user, now=timezone.now())
    messages.success(request, _("Your answers are deleted."))
    return redirect("therapy:people")


def _own(request: PortalRequest) -> QuerySet[Enrolment]:
    mine: QuerySet[Enrolment] = Enrolment.objects.live().filter(client=request.user)
    return mine


def _enrolment(request: PortalRequest, enrolment_id: int) -> Enrolment:
    found: Enrolment = get_object_or_404(_own(request).select_related("client", "program__policy"), pk=enrolment_id)
    return found
