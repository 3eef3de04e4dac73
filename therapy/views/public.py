"""What anybody may read about a program, and asking to be called. Nothing here says who belongs to one."""

from __future__ import annotations

from allauth.core.internal.ratelimit import consume
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from iop_portal.doors import for_anybody
from iop_portal.refusals import Refused
from therapy import first_contact
from therapy.forms.first_contact import CallMeForm

# By address: a shelter or a library behind one, and nobody who fills the list.
PACE = {"call": "20/h/ip"}


@for_anybody("GET", "HEAD")
def programs(request: HttpRequest) -> HttpResponse:
    return render(request, "therapy/programs.html", {"pages": first_contact.public_pages()})


@for_anybody("GET", "HEAD")
def program(request: HttpRequest, program_id: int) -> HttpResponse:
    page = get_object_or_404(first_contact.public_pages(), program=program_id)
    return render(
        request, "therapy/program.html", {"page": page, "ways": first_contact.offered_to_anybody(page.program)}
    )


@sensitive_post_parameters()
@sensitive_variables()
@for_anybody("GET", "HEAD", "POST")
def call_me(request: HttpRequest, program_id: int) -> HttpResponse:
    page = get_object_or_404(first_contact.public_pages(), program=program_id)
    if not consume(request, app="therapy", action="call", config=PACE):
        return render(request, "429.html", status=429)
    form = CallMeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            first_contact.ask_to_be_called(page.program, form.asked(), once=form.sent_once, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return redirect("therapy:called", page.program_id)
    return render(request, "therapy/call_me.html", {"page": page, "form": form}, status=form.status)


@for_anybody("GET", "HEAD")
def called(request: HttpRequest, program_id: int) -> HttpResponse:
    """Says the same to everybody: the address is no secret."""
    page = get_object_or_404(first_contact.public_pages(), program=program_id)
    return render(request, "therapy/called.html", {"page": page})
