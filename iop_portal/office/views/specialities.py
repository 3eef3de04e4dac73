"""The program's own list of what clinicians may know well."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.forms.specialities import SpecialityForm
from iop_portal.office.views.own_lists import OwnList
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from therapy import specialities
from therapy.models import Speciality
from therapy.specialities import speciality_version
from therapy.standard_specialities import offer_standard_specialities

SPECIALITIES = OwnList("specialities", "speciality", offer_standard_specialities, specialities.set_speciality_in_use)


@for_roles(Role.ADMIN, methods=("GET",))
def list_specialities(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    found = program.specialities.annotate(known=Count("known_by")).order_by("-in_use", "name")
    return SPECIALITIES.show(request, program, found)


@for_roles(Role.ADMIN, methods=("POST",))
def offer_standard(request: PortalRequest, program_id: int) -> HttpResponse:
    return SPECIALITIES.add_standard(request, program_id)


@for_roles(Role.ADMIN)
def add_speciality(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    form = SpecialityForm(request.POST or None)
    if form.is_valid():
        try:
            specialities.add_speciality(program, form.cleaned_data["name"], by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("It is on the list."))
            return redirect("office:specialities", program.pk)
    return render(request, "office/change_speciality.html", {"form": form, "program": program}, status=form.status)


@for_roles(Role.ADMIN)
def change_speciality(request: PortalRequest, speciality_id: int) -> HttpResponse:
    speciality = get_object_or_404(Speciality.objects.run_by(request.user).select_related("program"), pk=speciality_id)
    start = {"name": speciality.name, "seen": speciality_version(speciality)}
    form = SpecialityForm(request.POST or None, initial=start)
    if form.is_valid():
        try:
            specialities.rename_speciality(speciality, **form.cleaned_data, by=request.user, now=timezone.now())
        except ChangedMeanwhile as refusal:
            speciality.refresh_from_db()
            form.refuse_stale(refusal, seen=speciality_version(speciality))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("office:specialities", speciality.program_id)
    context = {"form": form, "program": speciality.program, "speciality": speciality}
    return render(request, "office/change_speciality.html", context, status=form.status)


@for_roles(Role.ADMIN, methods=("POST",))
def set_in_use(request: PortalRequest, speciality_id: int) -> HttpResponse:
    """Takes it out of use, or puts it back."""
    speciality = get_object_or_404(Speciality.objects.run_by(request.user), pk=speciality_id)
    return SPECIALITIES.put_in_use(request, speciality)
