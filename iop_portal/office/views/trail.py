"""Who did and who read what. Reading it is written down too."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render

from iop_portal.audit.trail import record
from iop_portal.doors import PortalRequest, asked_of_list, for_roles
from iop_portal.office.forms import FindEntriesForm
from iop_portal.office.trail import PER_PAGE, entries_for, in_words
from iop_portal.people.roles import Role


@for_roles(Role.ADMIN)
def read_trail(request: PortalRequest) -> HttpResponse:
    asked = asked_of_list(request, unsaid="person")
    form = FindEntriesForm(asked or None)
    wish = form.cleaned_data if form.is_valid() else {}
    page = Paginator(entries_for(request.user, wish), PER_PAGE).get_page(asked.get("page"))
    lines = in_words(list(page))
    record("trail.read", by=request.user, facts={"shown": len(lines)})
    sought = bool(form.errors) or any(wish.values())
    return render(request, "office/trail.html", {"form": form, "sought": sought, "page": page, "lines": lines})
