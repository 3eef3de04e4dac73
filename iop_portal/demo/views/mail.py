"""Reading a demonstration's mails and texts, signed in or not: that is how an invited person gets in."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.demo.models import SentMail
from iop_portal.doors import for_anybody
from iop_portal.notices import texting


@for_anybody("GET")
def mailbox(request: HttpRequest) -> HttpResponse:
    page = Paginator(SentMail.objects.all(), 25).get_page(request.GET.get("page"))
    return render(request, "demo/mailbox.html", {"page": page})


@for_anybody("GET")
def mail(request: HttpRequest, mail_id: int) -> HttpResponse:
    return render(request, "demo/mail.html", {"mail": get_object_or_404(SentMail, pk=mail_id)})


@for_anybody("GET")
def mail_as_html(request: HttpRequest, mail_id: int) -> HttpResponse:
    """As a mail program would draw it, under the same policy as every page: nothing in it can run or load."""
    mail = get_object_or_404(SentMail, pk=mail_id)
    if not mail.html:
        raise Http404
    return HttpResponse(mail.html)


@for_anybody("POST")
def answer_stop(request: HttpRequest, mail_id: int) -> HttpResponse:
    """What a provider would hear if somebody answered STOP on this phone."""
    text = get_object_or_404(SentMail, pk=mail_id, by=SentMail.By.TEXT)
    if texting.hear(text.to, "STOP", now=timezone.now()):
        messages.success(request, _("Heard. No more texts go to this phone, but for one that says so."))
    else:
        messages.info(request, _("No texts go to this phone any more."))
    return redirect("demo:mailbox")
