"""What one has to see to."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.audit import trail
from iop_portal.doors import PortalRequest, for_roles, way_back
from iop_portal.followups import acting, waiting
from iop_portal.followups.escalation import team_instead_of
from iop_portal.followups.forms import GiveForm, OutcomeForm, SnoozeForm
from iop_portal.followups.models import FollowUp
from iop_portal.people.models import User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused


@for_roles(Role.CLINICIAN, Role.ADMIN, methods=("GET",))
def mine(request: PortalRequest) -> HttpResponse:
    now = timezone.now()
    page = waiting.mine(request.user, now=now)
    trail.record("follow_ups.read", by=request.user, at=now, facts={"count": page.count})
    return render(request, "followups/mine.html", {"page": page, "snooze_form": SnoozeForm()})


@for_roles(Role.CLINICIAN, Role.ADMIN)
def one(request: PortalRequest, follow_up_id: int) -> HttpResponse:
    """One follow-up, and the place to say how it came out; or to give it to somebody who can see to it."""
    now = timezone.now()
    follow_up = _visible(request, follow_up_id)
    team = team_instead_of(request.user, follow_up)
    if team is not None:
        return _give(request, follow_up, team)
    form = OutcomeForm(request.POST or None)
    if form.is_valid():
        try:
            acting.resolve_follow_up(follow_up, outcome=form.cleaned_data["outcome"], by=request.user, now=now)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Done: %(title)s") % {"title": follow_up.title})
            return redirect("followups:mine")
    trail.record("follow_up.viewed", follow_up, client=follow_up.client, by=request.user, at=now)
    row = waiting.row(follow_up, now=now)
    place = follow_up.words.place(follow_up.about_id, request.user) if follow_up.words else None
    context = {"row": row, "follow_up": follow_up, "place": place, "form": form, "snooze_form": SnoozeForm()}
    return render(request, "followups/one.html", context, status=form.status)


def _give(request: PortalRequest, follow_up: FollowUp, team: list[User]) -> HttpResponse:
    """It has come to an admin, and is done on a page that is for the care team."""
    now = timezone.now()
    form = GiveForm(request.POST or None, team=team)
    if form.is_valid():
        try:
            acting.hand_over(follow_up, to=form.chosen, by=request.user, now=now)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("It is with %(name)s now, who is told.") % {"name": form.chosen.full_name})
            return redirect("followups:mine")
    trail.record("follow_up.viewed", follow_up, client=follow_up.client, by=request.user, at=now)
    row = waiting.row(follow_up, now=now)
    context = {"row": row, "follow_up": follow_up, "form": form, "team": team, "give": True}
    context["snooze_form"] = SnoozeForm()
    return render(request, "followups/one.html", context, status=form.status)


@for_roles(Role.CLINICIAN, Role.ADMIN, methods=("POST",))
def acknowledge(request: PortalRequest, follow_up_id: int) -> HttpResponse:
    follow_up = _visible(request, follow_up_id)
    try:
        acting.acknowledge_follow_up(follow_up, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("It is with you: %(title)s") % {"title": follow_up.title})
    return redirect(_back(request))


@for_roles(Role.CLINICIAN, Role.ADMIN, methods=("POST",))
def snooze(request: PortalRequest, follow_up_id: int) -> HttpResponse:
    follow_up = _visible(request, follow_up_id)
    form = SnoozeForm(request.POST)
    now = timezone.now()
    if not form.is_valid():
        messages.error(request, _("Choose how long to put it off."))
        return redirect("followups:one", follow_up.pk)
    try:
        acting.snooze_follow_up(follow_up, until=form.until(now=now), by=request.user, now=now)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Put off: %(title)s") % {"title": follow_up.title})
    return redirect(_back(request))


def _back(request: PortalRequest) -> str:
    return way_back(request.POST.get("here", ""), otherwise=reverse("followups:mine"))


def _visible(request: PortalRequest, follow_up_id: int) -> FollowUp:
    everybodys = FollowUp.objects.select_related("client", "owner", "program", "escalated_from", "acknowledged_by")
    return get_object_or_404(everybodys.visible_to(request.user), pk=follow_up_id)
