"""Looking back at one's weeks, and deciding about each whether the care team may see it."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling import connected
from scheduling.forms.connected import LookForm
from scheduling.models import Area, Look

LOOKING_BACK = (Role.CLIENT, Role.APPLICANT, Role.ALUM)


@for_roles(*LOOKING_BACK, methods=("GET",))
def staying_connected(request: PortalRequest) -> HttpResponse:
    now = timezone.now()
    page = Paginator(connected.looks_by(request.user), connected.SHOWN).get_page(request.GET.get("page"))
    looks = list(page)
    week = connected.this_week(request.user, now=now)
    context = {
        "page": page,
        "looks": looks,
        "picture": connected.picture_of(looks),
        "week": week,
        "this_one": connected.look_of(request.user, week),
    }
    return render(request, "scheduling/staying_connected.html", context)


@for_roles(*LOOKING_BACK)
def look_back(request: PortalRequest) -> HttpResponse:
    now = timezone.now()
    week = connected.this_week(request.user, now=now)
    held = connected.look_of(request.user, week)
    form = LookForm(request.POST or None, initial={"week": week, **(_as_said(held) if held else {})})
    if form.is_valid():
        try:
            connected.save_look(
                request.user,
                form.cleaned_data,
                week=form.cleaned_data["week"],
                finished=form.finished,
                by=request.user,
                now=now,
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            said = _("Saved.") if form.finished else _("Saved for later. You can go on until the week is over.")
            messages.success(request, said)
            return redirect("scheduling:staying_connected")
    context = {"form": form, "week": week, "held": held}
    return render(request, "scheduling/look_back.html", context, status=form.status)


@for_roles(*LOOKING_BACK, methods=("POST",))
def share_look(request: PortalRequest, look_id: int) -> HttpResponse:
    look = get_object_or_404(Look.objects.filter(person=request.user), pk=look_id)
    try:
        connected.share_look(look, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("Your care team can see this week now. You can take that back at any time."))
    return redirect("scheduling:staying_connected")


@for_roles(*LOOKING_BACK, methods=("POST",))
def unshare_look(request: PortalRequest, look_id: int) -> HttpResponse:
    look = get_object_or_404(Look.objects.filter(person=request.user), pk=look_id)
    connected.unshare_look(look, by=request.user, now=timezone.now())
    messages.success(request, _("Nobody but you sees this week any more."))
    return redirect("scheduling:staying_connected")


def _as_said(look: Look) -> dict[str, str]:
    return {name: getattr(look, name) for name in (*Area.values, "protect", "words")}
