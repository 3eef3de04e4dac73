"""What anybody may read about a program, and those who ask to be called."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.forms.first_contact import OutcomeForm, PublicPageForm
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from therapy import first_contact
from therapy.models import FirstContact


@for_roles(Role.ADMIN)
def change_page(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    page = first_contact.page_of(program)
    shown = page.published
    form = PublicPageForm(request.POST or None, instance=page)
    if form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            page = first_contact.change_page(program, form.page(), seen=seen, by=request.user, now=timezone.now())
        except ChangedMeanwhile as refusal:
            form.show_both(refusal, first_contact.page_of(program))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            told = _("Saved. Anybody may read it now.") if page.published else _("Saved. Nobody else reads it yet.")
            messages.success(request, told)
            return redirect("office:program", program.pk)
    return render(
        request, "office/change_page.html", {"form": form, "program": program, "shown": shown}, status=form.status
    )


@for_roles(Role.ADMIN, methods=("GET",))
def contacts(request: PortalRequest, program_id: int) -> HttpResponse:
    """Who they are stands on each page of its own, which leaves a line in the trail."""
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    found = first_contact.contacts_of(program)
    page = first_contact.page_of(program)
    return render(request, "office/contacts.html", {"program": program, "contacts": found, "page": page})


@sensitive_variables("contact")
@for_roles(Role.ADMIN)
def contact(request: PortalRequest, contact_id: int) -> HttpResponse:
    found = get_object_or_404(
        FirstContact.objects.run_by(request.user).select_related("program"), pk=contact_id, forgotten_at=None
    )
    form = OutcomeForm(request.POST or None)
    if form.is_valid():
        outcome = form.cleaned_data["outcome"]
        try:
            first_contact.answer_contact(found, outcome=outcome, by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Written down. What they told us is deleted in a month."))
            if outcome == FirstContact.Outcome.INVITED:
                return redirect("office:invite_client", found.program_id)
            return redirect("office:contacts", found.program_id)
    first_contact.open_contact(found, by=request.user, now=timezone.now())
    return render(request, "office/contact.html", {"contact": found, "form": form}, status=form.status)
