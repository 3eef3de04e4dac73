"""Opening a record in an emergency."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.accounts import glass
from iop_portal.accounts.forms import BreakGlassForm
from iop_portal.audit import trail
from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import BrokenGlass
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused


@for_roles(Role.CLINICIAN)
def break_glass(request: PortalRequest) -> HttpResponse:
    form = BreakGlassForm(request.POST or None)
    if form.is_valid():
        now = timezone.now()
        try:
            client = glass.client_by_address(form.cleaned_data["email"], clinician=request.user)
            glass.break_glass(client, reason=form.cleaned_data["reason"], by=request.user, now=now)
        except Refused as refusal:
            trail.record("glass.refused", by=request.user, at=now)
            form.refuse(refusal)
        else:
            return redirect("home:client", client.pk)
    return render(request, "accounts/break_glass.html", {"form": form}, status=form.status)


@for_roles(Role.CLINICIAN, methods=("POST",))
def end_glass(request: PortalRequest, glass_id: int) -> HttpResponse:
    """Whoever is done with it. What was opened stays written down, and an admin still looks into it."""
    held = get_object_or_404(BrokenGlass.objects.filter(clinician=request.user), pk=glass_id)
    try:
        glass.end_glass(held, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("The record is closed to you again."))
    return redirect("home:landing")
