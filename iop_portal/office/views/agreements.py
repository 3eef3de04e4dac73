"""The agreements of a program: their texts by version, and who has signed."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from therapy import agreements
from therapy.forms.agreements import VersionForm
from therapy.models import Agreement

LISTED = 50


@for_roles(Role.ADMIN, methods=("GET",))
def list_agreements(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    context = {"program": program, "texts": agreements.texts_of(program)}
    return render(request, "office/agreements.html", context)


@for_roles(Role.ADMIN)
def write_version(request: PortalRequest, program_id: int, kind: str) -> HttpResponse:
    """A look at how it reads comes first, if one likes; publishing is a button of its own."""
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    if kind not in Agreement.Kind:
        raise Http404
    meant = Agreement.Kind(kind)
    held = agreements.held_version(program, meant)
    initial = {
        "text": held.text if held else agreements.first_words(meant),
        "asked_for": held.asked_for if held else True,
        "seen": held.version if held else 0,
    }
    form = VersionForm(request.POST or None, initial=initial)
    context = {"form": form, "program": program, "kind": meant, "held": held}
    if form.is_valid() and "look" in request.POST:
        context["preview"] = form.cleaned_data["text"]
    elif form.is_valid():
        try:
            agreements.publish_version(program, meant, **form.cleaned_data, by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Published. Who is asked to sign finds it on their first page."))
            return redirect("office:agreements", program.pk)
    return render(request, "office/write_agreement.html", context, status=form.status)


@for_roles(Role.ADMIN, methods=("GET",))
def agreement(request: PortalRequest, agreement_id: int) -> HttpResponse:
    """One version, who has signed it, and who is still asked to."""
    shown = get_object_or_404(Agreement.objects.run_by(request.user).select_related("program"), pk=agreement_id)
    held = agreements.held_version(shown.program, Agreement.Kind(shown.kind))
    page = Paginator(agreements.signatures_under(shown), LISTED).get_page(request.GET.get("page"))
    asks = held == shown and shown.asked_for
    owing = list(agreements.still_to_sign(shown)) if asks else []
    context = {
        "agreement": shown,
        "held": held == shown,
        "page": page,
        "signatures": list(page),
        "owing": owing,
        "before": shown.program.agreements.filter(kind=shown.kind).exclude(pk=shown.pk),
    }
    return render(request, "office/agreement.html", context)
