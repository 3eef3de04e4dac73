"""The first page after signing in, by role."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from iop_portal.accounts.roles import ended_internship
from iop_portal.consents import statements
from iop_portal.doors import PortalRequest
from iop_portal.home import for_you, permissions, today
from iop_portal.people.roles import Role


@require_safe
def landing(request: PortalRequest) -> HttpResponse:
    """What somebody came for as a client stands first. Somebody without any role finds out whom to ask."""
    for role, page in PAGES.items():
        if role in request.user.roles:
            return page(request)
    if ended := ended_internship(request.user, now=timezone.now()):
        return render(request, "home/internship_over.html", {"ended": ended})
    return render(request, "home/no_role.html")


def _today(request: PortalRequest) -> HttpResponse:
    return _own(request, "home/today.html")


def _alumni(request: PortalRequest) -> HttpResponse:
    return _own(request, "home/alumni.html")


def _own(request: PortalRequest, template: str) -> HttpResponse:
    now = timezone.now()
    kept = for_you.places_for(request.user, now=now)
    context = {
        "greeting": today.greeting(request.user, now),
        "today": now,
        "for_you": kept + for_you.suggestions_for(request.user, now=now),
        # A place is kept for a while only.
        "can_wait": not kept,
        "team": today.care_team_of(request.user),
        "plan": today.plan_for(request.user),
        "applicant": Role.APPLICANT in request.user.roles,
        "next": today.next_for(request.user, now=now),
        "week": today.this_week(request.user, now=now),
    }
    return render(request, template, context)


def _family(request: PortalRequest) -> HttpResponse:
    now = timezone.now()
    shared = permissions.read_shared(request.user, now=now)
    context = {
        "greeting": today.greeting(request.user, now),
        "shared": shared,
        "next": today.next_together(request.user, now=now),
        # By name only who lets them know something: without a permission nobody is a client here.
        "deciders": get_text_list([by.client.preferred_name for by in shared], _("and")),
        "statement": statements.SHORT,
    }
    return render(request, "home/family.html", context)


def _caseload(request: PortalRequest) -> HttpResponse:
    return redirect("home:caseload")


def _office(request: PortalRequest) -> HttpResponse:
    return redirect("office:desk")


PAGES: dict[Role, Callable[[PortalRequest], HttpResponse]] = {
    Role.CLIENT: _today,
    Role.APPLICANT: _today,
    Role.ALUM: _alumni,
    Role.FAMILY: _family,
    Role.CLINICIAN: _caseload,
    Role.ADMIN: _office,
}
