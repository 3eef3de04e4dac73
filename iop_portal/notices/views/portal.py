"""What was told here, in the portal."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.notices import told
from iop_portal.notices.reach import REACHED

PAGE = 25


@for_roles(*REACHED, methods=("GET",))
def mine(request: PortalRequest) -> HttpResponse:
    page = Paginator(told.told_to(request.user), PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "told": told.in_words(page), "unread": told.unread_by(request.user)}
    return render(request, "notices/mine.html", context)


@for_roles(*REACHED, methods=("POST",))
def read(request: PortalRequest) -> HttpResponse:
    """Asked for by a button: that a page was opened does not mean that it was read."""
    told.read_all(request.user, now=timezone.now())
    messages.success(request, _("All of them count as read."))
    return redirect("notices:mine")
