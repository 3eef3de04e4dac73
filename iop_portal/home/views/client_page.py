"""A client's page, for clinicians to whom the record is open."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.consents import statements
from iop_portal.consents.consenting import record_disclosure
from iop_portal.consents.models import Consent
from iop_portal.doors import PortalRequest, for_roles
from iop_portal.home.chart import open_chart
from iop_portal.home.forms import DisclosureForm
from iop_portal.people.models import User
from iop_portal.people.roles import Role
from iop_portal.people.seeing import UserQuerySet
from iop_portal.refusals import Refused


@for_roles(Role.CLINICIAN, methods=("GET",))
def client_page(request: PortalRequest, client_id: int) -> HttpResponse:
    now = timezone.now()
    client = get_object_or_404(_others(request, now), pk=client_id)
    chart = open_chart(client, by=request.user, now=now)
    return render(request, "home/client.html", {"chart": chart, "client": client})


@for_roles(Role.CLINICIAN)
def tell(request: PortalRequest, client_id: int) -> HttpResponse:
    """Write down what is told to somebody. It stands on a live permission, or it is refused."""
    now = timezone.now()
    client = get_object_or_404(_others(request, now), pk=client_id)
    consents = Consent.objects.live(now).usable_by(request.user, now).filter(client=client)
    initial = {"consent": request.GET.get("permission")}
    form = DisclosureForm(request.POST or None, consents=consents, initial=initial)
    if form.is_valid():
        try:
            told = record_disclosure(
                form.cleaned_data["consent"], what=form.cleaned_data["what"], by=request.user, now=now
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Written down. Give this text along with what you tell."))
            return redirect("home:permission", told.consent_id)
    context = {"client": client, "form": form, "consents": consents, "statement": statements.LONG}
    return render(request, "home/tell.html", context, status=form.status)


def _others(request: PortalRequest, now: datetime) -> UserQuerySet:
    """Records that are open to this clinician, their own apart."""
    return User.objects.open_to(request.user, now).exclude(pk=request.user.pk)
