"""The texts that a program shows in its library."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.forms.texts import TextForm
from iop_portal.office.views.own_lists import OwnList
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from therapy import library
from therapy.library import DETAILS, text_version
from therapy.models import LibraryText

TEXTS = OwnList("texts", "text", library.offer_standard_texts, library.set_text_in_use)

# Beside saving: a button that shows how it reads.
LOOK = "look"


@for_roles(Role.ADMIN, methods=("GET",))
def list_texts(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    found = program.library.order_by("-in_use", "topic", "title")
    return TEXTS.show(request, program, found)


@for_roles(Role.ADMIN, methods=("POST",))
def offer_standard(request: PortalRequest, program_id: int) -> HttpResponse:
    return TEXTS.add_standard(request, program_id)


@for_roles(Role.ADMIN)
def add_text(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    form = TextForm(request.POST or None)
    context = {"form": form, "program": program}
    if form.is_valid() and LOOK in request.POST:
        context["preview"] = form.details()
    elif form.is_valid():
        try:
            library.add_text(program, form.details(), by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("It stands in the library."))
            return redirect("office:texts", program.pk)
    return render(request, "office/change_text.html", context, status=form.status)


@for_roles(Role.ADMIN)
def change_text(request: PortalRequest, text_id: int) -> HttpResponse:
    text = get_object_or_404(LibraryText.objects.run_by(request.user).select_related("program"), pk=text_id)
    start = {name: getattr(text, name) for name in DETAILS}
    form = TextForm(request.POST or None, initial={**start, "seen": text_version(text)})
    context = {"form": form, "program": text.program, "text": text}
    if form.is_valid() and LOOK in request.POST:
        context["preview"] = form.details()
    elif form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            library.change_text(text, form.details(), seen=seen, by=request.user, now=timezone.now())
        except ChangedMeanwhile as refusal:
            text.refresh_from_db()
            form.refuse_stale(refusal, seen=text_version(text))
            context["stands"] = f"{text.title}\n{text.in_short}\n\n{text.words}"
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("office:texts", text.program_id)
    context["versions"] = text.versions.select_related("by")
    return render(request, "office/change_text.html", context, status=form.status)


@for_roles(Role.ADMIN, methods=("POST",))
def set_in_use(request: PortalRequest, text_id: int) -> HttpResponse:
    """Hides it, or shows it again."""
    text = get_object_or_404(LibraryText.objects.run_by(request.user), pk=text_id)
    return TEXTS.put_in_use(request, text)
