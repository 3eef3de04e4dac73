"""Emergency accesses: somebody else looks at each of them."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.accounts import glass
from iop_portal.audit import trail
from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.forms import ReviewForm
from iop_portal.people.models import BrokenGlass
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused

PER_PAGE = 50


@for_roles(Role.ADMIN, methods=("GET",))
def list_glass(request: PortalRequest) -> HttpResponse:
    """Those that wait for a review first."""
    found = BrokenGlass.objects.reviewable_by(request.user).select_related("clinician", "client", "program")
    ordered = found.order_by(F("reviewed_at").desc(nulls_first=True), "-since", "-pk")
    page = Paginator(ordered, PER_PAGE).get_page(request.GET.get("page"))
    shown = list(page)
    trail.record("glass.listed", by=request.user, facts={"shown": len(shown)})
    return render(request, "office/glass.html", {"page": page, "openings": shown})


@for_roles(Role.ADMIN)
def review_glass(request: PortalRequest, glass_id: int) -> HttpResponse:
    found = BrokenGlass.objects.reviewable_by(request.user)
    opening = get_object_or_404(found.select_related("clinician", "client", "program", "reviewed_by"), pk=glass_id)
    form = ReviewForm(request.POST or None)
    if form.is_valid():
        finding, note = BrokenGlass.Finding(form.cleaned_data["finding"]), form.cleaned_data["note"]
        try:
            glass.review_glass(opening, by=request.user, finding=finding, note=note, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The review is kept."))
            return redirect("office:glass")
    context = {
        "opening": opening,
        "form": form,
        "own": opening.clinician == request.user,
        "still_open": opening.open_at(timezone.now()),
    }
    return render(request, "office/review_glass.html", context, status=form.status)


@for_roles(Role.ADMIN, methods=("POST",))
def end_glass(request: PortalRequest, glass_id: int) -> HttpResponse:
    """At once, where somebody should not be reading. The review is still to be written."""
    opening = get_object_or_404(BrokenGlass.objects.reviewable_by(request.user), pk=glass_id)
    try:
        glass.end_glass(opening, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("It has ended: the record is closed to them."))
    return redirect("office:review_glass", opening.pk)
