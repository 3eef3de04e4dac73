"""The ways that can help, as a program offers them."""

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.forms.care import ModalityForm
from iop_portal.office.views.own_lists import OwnList
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from therapy import catalogue
from therapy.models import Modality
from therapy.standard import offer_standard_catalogue

WAYS = OwnList("ways", "way", offer_standard_catalogue, catalogue.set_modality_in_use)


@for_roles(Role.ADMIN, methods=("GET",))
def list_ways(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    found = program.modalities.annotate(leaders=Count("given_by")).order_by("-in_use", "name")
    return WAYS.show(request, program, found)


@for_roles(Role.ADMIN, methods=("POST",))
def offer_standard(request: PortalRequest, program_id: int) -> HttpResponse:
    return WAYS.add_standard(request, program_id)


@for_roles(Role.ADMIN)
def add_way(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    form = ModalityForm(request.POST or None)
    if form.is_valid():
        try:
            way = catalogue.add_modality(program, form.modality(), by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(way)s is on the list.") % {"way": way})
            return redirect("office:ways", program.pk)
    return render(request, "office/add_way.html", {"form": form, "program": program}, status=form.status)


@for_roles(Role.ADMIN)
def change_way(request: PortalRequest, modality_id: int) -> HttpResponse:
    way = get_object_or_404(Modality.objects.run_by(request.user), pk=modality_id)
    form = ModalityForm(request.POST or None, instance=way)
    if form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            catalogue.change_modality(way, form.modality(), seen=seen, by=request.user, now=timezone.now())
        except ChangedMeanwhile as refusal:
            way.refresh_from_db()
            form.show_both(refusal, way)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("office:ways", way.program_id)
    return render(request, "office/change_way.html", {"form": form, "way": way}, status=form.status)


@for_roles(Role.ADMIN, methods=("POST",))
def set_in_use(request: PortalRequest, modality_id: int) -> HttpResponse:
    """Takes it out of use, or puts it back."""
    way = get_object_or_404(Modality.objects.run_by(request.user), pk=modality_id)
    return WAYS.put_in_use(request, way)
