"""What a client is asked to sign, and all that they have signed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles, way_back
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from therapy import agreements
from therapy.forms.agreements import SignForm
from therapy.models import Agreement

ENROLLED = (Role.CLIENT, Role.APPLICANT, Role.ALUM)


@for_roles(*ENROLLED, methods=("GET",))
def own(request: PortalRequest) -> HttpResponse:
    owed = list(agreements.owed_by(request.user).select_related("program"))
    context = {"owed": owed, "signed": list(agreements.signed_by(request.user))}
    return render(request, "therapy/agreements.html", context)


@for_roles(*ENROLLED)
def agreement(request: PortalRequest, agreement_id: int) -> HttpResponse:
    """The text, and the line to sign on where it waits for that. `next` is where somebody was stopped to sign."""
    found = Agreement.objects.visible_to(request.user).select_related("program")
    shown = get_object_or_404(found, pk=agreement_id)
    form = SignForm(request.POST or None)
    if form.is_valid():
        try:
            agreements.sign_agreement(shown, name=form.cleaned_data["name"], by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Signed. You find it again under “My agreements”."))
            return redirect(_way_on(request))
    signature = agreements.signature_under(shown, request.user)
    owed = agreements.owed_by(request.user).filter(pk=shown.pk).exists()
    context = {
        "agreement": shown,
        "signature": signature,
        "form": form if owed or form.errors else None,
        "next": _way_on(request, otherwise=""),
    }
    return render(request, "therapy/agreement.html", context, status=form.status)


def _way_on(request: PortalRequest, *, otherwise: str | None = None) -> str:
    """Back to where somebody came from, inside the portal only."""
    wished = request.POST.get("next") or request.GET.get("next") or ""
    return way_back(wished, otherwise=reverse("therapy:agreements") if otherwise is None else otherwise)
