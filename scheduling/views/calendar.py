"""One's own calendar: the address it reads from, and what it reads there."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_anybody, for_roles
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from scheduling import feeds
from scheduling.forms.calendar import DeliveryForm, DetailForm
from scheduling.models import CalendarDelivery

WITH_APPOINTMENTS = (Role.CLIENT, Role.APPLICANT, Role.ALUM, Role.FAMILY, Role.CLINICIAN)


@for_roles(*WITH_APPOINTMENTS, methods=("GET",))
def my_calendar(request: PortalRequest) -> HttpResponse:
    delivery = feeds.delivery_of(request.user)
    return _my_calendar(request, delivery, _detail_form(request, delivery) if delivery else _delivery_form(request))


@for_roles(*WITH_APPOINTMENTS, methods=("POST",))
def begin(request: PortalRequest) -> HttpResponse:
    """By mail, or with an address, which is in this one answer and nowhere else."""
    form = _delivery_form(request)
    if not form.is_valid():
        return _my_calendar(request, None, form)
    if form.cleaned_data["way"] == CalendarDelivery.Way.FEED:
        return _address(request, tells_more=form.tells_more)
    feeds.mail_invitations(request.user, tells_more=form.tells_more, now=timezone.now())
    messages.success(request, _("From your next booking on, each appointment comes to you by mail as an invitation."))
    return redirect("scheduling:my_calendar")


@for_roles(*WITH_APPOINTMENTS)
def replace_address(request: PortalRequest) -> HttpResponse:
    """Another address, which says as much as the one before."""
    delivery = feeds.delivery_of(request.user)
    if delivery is None or delivery.way != CalendarDelivery.Way.FEED:
        return redirect("scheduling:my_calendar")
    if request.method != "POST":
        return render(request, "scheduling/calendar_replace.html")
    return _address(request, tells_more=delivery.tells_more)


@for_roles(*WITH_APPOINTMENTS, methods=("POST",))
def choose_detail(request: PortalRequest) -> HttpResponse:
    form = _detail_form(request, None)
    if form.is_valid():
        try:
            feeds.set_detail(request.user, tells_more=form.tells_more, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved. Your calendar shows it with what it gets next."))
            return redirect("scheduling:my_calendar")
    return _my_calendar(request, feeds.delivery_of(request.user), form)


@for_roles(*WITH_APPOINTMENTS)
def end(request: PortalRequest) -> HttpResponse:
    if request.method != "POST":
        delivery = feeds.delivery_of(request.user)
        if delivery is None:
            return redirect("scheduling:my_calendar")
        return render(request, "scheduling/calendar_end.html", {"delivery": delivery})
    try:
        feeds.end_delivery(request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("Your appointments do not go to your calendar any more."))
    return redirect("scheduling:my_calendar")


@for_anybody("GET", "HEAD")
def feed(request: HttpRequest, secret: str) -> HttpResponseBase:
    """What a calendar reads. A wrong, a replaced and an ended address all get the same answer."""
    found = CalendarDelivery.objects.opened_by(secret).first()
    if found is None:
        raise Http404
    now = timezone.now()
    if request.method == "GET":
        feeds.note_reading(found, now=now)
    etag = f'"{feeds.version_of(found, now=now)}"'
    response = get_conditional_response(request, etag=etag) or HttpResponse(
        feeds.calendar_for(found, now=now), content_type="text/calendar; charset=utf-8"
    )
    for name, value in {"ETag": etag, "Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer"}.items():
        response.headers[name] = value
    return response


def _address(request: PortalRequest, *, tells_more: bool) -> HttpResponse:
    token = feeds.make_feed(request.user, tells_more=tells_more, now=timezone.now())
    address = settings.PORTAL_ORIGIN + reverse("scheduling:calendar_feed", args=[token])
    context = {"address": address, "subscribe": f"webcal://{address.partition('://')[2]}"}
    return render(request, "scheduling/calendar_address.html", context)


def _delivery_form(request: PortalRequest) -> DeliveryForm:
    start = {"way": CalendarDelivery.Way.FEED, "detail": DetailForm.LITTLE}
    return DeliveryForm(_sent(request), staff=_staff(request), initial=start)


def _detail_form(request: PortalRequest, delivery: CalendarDelivery | None) -> DetailForm:
    detail = DetailForm.MORE if delivery and delivery.tells_more else DetailForm.LITTLE
    return DetailForm(_sent(request), staff=_staff(request), initial={"detail": detail})


def _sent(request: PortalRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _staff(request: PortalRequest) -> bool:
    return Role.CLINICIAN in request.user.roles


def _my_calendar(request: PortalRequest, delivery: CalendarDelivery | None, form: DetailForm) -> HttpResponse:
    context = {"delivery": delivery, "by_mail": delivery and delivery.way == CalendarDelivery.Way.MAIL, "form": form}
    return render(request, "scheduling/my_calendar.html", context, status=form.status)
