"""What people keep free: nobody but they themselves opens these pages."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling import commitments
from scheduling.forms.own import OnceForm, WeeklyForm
from scheduling.models import Commitment

OF_THEIR_OWN = (Role.CLIENT, Role.APPLICANT, Role.ALUM)
FORMS = {"weekly": WeeklyForm, "once": OnceForm}


@for_roles(*OF_THEIR_OWN, methods=("GET",))
def own_times(request: PortalRequest) -> HttpResponse:
    return render(request, "scheduling/own_times.html", {"kept": _own(request)})


@for_roles(*OF_THEIR_OWN)
def add_own_time(request: PortalRequest, rhythm: str) -> HttpResponse:
    if rhythm not in FORMS:
        raise Http404
    form = FORMS[rhythm](request.POST or None, initial={"since": timezone.localdate()})
    if form.is_valid():
        try:
            commitments.add_commitment(request.user, form.terms(), by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved. From now on we tell you when a session overlaps it."))
            return redirect("scheduling:own_times")
    context = {"form": form, "weekly": rhythm == "weekly"}
    return render(request, "scheduling/own_time.html", context, status=form.status)


@for_roles(*OF_THEIR_OWN)
def change_own_time(request: PortalRequest, commitment_id: int) -> HttpResponse:
    held = get_object_or_404(_own(request), pk=commitment_id)
    form = FORMS["weekly" if held.weekly else "once"](request.POST or None, initial=_as_written(held))
    if form.is_valid():
        try:
            commitments.change_commitment(held, form.terms(), by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Your changes are saved."))
            return redirect("scheduling:own_times")
    context = {"form": form, "weekly": held.weekly, "held": held}
    return render(request, "scheduling/own_time.html", context, status=form.status)


@for_roles(*OF_THEIR_OWN)
def end_own_time(request: PortalRequest, commitment_id: int) -> HttpResponse:
    held = get_object_or_404(_own(request), pk=commitment_id)
    if request.method != "POST":
        return render(request, "scheduling/own_time_end.html", {"held": held})
    try:
        commitments.end_commitment(held, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("It is ended. Nothing is kept free for it any more."))
    return redirect("scheduling:own_times")


def _own(request: PortalRequest) -> QuerySet[Commitment]:
    return commitments.commitments_of(request.user, now=timezone.now())


def _as_written(held: Commitment) -> dict[str, object]:
    return {name: getattr(held, name) for name in ("kind", "name", "weekdays", "begins", "ends", "since", "until")}
