"""The certificate of a course, as a PDF to keep or as a page to print."""

from __future__ import annotations

from pathlib import Path

from allauth.core.internal.ratelimit import consume
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.refusals import Refused
from scheduling import certificates
from scheduling.certificates import Certificate
from scheduling.forms.courses import CertificateForm
from scheduling.papers import CannotSet, pdf_of
from scheduling.views.courses import TAKERS, own_part

SHEET = "css/paper.css"
# Setting one takes a second of a core.
PACE = {"certificate": "30/h/user"}


@for_roles(*TAKERS)
def certificate(request: PortalRequest, participation_id: int) -> HttpResponse:
    """Asks for the name and whom it comes from. Neither is kept, and neither stands in an address."""
    part, now = own_part(request, participation_id), timezone.now()
    form = CertificateForm(request.POST or None, person=request.user, program=part.course.program)
    if form.is_valid() and not consume(request, app="scheduling", action="certificate", user=request.user, config=PACE):
        return render(request, "429.html", status=429)
    if form.is_valid():
        try:
            made = certificates.make_certificate(
                part, name=form.cleaned_data["name"], with_program=form.with_program, by=request.user, now=now
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return _to_print(request, part.pk, made) if form.PRINT in request.POST else _paper(request, part.pk, made)
    progress = certificates.progress_of(part, now=now)
    if progress.complete:
        certificates.open_certificate(part, by=request.user, now=now)
    context = {
        "part": part,
        "course": part.course,
        "form": form,
        "progress": progress,
        "had_certificate": not progress.complete and certificates.made_before(part),
    }
    return render(request, "scheduling/certificate.html", context, status=form.status)


def _paper(request: PortalRequest, part: int, made: Certificate) -> HttpResponse:
    """Where no PDF can be had, the same paper is a page to print."""
    try:
        found = finders.find(SHEET)
        css = Path(str(found)).read_text() if found else ""
        pdf = pdf_of(render_to_string("papers/certificate.html", {"paper": made}, request), css=css)
    except CannotSet:
        return _to_print(request, part, made, instead=True)
    headers = {"Content-Disposition": 'attachment; filename="certificate.pdf"', "Cache-Control": "no-store"}
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)


def _to_print(request: PortalRequest, part: int, made: Certificate, *, instead: bool = False) -> HttpResponse:
    context = {"paper": made, "part": part, "instead": instead}
    return render(request, "scheduling/print_certificate.html", context)
