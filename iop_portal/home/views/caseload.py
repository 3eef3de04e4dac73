"""The day of a clinician: what needs them, and their caseload."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.doors import PortalRequest, for_roles
from iop_portal.home import caseload as clients
from iop_portal.home import day
from iop_portal.home.caseload_file import as_csv
from iop_portal.people.roles import Role
from therapy.oncall import on_duty

PAGE = 25


@dataclass(frozen=True)
class Act:
    """Something else that a clinician can do from here."""

    label: str | Promise
    view: str

    @property
    def url(self) -> str:
        return reverse(self.view)


ACTS = (
    Act(_("Timetable"), "scheduling:timetable"),
    Act(_("My hours"), "scheduling:my_hours"),
    Act(_("Invite a client"), "office:my_invitations"),
    Act(_("Open a record in an emergency"), "accounts:break_glass"),
)


@for_roles(Role.CLINICIAN, methods=("GET",))
def caseload_file(request: PortalRequest) -> HttpResponse:
    """The caseload as it is narrowed, for a spreadsheet. It leaves the portal, so the trail says that it did."""
    now = timezone.now()
    name, show = request.GET.get("q", ""), request.GET.get("show", "")
    cases = clients.cases(request.user, now=now, name=name, show=show)
    rows = clients.rows_of(cases, reader=request.user, now=now)
    trail.record("caseload.exported", by=request.user, at=now, facts={"count": len(rows)})
    headers = {"Content-Disposition": f'attachment; filename="list-{timezone.localdate(now).isoformat()}.csv"'}
    return HttpResponse(as_csv(rows), content_type="text/csv; charset=utf-8", headers=headers)


@for_roles(Role.CLINICIAN, methods=("GET",))
def caseload(request: PortalRequest) -> HttpResponse:
    now = timezone.now()
    name, show = request.GET.get("q", ""), request.GET.get("show", "")
    cases = clients.cases(request.user, now=now, name=name, show=show)
    page = Paginator(cases, PAGE).get_page(request.GET.get("page"))
    rows = clients.rows_of(list(page), reader=request.user, now=now)
    needs = clients.needs_of(request.user, now)
    sessions = day.sessions_of(request.user, now=now)
    found = page.paginator.count
    trail.record("caseload.read", by=request.user, at=now, facts={"count": len(rows)})
    return render(
        request,
        "home/caseload.html",
        {
            "today": now,
            "acts": ACTS,
            "headline": " · ".join(filter(None, (day.headline(sessions), clients.headline(needs)))),
            "duties": on_duty(request.user, now),
            "sessions": sessions,
            "needs": needs,
            "page": page,
            "clients": rows,
            "several_programs": len({row.program for row in rows}) > 1,
            "found": found,
            "total": clients.size_of_caseload(request.user) if name or show else found,
            "query": name,
            "show": show,
            "shows": clients.SHOWS.items(),
        },
    )
