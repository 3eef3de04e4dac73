"""Messages that could not be delivered."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.followups.dead_letters import dead_letters_for, let_go, try_again
from iop_portal.office.messages import in_words, traffic
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused

PER_PAGE = 50


@for_roles(Role.ADMIN, methods=("GET",))
def list_messages(request: PortalRequest) -> HttpResponse:
    page = Paginator(dead_letters_for(request.user), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "dead": in_words(page), "traffic": traffic(now=timezone.now())}
    return render(request, "office/messages.html", context)


@for_roles(Role.ADMIN, methods=("GET",))
def one(request: PortalRequest, notice_id: int) -> HttpResponse:
    notice = get_object_or_404(dead_letters_for(request.user), pk=notice_id)
    return render(request, "office/message.html", {"message": in_words([notice])[0]})


@for_roles(Role.ADMIN, methods=("POST",))
def send_again(request: PortalRequest, notice_id: int) -> HttpResponse:
    notice = get_object_or_404(dead_letters_for(request.user), pk=notice_id)
    try:
        try_again(notice, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, _("The message is on its way again."))
    return redirect("office:messages")


@for_roles(Role.ADMIN, methods=("POST",))
def drop(request: PortalRequest, notice_id: int) -> HttpResponse:
    notice = get_object_or_404(dead_letters_for(request.user), pk=notice_id)
    try:
        let_go(notice, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, _("The message will not be sent."))
    return redirect("office:messages")
