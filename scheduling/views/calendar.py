"""One's own calendar: the address it reads from, and what it reads there."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_anybody, for_roles
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling import feeds
from scheduling.forms.calendar import DetailForm
from scheduling.models import CalendarFeed

WITH_APPOINTMENTS = (Role.CLIENT, Role.APPLICANT, Role.ALUM, Role.FAMILY, Role.CLINICIAN)


@for_roles(*WITH_APPOINTMENTS, methods=("GET",))
def my_calendar(request: PortalRequest) -> HttpResponse:
    return _my_calendar(request, _form(request, feeds.feed_of(request.user)))


@for_roles(*WITH_APPOINTMENTS)
def make_address(request: PortalRequest) -> HttpResponse:
    """The address is in this one answer and nowhere else. Where there is one already, this asks first."""
    feed = feeds.feed_of(request.user)
    form = _form(request, feed)
    if request.method == "GET":
        if feed is None:
            return redirect("scheduling:my_calendar")
        return render(request, "scheduling/calendar_replace.html", {"detail": form.initial["detail"]})
    if not form.is_valid():
        return _my_calendar(request, form)
    token = feeds.make_feed(request.user, tells_more=form.tells_more, now=timezone.now())
    address = settings.PORTAL_ORIGIN + reverse("scheduling:calendar_feed", args=[token])
    context = {"address": address, "subscribe": f"webcal://{address.partition('://')[2]}", "replaced": feed is not None}
    return render(request, "scheduling/calendar_address.html", context)


@for_roles(*WITH_APPOINTMENTS, methods=("POST",))
def choose_detail(request: PortalRequest) -> HttpResponse:
    form = _form(request, None)
    if form.is_valid():
        try:
            feeds.set_detail(request.user, tells_more=form.tells_more, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved. Your calendar shows it when it reads the next time."))
            return redirect("scheduling:my_calendar")
    return _my_calendar(request, form)


@for_roles(*WITH_APPOINTMENTS)
def end_address(request: PortalRequest) -> HttpResponse:
    if request.method == "GET":
        if feeds.feed_of(request.user) is None:
            return redirect("scheduling:my_calendar")
        return render(request, "scheduling/calendar_end.html")
    try:
        feeds.end_feed(request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("The address does not work any more."))
    return redirect("scheduling:my_calendar")


@for_anybody("GET", "HEAD")
def feed(request: HttpRequest, secret: str) -> HttpResponseBase:
    """What a calendar reads. A wrong, a replaced and an ended address all get the same answer."""
    found = CalendarFeed.objects.opened_by(secret).first()
    if found is None:
        raise Http404
    now = timezone.now()
    feeds.note_reading(found, now=now)
    etag = f'"{feeds.version_of(found, now=now)}"'
    response = get_conditional_response(request, etag=etag) or HttpResponse(
        feeds.calendar_for(found, now=now), content_type="text/calendar; charset=utf-8"
    )
    for name, value in {"ETag": etag, "Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer"}.items():
        response.headers[name] = value
    return response


def _form(request: PortalRequest, feed: CalendarFeed | None) -> DetailForm:
    detail = DetailForm.MORE if feed and feed.tells_more else DetailForm.LITTLE
    staff = Role.CLINICIAN in request.user.roles
    return DetailForm(request.POST or None, staff=staff, initial={"detail": detail})


def _my_calendar(request: PortalRequest, form: DetailForm) -> HttpResponse:
    context = {"feed": feeds.feed_of(request.user), "form": form}
    return render(request, "scheduling/my_calendar.html", context, status=form.status)
