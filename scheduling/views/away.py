"""Time off: when, what it hits, and taking it back. Clinicians see to their own, the office to that of who is ill."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import RoleHeld
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling import time_off
from scheduling.forms.away import AwayForm, HitsForm
from scheduling.models import TimeOff


@for_roles(Role.CLINICIAN, Role.ADMIN, methods=("GET",))
def choose(request: PortalRequest, held_id: int) -> HttpResponse:
    held = get_object_or_404(time_off.noted_by(request.user), pk=held_id)
    return _asked(request, held, AwayForm())


@for_roles(Role.CLINICIAN, Role.ADMIN)
def check(request: PortalRequest, held_id: int) -> HttpResponse:
    """What it would hit, by numbers. Nothing happens before it is confirmed."""
    held, now = get_object_or_404(time_off.noted_by(request.user), pk=held_id), timezone.now()
    asked = AwayForm(request.GET)
    during = asked.during(held, now=now)
    if during is None:
        return _asked(request, held, asked)
    found = time_off.hits(held.user, program=held.program, during=during, now=now)
    form = HitsForm(request.POST or None, found=found, initial={"seen": time_off.hits_version(found)})
    if form.is_valid():
        try:
            time_off.take_time_off(
                held.user,
                program=held.program,
                during=during,
                kept=form.kept(),
                seen=form.cleaned_data["seen"],
                by=request.user,
                now=now,
            )
        except time_off.HitsChanged as refusal:
            found = time_off.hits(held.user, program=held.program, during=during, now=now)
            form = HitsForm(request.POST, found=found)
            form.refuse_stale(refusal, seen=time_off.hits_version(found))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("It is noted. Whoever was booked hears from us."))
            return redirect("scheduling:time_off", held.pk)
    context = {
        "held": held,
        "own": held.user == request.user,
        "when": time_off.in_words(during, held.program.zone),
        "alone": [each for each in found if not each.beside],
        "shared": bool(form.shared),
        "form": form,
        "back": request.GET.urlencode(),
    }
    return render(request, "scheduling/time_off_check.html", context, status=form.status)


@for_roles(Role.CLINICIAN, Role.ADMIN, methods=("POST",))
def end(request: PortalRequest, time_off_id: int) -> HttpResponse:
    found = get_object_or_404(TimeOff.objects.visible_to(request.user), pk=time_off_id)
    try:
        time_off.end_time_off(found, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, _("It is taken back: hours hold again. Sessions that were cancelled stay cancelled."))
    held = time_off.noted_by(request.user).filter(user=found.clinician_id, program=found.program_id).first()
    return redirect("scheduling:time_off", held.pk) if held else redirect("home:landing")


def _asked(request: PortalRequest, held: RoleHeld, form: AwayForm) -> HttpResponse:
    context = {
        "held": held,
        "own": held.user == request.user,
        "noted": time_off.noted_for(held.user, program=held.program, now=timezone.now()),
        "form": form,
    }
    return render(request, "scheduling/time_off.html", context, status=form.status)
