"""The day of a clinician: what needs them, and their caseload."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.audit import trail
from iop_portal.doors import PortalRequest, asked_of_list, for_roles, way_back
from iop_portal.home import caseload as clients
from iop_portal.home import day, needs
from iop_portal.home.caseload_file import as_csv
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling import short_weeks
from therapy.oncall import on_duty
from therapy.prescribing import enrolments_cared_for

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
    Act(gettext_lazy("Timetable"), "scheduling:timetable"),
    Act(gettext_lazy("My hours"), "scheduling:my_hours"),
    Act(gettext_lazy("Invite a client"), "office:my_invitations"),
    Act(gettext_lazy("Open a record in an emergency"), "accounts:break_glass"),
)


@for_roles(Role.CLINICIAN)
def caseload_file(request: PortalRequest) -> HttpResponse:
    """The caseload as it is narrowed, for a spreadsheet. It leaves the portal, so the trail says that it did."""
    now = timezone.now()
    asked = asked_of_list(request, unsaid="q")
    cases = clients.cases(request.user, now=now, name=asked.get("q", ""), show=asked.get("show", ""))
    rows = clients.rows_of(cases, reader=request.user, now=now)
    trail.record("caseload.exported", by=request.user, at=now, facts={"count": len(rows)})
    headers = {"Content-Disposition": f'attachment; filename="list-{timezone.localdate(now).isoformat()}.csv"'}
    return HttpResponse(as_csv(rows), content_type="text/csv; charset=utf-8", headers=headers)


@for_roles(Role.CLINICIAN)
def caseload(request: PortalRequest) -> HttpResponse:
    now = timezone.now()
    asked = asked_of_list(request, unsaid="q")
    name, show = asked.get("q", "").strip(), asked.get("show", "")
    cases = clients.cases(request.user, now=now, name=name, show=show)
    page = Paginator(cases, PAGE).get_page(asked.get("page"))
    rows = clients.rows_of(list(page), reader=request.user, now=now)
    owed = needs.needs_of(request.user, now)
    sessions = day.sessions_of(request.user, now=now)
    found = page.paginator.count
    trail.record("caseload.read", by=request.user, at=now, facts={"count": len(rows)})
    return render(
        request,
        "home/caseload.html",
        {
            "today": now,
            "acts": ACTS,
            "headline": " · ".join(filter(None, (day.headline(sessions), needs.headline(owed)))),
            "duties": on_duty(request.user, now),
            "sessions": sessions,
            "needs": owed,
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


@for_roles(Role.CLINICIAN, methods=("POST",))
def take_on_short_week(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    enrolment = get_object_or_404(enrolments_cared_for(request.user), pk=enrolment_id)
    try:
        short_weeks.take_on_short_week(enrolment, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("It is with you. It asks what came of it within three days."))
    return redirect(way_back(request.POST.get("here", ""), otherwise=reverse("home:caseload")))
